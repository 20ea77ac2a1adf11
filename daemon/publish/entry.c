/* SPDX-License-Identifier: Apache-2.0
 *
 * Rendering: the values of all fields, from a transition and the set in force. What must stay true:
 * every field is there, empty where it does not apply; the same transition and set give the same
 * bytes, whenever and wherever they are rendered (a replay writes the log that the first run would
 * have written).
 */
#include "hz_entry.h"

#include "publish_priv.h"

#include <math.h>

#define ROUTES_BYTES 1024u
#define MADE_BYTES   HZ_ENTRY_BYTES_MAX
#define MS(ns)       ((ns) / HZ_NS_PER_MS)

/* What a transition is about, found in the registry; NULL and 0 where there is nothing. */
struct subject {
    uint32_t hazard_id, enterprise_id, park_id, gateway_id;
    const struct hz_point *point;
    const struct hz_point_extra *extra;
    const struct hz_hazard *hazard;
    const struct hz_enterprise *enterprise;
    const struct hz_park *park;
    const struct hz_gateway *gateway;
};

struct render {
    const struct hz_set *set;
    const struct hz_names *names;
    const struct hz_transition *transition;
    struct subject subject;
    struct hz_slice values[HZ_FIELD_COUNT];
    struct hz_text scratch; /* holds what is no text of set or transition */
};

static struct subject find_subject(const struct hz_set *set, const struct hz_transition *transition)
{
    const struct hz_registry *registry = set->registry;
    struct subject its = {.gateway_id = transition->gateway};

    if (transition->point != 0) {
        its.point = hz_registry_point(registry, transition->point);
        its.extra = hz_registry_extra(registry, transition->point);
        if (its.point) {
            its.hazard_id = its.point->hazard;
            its.gateway_id = its.point->gateway;
        }
    }
    its.gateway = hz_registry_gateway(registry, its.gateway_id);
    its.hazard = hz_registry_hazard(registry, its.hazard_id);
    if (its.hazard)
        its.enterprise_id = its.hazard->enterprise;
    else if (its.gateway)
        its.enterprise_id = its.gateway->enterprise;
    its.enterprise = hz_registry_enterprise(registry, its.enterprise_id);
    if (its.enterprise)
        its.park_id = its.enterprise->park;
    its.park = hz_registry_park(registry, its.park_id);
    return its;
}

static void put(struct render *r, enum hz_entry_field field, const char *text)
{
    r->values[field] = hz_slice(text);
}

static void put_key(struct render *r, enum hz_entry_field field, enum hz_named_kind kind,
                    uint32_t id)
{
    r->values[field] = hz_names_key(r->names, kind, id);
}

static void put_string(struct render *r, enum hz_entry_field field, hz_string string)
{
    put(r, field, hz_registry_string(r->set->registry, string));
}

static size_t begin(const struct render *r)
{
    return r->scratch.length;
}

/* The field is what was written to the scratch text since `from`. */
static void end(struct render *r, enum hz_entry_field field, size_t from)
{
    hz_assert(!r->scratch.overflow); /* the parts have bounds that MADE_BYTES is above */
    r->values[field] = (struct hz_slice){r->scratch.at + from, r->scratch.length - from};
}

static void put_int(struct render *r, enum hz_entry_field field, int64_t value)
{
    size_t from = begin(r);

    hz_text_int(&r->scratch, value);
    end(r, field, from);
}

static void put_uint(struct render *r, enum hz_entry_field field, uint64_t value)
{
    size_t from = begin(r);

    hz_text_uint(&r->scratch, value);
    end(r, field, from);
}

static void put_decimal(struct render *r, enum hz_entry_field field, double value)
{
    size_t from = begin(r);

    hz_text_decimal(&r->scratch, value);
    end(r, field, from);
}

static void put_bool(struct render *r, enum hz_entry_field field, bool value)
{
    put(r, field, value ? "1" : "0");
}

/* --- the fields, group by group --- */

static void put_identity(struct render *r, const struct hz_entry *head)
{
    char alarm[HZ_ALARM_TEXT_BYTES];
    size_t from;

    put(r, HZ_FIELD_V, "1");
    put(r, HZ_FIELD_EVENT, hz_event_word(head->event));
    from = begin(r);
    hz_alarm_text(head->alarm, alarm);
    hz_text_puts(&r->scratch, alarm);
    end(r, HZ_FIELD_ALARM, from);
    from = begin(r);
    hz_entry_condition_text(r->set, head, &r->scratch);
    end(r, HZ_FIELD_COND, from);
    put_uint(r, HZ_FIELD_SEQ, head->seq);
}

