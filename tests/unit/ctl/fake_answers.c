/* SPDX-License-Identifier: Apache-2.0
 *
 * Canned answers: what the daemon says to each command, line by line. Among it: members that this
 * hazardctl does not know, members that are missing, and texts that mean no good.
 */
#include "fake.h"

#include <string.h>

static const char status[] =
    "{\"what\":\"daemon\",\"version\":\"0.1.0\",\"pid\":4711,\"state\":\"watching\","
    "\"since_ms\":1763903047123,\"set\":\"c0a81e77\",\"term\":12,\"journal\":\"9f31c2d4\","
    "\"config_faulty\":false,\"rule_threads\":1,\"durability\":\"durable\",\"moon\":\"full\"}\n"
    "{\"what\":\"feed\",\"feed\":\"city\",\"state\":\"connected\",\"reason\":\"\","
    "\"since_ms\":1763903047123,\"messages\":1000,\"readings\":24000,\"bytes\":1536,"
    "\"verdicts\":{\"broken\":3,\"late\":0,\"unknown-point\":7},\"losses\":1,\"acks\":990,"
    "\"unread_ms\":0,\"dropped\":0}\n"
    "{\"what\":\"feed\",\"feed\":\"南区\",\"state\":\"lost\",\"reason\":\"connection refused\","
    "\"since_ms\":1763903047123,\"messages\":0,\"readings\":0,\"bytes\":1024,\"verdicts\":{},"
    "\"losses\":4,\"acks\":0,\"unread_ms\":0,\"dropped\":2}\n"
    "{\"what\":\"engine\",\"seq\":4711000,\"records\":25000,\"readings\":24000,\"evaluated\":48000,"
    "\"transitions\":12,\"late\":1,\"duplicate\":2,\"historic\":0,\"future\":0,\"clock_marked\":0,"
    "\"unconfirmed\":0,\"bad_quality\":5,\"not_in_set\":0,\"alarms\":2}\n"
    "{\"what\":\"journal\",\"written_seq\":4711000,\"durable_seq\":4710990,"
    "\"stalled\":true,\"syncs\":900,\"sync_last_us\":300,\"sync_most_us\":1200,"
    "\"ring_bytes\":33554432,\"ring_used\":8388608,\"holes\":0}\n"
    "{\"what\":\"queues\",\"transitions\":0,\"entries\":3,\"not_applied\":0,\"not_durable\":10}\n"
    "{\"what\":\"redis\",\"enabled\":true,\"up\":false,\"since_ms\":1763903047123,"
    "\"reason\":\"connection refused\",\"fenced\":false,\"foreign\":false,"
    "\"published\":11,\"waiting\":1,\"refetched\":0,\"gaps\":0,\"epoch\":1,\"latency_us\":210}\n"
    "{\"what\":\"coverage\",\"total\":25000,\"online\":24999,\"valid\":24990,\"unobserved\":1}\n"
    "{\"what\":\"alarms\",\"red\":1,\"orange\":0,\"yellow\":1,\"blue\":0}\n"
    "{\"what\":\"weather\",\"rain\":true}\n";

static const char alarms[] =
    "{\"alarm\":\"k7f3-1c9e3\",\"cond\":\"system.disk-stalled\",\"state\":\"ack\",\"active\":true,"
    "\"sev\":\"yellow\",\"level\":\"\",\"kind\":\"system\",\"domain\":\"system\",\"mode\":\"live\","
    "\"point\":\"\",\"value\":null,\"limit\":null,\"t_raise\":1763902921004,\"n\":8}\n"
    "{\"alarm\":\"k7f3-1c9e2\",\"cond\":\"tank-level.high@330382001/TF01/"
    "LT101\",\"state\":\"unack\","
    "\"active\":true,\"sev\":\"red\",\"level\":\"HH\",\"kind\":\"limit\",\"domain\":\"safety\","
    "\"mode\":\"live\",\"point\":\"330382001/TF01/LT101\",\"point_name\":\"1#液氨球罐液位\","
    "\"hazard\":\"330382001/TF01\",\"hazard_name\":\"液氨罐区\",\"enterprise\":\"330382001\","
    "\"enterprise_name\":\"某某化工\",\"rule\":\"tank-level\",\"value\":90.41,\"limit\":90,"
    "\"unit\":\"%\",\"t_raise\":1763902921004,\"gateway\":\"gw01\",\"n\":7}\n";

static const char ack[] =
    "{\"alarm\":\"k7f3-1c9e2\",\"cond\":\"tank-level.high@330382001/TF01/LT101\","
    "\"state\":\"ack\",\"seq\":4711001,\"command\":\"c-1\"}\n";

