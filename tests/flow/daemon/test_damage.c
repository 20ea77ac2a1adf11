/* SPDX-License-Identifier: Apache-2.0
 *
 * State directories that were damaged between two runs: a segment of the journal, of the alarms log, of
 * both; ends that are gone. Whatever is missing: the daemon starts; no entry is removed from the log or
 * from the stream; numbers, ids and episodes are given once; the log's active set is the engine's; and
 * the next starts, with and without snapshots, agree with it.
 */
#include "alerts.h"
#include "hz_clock.h"
#include "hz_entry.h"
#include "hz_segment.h"
#include "hz_store.h"
#include "link.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct flow *flow;
static int64_t stamp_ms;

/* --- the log, as it stands in the files --- */

#define ENTRIES_MAX 1024
#define TEXT_BYTES  128

struct line {
    uint64_t number, n, alarm;
    struct hz_stream_id id;
    char cond[TEXT_BYTES], event[16];
    unsigned state;
};

struct log {
    struct line lines[ENTRIES_MAX];
    size_t count;
};

static void copy_value(char *to, size_t size, struct hz_slice value)
{
    (void)snprintf(to, size, "%.*s", (int)value.length, value.at);
}

static void add_line(struct log *log, const struct hz_entry *entry)
{
    struct hz_slice values[HZ_FIELD_COUNT];
    struct line *line = &log->lines[log->count++];

    assert_true(log->count <= ENTRIES_MAX);
    assert_true(hz_entry_values(entry, entry->bytes, values));
    *line = (struct line){.number = entry->number,
                          .n = hz_entry_places(entry)[0].n,
                          .alarm = entry->alarm,
                          .id = entry->id,
                          .state = entry->state};
    copy_value(line->cond, sizeof(line->cond), values[HZ_FIELD_COND]);
    copy_value(line->event, sizeof(line->event), values[HZ_FIELD_EVENT]);
}

static void read_log(struct log *log)
{
    struct hz_segment_reader *reader;
    struct hz_segment_place place;
    const void *frame;
    uint32_t bytes;
    char path[256];
    int error;

    log->count = 0;
    (void)snprintf(path, sizeof(path), "%s/state/alarms", flow_folder(flow));
    assert_int_equal(hz_segment_reader_new(&hz_disk_real, path, HZ_SEGMENT_ALARMS, 0, &reader), 0);
    do {
        error = hz_segment_next(reader, &frame, &bytes, &place);
        if (error == 0)
            add_line(log, frame);
        else if (error == HZ_ECORRUPT)
            error = hz_segment_skip(reader);
    } while (error == 0);
    assert_int_equal(error, HZ_EOF);
    hz_segment_reader_free(reader);
}

static const struct line *find_number(const struct log *log, uint64_t number)
{
    for (size_t i = 0; i < log->count; i++)
        if (log->lines[i].number == number)
            return &log->lines[i];
    return NULL;
}

/* Numbers, places and ids rise; an episode is of one condition. */
static void check_order(const struct log *log)
{
    for (size_t i = 1; i < log->count; i++) {
        const struct line *line = &log->lines[i];
        assert_true(line->number > line[-1].number && line->n > line[-1].n);
        assert_true(hz_stream_id_compare(line->id, line[-1].id) > 0);
        for (size_t k = 0; k < i; k++)
            if (log->lines[k].alarm == line->alarm)
                assert_string_equal(log->lines[k].cond, line->cond);
    }
}

/* Every entry of `before` is there, with its names. */
static void check_kept(const struct log *log, const struct log *before)
{
    for (size_t i = 0; i < before->count; i++) {
        const struct line *old = &before->lines[i], *line = find_number(log, old->number);
        assert_non_null(line);
        assert_int_equal(hz_stream_id_compare(line->id, old->id), 0);
        assert_int_equal(line->alarm, old->alarm);
        assert_string_equal(line->cond, old->cond);
    }
}

