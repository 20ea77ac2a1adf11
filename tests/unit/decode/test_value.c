/* SPDX-License-Identifier: Apache-2.0
 *
 * Format VALUE by table: one reading, the point named by the topic. Here too what all formats have in
 * common: JSON itself, values, stamps, qualities.
 */
#include "decode_case.h"

static const struct hz_filter_config plain = {
    .format = HZ_PAYLOAD_VALUE, .value = "v", .stamp = "ts", .quality = "q"};

static void readings(void **state)
{
    static const struct decode_case cases[] = {
        {"{\"ts\":1763900000123,\"v\":12.34}", "=12.34@1763900000123", 0},
        {"{\"v\":12.34,\"ts\":1763900000123}", "=12.34@1763900000123", 0},
        {"{\"v\":12.34}", "=12.34", 0},
        {"{\"v\":1}", "=i1", 0},
        {"{\"v\":12.34,\"q\":0}", "=12.34/bad", 0},
        {"{\"q\":192,\"v\":5,\"ts\":1763900000123}", "=i5@1763900000123", 0},
        {"{ \"v\" : 12.34 }", "=12.34", 0},
        {"\t{\r\n\"v\"\t:12.34}\n", "=12.34", 0},
        {"{\"unit\":\"kPa\",\"v\":-7.5e2,\"x\":{\"v\":9,\"ts\":[1,2,{}]},\"y\":[]}", "=-750", 0},
        {"{\"V\":1,\"v\":2,\"vv\":3}", "=i2", 0},
        {"{\"v\":1e3}", "=1000", 0},
        {"{\"v\":-0}", "=i0", 0},
        {"{\"v\":-0.0}", "=-0", 0},
        {"{\"v\":1.0}", "=1", 0},
        {"{\"v\":9007199254740993}", "=i9007199254740993", 0},
        {"{\"v\":9223372036854775807}", "=i9223372036854775807", 0},
        {"{\"v\":9223372036854775808}", "=9.223372036854776e+18", 0},
        {"{\"v\":1e-400}", "=0", 0},
        {"{\"v\":true}", "=i1", 0},
        {"{\"v\":false}", "=i0", 0},
        {"{\"v\":\"open\"}", "=\"open\"", 0},
        {"{\"v\":\"12.34\"}", "=\"12.34\"", 0},
        {"{\"v\":\"\"}", "=-/bad", 0},
        {"{\"v\":null}", "=-/bad", 0},
        {"{\"v\":null,\"q\":\"good\"}", "=-/bad", 0},
        {"{\"q\":\"bad\"}", "=-/bad", 0},
        {"{\"q\":\"stale\",\"ts\":1763900000123}", "=-@1763900000123/uncertain", 0},
        {"12.34", "=12.34", 0},
        {" 12\n", "=i12", 0},
        {"-1.5e-3", "=-0.0015", 0},
        {"true", "=i1", 0},
        {"\"open\"", "=\"open\"", 0},
        {"null", "=-/bad", 0},
    };

    (void)state;
    DECODE_CASES(plain, cases);
}

