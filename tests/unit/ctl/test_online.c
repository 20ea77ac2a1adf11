/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands that ask the daemon: tables in English and Chinese, to the letter; --json as the daemon
 * said it; what is asked of it; colours; streams; and every way in which no answer comes.
 */
#include "fake.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void expect(const struct ran *ran, int code, const char *out, const char *err)
{
    assert_string_equal(ran->out, out);
    assert_string_equal(ran->err, err);
    assert_int_equal(ran->code, code);
}

/* --- tables --- */

static void alarms_in_english(void **state)
{
    (void)state;
    expect(
        RUN(fake, "alarms"), 0,
        "SEVERITY  RAISED               STATE  LEVEL     VALUE  LIMIT  POINT           HAZARD    "
        "ENTERPRISE  MODE  CONDITION                             ALARM\n"
        "red       2025-11-23 13:02:01  unack  HH      90.41 %     90  1#液氨球罐液位  液氨罐区  "
        "某某化工    live  tank-level.high@330382001/TF01/LT101  k7f3-1c9e2\n"
        "yellow    2025-11-23 13:02:01  ack    system                                            "
        "            live  system.disk-stalled                   k7f3-1c9e3\n",
        "");
    assert_string_equal(fake->request, "alarms");
}

static void alarms_in_chinese(void **state)
{
    (void)state;
    expect(RUN_ZH(fake, "alarms"), 0,
           "级别  发生时间             状态    限级     数值  限值  测点            重大危险源  "
           "企业      方式  条件                                  报警编号\n"
           "红    2025-11-23 13:02:01  未确认  HH    90.41 %    90  1#液氨球罐液位  液氨罐区    "
           "某某化工  正式  tank-level.high@330382001/TF01/LT101  k7f3-1c9e2\n"
           "黄    2025-11-23 13:02:01  已确认  系统                                             "
           "          正式  system.disk-stalled                   k7f3-1c9e3\n",
           "");
}

static void points_are_shown_and_can_not_steer(void **state)
{
    (void)state;
    expect(
        RUN(fake, "points"), 0,
        "POINT                 NAME                 VALUE  QUALITY  SEVERITY  SIGNS              "
        "  STAMP                ARRIVED              FEED\n"
        "330382001/TF01/LT101  1#液氨球罐液位       0.1 %  good     red                          "
        "  2025-11-23 13:04:06  2025-11-23 13:04:07  city\n"
        "330382001/TF01/XV1    ev\uFFFD[31mil name \uFFFDgnp   OPEN  bad                stale "
        "invalid clock\n"
        "330382001/TF01/XV2                                         violet    never\n",
        "");
}

static void coverage_in_both(void **state)
{
    (void)state;
    expect(RUN(fake, "coverage"), 0,
           "SCOPE       ID         NAME      POINTS  ON LINE   SHARE  VALID  UNOBSERVED\n"
           "enterprise  330382001  某某化工    3000     2999  99.9 %   2990           0\n"
           "enterprise  330382002  B              0        0              0           0\n",
           "");
    expect(RUN_ZH(fake, "coverage"), 0,
           "范围  编号       名称      测点  在线  在线率  有效  未监视\n"
           "企业  330382001  某某化工  3000  2999  99.9 %  2990       0\n"
           "企业  330382002  B            0     0             0       0\n",
           "");
}

static void coverage_that_is_good_says_so(void **state)
{
    (void)state;
    fake_say_and_close(fake, "{\"end\":true}\n");
    expect(RUN(fake, "coverage", "--below", "90"), 0, "nothing is below that share\n", "");
    fake_say_and_close(fake, "{\"end\":true}\n");
    expect(RUN(fake, "coverage", "--by", "park"), 0, "there are none\n", "");
}

#define FEEDS_EN                                                                                     \
    "FEED  STATE      SINCE                MESSAGES  READINGS    BYTES  LOSSES  ACKS  UNREAD ms  "   \
    "DROPPED  VERDICTS                   REASON\n"                                                   \
    "city  connected  2025-11-23 13:04:07      1000     24000  1.5 KiB       1   990          0  "   \
    "      0  broken 3, unknown-point 7\n"                                                           \
    "南区  lost       2025-11-23 13:04:07         0         0  1.0 KiB       4     0          0  " \
    "      2                             connection refused\n"

