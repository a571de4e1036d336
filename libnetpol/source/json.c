/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of JSON values, and Lists in it. A dump of a cluster is one List; jansson gets its
 * envelope (everything but what stands between the brackets of `items`) and then each item alone.
 *
 * Decisions: the character U+0000 is refused, for no Kubernetes string may hold it. Integers of any
 * length are accepted and kept as they are written. Real numbers past any double are refused, as Go
 * does. JSON_DISABLE_EOF_CHECK is not needed for concatenated values, since the scanner knows where
 * each of them ends.
 */
#include "source/json_internal.h"
#include <stdio.h>

/* A part of the source for jansson. */
struct range {
    size_t start, end;
    size_t cut, cut_end; /* left out; cut_end 0: nothing */
};

struct stream {
    struct np_reader *reader;
    struct np_arena arena;
    struct np_json_open *stack;
    struct np_json_cursor cursor;
};

/* The first member of the object at `start` whose key is the one at [key, key_end). */
static size_t find_first(struct stream *s, size_t start, size_t key, size_t key_end)
{
    const struct np_reader *reader = s->reader;
    struct np_json_open *stack = s->stack;
    struct np_slice wanted = np_json_text(s->reader, &s->arena, key, key_end);
    size_t pos = start + 1;
    while (wanted.ptr && pos < key) {
        pos = np_json_skip_blank(reader, pos);
        size_t end = np_json_token_end(reader, pos);
        if (np_slice_equal(wanted, np_json_text(s->reader, &s->arena, pos, end))) {
            return pos;
        }
        struct np_json_scan scan = {.reader = s->reader, .stack = stack};
        scan.pos = np_json_skip_blank(reader, np_json_skip_blank(reader, end) + 1);
        if (!np_json_scan_value(&scan)) {
            break;
        }
        pos = np_json_skip_blank(reader, scan.pos) + 1;
    }
    return key;
}

static void complain_duplicate(struct stream *s, size_t root, size_t key_end, const char *prefix)
{
    struct np_json_scan scan = {
        .reader = s->reader, .stack = s->stack, .pos = root, .prefix = prefix, .stop_at = key_end};
    char path[512];
    np_json_scan_value(&scan);
    size_t object = scan.depth ? scan.stack[scan.depth - 1].start : root;
    size_t key = scan.depth ? scan.stack[scan.depth - 1].key : root;
    np_json_path(&scan, path, sizeof path);
    struct np_position first = np_position_of(s->reader, find_first(s, object, key, key_end));
    int len = (int)(key_end - key - 2 < 100 ? key_end - key - 2 : 100);
    np_complain(s->reader, NP_CODE_1104, key, key_end - key, path,
                "the key '%.*s' stands twice, first at %lu:%lu", len, s->reader->bytes + key + 1,
                (unsigned long)first.line, (unsigned long)first.column);
}

/*
 * jansson refuses what the scanner accepted: a duplicate key, a number past any double, or it has
 * no memory, which it reports as if the syntax were wrong. (That the syntax never is, is fuzzed.)
 */
static void complain_jansson(struct stream *s, const struct range *range, const json_error_t *error,
                             const char *prefix)
{
    bool said = error->text[0] != '\0';
    enum json_error_code code = said ? json_error_code(error) : json_error_out_of_memory;
    size_t pos = range->start + (error->position > 0 ? (size_t)error->position : 0);
    if (range->cut_end && pos > range->cut) {
        pos += range->cut_end - range->cut;
    }
    pos = pos < range->end ? pos : range->end;
    if (code == json_error_duplicate_key) {
        complain_duplicate(s, range->start, pos, prefix);
    } else if (code == json_error_numeric_overflow) {
        size_t start = pos;
        while (start > range->start && strchr("0123456789+-.eE", s->reader->bytes[start - 1])) {
            start--;
        }
        np_complain(s->reader, NP_CODE_1206, start, pos - start, prefix,
                    "the number does not fit a 64-bit floating number");
    } else {
        s->reader->ended = NETPOL_ERR_MEMORY;
    }
}

static json_t *parse(struct stream *s, const struct range *range, const char *prefix)
{
    const struct np_reader *reader = s->reader;
    const char *text = reader->bytes + range->start;
    size_t size = range->end - range->start;
    size_t flags = JSON_REJECT_DUPLICATES | JSON_DECODE_ANY;
    json_error_t error;
    size_t cut = range->cut_end ? range->cut_end - range->cut : 0;
    size_t before = range->cut_end ? range->cut - range->start : size, copied = size - cut;
    char *copy = np_alloc(reader->ctx, copied);
    if (!copy) {
        s->reader->ended = NETPOL_ERR_MEMORY;
        return NULL;
    }
    memcpy(copy, text, before);
    memcpy(copy + before, text + before + cut, copied - before);
    np_json_shorten(reader->ctx, copy, copied);
    error.text[0] = '\0';
    json_t *value = json_loadb(copy, copied, flags, &error);
    np_free(reader->ctx, copy, copied);
    if (!value) {
        complain_jansson(s, range, &error, prefix);
    }
    return value;
}

