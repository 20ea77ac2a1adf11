/* SPDX-License-Identifier: Apache-2.0
 *
 * The bounds of the decoder, each from both sides, and what holds for every payload: no allocation after
 * hz_decoder_new (counted by the linker's --wrap), nothing left over from the message before.
 */
#include "decode_case.h"

#include "json_priv.h"

#include "hz_hash.h"
#include "hz_limits.h"

static unsigned allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);

void *__wrap_malloc(size_t size)
{
    allocations++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    allocations++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    allocations++;
    return __real_realloc(memory, size);
}

/* --- payloads made piece by piece --- */

#define ROOM (HZ_PAYLOAD_BYTES_MAX + 64)
static char *room;
static struct hz_text payload;

static void begin(void)
{
    if (!room)
        room = malloc(ROOM);
    payload = hz_text_in(room, ROOM);
}

static void repeat(const char *piece, size_t times)
{
    for (size_t i = 0; i < times; i++)
        hz_text_puts(&payload, piece);
}

static const struct hz_filter_config value = {.format = HZ_PAYLOAD_VALUE, .value = "v"};
static const struct hz_filter_config map = {
    .format = HZ_PAYLOAD_MAP, .values = "m", .value = "v", .errors = "e"};
static const struct hz_filter_config array = {
    .format = HZ_PAYLOAD_ARRAY, .value = "v", .name = "n", .stamp = "t"};

static struct hz_decoder *decoder;
static const struct hz_sample *samples;
static uint32_t count;

/* The verdict on the message; of the sample when it is the only one. */
static enum hz_verdict decode(void)
{
    unsigned before = allocations;

    assert_false(payload.overflow);
    samples = NULL;
    count = 0;
    enum hz_verdict verdict = hz_decode(decoder, payload.at, payload.length, &samples, &count);
    assert_int_equal(allocations, before);
    assert_true((verdict == HZ_VERDICT_OK) == (count > 0));
    return count == 1 ? (enum hz_verdict)samples[0].verdict : verdict;
}

static void with(const struct hz_filter_config *mapping)
{
    hz_decoder_free(decoder);
    unsigned before = allocations;
    decoder = decode_case_decoder(mapping);
    assert_true(allocations > before); /* they are seen */
}

static int done(void **state)
{
    (void)state;
    hz_decoder_free(decoder);
    decoder = NULL;
    return 0;
}

/* --- bounds --- */

static void nest(const char *opening, const char *closing, unsigned depth)
{
    begin();
    hz_text_puts(&payload, "{\"v\":1,\"x\":");
    repeat(opening, depth);
    hz_text_puts(&payload, "0");
    repeat(closing, depth);
    hz_text_puts(&payload, "}");
}

static void depth(void **state)
{
    (void)state;
    with(&value);
    nest("[", "]", HZ_JSON_DEPTH_MAX - 1);
    assert_int_equal(decode(), HZ_VERDICT_OK);
    nest("[", "]", HZ_JSON_DEPTH_MAX);
    assert_int_equal(decode(), HZ_VERDICT_TOO_DEEP);
    nest("{\"a\":", "}", HZ_JSON_DEPTH_MAX - 1);
    assert_int_equal(decode(), HZ_VERDICT_OK);
    nest("{\"a\":", "}", HZ_JSON_DEPTH_MAX);
    assert_int_equal(decode(), HZ_VERDICT_TOO_DEEP);
    begin();
    repeat("[", HZ_PAYLOAD_BYTES_MAX);
    assert_int_equal(decode(), HZ_VERDICT_TOO_DEEP);
    begin(); /* many, one after the other */
    hz_text_puts(&payload, "{\"v\":1,\"x\":[");
    repeat("[[[]]],{\"a\":{}},", 1000);
    hz_text_puts(&payload, "0]}");
    assert_int_equal(decode(), HZ_VERDICT_OK);
}

static void members(const char *before, const char *format, unsigned first, unsigned end)
{
    hz_text_puts(&payload, before);
    for (unsigned i = first; i < end; i++) {
        hz_text_puts(&payload, i > first ? "," : "");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        hz_text_format(&payload, format, i);
#pragma GCC diagnostic pop
    }
}

