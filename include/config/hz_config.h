/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The configuration as parsed: plain immutable data. One option table
 *         (daemon/config/option_table.c: name, type, unit, bounds, default, reload class, help) is the source of
 *         parsing, of config/hazardd.yaml and of `hazardctl config`.
 * WAY     hz_files -> here -> everybody
 * THREAD  immutable once parsed: any
 * OWNS    all texts, in its arena
 * FULL    -
 */
#ifndef HZ_CONFIG_H
#define HZ_CONFIG_H

#include "hz_alarm.h"
#include "hz_files.h"
#include "hz_id.h"
#include "hz_limits.h"

#include <stdatomic.h>
#include <stdio.h>

enum hz_durability { HZ_DURABLE = 0, HZ_RELAXED = 1 };

/* How a text payload is read (hz_decode.h). */
enum hz_payload_format {
    HZ_PAYLOAD_VALUE = 1,  /* {"ts":..,"v":..,"q":..}, or a bare number; one point, named by the topic */
    HZ_PAYLOAD_MAP = 2,    /* {"ts":..,"values":{"name":value or object,..}} (ThingsBoard, EMQ Neuron) */
    HZ_PAYLOAD_ARRAY = 3,  /* [{"name":..,"ts":..,"v":..},..] or {"readings":[..]} */
    HZ_PAYLOAD_HEARTBEAT = 4, /* a sign of life of a gateway; content ignored */
};

enum hz_stamp_unit { HZ_STAMP_AUTO = 0, HZ_STAMP_MS = 1, HZ_STAMP_S = 2, HZ_STAMP_TEXT = 3 };

/* A filter subscribed to, and what its messages mean. Paths are dotted ("data.values"); an empty
 * path is the payload itself. */
struct hz_filter_config {
    const char *filter;  /* MQTT topic filter */
    uint8_t qos;         /* 0 or 1 */
    const char *topic;   /* pattern: "hz/{enterprise}/{hazard}/{point}", "v1/{gateway}/telemetry" */
    const char *key;     /* how the registry key is built: "{enterprise}/{hazard}/{point}" */
    enum hz_payload_format format;
    const char *values;  /* path of the map or array (MAP, ARRAY); "" = the payload itself */
    const char *name;    /* ARRAY: field that names the point */
    const char *value;   /* path of the value in a single or element object; default "v" */
    const char *stamp;   /* default "ts" */
    const char *quality; /* default "q" */
    const char *errors;  /* path of a map name -> error code (Neuron); a point in it is bad; "" = none */
    enum hz_stamp_unit stamp_unit;
    uint32_t line;
};

struct hz_feed_config {
    const char *name;
    const char *address; /* "host:port", "[v6]:port" or "unix:/path" */
    const char *client_id;
    uint8_t protocol; /* 4 = MQTT 3.1.1, 5 */
    bool clean_session;
    uint32_t session_expiry_s;
    uint32_t keepalive_s;
    uint32_t receive_maximum;
    uint32_t payload_bytes_max; /* larger frames are skipped and counted */
    const char *user;
    const char *password_file;       /* path; a relative one stands in $CREDENTIALS_DIRECTORY */
    bool tls;
    const char *tls_ca_file;
    const char *tls_server_name; /* default: the host of `address` */
    int64_t backoff_min_ns, backoff_max_ns;
    int64_t connect_timeout_ns;
    int64_t coalesce_ns; /* pause between reads under load; 0 = read at once */
    int64_t stale_after_ns; /* default for points without an interval */
    int64_t skew_ns;
    int64_t lost_after_ns;
    const char *timezone; /* stamps without a zone; never NULL: default the configuration's */
    struct hz_filter_config *filters;
    uint32_t filter_count;
    uint32_t line;
};

struct hz_redis_config {
    bool enabled;
    const char *address; /* "host:port" or "unix:/path" */
    const char *user;
    const char *password_file;
    int64_t connect_timeout_ns;
    int64_t reply_timeout_ns;
    int64_t heartbeat_ns; /* expiry is three times this */
    int64_t retention_ns; /* MINID ~ */
    uint64_t maxlen;      /* MAXLEN ~ ceiling */
    bool latest;          /* latest values and states */
    int64_t latest_every_ns; /* at most one write per point in this time */
};

/* Metrics and health over HTTP. */
struct hz_metrics_config {
    bool enabled;
    const char *address; /* "127.0.0.1:9464", "[::1]:9464": digits */
};

/* A number with what it is relative to: "90", "90 %span", "5 %limit". */
enum hz_quantity_unit { HZ_ABSOLUTE = 0, HZ_PERCENT_SPAN = 1, HZ_PERCENT_LIMIT = 2 };
struct hz_quantity {
    double number;
    enum hz_quantity_unit unit;
    bool given;
};

/* "30s", or "3 intervals" of the point. */
struct hz_patience {
    int64_t ns;
    double intervals; /* used when > 0 */
    bool given;
};

