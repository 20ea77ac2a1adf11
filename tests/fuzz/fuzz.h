/* SPDX-License-Identifier: Apache-2.0
 *
 * What a fuzz target defines: libFuzzer calls it with made-up bytes, fuzz_replay.c with the files
 * of a corpus. It must come back for any bytes, without a leak and in bounded time.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