static void feeds_in_both(void **state)
{
    (void)state;
    expect(RUN(fake, "feeds"), 0, FEEDS_EN, "");
    expect(RUN_ZH(fake, "feeds"), 0,
           "数据源  状态    起始时间             消息   读数     流量  断线  应答  停读毫秒  "
           "丢弃  拒收                       原因\n"
           "city    已连接  2025-11-23 13:04:07  1000  24000  1.5 KiB     1   990         0  "
           "   0  broken 3, unknown-point 7\n"
           "南区    断开    2025-11-23 13:04:07     0      0  1.0 KiB     4     0         0  "
           "   2                             connection refused\n",
           "");
}

static void tail_shows_entries(void **state)
{
    (void)state;
    expect(RUN(fake, "tail"), 0,
           "      N  TIME                     SEVERITY  EVENT       STATE       LEVEL           "
           "VALUE  CONDITION                                 MESSAGE\n"
           "      7  2025-11-23 13:04:07.123  red       raise       unack       HH            "
           "90.41 %  tank-level.high@330382001/TF01/LT101      液位 90.41%，高高限\n"
           "      8  2025-11-23 13:04:12.123  red       clear       rtnun       HH               "
           "80 %  tank-level.high@330382001/TF01/LT101\n",
           "");
}

static void unknown_names_the_nearest(void **state)
{
    (void)state;
    expect(
        RUN(fake, "unknown"), 0,
        "FEED  VERDICT        POINT OR TOPIC        COUNT  FIRST                LAST             "
        "    NEAREST               SAMPLE\n"
        "city  broken         hz/a                      1  2025-11-23 13:04:08  2025-11-23 "
        "13:04:08                        {\uFFFD\n"
        "city  unknown-point  330382001/TF01/LT1O1     12  2025-11-23 13:02:01  2025-11-23 "
        "13:04:07  330382001/TF01/LT101  90.4\n"
        "7 refusals more are in no row\n",
        "");
    assert_string_equal(fake->request, "points|glob=330382001/*");
    assert_non_null(strstr(RUN_ZH(fake, "unknown")->out, "\n另有 7 次拒收未列出\n"));
}

/* An alarm of the daemon, files that have no such point, and a state directory that is not there. */
static void explain_says_what_it_could_not_look_at(void **state)
{
    (void)state;
    const struct ran *ran =
        RUN(fake, "explain", "k7f3-1c9e2", "--config", HZ_TEST_CONFIG, "--state", "/nonexistent");

    assert_int_equal(ran->code, 0);
    assert_memory_equal(ran->out, "alarm\n  alarm        k7f3-1c9e2\n",
                        strlen("alarm\n  alarm        k7f3-1c9e2\n"));
    assert_non_null(strstr(ran->out, "  last value      0.1 %\n"));
    assert_non_null(strstr(ran->out, "! /nonexistent can't be read: as root, "));
    assert_null(strstr(ran->out, "what happened"));
    ran = RUN_ZH(fake, "explain", "tank-level.high@330382001/TF01/LT101", "--state", "/nonexistent",
                 "--config", "/nonexistent");
    assert_non_null(strstr(ran->out, "  状态      未确认\n"));
    assert_non_null(strstr(ran->out, "! /nonexistent 中的配置不可用"));
    ran =
        RUN(fake, "explain", "a.high@b/c/d", "--config", HZ_TEST_CONFIG, "--state", "/nonexistent");
    assert_int_equal(ran->code, 0); /* the fake has a point for whoever asks */
    ran = RUN(fake, "explain", "k7f3-0", "--config", HZ_TEST_CONFIG, "--state", "/nonexistent");
    expect(ran, 1, "",
           "hazardctl: there is no alarm, condition or point 'k7f3-0'\n"
           "hazardctl: /nonexistent can't be read: as root, or as the user of hazardd, this shows "
           "also the whole episode and the readings\n");
}