static const char points[] =
    "{\"point\":\"330382001/TF01/LT101\",\"name\":\"1#液氨球罐液位\",\"tag\":\"LT-101A\","
    "\"hazard\":\"330382001/TF01\",\"enterprise\":\"330382001\",\"value\":0.1,\"quality\":\"good\","
    "\"unit\":\"%\",\"t_src\":1763903046800,\"t_rx\":1763903047118,\"stale\":false,\"invalid\":"
    "false,"
    "\"unobserved\":false,\"unconfirmed\":false,\"clock\":false,\"never\":false,\"sev\":\"red\","
    "\"feed\":\"city\"}\n"
    "{\"point\":\"330382001/TF01/XV1\",\"name\":\"ev\\u001b[31mil\\nname \\u202egnp\","
    "\"value\":\"OPEN\",\"quality\":\"bad\",\"unit\":\"\",\"stale\":true,\"invalid\":true,"
    "\"unobserved\":false,\"unconfirmed\":false,\"clock\":true,\"never\":false,\"sev\":\"\"}\n"
    "{\"point\":\"330382001/TF01/XV2\",\"never\":true,\"sev\":\"violet\"}\n";

static const char coverage[] =
    "{\"scope\":\"enterprise\",\"id\":\"330382001\",\"name\":\"某某化工\",\"total\":3000,"
    "\"online\":2999,\"valid\":2990,\"unobserved\":0}\n"
    "{\"scope\":\"enterprise\",\"id\":\"330382002\",\"name\":\"B\",\"total\":0,\"online\":0,"
    "\"valid\":0,\"unobserved\":0}\n";

static const char tail[] =
    "{\"v\":\"1\",\"n\":\"7\",\"event\":\"raise\",\"alarm\":\"k7f3-1c9e2\","
    "\"cond\":\"tank-level.high@330382001/TF01/LT101\",\"state\":\"unack\",\"prev\":\"normal\","
    "\"sev\":\"red\",\"kind\":\"limit\",\"level\":\"HH\",\"t\":\"1763903047123\",\"value\":\"90."
    "41\","
    "\"limit\":\"90\",\"unit\":\"%\",\"msg\":\"液位 90.41%，高高限\"}\n"
    "{\"v\":\"1\",\"n\":\"8\",\"event\":\"clear\",\"alarm\":\"k7f3-1c9e2\","
    "\"cond\":\"tank-level.high@330382001/TF01/LT101\",\"state\":\"rtnun\",\"prev\":\"unack\","
    "\"sev\":\"red\",\"kind\":\"limit\",\"level\":\"HH\",\"t\":\"1763903052123\",\"value\":\"80\","
    "\"limit\":\"90\",\"unit\":\"%\",\"msg\":\"\"}\n";

static const char unknown[] =
    "{\"feed\":\"city\",\"verdict\":\"unknown-point\",\"point\":\"330382001/TF01/"
    "LT1O1\",\"count\":12,"
    "\"first_ms\":1763902921004,\"last_ms\":1763903047123,\"sample\":\"90.4\"}\n"
    "{\"feed\":\"city\",\"verdict\":\"broken\",\"topic\":\"hz/a\",\"count\":1,"
    "\"first_ms\":1763903048123,\"last_ms\":1763903048123,\"sample\":\"{\\u001b\"}\n"
    "{\"what\":\"rest\",\"without_row\":5,\"given_up\":2}\n";

static const char metrics[] = "{\"line\":\"# TYPE a counter\"}\n"
                              "{\"line\":\"a_total{l=\\\"x\\\"} 1\"}\n"
                              "{\"line\":\"# EOF\\u001b\"}\n";

const char *fake_answer(const char *verb)
{
    static const struct {
        const char *verb, *lines;
    } answers[] = {
        {"status", status},     {"alarms", alarms}, {"ack", ack},         {"points", points},
        {"coverage", coverage}, {"tail", tail},     {"unknown", unknown}, {"metrics", metrics},
    };
    static char feeds[4096];

    if (strcmp(verb, "feeds") == 0) { /* the same lines as in status */
        const char *from = strstr(status, "{\"what\":\"feed\"");
        const char *to = strstr(status, "{\"what\":\"engine\"");

        memcpy(feeds, from, (size_t)(to - from));
        return feeds;
    }
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
        if (strcmp(answers[i].verb, verb) == 0)
            return answers[i].lines;
    fail_msg("no answer to %s", verb);
    return NULL;
}
