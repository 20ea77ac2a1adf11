/* SPDX-License-Identifier: Apache-2.0
 *
 * Why a connection failed or ended, in words for the log and the status: what was refused, by whom,
 * and what to look at. What must stay true: text from outside is quoted before it gets here.
 */
#include "feed_priv.h"

#include <mosquitto.h>
#include <stdarg.h>
#include <stdio.h>

void feed__say(struct feed_reason *reason, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(reason->text, sizeof(reason->text), format, arguments); /* cut when too long */
    va_end(arguments);
}

/* Codes with the same remedy: 3.1.1 (table 3.1) and 5 (section 3.2.2.2). */
static const struct {
    int v4, v5;
    const char *hint;
} greeting_hints[] = {
    {1, 0x84, "try the other protocol (protocol: 3.1.1 or 5)"},
    {2, 0x85, "look at client_id"},
    {4, 0x86, "look at user and password_file"},
    {5, 0x87, "look at user and password_file, and at the broker's access rules"},
    {-1, 0x8a, "the broker has banned this client"},
    {-1, 0x95, "a setting of ours is beyond what the broker allows"},
};

static const char *greeting_hint(uint8_t protocol, int code)
{
    for (size_t i = 0; i < sizeof(greeting_hints) / sizeof(*greeting_hints); i++)
        if (code == (protocol == 5 ? greeting_hints[i].v5 : greeting_hints[i].v4))
            return greeting_hints[i].hint;
    return NULL;
}

static void say_code(struct feed_reason *reason, const char *what, const char *words, int code,
                     const char *said, const char *hint)
{
    feed__say(reason, "%s: %s (code 0x%02x)%s%s%s%s%s", what, words, (unsigned)code,
              said[0] ? ", \"" : "", said, said[0] ? "\"" : "", hint ? "; " : "", hint ? hint : "");
}

void feed__say_greeting(struct feed_reason *reason, uint8_t protocol, int code, const char *said)
{
    /* A 3.1.1 broker answers a 5 client in the words of 3.1.1. */
    bool old = protocol != 5 || (code > 0 && code < 0x80);
    const char *words = old ? mosquitto_connack_string(code) : mosquitto_reason_string(code);

    say_code(reason, "the broker refused the connection", words, code, said,
             greeting_hint(old ? 4 : 5, code));
}

void feed__say_dismissal(struct feed_reason *reason, int code, const char *said)
{
    const char *hint = code == 0x8e ? "another client uses the same client_id" : NULL;

    say_code(reason, "the broker ended the connection", mosquitto_reason_string(code), code, said,
             hint);
}

const char *feed__subscription_fault(uint8_t protocol, int code)
{
    if (code < 0x80)
        return NULL;
    return protocol == 5 ? mosquitto_reason_string(code) : "not allowed";
}
