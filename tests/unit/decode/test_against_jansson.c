/* SPDX-License-Identifier: Apache-2.0
 *
 * The decoder against jansson over random payloads. Two questions:
 *
 *   - Valid JSON, with every spelling of numbers, texts, blanks, any nesting beside the readings: are
 *     the samples those that a second decoder, written over jansson's tree, finds?
 *   - Valid JSON with a byte changed: do both call it JSON, or both not?
 *
 * The seed is fixed: a failure comes back.
 */
#include "decode_case.h"
#include "random_payload.h"

#include <jansson.h>
#include <math.h>

/* --- the second decoder --- */

static const struct hz_filter_config mappings[] = {
    {.format = HZ_PAYLOAD_VALUE, .value = "v", .stamp = "ts", .quality = "q"},
    {.format = HZ_PAYLOAD_MAP, .values = "m", .value = "v", .stamp = "ts", .quality = "q"},
    {.format = HZ_PAYLOAD_ARRAY,
     .values = "list",
     .name = "n",
     .value = "v",
     .stamp = "ts",
     .quality = "q"},
};

/* What a packet hands down to its elements. */
struct common {
    json_t *stamp, *quality;
};

static bool absent(const json_t *json)
{
    return !json || json_is_null(json);
}

static enum hz_verdict tree_stamp(const json_t *json, int64_t *ret_ms)
{
    bool digits = json_is_string(json) && strcmp(json_string_value(json), "192") == 0;
    double number = digits ? 192 : json_number_value(json);
    double ms = fabs(number) < 1e11 ? number * 1000 : number;

    if (absent(json))
        return HZ_VERDICT_OK;
    if (json_is_string(json) && strcmp(json_string_value(json), "2025-11-23T12:13:20Z") == 0)
        ms = 1763900000000;
    else if (json_is_string(json) && !digits)
        return HZ_VERDICT_BAD_STAMP;
    else if (!json_is_number(json) && !digits)
        return HZ_VERDICT_WRONG_TYPE;
    if (ms < 0 || ms > 7258118399999)
        return HZ_VERDICT_BAD_STAMP;
    *ret_ms = llround(ms);
    return HZ_VERDICT_OK;
}

static uint8_t tree_quality_number(json_int_t number)
{
    if (number >= 192 && number <= 255)
        return HZ_QUALITY_GOOD;
    if ((number >= 0 && number <= 63) || (number >= 2147483648 && number <= 4294967295))
        return HZ_QUALITY_BAD;
    return HZ_QUALITY_UNCERTAIN;
}

static uint8_t tree_quality_word(const char *word)
{
    if (strcmp(word, "good") == 0 || strcmp(word, "192") == 0)
        return HZ_QUALITY_GOOD;
    return strcmp(word, "bad") == 0 ? HZ_QUALITY_BAD : HZ_QUALITY_UNCERTAIN;
}

static enum hz_verdict tree_quality(const json_t *json, uint8_t *quality)
{
    if (json_is_integer(json))
        *quality = tree_quality_number(json_integer_value(json));
    else if (json_is_real(json))
        *quality = HZ_QUALITY_UNCERTAIN;
    else if (json_is_string(json))
        *quality = tree_quality_word(json_string_value(json));
    else if (json_is_boolean(json))
        *quality = json_is_true(json) ? HZ_QUALITY_GOOD : HZ_QUALITY_BAD;
    else
        return absent(json) ? HZ_VERDICT_OK : HZ_VERDICT_WRONG_TYPE;
    return HZ_VERDICT_OK;
}

static enum hz_verdict tree_value(const json_t *json, struct hz_sample *sample)
{
    sample->kind = HZ_VALUE_NONE;
    if (json_is_boolean(json) || json_is_integer(json)) {
        sample->kind = HZ_VALUE_I64;
        sample->i64 = json_is_integer(json) ? json_integer_value(json) : json_is_true(json);
        sample->f64 = (double)sample->i64;
    } else if (json_is_real(json)) {
        sample->kind = HZ_VALUE_F64;
        sample->f64 = json_real_value(json);
    } else if (json_is_string(json) && json_string_length(json) > 0) {
        sample->kind = HZ_VALUE_TEXT;
        sample->text = (struct hz_slice){json_string_value(json), json_string_length(json)};
    } else if (json_is_object(json) || json_is_array(json)) {
        return HZ_VERDICT_WRONG_TYPE;
    }
    return HZ_VERDICT_OK;
}

