/* SPDX-License-Identifier: Apache-2.0
 *
 * The builder: a thread that makes sets aside and puts them into force. What must stay true: a set is in
 * force only when its ids and its files are on disk; what was in force before is freed here, when every
 * thread has left it; a refused set changes nothing.
 */
#include "pipeline_priv.h"
#include "reload_priv.h"

#include "hz_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define LINE_BYTES 4096u
#define LOOK_NS    (100 * HZ_NS_PER_MS) /* wake-ups are told; a look besides costs nothing */

/* --- making --- */

static void say_diagnostic(struct pipeline_reload *reload, const struct hz_diagnostic *one)
{
    char buffer[LINE_BYTES];
    struct hz_text line = hz_text_in(buffer, sizeof(buffer));

    hz_text_format(&line, "{\"what\":\"%s\",\"file\":", one->warning ? "warning" : "error");
    hz_text_json(&line, hz_slice(one->file));
    hz_text_format(&line, ",\"line\":%u,\"column\":%u,\"message\":", one->line, one->column);
    hz_text_json(&line, hz_slice(one->message));
    hz_text_puts(&line, ",\"hint\":");
    hz_text_json(&line, hz_slice(one->hint ? one->hint : ""));
    hz_text_puts(&line, "}");
    reload__line(reload, &line);
}

/* Nobody sits at a terminal behind a signal. */
static void log_diagnostic(const struct hz_diagnostic *one)
{
    char buffer[LINE_BYTES];
    struct hz_text text = hz_text_in(buffer, sizeof(buffer));

    hz_diagnostic_write(one, &text);
    hz_log(one->warning ? HZ_LOG_WARNING : HZ_LOG_ERROR, "%s", buffer);
}

static int read_files(struct hz_pipeline *p, struct pipeline_reload *reload,
                      struct hz_diagnostics *diagnostics) HZ_ON(hz_builder)
{
    if (!reload->back)
        return hz_files_read(&reload->files, p->options.config_directory, diagnostics);
    if (!p->builder.has_former)
        return HZ_ENOTFOUND;
    return hz_store_fetch(p->store, &p->builder.former, &reload->files);
}

static bool is_expected(struct pipeline_reload *reload)
{
    char text[HZ_DIGEST_TEXT_BYTES];

    hz_digest_text(&reload->digest, text);
    if (strncmp(text, reload->expect, strlen(reload->expect)) == 0)
        return true;
    reload__why(reload, HZ_ESTATE,
                "the files are those of set %.8s, not of %.64s: look at diff again", text,
                reload->expect);
    return false;
}

/* One that is named anew must be there: whoever mistypes it would cut the connection that works. */
static bool can_log_in(struct pipeline_reload *reload, const struct hz_redis_config *before,
                       const struct hz_redis_config *after)
{
    struct hz_redis_login login;
    bool named_anew =
        after->password_file &&
        (!before->password_file || strcmp(before->password_file, after->password_file) != 0);

    if (hz_redis_login(after, &login) < 0) {
        reload__why(reload, HZ_ESTATE, "redis: the address is too long: nothing is changed");
        return false;
    }
    bool there = !after->enabled || !named_anew || login.fault[0] == '\0';
    if (!there)
        reload__why(reload, HZ_ESTATE, "redis: %s: nothing is changed", login.fault);
    explicit_bzero(&login, sizeof(login));
    return there;
}

static void explain(struct pipeline_reload *reload, int error,
                    const struct hz_diagnostics *diagnostics)
{
    if (error == HZ_ECONFIG)
        reload__why(reload, error, "the configuration has %llu errors: nothing is changed",
                    (unsigned long long)diagnostics->errors);
    else if (error == HZ_ENOTFOUND && reload->back)
        reload__why(reload, error, "there is no former set to go back to");
    else
        reload__why(reload, error, "the set could not be made: %s", hz_strerror(error));
}

/* Tables of names that larger ones replaced in the build before: ingest has been out of them since. */
static void reclaim_names(struct hz_pipeline *p) HZ_ON(hz_builder)
{
    uint64_t beats = atomic_load_explicit(&p->beats[0], memory_order_acquire);

    if (beats != p->builder.beats_seen)
        hz_names_reclaim(p->names, HZ_NAMES_SETS);
}

static int make(struct hz_pipeline *p, struct pipeline_reload *reload,
                struct hz_diagnostics *diagnostics) HZ_ON(hz_builder)
{
    int error = read_files(p, reload, diagnostics);

