/* SPDX-License-Identifier: Apache-2.0
 *
 * WHAT    The views of a set: which of them an alarm of an enterprise and a domain belongs to. Every
 *         alarm belongs to the view `all`, which is not in here. Immutable.
 * WAY     hazardd.yaml + registry -> set -> engine (places of a transition), publisher, lists
 * THREAD  immutable once built: any
 * OWNS    its memory
 * FULL    16 bytes an enterprise and domain, a bit a view and enterprise; without views nothing
 */
#ifndef HZ_VIEWS_H
#define HZ_VIEWS_H

#include "hz_config.h"
#include "hz_registry.h"

#define HZ_VIEW_ALL      1u /* its id: the first that is given */
#define HZ_VIEW_ALL_NAME "all"
#define HZ_VIEW_ID_END   (HZ_VIEWS_MAX + 1u) /* ids are below */

/* Ascending. */
struct hz_view_list {
    uint16_t count;
    uint16_t ids[HZ_ALARM_VIEWS_MAX - 1];
};

struct hz_views {
    uint32_t count;
    uint32_t *ids; /* ascending */
    uint32_t enterprise_end;
    struct hz_view_list *lists; /* [enterprise * HZ_DOMAIN_END + domain]; NULL = no views */
    uint64_t *within;           /* a row of bits for each view: the enterprises of which it has any domain */
    uint32_t row_words;
};

/* Gives ids to the names: `all` first. Nothing may be wrong with them (hz_config.h, the bound of
 * HZ_ALARM_VIEWS_MAX): what is beyond is an assertion. -ENOMEM, HZ_ELIMIT. */
int hz_views_build(const struct hz_view_config *configs, uint32_t count, const struct hz_registry *registry,
                   struct hz_names *names, struct hz_views **ret_views) HZ_MUST_USE;
void hz_views_free(struct hz_views *views); /* takes NULL */

/* Is what stands there in the selection? Domains aside. `park` "" = in none. */
bool hz_view_selects(const struct hz_view_config *config, const char *enterprise, const char *park,
                     const char *district);

/* Views besides `all` of an alarm; none for enterprise 0 and for one that the set does not have. */
static inline struct hz_view_list hz_views_of(const struct hz_views *views, uint32_t enterprise, unsigned domain)
{
    if (!views->lists || enterprise >= views->enterprise_end || domain >= HZ_DOMAIN_END)
        return (struct hz_view_list){0};
    return views->lists[enterprise * HZ_DOMAIN_END + domain];
}

/* Is the id one of this set's, and not `all`? */
bool hz_views_have(const struct hz_views *views, uint32_t view);
/* Does the enterprise stand in the view, whichever domains that has? Everything does in `all`. */
bool hz_views_within(const struct hz_views *views, uint32_t view, uint32_t enterprise);

#endif
