/* SPDX-License-Identifier: Apache-2.0
 *
 * Latest values: a hash per hazard source, one field per point; and taking out what left the registry.
 * What must stay true: a value's text has the members that docs/redis.md names, in one order; a point
 * that is no longer there leaves no value behind for long.
 */
#include "publish_priv.h"

#define EXPIRY_EVERY_S                                                                             \
    1800u /* how often a hash's expiry is renewed; retention is an hour at least */

/* --- what is no longer in the registry --- */

static void add_latest_key(struct publish_command *c, const struct hz_registry *registry,
                           uint32_t hazard)
{
    publish__open(c);
    hz_text_puts(&c->text, PUBLISH_KEY("latest:"));
    hz_text_slice(&c->text, hz_names_key(hz_registry_names(registry), HZ_NAMED_HAZARD, hazard));
    publish__close(c);
}

static bool tidy_hazard(struct hz_publisher *p) HZ_ON(hz_output)
{
    struct publish_board *board = &p->board;
    const struct hz_registry *old = board->tidy_set->registry;

    for (; board->tidy_hazard < hz_registry_hazard_end(old); board->tidy_hazard++) {
        if (!hz_registry_hazard(old, board->tidy_hazard) ||
            hz_registry_hazard(p->set->registry, board->tidy_hazard))
            continue;
        struct publish_command c = publish__command(p);
        publish__add_word(&c, "DEL");
        add_latest_key(&c, old, board->tidy_hazard++);
        return publish__board_send(&c);
    }
    return false;
}

static bool tidy_point(struct hz_publisher *p) HZ_ON(hz_output)
{
    struct publish_board *board = &p->board;
    const struct hz_registry *old = board->tidy_set->registry;

    for (; board->tidy_point < hz_registry_point_end(old); board->tidy_point++) {
        const struct hz_point *was = hz_registry_point(old, board->tidy_point);
        const struct hz_point *is = hz_registry_point(p->set->registry, board->tidy_point);
        if (!was || (is && is->hazard == was->hazard) ||
            !hz_registry_hazard(p->set->registry, was->hazard))
            continue;
        struct publish_command c = publish__command(p);
        publish__add_word(&c, "HDEL");
        add_latest_key(&c, old, was->hazard);
        publish__add(&c, hz_names_key(hz_registry_names(old), HZ_NAMED_POINT, board->tidy_point++));
        return publish__board_send(&c);
    }
    return false;
}

bool publish__board_tidy(struct hz_publisher *p)
{
    if (!p->board.tidy_set)
        return false;
    if (tidy_hazard(p) || tidy_point(p))
        return true;
    hz_set_unref(p->board.tidy_set);
    p->board.tidy_set = NULL;
    return false;
}

/* --- latest values --- */

static void write_flags(struct hz_text *to, uint8_t flags)
{
    static const struct {
        uint8_t bit;
        const char *word;
    } words[] = {
#define X(name, bit, word) {1 << (bit), word},
        HZ_LATEST_FLAGS(X)
#undef X
    };
    bool first = true;

    hz_text_puts(to, ",\"flags\":[");
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!(flags & words[i].bit))
            continue;
        hz_text_puts(to, first ? "" : ",");
        hz_text_json(to, hz_slice(words[i].word));
        first = false;
    }
    hz_text_puts(to, "]");
}

static void write_value(struct hz_text *to, const struct hz_registry *registry,
                        const struct hz_latest *latest)
{
    if (latest->value_kind == HZ_VALUE_F64)
        publish__put_decimal(to, "v", latest->value.f64);
    else if (latest->value_kind == HZ_VALUE_I64)
        publish__put_int(to, "v", latest->value.i64);
    else if (latest->value_kind == HZ_VALUE_TEXT)
        publish__put_key(to, "v", registry, HZ_NAMED_TEXT, (uint32_t)latest->value.text);
}

static void write_latest(struct publish_command *c, const struct hz_point *point,
                         const struct hz_latest *latest)
{
    const struct hz_registry *registry = c->p->set->registry;

    publish__open(c);
    hz_text_puts(&c->text, "{");
    write_value(&c->text, registry, latest);
    publish__put_word(&c->text, "unit", hz_registry_word(registry, point->unit));
    publish__put_word(&c->text, "q", hz_quality_word((enum hz_quality)latest->quality));
    if (latest->source_ms != HZ_NO_SOURCE_TIME)
        publish__put_int(&c->text, "t_src", latest->source_ms);
    if (latest->arrival_ns > 0)
        publish__put_int(&c->text, "t_rx", latest->arrival_ns / HZ_NS_PER_MS);
    publish__put_word(&c->text, "sev", hz_severity_word(latest->severity));
    write_flags(&c->text, latest->flags);
    hz_text_puts(&c->text, "}");
    publish__close(c);
}

/* A hash that gets no value for as long as alerts are kept goes by itself: also those of hazard
 * sources that left the registry while nobody was running. */
static bool send_expiry(struct hz_publisher *p, uint32_t hazard) HZ_ON(hz_output)
{
    uint32_t now_s = (uint32_t)(hz_mono_ns(p->clock) / HZ_NS_PER_S) + 1;
    struct publish_command c = publish__command(p);

    if (p->board.expiry_set_s[hazard] != 0 &&
        now_s - p->board.expiry_set_s[hazard] < EXPIRY_EVERY_S)
        return true;
    p->board.expiry_set_s[hazard] = now_s;
    publish__add_word(&c, "PEXPIRE");
    add_latest_key(&c, p->set->registry, hazard);
    publish__open(&c);
    hz_text_int(&c.text, p->retention_ns / HZ_NS_PER_MS);
    publish__close(&c);
    return publish__board_send(&c);
}

bool publish__board_latest(struct hz_publisher *p, const struct hz_latest *latest, uint32_t count)
{
    const struct hz_registry *registry = p->set->registry;
    uint32_t hazard = hz_registry_point(registry, latest[0].point)->hazard;
    struct publish_command c = publish__command(p);

    publish__add_word(&c, "HSET");
    add_latest_key(&c, registry, hazard);
    for (uint32_t i = 0; i < count; i++) {
        publish__add(&c,
                     hz_names_key(hz_registry_names(registry), HZ_NAMED_POINT, latest[i].point));
        write_latest(&c, hz_registry_point(registry, latest[i].point), &latest[i]);
    }
    return publish__board_send(&c) && send_expiry(p, hazard);
}
