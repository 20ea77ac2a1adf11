/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon's metrics by its socket, as its HTTP server gives them: for a machine without HTTP.
 */
#include "ctl.h"

static bool write_line(void *ctx, const json_t *row)
{
    const json_t *line = json_object_get(row, "line");
    char room[CTL_CELL_BYTES];
    struct hz_text text = hz_text_in(room, sizeof(room));

    (void)ctx;
    if (!json_is_string(line))
        return true; /* what a newer daemon says besides */
    ctl_harmless(&text, json_string_value(line), json_string_length(line));
    return puts(text.at) >= 0;
}

static int run(const struct ctl_call *call)
{
    return ctl_ask(call, false, write_line, NULL);
}

const struct ctl_command ctl_metrics = {
    .name = "metrics",
    .summary = "Show the metrics, as a scrape gets them",
    .text = "OpenMetrics text, the same as http://127.0.0.1:9464/metrics.",
    .online = true,
    .run = run,
    .options =
        {
            {.name = "prometheus",
             .help = "the older text format 0.0.4, as node_exporter's textfile collector reads it"},
        },
};
