/* SPDX-License-Identifier: Apache-2.0
 *
 * Packets: objects with readings and, anywhere around them, what they have in common: a stamp, a
 * quality, error codes. Since these may come last, samples are completed when the packet has ended.
 * What must stay true: a packet of which something is wrong outside its elements adds none of its
 * samples; in a list of packets one sample with the verdict stands for it.
 */
#include "sample_priv.h"

struct packet {
    struct decode_scalars scalars;     /* STAMP, QUALITY */
    uint32_t first;                    /* its samples: from here to the decoder's count */
    uint32_t errors_first, errors_end; /* those of them that come from the map of error codes */
    bool found;                        /* the map or list was there */
    enum hz_verdict verdict;
};

static void packet_init(struct hz_decoder *decoder, struct packet *packet)
{
    decode__scalars_clear(&packet->scalars);
    packet->first = packet->errors_first = packet->errors_end = decoder->count;
    packet->found = false;
    packet->verdict = HZ_VERDICT_OK;
}

static void accuse(struct packet *packet, enum hz_verdict verdict)
{
    if (packet->verdict == HZ_VERDICT_OK)
        packet->verdict = verdict;
}

static void read_list(struct hz_decoder *decoder)
{
    struct decode_nest list;

    for (decode__enter(&decoder->reader, '[', &list); decode__next_item(&decoder->reader, &list);)
        decode__list_item(decoder);
}

static void read_errors(struct hz_decoder *decoder, struct packet *packet)
{
    struct decode_nest map;
    struct decode_text name;

    packet->errors_first = decoder->count;
    for (decode__enter(&decoder->reader, '{', &map);
         decode__next_key(&decoder->reader, &map, &name);)
        decode__error_member(decoder, &map, &name);
    packet->errors_end = decoder->count;
}

/* Passes a value that should have been a map or list; null is as good as absent. */
static void not_a_batch(struct hz_decoder *decoder, struct packet *packet)
{
    struct decode_scalar scalar = {0};

    decode__scalar(&decoder->reader, &scalar);
    if (scalar.kind != DECODE_NULL)
        accuse(packet, HZ_VERDICT_WRONG_TYPE);
}

static void read_members(struct hz_decoder *decoder, struct packet *packet, uint32_t active,
                         unsigned level, bool readings);

/* The map or list at the cursor. A stamp may stand among the names of a map: `deeper`. */
static void read_batch(struct hz_decoder *decoder, struct packet *packet, uint32_t deeper,
                       unsigned level)
{
    char opening = decode__peek(&decoder->reader);

    if (decoder->mapping.format == HZ_PAYLOAD_MAP && opening == '{') {
        packet->found = true;
        read_members(decoder, packet, deeper, level + 1, true);
    } else if (decoder->mapping.format == HZ_PAYLOAD_ARRAY && opening == '[') {
        packet->found = true;
        read_list(decoder);
    } else {
        not_a_batch(decoder, packet);
    }
}

/* The value of a member that is a field of the mapping, or on the way to one. */
static void read_field(struct hz_decoder *decoder, struct packet *packet, uint32_t targets,
                       uint32_t deeper, unsigned level)
{
    struct decode_reader *reader = &decoder->reader;
    char opening = decode__peek(reader);

    if (targets & DECODE_BIT(DECODE_LIST)) {
        read_batch(decoder, packet, deeper, level);
    } else if (targets & DECODE_BIT(DECODE_ERROR)) {
        if (opening == '{')
            read_errors(decoder, packet);
        else
            not_a_batch(decoder, packet);
    } else if (deeper != 0 && opening == '{') {
        read_members(decoder, packet, deeper, level + 1, false);
    } else if (targets != 0) {
        decode__take(reader, targets, &packet->scalars);
    } else {
        decode__skip(reader);
    }
}

/* The members of the object at the cursor; `readings`: those that are no field of the mapping are
 * readings, else they are passed over. Calls itself at most once a key of a path. */
static void read_members(struct hz_decoder *decoder, struct packet *packet, uint32_t active,
                         unsigned level, bool readings)
{
    struct decode_reader *reader = &decoder->reader;
    struct decode_nest nest;
    struct decode_text key;

    for (decode__enter(reader, '{', &nest); decode__next_key(reader, &nest, &key);) {
        uint32_t deeper;
        uint32_t targets = decode__match(&decoder->mapping, active, level, key.slice, &deeper);
        if (readings && (targets | deeper) == 0) {
            decode__map_member(decoder, &nest, &key);
            continue;
        }
        if (nest.twin != DECODE_NO_KEY)
            reader->fault = HZ_VERDICT_DUPLICATE_KEY;
        read_field(decoder, packet, targets, deeper, level);
    }
}

/* What the elements did not say themselves. */
static void complete(struct hz_decoder *decoder, const struct packet *packet)
{
    int64_t ms = HZ_NO_SOURCE_TIME;
    uint8_t quality = DECODE_QUALITY_UNSET;
    enum hz_verdict stamp_verdict =
        decode__stamp(&decoder->mapping, &packet->scalars.of[DECODE_STAMP], &ms);
    enum hz_verdict quality_verdict =
        decode__quality(&packet->scalars.of[DECODE_QUALITY], &quality);

    if (quality == DECODE_QUALITY_UNSET)
        quality = HZ_QUALITY_GOOD;
    for (uint32_t i = packet->first; i < decoder->count; i++) {
        struct hz_sample *sample = &decoder->samples[i];
        if (sample->source_ms == HZ_NO_SOURCE_TIME) {
            sample->source_ms = ms;
            decode__accuse(sample, stamp_verdict);
        }
        if (sample->quality == DECODE_QUALITY_UNSET) {
            sample->quality = quality;
            decode__accuse(sample, quality_verdict);
        }
    }
}

