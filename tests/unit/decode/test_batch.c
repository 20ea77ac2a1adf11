/* SPDX-License-Identifier: Apache-2.0
 *
 * Formats MAP and ARRAY by table: which readings come out, and how far a fault reaches: the element, the
 * packet, the message.
 */
#include "decode_case.h"

/* ThingsBoard, with a stamp: {"ts":..,"values":{..}}, or a list of these. */
static const struct hz_filter_config thingsboard = {
    .format = HZ_PAYLOAD_MAP, .values = "values", .value = "v", .stamp = "ts", .quality = "q"};

static void a_map(void **state)
{
    static const struct decode_case cases[] = {
        {"{\"ts\":1451649600512,\"values\":{\"a\":22.5,\"b\":61}}",
         "a=22.5@1451649600512 b=i61@1451649600512", 0},
        {"{\"values\":{\"a\":22.5,\"b\":61},\"ts\":1451649600512}",
         "a=22.5@1451649600512 b=i61@1451649600512", 0},
        {"{\"values\":{\"a\":22.5}}", "a=22.5", 0},
        {"{\"values\":{\"a\":true,\"b\":\"open\",\"c\":null,\"d\":\"\"}}",
         "a=i1 b=\"open\" c=-/bad d=-/bad", 0},
        {"{\"x\":[{\"values\":{\"z\":1}}],\"values\":{\"a\":1},\"y\":{\"ts\":5}}", "a=i1", 0},
        {"{\"ts\":7,\"values\":{\"a\":{\"v\":1,\"q\":0,\"ts\":8},\"b\":{\"v\":2},\"c\":3}}",
         "a=i1@8000/bad b=i2@7000 c=i3@7000", 0},
        {"{\"q\":\"bad\",\"values\":{\"a\":1,\"b\":{\"v\":2,\"q\":192},\"c\":{\"v\":3,\"q\":null}}"
         "}",
         "a=i1/bad b=i2 c=i3/bad", 0},
        {"{\"values\":{\"a\":1},\"q\":64}", "a=i1/uncertain", 0},
        {"{\"values\":{\"\\u6db2\\u4f4d\":1,\"\xe6\xb8\xa9\":2,\"a\\\"b\":3,\"\\ud83d\\ude00\":4}}",
         "\xe6\xb6\xb2\xe4\xbd\x8d=i1 \xe6\xb8\xa9=i2 a\"b=i3 \xf0\x9f\x98\x80=i4", 0},
        {"{\"values\":{\"ts\":5,\"values\":6,\"v\":7,\"q\":8}}", "ts=i5 values=i6 v=i7 q=i8", 0},
    };

    (void)state;
    DECODE_CASES(thingsboard, cases);
}

static void one_bad_element_harms_no_other(void **state)
{
    static const struct decode_case cases[] = {
        {"{\"values\":{\"a\":NaN,\"b\":1e999,\"c\":-inf,\"d\":1}}",
         "a!not-finite b!not-finite c!not-finite d=i1", 0},
        {"{\"values\":{\"a\":[1],\"b\":{},\"c\":{\"v\":{}},\"d\":1}}",
         "a!wrong-type b!missing c!wrong-type d=i1", 0},
        {"{\"values\":{\"a\":{\"v\":1,\"ts\":-5},\"b\":{\"v\":2,\"ts\":{}},\"c\":{\"v\":3,\"q\":[]}"
         ","
         "\"d\":4}}",
         "a!bad-stamp b!wrong-type c!wrong-type d=i4", 0},
        {"{\"values\":{\"a\":{\"v\":1,\"v\":2},\"b\":{\"v\":1,\"x\":{\"y\":1,\"y\":2}},\"d\":4}}",
         "a!duplicate-key b!duplicate-key d=i4", 0},
        {"{\"values\":{\"a\":1,\"b\":2,\"a\":3,\"\\u0061\":4}}",
         "a!duplicate-key b=i2 a!duplicate-key a!duplicate-key", 0},
        {"{\"values\":{\"a\":[{\"x\":1,\"x\":2}],\"b\":2}}", "a!duplicate-key b=i2", 0},
        {"{\"values\":{\"\":1,\"b\":2}}", "!missing b=i2", 0},
        {"{\"values\":{\"a\":\"\\ud800\",\"b\":2}}", "a!bad-text b=i2", 0},
        {"{\"values\":{\"a\":\"\\u0000\",\"b\":2}}", "a!bad-text b=i2", 0},
        {"{\"ts\":\"never\",\"values\":{\"a\":1,\"b\":{\"v\":2,\"ts\":8}}}",
         "a!bad-stamp b=i2@8000", 0},
        {"{\"q\":{},\"values\":{\"a\":1,\"b\":{\"v\":2,\"q\":192}}}", "a!wrong-type b=i2", 0},
    };

    (void)state;
    DECODE_CASES(thingsboard, cases);
}

