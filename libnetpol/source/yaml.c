/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of YAML documents. A parser of libyaml cannot go on after an error, so each error ends
 * a segment, and the next begins at the next line that starts with "---": in YAML such a line ends
 * a document wherever it stands, even inside a quoted string (where it is an error). Bytes that are
 * no text, and a byte order mark in the middle, end a segment too.
 */
#include "source/yaml_internal.h"

/* Content that libyaml may hold back: its raw and decoded buffers, and one line on top. */
enum { READ_AHEAD = 128 * 1024 };

enum np_yaml_step np_yaml_no_memory(struct np_yaml *y)
{
    y->reader->ended = NETPOL_ERR_MEMORY;
    return NP_YAML_END;
}

/* Moves the cursor to a character of the segment, forward or back. */
static void move_cursor(struct np_yaml *y, size_t chars)
{
    const unsigned char *bytes = (const unsigned char *)y->reader->bytes;
    size_t at = y->cursor.bytes;
    while (y->cursor.chars > chars && at > y->segment) {
        at--;
        y->cursor.chars -= (bytes[at] & 0xC0) != 0x80;
    }
    if (at < y->cursor.line_start) {
        /* Back over a line's start: rare enough to count again from the beginning. */
        y->cursor.chars = 0;
        y->cursor.line_start = y->segment - (y->origin.column - 1);
        y->cursor.line = y->origin.line;
        at = y->segment;
    }
    while (at < y->input.end && y->cursor.chars < chars) {
        if (bytes[at] == '\n') {
            y->cursor.line++;
            y->cursor.line_start = at + 1;
        }
        at++;
        while (at < y->input.end && (bytes[at] & 0xC0) == 0x80) {
            at++;
        }
        y->cursor.chars++;
    }
    y->cursor.bytes = at;
}

size_t np_yaml_offset(struct np_yaml *y, yaml_mark_t mark)
{
    if (y->simple) {
        size_t offset = y->segment + mark.index;
        return offset < y->input.end ? offset : y->input.end;
    }
    move_cursor(y, mark.index);
    return y->cursor.bytes;
}

struct np_position np_yaml_position(struct np_yaml *y, yaml_mark_t mark)
{
    /* At the very end libyaml counts a line that is not there. */
    if (y->simple && y->segment + mark.index < y->input.end) {
        size_t indent = mark.line ? 0 : y->origin.column - 1;
        return (struct np_position){y->origin.line + (uint32_t)mark.line,
                                    (uint32_t)(mark.column + indent) + 1};
    }
    move_cursor(y, mark.index);
    return (struct np_position){y->cursor.line,
                                (uint32_t)(y->cursor.bytes - y->cursor.line_start) + 1};
}

/* The next line at or after `from` that starts with "---"; the end when there is none. */
static size_t next_separator(const struct np_reader *reader, size_t from)
{
    const char *end = reader->bytes + reader->size;
    const char *ptr = reader->bytes + from;
    while (ptr < end) {
        bool line_start = ptr == reader->bytes || ptr[-1] == '\n';
        if (line_start && end - ptr >= 3 && memcmp(ptr, "---", 3) == 0) {
            return (size_t)(ptr - reader->bytes);
        }
        const char *newline = memchr(ptr, '\n', (size_t)(end - ptr));
        if (!newline) {
            break;
        }
        ptr = newline + 1;
    }
    return reader->size;
}

/* The start of the last line in [from, to) that starts with "---"; `from` when there is none. */
static size_t last_separator(const struct np_reader *reader, size_t from, size_t to)
{
    for (size_t at = to; at > from; at--) {
        if ((at == reader->size || reader->bytes[at] == '-') && reader->bytes[at - 1] == '\n' &&
            reader->size - at >= 3 && memcmp(reader->bytes + at, "---", 3) == 0) {
            return at;
        }
    }
    return from;
}

static enum np_yaml_step take_event(struct np_yaml *y, const yaml_event_t *event, bool *done)
{
    switch (event->type) {
    case YAML_STREAM_END_EVENT:
        *done = true;
        return NP_YAML_ON;
    case YAML_STREAM_START_EVENT:
    case YAML_NO_EVENT:
        return NP_YAML_ON;
    case YAML_DOCUMENT_START_EVENT:
        np_yaml_document_start(y, event);
        return np_reader_count(y->reader, 1, y->document_start) ? NP_YAML_ON : NP_YAML_END;
    case YAML_DOCUMENT_END_EVENT:
        return np_yaml_document_end(y);
    default:
        return np_yaml_event(y, event);
    }
}

/*
 * Runs one parser over [y->segment, end). Returns where the segment failed, or end; *failed says
 * which.
 */
