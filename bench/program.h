/* SPDX-License-Identifier: Apache-2.0
 *
 * Where the other programs are: in the build folder of this one, else where the installation put them,
 * else in the path. HAZARDD names another hazardd.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stdbool.h>

#define PROGRAM_PATH_BYTES 512

/* False: there is none, and standard error says what to install. */
bool program_find(const char *name, char ret_path[PROGRAM_PATH_BYTES]);
/* The same without a word. */
bool program_look(const char *name, char ret_path[PROGRAM_PATH_BYTES]);

#endif
