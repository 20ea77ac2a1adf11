/* SPDX-License-Identifier: Apache-2.0
 *
 * Words and sentences of the verdicts.
 */
#include "hz_verdict.h"

const char *hz_verdict_word(enum hz_verdict verdict)
{
    switch (verdict) {
#define X(name, number, word, text)                                                                \
    case HZ_VERDICT_##name:                                                                        \
        return word;
        HZ_VERDICTS(X)
#undef X
    default:
        return "";
    }
}

const char *hz_verdict_text(enum hz_verdict verdict)
{
    switch (verdict) {
#define X(name, number, word, text)                                                                \
    case HZ_VERDICT_##name:                                                                        \
        return text;
        HZ_VERDICTS(X)
#undef X
    default:
        return "";
    }
}
