/* SPDX-License-Identifier: Apache-2.0
 *
 * The publisher without a Redis: nothing is seen before it is released, the mirror follows what is
 * released; red and system alarms reach the system's journal in its own protocol, whatever is in their
 * texts, and a journal that does not read holds nothing up.
 */
#include "publish_case.h"

#include "hz_publisher.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct publish_case c;
static struct hz_mirror *mirror;
static uv_loop_t loop;
static struct hz_publisher *publisher;
static char folder[64], journal_path[96];
static int journal = -1;
static bool closed;

static void no_fetch(void *ctx, uint64_t number)
{
    (void)ctx;
    (void)number;
    fail();
}

static void no_find(void *ctx, struct hz_stream_id id)
{
    (void)ctx;
    (void)id;
    fail();
}

/* At the start: what a run before may have left is over. */
static void no_observe(void *ctx, uint32_t what, int64_t value)
{
    (void)ctx;
    (void)what;
    assert_int_equal(value, 0);
}

static void no_renew(void *ctx)
{
    (void)ctx;
    fail();
}

static void on_closed(void *ctx)
{
    (void)ctx;
    closed = true;
}

static void open_journal(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)snprintf(folder, sizeof(folder), "/tmp/hz-publisher-XXXXXX");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(journal_path, sizeof(journal_path), "%s/journal", folder);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", journal_path);
    journal = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(journal >= 0);
    assert_int_equal(bind(journal, (const struct sockaddr *)&address, sizeof(address)), 0);
}

static int begin(void **state)
{
    static struct hz_redis_config redis;

    (void)state;
    hz_role_take(&hz_output);
    case_init(&c, "zh");
    open_journal();
    assert_int_equal(hz_mirror_new(&mirror), 0);
    assert_int_equal(uv_loop_init(&loop), 0);
    redis = c.set->config->redis;
    redis.enabled = false;
    struct hz_publisher_config config = {.loop = &loop,
                                         .clock = &hz_clock_real,
                                         .redis = &redis,
                                         .journal = {1, 2},
                                         .term = 1,
                                         .mirror = mirror,
                                         .source = {no_fetch, no_find, NULL},
                                         .events = {no_observe, no_renew, NULL},
                                         .journal_socket = journal_path};
    assert_int_equal(hz_publisher_new(&config, c.set, &publisher), 0);
    hz_publisher_start(publisher);
    closed = false;
    return 0;
}

static int end(void **state)
{
    (void)state;
    hz_role_assert(&hz_output);
    hz_publisher_stop(publisher, INT64_C(1000000000), on_closed, NULL);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_true(closed);
    assert_int_equal(uv_loop_close(&loop), 0);
    hz_mirror_free(mirror);
    case_done(&c);
    if (journal >= 0)
        (void)close(journal);
    journal = -1;
    (void)unlink(journal_path);
    (void)rmdir(folder);
    return 0;
}

static struct hz_transition numbered(uint64_t number, uint64_t seq)
{
    struct hz_transition t = case_raise(&c);

    t.number = t.places[0].n = number;
    t.alarm += number;
    t.seq = seq;
    t.id.k = number;
    return t;
}

static void offer(const struct hz_transition *t)
{
    struct hz_entry *entry = case_render(&c, t);

    hz_role_assert(&hz_output);
    hz_publisher_offer(publisher, entry);
    free(entry);
}

static void release(uint64_t seq, bool durable)
{
    hz_role_assert(&hz_output);
    hz_publisher_release(publisher, seq, durable);
}

static struct hz_publisher_counts count(void)
{
    struct hz_publisher_counts counts;

    hz_role_assert(&hz_output);
    hz_publisher_counts(publisher, &counts);
    return counts;
}

/* A message of the journal: its length, the bytes in `to`, terminated. */
static size_t receive(char *to, size_t size)
{
    ssize_t got = recv(journal, to, size - 1, 0);

    if (got < 0)
        return 0;
    to[got] = '\0';
    return (size_t)got;
}

