/* SPDX-License-Identifier: Apache-2.0
 *
 * kill -9 at random moments under load, again and again: the stream equals what one uninterrupted
 * replay of the journal yields. HAZARD_KILLS says how often (50), HAZARD_SEED which moments.
 */
#include "alerts.h"
#include "under_load.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static unsigned from_environment(const char *name, unsigned otherwise)
{
    const char *value = getenv(name);

    return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

/* Not to wait for anything: the moment is what is tried. */
static void random_moment(unsigned *seed)
{
    long ms = rand_r(seed) % 300;

    (void)nanosleep(&(struct timespec){0, ms * 1000000}, NULL);
}

static void killed_again_and_again(const char *more_yaml)
{
    unsigned kills = from_environment("HAZARD_KILLS", 50);
    unsigned seed = from_environment("HAZARD_SEED", 1);
    struct under_load *load = under_load_new(more_yaml);
    struct flow *flow = under_load_flow(load);

    under_load_begin(load, 5000);
    for (unsigned i = 0; i < kills; i++) {
        flow_start(flow, FLOW_DAEMON);
        random_moment(&seed);
        flow_kill(flow, FLOW_DAEMON);
    }
    flow_start(flow, FLOW_DAEMON);
    random_moment(&seed);
    under_load_end(load);
    size_t entries = under_load_compare(load);
    printf("%u kills, %zu entries, all as the journal says\n", kills, entries);
    assert_true(entries > kills);
    under_load_free(load);
}

/* Starts a daemon by hand and kills it as soon as it says that it is watching. */
static void start_and_kill_at_once(struct flow *flow)
{
    char command[2048], line[1024];
    const char *build = getenv("HAZARD_BUILD"), *folder = flow_folder(flow);
    int pid = 0;

    (void)snprintf(command, sizeof(command),
                   "echo $$; exec %s/daemon/hazardd --config %s/config --state %s/state "
                   "--runtime %s/runtime 2>&1",
                   build ? build : ".", folder, folder, folder);
    FILE *output = popen(command, "re");
    assert_non_null(output);
    assert_non_null(fgets(line, sizeof(line), output));
    assert_int_equal(sscanf(line, "%d", &pid), 1);
    while (fgets(line, sizeof(line), output) && !strstr(line, "is watching"))
        ;
    assert_int_equal(kill(pid, SIGKILL), 0);
    (void)pclose(output);
}

/* A run that was killed before its first record was on disk gave its term to the next, which then took
 * the stream for another system's: the term had been told to Redis. */
static void killed_at_once_no_term_comes_again(void **state)
{
    struct under_load *load = under_load_new("");
    struct flow *flow = under_load_flow(load);

    (void)state;
    flow_start(flow, FLOW_DAEMON); /* makes the folders */
    flow_kill(flow, FLOW_DAEMON);
    for (int i = 0; i < 20; i++)
        start_and_kill_at_once(flow);
    flow_start(flow, FLOW_DAEMON);
    assert_int_equal(flow_number(flow, "daemon", "term"), 22);
    under_load_free(load);
}

static void kill_with_the_engine_on_ingest(void **state)
{
    (void)state;
    killed_again_and_again("rule_threads: 0\n");
}

static void kill_with_a_rule_thread(void **state)
{
    (void)state;
    killed_again_and_again("rule_threads: 1\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_once_no_term_comes_again),
        cmocka_unit_test(kill_with_the_engine_on_ingest),
        cmocka_unit_test(kill_with_a_rule_thread),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
