/* SPDX-License-Identifier: Apache-2.0
 *
 * Blocks and records: what is built is well shaped and reads back; what is damaged in any way is
 * refused or can be walked without leaving it. The damaged copies stand at the end of memory of
 * just their size, so that ASan sees the first byte too many.
 */
#include "hz_block.h"
#include "hz_record.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

union room {
    struct hz_block block;
    char bytes[HZ_BLOCK_BYTES_MAX];
};

static union room room;

static struct hz_block *readings_block(uint32_t count)
{
    struct hz_reading *readings = (struct hz_reading *)(&room.block + 1);

    hz_block_init(&room.block, HZ_BLOCK_READINGS, 3);
    for (uint32_t i = 0; i < count; i++)
        readings[i] = (struct hz_reading){.source_ms = i, .value.f64 = 1.5, .point = {i + 1}};
    room.block.count = count;
    room.block.bytes += count * (uint32_t)sizeof(struct hz_reading);
    room.block.seq = 100;
    return &room.block;
}

static void add_define(const char *key)
{
    union {
        struct hz_record_define define;
        char bytes[HZ_RECORD_BYTES_MAX];
    } record = {.define = {.kind = HZ_NAMED_POINT, .id = 9, .length = (uint16_t)strlen(key)}};

    memcpy(record.bytes + offsetof(struct hz_record_define, key), key, strlen(key));
    size_t bytes = offsetof(struct hz_record_define, key) + strlen(key);
    if (bytes < sizeof(struct hz_record_define))
        bytes = sizeof(struct hz_record_define);
    record.define.head = (struct hz_record){.kind = HZ_RECORD_DEFINE, .bytes = (uint16_t)bytes};
    assert_true(hz_block_add_record(&room.block, sizeof(room), &record.define.head));
}

static void add_command(void)
{
    union {
        struct hz_record_command command;
        char bytes[HZ_RECORD_BYTES_MAX];
    } record;
    const struct hz_record_command head = {.verb = HZ_VERB_ACK, .point = 5};
    const struct hz_command_texts texts = {
        hz_slice("li.wei"), hz_slice("socket"), {NULL, 0}, hz_slice("seen on site")};

    assert_true(hz_command_build(&record, sizeof(record), &head, &texts) > 0);
    assert_true(hz_block_add_record(&room.block, sizeof(room), &record.command.head));
}

/* One of every kind that has a shape of its own. */
static struct hz_block *control_block(void)
{
    const struct hz_record_tick tick = {{HZ_RECORD_TICK, sizeof(tick), 0}};
    const struct hz_record_gap gap = {.head = {HZ_RECORD_GAP, sizeof(gap), 0}, .feed = 2};

    memset(&room, 0, sizeof(room));
    hz_block_init(&room.block, HZ_BLOCK_CONTROL, 0);
    room.block.seq = 7;
    assert_true(hz_block_add_record(&room.block, sizeof(room), &tick.head));
    add_define("tank-7/pressure");
    add_command();
    assert_true(hz_block_add_record(&room.block, sizeof(room), &gap.head));
    return &room.block;
}

static void built_blocks_are_well_shaped(void **state)
{
    struct hz_block *block = readings_block(HZ_BLOCK_READINGS_MAX);

    (void)state;
    assert_true(hz_block_shape_ok(block, block->bytes));
    assert_false(hz_block_shape_ok(block, block->bytes - 1));
    block = control_block();
    assert_int_equal(block->count, 4);
    assert_true(hz_block_shape_ok(block, block->bytes));
    assert_false(hz_block_shape_ok(block, 0));
}

static void records_read_back(void **state)
{
    const struct hz_record *record = hz_block_first_record(control_block());

    (void)state;
    assert_int_equal(record->kind, HZ_RECORD_TICK);
    record = hz_record_next(record);
    const struct hz_record_define *define = (const struct hz_record_define *)record;
    assert_int_equal(define->length, 15);
    assert_memory_equal(define->key, "tank-7/pressure", 15);
    assert_int_equal(record->bytes % 8, 0);
    record = hz_record_next(record);
    struct hz_command_texts texts = hz_command_texts((const struct hz_record_command *)record);
    assert_true(hz_slice_is(texts.actor, "li.wei"));
    assert_true(hz_slice_is(texts.via, "socket"));
    assert_int_equal(texts.command_id.length, 0);
    assert_true(hz_slice_is(texts.reason, "seen on site"));
    assert_int_equal(hz_record_next(record)->kind, HZ_RECORD_GAP);
}