static void stamps(void **state)
{
    static const struct decode_case cases[] = {
        {"{\"ts\":1763900000,\"v\":1}", "=i1@1763900000000", 0},
        {"{\"ts\":1763900000.5,\"v\":1}", "=i1@1763900000500", 0},
        {"{\"ts\":1.763900000123e12,\"v\":1}", "=i1@1763900000123", 0},
        {"{\"ts\":\"1763900000123\",\"v\":1}", "=i1@1763900000123", 0},
        {"{\"ts\":\"2025-11-23T12:13:20.123Z\",\"v\":1}", "=i1@1763900000123", 0},
        {"{\"ts\":\"2025-11-23T20:13:20.123+08:00\",\"v\":1}", "=i1@1763900000123", 0},
        {"{\"ts\":\"2025-11-23 20:13:20\",\"v\":1}", "=i1@1763900000000", 0},
        {"{\"ts\":\"2025-11-23\\u002020:13:20\",\"v\":1}", "=i1@1763900000000", 0},
        {"{\"ts\":null,\"v\":1}", "=i1", 0},
        {"{\"ts\":0,\"v\":1}", "=i1@0", 0},
        {"{\"ts\":\"\",\"v\":1}", "refused: bad-stamp", 0},
        {"{\"ts\":\"yesterday\",\"v\":1}", "refused: bad-stamp", 0},
        {"{\"ts\":-1,\"v\":1}", "refused: bad-stamp", 0},
        {"{\"ts\":7258118400000,\"v\":1}", "refused: bad-stamp", 0},
        {"{\"ts\":9223372036854775807,\"v\":1}", "refused: bad-stamp", 0},
        {"{\"ts\":1e400,\"v\":1}", "refused: bad-stamp", 0},
        {"{\"ts\":NaN,\"v\":1}", "refused: bad-stamp", 0},
        {"{\"ts\":\"2025-02-29 00:00:00\",\"v\":1}", "refused: bad-stamp", 0},
        {"{\"ts\":true,\"v\":1}", "refused: wrong-type", 0},
        {"{\"ts\":[1763900000123],\"v\":1}", "refused: wrong-type", 0},
        {"{\"ts\":{},\"v\":1}", "refused: wrong-type", 0},
    };
    static const struct decode_case in_s[] = {
        {"{\"ts\":1763900000,\"v\":1}", "=i1@1763900000000", 0},
        {"{\"ts\":1763900000.25,\"v\":1}", "=i1@1763900000250", 0},
        {"{\"ts\":1763900000123,\"v\":1}", "refused: bad-stamp", 0},
    };
    static const struct decode_case in_ms[] = {
        {"{\"ts\":1763900000,\"v\":1}", "=i1@1763900000", 0},
        {"{\"ts\":7258118399999,\"v\":1}", "=i1@7258118399999", 0},
        {"{\"ts\":7258118400000,\"v\":1}", "refused: bad-stamp", 0},
    };
    static const struct decode_case in_text[] = {
        {"{\"ts\":\"2025-11-23 20:13:20\",\"v\":1}", "=i1@1763900000000", 0},
        {"{\"ts\":1763900000123,\"v\":1}", "refused: wrong-type", 0},
        {"{\"ts\":\"1763900000123\",\"v\":1}", "refused: bad-stamp", 0},
    };
    struct hz_filter_config mapping = plain;

    (void)state;
    DECODE_CASES(plain, cases);
    mapping.stamp_unit = HZ_STAMP_S;
    DECODE_CASES(mapping, in_s);
    mapping.stamp_unit = HZ_STAMP_MS;
    DECODE_CASES(mapping, in_ms);
    mapping.stamp_unit = HZ_STAMP_TEXT;
    DECODE_CASES(mapping, in_text);
}

static void qualities(void **state)
{
    static const struct decode_case cases[] = {
        {"{\"v\":1,\"q\":192}", "=i1", 0},
        {"{\"v\":1,\"q\":216}", "=i1", 0},
        {"{\"v\":1,\"q\":255}", "=i1", 0},
        {"{\"v\":1,\"q\":191}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":128}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":64}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":63}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":0}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":1}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":256}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":500}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":1073741824}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":2147483648}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":4294967295}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":4294967488}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":-1}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":192.0}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":1e400}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":\"good\"}", "=i1", 0},
        {"{\"v\":1,\"q\":\"GOOD\"}", "=i1", 0},
        {"{\"v\":1,\"q\":\"Ok\"}", "=i1", 0},
        {"{\"v\":1,\"q\":\"valid\"}", "=i1", 0},
        {"{\"v\":1,\"q\":\"GoodClamped\"}", "=i1", 0},
        {"{\"v\":1,\"q\":\"Good_LocalOverride\"}", "=i1", 0},
        {"{\"v\":1,\"q\":\"goodbye\"}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":\"Goodbye\"}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":\"bad\"}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":\"BadSensorFailure\"}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":\"error\"}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":\"invalid\"}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":\"uncertain\"}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":\"questionable\"}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":\"192\"}", "=i1", 0},
        {"{\"v\":1,\"q\":\"0\"}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":\"192 \"}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":\"\"}", "=i1/uncertain", 0},
        {"{\"v\":1,\"q\":\"\\u0067ood\"}", "=i1", 0},
        {"{\"v\":1,\"q\":true}", "=i1", 0},
        {"{\"v\":1,\"q\":false}", "=i1/bad", 0},
        {"{\"v\":1,\"q\":null}", "=i1", 0},
        {"{\"v\":1,\"q\":{}}", "refused: wrong-type", 0},
        {"{\"v\":1,\"q\":[192]}", "refused: wrong-type", 0},
    };

    (void)state;
    DECODE_CASES(plain, cases);
}

