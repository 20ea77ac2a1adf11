/* SPDX-License-Identifier: Apache-2.0
 *
 * Requests and answers over a real socket: the protocol, arguments, streams made only as fast as they
 * are read, answers given later, and that every request is told its end exactly once.
 */
#include "control_case.h"

/* What the handlers of this test do and have seen. */
static struct {
    struct hz_control_request *request; /* of `wait`; NULL: over */
    unsigned made, most, gone, searched, asked, news;
    char actor[HZ_ACTOR_BYTES_MAX + 1];
} seen;

static void line(struct hz_control_request *request, const char *json)
{
    hz_control_line(request, json, strlen(json));
}

static void begin_hello(void *ctx, struct hz_control_request *request)
{
    const char *name = hz_control_argument(request, "name");

    assert_string_equal(ctx, "context");
    strcpy(seen.actor, hz_control_actor(request));
    if (name) {
        char room[256];
        struct hz_text text = hz_text_in(room, sizeof(room));

        hz_text_puts(&text, "{\"hello\":");
        hz_text_json(&text, hz_slice(name));
        hz_text_puts(&text, "}");
        line(request, room);
    }
    hz_control_end(request);
}

static void begin_number(void *ctx, struct hz_control_request *request)
{
    int64_t value = 7;
    char room[64];

    (void)ctx;
    if (!hz_control_number(request, "n", -5, 1000, &value) ||
        !hz_control_number(request, "wide", INT64_MIN, INT64_MAX, &value))
        return;
    snprintf(room, sizeof(room), "{\"n\":%lld}", (long long)value);
    line(request, room);
    hz_control_end(request);
}

/* `count` lines of about 300 bytes, one a call. */
static void next_row(void *state, struct hz_control_request *request)
{
    char room[400];

    assert_ptr_equal(state, &seen);
    if (seen.made == seen.most) {
        hz_control_end(request);
        return;
    }
    snprintf(room, sizeof(room), "{\"row\":%u,\"fill\":\"%0*d\"}", seen.made++, 270, 0);
    line(request, room);
}

static void count_gone(void *state)
{
    assert_ptr_equal(state, &seen);
    seen.gone++;
    seen.request = NULL;
}

static void begin_rows(void *ctx, struct hz_control_request *request)
{
    struct hz_control_stream stream = {next_row, count_gone, &seen};
    int64_t count = 0;

    (void)ctx;
    assert_true(hz_control_number(request, "count", 0, 1000000, &count));
    seen.made = 0;
    seen.most = (unsigned)count;
    hz_control_stream(request, &stream);
}

static void begin_wait(void *ctx, struct hz_control_request *request)
{
    struct hz_control_stream stream = {NULL, count_gone, &seen};

    (void)ctx;
    seen.request = request;
    hz_control_stream(request, &stream);
}

/* A long search: a hundred slices without a line, then one line. */
static void next_slice(void *state, struct hz_control_request *request)
{
    (void)state;
    if (++seen.searched <= 100) {
        hz_control_more(request);
        return;
    }
    line(request, "{\"found\":1}");
    hz_control_end(request);
}

/* Has a line now and then; is asked when it said that it has. */
static void next_news(void *state, struct hz_control_request *request)
{
    (void)state;
    seen.asked++;
    if (seen.news == 0)
        return;
    seen.news--;
    line(request, "{\"news\":1}");
}

static void begin_news(void *ctx, struct hz_control_request *request)
{
    struct hz_control_stream stream = {next_news, count_gone, &seen};

    (void)ctx;
    seen.request = request;
    hz_control_stream(request, &stream);
}

static void begin_search(void *ctx, struct hz_control_request *request)
{
    struct hz_control_stream stream = {next_slice, NULL, NULL};

    (void)ctx;
    hz_control_stream(request, &stream);
}

/* A handler that says a megabyte at once: it is kept for the peer, and the room given back. */
static void begin_burst(void *ctx, struct hz_control_request *request)
{
    char room[1024];

    (void)ctx;
    memset(room, 'x', sizeof(room));
    room[0] = room[sizeof(room) - 1] = '"';
    for (int i = 0; i < 1024; i++)
        hz_control_line(request, room, sizeof(room));
    hz_control_end(request);
}

