/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands beside the stream, for maps and lists: how many alarms colour each hazard source,
 * enterprise, park and the whole, and how many of their points are on line. What must stay true: the
 * counts are those of the mirror, after every entry; what changed is marked once and written when
 * it is its turn and there is room, so that the newest wins and nothing piles up; alarms never wait for
 * any of it. It has a connection of its own, and what an alarm has changed is written some time after it:
 * Redis does one thing at a time, and a consumer gets the alarm when Redis is done with what lies before it.
 */
#include "publish_priv.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>

/* --- lists --- */

static int grow(struct board_list *list, uint32_t end)
{
    struct board_scope *scopes;
    uint32_t *dirty;

    if (end <= list->end)
        return 0;
    scopes = realloc(list->scopes, end * sizeof(*scopes));
    if (!scopes)
        return -ENOMEM;
    list->scopes = scopes;
    dirty = realloc(list->dirty, end * sizeof(*dirty));
    if (!dirty)
        return -ENOMEM;
    list->dirty = dirty;
    memset(scopes + list->end, 0, (end - list->end) * sizeof(*scopes));
    list->end = end;
    return 0;
}

static int grow_expiries(struct publish_board *board, uint32_t end)
{
    uint32_t *expiries;

    if (end <= board->expiry_end)
        return 0;
    expiries = realloc(board->expiry_set_s, end * sizeof(*expiries));
    if (!expiries)
        return -ENOMEM;
    memset(expiries + board->expiry_end, 0, (end - board->expiry_end) * sizeof(*expiries));
    board->expiry_set_s = expiries;
    board->expiry_end = end;
    return 0;
}

static void on_turn(uv_timer_t *timer)
{
    hz_role_assert(&hz_output);
    publish__board_now(timer->data);
}

static void mark(struct publish_board *board, enum board_kind kind, uint32_t id)
{
    struct board_list *list = &board->lists[kind];

    if (id >= list->end || list->scopes[id].dirty)
        return;
    list->scopes[id].dirty = true;
    list->dirty[list->dirty_count++] = id;
    if (!board->turn_due && !uv_is_active((uv_handle_t *)&board->turn))
        (void)uv_timer_start(&board->turn, on_turn, BOARD_TURN_MS, 0);
}

/* --- counting alarms --- */

struct places {
    uint32_t id[BOARD_KINDS];
};

/* Where an alarm belongs; 0 = nowhere, of a list whose ids begin at 1. */
static struct places places_of(const struct hz_set *set, const struct hz_entry *head)
{
    const struct hz_registry *registry = set->registry;
    const struct hz_point *point = hz_registry_point(registry, head->point);
    const struct hz_gateway *gateway = hz_registry_gateway(registry, head->gateway);
    struct places places = {0};

    if (point)
        places.id[BOARD_HAZARD] = point->hazard;
    const struct hz_hazard *hazard = hz_registry_hazard(registry, places.id[BOARD_HAZARD]);
    if (hazard)
        places.id[BOARD_ENTERPRISE] = hazard->enterprise;
    else if (gateway)
        places.id[BOARD_ENTERPRISE] = gateway->enterprise;
    const struct hz_enterprise *enterprise =
        hz_registry_enterprise(registry, places.id[BOARD_ENTERPRISE]);
    if (enterprise)
        places.id[BOARD_PARK] = enterprise->park;
    return places;
}

static bool is_waiting(const struct hz_entry *head)
{
    return head->state == HZ_STATE_UNACK || head->state == HZ_STATE_RTNUN;
}

/* It colours what it belongs to: true, and nobody has put it aside. */
static bool colours(const struct hz_entry *head)
{
    return head->active && (head->state == HZ_STATE_UNACK || head->state == HZ_STATE_ACK);
}

void publish__board_count(struct hz_publisher *p, const struct hz_entry *head, int one)
{
    struct places places = places_of(p->set, head);

    if (head->mode != HZ_MODE_LIVE || head->severity >= HZ_SEVERITY_END)
        return;
    for (int kind = 0; kind < BOARD_KINDS; kind++) {
        struct board_list *list = &p->board.lists[kind];
        uint32_t id = places.id[kind];
        if ((id == 0 && kind != BOARD_WHOLE) || id >= list->end)
            continue;
        if (colours(head))
            list->scopes[id].by_severity[head->severity] += (uint32_t)one;
        if (is_waiting(head))
            list->scopes[id].unacknowledged += (uint32_t)one;
        mark(&p->board, (enum board_kind)kind, id);
    }
}

static void count_again(struct hz_publisher *p) HZ_ON(hz_output)
{
    const struct hz_active *active;
    uint32_t cursor = 0;

    for (int kind = 0; kind < BOARD_KINDS; kind++) {
        struct board_list *list = &p->board.lists[kind];
        for (uint32_t id = 0; id < list->end; id++) {
            memset(list->scopes[id].by_severity, 0, sizeof(list->scopes[id].by_severity));
            list->scopes[id].unacknowledged = 0;
        }
    }
    while ((active = hz_mirror_next(p->mirror, &cursor)))
        publish__board_count(p, &active->head, 1);
}

