/* SPDX-License-Identifier: Apache-2.0
 *
 * A whole hazardd for a bench: a folder, a configuration, the daemon as a child, and what the kernel and
 * the daemon say of it. Whatever fails ends the bench with a message: a figure of a half-working rig
 * is worse than none.
 */
#ifndef RIG_H
#define RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rig;

struct rig *rig_new(void); /* a temporary folder, removed by rig_free with all that runs in it */
void rig_free(struct rig *rig);
const char *rig_folder(const struct rig *rig);

/* A file below the folder. */
void rig_write(struct rig *rig, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The registry: `enterprises` x `points` with codes E0001/H01/P0001 of 21 bytes each when `long_keys`,
 * names of 21 bytes, the tag filled; and one rule with four limits, deadband, delays, INVALID, STALE. */
void rig_write_points(struct rig *rig, unsigned enterprises, unsigned points, bool long_keys);

/* Children; each waits until it answers. */
void rig_start_broker(struct rig *rig, const char *more); /* mosquitto on <folder>/broker.sock */
void rig_start_redis(struct rig *rig);                    /* on <folder>/redis.sock */
void rig_start_daemon(struct rig *rig);                   /* waits until it answers "watching" */
void rig_stop_daemon(struct rig *rig);
pid_t rig_daemon(const struct rig *rig);
/* Where a program is, until the next call; or the bench ends, saying what to install. */
const char *rig_program(const char *name);
/* Any other program, ended with the rig. */
pid_t rig_spawn(struct rig *rig, const char *const *arguments);
/* Ends the bench when one of them has ended, with the last line of its log. */
void rig_look_after(struct rig *rig);

/* CPU time of a process and its threads so far, in seconds; its resident memory in bytes. */
double rig_cpu_s(pid_t pid);
uint64_t rig_rss_bytes(pid_t pid);

/* Has the files put into force; the bench ends when that is refused. Comes back when they are. */
void rig_reload(struct rig *rig, unsigned max_new_alarms);

/* A number of `status`: rig_number(rig, "engine", "readings"). */
int64_t rig_number(struct rig *rig, const char *what, const char *key);
/* Until the number has come to `least`; the bench ends when it has stood still for a minute. */
void rig_wait_number(struct rig *rig, const char *what, const char *key, int64_t least);

_Noreturn void rig_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
