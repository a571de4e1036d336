/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events to nodes. Open collections are frames on a stack; their members and items wait on two
 * more stacks and are copied into the arena when the collection closes, so that a node has exactly
 * the memory it needs and nothing recurses.
 *
 * An alias gets a copy of the anchor's top node; everything below is shared. Two numbers of each
 * anchor keep that safe: how many nodes it stands for (a budget per document stops "billion
 * laughs") and how deep it is (readers of the tree recurse).
 */
#include "source/yaml_internal.h"
#include <stdarg.h>
#include <stdio.h>

enum tag { TAG_NONE, TAG_STR, TAG_INT, TAG_FLOAT, TAG_BOOL, TAG_NULL, TAG_SEQ, TAG_MAP, TAG_OTHER };

static enum tag tag_of(const yaml_char_t *tag)
{
    static const char prefix[] = "tag:yaml.org,2002:";
    static const char *const names[] = {
        [TAG_STR] = "str",   [TAG_INT] = "int", [TAG_FLOAT] = "float", [TAG_BOOL] = "bool",
        [TAG_NULL] = "null", [TAG_SEQ] = "seq", [TAG_MAP] = "map",
    };
    const char *text = (const char *)tag;
    if (!text || strcmp(text, "!") == 0) {
        return TAG_NONE;
    }
    if (strncmp(text, prefix, sizeof prefix - 1) == 0) {
        for (int i = TAG_STR; i <= TAG_MAP; i++) {
            if (strcmp(text + sizeof prefix - 1, names[i]) == 0) {
                return (enum tag)i;
            }
        }
    }
    return TAG_OTHER;
}

static struct np_frame *top(struct np_yaml *y)
{
    return y->frames.count ? &y->frames.items[y->frames.count - 1] : NULL;
}

/* Diagnoses something wrong with the object; its other problems are still looked for. */
static void complain(struct np_yaml *y, enum np_code code, struct np_position at, size_t length,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));
static void complain(struct np_yaml *y, enum np_code code, struct np_position at, size_t length,
                     const char *format, ...)
{
    char path[512], message[512];
    va_list args;
    va_start(args, format);
    if (vsnprintf(message, sizeof message, format, args) < 0) {
        message[0] = '\0';
    }
    va_end(args);
    np_complain_at(y->reader, code, at, length, np_yaml_path(y, path, sizeof path), NULL, "%s",
                   message);
    y->bad = true;
}

static struct np_position position_of(const struct np_node *node)
{
    return (struct np_position){node->line, node->column};
}

/* Bytes of the scalar in its first line. */
static uint32_t length_of(struct np_yaml *y, const yaml_event_t *event)
{
    size_t start = np_yaml_offset(y, event->start_mark);
    size_t length;
    if (event->start_mark.line == event->end_mark.line) {
        length = np_yaml_offset(y, event->end_mark) - start;
    } else {
        const char *ptr = y->reader->bytes + start;
        const char *newline = memchr(ptr, '\n', y->reader->size - start);
        length = newline ? (size_t)(newline - ptr) : y->reader->size - start;
        length -= length && ptr[length - 1] == '\r';
    }
    if (length == 0) {
        return 1;
    }
    return length > UINT32_MAX ? UINT32_MAX : (uint32_t)length;
}

/* A value is complete: it goes where the open collection wants it. */
static enum np_yaml_step place(struct np_yaml *y, struct np_node *node, uint64_t count,
                               uint32_t height)
{
    struct np_frame *frame = top(y);
    if (!frame) {
        y->root = node;
        return NP_YAML_ON;
    }
    frame->count += count;
    frame->height = height + 1 > frame->height ? height + 1 : frame->height;
    if (frame->streams) {
        return np_yaml_stream_item(y, node);
    }
    if (!frame->is_map) {
        struct np_node **slot = np_vec_push(y->reader->ctx, &y->items);
        if (!slot) {
            return np_yaml_no_memory(y);
        }
        *slot = node;
        return NP_YAML_ON;
    }
    struct np_member *member = np_vec_push(y->reader->ctx, &y->members);
    if (!member) {
        return np_yaml_no_memory(y);
    }
    *member = (struct np_member){.key = frame->key,
                                 .line = frame->key_at.line,
                                 .column = frame->key_at.column,
                                 .key_plain_kind = frame->key_kind,
                                 .value = node};
    frame->has_key = false;
    return NP_YAML_ON;
}

