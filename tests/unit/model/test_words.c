/* SPDX-License-Identifier: Apache-2.0
 *
 * Words there and back, and numbers and words that do not exist. A few are spelled out: consumers
 * hold them, and a change of the list must be noticed here.
 */
#include "hz_alarm.h"
#include "hz_record.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void there_and_back(void **state)
{
    (void)state;
#define X(name, number, text)                                                                      \
    assert_string_equal(WORD(number), text);                                                       \
    assert_int_equal(OF(text), number);
#define WORD hz_event_word
#define OF   hz_event_of
    HZ_EVENTS(X)
#undef WORD
#undef OF
#define WORD hz_state_word
#define OF   hz_state_of
    HZ_STATES(X)
#undef WORD
#undef OF
#define WORD hz_severity_word
#define OF   hz_severity_of
    HZ_SEVERITIES(X)
#undef WORD
#undef OF
#define WORD hz_level_word
#define OF   hz_level_of
    HZ_LEVELS(X)
#undef WORD
#undef OF
#define WORD hz_side_word
#define OF   hz_side_of
    HZ_SIDES(X)
#undef WORD
#undef OF
#define WORD hz_domain_word
#define OF   hz_domain_of
    HZ_DOMAINS(X)
#undef WORD
#undef OF
#define WORD hz_mode_word
#define OF   hz_mode_of
    HZ_MODES(X)
#undef X
}

static void spelled_out(void **state)
{
    (void)state;
    assert_string_equal(hz_event_word(HZ_EVENT_DEESCALATE), "deescalate");
    assert_string_equal(hz_state_word(HZ_STATE_RTNUN), "rtnun");
    assert_string_equal(hz_severity_word(HZ_SEVERITY_RED), "red");
    assert_string_equal(hz_level_word(HZ_LEVEL_HH), "HH");
    assert_string_equal(hz_kind_word(HZ_KIND_GATEWAY), "gateway");
    assert_string_equal(hz_quality_word(HZ_QUALITY_GOOD), "good");
    assert_string_equal(hz_named_kind_word(HZ_NAMED_VIEW), "view");
    assert_string_equal(hz_record_kind_word(HZ_RECORD_HOLE), "hole");
    assert_string_equal(hz_record_kind_word(HZ_RECORD_GO_ON), "go-on");
    assert_string_equal(hz_record_kind_word(HZ_RECORD_RESYNC), "resync");
    assert_string_equal(hz_observed_word(HZ_OBSERVED_DROPPED), "readings-dropped");
}

static void what_does_not_exist(void **state)
{
    (void)state;
    assert_string_equal(hz_event_word(0), "");
    assert_string_equal(hz_event_word(HZ_EVENT_END), "");
    assert_string_equal(hz_mode_word(UINT32_MAX), "");
    assert_string_equal(hz_observed_word(0), "");
    assert_string_equal(hz_named_kind_word(HZ_NAMED_END), "");
    assert_int_equal(hz_event_of("Raise"), 0);
    assert_int_equal(hz_event_of(""), 0);
    assert_int_equal(hz_level_of("HHH"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(spelled_out),
        cmocka_unit_test(what_does_not_exist),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
