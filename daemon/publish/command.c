/* SPDX-License-Identifier: Apache-2.0
 *
 * Building one Redis command: its arguments are slices, those that are made up on the way stand in a
 * text that the publisher keeps for it. What must stay true: one command is built and sent before the
 * next is begun, since all use the same memory; hiredis copies the arguments when they are sent.
 */
#include "publish_priv.h"

struct publish_command publish__command(struct hz_publisher *p)
{
    return (struct publish_command){.p = p, .text = hz_text_in(p->scratch, SCRATCH_BYTES)};
}

struct publish_command publish__stream_command(struct publish_stream *stream)
{
    struct publish_command c = publish__command(stream->p);

    c.stream = stream;
    return c;
}

void publish__add(struct publish_command *c, struct hz_slice argument)
{
    hz_assert(c->count < (int)COMMAND_ARGUMENTS);
    c->p->arguments[c->count] = argument.at ? argument.at : "";
    c->p->lengths[c->count] = argument.length;
    c->count++;
}

void publish__add_word(struct publish_command *c, const char *word)
{
    publish__add(c, hz_slice(word));
}

void publish__open(struct publish_command *c)
{
    c->from = c->text.length;
}

struct hz_slice publish__made(struct publish_command *c)
{
    hz_assert(!c->text.overflow); /* SCRATCH_BYTES is above the sum of all bounds */
    return (struct hz_slice){c->text.at + c->from, c->text.length - c->from};
}

void publish__close(struct publish_command *c)
{
    publish__add(c, publish__made(c));
}

void publish__add_uint(struct publish_command *c, uint64_t value)
{
    publish__open(c);
    hz_text_uint(&c->text, value);
    publish__close(c);
}

void publish__add_id(struct publish_command *c, struct hz_stream_id id)
{
    char text[HZ_STREAM_ID_TEXT_BYTES];

    hz_stream_id_text(id, text);
    publish__open(c);
    hz_text_puts(&c->text, text);
    publish__close(c);
}

int publish__send(struct publish_command *c, struct hz_redis *link, hz_redis_reply reply)
{
    void *ctx = c->stream ? (void *)c->stream : (void *)c->p;

    return hz_redis_send(link, c->count, c->p->arguments, c->p->lengths, reply, ctx);
}
