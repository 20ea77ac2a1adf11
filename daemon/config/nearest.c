/* SPDX-License-Identifier: Apache-2.0
 *
 * "Did you mean": the nearest of a list of words by the number of letters changed, added, left out
 * or swapped with their neighbour. Case and the choice between - and _ count nothing.
 */
#include "hz_nearest.h"

#include <ctype.h>

#define WORD_MAX 40u

static unsigned char folded(char c)
{
    return c == '_' ? '-' : (unsigned char)tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Row by row over the prefixes of `b`; two rows back are kept for swaps. */
static unsigned distance(struct hz_slice a, struct hz_slice b)
{
    unsigned rows[3][WORD_MAX + 1];

    for (unsigned j = 0; j <= a.length; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= b.length; i++) {
        unsigned *row = rows[i % 3], *before = rows[(i + 2) % 3], *earlier = rows[(i + 1) % 3];

        row[0] = i;
        for (unsigned j = 1; j <= a.length; j++) {
            unsigned differs = folded(a.at[j - 1]) != folded(b.at[i - 1]);

            row[j] = least(before[j - 1] + differs, least(before[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && folded(a.at[j - 1]) == folded(b.at[i - 2]) &&
                folded(a.at[j - 2]) == folded(b.at[i - 1]))
                row[j] = least(row[j], earlier[j - 2] + 1);
        }
    }
    return rows[b.length % 3][a.length];
}

struct hz_nearest hz_nearest(struct hz_slice text)
{
    return (struct hz_nearest){text, NULL, (unsigned)(text.length + 2) / 3 + 1};
}

void hz_nearest_try(struct hz_nearest *nearest, const char *candidate)
{
    struct hz_slice word = hz_slice(candidate);

    if (nearest->text.length > WORD_MAX || word.length > WORD_MAX)
        return;
    unsigned found = distance(nearest->text, word);
    if (found < nearest->distance) {
        nearest->distance = found;
        nearest->best = candidate;
    }
}
