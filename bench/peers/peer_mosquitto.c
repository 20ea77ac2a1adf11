/* SPDX-License-Identifier: Apache-2.0
 *
 * The work of `hazard-bench peers` with libmosquitto, as it is usually written: a callback for each message.
 *
 *     peer_mosquitto count HOST PORT REDIS-SOCKET MESSAGES    counts, and sets `counted` in Redis when it has
 *                                                             so many; what comes behind is added
 *     peer_mosquitto alarm HOST PORT REDIS-SOCKET             cJSON, a limit with its deadband, XADD
 */
#include <hiredis/hiredis.h>
#include <mosquitto.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef HAVE_CJSON
#include <cjson/cJSON.h>
#endif

#define POINTS_MAX 1000000u /* of E0001/H01/P0001 to E9999/H01/P0100 */
#define LIMIT      90
#define RETURN     88

struct peer {
    redisContext *redis;
    uint64_t counted, wanted;
    bool high[POINTS_MAX];
};

static void on_count(struct mosquitto *m, void *ctx, const struct mosquitto_message *message)
{
    struct peer *peer = ctx;

    (void)m, (void)message;
    if (++peer->counted >= peer->wanted)
        freeReplyObject(
            redisCommand(peer->redis, "SET counted %llu", (unsigned long long)peer->counted));
}

#ifdef HAVE_CJSON
static void on_alarm(struct mosquitto *m, void *ctx, const struct mosquitto_message *message)
{
    struct peer *peer = ctx;
    unsigned enterprise, point;

    (void)m;
    if (sscanf(message->topic, "hz/E%u/H01/P%u", &enterprise, &point) != 2)
        return;
    const size_t place = (size_t)enterprise * 100 + point % 100;
    cJSON *json = cJSON_ParseWithLength(message->payload, (size_t)message->payloadlen);
    const cJSON *v = cJSON_GetObjectItemCaseSensitive(json, "v");
    if (place < POINTS_MAX && cJSON_IsNumber(v)) {
        bool is = v->valuedouble >= (peer->high[place] ? RETURN : LIMIT);
        if (is != peer->high[place])
            freeReplyObject(redisCommand(
                peer->redis, "XADD hz:1:{all}:stream MAXLEN ~ 1000000 * point %s event %s value %f",
                message->topic + strlen("hz/"), is ? "raise" : "clear", v->valuedouble));
        peer->high[place] = is;
    }
    cJSON_Delete(json);
}
#endif

int main(int count, char **arguments)
{
    static struct peer peer;

    if (count < 5)
        return EXIT_FAILURE;
    struct mosquitto *m = mosquitto_new("peer", true, &peer);
    peer.redis = redisConnectUnix(arguments[4]);
    peer.wanted = count > 5 ? strtoull(arguments[5], NULL, 10) : 0;
    if (!m || !peer.redis || peer.redis->err)
        return EXIT_FAILURE;
#ifdef HAVE_CJSON
    mosquitto_message_callback_set(m, strcmp(arguments[1], "count") == 0 ? on_count : on_alarm);
#else
    mosquitto_message_callback_set(m, on_count);
#endif
    if (mosquitto_connect(m, arguments[2], atoi(arguments[3]), 60) != MOSQ_ERR_SUCCESS ||
        mosquitto_subscribe(m, NULL, "hz/#", 0) != MOSQ_ERR_SUCCESS)
        return EXIT_FAILURE;
    (void)mosquitto_loop_forever(m, -1, 1);
    return EXIT_FAILURE;
}