static enum hz_verdict tree_name(const json_t *json, struct hz_sample *sample, char digits[32])
{
    if (absent(json))
        return HZ_VERDICT_MISSING;
    if (json_is_integer(json))
        (void)snprintf(digits, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(json));
    else if (!json_is_string(json))
        return HZ_VERDICT_WRONG_TYPE;
    sample->name = hz_slice(json_is_integer(json) ? digits : json_string_value(json));
    return sample->name.length > 0 ? HZ_VERDICT_OK : HZ_VERDICT_MISSING;
}

/* One reading as text behind those before. `name` and `named`: a member of a map, or an item. */
static void tree_reading(json_t *json, const char *name, bool item, const struct common *common,
                         struct hz_text *to)
{
    bool object = json_is_object(json);
    json_t *value = object ? json_object_get(json, "v") : json;
    struct hz_sample sample = {.name = {"", 0}, .source_ms = HZ_NO_SOURCE_TIME};
    enum hz_verdict verdicts[6] = {HZ_VERDICT_OK};
    uint8_t quality = UINT8_MAX;
    char digits[32];

    if (name) {
        sample.name = hz_slice(name);
        verdicts[0] = *name ? HZ_VERDICT_OK : HZ_VERDICT_MISSING;
    }
    if (item && object)
        verdicts[0] = tree_name(json_object_get(json, "n"), &sample, digits);
    if (item && !object)
        verdicts[0] = HZ_VERDICT_WRONG_TYPE;
    verdicts[1] = tree_value(value, &sample);
    verdicts[2] = tree_stamp(object ? json_object_get(json, "ts") : NULL, &sample.source_ms);
    verdicts[3] = tree_quality(object ? json_object_get(json, "q") : NULL, &quality);
    if (verdicts[3] == HZ_VERDICT_OK && sample.kind == HZ_VALUE_NONE) {
        if (value)
            quality = HZ_QUALITY_BAD;
        if (quality == HZ_QUALITY_GOOD || quality == UINT8_MAX)
            verdicts[3] = HZ_VERDICT_MISSING;
    }
    if (sample.source_ms == HZ_NO_SOURCE_TIME)
        verdicts[4] = tree_stamp(common->stamp, &sample.source_ms);
    if (quality == UINT8_MAX)
        verdicts[5] = tree_quality(common->quality, &quality);
    sample.quality = quality == UINT8_MAX ? HZ_QUALITY_GOOD : quality;
    for (unsigned i = 0; i < 6 && sample.verdict == HZ_VERDICT_OK; i++)
        sample.verdict = (uint8_t)verdicts[i];
    if (to->length > 0)
        hz_text_puts(to, " ");
    decode_case_sample(&sample, to);
}

static enum hz_verdict tree_packet(json_t *json, enum hz_payload_format format, struct hz_text *to)
{
    json_t *list = json_object_get(json, format == HZ_PAYLOAD_MAP ? "m" : "list"), *one;
    struct common common = {json_object_get(json, "ts"), json_object_get(json, "q")};
    const char *name;
    size_t i;

    if (absent(list))
        return HZ_VERDICT_MISSING;
    if (format == HZ_PAYLOAD_MAP ? !json_is_object(list) : !json_is_array(list))
        return HZ_VERDICT_WRONG_TYPE;
    json_object_foreach(format == HZ_PAYLOAD_MAP ? list : NULL, name, one)
        tree_reading(one, name, false, &common, to);
    json_array_foreach(format == HZ_PAYLOAD_ARRAY ? list : NULL, i, one)
        tree_reading(one, NULL, true, &common, to);
    return HZ_VERDICT_OK;
}

static void tree_refuse(enum hz_verdict verdict, const char *before, struct hz_text *to)
{
    hz_text_format(to, "%s%s", before, hz_verdict_word(verdict));
}

static void tree_text(json_t *json, enum hz_payload_format format, struct hz_text *to)
{
    static const struct common nothing = {NULL, NULL};
    json_t *one;
    size_t i;

    if (format == HZ_PAYLOAD_VALUE) {
        tree_reading(json, NULL, false, &nothing, to);
        if (to->length > 0 && to->at[0] == '!') {
            char word[64];
            (void)snprintf(word, sizeof(word), "%s", to->at + 1);
            to->length = 0;
            hz_text_format(to, "refused: %s", word);
        }
        return;
    }
    enum hz_verdict verdict = json_is_object(json)  ? tree_packet(json, format, to)
                              : json_is_array(json) ? HZ_VERDICT_OK
                                                    : HZ_VERDICT_WRONG_TYPE;
    json_array_foreach(json, i, one)
    {
        enum hz_verdict own =
            json_is_object(one) ? tree_packet(one, format, to) : HZ_VERDICT_WRONG_TYPE;
        if (own != HZ_VERDICT_OK)
            tree_refuse(own, to->length > 0 ? " !" : "!", to);
    }
    if (verdict == HZ_VERDICT_OK && to->length == 0)
        verdict = HZ_VERDICT_EMPTY;
    if (verdict != HZ_VERDICT_OK)
        tree_refuse(verdict, "refused: ", to);
}