static void a_full_block_takes_no_record(void **state)
{
    const struct hz_record_tick tick = {{HZ_RECORD_TICK, sizeof(tick), 0}};
    uint32_t count = 0;

    (void)state;
    hz_block_init(&room.block, HZ_BLOCK_CONTROL, 0);
    while (hz_block_add_record(&room.block, 100, &tick.head))
        count++;
    assert_int_equal(count, (100 - sizeof(struct hz_block)) / 8);
    assert_int_equal(room.block.bytes, 56 + count * 8);
    while (hz_block_add_record(&room.block, SIZE_MAX, &tick.head))
        ;
    assert_int_equal(room.block.bytes, HZ_BLOCK_BYTES_MAX);
    assert_true(hz_block_shape_ok(&room.block, HZ_BLOCK_BYTES_MAX));
}

static void texts_are_cut_between_characters(void **state)
{
    char long_text[600];
    union {
        struct hz_record_command command;
        char bytes[HZ_RECORD_BYTES_MAX];
    } record;
    const struct hz_record_command head = {.verb = HZ_VERB_SHELVE};

    (void)state;
    for (size_t i = 0; i < sizeof(long_text); i += 3)
        memcpy(long_text + i, "\xE6\xB0\xA8", 3);
    const struct hz_slice all = {long_text, sizeof(long_text)};
    const struct hz_command_texts texts = {all, all, all, all};
    size_t bytes = hz_command_build(&record, sizeof(record), &head, &texts);
    assert_int_equal(record.command.head.bytes, bytes);
    assert_int_equal(record.command.actor_length, 63);
    assert_int_equal(record.command.via_length, 15);
    assert_int_equal(record.command.command_id_length, 39);
    assert_int_equal(record.command.reason_length, 198);
    assert_int_equal(record.command.verb, HZ_VERB_SHELVE);
    assert_int_equal(hz_command_build(&record, bytes - 1, &head, &texts), 0);
}

/* Who has put a set into force: also a record of before, that says nothing of it. */
static void a_ruleset_says_who_and_why(void **state)
{
    union {
        struct hz_record_ruleset ruleset;
        char bytes[HZ_RECORD_BYTES_MAX];
    } record;
    const struct hz_digest set = {{1, 2, 3}};
    const struct hz_command_texts texts = {
        .actor = hz_slice("ops"), .via = hz_slice("hazardctl"), .reason = hz_slice("\xE6\xB0\xA8")};

    (void)state;
    size_t bytes = hz_ruleset_build(&record, sizeof(record), &set, &texts);
    assert_int_equal(record.ruleset.head.bytes, bytes);
    assert_memory_equal(&record.ruleset.set, &set, sizeof(set));
    struct hz_command_texts read = hz_ruleset_texts(&record.ruleset);
    assert_true(hz_slice_is(read.actor, "ops"));
    assert_true(hz_slice_is(read.via, "hazardctl"));
    assert_true(hz_slice_is(read.reason, "\xE6\xB0\xA8"));
    assert_int_equal(hz_ruleset_build(&record, bytes - 1, &set, &texts), 0);
    record.ruleset.head.bytes = sizeof(record.ruleset);
    assert_int_equal(hz_ruleset_texts(&record.ruleset).reason.length, 0);
}

/* A text that reaches beyond its record is damage. */
static void a_rulesets_texts_stay_inside(void **state)
{
    char record[HZ_RECORD_BYTES_MAX];
    alignas(8) char bytes[1024];
    struct hz_block *block = (void *)bytes;
    const struct hz_command_texts texts = {
        .actor = hz_slice("ops"), .via = hz_slice("x"), .reason = hz_slice("why")};

    (void)state;
    assert_true(hz_ruleset_build(record, sizeof(record), &(struct hz_digest){{0}}, &texts) > 0);
    hz_block_init(block, HZ_BLOCK_CONTROL, 0);
    assert_true(hz_block_add_record(block, sizeof(bytes), (const void *)record));
    assert_true(hz_block_shape_ok(block, block->bytes));
    struct hz_ruleset_texts *of =
        (void *)(bytes + sizeof(*block) + sizeof(struct hz_record_ruleset));
    of->reason_length += 8;
    assert_false(hz_block_shape_ok(block, block->bytes));
}

/* Looks at every byte that a walk of the block would look at. */
static uint64_t walk(const struct hz_block *block)
{
    uint64_t sum = 0;

    if (block->kind == HZ_BLOCK_READINGS) {
        for (uint32_t i = 0; i < block->count; i++)
            sum += hz_block_readings(block)[i].quality + hz_block_readings(block)[i].point.v;
        return sum;
    }
    const struct hz_record *record = hz_block_first_record(block);
    for (uint32_t i = 0; i < block->count; i++, record = hz_record_next(record)) {
        const struct hz_record_define *define = (const struct hz_record_define *)record;
        if (record->kind == HZ_RECORD_DEFINE && define->length > 0)
            sum += (unsigned char)define->key[define->length - 1];
        if (record->kind != HZ_RECORD_COMMAND)
            continue;
        struct hz_slice reason = hz_command_texts((const struct hz_record_command *)record).reason;
        if (reason.length > 0)
            sum += (unsigned char)reason.at[reason.length - 1];
    }
    assert_ptr_equal(record, (const char *)block + block->bytes);
    return sum;
}