struct hz_level_config {
    bool given;
    enum hz_severity severity;
    struct hz_quantity fallback; /* limit where the point's own cell is empty */
    struct hz_quantity deadband; /* default: the rule's */
    int64_t delay_ns;            /* on-delay */
    int64_t clear_delay_ns;      /* off-delay */
    bool delay_given;            /* else the point's own `delay` cell counts */
    const char *file;
    uint32_t line, column;
};

/* Which points (or gateways) a rule is for; an absent part selects all. */
struct hz_select_config {
    const char *kind, *tag, *enterprise, *park, *district, *hazard; /* exact */
    const char *point;                                              /* glob over the key */
    uint8_t hazard_levels; /* bit 1 << level, 0 = all */
};

struct hz_rule_config {
    const char *id;
    const char *name_zh, *name_en; /* never NULL: each stands for the other, the id for both */
    enum hz_mode mode;
    enum hz_domain domain;
    struct hz_select_config select;
    struct hz_level_config levels[HZ_LEVEL_END]; /* by enum hz_level */
    struct hz_quantity deadband;
    bool invalid_given;
    enum hz_severity invalid_severity;
    int64_t invalid_after_ns;
    bool stale_given;
    enum hz_severity stale_severity;
    struct hz_patience stale_after;
    bool each_gateway; /* `each: gateway` with `silent:` */
    struct hz_patience silent_after; /* intervals of the gateway, within the two bounds */
    int64_t silent_at_least_ns, silent_at_most_ns;
    enum hz_severity silent_severity;
    const char *const *routes;
    uint32_t route_count;
    /* NULL where not written; with one language written the other stays NULL. */
    const char *message_zh, *message_en, *short_zh, *short_en, *advice_zh, *advice_en;
    uint32_t revision; /* of its text: the first 32 bits, big-endian, of the SHA-256 of its bytes in the file */
    const char *file;
    uint32_t line, column;
};

/* Keys of a selection; none = all. */
struct hz_view_keys {
    const char *const *list;
    uint32_t count;
};

/* A named selection of alarms with keys of its own in Redis. All parts that are given must match. */
struct hz_view_config {
    const char *name;
    struct hz_view_keys districts; /* codes that a division code begins with */
    struct hz_view_keys parks, enterprises;
    uint8_t domains; /* bit 1 << enum hz_domain, 0 = all */
    uint32_t line, column;
};

struct hz_config {
    _Atomic uint32_t refs;
    struct hz_arena arena;
    struct hz_digest set; /* of all files of the set */
    const char *timezone;
    const char *language; /* of msg, short and advice: "zh" or "en" */
    enum hz_durability durability;
    int64_t stall_ns;
    uint64_t segment_bytes;
    uint64_t stall_buffer_bytes;
    uint32_t rule_threads; /* 0 or 1 */
    uint32_t ring_chunks;
    uint32_t transitions_ring;
    const char *control_socket; /* NULL: hazardd.sock in the runtime directory */
    struct hz_redis_config redis;
    struct hz_metrics_config metrics;
    struct hz_feed_config *feeds;
    uint32_t feed_count;
    struct hz_rule_config *rules; /* sorted by id */
    uint32_t rule_count;
    struct hz_view_config *views; /* besides `all` */
    uint32_t view_count;
};

/* Parses hazardd.yaml and rules.d/. Everything wrong goes to `diagnostics`; with errors nothing is
 * returned and the code is HZ_ECONFIG. */
int hz_config_parse(const struct hz_files *files, struct hz_diagnostics *diagnostics,
                    struct hz_config **ret_config) HZ_MUST_USE;
struct hz_config *hz_config_ref(struct hz_config *config);
void hz_config_unref(struct hz_config *config); /* takes NULL; the last one frees */

/* Which options of hazardd.yaml differ: "journal.stall", "feeds.city.address"; "feeds.city" when only one
 * has that feed. `restart`: a daemon that runs goes on by the former value. */
void hz_config_differ(const struct hz_config *a, const struct hz_config *b,
                      void (*each)(void *ctx, const char *path, bool restart), void *ctx);

/* Whether the connection of one feed serves the other as it is: the same name, broker, session and filters,
 * read alike. */
bool hz_config_same_connection(const struct hz_feed_config *a, const struct hz_feed_config *b);

/* Writes the option table: as the commented example file, or one line per option with `present`
 * values of `config` (NULL: defaults). `json`: an array of objects. */
void hz_config_write_example(FILE *to);
void hz_config_write_options(FILE *to, const struct hz_config *config, bool json);

/* A secret from its file (trailing newline cut), never logged: 0 or a negative code. The caller
 * wipes it with explicit_bzero. */
int hz_secret_read(const char *path, char *to, size_t size) HZ_MUST_USE;
/* Why it can't be read, for people: with the path, and where it was looked for. */
void hz_secret_fault(const char *path, int code, struct hz_text *to);

#endif