static void begin_fail(void *ctx, struct hz_control_request *request)
{
    char text[2000];

    (void)ctx;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    line(request, "{\"row\":1}");
    if (hz_control_argument(request, "long"))
        hz_control_fail(request, -EIO, "%s", text);
    else
        hz_control_fail(request, HZ_ENOTFOUND, "no alarm '%s'", "a\"b");
}

static const struct hz_control_row rows[] = {
    {"hello", HZ_RIGHT_READ, "name", begin_hello},
    {"number", HZ_RIGHT_READ, "n wide", begin_number},
    {"rows", HZ_RIGHT_READ, "count", begin_rows},
    {"wait", HZ_RIGHT_ACK, "!for reason", begin_wait},
    {"search", HZ_RIGHT_READ, NULL, begin_search},
    {"news", HZ_RIGHT_READ, NULL, begin_news},
    {"burst", HZ_RIGHT_READ, NULL, begin_burst},
    {"fail", HZ_RIGHT_READ, "long", begin_fail},
    {NULL, HZ_RIGHT_READ, NULL, NULL},
};

#define END "{\"end\":true}"

static struct control_case *its;

static int begin(void **state)
{
    (void)state;
    memset(&seen, 0, sizeof(seen));
    its = case_new(rows, (void *)(uintptr_t) "context");
    return 0;
}

static int end(void **state)
{
    (void)state;
    case_free(its);
    return 0;
}

static void a_request_gets_its_answer(void **state)
{
    int fd = case_connect(its);

    (void)state;
    case_ask(its, fd, "hello\n", END);
    case_ask(its, fd, "hello\tname=液位\\t\\\\\n", "{\"hello\":\"液位\\u0009\\\\\"}");
    case_expect(its, fd, END);
    assert_int_equal(case_counts(its).requests, 2);
    assert_int_equal(case_counts(its).open, 1);
    close(fd);
    CASE_UNTIL(its, case_counts(its).open == 0);
    assert_int_equal(case_counts(its).cut_off, 0);
}

static void requests_come_in_pieces_and_in_heaps(void **state)
{
    static const char request[] = "hello\tname=a\n";
    char heap[200 * (sizeof(request) - 1) + 1] = "";
    int fd = case_connect(its);

    (void)state;
    for (const char *at = request; *at; at++)
        case_send_bytes(its, fd, at, 1);
    case_expect(its, fd, "{\"hello\":\"a\"}");
    case_expect(its, fd, END);
    for (int i = 0; i < 200; i++)
        strcat(heap, request);
    case_send(its, fd, heap);
    for (int i = 0; i < 200; i++) {
        case_expect(its, fd, "{\"hello\":\"a\"}");
        case_expect(its, fd, END);
    }
    close(fd);
}

static void what_is_no_request_is_refused_and_the_next_one_served(void **state)
{
    int fd = case_connect(its);

    (void)state;
    case_ask(its, fd, "helo\n", "{\"error\":\"there is no command 'helo'\",\"code\":-1010}");
    case_ask(its, fd, "\n", "{\"error\":\"a line begins with a command\",\"code\":-22}");
    case_ask(its, fd, "hello\tage=3\n",
             "{\"error\":\"'hello' has no argument 'age'\",\"code\":-22}");
    case_ask(its, fd, "wait\n", "{\"error\":\"'wait' needs the argument 'for'\",\"code\":-22}");
    case_ask(its, fd, "hello\n", END);
    assert_int_equal(case_counts(its).malformed, 4);
    assert_int_equal(case_counts(its).failed, 0);
    assert_int_equal(case_counts(its).requests, 1);
    close(fd);
}

static void a_line_may_have_4096_bytes(void **state)
{
    char text[3 * CONTROL_LINE_BYTES_MAX];
    int fd = case_connect(its);

    (void)state;
    memset(text, 'x', sizeof(text));
    text[CONTROL_LINE_BYTES_MAX] = '\n';
    case_send_bytes(its, fd, text, CONTROL_LINE_BYTES_MAX + 1);
    assert_non_null(strstr(case_line(its, fd), "there is no command 'xxx"));
    text[CONTROL_LINE_BYTES_MAX] = 'x';
    for (size_t longer = 1; longer < 2 * CONTROL_LINE_BYTES_MAX; longer *= 2) {
        text[CONTROL_LINE_BYTES_MAX + longer] = '\n';
        case_send_bytes(its, fd, text, CONTROL_LINE_BYTES_MAX + longer + 1);
        case_ask(its, fd, "hello\n",
                 "{\"error\":\"the line is longer than 4096 bytes\",\"code\":-1003}");
        case_expect(its, fd, END);
        text[CONTROL_LINE_BYTES_MAX + longer] = 'x';
    }
    close(fd);
}