/* The node is the key of the open map. */
static enum np_yaml_step take_key(struct np_yaml *y, const struct np_node *node, bool merge)
{
    struct np_frame *frame = top(y);
    struct np_position at = position_of(node);
    struct np_slice text = node->text;
    if (text.len > y->reader->ctx->limits.key_bytes) {
        complain(y, NP_CODE_1405, at, node->length, "a key of %zu bytes (the limit is %lu)",
                 text.len, (unsigned long)y->reader->ctx->limits.key_bytes);
    } else if (!merge && !np_yaml_key_text(y, node, &text)) {
        if (y->reader->ended != NETPOL_OK) {
            return NP_YAML_END;
        }
        complain(y, NP_CODE_1109, at, node->length, "%s cannot be a key",
                 node->kind == NP_NULL ? "null" : "this value");
    }
    frame->key = text;
    frame->key_at = at;
    frame->key_kind = merge ? (uint8_t)NP_KEY_MERGE : node->kind;
    frame->merges = frame->merges || merge;
    frame->has_key = true;
    return NP_YAML_ON;
}

/* Source: goyaml.v2 decode.go (scalar) and resolve.go (resolve, its deferred check). */
static void resolve(struct np_yaml *y, struct np_node *node, const yaml_event_t *event)
{
    enum tag tag = tag_of(event->data.scalar.tag);
    node->kind = NP_STRING;
    if (tag == TAG_OTHER) {
        complain(y, NP_CODE_1107, position_of(node), node->length,
                 "the tag %.100s is not understood", (const char *)event->data.scalar.tag);
        return;
    }
    if (tag == TAG_STR || (tag == TAG_NONE && !event->data.scalar.plain_implicit)) {
        return;
    }
    np_scalar_resolve(node);
    if (tag == TAG_FLOAT && node->kind == NP_INT) {
        node->real = (double)node->integer;
        node->kind = NP_FLOAT;
    }
    static const uint8_t wanted[] = {
        [TAG_INT] = NP_INT,   [TAG_FLOAT] = NP_FLOAT, [TAG_BOOL] = NP_BOOL,
        [TAG_NULL] = NP_NULL, [TAG_SEQ] = NP_LIST,    [TAG_MAP] = NP_MAP};
    if (tag != TAG_NONE && node->kind != wanted[tag]) {
        complain(y, NP_CODE_1108, position_of(node), node->length,
                 "this %s cannot be read as the tag !!%s says", np_kind_name(node->kind),
                 strrchr((const char *)event->data.scalar.tag, ':') + 1);
        node->kind = NP_STRING;
    }
}

/* Sets an anchor; index + 1 of it, 0 when memory is out. */
static uint32_t add_anchor(struct np_yaml *y, const yaml_char_t *name)
{
    bool added;
    uint64_t *index = np_map_add(&y->anchor_names, np_slice_of((const char *)name), &added);
    struct np_anchor *anchor = index ? np_vec_push(y->reader->ctx, &y->anchors) : NULL;
    if (!anchor) {
        np_yaml_no_memory(y);
        return 0;
    }
    *anchor = (struct np_anchor){0};
    *index = y->anchors.count; /* an anchor of the same name now means this one */
    return (uint32_t)y->anchors.count;
}

static struct np_node *new_node(struct np_yaml *y, const yaml_event_t *event)
{
    struct np_node *node = np_arena_alloc(y->arena, sizeof *node);
    if (!node) {
        np_yaml_no_memory(y);
        return NULL;
    }
    struct np_position at = np_yaml_position(y, event->start_mark);
    node->line = at.line;
    node->column = at.column;
    node->length = 1;
    return node;
}

