/* SPDX-License-Identifier: Apache-2.0
 *
 * What no single value shows of feeds and of the whole: values that contradict each other.
 */
#include "config_priv.h"

#include <arpa/inet.h>
#include <string.h>

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static void check_session(struct config_reader *reader, const struct config_node *map)
{
    const struct config_node *clean = config__entry(map, "clean_session");
    bool kept = !clean || hz_slice_is((struct hz_slice){clean->text, clean->length}, "false");

    if (kept && !config__entry(map, "client_id"))
        CONFIG_WRONG(reader, config__place(map, "clean_session"),
                     "write client_id: hazardd-<something of your own>, or clean_session: true",
                     "a kept session needs a client_id");
}

static void check_tls(struct config_reader *reader, const struct config_node *map,
                      const struct hz_feed_config *feed)
{
    static const char *const keys[] = {"tls_ca_file", "tls_server_name"};

    for (size_t i = 0; i < 2 && !feed->tls; i++) {
        const struct config_node *entry = config__entry(map, keys[i]);

        if (entry)
            CONFIG_WRONG(reader, entry->key, "write tls: true, or take it out",
                         "%s: the connection is not encrypted", keys[i]);
    }
}

void config__check_feed(struct config_reader *reader, const struct config_node *map, void *thing)
{
    struct hz_feed_config *feed = thing;

    check_session(reader, map);
    check_tls(reader, map, feed);
    if (feed->backoff_min_ns > feed->backoff_max_ns)
        CONFIG_WRONG(reader, config__place(map, "backoff_min"), NULL,
                     "backoff_min is longer than backoff_max");
    if (feed->password_file && !feed->user)
        CONFIG_WRONG(reader, config__place(map, "password_file"), "write user: ... beside it",
                     "password_file: there is no user");
    const struct config_node *filters = config__entry(map, "filters");
    if (filters && filters->kind == CONFIG_LIST && filters->count == 0)
        CONFIG_WRONG(reader, filters, "write \"- filter: hz/+/+/+\" with its topic below it",
                     "filters: a feed without filters hears nothing");
}

/* The daemon asks no name service for an address to listen on. */
void config__check_metrics(struct config_reader *reader, const struct config_node *map, void *thing)
{
    const struct hz_metrics_config *metrics = thing;
    const char *colon = metrics->address ? strrchr(metrics->address, ':') : NULL;
    char host[INET6_ADDRSTRLEN + 2], room[sizeof(struct in6_addr)];
    size_t length = colon ? (size_t)(colon - metrics->address) : 0;
    bool good = !metrics->address; /* said already */

    if (length > 0 && length < sizeof(host)) {
        memcpy(host, metrics->address, length);
        host[length] = '\0';
        good = inet_pton(AF_INET, host, room) == 1;
    }
    if (length > 2 && length < sizeof(host) && host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        good = inet_pton(AF_INET6, host + 1, room) == 1;
    }
    if (!good)
        CONFIG_WRONG(reader, config__place(map, "address"),
                     "write an address of this machine in digits, and a port: 127.0.0.1:9464",
                     "metrics: %s is nothing to listen on", metrics->address);
}

/* A broker ends the older of two connections with one client id: both would flap for ever. */
static void check_client_ids(struct config_reader *reader, const struct config_node *list,
                             const struct hz_config *config)
{
    const struct config_node *one = list->first;

    for (uint32_t i = 0; i < config->feed_count; i++, one = one->next)
        for (uint32_t j = 0; j < i; j++)
            if (same(config->feeds[i].client_id, config->feeds[j].client_id) &&
                same(config->feeds[i].address, config->feeds[j].address)) {
                CONFIG_WRONG(reader, config__place(one, "client_id"), "each feed needs its own",
                             "client_id: another feed has the same at this broker");
                break;
            }
}

void config__check_config(struct config_reader *reader, const struct config_node *map, void *thing)
{
    struct hz_config *config = thing;
    const struct config_node *list = config__entry(map, "feeds");

    for (uint32_t i = 0; i < config->feed_count; i++)
        if (!config->feeds[i].timezone)
            config->feeds[i].timezone = config->timezone;
    if (list && config->feed_count > 0)
        check_client_ids(reader, list, config);
    if (config->feed_count == 0)
        hz_diagnose_warning(reader->diagnostics, reader->file, map->line, 0,
                            "write feeds: with a broker's address and filters",
                            "there are no feeds: nothing is received");
}