static void readings(void **state)
{
    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        unsigned many = HZ_PAYLOAD_READINGS_MAX + more;
        enum hz_verdict wanted = more ? HZ_VERDICT_TOO_MANY : HZ_VERDICT_OK;

        with(&map);
        begin();
        members("{\"m\":{", "\"point%u\":1", 0, many);
        hz_text_puts(&payload, "}}");
        assert_int_equal(decode(), wanted);
        assert_int_equal(count, more ? 0 : many);
        begin();
        members("{\"m\":{", "\"point%u\":{\"v\":1,\"q\":0}", 0, many / 2);
        members("},\"e\":{", "\"point%u\":1", many / 2, many);
        hz_text_puts(&payload, "}}");
        assert_int_equal(decode(), wanted);
        assert_int_equal(count, more ? 0 : many);
        begin();
        members("[", "{\"m\":{\"point%u\":1}}", 0, many);
        hz_text_puts(&payload, "]");
        assert_int_equal(decode(), wanted);
        begin();
        members("[", "{\"m\":%u}", 0, many); /* those that are bad count too */
        hz_text_puts(&payload, "]");
        assert_int_equal(decode(), wanted);
        with(&array);
        begin();
        members("[", "{\"n\":%u,\"v\":1.5,\"t\":1763900000}", 0, many);
        hz_text_puts(&payload, "]");
        assert_int_equal(decode(), wanted);
        assert_int_equal(count, more ? 0 : many);
    }
}

static void values_and_error_codes_of_the_same_many(void **state)
{
    enum { MANY = HZ_PAYLOAD_READINGS_MAX / 2 };

    (void)state;
    with(&map);
    begin();
    members("{\"m\":{", "\"point%u\":1", 0, MANY);
    members("},\"e\":{", "\"point%u\":1", 0, MANY);
    hz_text_puts(&payload, "}}");
    assert_int_equal(decode(), HZ_VERDICT_OK);
    assert_int_equal(count, MANY);
    for (unsigned i = 0; i < MANY; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "point%u", i);
        assert_true(hz_slice_is(samples[i].name, name));
        assert_int_equal(samples[i].quality, HZ_QUALITY_BAD);
        assert_int_equal(samples[i].kind, HZ_VALUE_I64);
    }
}

/* One key more than there may be, and one twice, wherever the two stand. */
static void keys_of_an_object_that_nobody_asked_for(void **state)
{
    static const unsigned twins[][2] = {{0, 1},       {0, 7},     {6, 7},     {7, 8},
                                        {0, 8},       {8, 9},     {0, 9},     {3, 16000},
                                        {8000, 8001}, {9, 16379}, {0, 16379}, {16378, 16379}};

    (void)state;
    with(&value);
    for (unsigned more = 0; more < 2; more++) {
        begin();
        members("{\"v\":1,\"x\":{", "\"%u\":{}", 0, DECODE_KEYS_MAX - 2 + more); /* and v, and x */
        hz_text_puts(&payload, "}}");
        assert_int_equal(decode(), more ? HZ_VERDICT_TOO_MANY : HZ_VERDICT_OK);
    }
    for (size_t i = 0; i < sizeof(twins) / sizeof(twins[0]); i++) {
        begin();
        members("{\"v\":1,\"x\":{", "\"%u\":{\"a\":0,\"b\":[]}", 0, twins[i][1]);
        hz_text_format(&payload, ",\"%u\":0}}", twins[i][0]);
        assert_int_equal(decode(), HZ_VERDICT_DUPLICATE_KEY);
    }
}

static void the_same_keys_in_objects_within_each_other(void **state)
{
    (void)state;
    with(&value);
    begin();
    hz_text_puts(&payload, "{\"v\":1,");
    for (unsigned i = 0; i < HZ_JSON_DEPTH_MAX - 1; i++)
        members("\"x\":{", "\"key%u\":0", 0, 500), hz_text_puts(&payload, ",");
    hz_text_puts(&payload, "\"last\":0");
    repeat("}", HZ_JSON_DEPTH_MAX);
    assert_int_equal(decode(), HZ_VERDICT_OK);
}

/* Keys made to stand in the same place of the table cost no more than a bound. */
static void keys_that_collide(void **state)
{
    enum { PLACES = 2 * DECODE_KEYS_MAX, PROBES = 512 };

    (void)state;
    with(&value);
    begin();
    hz_text_puts(&payload, "{");
    unsigned found = 0;
    for (unsigned i = 0; found <= PROBES; i++) {
        char key[16];
        int length = snprintf(key, sizeof(key), "%u", i);
        if (hz_hash(key, (size_t)length) % PLACES != 77)
            continue;
        found++;
        if (found == PROBES + 1) { /* until here it was well */
            size_t before = payload.length;
            hz_text_puts(&payload, "\"v\":1}");
            assert_int_equal(decode(), HZ_VERDICT_OK);
            payload.length = before;
        }
        hz_text_format(&payload, "\"%s\":0,", key);
    }
    hz_text_puts(&payload, "\"v\":1}");
    assert_int_equal(decode(), HZ_VERDICT_TOO_MANY);
    begin();
    hz_text_puts(&payload, "{\"v\":1}");
    assert_int_equal(decode(), HZ_VERDICT_OK);
}

