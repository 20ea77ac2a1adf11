/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Log lines for operators: to stderr with the <N> prefixes of sd-daemon(3) when stderr is
 *         the journal's stream (JOURNAL_STREAM), readable with a time otherwise. Only pipeline, main
 *         and the long-lived links (feed, publish) log; a function that returns an error does not.
 *         Text from outside (topics, payloads, names) goes through hz_log_quote first.
 * WAY     module -> stderr
 * THREAD  any; a line is one write(2)
 * OWNS    nothing
 * FULL    a line beyond 2 KiB is cut and ends in "..."; a rate limit counts what it drops
 */
#ifndef HZ_LOG_H
#define HZ_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum hz_log_level { HZ_LOG_ERROR = 3, HZ_LOG_WARNING = 4, HZ_LOG_NOTICE = 5, HZ_LOG_INFO = 6, HZ_LOG_DEBUG = 7 };

void hz_log_set_level(enum hz_log_level most); /* before the threads start; default INFO */

void hz_log(enum hz_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define hz_log_error(...)   hz_log(HZ_LOG_ERROR, __VA_ARGS__)
#define hz_log_warning(...) hz_log(HZ_LOG_WARNING, __VA_ARGS__)
#define hz_log_notice(...)  hz_log(HZ_LOG_NOTICE, __VA_ARGS__)
#define hz_log_info(...)    hz_log(HZ_LOG_INFO, __VA_ARGS__)
#define hz_log_debug(...)   hz_log(HZ_LOG_DEBUG, __VA_ARGS__)

/* Lets `burst` lines pass per second and key; one such object per place, owned by one thread. */
struct hz_log_rate {
    int64_t window_s;
    uint32_t passed;
    uint64_t held_back; /* in the present window; the first line of the next says how many */
};

/* True when a line may pass now; *ret_held is how many were held back since the last that passed. */
bool hz_log_rate_pass(struct hz_log_rate *rate, int64_t mono_ns, uint32_t burst, uint64_t *ret_held);

/* Writes outside text with control bytes, quotes and invalid UTF-8 escaped (\xNN), cut to fit;
 * returns `to`, always terminated. */
const char *hz_log_quote(char *to, size_t size, const char *text, size_t length);

#endif