static void numbers_are_whole_and_within_bounds(void **state)
{
    static const char *const bad[] = {"1001", "-6",  "",     " 1", "+1",
                                      "1.5",  "1e2", "0x10", "1 ", "99999999999999999999"};
    int fd = case_connect(its);

    (void)state;
    case_ask(its, fd, "number\n", "{\"n\":7}");
    case_expect(its, fd, END);
    case_ask(its, fd, "number\tn=-5\n", "{\"n\":-5}");
    case_expect(its, fd, END);
    case_ask(its, fd, "number\tn=1000\n", "{\"n\":1000}");
    case_expect(its, fd, END);
    case_ask(its, fd, "number\twide=-9223372036854775808\n", "{\"n\":-9223372036854775808}");
    case_expect(its, fd, END);
    case_send(its, fd, "number\twide=9223372036854775808\n");
    assert_memory_equal(case_line(its, fd), "{\"error\":", 9);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char request[64], answer[256];

        snprintf(request, sizeof(request), "number\tn=%s\n", bad[i]);
        snprintf(answer, sizeof(answer),
                 "{\"error\":\"n: '%s' is not a whole number from -5 to 1000\",\"code\":-22}",
                 bad[i]);
        case_ask(its, fd, request, answer);
    }
    assert_int_equal(case_counts(its).failed, 1 + sizeof(bad) / sizeof(bad[0]));
    close(fd);
}

static void a_failure_is_a_sentence_and_a_code(void **state)
{
    int fd = case_connect(its);

    (void)state;
    case_ask(its, fd, "fail\n", "{\"row\":1}");
    case_expect(its, fd, "{\"error\":\"no alarm 'a\\\"b'\",\"code\":-1010}");
    case_ask(its, fd, "fail\tlong=1\n", "{\"row\":1}");
    const char *cut = case_line(its, fd);
    assert_true(strlen(cut) > 500 && strlen(cut) < 600);
    assert_non_null(strstr(cut, "xxx\",\"code\":-5}"));
    close(fd);
}

static void a_stream_is_made_as_fast_as_it_is_read(void **state)
{
    unsigned before = 0;
    int fd = case_connect(its);

    (void)state;
    case_send(its, fd, "rows\tcount=20000\n"); /* 6 MB */
    CASE_UNTIL(its, seen.made > 100);
    do { /* until a hundred turns bring nothing new */
        before = seen.made;
        for (int i = 0; i < 100; i++)
            uv_run(&its->loop, UV_RUN_NOWAIT);
    } while (seen.made != before);
    assert_true(seen.made < 5000); /* 64 KiB of ours, and what the kernel holds */
    assert_true(control__out_waiting(&its->control->connections[0]->out) <
                CONTROL_AHEAD_BYTES + 512);
    for (unsigned i = 0; i < 20000; i++) {
        char head[32];

        snprintf(head, sizeof(head), "{\"row\":%u,", i);
        assert_memory_equal(case_line(its, fd), head, strlen(head));
    }
    case_expect(its, fd, END);
    assert_int_equal(seen.gone, 1);
    CASE_UNTIL(its, control__out_waiting(&its->control->connections[0]->out) == 0);
    assert_true(its->control->connections[0]->out.capacity <= 2 * CONTROL_AHEAD_BYTES);
    case_ask(its, fd, "hello\n", END);
    close(fd);
}

static void a_burst_is_kept_and_its_room_given_back(void **state)
{
    int fd = case_connect(its);

    (void)state;
    case_send(its, fd, "burst\nhello\n");
    for (int i = 0; i < 1024; i++)
        assert_int_equal(strlen(case_line(its, fd)), 1024);
    case_expect(its, fd, END);
    case_expect(its, fd, END);
    assert_true(its->control->connections[0]->out.capacity <= 2 * CONTROL_AHEAD_BYTES);
    close(fd);
}

