/* SPDX-License-Identifier: Apache-2.0
 *
 * Faulty hazardd.yaml files: each with all that must be said about it, place, words and hint.
 */
#include "config_case.h"

static const struct bad_case cases[] = {
    {"a placeholder alone", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: {point}\n",
     "hazardd.yaml:7:12: error: topic: one value is expected, not a map\n"
     "    hint: quote a text that contains braces: \"{enterprise}/{point}\"\n"},
    {"a yes", "hazardd.yaml",
     "redis: {enabled: yes}\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:18: error: enabled: yes is neither true nor false\n"
     "    hint: write true or false\n"},
    {"metrics at a name", "hazardd.yaml",
     "metrics: {address: \"localhost:9464\"}\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:20: error: metrics: localhost:9464 is nothing to listen on\n"
     "    hint: write an address of this machine in digits, and a port: 127.0.0.1:9464\n"},
    {"metrics at a socket", "hazardd.yaml",
     "metrics:\n"
     "  address: unix:/run/x\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:2:12: error: metrics: unix:/run/x is nothing to listen on\n"
     "    hint: write an address of this machine in digits, and a port: 127.0.0.1:9464\n"},
    {"a leading zero", "hazardd.yaml",
     "rule_threads: 01\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:15: error: rule_threads: 01 is not a whole number\n"
     "    hint: write it without the leading zero\n"},
    {"m for minutes", "hazardd.yaml",
     "journal: {stall: 5m}\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:18: error: stall: 5m is not a duration (30s)\n"
     "    hint: minutes are min: 5min\n"},
    {"a duration without a unit", "hazardd.yaml",
     "journal: {stall: 5}\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:18: error: stall: 5 is not a duration (30s)\n"
     "    hint: write the unit: 5s or 5min\n"},
    {"a duration that is none", "hazardd.yaml",
     "journal: {stall: soon}\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:18: error: stall: soon is not a duration (30s)\n"},
    {"a size of 1000", "hazardd.yaml",
     "journal: {segment: 64MB}\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:20: error: segment: 64MB is not a size (64 MiB)\n"
     "    hint: the units are KiB, MiB, GiB (of 1024): 64 MiB\n"},
    {"a size out of bounds", "hazardd.yaml",
     "journal: {segment: 64 KiB}\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:20: error: segment: 64 KiB is not within 1 MiB .. 4 GiB\n"},
    {"a size with a part of a byte", "hazardd.yaml",
     "journal: {segment: 1024.0001 KiB}\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:20: error: segment: 1024.0001 KiB is not a size (64 MiB)\n"},
    {"a count out of bounds", "hazardd.yaml",
     "rule_threads: 2\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:15: error: rule_threads: 2 is not within 0 .. 1\n"},
    {"an empty value", "hazardd.yaml",
     "timezone:\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:10: error: timezone: has no value\n"
     "    hint: leave the key out for the default\n"},
    {"an unknown zone", "hazardd.yaml",
     "timezone: Asia/Wenzhou\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:11: error: timezone: Asia/Wenzhou is no time zone known here\n"
     "    hint: as below /usr/share/zoneinfo (Asia/Shanghai), UTC, or +08:00\n"},
    {"an address with a scheme", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: mqtt://h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:3:12: error: address: mqtt://h:1883 is no address\n"
     "    hint: leave the scheme out: host:port (and tls: true where the peer speaks TLS)\n"},
    {"an address without a port", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:3:12: error: address: h is no address\n"
     "    hint: host:port, [v6 address]:port, or unix:/path\n"},
    {"an IPv6 address without brackets", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: 2001:db8::1\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:3:12: error: address: 2001:db8::1 is no address\n"
     "    hint: write an IPv6 address in brackets: [2001:db8::1]:1883\n"},
    {"a port out of bounds", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:70000\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:3:12: error: address: h:70000 is no address\n"
     "    hint: host:port, [v6 address]:port, or unix:/path\n"},
    {"a filter with # in the middle", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#/x\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:6:13: error: filter: hz/#/x is no topic filter\n"
     "    hint: '#' stands alone in the last level: hz/#\n"},
    {"a filter with a + in a level", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/a+\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:6:13: error: filter: hz/a+ is no topic filter\n"
     "    hint: '+' stands for a whole level: hz/+/+/+\n"},
    {"a filter with names", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: \"hz/{point}\"\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:6:13: error: filter: hz/{point} is no topic filter\n"
     "    hint: write + for each variable level here and the names in `topic`\n"},
    {"QoS 2", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n"
     "    qos: 2\n",
     "hazardd.yaml:8:10: error: qos: 2 is not within 0 .. 1\n"
     "    hint: write qos: 1: repeats are recognised by their stamp, so that QoS 2 adds nothing "
     "but load\n"},
    {"a kept session without client_id", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:2:3: error: a kept session needs a client_id\n"
     "    hint: write client_id: hazardd-<something of your own>, or clean_session: true\n"},
    {"a feed twice", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: d\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:8:9: error: name: a is there twice\n"
     "    hint: the first is in line 2\n"},
    {"a client id twice", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n"
     "- name: b\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:10:14: error: client_id: another feed has the same at this broker\n"
     "    hint: each feed needs its own\n"},
    {"certificates without TLS", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  tls_ca_file: /ca.pem\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:5:3: error: tls_ca_file: the connection is not encrypted\n"
     "    hint: write tls: true, or take it out\n"},
    {"a password without a user", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  password_file: p\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:5:18: error: password_file: there is no user\n"
     "    hint: write user: ... beside it\n"},
    {"back-off crossed", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  backoff_min: 1min\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:5:16: error: backoff_min is longer than backoff_max\n"},
    {"no filters", "hazardd.yaml",
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n",
     "hazardd.yaml:2:3: error: filters is missing\n"
     "    hint: write \"filters:\" and below it \"- filter: hz/+/+/+\" with its topic\n"},
    {"a section that is a list", "hazardd.yaml",
     "redis: [a]\n"
     "feeds:\n"
     "- name: a\n"
     "  address: h:1883\n"
     "  client_id: c\n"
     "  filters:\n"
     "  - filter: hz/#\n"
     "    topic: hz/{point}\n",
     "hazardd.yaml:1:8: error: redis: keys with values are expected\n"
     "    hint: write its keys below it, each in a line of its own, indented\n"},
};

static void every_fault_of_an_option_has_its_place_and_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_bad_case(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_of_an_option_has_its_place_and_hint)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
