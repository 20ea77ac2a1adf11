/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as blocks of a journal: what has the shape of a block the engine applies, to its end, in
 * calls with the least room; then its state is saved, loaded into a fresh engine and is the same. The
 * input is cut into pieces: a length, a kind, steps of the clocks, and records as they are.
 */
#include "fuzz.h"

#include "hz_clock.h"
#include "hz_engine.h"

#include <stdlib.h>
#include <string.h>

#define PIECE_BYTES 1024u

static const char config[] = "feeds:\n"
                             "- name: a\n"
                             "  address: h:1883\n"
                             "  client_id: c\n"
                             "  filters:\n"
                             "  - filter: hz/#\n"
                             "    topic: hz/{enterprise}/{hazard}/{point}\n";
static const char rules[] = "schema: 1\n"
                            "rules:\n"
                            "- id: r\n"
                            "  limits:\n"
                            "    HH: {severity: red, fallback: 95, delay: 3s, clear_delay: 5s}\n"
                            "    H: {severity: orange, fallback: 90}\n"
                            "    L: {severity: yellow, fallback: 10, delay: 5s}\n"
                            "  deadband: 2\n"
                            "  invalid: {severity: yellow, after: 60s}\n"
                            "  stale: {severity: yellow, after: 30s}\n"
                            "- id: g\n"
                            "  each: gateway\n"
                            "  silent: {after: {at_least: 20s, at_most: 60s}}\n"
                            "  severity: orange\n";
static const char *const tables[][2] = {
    {"hazardd.yaml", config},
    {"rules.d/r.yaml", rules},
    {"enterprises.csv", "code\nE\n"},
    {"hazards.csv", "enterprise,code\nE,Z\n"},
    {"gateways.csv", "enterprise,code,feed,interval\nE,G,a,10s\n"},
    {"points.csv", "enterprise,hazard,code,gateway,alive_by\nE,Z,P1,G,\nE,Z,P2,G,gateway\n"},
};

static struct hz_set *set; /* one for all inputs */

static void must(bool done)
{
    if (!done)
        abort();
}

static void build_set(void)
{
    struct hz_names *names;
    struct hz_files files;
    struct hz_diagnostics diagnostics;

    if (set)
        return;
    hz_files_init(&files);
    hz_diagnostics_init(&diagnostics);
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        must(hz_files_add(&files, tables[i][0], tables[i][1], strlen(tables[i][1])) == 0);
    must(hz_names_new(&names) == 0);
    must(hz_set_build(&files, names, &diagnostics, &set) == 0);
    hz_diagnostics_done(&diagnostics);
    hz_files_done(&files);
}

static void offer(struct hz_engine *engine)
{
    struct hz_diagnostics diagnostics;
    struct hz_ruleset *ruleset;

    hz_diagnostics_init(&diagnostics);
    must(hz_ruleset_compile(set, &diagnostics, &ruleset) == 0);
    hz_diagnostics_done(&diagnostics);
    hz_engine_offer(engine, ruleset);
}

static void apply(struct hz_engine *engine, const struct hz_block *block)
{
    static struct hz_transition said[HZ_ENGINE_ROOM_MIN];
    size_t count;

    while (!hz_engine_apply(engine, block, said, HZ_ENGINE_ROOM_MIN, &count))
        must(count > 0); /* each call gets on */
}

/* Sets that the input names do not exist: the only one does. */
static void name_set(struct hz_block *block)
{
    struct hz_record *record = (struct hz_record *)(block + 1);

    for (uint32_t i = 0; i < block->count; i++) {
        if (record->kind == HZ_RECORD_RULESET)
            ((struct hz_record_ruleset *)record)->set = set->digest;
        void *next = (char *)record + record->bytes; /* 8-byte aligned, as all records */
        record = next;
    }
}

struct source {
    const uint8_t *at;
    size_t left;
};

static uint8_t take(struct source *source)
{
    if (source->left == 0)
        return 0;
    source->left--;
    return *source->at++;
}

static void apply_piece(struct hz_engine *engine, struct source *source, struct hz_block *block)
{
    uint64_t seq = block->seq + block->count;
    int64_t jt_ns = block->jt_ns, wall_ns = block->wall_ns;
    uint8_t kind = take(source), step = take(source);
    size_t length = (size_t)take(source) * 8;

    length = length < source->left ? length : source->left & ~(size_t)7;
    hz_block_init(block, kind & 1 ? HZ_BLOCK_READINGS : HZ_BLOCK_CONTROL, kind & 1 ? 1 : 0);
    memcpy(block + 1, source->at, length);
    source->at += length;
    source->left -= length;
    block->bytes += (uint32_t)length;
    block->seq = seq;
    block->jt_ns = jt_ns + step * HZ_NS_PER_S / 4;
    block->wall_ns = wall_ns + step * HZ_NS_PER_S / 4;
    for (block->count = 1; block->count <= 32; block->count++) {
        if (!hz_block_shape_ok(block, PIECE_BYTES * 3))
            continue;
        if (block->kind == HZ_BLOCK_CONTROL)
            name_set(block);
        apply(engine, block);
        return;
    }
    block->count = 0;
}

/* --- saved and loaded --- */

struct bytes {
    char *at;
    size_t length, taken;
};

static int write_bytes(void *ctx, const void *from, size_t length)
{
    struct bytes *bytes = ctx;

    bytes->at = realloc(bytes->at, bytes->length + length);
    must(bytes->at != NULL);
    memcpy(bytes->at + bytes->length, from, length);
    bytes->length += length;
    return 0;
}

static int read_bytes(void *ctx, void *to, size_t length)
{
    struct bytes *bytes = ctx;

    must(length <= bytes->length - bytes->taken);
    memcpy(to, bytes->at + bytes->taken, length);
    bytes->taken += length;
    return 0;
}

static void reload(const struct hz_engine *engine)
{
    struct hz_digest before = hz_engine_digest(engine), after;
    struct bytes bytes = {0};
    struct hz_engine *fresh;

    must(hz_engine_save(engine, write_bytes, &bytes) == 0);
    must(hz_engine_new(&fresh) == 0);
    offer(fresh);
    must(hz_engine_load(fresh, read_bytes, &bytes) == 0);
    after = hz_engine_digest(fresh);
    must(memcmp(&before, &after, sizeof(before)) == 0);
    hz_engine_free(fresh);
    free(bytes.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct source source = {data, size};
    struct hz_engine *engine;
    uint64_t memory[PIECE_BYTES * 3 / 8] = {0};
    struct hz_block *block = (struct hz_block *)memory;

    build_set();
    must(hz_engine_new(&engine) == 0);
    offer(engine);
    struct hz_record_ruleset begin = {.head = {.kind = HZ_RECORD_RULESET, .bytes = sizeof(begin)},
                                      .set = set->digest};
    hz_block_init(block, HZ_BLOCK_CONTROL, 0);
    must(hz_block_add_record(block, sizeof(memory), &begin.head));
    block->seq = 1;
    block->wall_ns = INT64_C(1763900000) * HZ_NS_PER_S;
    apply(engine, block);
    while (source.left > 0)
        apply_piece(engine, &source, block);
    reload(engine);
    hz_engine_free(engine);
    return 0;
}