    if (error < 0)
        return error;
    reload->digest = hz_files_digest(&reload->files);
    reload->former = hz_ruleset_set(p->builder.ruleset)->digest;
    /* After a start with faulty files, which have been mended to what they were, it is put into force
     * once more: with that record the alarm about them ends. */
    reload->same = memcmp(&reload->digest, &reload->former, sizeof(reload->digest)) == 0 &&
                   !atomic_load_explicit(&p->faulty, memory_order_relaxed);
    if (!is_expected(reload))
        return 0;
    if (reload->same) {
        reload__options(reload, hz_ruleset_set(p->builder.ruleset), p->config);
        return 0;
    }
    error = pipeline__compile(p, &reload->files, diagnostics, &reload->ruleset);
    if (error == 0 && !can_log_in(reload, &hz_ruleset_set(p->builder.ruleset)->config->redis,
                                  &hz_ruleset_set(reload->ruleset)->config->redis))
        return 0;
    if (error == 0)
        error = pipeline__feeds_new(p, hz_ruleset_set(p->builder.ruleset),
                                    hz_ruleset_set(reload->ruleset), &reload->feeds);
    if (error == 0)
        error = hz_ruleset_compare(reload->ruleset, p->builder.ruleset);
    return error == 0 ? reload__compare(reload, p->builder.ruleset, p->config) : error;
}

static void build(struct hz_pipeline *p, struct pipeline_reload *reload) HZ_ON(hz_builder)
{
    struct hz_diagnostics diagnostics;

    hz_diagnostics_init(&diagnostics);
    hz_files_init(&reload->files);
    reclaim_names(p);
    int error = make(p, reload, &diagnostics);
    p->builder.beats_seen = atomic_load_explicit(&p->beats[0], memory_order_acquire);
    for (uint32_t i = 0; i < diagnostics.kept_count; i++) {
        say_diagnostic(reload, &diagnostics.kept[i]);
        if (strcmp(reload->via, "signal") == 0)
            log_diagnostic(&diagnostics.kept[i]);
    }
    if (error < 0)
        explain(reload, error, &diagnostics);
    hz_diagnostics_done(&diagnostics);
}

/* --- putting into force --- */

/* Others wake this thread when they have done their part. */
static void wait_for(struct hz_pipeline *p, bool (*is_done)(struct hz_pipeline *p))
    HZ_ON(hz_builder)
{
    while (!is_done(p)) {
        hz_wake_arm(&p->builder_wake);
        if (is_done(p))
            hz_wake_disarm(&p->builder_wake);
        else
            hz_wake_sleep(&p->builder_wake, LOOK_NS);
    }
}

static bool names_are_saved(struct hz_pipeline *p)
{
    return !atomic_load_explicit(&p->names_wanted, memory_order_acquire);
}

static bool change_is_taken(struct hz_pipeline *p)
{
    return atomic_load_explicit(&p->change->done, memory_order_acquire) == RELOAD_ALL;
}

/* The write thread has the definitions' files: it is asked, and answers. */
static int save_names(struct hz_pipeline *p) HZ_ON(hz_builder)
{
    atomic_store_explicit(&p->names_wanted, true, memory_order_release);
    hz_wake_up(&p->write_wake);
    wait_for(p, names_are_saved);
    return atomic_load_explicit(&p->names_error, memory_order_relaxed);
}

static int save(struct hz_pipeline *p, struct pipeline_reload *reload) HZ_ON(hz_builder)
{
    struct hz_digest digest;
    int error = save_names(p);

    if (error == 0)
        error = hz_store_archive(p->store, &reload->files, &digest);
    if (error == 0)
        error = hz_store_set_last_good(p->store, &digest);
    return error;
}

static struct pipeline_change *new_change(struct pipeline_reload *reload)
{
    struct pipeline_change *change = aligned_alloc(8, (sizeof(*change) + 7) & ~(size_t)7);
    struct hz_set *set = hz_ruleset_set(reload->ruleset);
    struct hz_command_texts texts = {.actor = hz_slice(reload->actor),
                                     .via = hz_slice(reload->via),
                                     .reason = hz_slice(reload->reason)};

    if (!change)
        return NULL;
    memset(change, 0, sizeof(*change));
    change->present = pipeline__present_points(set->registry, &change->present_end);
    if (!change->present) {
        free(change);
        return NULL;
    }
    change->ruleset = reload->ruleset;
    change->feeds = reload->feeds;
    reload->feeds = (struct pipeline_feeds){0};
    hz_assert(hz_redis_login(&set->config->redis, &change->login) == 0); /* as in can_log_in */
    change->for_ingest = hz_set_ref(set);
    change->for_output = hz_set_ref(set);
    hz_assert(hz_ruleset_build(change->record, sizeof(change->record), &reload->digest, &texts) >
              0);
    return change;
}

