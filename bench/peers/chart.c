/* SPDX-License-Identifier: Apache-2.0
 *
 * The chart: three panels of bars, each with a linear scale from 0 and its values written out. No other
 * program is needed to draw or to see it.
 */
#include "peers.h"

#include <math.h>

#define WIDTH      860
#define LABEL      230 /* left of the bars */
#define BARS       520 /* the longest */
#define BAR        16
#define STEP       24
#define PANEL_HEAD 44
#define TOP        16

static const struct panel {
    const char *title, *unit;
    enum peer_measure measure;
    double scale;
} panels[] = {
    {"CPU seconds for a million messages, from the stub", "s", PEER_CPU, 1},
    {"Publish to visible in Redis, median", "ms", PEER_P50, 1e-3},
    {"Publish to visible in Redis, p99", "ms", PEER_P99, 1e-3},
};
#define PANELS (sizeof(panels) / sizeof(panels[0]))

static double longest(const struct panel *panel, unsigned *ret_rows)
{
    double most = 0;

    *ret_rows = 0;
    for (struct peer *peer = peers; peer->key; peer++) {
        double value = peer_median(peer, panel->measure) * panel->scale;
        if (!isfinite(value))
            continue;
        most = fmax(most, value);
        ++*ret_rows;
    }
    return most;
}

static unsigned draw_panel(FILE *to, const struct panel *panel, unsigned y)
{
    unsigned rows;
    const double most = longest(panel, &rows);

    if (rows == 0)
        return y;
    fprintf(to, "<text x=\"16\" y=\"%u\" font-weight=\"bold\">%s</text>\n", y + 22, panel->title);
    y += PANEL_HEAD;
    for (struct peer *peer = peers; peer->key; peer++) {
        double value = peer_median(peer, panel->measure) * panel->scale;
        if (!isfinite(value))
            continue;
        const double length = most > 0 ? fmax(value / most * BARS, 1) : 1;
        fprintf(to,
                "<text x=\"%d\" y=\"%u\" text-anchor=\"end\">%s</text>\n"
                "<rect x=\"%d\" y=\"%u\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n"
                "<text x=\"%.1f\" y=\"%u\">%.3g %s</text>\n",
                LABEL - 8, y + BAR - 3, peer->name, LABEL, y, length, BAR,
                peer->ours ? "#c2410c" : "#94a3b8", LABEL + length + 6, y + BAR - 3, value,
                panel->unit);
        y += STEP;
    }
    return y + 8;
}

bool peers_write_chart(const char *path)
{
    unsigned height = TOP, rows, y = TOP;
    FILE *to = fopen(path, "we");

    if (!to)
        return false;
    for (size_t i = 0; i < PANELS; i++) {
        (void)longest(&panels[i], &rows);
        height += rows ? PANEL_HEAD + rows * STEP + 8 : 0;
    }
    fprintf(to,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" viewBox=\"0 0 %d "
            "%u\" "
            "font-family=\"sans-serif\" font-size=\"13\">\n"
            "<title>hazard-bench peers: less is better</title>\n"
            "<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n",
            WIDTH, height, WIDTH, height);
    for (size_t i = 0; i < PANELS; i++)
        y = draw_panel(to, &panels[i], y);
    fputs("</svg>\n", to);
    const bool good = !ferror(to);
    return fclose(to) == 0 && good;
}
