/* SPDX-License-Identifier: Apache-2.0
 *
 * Ids for text values, with the bound on different texts of one point (HZ_TEXTS_PER_POINT_MAX), so that
 * a device that sends a counter as text cannot use up the ids of all. A new text goes to the write
 * thread before the block that uses it: it is on disk first.
 *
 * The pairs (point, text) seen in this run stand in an open-addressed table; beside each first text of
 * a point stands how many it has.
 */
#include "pipeline_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX   (4u << 20) /* slots; at most three quarters are used */
#define PAIRS_FIRST 1024u

struct pair {
    uint32_t point;
    uint32_t text; /* 0: this slot holds the point's count */
    uint32_t count;
};

struct ingest_texts {
    struct pair *slots; /* point 0 = free */
    uint32_t mask, used;
};

int pipeline__texts_new(struct ingest_texts **ret_texts)
{
    struct ingest_texts *texts = calloc(1, sizeof(*texts));

    if (texts)
        texts->slots = calloc(PAIRS_FIRST, sizeof(*texts->slots));
    if (!texts || !texts->slots) {
        free(texts);
        return -ENOMEM;
    }
    texts->mask = PAIRS_FIRST - 1;
    *ret_texts = texts;
    return 0;
}

void pipeline__texts_free(struct ingest_texts *texts)
{
    if (!texts)
        return;
    free(texts->slots);
    free(texts);
}

static struct pair *slot_of(struct pair *slots, uint32_t mask, uint32_t point, uint32_t text)
{
    const uint32_t key[2] = {point, text};
    uint32_t at = (uint32_t)hz_hash(key, sizeof(key)) & mask;

    while (slots[at].point != 0 && (slots[at].point != point || slots[at].text != text))
        at = (at + 1) & mask;
    return &slots[at];
}

static bool grow(struct ingest_texts *texts)
{
    uint32_t slots = (texts->mask + 1) * 2;
    struct pair *grown;

    if ((texts->used + 2) * 4 <= (texts->mask + 1) * 3)
        return true;
    grown = slots <= PAIRS_MAX ? calloc(slots, sizeof(*grown)) : NULL;
    if (!grown)
        return false;
    for (uint32_t i = 0; i <= texts->mask; i++)
        if (texts->slots[i].point != 0)
            *slot_of(grown, slots - 1, texts->slots[i].point, texts->slots[i].text) =
                texts->slots[i];
    free(texts->slots);
    texts->slots = grown;
    texts->mask = slots - 1;
    return true;
}

/* False when the point has as many different texts as it may. */
static bool may_use(struct ingest_texts *texts, uint32_t point, uint32_t text)
{
    struct pair *pair = slot_of(texts->slots, texts->mask, point, text);

    if (pair->point != 0)
        return true;
    if (!grow(texts))
        return false;
    struct pair *count = slot_of(texts->slots, texts->mask, point, 0);
    if (count->point != 0 && count->count >= HZ_TEXTS_PER_POINT_MAX)
        return false;
    texts->used += count->point == 0 ? 2 : 1;
    count->point = point;
    count->count++;
    pair = slot_of(texts->slots, texts->mask, point, text);
    *pair = (struct pair){.point = point, .text = text};
    return true;
}

static bool send_define(void *ctx, const struct hz_named *named)
{
    struct hz_pipeline *p = ctx;
    struct pipeline_define define = {.kind = named->kind, .id = named->id};

    hz_role_assert(&hz_ingest);
    return hz_spsc_push(&p->ingest.defines, &define);
}

uint32_t pipeline__text_id(struct hz_pipeline *p, uint32_t point, struct hz_slice text)
{
    uint32_t id = hz_names_find(p->names, HZ_NAMED_TEXT, text.at, text.length);

    if (text.length == 0 || text.length > HZ_NAME_BYTES_MAX)
        return 0;
    if (id == 0) {
        struct pair *count = slot_of(p->ingest.texts->slots, p->ingest.texts->mask, point, 0);
        bool full = count->point != 0 && count->count >= HZ_TEXTS_PER_POINT_MAX;
        if (full || hz_spsc_room(&p->ingest.defines) == 0 ||
            hz_names_define(p->names, HZ_NAMED_TEXT, text.at, text.length, &id) < 0)
            return 0;
        hz_names_take_pending(p->names, HZ_NAMES_TEXTS, send_define, p);
        hz_names_reclaim(p->names, HZ_NAMES_TEXTS); /* nobody else looks texts up by their keys */
    }
    return may_use(p->ingest.texts, point, id) ? id : 0;
}