static uint64_t try_copy(const void *bytes, size_t length)
{
    struct hz_block *copy = malloc(length);
    uint64_t sum = 0;

    assert_non_null(copy);
    memcpy(copy, bytes, length);
    if (hz_block_shape_ok(copy, length))
        sum = walk(copy);
    free(copy);
    return sum;
}

static void damage_everywhere(const struct hz_block *block)
{
    static char copy[HZ_BLOCK_BYTES_MAX];
    size_t length = block->bytes;
    uint64_t random = 88172645463325252u, sum = 0;

    for (size_t cut = 1; cut < length; cut++)
        sum += try_copy(block, cut);
    for (size_t i = 0; i < length * 256; i++) {
        memcpy(copy, block, length);
        copy[i / 256] = (char)i;
        sum += try_copy(copy, length);
    }
    for (int i = 0; i < 20000; i++) {
        memcpy(copy, block, length);
        for (int k = 0; k < 4; k++) {
            random ^= random << 13, random ^= random >> 7, random ^= random << 17;
            copy[random % length] = (char)(random >> 32);
        }
        sum += try_copy(copy, length);
    }
    assert_true(sum > 0);
}

static void damaged_blocks_are_never_left(void **state)
{
    (void)state;
    damage_everywhere(readings_block(3));
    damage_everywhere(control_block());
}

#define REFUSED(field, wrong)                                                                      \
    do {                                                                                           \
        struct hz_block *b = readings_block(3);                                                    \
        b->field = wrong;                                                                          \
        assert_false(hz_block_shape_ok(b, sizeof(room)));                                          \
    } while (0)

static void each_field_is_looked_at(void **state)
{
    (void)state;
    REFUSED(version, 2);
    REFUSED(kind, 3);
    REFUSED(kind, 0);
    REFUSED(encoding, 1);
    REFUSED(flags, 1);
    REFUSED(count, 0);
    REFUSED(count, 2);
    REFUSED(count, 4);
    REFUSED(count, 3 + (UINT32_C(1) << 29)); /* 24 times that is 72 again in 32 bits */
    REFUSED(bytes, 55);
    REFUSED(bytes, 0);
    REFUSED(bytes, HZ_BLOCK_BYTES_MAX + 24);
    REFUSED(seq, UINT64_MAX - 2);
    struct hz_reading *first = (struct hz_reading *)(readings_block(1) + 1);
    first->kind = 4;
    assert_false(hz_block_shape_ok(&room.block, sizeof(room)));
    first = (struct hz_reading *)(readings_block(1) + 1);
    first->quality = 4;
    assert_false(hz_block_shape_ok(&room.block, sizeof(room)));
}

/* Two records of 12 bytes: all sums are right, but the second is not aligned. */
static void records_stay_aligned(void **state)
{
    const struct hz_record tick = {HZ_RECORD_TICK, 8, 0};
    struct hz_record head = {HZ_RECORD_TICK, 12, 0};

    (void)state;
    hz_block_init(&room.block, HZ_BLOCK_CONTROL, 0);
    for (int i = 0; i < 3; i++)
        assert_true(hz_block_add_record(&room.block, sizeof(room), &tick));
    assert_true(hz_block_shape_ok(&room.block, room.block.bytes));
    memcpy(room.bytes + 56, &head, sizeof(head));
    memcpy(room.bytes + 68, &head, sizeof(head));
    room.block.count = 2;
    assert_false(hz_block_shape_ok(&room.block, room.block.bytes));
}

static void a_record_has_all_its_fields(void **state)
{
    const struct hz_record_start start = {.head = {HZ_RECORD_START, sizeof(start), 0}};
    const struct hz_record head_alone = {HZ_RECORD_START, 8, 0};

    (void)state;
    hz_block_init(&room.block, HZ_BLOCK_CONTROL, 0);
    assert_true(hz_block_add_record(&room.block, sizeof(room), &start.head));
    assert_true(hz_block_shape_ok(&room.block, room.block.bytes));
    assert_true(hz_block_add_record(&room.block, sizeof(room), &head_alone));
    assert_false(hz_block_shape_ok(&room.block, room.block.bytes));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_blocks_are_well_shaped),
        cmocka_unit_test(records_read_back),
        cmocka_unit_test(a_full_block_takes_no_record),
        cmocka_unit_test(texts_are_cut_between_characters),
        cmocka_unit_test(a_ruleset_says_who_and_why),
        cmocka_unit_test(a_rulesets_texts_stay_inside),
        cmocka_unit_test(damaged_blocks_are_never_left),
        cmocka_unit_test(each_field_is_looked_at),
        cmocka_unit_test(records_stay_aligned),
        cmocka_unit_test(a_record_has_all_its_fields),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