/* The value of a field in a message, as journald reads it; NULL when there is none. */
static const char *field(const char *message, size_t length, const char *name)
{
    static char value[4096];
    size_t at = 0, most = strlen(name);

    while (at < length) {
        const char *line = message + at, *stop = line + strcspn(line, "=\n");
        size_t value_length;
        const char *from;
        if (*stop == '=') {
            from = stop + 1;
            value_length = strcspn(from, "\n");
        } else {
            uint64_t bytes = 0;
            for (unsigned i = 0; i < 8; i++)
                bytes |= (uint64_t)(unsigned char)stop[1 + i] << (8 * i);
            from = stop + 9;
            value_length = (size_t)bytes;
        }
        at = (size_t)(from - message) + value_length + 1;
        assert_true(at <= length && message[at - 1] == '\n');
        if ((size_t)(stop - line) == most && memcmp(line, name, most) == 0) {
            assert_true(value_length < sizeof(value));
            memcpy(value, from, value_length);
            value[value_length] = '\0';
            return value;
        }
    }
    return NULL;
}

static void nothing_is_seen_before_it_is_released(void **state)
{
    struct hz_transition t;
    char message[20000];

    (void)state;
    for (uint64_t i = 1; i <= 3; i++) {
        t = numbered(i, 10 * i);
        offer(&t);
    }
    release(9, true);
    assert_int_equal(hz_mirror_count(mirror), 0);
    assert_int_equal(receive(message, sizeof(message)), 0);
    release(25, true); /* between two causes */
    assert_int_equal(hz_mirror_newest(mirror), 2);
    assert_true(receive(message, sizeof(message)) > 0);
    assert_true(receive(message, sizeof(message)) > 0);
    assert_int_equal(receive(message, sizeof(message)), 0);
    release(10, true); /* never back */
    assert_int_equal(hz_mirror_newest(mirror), 2);
    release(30, false);
    assert_int_equal(hz_mirror_newest(mirror), 3);
}

static void a_red_alarm_is_a_message_with_fields(void **state)
{
    struct hz_transition t = numbered(1, 10);
    char message[20000];
    size_t length;

    (void)state;
    offer(&t);
    release(10, true);
    length = receive(message, sizeof(message));
    assert_non_null(field(message, length, "MESSAGE"));
    assert_non_null(strstr(field(message, length, "MESSAGE"), "液氨罐区 1#液氨球罐液位 90.41%"));
    assert_string_equal(field(message, length, "PRIORITY"), "1");
    assert_string_equal(field(message, length, "SYSLOG_IDENTIFIER"), "hazardd");
    assert_string_equal(field(message, length, "MESSAGE_ID"), "b6f7a3c1d2954f0e8a47e1c05d339001");
    assert_string_equal(field(message, length, "POINT"), "E1/TF1/P01");
    assert_string_equal(field(message, length, "RULE"), "tank-level");
    assert_string_equal(field(message, length, "ALARM"), "16-8");
    assert_string_equal(field(message, length, "EVENT"), "raise");
    assert_string_equal(field(message, length, "SEQ"), "10");
    assert_string_equal(field(message, length, "GATEWAY"), "gw01");
}

static void what_goes_there_and_how_loud(void **state)
{
    const struct {
        uint8_t severity, kind, mode, event;
        const char *priority; /* NULL: does not go there */
    } rows[] = {
        {HZ_SEVERITY_RED, HZ_KIND_LIMIT, HZ_MODE_LIVE, HZ_EVENT_RAISE, "1"},
        {HZ_SEVERITY_RED, HZ_KIND_LIMIT, HZ_MODE_LIVE, HZ_EVENT_ESCALATE, "1"},
        {HZ_SEVERITY_RED, HZ_KIND_LIMIT, HZ_MODE_LIVE, HZ_EVENT_CLEAR, "5"},
        {HZ_SEVERITY_RED, HZ_KIND_LIMIT, HZ_MODE_DRILL, HZ_EVENT_RAISE, "5"},
        {HZ_SEVERITY_RED, HZ_KIND_LIMIT, HZ_MODE_TRIAL, HZ_EVENT_RAISE, NULL},
        {HZ_SEVERITY_ORANGE, HZ_KIND_LIMIT, HZ_MODE_LIVE, HZ_EVENT_RAISE, NULL},
        {HZ_SEVERITY_ORANGE, HZ_KIND_SYSTEM, HZ_MODE_LIVE, HZ_EVENT_RAISE, "3"},
        {HZ_SEVERITY_YELLOW, HZ_KIND_SYSTEM, HZ_MODE_LIVE, HZ_EVENT_REALARM, "4"},
        {HZ_SEVERITY_YELLOW, HZ_KIND_SYSTEM, HZ_MODE_LIVE, HZ_EVENT_ACK, "5"},
    };
    char message[20000];

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct hz_transition t = numbered(i + 1, 10 * (i + 1));
        t.severity = rows[i].severity;
        t.kind = rows[i].kind;
        t.mode = rows[i].mode;
        t.event = rows[i].event;
        t.system = 1;
        offer(&t);
        release(t.seq, true);
        size_t length = receive(message, sizeof(message));
        if (rows[i].priority)
            assert_string_equal(field(message, length, "PRIORITY"), rows[i].priority);
        else
            assert_int_equal(length, 0);
    }
}