static void put_alarm(struct render *r)
{
    const struct hz_transition *t = r->transition;

    put(r, HZ_FIELD_STATE, hz_state_word(t->state));
    put(r, HZ_FIELD_PREV, hz_state_word(t->prev));
    put_bool(r, HZ_FIELD_ACTIVE, t->active);
    put_bool(r, HZ_FIELD_RING, t->ring);
    put(r, HZ_FIELD_SEV, hz_severity_word(t->severity));
    put(r, HZ_FIELD_KIND, hz_kind_word(t->kind));
    put(r, HZ_FIELD_LEVEL, hz_level_word(t->level));
    put(r, HZ_FIELD_DOMAIN, hz_domain_word(t->domain));
    put(r, HZ_FIELD_MODE, hz_mode_word(t->mode));
    put_bool(r, HZ_FIELD_LATE, t->late);
}

static void put_times(struct render *r)
{
    const struct hz_transition *t = r->transition;

    put_int(r, HZ_FIELD_T, MS(t->t_ns));
    if (t->source_ms != HZ_NO_SOURCE_TIME)
        put_int(r, HZ_FIELD_T_SRC, t->source_ms);
    if (t->arrival_ns != 0)
        put_int(r, HZ_FIELD_T_RX, MS(t->arrival_ns));
    put_int(r, HZ_FIELD_T_RAISE, MS(t->raise_ns));
    put_int(r, HZ_FIELD_FOR_MS, MS(t->for_ns));
}

static void put_value(struct render *r)
{
    const struct hz_transition *t = r->transition;

    if (t->point == 0)
        return;
    if (t->value_kind == HZ_VALUE_F64)
        put_decimal(r, HZ_FIELD_VALUE, t->value.f64);
    else if (t->value_kind == HZ_VALUE_I64)
        put_int(r, HZ_FIELD_VALUE, t->value.i64);
    put_decimal(r, HZ_FIELD_LIMIT, t->limit);
    if (r->subject.point)
        put(r, HZ_FIELD_UNIT, hz_registry_word(r->set->registry, r->subject.point->unit));
    put(r, HZ_FIELD_QUALITY, hz_quality_word((enum hz_quality)t->quality));
}

static void put_point(struct render *r)
{
    const struct subject *its = &r->subject;

    put_key(r, HZ_FIELD_POINT, HZ_NAMED_POINT, r->transition->point);
    put_key(r, HZ_FIELD_GATEWAY, HZ_NAMED_GATEWAY, its->gateway_id);
    if (its->point) {
        put_string(r, HZ_FIELD_POINT_NAME, its->point->name);
        put_string(r, HZ_FIELD_TAG, its->point->tag);
    }
    if (!its->hazard)
        return;
    put_key(r, HZ_FIELD_HAZARD, HZ_NAMED_HAZARD, its->hazard_id);
    r->values[HZ_FIELD_GROUP] = r->values[HZ_FIELD_HAZARD];
    put_string(r, HZ_FIELD_HAZARD_NAME, its->hazard->name);
    if (its->hazard->level > 0)
        put_int(r, HZ_FIELD_HAZARD_LEVEL, its->hazard->level);
    put_string(r, HZ_FIELD_CAMERA, its->hazard->camera);
    put_string(r, HZ_FIELD_PLAN, its->hazard->plan);
}

static void put_position(struct render *r)
{
    const struct hz_hazard *hazard = r->subject.hazard;
    const struct hz_enterprise *enterprise = r->subject.enterprise;

    if (hazard && !isnan(hazard->lon) && !isnan(hazard->lat)) {
        put_decimal(r, HZ_FIELD_LON, hazard->lon);
        put_decimal(r, HZ_FIELD_LAT, hazard->lat);
    } else if (enterprise && !isnan(enterprise->lon) && !isnan(enterprise->lat)) {
        put_decimal(r, HZ_FIELD_LON, enterprise->lon);
        put_decimal(r, HZ_FIELD_LAT, enterprise->lat);
    }
}

static void put_enterprise(struct render *r)
{
    const struct subject *its = &r->subject;

    if (its->extra && its->extra->ext_code != 0)
        put_string(r, HZ_FIELD_EXT, its->extra->ext_code);
    if (!its->enterprise)
        return;
    put_key(r, HZ_FIELD_ENTERPRISE, HZ_NAMED_ENTERPRISE, its->enterprise_id);
    put_string(r, HZ_FIELD_ENTERPRISE_NAME, its->enterprise->name);
    put_string(r, HZ_FIELD_DISTRICT, its->enterprise->district);
    if (r->values[HZ_FIELD_EXT].length == 0)
        put_string(r, HZ_FIELD_EXT, its->enterprise->ext);
    put_key(r, HZ_FIELD_PARK, HZ_NAMED_PARK, its->park_id);
    if (its->park && r->values[HZ_FIELD_DISTRICT].length == 0)
        put_string(r, HZ_FIELD_DISTRICT, its->park->district);
}