/* The newest entry of an episode; the n-th active one. */
static bool is_active(const struct log *log, size_t i)
{
    if (log->lines[i].state == HZ_STATE_NORMAL)
        return false;
    for (size_t k = i + 1; k < log->count; k++)
        if (log->lines[k].alarm == log->lines[i].alarm)
            return false;
    return true;
}

static size_t count_active(const struct log *log, const char *cond)
{
    size_t count = 0;

    for (size_t i = 0; i < log->count; i++)
        count += is_active(log, i) && (!cond || strcmp(log->lines[i].cond, cond) == 0);
    return count;
}

static size_t count_events(const struct log *log, const char *event)
{
    size_t count = 0;

    for (size_t i = 0; i < log->count; i++)
        count += strcmp(log->lines[i].event, event) == 0;
    return count;
}

/* --- the stream --- */

struct in_stream {
    size_t count;
    double last_n;
    char last_event[64][16], conds[64][TEXT_BYTES]; /* by condition */
    bool active[64];
    size_t cond_count;
};

static void take_alert(void *ctx, const struct flow_alert *alert)
{
    struct in_stream *in = ctx;
    const char *cond = flow_alert_text(alert, "cond");
    size_t i = 0;

    assert_true(flow_alert_number(alert, "n") > in->last_n);
    in->last_n = flow_alert_number(alert, "n");
    in->count++;
    while (i < in->cond_count && strcmp(in->conds[i], cond) != 0)
        i++;
    assert_true(i < 64);
    if (i == in->cond_count)
        in->cond_count++;
    (void)snprintf(in->conds[i], TEXT_BYTES, "%s", cond);
    in->active[i] = strcmp(flow_alert_text(alert, "state"), "normal") != 0;
}

static bool is_known(const struct log *log, const char *cond)
{
    for (size_t i = 0; i < log->count; i++)
        if (strcmp(log->lines[i].cond, cond) == 0)
            return true;
    return false;
}

/* A consumer that goes by conditions has the log's active set, but for what only the stream has. */
static void check_stream(const struct log *log)
{
    static struct in_stream in;

    memset(&in, 0, sizeof(in));
    assert_true(flow_alerts(flow, take_alert, &in) >= log->count);
    for (size_t i = 0; i < in.cond_count; i++)
        if (is_known(log, in.conds[i]))
            assert_int_equal(in.active[i], count_active(log, in.conds[i]));
}

/* --- runs --- */

static void write_configuration(void)
{
    flow_write(flow, "config/hazardd.yaml",
               "redis:\n  address: %s\nfeeds:\n- name: city\n  address: %s\n"
               "  client_id: damage\n  filters:\n  - filter: \"hz/+/+/+\"\n"
               "    topic: hz/{enterprise}/{hazard}/{point}\n",
               flow_address(flow, FLOW_REDIS), flow_address(flow, FLOW_BROKER));
    flow_write(flow, "config/rules.d/high.yaml",
               "schema: 1\nrules:\n- id: high\n  name: {zh: 高, en: high}\n  mode: live\n  domain: "
               "safety\n"
               "  select: {kind: level}\n  limits:\n    H: {severity: red, fallback: 90}\n    HH: "
               "{severity: red, fallback: 98}\n  "
               "deadband: 2\n");
    flow_write_three_points(flow);
}

static void begin_run(void)
{
    flow_start(flow, FLOW_DAEMON);
    flow_wait_connected(flow);
}

