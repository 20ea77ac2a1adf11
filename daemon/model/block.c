/* SPDX-License-Identifier: Apache-2.0
 *
 * The shape of a block. After hz_block_shape_ok every loop over the block's records, and every text
 * inside a record, stays inside the block, whatever the bytes are: blocks are read back from files
 * that may be damaged or made by others. Nothing is looked at before its bytes are known to be
 * there.
 */
#include "hz_block.h"
#include "hz_record.h"

void hz_block_init(struct hz_block *block, enum hz_block_kind kind, uint16_t feed)
{
    *block = (struct hz_block){
        .bytes = sizeof(*block),
        .version = HZ_BLOCK_VERSION,
        .kind = (uint8_t)kind,
        .encoding = HZ_ENCODING_PLAIN,
        .feed = feed,
    };
}

/* The least bytes of a record of each kind; texts come on top. */
static const uint16_t least_bytes[HZ_RECORD_END] = {
    [HZ_RECORD_TICK] = sizeof(struct hz_record_tick),
    [HZ_RECORD_START] = sizeof(struct hz_record_start),
    [HZ_RECORD_STOP] = sizeof(struct hz_record_stop),
    [HZ_RECORD_DEFINE] = sizeof(struct hz_record_define),
    [HZ_RECORD_RULESET] = sizeof(struct hz_record_ruleset),
    [HZ_RECORD_FEED] = sizeof(struct hz_record_feed),
    [HZ_RECORD_GAP] = sizeof(struct hz_record_gap),
    [HZ_RECORD_OBSERVE] = sizeof(struct hz_record_observe),
    [HZ_RECORD_COMMAND] = sizeof(struct hz_record_command),
    [HZ_RECORD_HOLE] = sizeof(struct hz_record_hole),
    [HZ_RECORD_GO_ON] = sizeof(struct hz_record_go_on),
    [HZ_RECORD_OVER] = sizeof(struct hz_record_over),
    [HZ_RECORD_RESYNC] = sizeof(struct hz_record_resync),
};

static size_t define_bytes(const struct hz_record_define *define)
{
    return offsetof(struct hz_record_define, key) + define->length;
}

static size_t command_bytes(const struct hz_record_command *command)
{
    return offsetof(struct hz_record_command, texts) + command->actor_length + command->via_length +
           command->command_id_length + command->reason_length;
}

static bool ruleset_ok(const struct hz_record_ruleset *ruleset)
{
    const struct hz_ruleset_texts *of = (const void *)(ruleset + 1);
    size_t behind = ruleset->head.bytes - sizeof(*ruleset);

    return behind == 0 ||
           (behind >= sizeof(*of) &&
            (size_t)of->actor_length + of->via_length + of->reason_length <= behind - sizeof(*of));
}

static bool record_ok(const struct hz_record *record, size_t left)
{
    if (left < sizeof(*record) || record->bytes > left || record->bytes % 8 != 0)
        return false;
    if (record->kind == 0 || record->kind >= HZ_RECORD_END || record->bytes > HZ_RECORD_BYTES_MAX ||
        record->bytes < least_bytes[record->kind])
        return false;
    if (record->kind == HZ_RECORD_DEFINE)
        return define_bytes((const struct hz_record_define *)record) <= record->bytes;
    if (record->kind == HZ_RECORD_COMMAND)
        return command_bytes((const struct hz_record_command *)record) <= record->bytes;
    if (record->kind == HZ_RECORD_RULESET)
        return ruleset_ok((const struct hz_record_ruleset *)record);
    return true;
}

static bool records_ok(const struct hz_block *block)
{
    const struct hz_record *record = hz_block_first_record(block);
    size_t left = block->bytes - sizeof(*block);

    for (uint32_t i = 0; i < block->count; i++) {
        if (!record_ok(record, left))
            return false;
        left -= record->bytes;
        record = hz_record_next(record);
    }
    return left == 0;
}

static bool readings_ok(const struct hz_block *block)
{
    const struct hz_reading *readings = hz_block_readings(block);

    if (block->bytes - sizeof(*block) != (uint64_t)block->count * sizeof(struct hz_reading))
        return false;
    for (uint32_t i = 0; i < block->count; i++)
        if (readings[i].kind > HZ_VALUE_NONE || readings[i].quality > HZ_QUALITY_UNCONFIRMED)
            return false;
    return true;
}

bool hz_block_shape_ok(const struct hz_block *block, size_t available)
{
    if (available < sizeof(*block) || block->version != HZ_BLOCK_VERSION)
        return false;
    if (block->bytes < sizeof(*block) || block->bytes > available ||
        block->bytes > HZ_BLOCK_BYTES_MAX || block->bytes % 8 != 0)
        return false;
    if (block->encoding != HZ_ENCODING_PLAIN || block->flags != 0 || block->count == 0 ||
        block->seq > UINT64_MAX - block->count)
        return false;
    if (block->kind == HZ_BLOCK_READINGS)
        return readings_ok(block);
    return block->kind == HZ_BLOCK_CONTROL && records_ok(block);
}
