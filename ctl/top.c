/* SPDX-License-Identifier: Apache-2.0
 *
 * `hazardctl top`: asks for status and the worst alarms again and again, and draws what came. What
 * must stay true: it asks at most once a second, and one question at a time; a daemon that goes away
 * is said, and shown again when it is back.
 */
#include "ctl_top.h"

#include <stdlib.h>
#include <unistd.h>

#define ALARMS_ASKED  "100"
#define ANSWER_MOST_S 3 /* a screen that stands still for longer says why */
#define PIPE_WIDTH    120u

struct top {
    const struct ctl_call *call;
    struct ctl_screen screen;
    bool on_screen;
    int interval_ms;
    struct ctl_sample now;
    char fault_room[CTL_CELL_BYTES];
    struct hz_text fault; /* empty: `now` is of now */
    char *frame_room;
};

static const char *interval_fault(const char *value)
{
    bool digits = *value && strspn(value, "0123456789") == strlen(value) && strlen(value) < 5;

    return digits && atoi(value) >= 1 && atoi(value) <= 3600
               ? NULL
               : "is not a whole number of seconds, 1 to 3600";
}

/* --- asking --- */

static int ask(struct top *top, const struct ctl_command *command, const char *const *options,
               ctl_row row)
{
    struct ctl_call call = {
        .command = command, .socket = top->call->socket, .chinese = top->call->chinese};

    call.timeout_s = top->call->timeout_s < ANSWER_MOST_S ? top->call->timeout_s : ANSWER_MOST_S;
    call.fault = &top->fault;
    for (; options && *options; options += 2)
        for (unsigned i = 0; command->options[i].name; i++)
            if (strcmp(command->options[i].name, options[0]) == 0)
                call.values[i] = options[1];
    if (top->on_screen) {
        call.wait = ctl_screen_wait;
        call.wait_ctx = &top->screen;
    }
    return ctl_ask(&call, false, row, &top->now);
}

/* A new sample, or the old one stays and `fault` says why. */
static int take_sample(struct top *top)
{
    static const char *const alarms[] = {"all", "1", "limit", ALARMS_ASKED, NULL};
    struct ctl_sample kept = top->now;

    top->fault = hz_text_in(top->fault_room, sizeof(top->fault_room));
    if (!ctl_sample_begin(&top->now)) {
        top->now = kept;
        return CTL_REFUSED;
    }
    int code = ask(top, &ctl_status, NULL, ctl_sample_status_row);
    if (code == CTL_OK)
        code = ask(top, &ctl_alarms, alarms, ctl_sample_alarm_row);
    if (code != CTL_OK) {
        ctl_sample_free(&top->now);
        top->now = kept;
        return code;
    }
    ctl_sample_rates(&top->now, kept.status ? &kept : NULL);
    ctl_sample_free(&kept);
    return CTL_OK;
}

/* --- showing --- */

static void show(struct top *top)
{
    struct ctl_frame frame = {
        .text = hz_text_in(top->frame_room, CTL_FRAME_BYTES),
        .width = top->on_screen ? top->screen.width : PIPE_WIDTH,
        .lines_left = top->on_screen ? top->screen.height : CTL_FRAME_LINES,
        .colour = top->call->colour,
        .chinese = top->call->chinese,
        .terminal = top->on_screen,
    };

    ctl_top_draw(&frame, &top->now, top->fault.length > 0 ? top->fault.at : NULL);
    if (top->on_screen)
        ctl_screen_write(&top->screen, frame.text.at, frame.text.length);
    else
        (void)fwrite(frame.text.at, 1, frame.text.length, stdout);
}

/* Rates need two samples. */
static int show_once(struct top *top)
{
    int code = take_sample(top);

    if (code == CTL_OK) {
        (void)usleep((useconds_t)top->interval_ms * 1000);
        code = take_sample(top);
    }
    if (code != CTL_OK)
        ctl_say("%s", top->fault.at);
    else if (top->call->json)
        ctl_sample_write(&top->now, stdout);
    else
        show(top);
    return code;
}

static int follow_as_json(struct top *top)
{
    int code;

    while ((code = take_sample(top)) == CTL_OK && !ferror(stdout)) {
        ctl_sample_write(&top->now, stdout);
        (void)usleep((useconds_t)top->interval_ms * 1000);
    }
    if (code != CTL_OK)
        ctl_say("%s", top->fault.at);
    return code;
}

static int follow_on_screen(struct top *top)
{
    int error = ctl_screen_open(&top->screen);

    if (error < 0) {
        ctl_say("top: %s", strerror(-error));
        return CTL_REFUSED;
    }
    top->on_screen = true;
    while (!top->screen.quit) {
        (void)take_sample(top); /* a failure is shown */
        if (!top->screen.quit)
            show(top);
        while (ctl_screen_wait(&top->screen, -1, top->interval_ms) > 0)
            show(top); /* another size */
    }
    ctl_screen_close(&top->screen);
    return CTL_OK;
}

static int run(const struct ctl_call *call)
{
    const char *interval = ctl_value(call, "interval");
    struct top top = {.call = call, .interval_ms = interval ? atoi(interval) * 1000 : 1000};
    int code;

    top.fault = hz_text_in(top.fault_room, sizeof(top.fault_room));
    top.frame_room = malloc(CTL_FRAME_BYTES);
    if (!top.frame_room) {
        ctl_say("no memory");
        return CTL_REFUSED;
    }
    if (ctl_value(call, "once") || (!call->json && !isatty(STDOUT_FILENO)))
        code = show_once(&top);
    else
        code = call->json ? follow_as_json(&top) : follow_on_screen(&top);
    ctl_sample_free(&top.now);
    free(top.frame_room);
    return code;
}

const struct ctl_command ctl_top = {
    .name = "top",
    .summary = "Watch hazardd on a full screen",
    .text =
        "Rates, the share of points on line, feeds, queues, latencies, the worst alarms. Keys: q\n"
        "ends, the space bar draws at once. Where the output is no terminal: one screen, as with\n"
        "--once. --json: one object an interval.",
    .online = true,
    .run = run,
    .options =
        {
            {.name = "interval",
             .letter = 'i',
             .value = "SECONDS",
             .help = "between two screens; default 1",
             .fault = interval_fault},
            {.name = "once", .help = "one screen, then end"},
        },
};