static void what_is_not_taken(void **state)
{
    static const struct decode_case cases[] = {
        {"", "refused: empty", 0},
        {" \n", "refused: empty", 0},
        {"{}", "refused: missing", 0},
        {"{\"ts\":1763900000123}", "refused: missing", 0},
        {"{\"q\":192}", "refused: missing", 0},
        {"{\"x\":{\"v\":1}}", "refused: missing", 0},
        {"{\"v\":{}}", "refused: wrong-type", 0},
        {"{\"v\":[1]}", "refused: wrong-type", 0},
        {"[1]", "refused: wrong-type", 0},
        {"[{\"v\":1}]", "refused: wrong-type", 0},
        {"{\"v\":NaN}", "refused: not-finite", 0},
        {"{\"v\":nan}", "refused: not-finite", 0},
        {"{\"v\":-nan}", "refused: not-finite", 0},
        {"{\"v\":Infinity}", "refused: not-finite", 0},
        {"{\"v\":-Infinity}", "refused: not-finite", 0},
        {"{\"v\":inf}", "refused: not-finite", 0},
        {"{\"v\":1e400}", "refused: not-finite", 0},
        {"{\"v\":-1e400}", "refused: not-finite", 0},
        {"NaN", "refused: not-finite", 0},
        {"{\"v\":99999999999999999999999999999999999999999999999999999999999999999}",
         "refused: not-finite", 0},
        {"{\"v\":1,\"v\":2}", "refused: duplicate-key", 0},
        {"{\"v\":1,\"v\":1}", "refused: duplicate-key", 0},
        {"{\"v\":1,\"\\u0076\":2}", "refused: duplicate-key", 0},
        {"{\"v\":1,\"ts\":1,\"ts\":2}", "refused: duplicate-key", 0},
        {"{\"v\":1,\"x\":{\"a\":1,\"b\":2,\"a\":3}}", "refused: duplicate-key", 0},
        {"{\"v\":1,\"x\":[{\"\":1,\"\":2}]}", "refused: duplicate-key", 0},
        {"{\"v\":1,\"x\":{\"a\":1},\"y\":{\"a\":1}}", "=i1", 0},
        {"{\"v\":1,\"\\ud800\":1,\"\\ud800\":2}", "refused: duplicate-key", 0},
        {"{\"v\":1,\"\\ud800\":1,\"\\ud801\":2}", "=i1", 0},
        {"{\"v\":\"a\\u0000b\"}", "refused: bad-text", 0},
        {"{\"v\":\"\\ud800\"}", "refused: bad-text", 0},
        {"{\"v\":\"\\udc00\"}", "refused: bad-text", 0},
        {"{\"v\":\"\\ud800\\u0041\"}", "refused: bad-text", 0},
        {"{\"v\":\"\xff\"}", "refused: bad-text", 0},
        {"{\"v\":\"\xc0\x80\"}", "refused: bad-text", 0},
        {"{\"v\":\"\xed\xa0\x80\"}", "refused: bad-text", 0},
        {"{\"v\":\"\xf4\x90\x80\x80\"}", "refused: bad-text", 0},
        {"{\"v\":1,\"x\":\"\xe6\xb6\"}", "refused: bad-text", 0},
        {"{\"v\":1,\"x\xff\":2}", "refused: bad-text", 0},
        {"{\"v\":\"a\0b\"}", "refused: bad-text", 11},
    };

    (void)state;
    DECODE_CASES(plain, cases);
}