/* A reason with line ends and signs of equality: a value as it stands, no field of its own. */
static void text_from_outside_makes_no_field(void **state)
{
    static const char evil[] = "x\nPRIORITY=0\nFAKE=1\n";
    struct hz_transition t = numbered(1, 10);
    struct hz_entry *entry;
    char message[20000];
    size_t length;

    (void)state;
    entry = case_render(&c, &t);
    /* the sentence is as long as this: put it in its place */
    struct hz_slice values[HZ_FIELD_COUNT];
    assert_true(hz_entry_values(entry, entry->bytes, values));
    memcpy((char *)values[HZ_FIELD_MSG].at, evil, sizeof(evil) - 1);
    hz_role_assert(&hz_output);
    hz_publisher_offer(publisher, entry);
    free(entry);
    release(10, true);
    length = receive(message, sizeof(message));
    assert_int_equal(strncmp(field(message, length, "MESSAGE"), evil, sizeof(evil) - 1), 0);
    assert_string_equal(field(message, length, "PRIORITY"), "1");
    assert_null(field(message, length, "FAKE"));
}

/* Nobody reads: the socket fills up, what does not fit is counted, and every call returned. */
static void a_journal_that_does_not_read_holds_nothing_up(void **state)
{
    struct hz_publisher_counts counts;

    (void)state;
    for (uint64_t i = 1; i <= 3000; i++) {
        struct hz_transition t = numbered(i, i);
        offer(&t);
        release(i, true);
    }
    counts = count();
    assert_int_equal(hz_mirror_newest(mirror), 3000);
    assert_true(counts.journald_dropped > 0);
    assert_int_equal(counts.journald_sent + counts.journald_dropped, 3000);
}

/* Offers a red alarm with this sentence, which must not be longer than its own. */
static void offer_sentence(const char *sentence)
{
    struct hz_transition t = numbered(1, 10);
    struct hz_slice values[HZ_FIELD_COUNT];
    struct hz_entry *entry = case_render(&c, &t);

    hz_role_assert(&hz_output);
    assert_true(hz_entry_values(entry, entry->bytes, values));
    assert_true(strlen(sentence) <= values[HZ_FIELD_MSG].length);
    memcpy((char *)values[HZ_FIELD_MSG].at, sentence, strlen(sentence));
    hz_publisher_offer(publisher, entry);
    free(entry);
}

static void without_a_journal_it_goes_to_stderr(void **state)
{
    struct hz_publisher_counts counts;
    int out = dup(STDERR_FILENO), ends[2];
    char said[4096];

    (void)state;
    (void)close(journal);
    journal = -1;
    assert_int_equal(unlink(journal_path), 0);
    assert_int_equal(pipe(ends), 0);
    (void)dup2(ends[1], STDERR_FILENO);
    offer_sentence("l'eau \"x\" \\ \n\x1b\xff液");
    release(10, true);
    (void)dup2(out, STDERR_FILENO);
    ssize_t got = read(ends[0], said, sizeof(said) - 1);
    assert_true(got > 0);
    said[got] = '\0';
    assert_non_null(strstr(said, "red raise: l'eau \"x\" \\ \\x0A\\x1B\\xFF液"));
    counts = count();
    assert_int_equal(counts.journald_sent, 1);
    (void)close(out);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_seen_before_it_is_released, begin, end),
        cmocka_unit_test_setup_teardown(a_red_alarm_is_a_message_with_fields, begin, end),
        cmocka_unit_test_setup_teardown(what_goes_there_and_how_loud, begin, end),
        cmocka_unit_test_setup_teardown(text_from_outside_makes_no_field, begin, end),
        cmocka_unit_test_setup_teardown(a_journal_that_does_not_read_holds_nothing_up, begin, end),
        cmocka_unit_test_setup_teardown(without_a_journal_it_goes_to_stderr, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
