/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes to nodes, by libyaml's events. Of YAML only maps, lists and scalars are taken: anchors,
 * aliases, tags, directives and second documents make a file that does not mean what it looks like,
 * and are faults. The work is bounded whatever the bytes are: size, depth, number of nodes. libyaml
 * can not go on behind a syntax error, so that such a file ends there with one fault.
 */
#include "config_priv.h"

#include <yaml.h>

struct builder {
    struct hz_diagnostics *diagnostics;
    const struct hz_file *file;
    struct hz_arena *scratch;
    yaml_parser_t parser;
    struct config_node *open[CONFIG_DEPTH_MAX]; /* the maps and lists around the next node */
    struct config_node *keys[CONFIG_DEPTH_MAX]; /* the key whose value is awaited */
    unsigned depth;
    uint32_t nodes;
    struct config_node *root;
    bool over;      /* nothing more is read */
    bool truncated; /* what was read is not the whole */
};

static void wrong(struct builder *builder, yaml_mark_t mark, const char *hint, const char *message)
{
    hz_diagnose(builder->diagnostics, builder->file->path, (uint32_t)mark.line + 1,
                (uint32_t)mark.column + 1, hint, "%s", message);
}

static void stop(struct builder *builder, yaml_mark_t mark, const char *hint, const char *message)
{
    wrong(builder, mark, hint, message);
    builder->over = true;
    builder->truncated = true;
}

static struct config_node *node_new(struct builder *builder, enum config_node_kind kind,
                                    yaml_mark_t mark)
{
    struct config_node *node = hz_arena_take(builder->scratch, sizeof(*node));

    if (builder->nodes++ >= CONFIG_NODES_MAX) {
        stop(builder, mark, "divide it into several files", "the file has too many values");
        return NULL;
    }
    if (!node) {
        stop(builder, mark, NULL, "no memory to read further");
        return NULL;
    }
    node->kind = kind;
    node->line = (uint32_t)mark.line + 1;
    node->column = (uint32_t)mark.column + 1;
    node->from = node->to = (uint32_t)mark.index;
    return node;
}

/* A key has no place of its own among the children: it waits for its value. */
static bool is_key(struct builder *builder, struct config_node *node)
{
    unsigned top = builder->depth - 1;

    if (builder->depth == 0 || builder->open[top]->kind != CONFIG_MAP || builder->keys[top])
        return false;
    builder->keys[top] = node;
    return true;
}

static void attach(struct builder *builder, struct config_node *node)
{
    if (is_key(builder, node))
        return;
    if (builder->depth == 0) {
        builder->root = node;
        return;
    }
    struct config_node *parent = builder->open[builder->depth - 1];
    node->key = builder->keys[builder->depth - 1];
    builder->keys[builder->depth - 1] = NULL;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
}

static void refuse_extras(struct builder *builder, const yaml_event_t *event, const void *anchor,
                          const void *tag)
{
    if (anchor)
        wrong(builder, event->start_mark, "write the value out where it is used",
              "anchors (&name) are not taken");
    if (tag)
        wrong(builder, event->start_mark, "quote a text that begins with '!'",
              "tags (!name) are not taken: the option table knows the type");
}

/* Control characters reach the log, SMS gateways and other people's screens. */
static bool has_control(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n' && text[i] != '\t') ||
            text[i] == 0x7f)
            return true;
    return false;
}

static void take_scalar(struct builder *builder, const yaml_event_t *event)
{
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    struct config_node *node = node_new(builder, CONFIG_SCALAR, event->start_mark);

    if (!node)
        return;
    refuse_extras(builder, event, event->data.scalar.anchor, event->data.scalar.tag);
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (has_control(text, length)) {
        wrong(builder, event->start_mark, NULL, "control characters are not taken");
        node->kind = CONFIG_LOST;
        length = 0;
    }
    node->text = hz_arena_copy(builder->scratch, text, length);
    node->length = length;
    node->to = (uint32_t)event->end_mark.index;
    if (node->text)
        attach(builder, node);
    else
        stop(builder, event->start_mark, NULL, "no memory to read further");
}

static void take_alias(struct builder *builder, const yaml_event_t *event)
{
    struct config_node *node = node_new(builder, CONFIG_LOST, event->start_mark);

    if (!node)
        return;
    node->text = "";
    wrong(builder, event->start_mark, "write the value out; quote a text that begins with '*'",
          "aliases (*name) are not taken");
    attach(builder, node);
}

static void open_node(struct builder *builder, const yaml_event_t *event,
                      enum config_node_kind kind, const void *anchor, const void *tag)
{
    struct config_node *node = node_new(builder, kind, event->start_mark);

    if (!node)
        return;
    refuse_extras(builder, event, anchor, tag);
    node->text = "";
    if (builder->depth == CONFIG_DEPTH_MAX) {
        stop(builder, event->start_mark, NULL, "nested deeper than anything here needs");
        return;
    }
    attach(builder, node);
    builder->keys[builder->depth] = NULL;
    builder->open[builder->depth++] = node;
}

/* Without brackets of its own a map or list ends with its last value: the end mark of the event stands
 * before whatever comes next, behind comments that are not part of it. */
