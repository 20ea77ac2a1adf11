/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing states of hazard sources, enterprises, parks and the whole, and positions. Each function
 * sends at most one command, so that its caller can stop when there is no more room. What must stay true: a hash that is written anew takes the old one's place
 * in one step, and with it goes what is no longer in the registry.
 */
#include "publish_priv.h"

#include <math.h>

#define GEO_LATITUDE_MAX 85.05112878 /* Redis GEOADD: EPSG:900913 */

/* --- values --- */

static void put_hazard(struct hz_text *to, const struct hz_registry *registry, uint32_t id)
{
    const struct hz_hazard *hazard = hz_registry_hazard(registry, id);

    publish__put_string(to, "name", registry, hazard->name);
    publish__put_int(to, "level", hazard->level);
    publish__put_string(to, "kind", registry, hazard->kind);
    publish__put_key(to, "enterprise", registry, HZ_NAMED_ENTERPRISE, hazard->enterprise);
    publish__put_decimal(to, "lon", hazard->lon);
    publish__put_decimal(to, "lat", hazard->lat);
}

static void put_enterprise(struct hz_text *to, const struct hz_registry *registry, uint32_t id)
{
    const struct hz_enterprise *enterprise = hz_registry_enterprise(registry, id);

    publish__put_string(to, "name", registry, enterprise->name);
    publish__put_string(to, "district", registry, enterprise->district);
    publish__put_key(to, "park", registry, HZ_NAMED_PARK, enterprise->park);
    publish__put_decimal(to, "lon", enterprise->lon);
    publish__put_decimal(to, "lat", enterprise->lat);
}

static void put_park(struct hz_text *to, const struct hz_registry *registry, uint32_t id)
{
    const struct hz_park *park = hz_registry_park(registry, id);

    publish__put_string(to, "name", registry, park->name);
    publish__put_string(to, "district", registry, park->district);
    publish__put_decimal(to, "lon", park->lon);
    publish__put_decimal(to, "lat", park->lat);
}

static void put_counts(struct hz_text *to, const struct board_scope *scope)
{
    unsigned worst = HZ_SEVERITY_NONE;

    for (unsigned severity = HZ_SEVERITY_RED; severity > HZ_SEVERITY_NONE; severity--) {
        publish__put_int(to, hz_severity_word(severity), scope->by_severity[severity]);
        if (worst == HZ_SEVERITY_NONE && scope->by_severity[severity] > 0)
            worst = severity;
    }
    publish__put_word(to, "colour", hz_severity_word(worst));
    publish__put_int(to, "unack", scope->unacknowledged);
    publish__put_int(to, "total", scope->total);
    publish__put_int(to, "online", scope->online);
    publish__put_int(to, "valid", scope->valid);
    publish__put_int(to, "unobserved", scope->unobserved);
}

static bool is_present(const struct hz_registry *registry, enum board_kind kind, uint32_t id)
{
    switch (kind) {
    case BOARD_HAZARD:
        return hz_registry_hazard(registry, id) != NULL;
    case BOARD_ENTERPRISE:
        return hz_registry_enterprise(registry, id) != NULL;
    case BOARD_PARK:
        return hz_registry_park(registry, id) != NULL;
    case BOARD_WHOLE:
    case BOARD_KINDS:
        break;
    }
    return kind == BOARD_WHOLE && id == 0;
}

static void write_state(struct publish_command *c, enum board_kind kind, uint32_t id)
{
    const struct hz_registry *registry = c->p->set->registry;

    publish__open(c);
    hz_text_puts(&c->text, "{");
    if (kind == BOARD_HAZARD)
        put_hazard(&c->text, registry, id);
    else if (kind == BOARD_ENTERPRISE)
        put_enterprise(&c->text, registry, id);
    else if (kind == BOARD_PARK)
        put_park(&c->text, registry, id);
    put_counts(&c->text, &c->p->board.lists[kind].scopes[id]);
    publish__put_int(&c->text, "t", hz_wall_ns(c->p->clock) / HZ_NS_PER_MS);
    hz_text_puts(&c->text, "}");
    publish__close(c);
}

static const struct {
    const char *key, *new_key;
    enum hz_named_kind named;
} hashes[] = {
    [BOARD_HAZARD] = {PUBLISH_KEY("hazards"), PUBLISH_KEY("hazards:new"), HZ_NAMED_HAZARD},
    [BOARD_ENTERPRISE] = {PUBLISH_KEY("enterprises"), PUBLISH_KEY("enterprises:new"),
                          HZ_NAMED_ENTERPRISE},
    [BOARD_PARK] = {PUBLISH_KEY("parks"), PUBLISH_KEY("parks:new"), HZ_NAMED_PARK},
    [BOARD_WHOLE] = {PUBLISH_KEY("geo"), PUBLISH_KEY("geo:new"), HZ_NAMED_HAZARD}, /* REBUILD_GEO */
};