static void what_is_no_json(void **state)
{
    static const struct decode_case cases[] = {
        {"{", "refused: broken", 0},
        {"}", "refused: broken", 0},
        {"{\"v\"", "refused: broken", 0},
        {"{\"v\":", "refused: broken", 0},
        {"{\"v\":}", "refused: broken", 0},
        {"{\"v\":1", "refused: broken", 0},
        {"{\"v\":1,", "refused: broken", 0},
        {"{\"v\":1,}", "refused: broken", 0},
        {"{,\"v\":1}", "refused: broken", 0},
        {"{\"v\":1 \"q\":2}", "refused: broken", 0},
        {"{\"v\" 1}", "refused: broken", 0},
        {"{v:1}", "refused: broken", 0},
        {"{'v':1}", "refused: broken", 0},
        {"{\"v\":1}}", "refused: broken", 0},
        {"{\"v\":1}x", "refused: broken", 0},
        {"{\"v\":1}{\"v\":2}", "refused: broken", 0},
        {"{\"v\":1}\0", "refused: broken", 8},
        {"{\"v\":1]", "refused: broken", 0},
        {"{\"v\":[1,]}", "refused: broken", 0},
        {"{\"v\":[1 2]}", "refused: broken", 0},
        {"{\"v\":[,1]}", "refused: broken", 0},
        {"{\"v\":01}", "refused: broken", 0},
        {"{\"v\":+1}", "refused: broken", 0},
        {"{\"v\":.5}", "refused: broken", 0},
        {"{\"v\":1.}", "refused: broken", 0},
        {"{\"v\":1e}", "refused: broken", 0},
        {"{\"v\":0x10}", "refused: broken", 0},
        {"{\"v\":1_000}", "refused: broken", 0},
        {"{\"v\":1,5}", "refused: broken", 0},
        {"{\"v\":-}", "refused: broken", 0},
        {"{\"v\":True}", "refused: broken", 0},
        {"{\"v\":truex}", "refused: broken", 0},
        {"{\"v\":nul}", "refused: broken", 0},
        {"{\"v\":infinite}", "refused: broken", 0},
        {"{\"v\":\"open}", "refused: broken", 0},
        {"{\"v\":\"\n\"}", "refused: broken", 0},
        {"{\"v\":\"\x1f\"}", "refused: broken", 0},
        {"{\"v\":\"\\x41\"}", "refused: broken", 0},
        {"{\"v\":\"\\u00g1\"}", "refused: broken", 0},
        {"{\"v\":\"\\u00\"}", "refused: broken", 0},
        {"{\"v\":\"\\\"}", "refused: broken", 0},
        {"{\"v\":1}//", "refused: broken", 0},
        {"\xef\xbb\xbf{\"v\":1}", "refused: broken", 0},
        {"ON", "refused: broken", 0},
        {"12.34 5", "refused: broken", 0},
        {"{\"ts\":true,\"v\":1", "refused: broken", 0}, /* before what it means comes what it is */
        {"{\"v\":1,\"v\":2", "refused: broken", 0},
    };

    (void)state;
    DECODE_CASES(plain, cases);
}

