/* SPDX-License-Identifier: Apache-2.0
 *
 * The consumer of docs/examples against a real Redis: each alert once and in order, over a Redis that is
 * killed and refilled and over its own restart; trimmed past, it says so; it notices another epoch and
 * a missing heart-beat.
 */
#include "publish_world.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct redis_server server;
static struct world w;

/* The consumer and what it has said; lines of alerts are compared with the log as they come. */
static struct {
    pid_t pid;
    int fd;
    char text[1 << 16];
    size_t length;
    uint64_t next; /* number of the alert that must be printed next */
    unsigned actives, misses, epochs, silences, summaries;
} consumer;

static int begin(void **state)
{
    (void)state;
    redis_server_init(&server, false);
    redis_server_start(&server, NULL);
    world_init(&w, &server, 0x4321);
    world_start(&w);
    return 0;
}

static void end_consumer(int signal)
{
    if (consumer.pid == 0)
        return;
    (void)kill(consumer.pid, signal);
    (void)waitpid(consumer.pid, NULL, 0);
    (void)close(consumer.fd);
    consumer.pid = 0;
}

static int end(void **state)
{
    (void)state;
    end_consumer(SIGKILL);
    world_done(&w);
    redis_server_done(&server);
    return 0;
}

static void start_consumer(const char *mode, const char *position)
{
    const char *program = getenv("HAZARD_CONSUMER");
    int ends[2];

    assert_non_null(program);
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    memset(&consumer, 0, sizeof(consumer));
    consumer.pid = fork();
    if (consumer.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)dup2(ends[1], STDOUT_FILENO);
        execl(program, program, "--redis", server.address, mode, position ? "--position" : NULL,
              position, NULL);
        _exit(127);
    }
    (void)close(ends[1]);
    consumer.fd = ends[0];
    assert_int_equal(fcntl(consumer.fd, F_SETFL, O_NONBLOCK), 0);
}

static void take_alert(const char *line)
{
    const struct hz_entry *entry;
    char expected[64];

    assert_in_range(consumer.next, 1, w.log.count);
    entry = w.log.entries[consumer.next - 1];
    (void)snprintf(expected, sizeof(expected), " %-6s %-10s %s", hz_severity_word(entry->severity),
                   hz_event_word(entry->event), case_value(entry, HZ_FIELD_COND));
    assert_non_null(strstr(line, expected));
    assert_non_null(strstr(line, case_value(entry, HZ_FIELD_MSG)));
    consumer.next++;
}

static void take_line(const char *line)
{
    unsigned long long n = 0;
    unsigned actives = 0;

    if (sscanf(line, "# %u active alarms as of %*[0-9-] (n %llu)", &actives, &n) == 2) {
        consumer.summaries++;
        consumer.actives = actives; /* that many lines follow */
        consumer.next = n + 1;
    } else if (strstr(line, "alerts were missed")) {
        consumer.misses++;
    } else if (strstr(line, "another epoch")) {
        consumer.epochs++;
    } else if (strstr(line, "no heart-beat")) {
        consumer.silences++;
    } else if (consumer.actives > 0) {
        consumer.actives--;
    } else {
        take_alert(line);
    }
}

static void take_output(void)
{
    ssize_t got = read(consumer.fd, consumer.text + consumer.length,
                       sizeof(consumer.text) - 1 - consumer.length);
    char *line = consumer.text, *stop;

    if (got <= 0)
        return;
    consumer.length += (size_t)got;
    consumer.text[consumer.length] = '\0';
    while ((stop = strchr(line, '\n'))) {
        *stop = '\0';
        take_line(line);
        line = stop + 1;
    }
    consumer.length -= (size_t)(line - consumer.text);
    memmove(consumer.text, line, consumer.length + 1);
}

static bool has_begun(struct world *world)
{
    (void)world;
    take_output();
    return consumer.summaries > 0 && consumer.actives == 0;
}

static bool has_printed_all(struct world *world)
{
    take_output();
    return consumer.next == world->log.count + 1 && consumer.actives == 0;
}

static void until_printed(void)
{
    if (!world_runs_until(&w, NULL, has_printed_all))
        fail_msg(
            "the consumer waits for alert %llu of %llu; %u lines of a summary to come; %u misses, "
            "%u epochs, %u summaries; last: %s",
            (unsigned long long)consumer.next, (unsigned long long)w.log.count, consumer.actives,
            consumer.misses, consumer.epochs, consumer.summaries, consumer.text);
}