static void names_and_texts(void **state)
{
    static const char *const pieces[] = {"n", "\xe6\xb6\xb2", "\\u6db2", "\\n"};
    static const size_t bytes[] = {1, 3, 3, 1};

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t more = 0; more < 2; more++) {
            size_t times = HZ_NAME_BYTES_MAX / bytes[i] + more;
            enum hz_verdict wanted = more ? HZ_VERDICT_TOO_LONG : HZ_VERDICT_OK;

            with(&map);
            begin();
            hz_text_puts(&payload, "{\"m\":{\"");
            repeat(pieces[i], times);
            hz_text_puts(&payload, "\":1}}");
            assert_int_equal(decode(), wanted);
            assert_int_equal(samples[0].name.length, times * bytes[i]);
            with(&value);
            begin();
            hz_text_puts(&payload, "{\"v\":\"");
            repeat(pieces[i], times);
            hz_text_puts(&payload, "\"}");
            assert_int_equal(decode(), wanted);
        }
    }
    begin();
    hz_text_puts(&payload, "{\"v\":1,\"");
    repeat("long ignored key ", 10000);
    hz_text_puts(&payload, "\":\"");
    repeat("\\u6db2\\ud83d\\ude00 long ignored text ", 10000);
    hz_text_puts(&payload, "\"}");
    assert_int_equal(decode(), HZ_VERDICT_OK);
}

static void the_payload(void **state)
{
    (void)state;
    with(&value);
    begin(); /* as many escapes as fit */
    hz_text_puts(&payload, "{\"v\":\"");
    repeat("\\n", (HZ_PAYLOAD_BYTES_MAX - 8) / 2);
    hz_text_puts(&payload, "\"}");
    assert_int_equal(payload.length, HZ_PAYLOAD_BYTES_MAX);
    assert_int_equal(decode(), HZ_VERDICT_TOO_LONG);
    hz_text_puts(&payload, " ");
    assert_int_equal(decode(), HZ_VERDICT_OVERSIZE);
    begin();
    hz_text_puts(&payload, "{\"v\":1,\"x\":");
    repeat("9", 100000);
    hz_text_puts(&payload, "}");
    assert_int_equal(decode(), HZ_VERDICT_OK);
    begin();
    repeat(" ", HZ_PAYLOAD_BYTES_MAX);
    assert_int_equal(decode(), HZ_VERDICT_EMPTY);
}

/* A message that broke off in the middle of objects leaves no keys behind. */
static void a_broken_message_leaves_nothing(void **state)
{
    (void)state;
    with(&map);
    for (unsigned cut = 0; cut < 4; cut++) {
        begin();
        members("{\"m\":{", "\"k%u\":{\"v\":1}", 0, 5u << 3 * cut);
        assert_int_equal(decode(), HZ_VERDICT_BROKEN);
        hz_text_puts(&payload, "}}");
        assert_int_equal(decode(), HZ_VERDICT_OK);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(samples[i].verdict, HZ_VERDICT_OK);
    }
}

/* Samples borrow from the payload, or where they were escaped from the decoder: not from each other. */
static void names_lie_in_the_payload_unless_they_were_escaped(void **state)
{
    (void)state;
    with(&map);
    begin();
    hz_text_puts(&payload, "{\"m\":{\"plain\":\"text\",\"\\u0061\\u0062\":\"\\u0063\"}}");
    assert_int_equal(decode(), HZ_VERDICT_OK);
    assert_int_equal(count, 2);
    assert_ptr_equal(samples[0].name.at, payload.at + 7);
    assert_ptr_equal(samples[0].text.at, payload.at + 15);
    assert_true(samples[1].name.at < payload.at || samples[1].name.at >= payload.at + ROOM);
    assert_true(hz_slice_is(samples[1].name, "ab"));
    assert_true(hz_slice_is(samples[1].text, "c"));
}

int main(void)
{
#define T(name) cmocka_unit_test_teardown(name, done)
    const struct CMUnitTest tests[] = {
        T(depth),
        T(readings),
        T(values_and_error_codes_of_the_same_many),
        T(keys_of_an_object_that_nobody_asked_for),
        T(the_same_keys_in_objects_within_each_other),
        T(keys_that_collide),
        T(names_and_texts),
        T(the_payload),
        T(a_broken_message_leaves_nothing),
        T(names_lie_in_the_payload_unless_they_were_escaped),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(room);
    return failed;
}
