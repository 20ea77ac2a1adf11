/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    Verdicts on input: what can be wrong with a message or one reading in it. Counted per feed
 *         and reason, sampled to the log; never an error of ours.
 * WAY     decode, ingest -> counters, quarantine
 * THREAD  any
 * OWNS    nothing
 * FULL    -
 */
#ifndef HZ_VERDICT_H
#define HZ_VERDICT_H

#define HZ_VERDICTS(X)                                                                             \
    X(OK, 0, "ok", "accepted")                                                                     \
    X(BROKEN, 1, "broken", "not JSON, or cut off")                                                 \
    X(WRONG_TYPE, 2, "wrong-type", "a field has another type than the mapping says")               \
    X(MISSING, 3, "missing", "a field that the mapping names is not there")                        \
    X(NOT_FINITE, 4, "not-finite", "NaN, infinity, or a number beyond a double")                   \
    X(BAD_STAMP, 5, "bad-stamp", "a time stamp that can't be read or lies outside 1970-2200")      \
    X(TOO_DEEP, 6, "too-deep", "nested deeper than 16")                                            \
    X(TOO_MANY, 7, "too-many", "more than 10 000 readings in one message")                         \
    X(TOO_LONG, 8, "too-long", "a name or text above its bound")                                   \
    X(DUPLICATE_KEY, 9, "duplicate-key", "the same key twice in one object")                       \
    X(BAD_TEXT, 10, "bad-text", "not UTF-8, or a NUL inside")                                      \
    X(UNKNOWN_TOPIC, 11, "unknown-topic", "no filter of the feed is for this topic")               \
    X(UNKNOWN_POINT, 12, "unknown-point", "the registry has no such point")                        \
    X(UNKNOWN_GATEWAY, 13, "unknown-gateway", "the registry has no such gateway")                  \
    X(OVERSIZE, 14, "oversize", "a frame above the size limit, skipped")                           \
    X(QOS2, 15, "qos2", "QoS 2 is not spoken; the connection was closed")                          \
    X(EMPTY, 16, "empty", "no reading in it")                                                      \
    X(TEXT_LIMIT, 17, "text-limit", "too many different texts for this point")                     \
    X(FUTURE, 18, "future", "stamped ahead of arrival by more than the skew; evaluated at arrival")

enum hz_verdict {
#define X(name, number, word, text) HZ_VERDICT_##name = number,
    HZ_VERDICTS(X)
#undef X
    HZ_VERDICT_END
};

const char *hz_verdict_word(enum hz_verdict verdict);
const char *hz_verdict_text(enum hz_verdict verdict);

#endif