static void texts(void **state)
{
    static const struct decode_case cases[] = {
        {"{\"v\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
         "=\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\"", 0},
        {"{\"v\":\"\\u6db2\\u4f4d\"}", "=\"\xe6\xb6\xb2\xe4\xbd\x8d\"", 0},
        {"{\"v\":\"\xe6\xb6\xb2\\u4F4D!\"}", "=\"\xe6\xb6\xb2\xe4\xbd\x8d!\"", 0},
        {"{\"v\":\"\\ud83d\\uDE00\"}", "=\"\xf0\x9f\x98\x80\"", 0},
        {"{\"v\":\"\xf0\x9f\x98\x80\"}", "=\"\xf0\x9f\x98\x80\"", 0},
        {"{\"v\":\"\\u00e9\\u007f\"}", "=\"\xc3\xa9\x7f\"", 0},
        {"{\"v\":\"\\uffff\"}", "=\"\xef\xbf\xbf\"", 0},
        {"{\"v\":\"\\udbff\\udfff\"}", "=\"\xf4\x8f\xbf\xbf\"", 0},
        {"{\"\\u0076\":5}", "=i5", 0},
        {"{\"v\\u0000\":5,\"v\":6}", "=i6", 0},
    };

    (void)state;
    DECODE_CASES(plain, cases);
}

static void paths(void **state)
{
    static const struct hz_filter_config deep = {.format = HZ_PAYLOAD_VALUE,
                                                 .value = "data.pv.value",
                                                 .stamp = "data.time",
                                                 .quality = "data.pv.state",
                                                 .errors = "error"};
    static const struct decode_case cases[] = {
        {"{\"data\":{\"time\":1763900000,\"pv\":{\"value\":3.5,\"state\":\"bad\"}}}",
         "=3.5@1763900000000/bad", 0},
        {"{\"data\":{\"pv\":{\"state\":192,\"x\":1,\"value\":3.5}}}", "=3.5", 0},
        {"{\"value\":1,\"pv\":{\"value\":2},\"data\":{\"value\":3,\"pv\":{\"pv\":{\"value\":5}}}}",
         "refused: missing", 0},
        {"{\"data\":{\"pv\":3.5}}", "refused: missing", 0},
        {"{\"data\":[{\"pv\":{\"value\":3.5}}]}", "refused: missing", 0},
        {"{\"data.pv.value\":3.5}", "refused: missing", 0},
        {"{\"data\":{\"pv\":{\"value\":1}},\"data\":{\"pv\":{\"value\":2}}}",
         "refused: duplicate-key", 0},
        {"{\"data\":{\"pv\":{\"value\":1}},\"error\":0}", "=i1", 0},
        {"{\"data\":{\"pv\":{\"value\":1}},\"error\":null}", "=i1", 0},
        {"{\"data\":{\"pv\":{\"value\":1}},\"error\":3003}", "=i1/bad", 0},
        {"{\"error\":\"timeout\"}", "=-/bad", 0},
        {"{\"error\":\"0\"}", "refused: missing", 0},
        {"{\"error\":false}", "refused: missing", 0},
        {"7", "=i7", 0},
    };
    static const struct hz_filter_config twice = {
        .format = HZ_PAYLOAD_VALUE, .value = "a", .stamp = "a.b", .quality = "a"};
    static const struct decode_case overlapping[] = {
        {"{\"a\":192}", "=i192", 0},
        {"{\"a\":{\"b\":1763900000123}}", "refused: wrong-type", 0},
    };
    static const struct hz_filter_config none = {.format = HZ_PAYLOAD_VALUE, .value = ""};
    static const struct decode_case bare[] = {
        {"7", "=i7", 0},
        {"{\"v\":7}", "refused: missing", 0},
        {"{\"\":7}", "refused: missing", 0},
    };

    (void)state;
    DECODE_CASES(deep, cases);
    DECODE_CASES(twice, overlapping);
    DECODE_CASES(none, bare);
}

