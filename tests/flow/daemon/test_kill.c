/* SPDX-License-Identifier: Apache-2.0
 *
 * kill -9 at random moments under load, again and again: the stream equals what one uninterrupted
 * replay of the journal yields. HAZARD_KILLS says how often (50), HAZARD_SEED which moments.
 */
#include "under_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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
        cmocka_unit_test(kill_with_the_engine_on_ingest),
        cmocka_unit_test(kill_with_a_rule_thread),
    };

    if (!flow_available(FLOW_DAEMON))
        return FLOW_SKIPPED;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