static size_t run_segment(struct np_yaml *y, size_t end, bool *failed)
{
    struct np_reader *reader = y->reader;
    uint64_t blanked = 0;
    bool done = false;
    size_t stopped = end;
    *failed = false;
    np_yaml_input_start(&y->input, reader->bytes, y->segment, end);
    y->cursor.chars = 0;
    y->cursor.bytes = y->segment;
    y->cursor.line_start = y->segment - (y->origin.column - 1);
    y->cursor.line = y->origin.line;
    y->document_start = y->segment;
    if (!yaml_parser_initialize(&y->parser)) {
        np_yaml_no_memory(y);
        return end;
    }
    yaml_parser_set_encoding(&y->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input(&y->parser, np_yaml_input_read, &y->input);
    while (!done) {
        yaml_event_t event;
        y->input.budget = (size_t)reader->ctx->limits.scalar_bytes + READ_AHEAD;
        if (!yaml_parser_parse(&y->parser, &event)) {
            stopped = np_yaml_complain_parser(y);
            *failed = true;
            break;
        }
        enum np_yaml_step step = take_event(y, &event, &done);
        size_t at = step == NP_YAML_ABANDON ? np_yaml_offset(y, event.end_mark) : 0;
        yaml_event_delete(&event);
        if (step != NP_YAML_ON) {
            stopped = at;
            *failed = true;
            break;
        }
        if (y->input.blanked != blanked) {
            uint64_t more = y->input.blanked - blanked;
            blanked = y->input.blanked;
            if (!np_reader_count(reader, more, y->input.pos)) {
                break;
            }
        }
    }
    yaml_parser_delete(&y->parser);
    return stopped;
}

static void open_yaml(struct np_yaml *y, struct np_reader *reader)
{
    *y = (struct np_yaml){.reader = reader, .keys = {.ctx = reader->ctx}};
    np_arena_init(&y->document, reader->ctx, 4096);
    np_arena_init(&y->item, reader->ctx, 4096);
    np_map_init(&y->anchor_names, reader->ctx);
}

static void close_yaml(struct np_yaml *y)
{
    const struct netpol_ctx *ctx = y->reader->ctx;
    np_arena_free(&y->document);
    np_arena_free(&y->item);
    np_map_free(&y->anchor_names);
    np_keys_free(&y->keys);
    np_vec_free(ctx, &y->frames);
    np_vec_free(ctx, &y->members);
    np_vec_free(ctx, &y->items);
    np_vec_free(ctx, &y->anchors);
    np_vec_free(ctx, &y->waiting);
}

/* So many broken documents that half the list of diagnostics is theirs: it is no manifest. */
static bool give_up(struct np_reader *reader, uint32_t *broken)
{
    if (++*broken <= reader->ctx->limits.diags / 2) {
        return false;
    }
    np_complain_at(reader, NP_CODE_1407, (struct np_position){0, 0}, 0, NULL, NULL,
                   "%lu documents are broken; the rest is not read", (unsigned long)*broken);
    return true;
}

static void advance_origin(struct np_yaml *y, size_t to)
{
    const char *ptr = y->reader->bytes + y->segment, *end = y->reader->bytes + to;
    for (const char *newline; ptr < end && (newline = memchr(ptr, '\n', (size_t)(end - ptr)));
         ptr = newline + 1) {
        y->origin = (struct np_position){y->origin.line + 1, 1};
    }
    y->origin.column += (uint32_t)(end - ptr);
    y->segment = to;
}

void np_yaml_stream(struct np_reader *reader, size_t start)
{
    struct np_yaml y;
    uint32_t broken = 0;
    struct np_bytes_check check = {.end = start};
    open_yaml(&y, reader);
    y.origin = (struct np_position){1, 1};
    advance_origin(&y, start);
    while (y.segment < reader->size && reader->ended == NETPOL_OK) {
        if (y.segment >= check.end) {
            check = np_bytes_check(reader->bytes, y.segment, reader->size);
            y.simple = check.simple;
        }
        /* What precedes the document that has the bad byte is read first. */
        bool bad_byte = check.problem == NP_BYTES_UTF8 || check.problem == NP_BYTES_CONTROL;
        size_t end = bad_byte ? last_separator(reader, y.segment, check.end) : check.end;
        bool failed = false;
        size_t stopped = end > y.segment ? run_segment(&y, end, &failed) : end;
        if (reader->ended != NETPOL_OK) {
            break;
        }
        if (failed) {
            size_t next = next_separator(reader, stopped > y.segment ? stopped : y.segment + 1);
            advance_origin(&y, next);
        } else if (bad_byte) {
            np_complain_bytes(reader, &check);
            failed = true;
            advance_origin(&y, next_separator(reader, check.end));
        } else {
            advance_origin(&y, check.problem == NP_BYTES_MARK ? check.end + 3 : check.end);
        }
        if (failed && give_up(reader, &broken)) {
            break;
        }
    }
    close_yaml(&y);
}

int np_yaml_read(struct netpol_ctx *ctx, const char *bytes, size_t size, const char *name,
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
    np_yaml_stream(&reader, 0);
    return np_reader_finish(&reader);
}