static enum np_yaml_step take_scalar(struct np_yaml *y, const yaml_event_t *event)
{
    struct np_slice text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    struct np_frame *frame = top(y);
    bool is_key = frame && frame->is_map && !frame->has_key;
    struct np_node key = {0};
    struct np_node *node = is_key && !event->data.scalar.anchor ? &key : new_node(y, event);
    if (!node) {
        return NP_YAML_END;
    }
    if (node == &key) {
        struct np_position at = np_yaml_position(y, event->start_mark);
        key.line = at.line;
        key.column = at.column;
    }
    node->length = length_of(y, event);
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        node->flags |= NP_NODE_QUOTED;
    }
    if (text.len > y->reader->ctx->limits.scalar_bytes) {
        complain(y, NP_CODE_1404, position_of(node), node->length,
                 "a value of %zu bytes (the limit is %lu)", text.len,
                 (unsigned long)y->reader->ctx->limits.scalar_bytes);
        text.len = 0;
    }
    if (text.len && memchr(text.ptr, 0, text.len)) { /* "\0": as in JSON */
        complain(y, NP_CODE_1204, position_of(node), node->length,
                 "the character U+0000 in a string");
        text.len = 0;
    }
    node->text = np_arena_slice(y->arena, text);
    if (!node->text.ptr) {
        return np_yaml_no_memory(y);
    }
    resolve(y, node, event);
    if (event->data.scalar.anchor) {
        uint32_t anchor = add_anchor(y, event->data.scalar.anchor);
        if (!anchor) {
            return NP_YAML_END;
        }
        y->anchors.items[anchor - 1] = (struct np_anchor){node, 1, 0};
    }
    if (is_key) {
        bool merge = event->data.scalar.plain_implicit && np_slice_is(node->text, "<<");
        return take_key(y, node, merge);
    }
    return place(y, node, 1, 0);
}

static enum np_yaml_step take_alias(struct np_yaml *y, const yaml_event_t *event)
{
    const char *name = (const char *)event->data.alias.anchor;
    struct np_position at = np_yaml_position(y, event->start_mark);
    const uint64_t *index = np_map_find(&y->anchor_names, np_slice_of(name));
    struct np_anchor anchor = index ? y->anchors.items[*index - 1] : (struct np_anchor){0};
    struct np_frame *frame = top(y);
    bool is_key = frame && frame->is_map && !frame->has_key;
    struct np_node *node = new_node(y, event);
    if (!node) {
        return NP_YAML_END;
    }
    if (!anchor.node) {
        complain(y, index ? NP_CODE_1106 : NP_CODE_1105, at, strlen(name) + 1,
                 index ? "the alias *%.100s stands inside its own anchor"
                       : "the alias *%.100s has no anchor before it",
                 name);
        anchor = (struct np_anchor){node, 1, 0};
    }
    const struct netpol_limits *limits = &y->reader->ctx->limits;
    y->expanded += anchor.count;
    if (y->expanded > limits->expanded_nodes) {
        complain(y, NP_CODE_1406, at, strlen(name) + 1,
                 "aliases of this document stand for more than %llu nodes",
                 (unsigned long long)limits->expanded_nodes);
        return NP_YAML_ABANDON;
    }
    if (y->frames.count + anchor.height > limits->depth) {
        complain(y, NP_CODE_1403, at, strlen(name) + 1,
                 "the value of this alias is nested deeper than %lu levels",
                 (unsigned long)limits->depth);
        return NP_YAML_ABANDON;
    }
    if (is_key && (anchor.node->kind == NP_LIST || anchor.node->kind == NP_MAP)) {
        complain(y, NP_CODE_1109, at, strlen(name) + 1, "a %s cannot be a key",
                 np_kind_name(anchor.node->kind));
        return NP_YAML_ABANDON;
    }
    if (is_key) {
        struct np_node key = *anchor.node;
        key.line = at.line;
        key.column = at.column;
        return take_key(y, &key, false);
    }
    *node = *anchor.node;
    node->flags |= NP_NODE_ALIAS;
    return place(y, node, anchor.count, anchor.height);
}

