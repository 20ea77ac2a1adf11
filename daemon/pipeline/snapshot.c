/* SPDX-License-Identifier: Apache-2.0
 *
 * Snapshots: where the journal stood, the engine's state, the mirror of the active alarms. What must
 * stay true: the alarms log is durable up to the snapshot before it is committed, so that everything
 * later can be made again from the journal.
 */
#include "recover_priv.h"

#include <errno.h>
#include <string.h>

#define SNAPSHOT_VERSION 1u

struct snapshot_head {
    uint32_t version, reserved;
    struct pipeline_place place;
    uint64_t newest_number; /* of the engine's transitions */
};

/* --- writing --- */

int pipeline__snapshot_head(const struct pipeline_place *place, uint64_t newest_number,
                            struct hz_snapshot_writer *writer)
{
    struct snapshot_head head = {
        .version = SNAPSHOT_VERSION, .place = *place, .newest_number = newest_number};

    return hz_snapshot_write(writer, &head, sizeof(head));
}

static int save(struct hz_pipeline *p, const struct pipeline_place *place,
                struct hz_snapshot_writer *writer)
{
    hz_role_take(&hz_rule);
    hz_role_take(&hz_output);
    int error = pipeline__snapshot_head(place, p->rule.newest_number, writer);
    if (error == 0)
        error = hz_engine_save(p->rule.engine, hz_snapshot_write, writer);
    return error < 0 ? error : hz_mirror_save(p->output.mirror, hz_snapshot_write, writer);
}

void pipeline__snapshot(struct hz_pipeline *p, const struct pipeline_place *place)
{
    struct hz_snapshot_writer *writer;
    int error = hz_snapshot_begin(p->store, place->seq, &writer);

    if (error == 0) {
        error = save(p, place, writer);
        if (error == 0)
            error = hz_snapshot_commit(writer);
        else
            hz_snapshot_abort(writer);
    }
    if (error < 0)
        hz_log_warning("no snapshot: %s (the next start replays more of the journal)",
                       hz_strerror(error));
}

/* --- reading --- */

/* Reads the engine's head twice: once to learn its set, once for the engine itself. */
struct rereader {
    void *reader;
    size_t given;
    unsigned char head[HZ_ENGINE_HEAD_BYTES];
};

static int reread(void *ctx, void *bytes, size_t length)
{
    struct rereader *from = ctx;
    size_t again = 0;

    if (from->given < sizeof(from->head)) {
        again =
            sizeof(from->head) - from->given < length ? sizeof(from->head) - from->given : length;
        memcpy(bytes, from->head + from->given, again);
        from->given += again;
    }
    return again == length ? 0
                           : hz_snapshot_read(from->reader, (char *)bytes + again, length - again);
}

static int load_engine(struct hz_pipeline *p, struct hz_snapshot_reader *reader)
{
    struct rereader from = {.reader = reader};
    struct hz_digest digest;
    struct hz_ruleset *ruleset = NULL;

    hz_role_take(&hz_rule);
    int error = hz_snapshot_read(reader, from.head, sizeof(from.head));
    if (error < 0)
        return error;
    error = hz_engine_saved_set(from.head, &digest);
    if (error == 0) {
        error = pipeline__take_ruleset(p, &digest, &ruleset);
        if (error == 0 && ruleset)
            hz_engine_offer(p->rule.engine, ruleset);
    } else if (error == HZ_ESTATE) {
        error = 0; /* saved before any set was in force */
    }
    return error < 0 ? error : hz_engine_load(p->rule.engine, reread, &from);
}

static int load(struct replay *replay, struct hz_snapshot_reader *reader)
{
    struct hz_pipeline *p = replay->p;
    struct snapshot_head head;
    int error = hz_snapshot_read(reader, &head, sizeof(head));

    if (error < 0)
        return error;
    if (head.version != SNAPSHOT_VERSION)
        return HZ_EVERSION;
    hz_role_take(&hz_output);
    error = load_engine(p, reader);
    if (error == 0)
        error = hz_mirror_load(p->output.mirror, hz_snapshot_read, reader);
    if (error < 0)
        return error;
    hz_role_take(&hz_rule);
    p->rule.newest_number = head.newest_number;
    replay->end = head.place;
    return 0;
}

/* A snapshot that cannot be used gives way to an older one, in the end to the whole journal. */
int recover__load_snapshot(struct replay *replay)
{
    struct hz_pipeline *p = replay->p;
    struct hz_snapshot_reader *reader;
    uint64_t most = UINT64_MAX, seq;
    int error;

    hz_role_take(&hz_rule);
    while ((error = hz_snapshot_open(p->store, most, &reader, &seq)) == 0) {
        error = load(replay, reader);
        hz_snapshot_close(reader);
        if (error == 0)
            return 0;
        hz_log_warning("snapshot at %llu: %s; an older one is used", (unsigned long long)seq,
                       hz_strerror(error));
        hz_engine_free(p->rule.engine);
        p->rule.engine = NULL;
        error = hz_engine_new(&p->rule.engine);
        if (error == 0)
            error = recover__empty_mirror(p);
        if (error < 0)
            return error;
        if (seq == 0)
            break;
        most = seq - 1;
    }
    return error == HZ_ENOTFOUND ? 0 : error;
}

int recover__empty_mirror(struct hz_pipeline *p)
{
    hz_role_take(&hz_output);
    hz_mirror_free(p->output.mirror);
    p->output.mirror = NULL;
    return hz_mirror_new(&p->output.mirror);
}

/* --- the ruleset for a digest: the present one, or from the archive --- */

int pipeline__take_ruleset(struct hz_pipeline *p, const struct hz_digest *digest,
                           struct hz_ruleset **ret_ruleset)
{
    const struct hz_ruleset *in_force;

    hz_role_take(&hz_rule);
    in_force = hz_engine_ruleset(p->rule.engine);
    *ret_ruleset = NULL;
    if (in_force && memcmp(&hz_ruleset_set(in_force)->digest, digest, sizeof(*digest)) == 0)
        return 0; /* the engine has it */
    if (p->present && memcmp(&hz_ruleset_set(p->present)->digest, digest, sizeof(*digest)) == 0) {
        *ret_ruleset = p->present;
        p->present = NULL;
        return 0;
    }
    return pipeline__fetch_ruleset(p, digest, ret_ruleset);
}