static void ack_shows_what_it_did(void **state)
{
    (void)state;
    expect(RUN(fake, "ack", "k7f3-1c9e2", "--reason", "看过\t了\\"), 0,
           "ALARM       STATE  CONDITION                              RECORD  COMMAND\n"
           "k7f3-1c9e2  ack    tank-level.high@330382001/TF01/LT101  4711001  c-1\n",
           "");
    assert_string_equal(fake->request, "ack|alarm=k7f3-1c9e2|reason=看过\t了\\");
}

static void status_in_sections(void **state)
{
    (void)state;
    const struct ran *ran = RUN(fake, "status");

    assert_int_equal(ran->code, 0);
    assert_string_equal(ran->err, "");
    assert_non_null(strstr(ran->out, "hazardd\n"
                                     "  version               0.1.0\n"
                                     "  state                 watching\n"
                                     "  since                 2025-11-23 13:04:07\n"));
    assert_non_null(strstr(ran->out, "  configuration faulty  no\n"));
    assert_non_null(strstr(ran->out, "\nalarms\n"
                                     "! red                   1\n"
                                     "  orange                0\n"));
    assert_non_null(strstr(ran->out, "  share on line         99.9 %\n"));
    assert_non_null(strstr(ran->out, "! disk stalled          yes\n"));
    assert_non_null(strstr(ran->out, "  longest sync (us)     1200\n"));
    assert_non_null(strstr(ran->out, "\nwaiting between threads\n  transitions           0\n"));
    assert_non_null(strstr(ran->out, "! up                    no\n"
                                     "  since                 2025-11-23 13:04:07\n"
                                     "  reason                connection refused\n"));
    assert_non_null(strstr(ran->out, "\n\n" FEEDS_EN));
    assert_null(strstr(ran->out, "moon")); /* what a newer daemon says besides */
    assert_null(strstr(ran->out, "weather"));
}

static void status_in_chinese(void **state)
{
    (void)state;
    const struct ran *ran = RUN_ZH(fake, "status");

    assert_non_null(strstr(ran->out, "报警\n"
                                     "! 红              1\n"
                                     "  橙              0\n"));
    assert_non_null(strstr(ran->out, "\n  按到达时间判断  0\n"));
    assert_non_null(strstr(ran->out, "\n! 磁盘停滞        是\n"));
}

static void a_redis_that_is_not_wanted_is_no_trouble(void **state)
{
    (void)state;
    fake_say_and_close(fake,
                       "{\"what\":\"redis\",\"enabled\":false,\"up\":false}\n{\"end\":true}\n");
    expect(RUN(fake, "status"), 0, "Redis\n  enabled               no\n\n", "");
}

