/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Error codes. A function that can fail because the world failed returns a negative int:
 *         a negated errno, or one of the codes below. Bad input is no error but a verdict (see the
 *         decoders); a bug of ours is an hz_assert.
 * WAY     returned by every module, turned into text where it is logged
 * THREAD  any
 * OWNS    nothing
 * FULL    -
 */
#ifndef HZ_ERROR_H
#define HZ_ERROR_H

#define HZ_ERRORS(X)                                                                               \
    X(HZ_ECONFIG, -1000, "the configuration has errors")                                           \
    X(HZ_ECORRUPT, -1001, "stored data is damaged")                                                \
    X(HZ_EVERSION, -1002, "the format version is not known to this release")                      \
    X(HZ_ELIMIT, -1003, "a fixed limit is exceeded")                                               \
    X(HZ_EPROTO, -1004, "the peer broke the protocol")                                             \
    X(HZ_EREFUSED, -1005, "the peer refused")                                                      \
    X(HZ_ETLS, -1006, "the TLS peer could not be verified")                                        \
    X(HZ_ETIMEOUT, -1007, "no answer in time")                                                     \
    X(HZ_EFENCED, -1008, "another instance with a higher term is in charge")                       \
    X(HZ_EFOREIGN, -1009, "the data belong to another journal")                                    \
    X(HZ_ENOTFOUND, -1010, "no such object")                                                       \
    X(HZ_ESTATE, -1011, "not possible in the present state")                                       \
    X(HZ_EDENIED, -1012, "not permitted")                                                          \
    X(HZ_EOF, -1013, "end of data")

enum hz_error {
#define X(name, code, text) name = code,
    HZ_ERRORS(X)
#undef X
};

#define HZ_MUST_USE __attribute__((warn_unused_result))

/* A text for a negative code of either kind; never NULL. Valid for ever for our own codes, else
 * until the thread's next call. */
const char *hz_strerror(int code);

/* Ends the process when an assumption of ours is wrong; kept in release builds. systemd restarts
 * the daemon and the journal replays. */
#define hz_assert(condition)                                                                       \
    do {                                                                                           \
        if (__builtin_expect(!(condition), 0))                                                     \
            hz_assert_failed(#condition, __FILE__, __LINE__);                                      \
    } while (0)

_Noreturn void hz_assert_failed(const char *condition, const char *file, int line);

#endif