static bool has_missed(struct world *world)
{
    (void)world;
    take_output();
    return consumer.misses > 0;
}

static bool has_seen_an_epoch(struct world *world)
{
    (void)world;
    take_output();
    return consumer.epochs > 0;
}

static bool has_seen_silence(struct world *world)
{
    (void)world;
    take_output();
    return consumer.silences > 0;
}

static void each_alert_once_and_in_order(void **state)
{
    (void)state;
    world_make(&w, 100);
    world_until(&w, world_is_done);
    start_consumer("--follow", NULL);
    world_until(&w, has_begun);
    assert_int_equal(consumer.next, 101);
    for (unsigned i = 0; i < 50; i++) {
        world_make(&w, 20);
        world_spend(&w, 2);
        take_output();
    }
    until_printed();
    assert_int_equal(consumer.summaries, 1);
}

static void over_a_redis_that_is_killed_and_refilled(void **state)
{
    (void)state;
    world_make(&w, 300);
    world_until(&w, world_is_done);
    start_consumer("--follow", NULL);
    world_until(&w, has_begun);
    world_make(&w, 100);
    until_printed();
    redis_server_kill(&server);
    world_make(&w, 100);
    world_until(&w, world_is_down);
    redis_server_start(&server, NULL);
    world_make(&w, 100);
    until_printed();
    assert_int_equal(consumer.misses, 0);
    assert_int_equal(consumer.epochs, 0);
}

static void over_its_own_restart(void **state)
{
    char position[128];

    (void)state;
    (void)snprintf(position, sizeof(position), "%s/position", server.folder);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    start_consumer("--follow", position);
    world_until(&w, has_begun);
    world_make(&w, 50);
    until_printed();
    end_consumer(SIGTERM);
    world_make(&w, 70);
    world_until(&w, world_is_done);
    start_consumer("--once", position);
    consumer.next = 151; /* no summary: it goes on where it was */
    until_printed();
    assert_int_equal(consumer.summaries, 0);
}

static void trimmed_past_it_says_so(void **state)
{
    (void)state;
    world_stop(&w);
    w.redis.maxlen = 1000;
    world_start(&w);
    world_make(&w, 100);
    world_until(&w, world_is_done);
    start_consumer("--follow", NULL);
    world_until(&w, has_begun);
    (void)kill(consumer.pid, SIGSTOP);
    for (unsigned i = 0; i < 50; i++) {
        world_make(&w, 100);
        world_spend(&w, 1);
    }
    world_until(&w, world_is_done);
    (void)kill(consumer.pid, SIGCONT);
    world_until(&w, has_missed);
    until_printed();
    world_make(&w, 100);
    until_printed();
    assert_int_equal(consumer.misses, 1);
}

static void another_epoch_is_noticed(void **state)
{
    (void)state;
    world_make(&w, 100);
    world_until(&w, world_is_done);
    start_consumer("--follow", NULL);
    world_until(&w, has_begun);
    (void)ask(&server, "XADD hz:1:{all}:stream * n 1 event intruder");
    world_until(&w, has_seen_an_epoch);
    world_make(&w, 100);
    until_printed();
}

static void a_missing_heart_beat_is_said(void **state)
{
    (void)state;
    world_make(&w, 10);
    world_until(&w, world_is_done);
    start_consumer("--follow", NULL);
    world_until(&w, has_begun);
    world_stop(&w);
    world_until(&w, has_seen_silence);
    world_start(&w);
}

static void once_ends_by_itself(void **state)
{
    int status;

    (void)state;
    world_make(&w, 10);
    world_until(&w, world_is_done);
    start_consumer("--once", NULL);
    world_until(&w, has_begun);
    assert_int_equal(waitpid(consumer.pid, &status, 0), consumer.pid);
    (void)close(consumer.fd);
    consumer.pid = 0;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_alert_once_and_in_order, begin, end),
        cmocka_unit_test_setup_teardown(over_a_redis_that_is_killed_and_refilled, begin, end),
        cmocka_unit_test_setup_teardown(over_its_own_restart, begin, end),
        cmocka_unit_test_setup_teardown(trimmed_past_it_says_so, begin, end),
        cmocka_unit_test_setup_teardown(another_epoch_is_noticed, begin, end),
        cmocka_unit_test_setup_teardown(a_missing_heart_beat_is_said, begin, end),
        cmocka_unit_test_setup_teardown(once_ends_by_itself, begin, end),
    };

    if (!redis_server_available())
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