/* --- the questions --- */

/* In pieces: cmocka cuts a long message. */
static _Noreturn void differ(const char *own, const char *other)
{
    (void)fprintf(stderr, "%s\n  gave   %s\n  wanted %s\n", out.at, own, other);
    fail();
    abort(); /* not reached */
}

static void compare(struct hz_decoder *decoder, enum hz_payload_format format, unsigned *doubles)
{
    char seen[1 << 15], wanted[1 << 15];
    struct hz_text text = hz_text_in(wanted, sizeof(wanted));
    json_t *json = json_loadb(out.at, out.length,
                              JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, NULL);

    decode_case_text(decoder, out.at, out.length, seen, sizeof(seen));
    if (json) {
        tree_text(json, format, &text);
        if (strcmp(seen, wanted) != 0)
            differ(seen, wanted);
    } else { /* a name was drawn twice */
        if (!strstr(seen, "duplicate-key"))
            differ(seen, "duplicate-key somewhere");
        ++*doubles;
    }
    json_decref(json);
}

static void the_samples_are_those_of_the_tree(void **state)
{
    unsigned doubles = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(mappings) / sizeof(mappings[0]); i++) {
        struct hz_decoder *decoder = decode_case_decoder(&mappings[i]);
        for (unsigned round = 0; round < 40000; round++) {
            put_payload(mappings[i].format);
            compare(decoder, mappings[i].format, &doubles);
        }
        hz_decoder_free(decoder);
    }
    assert_in_range(doubles, 100, 40000); /* both ways were gone */
}

static void change_a_byte(void)
{
    static const char bytes[] = "{}[]\",:\\ 01.eE+-tfnu\x01\x7f\x80\xc3\xe6\xf0";
    if (out.length < 2)
        return;
    size_t at = below((unsigned)out.length);

    switch (below(3)) {
    case 0:
        buffer[at] = bytes[below(sizeof(bytes) - 1)];
        break;
    case 1:
        memmove(buffer + at, buffer + at + 1, out.length - at - 1);
        out.length--;
        break;
    default:
        memmove(buffer + at + 1, buffer + at, out.length - at);
        buffer[at] = bytes[below(sizeof(bytes) - 1)];
        out.length++;
        break;
    }
    buffer[out.length] = '\0';
}

/* Grammatical for both, but refused by jansson only: a number or a character that it cannot hold. */
static bool matter_of_taste(const json_error_t *error)
{
    static const char *const reasons[] = {"real number overflow", "too big", "invalid Unicode",
                                          "NUL byte"};

    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (strstr(error->text, reasons[i]))
            return true;
    return false;
}

static void what_is_json_is_json_for_both(void **state)
{
    unsigned broken = 0, rounds = 120000;

    (void)state;
    for (unsigned round = 0; round < rounds; round++) {
        const struct hz_filter_config *mapping = &mappings[round % 3];
        static struct hz_decoder *decoders[3];
        struct hz_decoder **decoder = &decoders[round % 3];
        const struct hz_sample *samples;
        uint32_t count;
        json_error_t error;

        if (!*decoder)
            *decoder = decode_case_decoder(mapping);
        put_payload(mapping->format);
        for (unsigned changes = 1 + below(2); changes > 0; changes--)
            change_a_byte();
        json_t *json = json_loadb(out.at, out.length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
        enum hz_verdict verdict = hz_decode(*decoder, out.at, out.length, &samples, &count);
        bool refused = verdict == HZ_VERDICT_BROKEN || verdict == HZ_VERDICT_BAD_TEXT;
        bool blank = strspn(out.at, " \t\r\n") == out.length;
        if (json ? verdict == HZ_VERDICT_BROKEN : !refused && !blank && !matter_of_taste(&error))
            differ(hz_verdict_word(verdict), json ? "fine" : error.text);
        broken += json == NULL;
        json_decref(json);
        if (round >= rounds - 3)
            hz_decoder_free(*decoder);
    }
    assert_in_range(broken, rounds / 4, rounds - rounds / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_samples_are_those_of_the_tree),
        cmocka_unit_test(what_is_json_is_json_for_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