static enum np_yaml_step open_collection(struct np_yaml *y, const yaml_event_t *event, bool is_map)
{
    const yaml_char_t *tag =
        is_map ? event->data.mapping_start.tag : event->data.sequence_start.tag;
    const yaml_char_t *name =
        is_map ? event->data.mapping_start.anchor : event->data.sequence_start.anchor;
    struct np_position at = np_yaml_position(y, event->start_mark);
    struct np_frame *frame = top(y);
    if (frame && frame->is_map && !frame->has_key) {
        if (np_yaml_complain_template(y, np_yaml_offset(y, event->start_mark))) {
            return NP_YAML_ABANDON;
        }
        complain(y, NP_CODE_1109, at, 1, "a %s cannot be a key", is_map ? "map" : "list");
        return NP_YAML_ABANDON;
    }
    if (y->frames.count >= y->reader->ctx->limits.depth) {
        complain(y, NP_CODE_1403, at, 1, "nested deeper than %lu levels",
                 (unsigned long)y->reader->ctx->limits.depth);
        return NP_YAML_ABANDON;
    }
    enum tag kind = tag_of(tag);
    if (kind == TAG_OTHER) {
        complain(y, NP_CODE_1107, at, 1, "the tag %.100s is not understood", (const char *)tag);
    } else if (kind != TAG_NONE && kind != (is_map ? TAG_MAP : TAG_SEQ)) {
        complain(y, NP_CODE_1108, at, 1, "a %s cannot be read as the tag !!%s says",
                 is_map ? "map" : "list", strrchr((const char *)tag, ':') + 1);
    }
    struct np_node *node = new_node(y, event);
    uint32_t anchor = node && name ? add_anchor(y, name) : 0;
    bool streams = !is_map && !name && np_yaml_should_stream(y);
    struct np_frame *opened = node ? np_vec_push(y->reader->ctx, &y->frames) : NULL;
    if (!opened || (name && !anchor)) {
        return np_yaml_no_memory(y);
    }
    node->kind = is_map ? NP_MAP : NP_LIST;
    *opened = (struct np_frame){.node = node,
                                .base = is_map ? y->members.count : y->items.count,
                                .count = 1,
                                .height = 1,
                                .anchor = anchor,
                                .is_map = is_map,
                                .streams = streams};
    if (streams) {
        const struct np_frame *root = &y->frames.items[0];
        y->streamed = true;
        y->items_at = root->key_at;
        y->bad_outside = y->bad;
        y->bad = false;
        y->arena = &y->item;
    }
    return NP_YAML_ON;
}

static enum np_yaml_step close_collection(struct np_yaml *y)
{
    struct np_frame *frame = top(y);
    struct np_node *node = frame->node;
    if (frame->is_map) {
        enum np_yaml_step step = np_yaml_close_map(y, frame);
        if (step != NP_YAML_ON) {
            return step;
        }
    } else if (frame->streams) {
        y->arena = &y->document;
        y->bad = y->bad_outside;
    } else {
        size_t count = y->items.count - frame->base;
        node->list.items = np_arena_array(y->arena, count, sizeof *node->list.items);
        if (!node->list.items) {
            return np_yaml_no_memory(y);
        }
        if (count) {
            memcpy(node->list.items, y->items.items + frame->base,
                   count * sizeof *node->list.items);
        }
        node->list.count = count;
        y->items.count = frame->base;
    }
    struct np_frame closed = *frame;
    if (closed.anchor) {
        y->anchors.items[closed.anchor - 1] = (struct np_anchor){node, closed.count, closed.height};
    }
    y->frames.count--;
    return place(y, node, closed.count, closed.height);
}

enum np_yaml_step np_yaml_event(struct np_yaml *y, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return take_scalar(y, event);
    case YAML_ALIAS_EVENT:
        return take_alias(y, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(y, event, false);
    case YAML_MAPPING_START_EVENT:
        return open_collection(y, event, true);
    default:
        return close_collection(y);
    }
}
