/* SPDX-License-Identifier: Apache-2.0
 *
 * The packets. Points come in an order that no cache can follow: each pass steps through them by a
 * prime that divides no number of points in use.
 */
#include "work.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STEP         48271u
#define PACKET_BYTES 160u /* most: two rooms of 64, and the head */

void work_json(char *topic, char *payload, unsigned point, uint64_t ts_ms, const char *value)
{
    (void)snprintf(topic, 64, "hz/E%04u/H01/P%04u", point / WORK_ENTERPRISE_POINTS + 1,
                   point % WORK_ENTERPRISE_POINTS + 1);
    (void)snprintf(payload, 64, "{\"ts\":%llu,\"v\":%s}", (unsigned long long)ts_ms, value);
}

unsigned work_point(const struct work *work, unsigned i)
{
    return (unsigned)((uint64_t)i * STEP % work->points);
}

bool work_is_hot(const struct work *work, unsigned i)
{
    return i % work->hot_every == work->hot_every - 1;
}

/* Of a hot point, and of any other. */
static void write_value(char value[16], bool hot, unsigned pass, unsigned point, unsigned i)
{
    /* normal, over, in the deadband, over, in it, back: without a deadband it would cross four times */
    static const unsigned turns[WORK_TURNS] = {50, 93, 89, 93, 89, 50};

    (void)snprintf(value, 16, "%u.%02u", hot ? turns[pass % WORK_TURNS] : 20 + point % 60, i % 100);
}

static size_t write_pass(const struct work *work, unsigned pass, uint64_t ts_ms, uint8_t *to)
{
    char topic[64], payload[64], value[16];
    size_t at = 0;

    for (unsigned i = 0; i < work->points; i++) {
        unsigned point = work_point(work, i);
        write_value(value, work_is_hot(work, i), pass, point, i);
        work->message(topic, payload, point, ts_ms, value);
        at += stub_publish(to + at, 0x30, 4, topic, 0, payload, strlen(payload));
    }
    return at;
}

bool work_prepare(struct work *work)
{
    const size_t pass_bytes = (size_t)work->points * PACKET_BYTES;

    assert(work->points % WORK_ENTERPRISE_POINTS == 0 && work->points % STEP != 0);
    assert(work->points % work->hot_every == 0 && work->passes % WORK_TURNS == 0);
    if (!work->message)
        work->message = work_json;
    work->length = 0;
    work->packets = NULL;
    work->ts_ms = (uint64_t)time(NULL) * 1000;
    for (unsigned pass = 0; pass < work->passes; pass++) {
        uint8_t *larger = realloc(work->packets, work->length + pass_bytes);
        if (!larger) {
            work_free(work);
            return false;
        }
        work->packets = larger;
        work->length += write_pass(work, pass, work->ts_ms + pass, larger + work->length);
    }
    const uint64_t hot = work->points / work->hot_every;
    work->messages = (uint64_t)work->points * work->passes;
    work->raises = hot * (work->passes / WORK_TURNS);
    work->clears = hot * (work->passes / WORK_TURNS);
    return true;
}

/* Packets are below 128 bytes: one byte of remaining length. Times keep their 13 digits until 2286. */
void work_advance(struct work *work)
{
    unsigned in_pass = 0;
    char digits[24];

    work->ts_ms += work->passes;
    uint64_t ts_ms = work->ts_ms;
    (void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)ts_ms);
    for (uint8_t *at = work->packets; at < work->packets + work->length; at += 2 + at[1]) {
        uint8_t *payload = at + 4 + ((size_t)at[2] << 8 | at[3]);
        memcpy(payload + strlen("{\"ts\":"), digits, 13);
        if (++in_pass == work->points) {
            in_pass = 0;
            (void)snprintf(digits, sizeof(digits), "%llu", (unsigned long long)++ts_ms);
        }
    }
}

void work_free(struct work *work)
{
    free(work->packets);
    work->packets = NULL;
}
