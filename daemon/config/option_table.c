/* SPDX-License-Identifier: Apache-2.0
 *
 * Every option of hazardd.yaml, once. The order is that of the example file. A default stands here
 * as it would be written, and is read by the same code as a written one.
 */
#include "config_priv.h"

#include "hz_clock.h"

#define S  HZ_NS_PER_S
#define MS HZ_NS_PER_MS
#define H  (3600 * S)
#define D  (24 * H)

static const struct config_word durabilities[] = {
    {"durable", HZ_DURABLE}, {"relaxed", HZ_RELAXED}, {NULL, 0}};
static const struct config_word formats[] = {{"value", HZ_PAYLOAD_VALUE},
                                             {"map", HZ_PAYLOAD_MAP},
                                             {"array", HZ_PAYLOAD_ARRAY},
                                             {"heartbeat", HZ_PAYLOAD_HEARTBEAT},
                                             {NULL, 0}};
static const struct config_word stamp_units[] = {{"auto", HZ_STAMP_AUTO},
                                                 {"ms", HZ_STAMP_MS},
                                                 {"s", HZ_STAMP_S},
                                                 {"text", HZ_STAMP_TEXT},
                                                 {NULL, 0}};
static const struct config_word protocols[] = {{"3.1.1", 4}, {"5", 5}, {NULL, 0}};

static const struct config_shape journal = {.section = "journal",
                                            .line = CONFIG_NO_OFFSET,
                                            .column = CONFIG_NO_OFFSET,
                                            .file = CONFIG_NO_OFFSET};
static const struct config_shape rings = {.section = "rings",
                                          .line = CONFIG_NO_OFFSET,
                                          .column = CONFIG_NO_OFFSET,
                                          .file = CONFIG_NO_OFFSET};
static const struct config_shape redis = {.section = "redis",
                                          .line = CONFIG_NO_OFFSET,
                                          .column = CONFIG_NO_OFFSET,
                                          .file = CONFIG_NO_OFFSET};
static const struct config_shape metrics = {.section = "metrics",
                                            .line = CONFIG_NO_OFFSET,
                                            .column = CONFIG_NO_OFFSET,
                                            .file = CONFIG_NO_OFFSET,
                                            .check = config__check_metrics};
static const struct config_shape feeds = {
    .section = "feeds",
    .size = sizeof(struct hz_feed_config),
    .count = offsetof(struct hz_config, feed_count),
    .most = HZ_FEEDS_MAX - 1, /* 0 is no feed */
    .line = offsetof(struct hz_feed_config, line),
    .column = CONFIG_NO_OFFSET,
    .file = CONFIG_NO_OFFSET,
    .key = "name",
    .check = config__check_feed,
};
static const struct config_shape filters = {
    .section = "feeds.filters",
    .size = sizeof(struct hz_filter_config),
    .count = offsetof(struct hz_feed_config, filter_count),
    .most = 256, /* one SUBSCRIBE packet with topics of full length stays below 256 KiB */
    .line = offsetof(struct hz_filter_config, line),
    .column = CONFIG_NO_OFFSET,
    .file = CONFIG_NO_OFFSET,
    .key = "filter",
};

#define TOP(member)       .section = "", CONFIG_FIELD(struct hz_config, member)
#define REDIS(member)     .section = "redis", CONFIG_FIELD(struct hz_redis_config, member)
#define METRICS(member)   .section = "metrics", CONFIG_FIELD(struct hz_metrics_config, member)
#define FEED(member)      .section = "feeds", CONFIG_FIELD(struct hz_feed_config, member)
#define FILTER(member)    .section = "feeds.filters", CONFIG_FIELD(struct hz_filter_config, member)
#define IN(where, member) .section = where, CONFIG_FIELD(struct hz_config, member)

static const struct config_word languages[] = {{"zh", 0}, {"en", 1}, {NULL, 0}};

