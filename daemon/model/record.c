/* SPDX-License-Identifier: Apache-2.0
 *
 * Building control blocks and command records, and reading a command's texts back. What is built
 * here passes hz_block_shape_ok; padding is zero, since it is hashed and compared byte for byte.
 */
#include "hz_record.h"
#include "hz_error.h"

#include <string.h>

static uint16_t up_to_eight(size_t bytes)
{
    return (uint16_t)((bytes + 7) & ~(size_t)7);
}

bool hz_block_add_record(struct hz_block *block, size_t capacity, const struct hz_record *record)
{
    hz_assert(record->bytes >= sizeof(*record) && record->bytes <= HZ_RECORD_BYTES_MAX);
    uint16_t bytes = up_to_eight(record->bytes);
    size_t most = capacity < HZ_BLOCK_BYTES_MAX ? capacity : HZ_BLOCK_BYTES_MAX;

    if (block->bytes > most || most - block->bytes < bytes)
        return false;
    void *to = (char *)block + block->bytes;
    struct hz_record *copy = to;
    memset(to, 0, bytes);
    memcpy(to, record, record->bytes);
    copy->bytes = bytes;
    block->bytes += bytes;
    block->count++;
    return true;
}

struct hz_command_texts hz_command_texts(const struct hz_record_command *command)
{
    const char *actor = command->texts;
    const char *via = actor + command->actor_length;
    const char *command_id = via + command->via_length;
    const char *reason = command_id + command->command_id_length;

    return (struct hz_command_texts){
        .actor = {actor, command->actor_length},
        .via = {via, command->via_length},
        .command_id = {command_id, command->command_id_length},
        .reason = {reason, command->reason_length},
    };
}

static const struct hz_ruleset_texts *texts_of(const struct hz_record_ruleset *ruleset)
{
    const void *behind = ruleset + 1;

    return ruleset->head.bytes > sizeof(*ruleset) ? behind : NULL;
}

struct hz_command_texts hz_ruleset_texts(const struct hz_record_ruleset *ruleset)
{
    const struct hz_ruleset_texts *of = texts_of(ruleset);

    if (!of)
        return (struct hz_command_texts){.actor = {"", 0}, .via = {"", 0}, .reason = {"", 0}};
    const char *via = of->texts + of->actor_length, *reason = via + of->via_length;
    return (struct hz_command_texts){.actor = {of->texts, of->actor_length},
                                     .via = {via, of->via_length},
                                     .reason = {reason, of->reason_length}};
}

static char *put(char *to, struct hz_slice text, size_t length)
{
    if (length > 0)
        memcpy(to, text.at, length);
    return to + length;
}

static uint16_t cut(struct hz_slice slice, size_t most)
{
    return (uint16_t)hz_utf8_cut(slice.at, slice.length, most);
}

size_t hz_command_build(void *to, size_t size, const struct hz_record_command *head,
                        const struct hz_command_texts *texts)
{
    struct hz_record_command command = *head;

    command.actor_length = cut(texts->actor, HZ_ACTOR_BYTES_MAX);
    command.via_length = cut(texts->via, HZ_VIA_BYTES_MAX);
    command.command_id_length = cut(texts->command_id, HZ_COMMAND_ID_BYTES_MAX);
    command.reason_length = cut(texts->reason, HZ_REASON_BYTES_MAX);
    size_t bytes = up_to_eight(sizeof(command) + command.actor_length + command.via_length +
                               command.command_id_length + command.reason_length);
    if (bytes > size)
        return 0;
    command.head = (struct hz_record){.kind = HZ_RECORD_COMMAND, .bytes = (uint16_t)bytes};
    memset(to, 0, bytes);
    memcpy(to, &command, sizeof(command));
    char *at = (char *)to + sizeof(command);
    at = put(at, texts->actor, command.actor_length);
    at = put(at, texts->via, command.via_length);
    at = put(at, texts->command_id, command.command_id_length);
    (void)put(at, texts->reason, command.reason_length);
    return bytes;
}

size_t hz_ruleset_build(void *to, size_t size, const struct hz_digest *set,
                        const struct hz_command_texts *texts)
{
    struct hz_ruleset_texts of = {.actor_length = cut(texts->actor, HZ_ACTOR_BYTES_MAX),
                                  .via_length = cut(texts->via, HZ_VIA_BYTES_MAX),
                                  .reason_length = cut(texts->reason, HZ_REASON_BYTES_MAX)};
    struct hz_record_ruleset ruleset = {.head = {.kind = HZ_RECORD_RULESET}, .set = *set};
    size_t bytes = up_to_eight(sizeof(ruleset) + sizeof(of) + of.actor_length + of.via_length +
                               of.reason_length);

    if (bytes > size)
        return 0;
    ruleset.head.bytes = (uint16_t)bytes;
    memset(to, 0, bytes);
    memcpy(to, &ruleset, sizeof(ruleset));
    memcpy((char *)to + sizeof(ruleset), &of, sizeof(of));
    char *at = (char *)to + sizeof(ruleset) + sizeof(of);
    at = put(at, texts->actor, of.actor_length);
    at = put(at, texts->via, of.via_length);
    (void)put(at, texts->reason, of.reason_length);
    return bytes;
}