static void put_routes(struct render *r, const struct hz_rule_config *rule)
{
    size_t from = begin(r);

    for (uint32_t i = 0; i < rule->route_count; i++) {
        size_t length = strlen(rule->routes[i]);
        if (begin(r) - from + 1 + length > ROUTES_BYTES)
            break; /* a whole route less, never half of one */
        if (i > 0)
            hz_text_puts(&r->scratch, ",");
        hz_text_add(&r->scratch, rule->routes[i], length);
    }
    end(r, HZ_FIELD_ROUTE, from);
}

static void put_rule(struct render *r)
{
    const struct hz_rule_config *rule = hz_set_rule(r->set, r->transition->rule);
    char set[HZ_DIGEST_TEXT_BYTES];
    size_t from = begin(r);

    hz_digest_text(&r->set->digest, set);
    hz_text_add(&r->scratch, set, 8);
    end(r, HZ_FIELD_SET, from);
    put_key(r, HZ_FIELD_RULE, HZ_NAMED_RULE, r->transition->rule);
    if (!rule)
        return;
    from = begin(r);
    hz_text_format(&r->scratch, "%08x", rule->revision);
    end(r, HZ_FIELD_RULE_REV, from);
    put_routes(r, rule);
}

static void put_command(struct render *r)
{
    const struct hz_transition *t = r->transition;

    r->values[HZ_FIELD_ACTOR] = (struct hz_slice){t->actor, t->actor_length};
    r->values[HZ_FIELD_VIA] = (struct hz_slice){t->via, t->via_length};
    r->values[HZ_FIELD_CMD] = (struct hz_slice){t->command_id, t->command_id_length};
    r->values[HZ_FIELD_REASON] = (struct hz_slice){t->reason, t->reason_length};
    if (t->until_ns != 0)
        put_int(r, HZ_FIELD_UNTIL, MS(t->until_ns));
}

static struct hz_slice name_or_key(const struct render *r, enum hz_entry_field name,
                                   enum hz_entry_field key)
{
    return r->values[name].length > 0 ? r->values[name] : r->values[key];
}

static struct publish_words words_of(const struct render *r)
{
    struct publish_words words = {
        .enterprise = name_or_key(r, HZ_FIELD_ENTERPRISE_NAME, HZ_FIELD_ENTERPRISE),
        .hazard = name_or_key(r, HZ_FIELD_HAZARD_NAME, HZ_FIELD_HAZARD),
        .point = name_or_key(r, HZ_FIELD_POINT_NAME, HZ_FIELD_POINT),
        .gateway = r->values[HZ_FIELD_GATEWAY],
        .feed = hz_names_key(r->names, HZ_NAMED_FEED, r->transition->feed),
        .rule = r->values[HZ_FIELD_RULE],
        .value = r->values[HZ_FIELD_VALUE],
        .unit = r->values[HZ_FIELD_UNIT],
        .limit = r->values[HZ_FIELD_LIMIT],
    };

    if (r->subject.gateway) {
        const char *name = hz_registry_string(r->set->registry, r->subject.gateway->name);
        if (name[0] != '\0')
            words.gateway = hz_slice(name);
    }
    return words;
}

static void put_sentences(struct render *r)
{
    struct publish_words words = words_of(r);
    size_t from = begin(r);

    publish__message(r->set, r->transition, &words, &r->scratch);
    end(r, HZ_FIELD_MSG, from);
    from = begin(r);
    publish__short(r->set, r->transition, &words, &r->scratch);
    end(r, HZ_FIELD_SHORT, from);
    from = begin(r);
    publish__advice(r->set, r->transition, &words, &r->scratch);
    end(r, HZ_FIELD_ADVICE, from);
}

uint32_t hz_entry_render(const struct hz_set *set, const struct hz_transition *transition,
                         struct hz_entry *to)
{
    char scratch[MADE_BYTES];
    struct hz_entry head = publish__head_of(transition);
    struct render r = {
        .set = set,
        .names = hz_registry_names(set->registry),
        .transition = transition,
        .subject = find_subject(set, transition),
        .scratch = hz_text_in(scratch, sizeof(scratch)),
    };

    hz_assert(transition->place_count <= HZ_ALARM_VIEWS_MAX);
    put_identity(&r, &head);
    put_alarm(&r);
    put_times(&r);
    put_value(&r);
    put_point(&r);
    put_position(&r);
    put_enterprise(&r);
    put_rule(&r);
    put_command(&r);
    put_sentences(&r);
    return publish__pack(&head, transition->places, r.values, to);
}