/* What every thread has left behind. */
static void free_change(struct pipeline_change *change)
{
    hz_ruleset_free(change->former);
    hz_set_unref(change->for_ingest);
    hz_set_unref(change->for_output);
    free(change->present);
    pipeline__feeds_free(&change->feeds);
    explicit_bzero(&change->login, sizeof(change->login));
    free(change);
}

static void tell_systemd(bool begins)
{
    struct timespec now;

    if (!begins) {
        (void)sd_notify(0, "READY=1");
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC,
                        &now); /* systemd's own clock, whichever the daemon goes by */
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu",
                     (unsigned long long)now.tv_sec * 1000000u +
                         (unsigned long long)now.tv_nsec / 1000u);
}

static void put(struct hz_pipeline *p, struct pipeline_reload *reload) HZ_ON(hz_builder)
{
    int64_t begun_ns = hz_mono_ns(p->options.clock);
    int error = save(p, reload);
    struct pipeline_change *change = error == 0 ? new_change(reload) : NULL;

    if (!change) {
        error = error < 0 ? error : -ENOMEM;
        reload__why(reload, error, "the set is not in force, it could not be kept: %s",
                    hz_strerror(error));
        return;
    }
    tell_systemd(true);
    p->change = change;
    atomic_fetch_add_explicit(&p->changes, 1, memory_order_release);
    hz_wake_up(&p->ingest_wake);
    wait_for(p, change_is_taken);
    reload->seq = atomic_load_explicit(&change->seq, memory_order_relaxed);
    reload->ruleset = NULL;
    if (change->former !=
        change->ruleset) { /* else the engine has kept the equal one that it had */
        p->builder.ruleset = change->ruleset; /* the engine's, until another replaces it */
        p->builder.former = reload->former;
        p->builder.has_former = true;
    }
    free_change(change);
    reload->took_ns = hz_mono_ns(p->options.clock) - begun_ns;
    tell_systemd(false);
}

/* --- the thread --- */

static void drop(struct pipeline_reload *reload)
{
    if (!reload)
        return;
    drop(reload->dropped);
    hz_ruleset_free(reload->ruleset);
    reload->ruleset = NULL;
    pipeline__feeds_free(&reload->feeds);
    reload__free(reload);
}

static void work(struct hz_pipeline *p, struct pipeline_reload *reload) HZ_ON(hz_builder)
{
    drop(reload->dropped);
    reload->dropped = NULL;
    if (reload->step == RELOAD_DROP) {
        drop(reload);
        return;
    }
    if (reload->step == RELOAD_BUILD)
        build(p, reload);
    else
        put(p, reload);
    atomic_store_explicit(&p->reload_answered, reload, memory_order_release);
    hz_wake_up(&p->output_wake);
}

void *pipeline__builder_run(void *pipeline)
{
    struct hz_pipeline *p = pipeline;

    hz_role_take(&hz_builder);
    for (;;) {
        pipeline__feeds_free_gone(p);
        bool last = pipeline__stage_reached(p, PIPELINE_STOP_BUILDER);
        struct pipeline_reload *reload =
            atomic_exchange_explicit(&p->reload_asked, NULL, memory_order_acquire);
        if (reload)
            work(p, reload);
        else if (last)
            return NULL;
        hz_wake_arm(&p->builder_wake);
        if (atomic_load_explicit(&p->reload_asked, memory_order_acquire) ||
            pipeline__stage_reached(p, PIPELINE_STOP_BUILDER))
            hz_wake_disarm(&p->builder_wake);
        else
            hz_wake_sleep(&p->builder_wake, HZ_NS_PER_S);
    }
}

/* What is in force when the threads begin. */
void pipeline__builder_init(struct hz_pipeline *p)
{
    hz_role_take(&hz_builder);
    hz_role_take(&hz_rule);
    p->builder.ruleset = hz_engine_ruleset(p->rule.engine);
}

/* The other threads have ended: what was under way is nobody's. */
void pipeline__builder_done(struct hz_pipeline *p)
{
    struct pipeline_reload *left[] = {atomic_load(&p->reload_asked),
                                      atomic_load(&p->reload_answered)};

    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
        drop(left[i]);
}