static void close_node(struct builder *builder, const yaml_event_t *event)
{
    struct config_node *node = builder->open[--builder->depth];
    unsigned top = builder->depth - 1;
    bool bracket = event->end_mark.index > event->start_mark.index;

    if (bracket || node->last)
        node->to = bracket ? (uint32_t)event->end_mark.index : node->last->to;

    /* A map or list just closed that stands as a key: its value is taken and forgotten. */
    if (builder->depth > 0 && builder->keys[top] == node) {
        hz_diagnose(builder->diagnostics, builder->file->path, node->line, node->column,
                    "quote a text that contains braces: \"{enterprise}/{point}\"",
                    "a key must be a word");
        node->kind = CONFIG_LOST;
    }
}

static void open_document(struct builder *builder, const yaml_event_t *event)
{
    if (builder->root)
        stop(builder, event->start_mark, "use one file for each",
             "a second document in the file is not read");
    else if (event->data.document_start.version_directive ||
             event->data.document_start.tag_directives.start !=
                 event->data.document_start.tag_directives.end)
        wrong(builder, event->start_mark, "take the line out", "directives (%) are not taken");
}

static void take(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        open_document(builder, event);
        break;
    case YAML_SCALAR_EVENT:
        take_scalar(builder, event);
        break;
    case YAML_ALIAS_EVENT:
        take_alias(builder, event);
        break;
    case YAML_MAPPING_START_EVENT:
        open_node(builder, event, CONFIG_MAP, event->data.mapping_start.anchor,
                  event->data.mapping_start.tag);
        break;
    case YAML_SEQUENCE_START_EVENT:
        open_node(builder, event, CONFIG_LIST, event->data.sequence_start.anchor,
                  event->data.sequence_start.tag);
        break;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        close_node(builder, event);
        break;
    case YAML_STREAM_END_EVENT:
        builder->over = true;
        break;
    default:
        break;
    }
}

static struct hz_slice line_at(const struct hz_file *file, size_t line)
{
    const char *at = file->bytes, *end = file->bytes + file->length;

    for (; line > 0 && at < end; line--) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));

        at = feed ? feed + 1 : end;
    }
    const char *stop_at = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
    return (struct hz_slice){at, (size_t)((stop_at ? stop_at : end) - at)};
}

/* A byte that is no UTF-8: libyaml gives only its offset. */
static void report_bytes(struct builder *builder, const yaml_parser_t *parser)
{
    size_t offset = parser->problem_offset < builder->file->length ? parser->problem_offset
                                                                   : builder->file->length;
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < offset; i++) {
        if (builder->file->bytes[i] == '\n') {
            mark.line++;
            mark.column = 0;
        } else if (((unsigned char)builder->file->bytes[i] & 0xc0) != 0x80) {
            mark.column++;
        }
    }
    wrong(builder, mark, "save the file as UTF-8", "a byte here is not UTF-8 text");
}

static void report_syntax(struct builder *builder, const yaml_parser_t *parser)
{
    char hint_text[CONFIG_HINT_BYTES];
    yaml_mark_t mark = parser->problem_mark;
    const char *hint = config__syntax_hint(line_at(builder->file, mark.line), hint_text);

    if (!hint && parser->context)
        hint = config__syntax_hint(line_at(builder->file, parser->context_mark.line), hint_text);
    if (!hint && parser->context && strstr(parser->context, "quoted"))
        hint = "the quote is not closed";
    if (parser->context && parser->context_mark.line != mark.line)
        hz_diagnose(builder->diagnostics, builder->file->path, (uint32_t)mark.line + 1,
                    (uint32_t)mark.column + 1, hint, "%s (%s that begins in line %zu)",
                    parser->problem, parser->context, parser->context_mark.line + 1);
    else
        wrong(builder, mark, hint, parser->problem);
}

static void report(struct builder *builder)
{
    const yaml_parser_t *parser = &builder->parser;

    builder->truncated = true;
    if (parser->error == YAML_READER_ERROR)
        report_bytes(builder, parser);
    else if (parser->problem)
        report_syntax(builder, parser);
    else
        hz_diagnose(builder->diagnostics, builder->file->path, 0, 0, NULL,
                    "no memory to read the file");
}

/* Its digest stays that of all bytes. */
struct hz_file config__unmarked(const struct hz_file *file)
{
    static const char mark[] = "\xEF\xBB\xBF";
    struct hz_file text = *file;

    if (file->length >= 3 && memcmp(file->bytes, mark, 3) == 0) {
        text.bytes += 3;
        text.length -= 3;
    }
    return text;
}

struct config_node *config__tree(struct hz_diagnostics *diagnostics, const struct hz_file *file,
                                 struct hz_arena *scratch)
{
    struct builder builder = {.diagnostics = diagnostics, .file = file, .scratch = scratch};
    yaml_event_t event;

    if (file->length > CONFIG_FILE_BYTES_MAX) {
        hz_diagnose(diagnostics, file->path, 0, 0, "divide it into several files",
                    "the file is larger than 4 MiB");
        return NULL;
    }
    hz_assert(yaml_parser_initialize(&builder.parser) == 1);
    yaml_parser_set_encoding(&builder.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&builder.parser, (const unsigned char *)file->bytes, file->length);
    while (!builder.over) {
        if (!yaml_parser_parse(&builder.parser, &event)) {
            report(&builder);
            break;
        }
        take(&builder, &event);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&builder.parser);
    return builder.truncated ? NULL : builder.root;
}
