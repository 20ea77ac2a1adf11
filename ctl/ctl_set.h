/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands that read a configuration directory share.
 */
#ifndef CTL_SET_H
#define CTL_SET_H

#include "ctl.h"

#include "hz_files.h"
#include "hz_ruleset.h"

#define CTL_DIRECTORY_DEFAULT "/etc/hazardd"

/* --config, or the default. */
const char *ctl_directory(const struct ctl_call *call);
/* What a directory compiles to. */
struct ctl_compiled {
    struct hz_files files;
    struct hz_diagnostics diagnostics;
    struct hz_names *names;
    struct hz_set *set;         /* NULL: has errors */
    struct hz_ruleset *ruleset; /* NULL: has errors */
};

/* As the daemon would. 0, also when there are errors: they are in the diagnostics; or a negative code. To
 * be undone in each case. */
int ctl_compile(const char *directory, struct ctl_compiled *ret_compiled);
void ctl_compiled_done(struct ctl_compiled *compiled);
/* Text goes to stderr, JSON (one object a line) to stdout. */
void ctl_write_diagnostics(const struct hz_diagnostics *diagnostics, bool json);

#endif