static void a_reader_that_stops_holds_up_nobody_else(void **state)
{
    int slow = case_connect(its), other = case_connect(its);

    (void)state;
    case_send(its, slow, "rows\tcount=1000000\n");
    CASE_UNTIL(its, seen.made > 100);
    case_ask(its, other, "hello\n", END);
    close(slow);
    CASE_UNTIL(its, seen.gone == 1);
    assert_int_equal(case_counts(its).cut_off, 1);
    case_ask(its, other, "hello\n", END);
    close(other);
}

static void an_answer_may_come_later(void **state)
{
    int fd = case_connect(its);

    (void)state;
    case_send(its, fd, "wait\tfor=x\nhello\n");
    CASE_UNTIL(its, seen.request);
    for (int i = 0; i < 20; i++)
        uv_run(&its->loop, UV_RUN_NOWAIT);
    assert_int_equal(case_counts(its).requests, 1); /* one after the other */
    line(seen.request, "{\"done\":1}");
    case_expect(its, fd, "{\"done\":1}");
    assert_int_equal(seen.gone, 0);
    hz_control_end(seen.request);
    case_expect(its, fd, END);
    assert_int_equal(seen.gone, 1);
    case_expect(its, fd, END);
    close(fd);
}

static void a_stream_without_news_is_left_alone(void **state)
{
    int fd = case_connect(its);

    (void)state;
    case_send(its, fd, "news\n");
    CASE_UNTIL(its, seen.asked == 1);
    for (int i = 0; i < 20; i++)
        uv_run(&its->loop, UV_RUN_NOWAIT);
    assert_int_equal(seen.asked, 1);
    assert_false(uv_is_active((uv_handle_t *)&its->control->settle)); /* the loop may sleep */
    seen.news = 2;
    hz_control_more(seen.request);
    case_expect(its, fd, "{\"news\":1}");
    case_expect(its, fd, "{\"news\":1}");
    assert_int_equal(seen.asked, 4);
    hz_control_fail(seen.request, HZ_ESTATE, "enough");
    case_expect(its, fd, "{\"error\":\"enough\",\"code\":-1011}");
    assert_int_equal(seen.gone, 1);
    close(fd);
}

static void a_search_goes_on_in_slices(void **state)
{
    int fd = case_connect(its);
    unsigned before;

    (void)state;
    case_send(its, fd, "search\n");
    CASE_UNTIL(its, seen.searched > 0);
    assert_int_equal(seen.searched, 1);
    do { /* one slice a turn: the loop's other work comes between */
        before = seen.searched;
        uv_run(&its->loop, UV_RUN_NOWAIT);
        assert_true(seen.searched <= before + 1);
    } while (seen.searched <= 100);
    case_expect(its, fd, "{\"found\":1}");
    case_expect(its, fd, END);
    close(fd);
}

static void stopping_tells_whoever_waits(void **state)
{
    int waits = case_connect(its), idle = case_connect(its);

    (void)state;
    case_ask(its, idle, "hello\n", END);
    case_send(its, waits, "wait\tfor=x\n");
    CASE_UNTIL(its, seen.request);
    case_stop(its);
    assert_int_equal(seen.gone, 1);
    case_expect(its, waits, "{\"error\":\"hazardd is stopping\",\"code\":-1011}");
    case_expect(its, waits, "");
    case_expect(its, idle, "");
    assert_int_equal(case_try_connect(its->path), -ENOENT);
    close(waits);
    close(idle);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(a_request_gets_its_answer),
        T(requests_come_in_pieces_and_in_heaps),
        T(what_is_no_request_is_refused_and_the_next_one_served),
        T(a_line_may_have_4096_bytes),
        T(numbers_are_whole_and_within_bounds),
        T(a_failure_is_a_sentence_and_a_code),
        T(a_stream_is_made_as_fast_as_it_is_read),
        T(a_burst_is_kept_and_its_room_given_back),
        T(a_reader_that_stops_holds_up_nobody_else),
        T(an_answer_may_come_later),
        T(a_stream_without_news_is_left_alone),
        T(a_search_goes_on_in_slices),
        T(stopping_tells_whoever_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
