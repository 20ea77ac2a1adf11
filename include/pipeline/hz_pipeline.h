/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The daemon as a whole: brings the state directory to the journal's end, starts the threads,
 *         lets the modules work together, stops them in the order of the data.
 * WAY     main -> here
 * THREAD  the main thread alone
 * OWNS    everything below it
 * FULL    -
 */
#ifndef HZ_PIPELINE_H
#define HZ_PIPELINE_H

#include "hz_clock.h"
#include "hz_diagnostic.h"
#include "hz_disk.h"
#include "hz_error.h"

#include <stdbool.h>

struct hz_pipeline;

struct hz_pipeline_options {
    const char *config_directory;  /* hazardd.yaml, rules.d/, the registry's CSV files */
    const char *state_directory;   /* journal, alarms log, sets, snapshots */
    const char *runtime_directory; /* control socket, inner sockets of the feeds: 0700 or 0750, ours */
    bool strict;                   /* a faulty configuration ends the start instead of the last good set */
    const struct hz_clock *clock;
    const struct hz_disk *disk;
};

/* Recovers and starts. Everything wrong with the configuration is in `diagnostics`, also when the last
 * good set is used. HZ_ECONFIG: there is no good set (or `strict`): exit status 78. -EBUSY: another
 * daemon has the state directory. Other codes: the world; said in the log with what it was about. */
int hz_pipeline_start(const struct hz_pipeline_options *options, struct hz_diagnostics *diagnostics,
                      struct hz_pipeline **ret_pipeline) HZ_MUST_USE;

/* True while the threads that do the work make progress: for the watchdog. A hung disk does not count
 * against it: alarms go out then, too. */
bool hz_pipeline_alive(struct hz_pipeline *pipeline);
/* One line for STATUS= of systemd. */
void hz_pipeline_status(struct hz_pipeline *pipeline, char *to, size_t size);

/* Takes the files of the configuration folder as they are now, all or nothing, as `hazardctl reload` does;
 * goes on at once, the log says what came of it. */
void hz_pipeline_reload(struct hz_pipeline *pipeline);

/* Feeds first, then everything that is under way is brought to its end, a snapshot is written; frees. */
void hz_pipeline_stop(struct hz_pipeline *pipeline);

#endif
