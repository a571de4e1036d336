/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jansson's value and the bytes it came from, walked in step: the value says what, the bytes say
 * where. jansson keeps members in the order of the source, which is checked for every key that was
 * short enough for it to see. Texts and numbers are read from the bytes, so that none is ever
 * rounded or cut.
 */
#include "source/json_internal.h"

static void skip_blank(struct np_json_cursor *cursor)
{
    const struct np_reader *reader = cursor->reader;
    for (; cursor->pos < reader->size; cursor->pos++) {
        char c = reader->bytes[cursor->pos];
        if (c == '\n') {
            cursor->line++;
            cursor->line_start = cursor->pos + 1;
        } else if (c != ' ' && c != '\t' && c != '\r') {
            return;
        }
    }
}

struct np_slice np_json_text(struct np_reader *reader, struct np_arena *arena, size_t start,
                             size_t end)
{
    struct np_slice raw = {reader->bytes + start + 1, end - start - 2};
    if (!raw.len || !memchr(raw.ptr, '\\', raw.len)) {
        return raw;
    }
    char *text = np_arena_array(arena, raw.len, 1);
    if (!text) {
        reader->ended = NETPOL_ERR_MEMORY;
        return (struct np_slice){NULL, 0};
    }
    return (struct np_slice){text, np_json_decode(raw.ptr, raw.len, text)};
}

static void read_integer(struct np_node *node)
{
    bool negative = node->text.ptr[0] == '-', big = false;
    uint64_t value = 0;
    for (size_t i = negative; i < node->text.len; i++) {
        big |= __builtin_mul_overflow(value, 10u, &value);
        big |= __builtin_add_overflow(value, (uint64_t)(node->text.ptr[i] - '0'), &value);
    }
    big = big || value > (uint64_t)INT64_MAX + negative;
    node->kind = NP_INT;
    if (big) {
        node->flags |= NP_NODE_BIG;
        node->integer = negative ? INT64_MIN : INT64_MAX;
    } else {
        node->integer = negative ? (int64_t)(0 - value) : (int64_t)value;
    }
}

static bool fail(struct np_json_cursor *cursor, int status)
{
    if (cursor->reader->ended == NETPOL_OK) {
        cursor->reader->ended = status;
    }
    return false;
}

static bool fill_scalar(struct np_json_cursor *cursor, struct np_node *node, json_t *value)
{
    const char *start = cursor->reader->bytes + cursor->pos;
    size_t len = json_is_true(value) || json_is_null(value) ? 4
                 : json_is_false(value)
                     ? 5
                     : np_json_token_end(cursor->reader, cursor->pos) - cursor->pos;
    node->text = (struct np_slice){start, len};
    node->length = (uint32_t)len;
    switch (json_typeof(value)) {
    case JSON_STRING:
        node->kind = NP_STRING;
        node->flags |= NP_NODE_QUOTED;
        node->text = np_json_text(cursor->reader, cursor->arena, cursor->pos, cursor->pos + len);
        break;
    case JSON_INTEGER:
        read_integer(node);
        break;
    case JSON_REAL:
        node->kind = NP_FLOAT;
        if (!np_scalar_float(node->text, &node->real)) {
            return fail(cursor, NETPOL_ERR_INTERNAL);
        }
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        node->kind = NP_BOOL;
        node->boolean = json_is_true(value);
        break;
    default:
        node->kind = NP_NULL;
    }
    cursor->pos += len;
    return node->text.ptr != NULL;
}

static bool fill_list(struct np_json_cursor *cursor, struct np_node *node, json_t *value)
{
    size_t count = json_array_size(value);
    node->kind = NP_LIST;
    node->length = 1;
    node->list.items = np_arena_array(cursor->arena, count, sizeof *node->list.items);
    if (!node->list.items) {
        return fail(cursor, NETPOL_ERR_MEMORY);
    }
    cursor->pos++;
    for (size_t i = 0; i < count; i++) {
        node->list.items[i] = np_json_build(cursor, json_array_get(value, i));
        if (!node->list.items[i]) {
            return false;
        }
        node->list.count++;
        skip_blank(cursor);
        cursor->pos += i + 1 < count; /* the comma */
    }
    skip_blank(cursor);
    cursor->pos++;
    return true;
}

static bool fill_member(struct np_json_cursor *cursor, struct np_member *member, const char *key,
                        size_t key_len, json_t *value)
{
    skip_blank(cursor);
    size_t end = np_json_token_end(cursor->reader, cursor->pos);
    member->line = cursor->line;
    member->column = (uint32_t)(cursor->pos - cursor->line_start) + 1;
    member->key_plain_kind = NP_STRING;
    member->key = np_json_text(cursor->reader, cursor->arena, cursor->pos, end);
    if (!member->key.ptr) {
        return fail(cursor, NETPOL_ERR_MEMORY);
    }
    if (end - cursor->pos <= NP_JSON_TOKEN_MAX &&
        !np_slice_equal(member->key, (struct np_slice){key, key_len})) {
        return fail(cursor, NETPOL_ERR_INTERNAL);
    }
    cursor->pos = end;
    skip_blank(cursor);
    cursor->pos++; /* the colon */
    member->value = np_json_build(cursor, value);
    return member->value != NULL;
}

static bool fill_map(struct np_json_cursor *cursor, struct np_node *node, json_t *value)
{
    size_t count = json_object_size(value), done = 0;
    node->kind = NP_MAP;
    node->length = 1;
    node->map.members = np_arena_array(cursor->arena, count, sizeof *node->map.members);
    if (!node->map.members) {
        return fail(cursor, NETPOL_ERR_MEMORY);
    }
    cursor->pos++;
    for (void *i = json_object_iter(value); i; i = json_object_iter_next(value, i)) {
        if (!fill_member(cursor, &node->map.members[done], json_object_iter_key(i),
                         json_object_iter_key_len(i), json_object_iter_value(i))) {
            return false;
        }
        node->map.count = ++done;
        skip_blank(cursor);
        cursor->pos += done < count; /* the comma */
    }
    skip_blank(cursor);
    cursor->pos++;
    return true;
}

struct np_node *np_json_build(struct np_json_cursor *cursor, json_t *value)
{
    struct np_node *node = np_arena_alloc(cursor->arena, sizeof *node);
    if (!node) {
        fail(cursor, NETPOL_ERR_MEMORY);
        return NULL;
    }
    skip_blank(cursor);
    node->line = cursor->line;
    node->column = (uint32_t)(cursor->pos - cursor->line_start) + 1;
    node->flags = NP_NODE_JSON;
    bool good = json_is_object(value)  ? fill_map(cursor, node, value)
                : json_is_array(value) ? fill_list(cursor, node, value)
                                       : fill_scalar(cursor, node, value);
    return good ? node : NULL;
}
