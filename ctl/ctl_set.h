/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two commands that read a configuration directory share.
 */
#ifndef CTL_SET_H
#define CTL_SET_H

#include "ctl.h"

#include "hz_files.h"

#define CTL_DIRECTORY_DEFAULT "/etc/hazardd"

/* --config, or the default. */
const char *ctl_directory(const struct ctl_call *call);
/* Text goes to stderr, JSON (one object a line) to stdout. */
void ctl_write_diagnostics(const struct hz_diagnostics *diagnostics, bool json);

#endif
