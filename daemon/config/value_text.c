/* SPDX-License-Identifier: Apache-2.0
 *
 * Scalars that stay texts: names, ids, addresses, zones, topic filters. Each is checked here once,
 * so that what reads the configuration later can take it as it is.
 */
#include "config_priv.h"

#include "hz_zone.h"

#include <stdio.h>
#include <sys/un.h>

#define TEXT_BYTES_MAX 1024u /* paths, patterns; names have less by HZ_NAME_BYTES_MAX */

static void keep_text(struct config_reader *reader, const struct config_row *row,
                      const struct config_node *node, void *base)
{
    const char *kept = config__keep(reader, node->text, node->length);

    memcpy((char *)base + row->offset, &kept, sizeof(kept));
}

/* A single line within its bound. */
static bool is_line(struct config_reader *reader, const struct config_row *row,
                    const struct config_node *node)
{
    size_t most = row->max > 0 ? (size_t)row->max : TEXT_BYTES_MAX;

    if (!config__is_scalar(reader, row, node))
        return false;
    if (memchr(node->text, '\n', node->length) || memchr(node->text, '\t', node->length)) {
        CONFIG_WRONG(reader, node, NULL, "%s: a single line without tabs is expected", row->name);
        return false;
    }
    if (node->length > most) {
        CONFIG_WRONG(reader, node, NULL, "%s: longer than %zu bytes", row->name, most);
        return false;
    }
    return true;
}

bool config__read_text(struct config_reader *reader, const struct config_row *row,
                       const struct config_node *node, void *base)
{
    if (!is_line(reader, row, node))
        return false;
    keep_text(reader, row, node, base);
    return true;
}

static bool is_id(const struct config_node *node)
{
    return node->length > 0 && node->length <= HZ_KEY_BYTES_MAX &&
           strspn(node->text, "abcdefghijklmnopqrstuvwxyz0123456789-") == node->length;
}

static bool check_id(struct config_reader *reader, const struct config_row *row,
                     const struct config_node *node)
{
    char quoted[CONFIG_QUOTE_BYTES];

    if (!config__is_scalar(reader, row, node))
        return false;
    if (!is_id(node))
        CONFIG_WRONG(reader, node, "small letters a-z, digits and '-', at most 128",
                     "%s: %s is no id", row->name, config__quote(node, quoted));
    return is_id(node);
}

bool config__read_id(struct config_reader *reader, const struct config_row *row,
                     const struct config_node *node, void *base)
{
    if (!check_id(reader, row, node))
        return false;
    keep_text(reader, row, node, base);
    return true;
}

bool config__read_ids(struct config_reader *reader, const struct config_row *row,
                      const struct config_node *node, void *base)
{
    char quoted[CONFIG_QUOTE_BYTES], hint[CONFIG_HINT_BYTES];
    uint32_t count = 0;

    if (node->kind == CONFIG_SCALAR) {
        snprintf(hint, sizeof(hint), "write [%.100s]", node->text);
        CONFIG_WRONG(reader, node, hint, "%s: a list is expected, not %s", row->name,
                     config__quote(node, quoted));
    }
    if (node->kind != CONFIG_LIST)
        return false;
    const char **ids = hz_arena_take(reader->keep, (node->count + 1) * sizeof(*ids));
    reader->no_memory |= !ids;
    for (const struct config_node *one = node->first; one && ids; one = one->next)
        if (check_id(reader, row, one))
            ids[count++] = config__keep(reader, one->text, one->length);
    memcpy((char *)base + row->offset, &ids, sizeof(ids));
    memcpy((char *)base + row->shape->count, &count, sizeof(count));
    return count == node->count;
}

static bool port_good(const char *text)
{
    size_t length = strspn(text, "0123456789");
    long port = 0;

    for (size_t i = 0; i < length && i < 6; i++)
        port = port * 10 + (text[i] - '0');
    return length > 0 && length < 6 && text[length] == '\0' && port > 0 && port < 65536;
}

static bool host_good(const char *text)
{
    static const char host[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
    size_t length;

    if (text[0] == '[') {
        length = strspn(text + 1, "0123456789abcdefABCDEF:.") + 1;
        return length > 2 && text[length] == ']' && text[length + 1] == ':' &&
               port_good(text + length + 2);
    }
    length = strspn(text, host);
    return length > 0 && length < 254 && text[length] == ':' && port_good(text + length + 1);
}

static const char *address_hint(const char *text)
{
    if (strstr(text, "://"))
        return "leave the scheme out: host:port (and tls: true where the peer speaks TLS)";
    if (strncmp(text, "unix:", 5) == 0)
        return "a socket's path begins with / and has at most 107 bytes: unix:/run/x.sock";
    if (strchr(text, '[') == NULL && strchr(text, ':') != strrchr(text, ':'))
        return "write an IPv6 address in brackets: [2001:db8::1]:1883";
    return "host:port, [v6 address]:port, or unix:/path";
}

bool config__read_address(struct config_reader *reader, const struct config_row *row,
                          const struct config_node *node, void *base)
{
    char quoted[CONFIG_QUOTE_BYTES];
    bool good;

    if (!is_line(reader, row, node))
        return false;
    if (strncmp(node->text, "unix:", 5) == 0)
        good = node->text[5] == '/' &&
               node->length - 5 < sizeof(((struct sockaddr_un *)NULL)->sun_path);
    else
        good = host_good(node->text);
    if (good)
        keep_text(reader, row, node, base);
    else
        CONFIG_WRONG(reader, node, address_hint(node->text), "%s: %s is no address", row->name,
                     config__quote(node, quoted));
    return good;
}

bool config__read_zone(struct config_reader *reader, const struct config_row *row,
                       const struct config_node *node, void *base)
{
    char quoted[CONFIG_QUOTE_BYTES];
    struct hz_zone *zone;

    if (!is_line(reader, row, node))
        return false;
    int code = hz_zone_load(node->text, &zone);
    if (code == 0) {
        hz_zone_free(zone);
        keep_text(reader, row, node, base);
        return true;
    }
    CONFIG_WRONG(reader, node, "as below /usr/share/zoneinfo (Asia/Shanghai), UTC, or +08:00",
                 "%s: %s is no time zone known here", row->name, config__quote(node, quoted));
    return false;
}

/* Why a text is no MQTT topic filter (MQTT 3.1.1, 4.7.1), or NULL. */
static const char *filter_fault(const struct config_node *node)
{
    const char *text = node->text;

    for (size_t i = 0; i < node->length; i++) {
        bool begins = i == 0 || text[i - 1] == '/';
        bool ends = i + 1 == node->length || text[i + 1] == '/';

        if (text[i] == '#' && (!begins || i + 1 != node->length))
            return "'#' stands alone in the last level: hz/#";
        if (text[i] == '+' && (!begins || !ends))
            return "'+' stands for a whole level: hz/+/+/+";
        if (text[i] == '{')
            return "write + for each variable level here and the names in `topic`";
    }
    return NULL;
}

bool config__read_filter(struct config_reader *reader, const struct config_row *row,
                         const struct config_node *node, void *base)
{
    char quoted[CONFIG_QUOTE_BYTES];

    if (!is_line(reader, row, node))
        return false;
    const char *fault = filter_fault(node);
    if (!fault)
        keep_text(reader, row, node, base);
    else
        CONFIG_WRONG(reader, node, fault, "%s: %s is no topic filter", row->name,
                     config__quote(node, quoted));
    return !fault;
}
