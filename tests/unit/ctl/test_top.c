/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl top` on a terminal and in a pipe: what stands on the screen, keys, another size, a daemon
 * that goes away and comes back; and that the terminal is as it was, however top ends.
 */
#include "fake.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define ENTERED "\x1b[?1049h"
#define LEFT    "\x1b[?1049l"

static struct fake *fake;

static int begin(void **state)
{
    (void)state;
    fake = fake_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    fake_free(fake);
    return 0;
}

static const char *const top_alone[] = {"top", NULL};

static void begin_top(unsigned width, unsigned height)
{
    fake_begin_on_terminal(fake, width, height, (const char *const[]){"TERM=xterm", NULL},
                           top_alone);
}

static void given_back(int code)
{
    bool as_before;
    const struct ran *ran = fake_end_on_terminal(fake, &as_before);
    const char *left = strstr(ran->out, LEFT);

    assert_int_equal(ran->code, code);
    assert_true(as_before);
    assert_non_null(left);
    assert_string_equal(left, LEFT); /* nothing is written after it */
}

static void once_is_plain_text(void **state)
{
    (void)state;
    const struct ran *ran = RUN(fake, "top", "--once");

    assert_int_equal(ran->code, 0);
    assert_string_equal(ran->err, "");
    assert_null(strchr(ran->out, '\x1b'));
    assert_null(strchr(ran->out, '\r'));
    assert_null(strstr(ran->out, " \n")); /* no blanks at the end of a line */
    assert_non_null(strstr(ran->out, "input      readings 0/s   messages 0/s   bytes/s 0 B"));
    assert_non_null(strstr(ran->out,
                           "on line 99.9 % [###################.]   of 25000   valid 24990"
                           "   not observed 1\n"));
    assert_non_null(strstr(ran->out, "ring 25 %   holes 0\n"));
    assert_non_null(strstr(ran->out, "\nRedis      ! down   since 11-23 13:04:07"));
    assert_non_null(strstr(ran->out, "city  connected  11-23 13:04:07      0           0      0 B"
                                     "       10        0\n"));
    const char *red = strstr(ran->out, "red     11-23"),
               *yellow = strstr(ran->out, "yellow  11-23");
    assert_true(red && yellow);
    assert_string_equal(fake->request, "alarms|all=1|limit=100");
}

static void once_speaks_chinese(void **state)
{
    (void)state;
    const struct ran *ran = RUN_ZH(fake, "top", "--once");

    assert_non_null(strstr(ran->out, "测点       在线率 99.9 %"));
    assert_non_null(strstr(ran->out, "\n红    11-23 13:02:01  未确认"));
    assert_non_null(strstr(ran->out, "\n南区    断开"));
}

static void once_without_a_daemon_is_3(void **state)
{
    (void)state;
    fake_stop(fake);
    const struct ran *ran = RUN(fake, "top", "--once");
    assert_int_equal(ran->code, 3);
    assert_string_equal(ran->out, "");
    assert_non_null(strstr(ran->err, "hazardd is not reachable at "));
}

static void json_is_an_object_a_screen(void **state)
{
    (void)state;
    const struct ran *ran = RUN_ZH(fake, "top", "--once", "--json");

    assert_int_equal(ran->code, 0);
    assert_ptr_equal(strchr(ran->out, '\n'), ran->out + strlen(ran->out) - 1);
    assert_non_null(strstr(ran->out, "\"readings_per_s\":0.0"));
    assert_non_null(strstr(ran->out, "\"state\":\"watching\""));
    assert_non_null(strstr(ran->out, "\"active\":[{\"alarm\":\"k7f3-1c9e3\""));
}

static void q_ends_it(void **state)
{
    (void)state;
    begin_top(100, 30);
    fake_wait_output(fake, "tank-level");
    fake_type("xq");
    given_back(0);
}

static void signals_end_it(void **state)
{
    static const int signals[] = {SIGTERM, SIGHUP, SIGQUIT};

    (void)state;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        begin_top(100, 30);
        fake_wait_output(fake, "tank-level");
        fake_signal(signals[i]);
        given_back(-signals[i]);
    }
    begin_top(100, 30);
    fake_wait_output(fake, ENTERED);
    fake_signal(SIGINT);
    given_back(0);
}

static void a_crash_gives_the_terminal_back(void **state)
{
    (void)state;
    begin_top(100, 30);
    fake_wait_output(fake, "tank-level");
    fake_signal(SIGSEGV);
    given_back(-SIGSEGV);
}

static void it_ends_while_no_answer_comes(void **state)
{
    (void)state;
    fake->mute = true;
    begin_top(100, 30);
    fake_wait_output(fake, ENTERED);
    fake_type("q");
    given_back(0);
}

/* Lines of one screen, and its widest in bytes: ASCII but for names. */
static unsigned lines_drawn(void)
{
    const char *screen = fake_output();
    unsigned lines = 1;

    for (const char *at = screen; (at = strstr(at, "\r\n")); at++)
        lines++;
    return lines;
}

static void it_fits_the_terminal(void **state)
{
    (void)state;
    begin_top(60, 12);
    fake_wait_output(fake, "\x1b[J");
    assert_true(lines_drawn() <= 12);
    assert_null(strstr(fake_output(), "not observed")); /* right of the edge */
    fake_forget_output();
    fake_resize(140, 40);
    fake_wait_output(fake, "not observed");
    fake_type("q");
    given_back(0);
}

static void stopped_and_continued(void **state)
{
    (void)state;
    begin_top(100, 30);
    fake_wait_output(fake, "tank-level");
    fake_forget_output();
    fake_signal(SIGTSTP);
    fake_wait_output(fake, LEFT);
    fake_wait_stopped(fake);
    fake_forget_output();
    fake_signal(SIGCONT);
    fake_wait_output(fake, ENTERED);
    fake_wait_output(fake, "tank-level");
    fake_forget_output();
    fake_type("q");
    given_back(0);
}

static void a_daemon_goes_away_and_is_back(void **state)
{
    (void)state;
    begin_top(160, 30);
    fake_wait_output(fake, "tank-level");
    fake_stop(fake);
    fake_wait_output(fake, "! hazardd is not reachable at ");
    fake_wait_output(fake, "; below is what it said before");
    fake_start(fake);
    fake_forget_output();
    fake_wait_output(fake, "\x1b[J\x1b[H"); /* a whole screen, and the next one's head */
    fake_forget_output();
    fake_wait_output(fake, "tank-level");
    assert_null(strstr(fake_output(), "not reachable"));
    fake_type("q");
    given_back(0);
}

static void a_daemon_may_come_later(void **state)
{
    (void)state;
    fake_stop(fake);
    begin_top(160, 30);
    fake_wait_output(fake, "! hazardd is not reachable at ");
    assert_null(strstr(fake_output(), "below is"));
    fake_start(fake);
    fake_wait_output(fake, "tank-level");
    fake_type("q");
    given_back(0);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(once_is_plain_text),
        T(once_speaks_chinese),
        T(once_without_a_daemon_is_3),
        T(json_is_an_object_a_screen),
        T(q_ends_it),
        T(signals_end_it),
        T(a_crash_gives_the_terminal_back),
        T(it_ends_while_no_answer_comes),
        T(it_fits_the_terminal),
        T(stopped_and_continued),
        T(a_daemon_goes_away_and_is_back),
        T(a_daemon_may_come_later),
    };

    if (argc != 2)
        return 2;
    fake_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