/* --- a name that has a value and an error code: one sample, the value, bad --- */

static void index_errors(struct hz_decoder *decoder, const struct packet *packet)
{
    struct decode_keys *keys = &decoder->reader.keys;
    uint32_t twin;

    for (uint32_t i = packet->errors_first; i < packet->errors_end; i++) {
        if (decoder->samples[i].verdict != HZ_VERDICT_OK)
            continue;
        if (!decode__keys_add(keys, 0, decoder->samples[i].name, &twin)) {
            decode__fail(&decoder->reader, HZ_VERDICT_TOO_MANY);
            return;
        }
        keys->entries[keys->count - 1].note = i;
    }
}

/* Error codes that have found their value are marked by a verdict that there is not. */
static void merge_values(struct hz_decoder *decoder, const struct packet *packet)
{
    const struct decode_keys *keys = &decoder->reader.keys;

    for (uint32_t i = packet->first; i < decoder->count; i++) {
        struct hz_sample *sample = &decoder->samples[i];
        if (i >= packet->errors_first && i < packet->errors_end)
            continue;
        uint32_t key = sample->verdict == HZ_VERDICT_OK ? decode__keys_find(keys, 0, sample->name)
                                                        : DECODE_NO_KEY;
        if (key == DECODE_NO_KEY)
            continue;
        sample->quality = HZ_QUALITY_BAD;
        decoder->samples[keys->entries[key].note].verdict = HZ_VERDICT_END;
    }
}

static void remove_merged(struct hz_decoder *decoder, const struct packet *packet)
{
    uint32_t kept = packet->errors_first;

    for (uint32_t i = packet->errors_first; i < decoder->count; i++)
        if (decoder->samples[i].verdict != HZ_VERDICT_END)
            decoder->samples[kept++] = decoder->samples[i];
    decoder->count = kept;
}

static void merge_errors(struct hz_decoder *decoder, const struct packet *packet)
{
    uint32_t errors = packet->errors_end - packet->errors_first;

    if (errors == 0 || decoder->count - packet->first == errors)
        return;
    hz_assert(decoder->reader.keys.count == 0); /* lists of packets have no keys */
    index_errors(decoder, packet);
    merge_values(decoder, packet);
    decode__keys_drop(&decoder->reader.keys, 0);
    remove_merged(decoder, packet);
}

/* --- a packet as a whole --- */

static enum hz_verdict end_packet(struct hz_decoder *decoder, struct packet *packet)
{
    enum hz_verdict fault = decode__take_fault(&decoder->reader);

    if (decoder->reader.verdict != HZ_VERDICT_OK)
        return decoder->reader.verdict; /* it has not ended */
    if (fault != HZ_VERDICT_OK)
        packet->verdict = fault;
    if (!packet->found && decoder->count == packet->first)
        accuse(packet, HZ_VERDICT_MISSING);
    if (packet->verdict == HZ_VERDICT_OK) {
        complete(decoder, packet);
        merge_errors(decoder, packet);
    } else {
        decoder->count = packet->first;
    }
    return packet->verdict;
}

static enum hz_verdict read_packet(struct hz_decoder *decoder)
{
    const struct decode_mapping *mapping = &decoder->mapping;
    bool is_map = mapping->format == HZ_PAYLOAD_MAP && mapping->paths[DECODE_LIST].count == 0;
    struct packet packet;

    packet_init(decoder, &packet);
    packet.found = is_map;
    read_members(decoder, &packet, mapping->packet_fields, 0, is_map);
    return end_packet(decoder, &packet);
}

/* The payload is the list of readings: a packet without fields. */
static enum hz_verdict read_bare_list(struct hz_decoder *decoder)
{
    struct packet packet;

    packet_init(decoder, &packet);
    packet.found = true;
    read_list(decoder);
    return end_packet(decoder, &packet);
}

static enum hz_verdict not_a_packet(struct hz_decoder *decoder)
{
    decode__skip(&decoder->reader);
    enum hz_verdict fault = decode__take_fault(&decoder->reader);
    return fault != HZ_VERDICT_OK ? fault : HZ_VERDICT_WRONG_TYPE;
}

static void read_packet_list(struct hz_decoder *decoder)
{
    struct decode_nest list;

    for (decode__enter(&decoder->reader, '[', &list); decode__next_item(&decoder->reader, &list);) {
        enum hz_verdict verdict =
            decode__peek(&decoder->reader) == '{' ? read_packet(decoder) : not_a_packet(decoder);
        if (verdict == HZ_VERDICT_OK)
            continue;
        struct hz_sample *sample = decode__new_sample(decoder);
        if (sample)
            sample->verdict = (uint8_t)verdict;
    }
}

enum hz_verdict decode__packets(struct hz_decoder *decoder)
{
    const struct decode_mapping *mapping = &decoder->mapping;
    bool bare = mapping->format == HZ_PAYLOAD_ARRAY && mapping->paths[DECODE_LIST].count == 0;
    char opening = decode__peek(&decoder->reader);

    if (opening == '[' && bare)
        return read_bare_list(decoder);
    if (opening == '{' && !bare)
        return read_packet(decoder);
    if (opening == '[') {
        read_packet_list(decoder);
        return HZ_VERDICT_OK;
    }
    return not_a_packet(decoder);
}
