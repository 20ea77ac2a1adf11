/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    "Did you mean": the nearest of a list of words.
 * WAY     config, registry -> hints of diagnostics
 * THREAD  whoever owns the object
 * OWNS    nothing: text and candidates are borrowed
 * FULL    words above 40 bytes are nearest to nothing
 */
#ifndef HZ_NEAREST_H
#define HZ_NEAREST_H

#include "hz_text.h"

/* Case apart, and - for _ alike; the distance is at most a third of the text. */
struct hz_nearest {
    struct hz_slice text;
    const char *best; /* NULL: none is near */
    unsigned distance;
};

struct hz_nearest hz_nearest(struct hz_slice text);
void hz_nearest_try(struct hz_nearest *nearest, const char *candidate);

#endif