static const struct config_row rows[] = {
    {.section = "",
     .name = "schema",
     .type = CONFIG_SCHEMA,
     .unset = "1",
     .reload = CONFIG_LIVE,
     .help = "Version of this file's grammar."},
    {TOP(timezone), .name = "timezone", .type = CONFIG_ZONE, .unset = "Asia/Shanghai",
     .reload = CONFIG_RECONNECT,
     .help = "Zone of stamps that come without one, for feeds that name none of their own."},
    {TOP(language), .name = "language", .type = CONFIG_CHOICE, .words = languages, .unset = "zh",
     .reload = CONFIG_LIVE, .help = "Language of message, short and advice in an alert."},
    {TOP(rule_threads), .name = "rule_threads", .type = CONFIG_COUNT, .unset = "0", .min = 0,
     .max = 1, .reload = CONFIG_RESTART,
     .help = "1: the engine has a thread of its own; 0: it runs on the ingest thread."},
    {TOP(control_socket), .name = "control_socket", .type = CONFIG_TEXT,
     .example = "/run/hazardd/hazardd.sock", .max = 107, .reload = CONFIG_RESTART,
     .help = "Socket for hazardctl. Not set: hazardd.sock in the runtime directory."},

    {.section = "",
     .name = "journal",
     .type = CONFIG_SECTION,
     .shape = &journal,
     .reload = CONFIG_LIVE,
     .help = "The input log on disk."},
    {IN("journal", durability), .name = "durability", .type = CONFIG_WORD, .words = durabilities,
     .unset = "durable", .reload = CONFIG_RESTART,
     .help = "When an alert may go out: its reading is on disk (durable), or written (relaxed: "
             "survives kill -9, not loss of power)."},
    {IN("journal", stall_ns), .name = "stall", .type = CONFIG_DURATION, .unset = "1s",
     .min = 100 * MS, .max = 60 * S, .reload = CONFIG_RESTART,
     .help =
         "When the disk makes no progress for so long, alerts go out at once, marked durable=0."},
    {IN("journal", segment_bytes), .name = "segment", .type = CONFIG_SIZE, .unset = "64 MiB",
     .min = 1 << 20, .max = INT64_C(4) << 30, .reload = CONFIG_RESTART,
     .help = "Size of one journal file."},
    {IN("journal", stall_buffer_bytes), .name = "stall_buffer", .type = CONFIG_SIZE,
     .unset = "64 MiB", .min = 1 << 20, .max = INT64_C(16) << 30, .reload = CONFIG_RESTART,
     .help = "Memory for readings while the disk stalls; untouched until then."},

    {.section = "",
     .name = "rings",
     .type = CONFIG_SECTION,
     .shape = &rings,
     .reload = CONFIG_RESTART,
     .help = "Memory between the threads; untouched until it is needed."},
    {IN("rings", ring_chunks), .name = "chunks", .type = CONFIG_COUNT, .unset = "128", .min = 16,
     .max = 65536, .reload = CONFIG_RESTART,
     .help = "Chunks of 256 KiB between ingest, journal and engine."},
    {IN("rings", transitions_ring), .name = "transitions", .type = CONFIG_COUNT, .unset = "16384",
     .min = 256, .max = 1 << 20, .reload = CONFIG_RESTART,
     .help = "Alarm transitions between engine and output."},

    {TOP(redis), .name = "redis", .type = CONFIG_SECTION, .shape = &redis, .reload = CONFIG_LIVE,
     .help = "Where alerts, states and latest values are published."},
    {REDIS(enabled), .name = "enabled", .type = CONFIG_BOOL, .unset = "true",
     .reload = CONFIG_RECONNECT,
     .help = "false: alerts go to the alarms log and the system's journal only."},
    {REDIS(address), .name = "address", .type = CONFIG_ADDRESS, .unset = "127.0.0.1:6379",
     .reload = CONFIG_RECONNECT, .help = "host:port or unix:/path."},
    {REDIS(user), .name = "user", .type = CONFIG_TEXT, .example = "hazardd",
     .max = HZ_NAME_BYTES_MAX, .reload = CONFIG_RECONNECT, .help = "ACL user."},
    {REDIS(password_file), .name = "password_file", .type = CONFIG_TEXT,
     .example = "redis-password", .reload = CONFIG_RECONNECT,
     .help = "File with the password; a relative path stands in $CREDENTIALS_DIRECTORY."},
    {REDIS(connect_timeout_ns), .name = "connect_timeout", .type = CONFIG_DURATION, .unset = "3s",
     .min = 100 * MS, .max = 60 * S, .reload = CONFIG_LIVE,
     .help = "How long a connection may take."},
    {REDIS(reply_timeout_ns), .name = "reply_timeout", .type = CONFIG_DURATION, .unset = "5s",
     .min = 100 * MS, .max = 60 * S, .reload = CONFIG_LIVE,
     .help = "How long an answer may take before the connection is given up."},
    {REDIS(heartbeat_ns), .name = "heartbeat", .type = CONFIG_DURATION, .unset = "5s", .min = 1 * S,
     .max = 60 * S, .reload = CONFIG_LIVE,
     .help = "How often the heart-beat key is written; it expires after three times this."},
    {REDIS(retention_ns), .name = "retention", .type = CONFIG_DURATION, .unset = "30d", .min = H,
     .max = 3650 * D, .reload = CONFIG_LIVE, .help = "How long alerts stay in a stream."},
    {REDIS(maxlen), .name = "maxlen", .type = CONFIG_COUNT, .unset = "1000000", .min = 1000,
     .max = INT64_C(1000000000), .reload = CONFIG_LIVE,
     .help = "Ceiling of entries in a stream, whatever the retention."},
    {REDIS(latest), .name = "latest", .type = CONFIG_BOOL, .unset = "true", .reload = CONFIG_LIVE,
     .help = "Whether latest values and states are written beside the alerts."},
    {REDIS(latest_every_ns), .name = "latest_every", .type = CONFIG_DURATION, .unset = "1s",
     .min = 100 * MS, .max = H, .reload = CONFIG_LIVE,
     .help = "At most one write for each point in this time."},

    {TOP(metrics), .name = "metrics", .type = CONFIG_SECTION, .shape = &metrics,
     .reload = CONFIG_RESTART, .help = "Metrics and health over HTTP, for Prometheus and probes."},
    {METRICS(enabled), .name = "enabled", .type = CONFIG_BOOL, .unset = "true",
     .reload = CONFIG_RESTART, .help = "false: hazardctl metrics only."},
    {METRICS(address), .name = "address", .type = CONFIG_ADDRESS, .unset = "127.0.0.1:9464",
     .reload = CONFIG_RESTART,
     .help = "Address and port of this machine, in digits. Whoever reaches it may read; there is "
             "no TLS."},

    {TOP(feeds), .name = "feeds", .type = CONFIG_SEQUENCE, .shape = &feeds,
     .reload = CONFIG_RECONNECT, .hint = "write \"- name: ...\" below it",
     .help = "MQTT brokers to listen to."},
    {FEED(name), .name = "name", .type = CONFIG_ID, .required = true, .example = "city",
     .reload = CONFIG_RECONNECT,
     .help = "Name of the feed in alarms, metrics and gateways.csv; never re-used for another."},
    {FEED(address), .name = "address", .type = CONFIG_ADDRESS, .required = true,
     .example = "127.0.0.1:1883", .reload = CONFIG_RECONNECT,
     .help = "host:port, [v6 address]:port or unix:/path."},
    {FEED(client_id), .name = "client_id", .type = CONFIG_TEXT, .shown = true,
     .example = "hazardd-city", .max = HZ_NAME_BYTES_MAX, .reload = CONFIG_RECONNECT,
     .help = "MQTT client identifier: unique at the broker, and needed for a kept session."},
    {FEED(protocol), .name = "protocol", .type = CONFIG_WORD, .words = protocols, .unset = "5",
     .reload = CONFIG_RECONNECT, .help = "MQTT version."},
    {FEED(clean_session), .name = "clean_session", .type = CONFIG_BOOL, .unset = "false",
     .reload = CONFIG_RECONNECT,
     .help = "false: the broker keeps QoS 1 messages for us while we are away."},
    {FEED(session_expiry_s), .name = "session_expiry", .type = CONFIG_SECONDS, .unset = "1d",
     .min = 0, .max = 3650 * 86400, .reload = CONFIG_RECONNECT,
     .help = "How long the broker keeps the session (MQTT 5)."},
    {FEED(keepalive_s), .name = "keepalive", .type = CONFIG_SECONDS, .unset = "30s", .min = 5,
     .max = 65535, .reload = CONFIG_RECONNECT,
     .help = "Longest silence of the connection before a ping."},
    {FEED(receive_maximum), .name = "receive_maximum", .type = CONFIG_COUNT, .unset = "1000",
     .min = 1, .max = 65535, .reload = CONFIG_RECONNECT,
     .help = "QoS 1 messages under way at once; they are acknowledged when they are on disk."},
    {FEED(payload_bytes_max), .name = "payload_max", .type = CONFIG_SIZE, .unset = "256 KiB",
     .min = 1 << 10, .max = HZ_PAYLOAD_BYTES_MAX, .reload = CONFIG_RECONNECT,
     .help = "Larger messages are skipped and counted."},
    {FEED(user), .name = "user", .type = CONFIG_TEXT, .example = "hazardd",
     .max = HZ_NAME_BYTES_MAX, .reload = CONFIG_RECONNECT, .help = "User at the broker."},
    {FEED(password_file), .name = "password_file", .type = CONFIG_TEXT, .example = "city-password",
     .reload = CONFIG_RECONNECT,
     .help = "File with the password; a relative path stands in $CREDENTIALS_DIRECTORY."},
    {FEED(tls), .name = "tls", .type = CONFIG_BOOL, .unset = "false", .reload = CONFIG_RECONNECT,
     .help = "Encrypt the connection and verify the broker."},
    {FEED(tls_ca_file), .name = "tls_ca_file", .type = CONFIG_TEXT,
     .example = "/etc/ssl/certs/ca-certificates.crt", .reload = CONFIG_RECONNECT,
     .help =
         "Certificates that the broker's must lead to. Not set: the system's. Needs tls: true."},
    {FEED(tls_server_name), .name = "tls_server_name", .type = CONFIG_TEXT,
     .example = "broker.example", .max = 253, .reload = CONFIG_RECONNECT,
     .help =
         "Name in the broker's certificate. Not set: the host of the address. Needs tls: true."},
    {FEED(backoff_min_ns), .name = "backoff_min", .type = CONFIG_DURATION, .unset = "500ms",
     .min = 10 * MS, .max = 600 * S, .reload = CONFIG_RECONNECT,
     .help = "First pause before connecting again; doubles each time."},
    {FEED(backoff_max_ns), .name = "backoff_max", .type = CONFIG_DURATION, .unset = "30s",
     .min = 10 * MS, .max = H, .reload = CONFIG_RECONNECT,
     .help = "Longest pause before connecting again."},
    {FEED(connect_timeout_ns), .name = "connect_timeout", .type = CONFIG_DURATION, .unset = "10s",
     .min = 100 * MS, .max = 120 * S, .reload = CONFIG_RECONNECT,
     .help = "How long a connection may take until the broker has accepted all filters."},
    {FEED(coalesce_ns), .name = "coalesce", .type = CONFIG_DURATION, .unset = "1ms", .min = 0,
     .max = 20 * MS, .reload = CONFIG_RECONNECT,
     .help =
         "Pause between reads while more than 1 MB/s comes: fewer wake-ups for that much delay; 0s "
         "always reads at once."},
    {FEED(stale_after_ns), .name = "stale_after", .type = CONFIG_DURATION, .unset = "30min",
     .min = S, .max = 30 * D, .reload = CONFIG_LIVE,
     .help = "A point without an interval of its own is stale after this silence."},
    {FEED(skew_ns), .name = "skew", .type = CONFIG_DURATION, .unset = "60s", .min = S, .max = D,
     .reload = CONFIG_LIVE,
     .help = "A stamp this far from arrival still counts as the reading's time."},
    {FEED(lost_after_ns), .name = "lost_after", .type = CONFIG_DURATION, .unset = "10s", .min = 0,
     .max = H, .reload = CONFIG_LIVE,
     .help = "A connection lost for this long raises a system alarm."},
    {FEED(timezone), .name = "timezone", .type = CONFIG_ZONE, .example = "Asia/Shanghai",
     .reload = CONFIG_RECONNECT,
     .help = "Zone of stamps without one. Not set: the one at the top of the file."},

    {FEED(filters), .name = "filters", .type = CONFIG_SEQUENCE, .shape = &filters, .required = true,
     .reload = CONFIG_RECONNECT,
     .hint = "write \"filters:\" and below it \"- filter: hz/+/+/+\" with its topic",
     .help = "What to subscribe to, and how to read it."},
    {FILTER(filter), .name = "filter", .type = CONFIG_FILTER, .required = true,
     .example = "hz/+/+/+", .max = HZ_TOPIC_BYTES_MAX, .reload = CONFIG_RECONNECT,
     .help = "MQTT topic filter."},
    {FILTER(qos), .name = "qos", .type = CONFIG_COUNT, .unset = "1", .min = 0, .max = 1,
     .reload = CONFIG_RECONNECT,
     .hint =
         "write qos: 1: repeats are recognised by their stamp, so that QoS 2 adds nothing but load",
     .help = "0: may be lost; 1: acknowledged when on disk."},
    {FILTER(topic), .name = "topic", .type = CONFIG_TEXT, .required = true,
     .example = "hz/{enterprise}/{hazard}/{point}", .max = HZ_TOPIC_BYTES_MAX,
     .reload = CONFIG_RECONNECT,
     .hint = "the filter with names in braces: \"hz/{enterprise}/{hazard}/{point}\"",
     .help = "What the levels of the topic are called."},
    {FILTER(key), .name = "key", .type = CONFIG_TEXT, .unset = "{enterprise}/{hazard}/{point}",
     .max = HZ_TOPIC_BYTES_MAX, .reload = CONFIG_RECONNECT,
     .help = "The point's key in the registry; {name} is the name inside the payload."},
    {FILTER(format), .name = "format", .type = CONFIG_WORD, .words = formats, .unset = "value",
     .reload = CONFIG_RECONNECT,
     .help = "value: one reading; map: names and values; array: a list of readings; heartbeat: a "
             "gateway's sign of life."},
    {FILTER(values), .name = "values", .type = CONFIG_TEXT, .unset = "", .example = "values",
     .reload = CONFIG_RECONNECT,
     .help = "map, array: dotted path of the map or list. Not set: the payload itself."},
    {FILTER(name), .name = "name", .type = CONFIG_TEXT, .unset = "name", .reload = CONFIG_RECONNECT,
     .help = "array: field that names the point."},
    {FILTER(value), .name = "value", .type = CONFIG_TEXT, .unset = "v", .reload = CONFIG_RECONNECT,
     .help = "Field of the value."},
    {FILTER(stamp), .name = "stamp", .type = CONFIG_TEXT, .unset = "ts", .reload = CONFIG_RECONNECT,
     .help = "Field of the time stamp."},
    {FILTER(quality), .name = "quality", .type = CONFIG_TEXT, .unset = "q",
     .reload = CONFIG_RECONNECT, .help = "Field of the quality."},
    {FILTER(errors), .name = "errors", .type = CONFIG_TEXT, .unset = "", .example = "errors",
     .reload = CONFIG_RECONNECT,
     .help = "Path of a map from names to error codes; a point in it is bad."},
    {FILTER(stamp_unit), .name = "stamp_unit", .type = CONFIG_WORD, .words = stamp_units,
     .unset = "auto", .reload = CONFIG_RECONNECT,
     .help = "Unit of a numeric stamp; auto tells s from ms by its size."},
};

static const struct config_later later[] = {
    {"", "views", NULL},
    {"", "http", NULL},
    {"", "hj212", NULL},
    {"", "mqtt_out", NULL},
    {"redis", "tls", NULL},
    {"feeds", "tls_cert_file", NULL},
    {"feeds", "tls_key_file", NULL},
};

const struct config_table config__options = {
    .rows = rows,
    .count = sizeof(rows) / sizeof(rows[0]),
    .later = later,
    .later_count = sizeof(later) / sizeof(later[0]),
    .later_hint = "take it out: this release would not do what it says",
};