static void the_locale_chooses_the_language(void **state)
{
    static const struct {
        const char *environment[4];
        bool chinese;
    } table[] = {
        {{NULL}, false},
        {{"LANG=zh_CN.UTF-8"}, true},
        {{"LANG=zh"}, true},
        {{"LANG=en_US.UTF-8", "LC_MESSAGES=zh_CN.UTF-8"}, true},
        {{"LANG=zh_CN.UTF-8", "LC_MESSAGES=C"}, false},
        {{"LC_MESSAGES=C", "LC_ALL=zh_CN"}, true},
        {{"LC_MESSAGES=zh_CN", "LC_ALL=C"}, false},
        {{"LANG=zh_CN", "LC_MESSAGES=", "LC_ALL="}, true},
        {{"LC_CTYPE=zh_CN.UTF-8"}, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct ran *ran =
            fake_run(fake, table[i].environment,
                     (const char *const[]){"alarms", "--enterprise", "empty", NULL});

        assert_string_equal(ran->out, table[i].chinese ? "没有报警\n" : "no alarms\n");
    }
}

/* What hazardctl says, what the daemon refuses; help and JSON stay as they are. */
static void sentences_are_chinese_too(void **state)
{
    (void)state;
    expect(RUN_ZH(fake, "ack", "none"), 1, "",
           "hazardctl: there is no alarm 'none\uFFFD[0m'\n"); /* a sentence that is not known */
    expect(RUN_ZH(fake, "alarms", "--severity", "violet"), 2, "",
           "hazardctl: alarms：--severity 'violet'：应为 red、orange、yellow、blue 之一\n");
    const struct ran *ran = RUN_ZH(fake, "status", "--socket", "/nonexistent");
    assert_non_null(strstr(ran->err,
                           "hazardctl: 连接不上 /nonexistent 处的 hazardd：没有那个文件或目录\n"
                           "    是否在运行？   systemctl status hazardd\n"));
    assert_memory_equal(RUN_ZH(fake, "help", "alarms")->out, "usage: hazardctl alarms", 23);
}

static void an_empty_list_says_so(void **state)
{
    (void)state;
    expect(RUN(fake, "alarms", "--enterprise", "empty"), 0, "no alarms\n", "");
    expect(RUN_ZH(fake, "alarms", "--enterprise", "empty"), 0, "没有报警\n", "");
    expect(RUN(fake, "alarms", "--enterprise", "empty", "--json"), 0, "", "");
}

/* Alarms are ranked as a whole, points are written as they come. */
static void a_long_list_comes_whole_and_in_order(void **state)
{
    static const char *const verbs[] = {"alarms", "points"};

    (void)state;
    for (size_t verb = 0; verb < 2; verb++) {
        const struct ran *ran = RUN(fake, verbs[verb], "--enterprise", "many");
        const char *at = ran->out;

        assert_int_equal(ran->code, 0);
        for (int i = 0; i < 5000; i++) {
            char name[16];

            (void)snprintf(name, sizeof(name), "a-%d%s", i, verb == 0 ? "\n" : " ");
            at = strstr(at, name);
            assert_non_null(at);
        }
        assert_null(strstr(at, "a-0"));
    }
}

/* Lines as they are in the text, without what a terminal would obey. */
static void metrics_are_lines(void **state)
{
    (void)state;
    expect(RUN(fake, "metrics"), 0, "# TYPE a counter\na_total{l=\"x\"} 1\n# EOF\uFFFD\n", "");
    assert_string_equal(fake->request, "metrics");
    assert_int_equal(RUN(fake, "metrics", "--prometheus")->code, 0);
    assert_string_equal(fake->request, "metrics|prometheus=1");
}

/* --- for programs --- */

static void json_is_what_the_daemon_said(void **state)
{
    static const char *const verbs[] = {"status", "alarms", "points",  "coverage",
                                        "feeds",  "tail",   "metrics", "unknown"};

    (void)state;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        expect(RUN(fake, verbs[i], "--json"), 0, fake_answer(verbs[i]), "");
        expect(RUN_ZH(fake, verbs[i], "-j"), 0, fake_answer(verbs[i]), "");
    }
    expect(RUN(fake, "ack", "x", "--json"), 0, fake_answer("ack"), "");
    expect(RUN(fake, "ack", "none", "--json"), 1, "",
           "hazardctl: there is no alarm 'none\uFFFD[0m'\n");
}

static void options_become_arguments(void **state)
{
    (void)state;
    (void)RUN(fake, "alarms", "--severity=red", "--all", "--enterprise", "330382001");
    assert_string_equal(fake->request, "alarms|severity=red|enterprise=330382001|all=1");
    (void)RUN(fake, "points", "330382001/*", "--stale", "--invalid", "--hazard", "a=b",
              "--enterprise=e");
    assert_string_equal(fake->request,
                        "points|enterprise=e|hazard=a=b|glob=330382001/*|stale=1|invalid=1");
    (void)RUN(fake, "coverage", "--by", "park", "--below", "99");
    assert_string_equal(fake->request, "coverage|by=park|below=99");
    (void)RUN(fake, "tail", "--from", "1763903047123-4", "-n", "20");
    assert_string_equal(fake->request, "tail|from=1763903047123-4|count=20");
    (void)RUN(fake, "tail", "--from=48213");
    assert_string_equal(fake->request, "tail|from=48213");
    (void)RUN(fake, "ack", "-r", "a\nb\rc", "--", "-x");
    assert_string_equal(fake->request, "ack|alarm=-x|reason=a\nb\rc");
}

/* --- colours --- */

