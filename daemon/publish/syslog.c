/* SPDX-License-Identifier: Apache-2.0
 *
 * Red alarms and system alarms to the system's journal, the way out that needs neither Redis nor a
 * network. The journal's native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL) is spoken directly:
 * sd_journal_send() waits while journald does not read, and this thread waits for nobody. What must
 * stay true: a field is built from length-counted text, so that no text from outside can make up a
 * field of its own; what can't be sent is counted.
 */
#include "publish_priv.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"
#define MESSAGE_BYTES  (HZ_ENTRY_BYTES_MAX + 1024u)

/* One id for each event, for `journalctl MESSAGE_ID=`; docs/redis.md lists them. */
#define ID_PREFIX "b6f7a3c1d2954f0e8a47e1c05d3390"

void publish__syslog_init(struct publish_syslog *syslog, const char *path)
{
    *syslog = (struct publish_syslog){
        .fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0),
        .path = path ? path : JOURNAL_SOCKET,
    };
}

void publish__syslog_done(struct publish_syslog *syslog)
{
    if (syslog->fd >= 0)
        (void)close(syslog->fd);
    syslog->fd = -1;
}

bool publish__syslog_wants(const struct hz_entry *entry)
{
    if (entry->mode == HZ_MODE_TRIAL)
        return false;
    return entry->severity == HZ_SEVERITY_RED || entry->kind == HZ_KIND_SYSTEM;
}

/* syslog(3) levels: what demands action stands out in `journalctl -p`. */
static int priority_of(const struct hz_entry *entry)
{
    static const int by_severity[HZ_SEVERITY_END] = {5, 5, 4, 3, 1};

    if (entry->event != HZ_EVENT_RAISE && entry->event != HZ_EVENT_ESCALATE &&
        entry->event != HZ_EVENT_REALARM)
        return 5; /* notice */
    if (entry->mode != HZ_MODE_LIVE)
        return 5;
    return by_severity[entry->severity < HZ_SEVERITY_END ? entry->severity : 0];
}

/* NAME, line end, length as 64 bits little-endian, bytes, line end: right for any bytes. */
static void put_field(struct hz_text *to, const char *name, struct hz_slice value)
{
    unsigned char length[8];

    if (value.length == 0)
        return;
    for (unsigned i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)((uint64_t)value.length >> (8 * i));
    hz_text_puts(to, name);
    hz_text_puts(to, "\n");
    hz_text_add(to, (const char *)length, sizeof(length));
    hz_text_slice(to, value);
    hz_text_puts(to, "\n");
}

static void put_fields(struct hz_text *to, const struct hz_entry *entry,
                       const struct hz_slice values[HZ_FIELD_COUNT])
{
    const struct {
        const char *name;
        enum hz_entry_field field;
    } carried[] = {
        {"ALARM", HZ_FIELD_ALARM},     {"CONDITION", HZ_FIELD_COND},
        {"EVENT", HZ_FIELD_EVENT},     {"STATE", HZ_FIELD_STATE},
        {"SEVERITY", HZ_FIELD_SEV},    {"KIND", HZ_FIELD_KIND},
        {"MODE", HZ_FIELD_MODE},       {"POINT", HZ_FIELD_POINT},
        {"HAZARD", HZ_FIELD_HAZARD},   {"ENTERPRISE", HZ_FIELD_ENTERPRISE},
        {"GATEWAY", HZ_FIELD_GATEWAY}, {"RULE", HZ_FIELD_RULE},
        {"VALUE", HZ_FIELD_VALUE},     {"LIMIT", HZ_FIELD_LIMIT},
        {"ADVICE", HZ_FIELD_ADVICE},   {"SEQ", HZ_FIELD_SEQ},
    };

    put_field(to, "MESSAGE", values[HZ_FIELD_MSG]);
    hz_text_format(to, "PRIORITY=%d\nSYSLOG_IDENTIFIER=hazardd\nMESSAGE_ID=" ID_PREFIX "%02x\n",
                   priority_of(entry), entry->event);
    for (size_t i = 0; i < sizeof(carried) / sizeof(carried[0]); i++)
        put_field(to, carried[i].name, values[carried[i].field]);
}

/* A sentence for people, that no quotes stand around: its own quotes and backslashes stay; control characters and
 * what is no UTF-8 are escaped. Cut to fit. */
static void put_sentence(struct hz_text *to, struct hz_slice sentence)
{
    for (size_t at = 0; at < sentence.length && !to->overflow;) {
        const char *character = sentence.at + at;
        size_t bytes = hz_utf8_character(character, sentence.length - at);
        char escaped[16]; /* two bytes of C1, four characters each */

        bytes += bytes == 0;
        if (memchr("\"'\\", *character, 3))
            hz_text_add(to, character, 1);
        else
            hz_text_puts(to, hz_log_quote(escaped, sizeof(escaped), character, bytes));
        at += bytes;
    }
}

/* No journal on this system (a container, a test): the sentence goes to stderr. */
static void say(const struct hz_entry *entry, const struct hz_slice values[HZ_FIELD_COUNT])
{
    static const enum hz_log_level levels[] = {HZ_LOG_ERROR,   HZ_LOG_ERROR,   HZ_LOG_ERROR,
                                               HZ_LOG_WARNING, HZ_LOG_WARNING, HZ_LOG_NOTICE};
    char room[1024];
    struct hz_text sentence = hz_text_in(room, sizeof(room));

    put_sentence(&sentence, values[HZ_FIELD_MSG]);
    hz_log(levels[priority_of(entry)], "%s %s: %s", hz_severity_word(entry->severity),
           hz_event_word(entry->event), sentence.at);
}

bool publish__syslog_send(struct publish_syslog *syslog, const struct hz_entry *entry)
{
    struct sockaddr_un journal = {.sun_family = AF_UNIX};
    struct hz_slice values[HZ_FIELD_COUNT];
    char buffer[MESSAGE_BYTES];
    struct hz_text text = hz_text_in(buffer, sizeof(buffer));

    hz_assert(hz_entry_values(entry, entry->bytes, values));
    put_fields(&text, entry, values);
    hz_assert(!text.overflow && strlen(syslog->path) < sizeof(journal.sun_path));
    memcpy(journal.sun_path, syslog->path, strlen(syslog->path));
    struct iovec part = {text.at, text.length};
    struct msghdr message = {
        .msg_name = &journal, .msg_namelen = sizeof(journal), .msg_iov = &part, .msg_iovlen = 1};
    if (syslog->fd >= 0 && sendmsg(syslog->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
        return true;
    if (syslog->fd < 0 || errno == ENOENT || errno == ECONNREFUSED) {
        say(entry, values);
        return true;
    }
    return false;
}
