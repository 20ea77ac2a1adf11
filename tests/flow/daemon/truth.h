/* SPDX-License-Identifier: Apache-2.0
 *
 * What the journal of a stopped daemon yields: one uninterrupted replay of all of it, from an empty
 * state, without snapshot and without alarms log. Whatever a daemon published, through crashes and
 * outages, must equal this.
 */
#ifndef FLOW_TRUTH_H
#define FLOW_TRUTH_H

#include "hz_entry.h"

#include <stddef.h>

/* Calls `each` for every entry in order, lent; returns their count. Fails the cmocka test when the
 * journal cannot be read to its end. */
size_t truth_replay(const char *state_directory, void (*each)(void *ctx, const struct hz_entry *entry),
                    void *ctx);

#endif