static void colours_only_where_wanted(void **state)
{
    static const char *const plain[] = {"TERM=xterm", NULL};

    (void)state;
    assert_null(strchr(fake_run(fake, plain, (const char *const[]){"alarms", NULL})->out, '\x1b'));
    const struct ran *ran = RUN(fake, "alarms", "--color=always");
    assert_non_null(strstr(ran->out, "\n\x1b[1;31mred\x1b[0m       2025"));
    assert_non_null(strstr(ran->out, "\n\x1b[33myellow\x1b[0m    2025"));
    assert_memory_equal(ran->out, "\x1b[1mSEVERITY\x1b[0m  \x1b[1mRAISED", 26);
    ran = RUN(fake, "status", "--color=always");
    assert_non_null(strstr(ran->out, "\x1b[1;31m! up                    no\x1b[0m\n"));
    assert_non_null(strstr(ran->out, "\x1b[1;31mlost\x1b[0m       2025"));
    assert_null(strstr(ran->out, "\x1b[1;31mconnected"));
    ran = RUN(fake, "points", "--color=always"); /* an unknown severity is as good as red */
    assert_non_null(strstr(ran->out, "\x1b[1;31mviolet\x1b[0m"));
}

static void a_terminal_has_colours_unless_told_otherwise(void **state)
{
    static const struct {
        const char *environment[3];
        const char *option;
        bool colour;
    } table[] = {
        {{"TERM=xterm"}, NULL, true},
        {{"TERM=xterm", "NO_COLOR="}, NULL, true},
        {{"TERM=xterm", "NO_COLOR=1"}, NULL, false},
        {{"TERM=xterm", "NO_COLOR=1"}, "--color=always", true},
        {{"TERM=xterm"}, "--color=never", false},
        {{"TERM=dumb"}, NULL, false},
        {{NULL}, NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const char *const arguments[] = {"alarms", table[i].option, NULL};
        const struct ran *ran = fake_run_on_terminal(fake, table[i].environment, arguments);

        assert_int_equal(ran->code, 0);
        assert_non_null(strstr(ran->out, "red"));
        assert_int_equal(strchr(ran->out, '\x1b') != NULL, table[i].colour);
    }
}

/* --- streams --- */

static void line_to(struct hz_control_request *request, const char *json)
{
    hz_control_line(request, json, strlen(json));
}

static void what_follows_is_shown_at_once(void **state)
{
    (void)state;
    for (int json = 0; json < 2; json++) {
        fake_begin(fake, NULL, (const char *const[]){"tail", "-f", json ? "--json" : NULL, NULL});
        while (!fake->held)
            (void)uv_run(&fake->loop, UV_RUN_ONCE);
        assert_string_equal(fake->request, "tail|follow=1");
        line_to(fake->held, "{\"n\":\"1\",\"event\":\"raise\",\"msg\":\"one\"}");
        fake_wait_output(fake, "one");
        line_to(fake->held, "{\"n\":\"2\",\"event\":\"clear\",\"msg\":\"two\"}");
        fake_wait_output(fake, "two");
        fake_signal(SIGINT);
        assert_int_equal(fake_end(fake)->code, -SIGINT);
        while (fake->held) /* the daemon sees him go */
            (void)uv_run(&fake->loop, UV_RUN_ONCE);
    }
}

/* Longer without a line than an answer may take: that is what a stream is. */
static void a_stream_may_be_silent(void **state)
{
    (void)state;
    fake_begin(fake, NULL, (const char *const[]){"tail", "-f", "--timeout", "1", NULL});
    while (!fake->held)
        (void)uv_run(&fake->loop, UV_RUN_ONCE);
    fake_pass_ms(fake, 1300);
    assert_non_null(fake->held);
    line_to(fake->held, "{\"n\":\"1\",\"event\":\"raise\",\"msg\":\"one\"}");
    fake_wait_output(fake, "one");
    fake_signal(SIGTERM);
    assert_int_equal(fake_end(fake)->code, -SIGTERM);
}

static void a_stream_ends_with_its_daemon(void **state)
{
    (void)state;
    fake_begin(fake, NULL, (const char *const[]){"tail", "--follow", NULL});
    while (!fake->held)
        (void)uv_run(&fake->loop, UV_RUN_ONCE);
    hz_control_stop(fake->control, NULL, NULL);
    fake->control = NULL;
    expect(fake_end(fake), 1, "", "hazardctl: hazardd is stopping\n");
}

/* --- no answer --- */

static void a_refusal_is_said_and_is_1(void **state)
{
    (void)state;
    expect(RUN(fake, "ack", "none"), 1, "", "hazardctl: there is no alarm 'none\uFFFD[0m'\n");
}

static void no_daemon_is_3_and_says_which_socket(void **state)
{
    (void)state;
    const struct ran *ran = RUN(fake, "status", "--socket", "/nowhere/s");
    assert_int_equal(ran->code, 3);
    assert_string_equal(ran->out, "");
    assert_non_null(
        strstr(ran->err,
               "hazardctl: hazardd is not reachable at /nowhere/s: No such file or directory\n"));
    assert_non_null(strstr(ran->err, "systemctl start hazardd"));
    ran = fake_run(fake, (const char *const[]){"HAZARDD_SOCKET=", NULL},
                   (const char *const[]){"alarms", "--json", NULL});
    assert_non_null(strstr(ran->err, " at /run/hazardd/hazardd.sock: "));
    assert_int_equal(ran->code, 3);
}

static void a_silent_daemon_is_3(void **state)
{
    char said[256];

    (void)state;
    const struct ran *ran = RUN(fake, "alarms", "--enterprise", "silent", "--timeout", "1");
    (void)snprintf(said, sizeof(said),
                   "hazardctl: hazardd at %s has not answered for 1 s (--timeout)\n", fake->path);
    expect(ran, 3, "", said);
}

static void half_an_answer_is_never_taken_for_one(void **state)
{
    static const struct {
        const char *bytes, *out, *err;
    } table[] = {
        {"", "", "closed the connection before its answer had ended\n"},
        {"{\"alarm\":\"a\"}\n", "SEVERITY", "closed the connection before its answer had ended\n"},
        {"{\"alarm\":\"a\"}\n{\"end\":tr", "SEVERITY",
         "closed the connection before its answer had ended\n"},
        {"{\"alarm\":\"a\"\n{\"end\":true}\n", "", "a line of the answer is not a JSON object\n"},
        {"[]\n{\"end\":true}\n", "", "a line of the answer is not a JSON object\n"},
        {"{\"error\":\"too many connections, try again later\",\"code\":-1003}\n", "",
         "too many connections, try again later\n"},
        {"{\"error\":7}\n", "", "hazardctl: refused\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        fake_say_and_close(fake, table[i].bytes);
        const struct ran *ran = RUN(fake, "alarms");

        assert_int_equal(ran->code, 1);
        assert_non_null(strstr(ran->err, table[i].err));
        if (strcmp(table[i].out, "SEVERITY") == 0)
            assert_non_null(strstr(ran->out, table[i].out));
        else
            assert_string_equal(ran->out, "");
        (void)unlink(fake->path);
    }
}

static void a_full_disk_is_said(void **state)
{
    char command[256];

    (void)state;
    (void)snprintf(command, sizeof(command), "'%s' help >/dev/full 2>/dev/null", fake_program);
    assert_int_equal(system(command), 1 << 8);
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        T(alarms_in_english),
        T(alarms_in_chinese),
        T(points_are_shown_and_can_not_steer),
        T(coverage_in_both),
        T(coverage_that_is_good_says_so),
        T(feeds_in_both),
        T(metrics_are_lines),
        T(tail_shows_entries),
        T(unknown_names_the_nearest),
        T(explain_says_what_it_could_not_look_at),
        T(ack_shows_what_it_did),
        T(status_in_sections),
        T(status_in_chinese),
        T(a_redis_that_is_not_wanted_is_no_trouble),
        T(the_locale_chooses_the_language),
        T(sentences_are_chinese_too),
        T(an_empty_list_says_so),
        T(a_long_list_comes_whole_and_in_order),
        T(json_is_what_the_daemon_said),
        T(options_become_arguments),
        T(colours_only_where_wanted),
        T(a_terminal_has_colours_unless_told_otherwise),
        T(what_follows_is_shown_at_once),
        T(a_stream_may_be_silent),
        T(a_stream_ends_with_its_daemon),
        T(a_refusal_is_said_and_is_1),
        T(no_daemon_is_3_and_says_which_socket),
        T(a_silent_daemon_is_3),
        T(half_an_answer_is_never_taken_for_one),
        T(a_full_disk_is_said),
    };

    if (argc != 2)
        return 2;
    fake_program = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