int publish__board_use(struct hz_publisher *p, struct hz_set *old)
{
    const struct hz_registry *registry = p->set->registry;
    struct publish_board *board = &p->board;
    const uint32_t ends[BOARD_KINDS] = {
        [BOARD_HAZARD] = hz_registry_hazard_end(registry),
        [BOARD_ENTERPRISE] = hz_registry_enterprise_end(registry),
        [BOARD_PARK] = hz_registry_park_end(registry),
        [BOARD_WHOLE] = 1,
    };
    int error = grow_expiries(board, ends[BOARD_HAZARD]);

    for (int kind = 0; kind < BOARD_KINDS && error == 0; kind++)
        error = grow(&board->lists[kind], ends[kind]);
    if (error < 0)
        return error;
    count_again(p);
    board->step = REBUILD_HAZARDS;
    board->rebuild_begun = false;
    if (old && old->registry != registry) {
        hz_set_unref(board->tidy_set); /* one change at a time: what is left goes by its expiry */
        board->tidy_set = hz_set_ref(old);
        board->tidy_point = board->tidy_hazard = 0;
    }
    return 0;
}

void publish__board_done(struct publish_board *board)
{
    for (int kind = 0; kind < BOARD_KINDS; kind++) {
        free(board->lists[kind].scopes);
        free(board->lists[kind].dirty);
    }
    free(board->expiry_set_s);
    hz_set_unref(board->tidy_set);
    *board = (struct publish_board){0};
}

void publish__board_share(struct hz_publisher *p, const struct hz_share *share)
{
    static const enum board_kind kinds[HZ_NAMED_END] = {
        [0] = BOARD_WHOLE,
        [HZ_NAMED_HAZARD] = BOARD_HAZARD,
        [HZ_NAMED_ENTERPRISE] = BOARD_ENTERPRISE,
        [HZ_NAMED_PARK] = BOARD_PARK,
    };
    hz_assert(share->scope == 0 || share->scope == HZ_NAMED_HAZARD ||
              share->scope == HZ_NAMED_ENTERPRISE || share->scope == HZ_NAMED_PARK);
    enum board_kind kind = kinds[share->scope];
    uint32_t id = kind == BOARD_WHOLE ? 0 : share->id;

    if (id >= p->board.lists[kind].end)
        return; /* of a set that is not in force here yet: comes again with the renewal */
    struct board_scope *scope = &p->board.lists[kind].scopes[id];
    scope->total = share->total;
    scope->online = share->online;
    scope->valid = share->valid;
    scope->unobserved = share->unobserved;
    mark(&p->board, kind, id);
}

/* --- sending --- */

static void on_board_reply(void *ctx, const struct redisReply *reply)
{
    struct hz_publisher *p = ctx;
    uint64_t held;

    hz_role_assert(&hz_output);
    if (!reply)
        return;
    if (reply->type == REDIS_REPLY_ERROR) {
        p->board.faulty = true;
        if (hz_log_rate_pass(&p->board.rate, hz_mono_ns(p->clock), 1, &held)) {
            char quoted[160];
            hz_log_warning("redis: states: %s",
                           hz_log_quote(quoted, sizeof(quoted), reply->str, reply->len));
        }
        return;
    }
    publish__board_pump(p);
}

bool publish__board_send(struct publish_command *c)
{
    return publish__send(c, c->p->board.link, on_board_reply) == 0;
}

/* States of two processes would be mixed. */
bool publish__board_ours(const struct hz_publisher *p)
{
    return p->enabled && p->latest && p->streams[0]->phase == STREAM_FLOWING;
}

bool publish__board_open(const struct hz_publisher *p)
{
    return publish__board_ours(p) && !p->board.faulty &&
           hz_redis_room(p->board.link) > HZ_REDIS_COMMANDS_MAX - BOARD_COMMANDS;
}

/* A connection or a Redis that has nothing of it: everything is written again. */
void publish__board_up(struct hz_publisher *p)
{
    struct publish_board *board = &p->board;

    if (!hz_redis_is_up(board->link))
        return;
    board->faulty = false;
    board->step = REBUILD_HAZARDS;
    board->rebuild_begun = false;
    memset(board->expiry_set_s, 0, board->expiry_end * sizeof(*board->expiry_set_s));
    mark(board, BOARD_WHOLE, 0);
    p->events.renew(p->events.ctx);
    publish__board_pump(p);
}

void publish__board_pump(struct hz_publisher *p)
{
    struct publish_board *board = &p->board;

    while (publish__board_open(p)) {
        if (publish__board_rebuild(p) || publish__board_tidy(p))
            continue;
        board->turn_due = board->turn_due && publish__board_flush(p);
        if (!board->turn_due)
            break;
    }
}

void publish__board_now(struct hz_publisher *p)
{
    p->board.turn_due = true;
    publish__board_pump(p);
}

void publish__board_beat(struct hz_publisher *p)
{
    if (p->board.faulty)
        publish__board_up(p);
    else
        publish__board_pump(p);
}
