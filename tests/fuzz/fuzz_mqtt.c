/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as what a broker sends. The same stream goes through the inlet whole, and in pieces with
 * stops: the packets must be the same. What is no PUBLISH then goes to libmosquitto through its inner
 * socket, as in the transport; and the bytes as libmosquitto's own to the outlet.
 *
 * The first bytes steer: protocol, size of the pieces, packets until a stop.
 */
#include "fuzz.h"

#include "feed_priv.h"
#include "hz_hash.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEER_BYTES     3u
#define PAYLOAD_MAX     4096u
#define PACKETS_PASSED  16 /* to libmosquitto: each takes some system calls */
#define INNER_DIRECTORY "/tmp"

struct run {
    uint64_t digest; /* of everything handed on */
    unsigned handed_on, stop_every;
    struct feed_session *session; /* gets the packets; NULL = only digest */
    int passed;
    bool session_ended;
};

static void digest(struct run *run, const void *bytes, size_t length)
{
    run->digest = run->digest * 31 + hz_hash(bytes, length) + length;
}

static bool goes_on(struct run *run)
{
    run->handed_on++;
    return run->stop_every == 0 || run->handed_on % run->stop_every != 0;
}

static bool on_publish(void *ctx, const struct hz_mqtt_publish *publish, uint64_t packet_bytes)
{
    struct run *run = ctx;
    const uint64_t numbers[] = {publish->qos, publish->retained, publish->duplicate,
                                publish->packet_id, publish->payload.at ? 0 : packet_bytes};

    if (publish->topic.length == 0 || publish->payload.length > PAYLOAD_MAX)
        abort();
    digest(run, numbers, sizeof(numbers));
    digest(run, publish->topic.at, publish->topic.length);
    if (publish->payload.at)
        digest(run, publish->payload.at, publish->payload.length);
    return goes_on(run);
}

static bool on_packet(void *ctx, const uint8_t *bytes, size_t length)
{
    struct run *run = ctx;

    digest(run, bytes, length);
    if (run->session && !run->session_ended && run->passed++ < PACKETS_PASSED)
        run->session_ended = feed__session_packet(run->session, bytes, length) < 0 ||
                             feed__session_subscribe(run->session) < 0;
    return goes_on(run);
}

/* In pieces of just their length, so that ASan sees a step beyond. */
static enum hz_mqtt_inlet_result take(struct run *run, struct hz_mqtt_inlet *inlet,
                                      const uint8_t *data, size_t size, size_t piece)
{
    enum hz_mqtt_inlet_result result = HZ_INLET_ALL;

    for (size_t at = 0; at < size && result == HZ_INLET_ALL;) {
        size_t length = piece < size - at ? piece : size - at;
        uint8_t *exact = malloc(length);

        if (!exact)
            abort();
        memcpy(exact, data + at, length);
        result = hz_mqtt_inlet_take(inlet, exact, length);
        free(exact);
        at += length;
        while (result == HZ_INLET_STOPPED) {
            unsigned before = run->handed_on;

            result = hz_mqtt_inlet_go_on(inlet);
            if (result == HZ_INLET_STOPPED && run->handed_on == before)
                abort(); /* a stop is asked for by a packet only */
        }
    }
    return result;
}

static enum hz_mqtt_inlet_result run_inlet(struct run *run, bool v5, const uint8_t *data,
                                           size_t size, size_t piece)
{
    struct hz_mqtt_inlet_events events = {on_publish, on_packet, run};
    struct hz_mqtt_inlet *inlet;
    size_t most;

    if (hz_mqtt_inlet_new(PAYLOAD_MAX, v5, &events, &inlet) < 0)
        abort();
    enum hz_mqtt_inlet_result result = take(run, inlet, data, size, piece);
    (void)hz_mqtt_inlet_kept(inlet, &most);
    if (most > (256u << 10) + 2 * size)
        abort(); /* memory follows what came, not what was claimed */
    hz_mqtt_inlet_free(inlet);
    return result;
}

static void run_outlet(const uint8_t *data, size_t size, size_t piece)
{
    struct hz_mqtt_outlet *outlet;
    uint32_t pings, count;
    size_t length;
    int error = 0;

    if (hz_mqtt_outlet_new(100, &outlet) < 0)
        abort();
    for (size_t at = 0; at < size && error == 0; at += piece) {
        error =
            hz_mqtt_outlet_take(outlet, data + at, piece < size - at ? piece : size - at, &pings);
        uint64_t number = hz_mqtt_outlet_expect(outlet, (uint16_t)(at + 1));
        if (number % 3 == 1 && hz_mqtt_outlet_ack(outlet, number, &count) < 0)
            abort();
        if (hz_mqtt_outlet_bytes(outlet, &length))
            hz_mqtt_outlet_sent(outlet, length / 2);
    }
    hz_mqtt_outlet_free(outlet);
}

/* As a broker's answers to CONNECT and SUBSCRIBE. */
static void run_session(bool v5, const uint8_t *data, size_t size)
{
    static struct hz_filter_config filters[] = {{.filter = "a/#", .qos = 1},
                                                {.filter = "b", .qos = 0}};
    const struct hz_feed_config config = {.name = "fuzz",
                                          .client_id = "fuzz",
                                          .protocol = v5 ? 5 : 4,
                                          .keepalive_s = 60,
                                          .receive_maximum = 10,
                                          .filters = filters,
                                          .filter_count = 2};
    struct run run = {0};
    struct hz_mqtt_outlet *outlet;
    struct feed_reason why;
    char path[64], name[16];

    snprintf(name, sizeof(name), "fuzz-%d", (int)getpid());
    if (feed__inner_path(INNER_DIRECTORY, name, path, sizeof(path)) < 0 ||
        hz_mqtt_outlet_new(100, &outlet) < 0 ||
        feed__session_new(&config, path, outlet, &run.session, &why) < 0)
        abort();
    (void)run_inlet(&run, v5, data, size, size ? size : 1);
    if (feed__session_news(run.session)->greeted)
        feed__say_greeting(&why, config.protocol, feed__session_news(run.session)->greeting,
                           feed__session_news(run.session)->said);
    /* a session that has ended says so; only that they come back matters */
    if (feed__session_tick(run.session) > 0 || feed__session_disconnect(run.session, 0) > 0)
        abort();
    feed__session_free(run.session);
    hz_mqtt_outlet_free(outlet);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct run whole = {0}, cut = {0};

    hz_role_take(&hz_ingest);
    if (size < STEER_BYTES)
        return 0;
    bool v5 = data[0] & 1;
    size_t piece = (size_t)data[1] + 1;
    cut.stop_every = data[2];
    data += STEER_BYTES;
    size -= STEER_BYTES;
    enum hz_mqtt_inlet_result result = run_inlet(&whole, v5, data, size, size ? size : 1);
    if (run_inlet(&cut, v5, data, size, piece) != result || whole.digest != cut.digest)
        abort();
    run_outlet(data, size, piece);
    run_session(v5, data, size);
    return 0;
}