/* What has no text to show. */
static void a_name_that_is_no_text(void **state)
{
    struct hz_decoder *decoder = decode_case_decoder(&thingsboard);
    static const char payload[] = "{\"values\":{\"a\\u0000\":1,\"\\udc00\":2,\"a\":3}}";
    const struct hz_sample *samples;
    uint32_t count;

    (void)state;
    assert_int_equal(hz_decode(decoder, payload, strlen(payload), &samples, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(samples[0].verdict, HZ_VERDICT_BAD_TEXT);
    assert_int_equal(samples[1].verdict, HZ_VERDICT_BAD_TEXT);
    assert_int_equal(samples[2].verdict, HZ_VERDICT_OK);
    hz_decoder_free(decoder);
}

static void a_packet_can_only_be_refused_as_a_whole(void **state)
{
    static const struct decode_case cases[] = {
        {"{\"ts\":7,\"ts\":8,\"values\":{\"a\":1}}", "refused: duplicate-key", 0},
        {"{\"values\":{\"a\":1},\"values\":{\"b\":1}}", "refused: duplicate-key", 0},
        {"{\"values\":{\"a\":1},\"meta\":{\"x\":1,\"x\":2}}", "refused: duplicate-key", 0},
        {"{\"values\":[]}", "refused: wrong-type", 0},
        {"{\"values\":7}", "refused: wrong-type", 0},
        {"{\"values\":null}", "refused: missing", 0},
        {"{\"ts\":7}", "refused: missing", 0},
        {"{}", "refused: missing", 0},
        {"{\"values\":{}}", "refused: empty", 0},
        {"7", "refused: wrong-type", 0},
        {"\"a\"", "refused: wrong-type", 0},
        {"", "refused: empty", 0},
        {"{\"values\":{\"a\":1}", "refused: broken", 0},
        {"{\"values\":{\"a\":1,}}", "refused: broken", 0},
        {"{\"values\":{\"a\":1}}]", "refused: broken", 0},
        {"{\"values\":{\"a\":1,\"\xff\":2}}", "refused: bad-text", 0},
    };

    (void)state;
    DECODE_CASES(thingsboard, cases);
}

static void a_list_of_packets(void **state)
{
    static const struct decode_case cases[] = {
        {"[{\"ts\":1,\"values\":{\"a\":1,\"b\":2}},{\"values\":{\"a\":3},\"ts\":2}]",
         "a=i1@1000 b=i2@1000 a=i3@2000", 0},
        {"[{\"ts\":1,\"values\":{\"a\":1}},{\"ts\":1,\"ts\":2,\"values\":{\"a\":2,\"b\":2}},"
         "{\"ts\":3,\"values\":{\"a\":3}}]",
         "a=i1@1000 !duplicate-key a=i3@3000", 0},
        {"[{\"values\":{\"a\":1}},7,{\"ts\":7},{\"values\":9},[{\"x\":1,\"x\":1}],"
         "{\"values\":{\"a\":2}}]",
         "a=i1 !wrong-type !missing !wrong-type !duplicate-key a=i2", 0},
        {"[{\"values\":{}},{\"values\":{\"a\":1}}]", "a=i1", 0},
        {"[{\"values\":{}}]", "refused: empty", 0},
        {"[]", "refused: empty", 0},
        {"[{\"values\":{\"a\":1}},]", "refused: broken", 0},
        {"[{\"values\":{\"a\":1}}", "refused: broken", 0},
    };

    (void)state;
    DECODE_CASES(thingsboard, cases);
}

/* The payload itself is the map: its stamp stands among the names. */
static void a_bare_map(void **state)
{
    static const struct hz_filter_config mapping = {
        .format = HZ_PAYLOAD_MAP, .values = "", .value = "v", .stamp = "ts", .quality = "meta.q"};
    static const struct decode_case cases[] = {
        {"{\"a\":1,\"b\":2}", "a=i1 b=i2", 0},
        {"{\"a\":1,\"ts\":1763900000,\"b\":2}", "a=i1@1763900000000 b=i2@1763900000000", 0},
        {"{\"a\":1,\"meta\":{\"q\":0,\"x\":[]}}", "a=i1/bad", 0},
        {"{\"a\":1,\"meta\":7}", "a=i1", 0},
        {"{\"a\":1,\"ts\":1,\"ts\":1}", "refused: duplicate-key", 0},
        {"[{\"a\":1},{\"a\":2}]", "a=i1 a=i2", 0},
        {"{\"ts\":1}", "refused: empty", 0},
        {"{}", "refused: empty", 0},
    };
    static const struct hz_filter_config stamp_inside = {
        .format = HZ_PAYLOAD_MAP, .values = "data", .stamp = "data.ts"};
    static const struct decode_case inside[] = {
        {"{\"data\":{\"a\":1,\"ts\":5,\"b\":2}}", "a=i1@5000 b=i2@5000", 0},
        {"{\"data\":{\"a\":1},\"ts\":5}", "a=i1", 0},
    };

    (void)state;
    DECODE_CASES(mapping, cases);
    DECODE_CASES(stamp_inside, inside);
}

static void error_codes(void **state)
{
    static const struct hz_filter_config neuron = {
        .format = HZ_PAYLOAD_MAP, .values = "values", .stamp = "timestamp", .errors = "errors"};
    static const struct decode_case cases[] = {
        {"{\"timestamp\":1650006388943,\"node\":\"modbus\",\"group\":\"grp\",\"values\":{\"tag0\":"
         "123},"
         "\"errors\":{\"tag1\":2014},\"metas\":{}}",
         "tag0=i123@1650006388943 tag1=-@1650006388943/bad", 0},
        {"{\"errors\":{\"tag1\":2014},\"values\":{\"tag0\":1.5},\"timestamp\":1650006388943}",
         "tag1=-@1650006388943/bad tag0=1.5@1650006388943", 0},
        {"{\"values\":{},\"errors\":{\"a\":3002}}", "a=-/bad", 0},
        {"{\"errors\":{\"a\":3002}}", "a=-/bad", 0},
        {"{\"values\":{\"a\":1},\"errors\":{}}", "a=i1", 0},
        {"{\"values\":{\"a\":1},\"errors\":null}", "a=i1", 0},
        {"{\"values\":{\"a\":1,\"b\":2,\"c\":3},\"errors\":{\"b\":1,\"d\":2,\"\\u0063\":3}}",
         "a=i1 b=i2/bad c=i3/bad d=-/bad", 0},
        {"{\"errors\":{\"b\":1,\"d\":2,\"a\":3},\"values\":{\"a\":1,\"b\":2,\"c\":3}}",
         "d=-/bad a=i1/bad b=i2/bad c=i3", 0},
        {"{\"values\":{\"a\":1},\"errors\":{\"a\":0,\"b\":0,\"c\":null,\"d\":false,\"e\":\"\"}}",
         "a=i1", 0},
        {"{\"values\":{\"a\":1},\"errors\":{\"a\":\"timeout\",\"b\":{\"code\":1}}}",
         "a=i1/bad b=-/bad", 0},
        {"{\"values\":{\"a\":NaN},\"errors\":{\"a\":1}}", "a!not-finite a=-/bad", 0},
        {"{\"values\":{\"a\":1},\"errors\":{\"b\":1,\"b\":0}}",
         "a=i1 b!duplicate-key b!duplicate-key", 0},
        {"{\"values\":{\"a\":1},\"errors\":{\"b\":0,\"b\":0,\"c\":1}}",
         "a=i1 b!duplicate-key c=-/bad", 0},
        {"{\"values\":{\"a\":1},\"errors\":{\"b\":{\"x\":1,\"x\":2}}}", "a=i1 b!duplicate-key", 0},
        {"{\"values\":{\"a\":1},\"errors\":7}", "refused: wrong-type", 0},
        {"{\"values\":{\"a\":1},\"errors\":{\"b\":1},\"errors\":{\"c\":1}}",
         "refused: duplicate-key", 0},
        {"{\"errors\":{\"a\":0}}", "refused: missing", 0},
        {"[{\"values\":{\"a\":1},\"errors\":{\"b\":1}},{\"values\":{\"b\":1},\"errors\":{\"a\":1}}"
         "]",
         "a=i1 b=-/bad b=i1 a=-/bad", 0},
    };
    static const struct hz_filter_config among = {
        .format = HZ_PAYLOAD_MAP, .values = "", .errors = "errors"};
    static const struct decode_case inside[] = {
        {"{\"a\":1,\"errors\":{\"b\":2,\"c\":3},\"b\":4}", "a=i1 c=-/bad b=i4/bad", 0}};

    (void)state;
    DECODE_CASES(neuron, cases);
    DECODE_CASES(among, inside);
}

static const struct hz_filter_config array = {.format = HZ_PAYLOAD_ARRAY,
                                              .values = "",
                                              .name = "name",
                                              .value = "v",
                                              .stamp = "ts",
                                              .quality = "q",
                                              .errors = "error"};

static void a_list(void **state)
{
    static const struct decode_case cases[] = {
        {"[{\"name\":\"a\",\"ts\":1763900000123,\"v\":1},{\"v\":2.5,\"name\":\"b\"}]",
         "a=i1@1763900000123 b=2.5", 0},
        {"[{\"name\":\"a\",\"v\":1,\"q\":0},{\"name\":\"b\",\"v\":1,\"q\":\"good\"}]",
         "a=i1/bad b=i1", 0},
        {"[{\"name\":\"a\",\"v\":1},{\"name\":\"a\",\"v\":2}]", "a=i1 a=i2", 0},
        {"[{\"name\":17,\"v\":1},{\"name\":-3,\"v\":1}]", "17=i1 -3=i1", 0},
        {"[{\"name\":\"a\",\"error\":2014},{\"name\":\"b\",\"v\":1,\"error\":0},"
         "{\"name\":\"c\",\"v\":1,\"error\":\"x\"}]",
         "a=-/bad b=i1 c=i1/bad", 0},
        {"[{\"name\":\"a\",\"v\":1,\"x\":{\"name\":\"z\",\"v\":9}}]", "a=i1", 0},
        {"[{\"v\":1},{\"name\":null,\"v\":1},{\"name\":\"\",\"v\":1},{\"name\":\"d\",\"v\":1}]",
         "!missing !missing !missing d=i1", 0},
        {"[{\"name\":1.5,\"v\":1},{\"name\":true,\"v\":1},{\"name\":[],\"v\":1},"
         "{\"name\":\"d\",\"v\":1}]",
         "!wrong-type !wrong-type !wrong-type d=i1", 0},
        {"[7,null,[],\"a\",{\"name\":\"d\",\"v\":1}]",
         "!wrong-type !wrong-type !wrong-type !wrong-type d=i1", 0},
        {"[{\"name\":\"a\"},{\"name\":\"b\",\"v\":{}},{\"name\":\"c\",\"v\":NaN},"
         "{\"name\":\"d\",\"v\":1,\"ts\":\"x\"},{\"name\":\"e\",\"v\":1,\"v\":1},"
         "{\"name\":\"f\",\"v\":1}]",
         "a!missing b!wrong-type c!not-finite d!bad-stamp e!duplicate-key f=i1", 0},
        {"[[{\"y\":1,\"y\":1}],{\"name\":\"f\",\"v\":1}]", "!duplicate-key f=i1", 0},
        {"[{\"name\":\"a\",\"v\":1,\"x\":{\"y\":1,\"y\":1}},{\"name\":\"f\",\"v\":1}]",
         "a!duplicate-key f=i1", 0},
        {"[]", "refused: empty", 0},
        {"{\"name\":\"a\",\"v\":1}", "refused: wrong-type", 0},
        {"7", "refused: wrong-type", 0},
        {"[{\"name\":\"a\",\"v\":1}", "refused: broken", 0},
        {"[{\"name\":\"a\",\"v\":1}]]", "refused: broken", 0},
        {"[{\"name\":\"a\",\"v\":1},{\"name\":\"\xff\"}]", "refused: bad-text", 0},
    };
    struct hz_filter_config nameless = array;
    static const struct decode_case without[] = {
        {"[{\"ts\":1,\"v\":1},{\"ts\":2,\"v\":2,\"name\":\"b\"}]", "=i1@1000 =i2@2000", 0}};

    (void)state;
    DECODE_CASES(array, cases);
    nameless.name = "";
    DECODE_CASES(nameless, without);
}

static void a_list_in_a_packet(void **state)
{
    static const struct hz_filter_config mapping = {.format = HZ_PAYLOAD_ARRAY,
                                                    .values = "d.tags",
                                                    .name = "id.code",
                                                    .value = "value",
                                                    .stamp = "ts",
                                                    .quality = "q"};
    static const struct decode_case cases[] = {
        {"{\"ts\":5,\"d\":{\"tags\":[{\"id\":{\"code\":\"a\"},\"value\":1},"
         "{\"id\":{\"code\":\"b\"},\"value\":2,\"ts\":6}]}}",
         "a=i1@5000 b=i2@6000", 0},
        {"{\"d\":{\"tags\":[{\"id\":{\"code\":\"a\"},\"value\":1}]},\"q\":\"bad\",\"ts\":5}",
         "a=i1@5000/bad", 0},
        {"{\"d\":{\"tags\":{}}}", "refused: wrong-type", 0},
        {"{\"d\":{\"tags\":null}}", "refused: missing", 0},
        {"{\"d\":{}}", "refused: missing", 0},
        {"{\"d\":{\"tags\":[]}}", "refused: empty", 0},
        {"{\"d\":{\"tags\":[7]}}", "!wrong-type", 0},
        {"{\"d\":{\"tags\":[7,{\"id\":{\"code\":\"a\"},\"value\":1}]}}", "!wrong-type a=i1", 0},
        {"[{\"ts\":1,\"d\":{\"tags\":[{\"id\":{\"code\":\"a\"},\"value\":1}]}},{},"
         "{\"ts\":2,\"d\":{\"tags\":[{\"id\":{\"code\":\"a\"},\"value\":2}]}}]",
         "a=i1@1000 !missing a=i2@2000", 0},
    };

    (void)state;
    DECODE_CASES(mapping, cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_map),
        cmocka_unit_test(one_bad_element_harms_no_other),
        cmocka_unit_test(a_name_that_is_no_text),
        cmocka_unit_test(a_packet_can_only_be_refused_as_a_whole),
        cmocka_unit_test(a_list_of_packets),
        cmocka_unit_test(a_bare_map),
        cmocka_unit_test(error_codes),
        cmocka_unit_test(a_list),
        cmocka_unit_test(a_list_in_a_packet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