static void a_path_deeper_than_json_may_be_is_refused(void **state)
{
    struct hz_filter_config mapping = {.format = HZ_PAYLOAD_VALUE,
                                       .value = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q"};
    struct hz_decoder *decoder = NULL;

    (void)state;
    assert_int_equal(hz_decoder_new(&mapping, decode_case_zone(), &decoder), HZ_ELIMIT);
    assert_null(decoder);
    mapping.value = "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p";
    static const struct decode_case deepest[] = {{"{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{"
                                                  "\"g\":{\"h\":{\"i\":{\"j\":{\"k\":{\"l\":{\"m\":"
                                                  "{\"n\":{\"o\":{\"p\":1}}}}}}}}}}}}}}}}",
                                                  "=i1", 0}};
    DECODE_CASES(mapping, deepest);
}

/* Labels of all lengths around a word, and at the payload's end. */
static void field_names_of_any_length(void **state)
{
    static const char *const names[] = {"t",
                                        "time",
                                        "value",
                                        "values",
                                        "datetime",
                                        "timestamp",
                                        "sampling_time",
                                        "measurement_time",
                                        "time_of_measurement",
                                        "a_name_that_is_longer_than_a_label"};
    char payload[256], wanted[64];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct hz_filter_config mapping = plain;
        mapping.stamp = names[i];
        struct hz_decoder *decoder = decode_case_decoder(&mapping);
        static const char *const forms[] = {"{\"%s\":1763900000123,\"v\":%u}",
                                            "{\"v\":%2$u,\"%1$s\":1763900000123}",
                                            "{ \"%s\": 1763900000123, \"v\": %u }"};
        for (size_t form = 0; form < 3; form++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            (void)snprintf(payload, sizeof(payload), forms[form], names[i], 40u + (unsigned)i);
#pragma GCC diagnostic pop
            (void)snprintf(wanted, sizeof(wanted), "=i%u@1763900000123", 40u + (unsigned)i);
            decode_case_run(decoder, &(struct decode_case){payload, wanted, 0});
        }
        hz_decoder_free(decoder);
    }
}

static void a_name_is_the_whole_name(void **state)
{
    struct hz_filter_config mapping = plain;
    static const struct decode_case cases[] = {
        {"{\"timestamp\":1763900000123,\"v\":12.34}", "=12.34@1763900000123", 0},
        {"{\"timestamq\":1763900000123,\"v\":12.34}", "=12.34", 0},
        {"{\"timestam\":1763900000123,\"v\":12.34}", "=12.34", 0},
        {"{\"timestamps\":1763900000123,\"v\":12.34}", "=12.34", 0},
        {"{\"v\":12.34,\"timestam", "refused: broken", 0},
    };

    (void)state;
    mapping.stamp = "timestamp";
    DECODE_CASES(mapping, cases);
}

static void a_field_whose_name_needs_escapes(void **state)
{
    struct hz_filter_config mapping = plain;
    static const struct decode_case cases[] = {
        {"{\"a\\\"b\":7}", "=i7", 0},
        {"{\"a\"b\":7}", "refused: broken", 0},
    };

    (void)state;
    mapping.value = "a\"b";
    DECODE_CASES(mapping, cases);
}

static void a_sign_of_life_needs_no_content(void **state)
{
    static const struct hz_filter_config mapping = {.format = HZ_PAYLOAD_HEARTBEAT, .value = "v"};
    static const struct decode_case cases[] = {
        {"", "=-", 0},           {"online", "=-", 0}, {"{\"v\":1}", "=-", 0},
        {"\xff\0\x01", "=-", 3}, {"{{{{", "=-", 0},
    };
    struct hz_decoder *decoder = decode_case_decoder(&mapping);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        decode_case_run(decoder, &cases[i]);
    hz_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings),
        cmocka_unit_test(stamps),
        cmocka_unit_test(qualities),
        cmocka_unit_test(what_is_not_taken),
        cmocka_unit_test(what_is_no_json),
        cmocka_unit_test(texts),
        cmocka_unit_test(paths),
        cmocka_unit_test(a_path_deeper_than_json_may_be_is_refused),
        cmocka_unit_test(field_names_of_any_length),
        cmocka_unit_test(a_name_is_the_whole_name),
        cmocka_unit_test(a_field_whose_name_needs_escapes),
        cmocka_unit_test(a_sign_of_life_needs_no_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