static void send(const char *const *points, double value)
{
    struct hz_link *link;
    char topic[64], payload[64];

    assert_int_equal(hz_link_open(flow_address(flow, FLOW_BROKER), "sender", 10, &link), 0);
    for (; *points; points++) {
        (void)snprintf(topic, sizeof(topic), "hz/E1/H1/%s", *points);
        (void)snprintf(payload, sizeof(payload), "{\"ts\":%lld,\"v\":%g}", (long long)++stamp_ms,
                       value);
        assert_int_equal(hz_link_publish(link, hz_slice(topic), hz_slice(payload), 1), 0);
    }
    assert_int_equal(hz_link_finish(link, 10 * HZ_NS_PER_S), 0);
    hz_link_close(link);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static size_t length(const char *const *list)
{
    size_t count = 0;

    while (list[count])
        count++;
    return count;
}

/* The counts of a damaged journal are no measure of the stream: its newest entry is. */
static void take_n(void *ctx, const struct flow_alert *alert)
{
    *(double *)ctx = flow_alert_number(alert, "n");
}

static bool is_published(void *ctx)
{
    double newest = 0;

    (void)ctx;
    (void)flow_alerts(flow, take_n, &newest);
    return newest == (double)flow_number(flow, "journal", "log_newest");
}

static void wait_published(void)
{
    if (flow_until(is_published, NULL))
        return;
    flow_show_logs(flow);
    fail_msg("the log's newest entry is not in the stream");
}

static int64_t acknowledged(void)
{
    static char answer[4096];

    assert_true(flow_ask(flow, "feeds", answer, sizeof(answer)));
    const char *acks = strstr(answer, "\"acks\":");
    assert_non_null(acks);
    return strtoll(acks + strlen("\"acks\":"), NULL, 10);
}

static bool are_acknowledged(void *acks)
{
    return acknowledged() >= *(const int64_t *)acks;
}

/* What a run has not acknowledged comes again in the next: a reading that was damaged would be back. */
static void send_and_wait(const char *const *points, double value)
{
    int64_t count = (int64_t)length(points), acks = acknowledged() + count,
            readings = flow_number(flow, "engine", "readings") + count;

    send(points, value);
    flow_wait_readings(flow, readings);
    assert_true(flow_until(are_acknowledged, &acks));
}

/* A run in which these points go above their limit, then those below it. */
static void run(const char *const *above, const char *const *below)
{
    begin_run();
    send_and_wait(above, 95);
    send_and_wait(below, 20);
    wait_published();
    flow_stop(flow, FLOW_DAEMON);
}

static int begin(void **state)
{
    (void)state;
    flow = flow_new();
    flow_start(flow, FLOW_BROKER);
    flow_start(flow, FLOW_REDIS);
    write_configuration();
    stamp_ms = hz_wall_ns(&hz_clock_real) / HZ_NS_PER_MS;
    return 0;
}

static int end(void **state)
{
    (void)state;
    flow_free(flow);
    return 0;
}

/* --- damage --- */

static void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void shell(const char *format, ...)
{
    char command[1024], whole[1280];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(command, sizeof(command), format, arguments);
    va_end(arguments);
    (void)snprintf(whole, sizeof(whole), "cd %s/state && %s", flow_folder(flow), command);
    assert_int_equal(system(whole), 0);
}

static void no_snapshots(void)
{
    shell("rm -f snapshots/*.snap");
}

/* A byte behind the head of the k-th segment is turned over: nothing of it can be read. */
static void damage(const char *class_, unsigned k)
{
    shell("printf '\\377' | dd of=$(ls %s/*.seg | sed -n %up) bs=1 seek=4150 conv=notrunc "
          "2>/dev/null",
          class_, k);
}

static void lose(const char *class_, unsigned k)
{
    shell("rm $(ls %s/*.seg | sed -n %up)", class_, k);
}

static unsigned segments(const char *class_)
{
    char command[512];
    unsigned count = 0;

    (void)snprintf(command, sizeof(command), "ls %s/state/%s | wc -l", flow_folder(flow), class_);
    FILE *answer = popen(command, "r");
    assert_non_null(answer);
    assert_int_equal(fscanf(answer, "%u", &count), 1);
    assert_int_equal(pclose(answer), 0);
    return count;
}

/* --- a start after it --- */

static struct log before, now;

struct expected {
    bool p1, p2, p3; /* above the limit, for the engine */
    bool resync;     /* engine and log have to be brought together */
};

static void check(const struct expected *expected)
{
    static const char *const conds[] = {"high.high@E1/H1/P1", "high.high@E1/H1/P2",
                                        "high.high@E1/H1/P3"};
    size_t resyncs = count_events(&before, "resync");

    read_log(&now);
    check_order(&now);
    check_kept(&now, &before);
    assert_int_equal(count_active(&now, conds[0]), expected->p1);
    assert_int_equal(count_active(&now, conds[1]), expected->p2);
    assert_int_equal(count_active(&now, conds[2]), expected->p3);
    assert_int_equal(count_events(&now, "resync") > resyncs, expected->resync);
}

/* The daemon starts; a run that changes nothing. */
static void start_and_check(struct expected expected)
{
    begin_run();
    wait_published();
    int64_t active = flow_number(flow, "engine", "alarms");
    read_log(&now);
    flow_stop(flow, FLOW_DAEMON);
    check(&expected);
    assert_int_equal(count_active(&now, NULL), active);
    check_stream(&now);
    before = now;
}

/* And the next starts agree, from the snapshot and from the journal alone. */
static void starts_agree(struct expected expected)
{
    expected.resync = false;
    start_and_check(expected);
    no_snapshots();
    start_and_check(expected);
    run(LIST("P1", "P2", "P3"), LIST("P2")); /* life goes on */
    read_log(&now);
    check_order(&now);
    check_kept(&now, &before);
    before = now;
    start_and_check((struct expected){true, true /* rtnun */, true, false});
}

/* Three runs, each with a segment of its own. */
static void three_runs(void)
{
    run(LIST("P1"), LIST(NULL));
    run(LIST("P2"), LIST(NULL));
    run(LIST("P3"), LIST(NULL));
    read_log(&before);
    check_order(&before);
    assert_int_equal(count_active(&before, "high.high@E1/H1/P2"), 1);
    assert_int_equal(segments("journal"), 3);
}

/* --- tests --- */

static void undamaged_state_agrees(void **state)
{
    struct expected all = {true, true, true, false};

    (void)state;
    three_runs();
    start_and_check(all);
    no_snapshots();
    start_and_check(all);
    starts_agree(all);
}

static void a_damaged_segment_of_the_journal(void **state)
{
    struct expected without_p2 = {true, false, true, true};

    (void)state;
    three_runs();
    no_snapshots();
    damage("journal", 2);
    start_and_check(without_p2);
    starts_agree(without_p2);
}

static void a_lost_segment_of_the_journal(void **state)
{
    struct expected without_p2 = {true, false, true, true};

    (void)state;
    three_runs();
    no_snapshots();
    lose("journal", 2);
    start_and_check(without_p2);
    starts_agree(without_p2);
}

static void the_whole_journal_is_lost(void **state)
{
    struct expected nothing = {false, false, false, true};

    (void)state;
    three_runs();
    no_snapshots();
    for (unsigned k = 1; k <= 3; k++)
        damage("journal", k);
    start_and_check(nothing);
    starts_agree(nothing);
}

/* As after a loss of power with relaxed durability: the log is ahead of the journal. */
static void the_journals_end_is_lost(void **state)
{
    struct expected without_p3 = {true, true, false, true};

    (void)state;
    three_runs();
    no_snapshots();
    lose("journal", 3);
    start_and_check(without_p3);
    starts_agree(without_p3);
}

static void a_damaged_segment_of_the_log_is_made_again(void **state)
{
    struct expected all = {true, true, true, false};

    (void)state;
    three_runs();
    no_snapshots();
    damage("alarms", 2);
    start_and_check(all); /* every entry is there again */
    starts_agree(all);
}

static void a_damaged_log_and_a_damaged_journal(void **state)
{
    struct expected without_p2 = {true, false, true, true};
    size_t kept;

    (void)state;
    three_runs();
    no_snapshots();
    damage("alarms", 2);
    damage("journal", 2);
    read_log(&before); /* what can be read of it */
    kept = before.count;
    start_and_check(without_p2);
    assert_true(before.count > kept);
    starts_agree(without_p2);
}

/* The middle is damaged and cannot be made again up to the end, which the journal has not. */
static void a_log_that_is_ahead_and_damaged(void **state)
{
    struct expected without_p3 = {true, true, false, true};

    (void)state;
    three_runs();
    no_snapshots();
    damage("alarms", 2);
    lose("journal", 3);
    read_log(&before);
    start_and_check(without_p3);
    starts_agree(without_p3);
}

static void a_log_that_is_ahead_of_a_damaged_journal(void **state)
{
    struct expected nothing_but_p1 = {true, false, false, true};

    (void)state;
    three_runs();
    no_snapshots();
    damage("journal", 2);
    lose("journal", 3);
    start_and_check(nothing_but_p1);
    starts_agree(nothing_but_p1);
}

/* The log's newest segment looks torn where it is damaged: nobody knows what stood behind. */
static void a_damaged_end_of_the_log_and_a_damaged_journal(void **state)
{
    struct log all;
    const struct line *newest;

    (void)state;
    three_runs();
    all = before;
    newest = &all.lines[all.count - 1];
    no_snapshots();
    damage("alarms", 3);
    damage("journal", 2);
    read_log(&before);
    begin_run();
    flow_stop(flow, FLOW_DAEMON);
    read_log(&now);
    check_kept(&now, &before);
    assert_true(now.count > before.count);
    for (size_t i = before.count; i < now.count; i++) {
        assert_true(now.lines[i].number > newest->number && now.lines[i].n > newest->n);
        for (size_t k = 0; k < all.count; k++)
            if (all.lines[k].alarm == now.lines[i].alarm)
                assert_string_equal(all.lines[k].cond, now.lines[i].cond);
    }
}

/* Killed when the resync was in the journal, and nothing of it in the log; and again. */
static void killed_before_the_log_had_it(void **state)
{
    struct expected without_p2 = {true, false, true, true};
    struct log first;

    (void)state;
    three_runs();
    no_snapshots();
    damage("journal", 2);
    first = before;
    begin_run();
    flow_kill(flow, FLOW_DAEMON);
    no_snapshots();
    for (unsigned k = segments("alarms"); k > 3; k--)
        lose("alarms", k);
    before = first;
    start_and_check(without_p2); /* the same words, made again */
    starts_agree(without_p2);
}

/* --- a snapshot whose engine is ahead of its mirror --- */

static int keep_bytes(struct hz_snapshot_reader *reader, char *to, size_t size)
{
    size_t length_ = 0;

    while (length_ < size && hz_snapshot_read(reader, to + length_, 1) == 0)
        length_++;
    return (int)length_;
}

/* The mirror stands behind the engine: "HZRM", version, count, bytes of one, then its mark, its alarms, and
 * the number of its views. */
static void forget_mirror(void)
{
    static char bytes[1 << 20];
    struct hz_snapshot_reader *reader;
    struct hz_snapshot_writer *writer;
    struct hz_store *store;
    char path[256];
    uint64_t seq;
    int length_, at;

    (void)snprintf(path, sizeof(path), "%s/state", flow_folder(flow));
    assert_int_equal(hz_store_open(&hz_disk_real, path, &store), 0);
    assert_int_equal(hz_snapshot_open(store, UINT64_MAX, &reader, &seq), 0);
    length_ = keep_bytes(reader, bytes, sizeof(bytes));
    hz_snapshot_close(reader);
    for (at = length_ - 4; at > 0 && memcmp(bytes + at, "HZRM", 4) != 0; at--)
        ;
    assert_true(at > 0);
    memset(bytes + at + 8, 0, 4);
    memset(bytes + at + 16, 0, 40);
    no_snapshots();
    assert_int_equal(hz_snapshot_begin(store, seq, &writer), 0);
    assert_int_equal(hz_snapshot_write(writer, bytes, (size_t)at + 56), 0);
    assert_int_equal(hz_snapshot_commit(writer), 0);
    hz_store_close(store);
}

/* What the engine had said by then can't be made again. */
static void a_log_with_a_hole_before_the_snapshot(void **state)
{
    struct expected all = {true, true, true, true};

    (void)state;
    three_runs();
    forget_mirror();
    lose("alarms", 2);
    read_log(&before);
    start_and_check(all);
    starts_agree(all);
}

static void a_log_that_ends_before_the_snapshot(void **state)
{
    struct expected all = {true, true, true, true};
    uint64_t newest;

    (void)state;
    three_runs();
    newest = before.lines[before.count - 1].number;
    forget_mirror();
    lose("alarms", 3);
    read_log(&before);
    begin_run();
    flow_stop(flow, FLOW_DAEMON);
    check(&all);
    for (size_t i = before.count; i < now.count; i++)
        assert_true(now.lines[i].number > newest); /* those of lost entries are not given again */
    run(LIST("P1"), LIST(NULL));
}

/* Nothing is to be said again; but the names of what is lost are given, and Redis ends with one. */
static void a_log_that_has_lost_what_changed_nothing(void **state)
{
    struct expected p1 = {true, false, false, false};
    uint64_t newest;

    (void)state;
    run(LIST("P1"), LIST(NULL));
    begin_run();
    send_and_wait(LIST("P1"), 20);
    send_and_wait(LIST("P1"), 95); /* the same episode, in the same state as before */
    wait_published();
    flow_stop(flow, FLOW_DAEMON);
    read_log(&before);
    newest = before.lines[before.count - 1].number;
    forget_mirror();
    lose("alarms", 2);
    read_log(&before);
    assert_true(before.lines[before.count - 1].number < newest);
    begin_run();
    assert_int_equal(flow_number(flow, "journal", "log_newest"), newest);
    send_and_wait(LIST("P2"), 95);
    wait_published();
    flow_stop(flow, FLOW_DAEMON);
    p1.p2 = true;
    check(&p1);
    assert_non_null(find_number(&now, newest + 1));
    before = now;
    start_and_check(p1);
}

/* The last of them has changed the level only: the log would call it H for ever. */
static void a_log_that_has_lost_an_escalation(void **state)
{
    struct expected p1 = {true, false, false, true};

    (void)state;
    run(LIST("P1"), LIST(NULL));
    begin_run();
    send_and_wait(LIST("P1"), 99);
    wait_published();
    flow_stop(flow, FLOW_DAEMON);
    forget_mirror();
    lose("alarms", 2);
    read_log(&before);
    start_and_check(p1);
    p1.resync = false;
    start_and_check(p1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(undamaged_state_agrees, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_segment_of_the_journal, begin, end),
        cmocka_unit_test_setup_teardown(a_lost_segment_of_the_journal, begin, end),
        cmocka_unit_test_setup_teardown(the_whole_journal_is_lost, begin, end),
        cmocka_unit_test_setup_teardown(the_journals_end_is_lost, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_segment_of_the_log_is_made_again, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_log_and_a_damaged_journal, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_is_ahead_and_damaged, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_is_ahead_of_a_damaged_journal, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_end_of_the_log_and_a_damaged_journal, begin, end),
        cmocka_unit_test_setup_teardown(killed_before_the_log_had_it, begin, end),
        cmocka_unit_test_setup_teardown(a_log_with_a_hole_before_the_snapshot, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_ends_before_the_snapshot, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_has_lost_what_changed_nothing, begin, end),
        cmocka_unit_test_setup_teardown(a_log_that_has_lost_an_escalation, begin, end),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