static struct hz_slice key_of(const struct hz_publisher *p, enum board_kind kind, uint32_t id)
{
    return hz_names_key(hz_registry_names(p->set->registry), hashes[kind].named, id);
}

/* --- writing anew --- */

static bool has_position(const struct hz_hazard *hazard)
{
    return hazard && isfinite(hazard->lon) && isfinite(hazard->lat) && fabs(hazard->lon) <= 180 &&
           fabs(hazard->lat) <= GEO_LATITUDE_MAX;
}

/* One field of the hash, or one position; false when there is none for this id. */
static bool add_row(struct publish_command *c, enum rebuild_step step, uint32_t id)
{
    const struct hz_registry *registry = c->p->set->registry;
    enum board_kind kind = (enum board_kind)step;

    if (step != REBUILD_GEO) {
        if (!is_present(registry, kind, id))
            return false;
        publish__add(c, key_of(c->p, kind, id));
        write_state(c, kind, id);
        return true;
    }
    const struct hz_hazard *hazard = hz_registry_hazard(registry, id);
    if (!has_position(hazard))
        return false;
    publish__open(c);
    hz_text_decimal(&c->text, hazard->lon);
    publish__close(c);
    publish__open(c);
    hz_text_decimal(&c->text, hazard->lat);
    publish__close(c);
    publish__add(c, hz_names_key(hz_registry_names(registry), HZ_NAMED_HAZARD, id));
    return true;
}

static uint32_t rebuild_end(const struct hz_publisher *p)
{
    enum rebuild_step step = p->board.step;

    return p->board.lists[step == REBUILD_GEO ? BOARD_HAZARD : (enum board_kind)step].end;
}

/* The step's last command: the new hash takes the old one's place, or there is none. */
static bool finish_step(struct hz_publisher *p) HZ_ON(hz_output)
{
    struct publish_board *board = &p->board;
    struct publish_command c = publish__command(p);
    bool empty = board->rebuild_fields == 0;

    publish__add_word(&c, empty ? "DEL" : "RENAME");
    if (!empty)
        publish__add_word(&c, hashes[board->step].new_key);
    publish__add_word(&c, hashes[board->step].key);
    board->step++;
    board->rebuild_begun = false;
    return publish__board_send(&c);
}

bool publish__board_rebuild(struct hz_publisher *p)
{
    struct publish_board *board = &p->board;
    struct publish_command c = publish__command(p);

    if (board->step == REBUILD_DONE)
        return false;
    if (!board->rebuild_begun) {
        board->rebuild_begun = true;
        board->rebuild_id = 1;
        board->rebuild_fields = 0;
        publish__add_word(&c, "DEL");
        publish__add_word(&c, hashes[board->step].new_key);
        return publish__board_send(&c);
    }
    publish__add_word(&c, board->step == REBUILD_GEO ? "GEOADD" : "HSET");
    publish__add_word(&c, hashes[board->step].new_key);
    uint32_t fields = 0, end = rebuild_end(p);
    while (fields < BOARD_FIELDS && board->rebuild_id < end)
        fields += add_row(&c, board->step, board->rebuild_id++);
    if (fields == 0)
        return finish_step(p);
    board->rebuild_fields += fields;
    return publish__board_send(&c);
}

/* --- changes --- */

static bool flush_list(struct hz_publisher *p, enum board_kind kind) HZ_ON(hz_output)
{
    struct board_list *list = &p->board.lists[kind];
    struct publish_command c = publish__command(p);
    unsigned fields = 0;

    publish__add_word(&c, "HSET");
    publish__add_word(&c, hashes[kind].key);
    while (fields < BOARD_FIELDS && list->dirty_count > 0) {
        uint32_t id = list->dirty[--list->dirty_count];
        list->scopes[id].dirty = false;
        if (!is_present(p->set->registry, kind, id))
            continue;
        publish__add(&c, key_of(p, kind, id));
        write_state(&c, kind, id);
        fields++;
    }
    return fields > 0 && publish__board_send(&c);
}

static bool flush_whole(struct hz_publisher *p) HZ_ON(hz_output)
{
    struct board_list *list = &p->board.lists[BOARD_WHOLE];
    struct publish_command c = publish__command(p);

    if (list->dirty_count == 0)
        return false;
    list->dirty_count = 0;
    list->scopes[0].dirty = false;
    publish__add_word(&c, "SET");
    publish__add_word(&c, PUBLISH_KEY("whole"));
    write_state(&c, BOARD_WHOLE, 0);
    return publish__board_send(&c);
}

bool publish__board_flush(struct hz_publisher *p)
{
    return flush_whole(p) || flush_list(p, BOARD_HAZARD) || flush_list(p, BOARD_ENTERPRISE) ||
           flush_list(p, BOARD_PARK);
}