/* Brings the cursor to an offset ahead of it. */
static void move_cursor(struct np_json_cursor *cursor, size_t to)
{
    const char *bytes = cursor->reader->bytes;
    const char *ptr = bytes + cursor->pos, *end = bytes + to;
    for (const char *newline; ptr < end && (newline = memchr(ptr, '\n', (size_t)(end - ptr)));
         ptr = newline + 1) {
        cursor->line++;
        cursor->line_start = (size_t)(newline + 1 - bytes);
    }
    cursor->pos = to;
}

/* NULL: diagnosed, or the read has ended. */
static struct np_node *load(struct stream *s, const struct range *range, const char *prefix)
{
    np_arena_reset(&s->arena);
    json_t *value = parse(s, range, prefix);
    if (!value) {
        return NULL;
    }
    move_cursor(&s->cursor, range->start);
    struct np_node *node = np_json_build(&s->cursor, value);
    json_decref(value);
    return node;
}

static void read_items(struct stream *s, const struct np_json_root *root,
                       const struct np_list_info *list)
{
    struct np_reader *reader = s->reader;
    size_t pos = np_json_skip_blank(reader, root->items + 1);
    for (size_t index = 0; pos < root->items_end - 1 && reader->ended == NETPOL_OK; index++) {
        char prefix[64];
        struct np_json_scan scan = {.reader = reader, .stack = s->stack, .pos = pos};
        if (!np_json_scan_value(&scan)) {
            return;
        }
        snprintf(prefix, sizeof prefix, "items[%zu]", index);
        struct range range = {.start = pos, .end = scan.pos};
        const struct np_node *node = load(s, &range, prefix);
        if (node && !np_feed_item(reader, node, index, list)) {
            return;
        }
        pos = np_json_skip_blank(reader, np_json_skip_blank(reader, scan.pos) + 1);
    }
}

/* Everything but the items goes to jansson, then each item. */
static void read_list(struct stream *s, const struct range *whole, const struct np_json_root *root)
{
    struct range envelope = *whole;
    envelope.cut = root->items + 1;
    envelope.cut_end = root->items_end - 1;
    json_t *value = parse(s, &envelope, "");
    if (!value) {
        return;
    }
    json_decref(value);
    struct np_reader *reader = s->reader;
    struct np_arena texts;
    struct np_list_info list = {
        {"", 0},
        {"", 0}
    };
    np_arena_init(&texts, reader->ctx, 256);
    if (root->api_version_end) {
        list.api_version = np_json_text(reader, &texts, root->api_version, root->api_version_end);
    }
    if (root->kind_end) {
        list.kind = np_json_text(reader, &texts, root->kind, root->kind_end);
    }
    if (reader->ended == NETPOL_OK && np_is_list_kind(list.kind)) {
        read_items(s, root, &list);
    } else if (reader->ended == NETPOL_OK) {
        np_complain_items(reader, np_position_of(reader, root->items_key), list.kind);
    }
    np_arena_free(&texts);
}

static bool is_separator(const struct np_reader *reader, size_t pos)
{
    return reader->size - pos >= 3 && memcmp(reader->bytes + pos, "---", 3) == 0 &&
           (pos == 0 || reader->bytes[pos - 1] == '\n');
}

static size_t read_values(struct stream *s, size_t start, bool separators)
{
    struct np_reader *reader = s->reader;
    size_t pos = np_json_skip_blank(reader, start);
    while (pos < reader->size && reader->ended == NETPOL_OK) {
        if (separators && is_separator(reader, pos)) {
            return pos;
        }
        if (!np_reader_count(reader, 1, pos)) {
            break;
        }
        struct np_json_root root = {0};
        struct np_json_scan scan = {.reader = reader, .stack = s->stack, .pos = pos, .root = &root};
        if (!np_json_scan_value(&scan)) {
            break;
        }
        struct range range = {.start = pos, .end = scan.pos};
        if (root.items_end) {
            read_list(s, &range, &root);
        } else {
            const struct np_node *node = load(s, &range, "");
            if (node) {
                np_feed_document(reader, node);
            }
        }
        pos = np_json_skip_blank(reader, scan.pos);
    }
    return reader->size;
}

size_t np_json_stream(struct np_reader *reader, size_t start, bool separators)
{
    struct stream s = {.reader = reader};
    size_t stack_size = (size_t)reader->ctx->limits.depth * sizeof *s.stack;
    s.stack = np_alloc(reader->ctx, stack_size);
    if (!s.stack) {
        reader->ended = NETPOL_ERR_MEMORY;
        return reader->size;
    }
    np_arena_init(&s.arena, reader->ctx, 4096);
    s.cursor = (struct np_json_cursor){.reader = reader, .arena = &s.arena, .line = 1};
    size_t end = read_values(&s, start, separators);
    np_arena_free(&s.arena);
    np_free(reader->ctx, s.stack, stack_size);
    return end;
}

int np_json_read(struct netpol_ctx *ctx, const char *bytes, size_t size, const char *name,
                 struct netpol_diags *diags, np_document_fn sink, void *user)
{
    struct np_reader reader = {.ctx = ctx,
                               .name = name,
                               .bytes = bytes,
                               .size = size,
                               .diags = diags,
                               .sink = sink,
                               .user = user};
    int status = np_reader_start(&reader);
    if (status != NETPOL_OK) {
        return status;
    }
    np_json_stream(&reader, 0, false);
    return np_reader_finish(&reader);
}
