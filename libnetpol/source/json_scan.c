/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar of JSON (RFC 8259), without a tree: one pass, a stack of as many entries as the depth
 * limit allows, and for each way to be wrong its own words.
 */
#include "base/utf8.h"
#include "source/json_internal.h"
#include <stdio.h>

static const char *bytes_of(const struct np_json_scan *scan)
{
    return scan->reader->bytes;
}

size_t np_json_skip_blank(const struct np_reader *reader, size_t pos)
{
    while (pos < reader->size && (reader->bytes[pos] == ' ' || reader->bytes[pos] == '\n' ||
                                  reader->bytes[pos] == '\r' || reader->bytes[pos] == '\t')) {
        pos++;
    }
    return pos;
}

const char *np_json_path(const struct np_json_scan *scan, char *buffer, size_t size)
{
    int prefix = snprintf(buffer, size, "%s", scan->prefix ? scan->prefix : "");
    size_t used = prefix > 0 ? (size_t)prefix : 0;
    for (size_t i = 0; i < scan->depth; i++) {
        const struct np_json_open *open = &scan->stack[i];
        if (!open->is_object) {
            used = np_source_path_index(buffer, size, used, open->index);
        } else if (open->key_end) {
            struct np_slice key = {bytes_of(scan) + open->key + 1, open->key_end - open->key - 2};
            used = np_source_path_key(buffer, size, used, key);
        }
    }
    return buffer;
}

static bool wrong(struct np_json_scan *scan, enum np_code code, size_t offset, size_t length,
                  const char *message)
{
    char path[512];
    scan->pos = offset;
    np_complain(scan->reader, code, offset, length, np_json_path(scan, path, sizeof path), "%s",
                message);
    return false;
}

static bool truncated(struct np_json_scan *scan)
{
    if (scan->depth) {
        const struct np_json_open *open = &scan->stack[scan->depth - 1];
        struct np_position at = np_position_of(scan->reader, open->start);
        char message[100];
        snprintf(message, sizeof message, "the text ends inside the %s that begins at %lu:%lu",
                 open->is_object ? "object" : "array", (unsigned long)at.line,
                 (unsigned long)at.column);
        return wrong(scan, NP_CODE_1205, scan->reader->size, 1, message);
    }
    return wrong(scan, NP_CODE_1205, scan->reader->size, 1, "a value is missing");
}

/* The escape at *pos (a backslash); *pos is then behind it. */
static bool scan_escape(struct np_json_scan *scan, size_t *pos)
{
    size_t at = *pos;
    if (scan->reader->size - at < 2) {
        return wrong(scan, NP_CODE_1205, at, 1, "the text ends inside a string");
    }
    char c = bytes_of(scan)[at + 1];
    if (c != 'u') {
        *pos = at + 2;
        return (c && strchr("\"\\/bfnrt", c)) ||
               wrong(scan, NP_CODE_1202, at, 2, "this escape sequence is not known");
    }
    long unit = np_json_hex4(bytes_of(scan) + at + 2, scan->reader->size - at - 2);
    if (unit < 0) {
        return wrong(scan, NP_CODE_1202, at, 2, "\\u needs four hexadecimal digits");
    }
    if (unit == 0) {
        return wrong(scan, NP_CODE_1204, at, 6, "the character U+0000 in a string");
    }
    *pos = at + 6;
    if (unit < 0xD800 || unit > 0xDFFF) {
        return true;
    }
    long low = -1;
    if (unit < 0xDC00 && scan->reader->size - at >= 12 && bytes_of(scan)[at + 6] == '\\' &&
        bytes_of(scan)[at + 7] == 'u') {
        low = np_json_hex4(bytes_of(scan) + at + 8, scan->reader->size - at - 8);
    }
    if (low < 0xDC00 || low > 0xDFFF) {
        return wrong(scan, NP_CODE_1202, at, 6, "half of a surrogate pair stands alone");
    }
    *pos = at + 12;
    return true;
}

/* Something in a string that is no plain ASCII; *pos is then behind it. */
static bool scan_special(struct np_json_scan *scan, size_t *pos)
{
    unsigned char c = (unsigned char)bytes_of(scan)[*pos];
    char message[64];
    uint32_t code_point;
    if (c == '\\') {
        return scan_escape(scan, pos);
    }
    if (c < 0x20) {
        if (c == '\n' || c == '\r') {
            return wrong(scan, NP_CODE_1201, *pos, 1, "a string must end in the line it begins");
        }
        snprintf(message, sizeof message, "the character U+%04X must be written as an escape", c);
        return wrong(scan, NP_CODE_1003, *pos, 1, message);
    }
    size_t step = np_utf8_decode(bytes_of(scan) + *pos, scan->reader->size - *pos, &code_point);
    if (!step) {
        snprintf(message, sizeof message, "the byte 0x%02X does not belong to valid UTF-8", c);
        return wrong(scan, NP_CODE_1002, *pos, 1, message);
    }
    *pos += step;
    return true;
}

/* The string at scan->pos (a quote). */
static bool scan_string(struct np_json_scan *scan, size_t limit, enum np_code too_long)
{
    const struct np_reader *reader = scan->reader;
    size_t start = scan->pos, pos = start + 1;
    for (;;) {
        while (pos < reader->size && (unsigned char)reader->bytes[pos] >= 0x20 &&
               reader->bytes[pos] != '"' && reader->bytes[pos] != '\\' &&
               (unsigned char)reader->bytes[pos] < 0x80) {
            pos++;
        }
        if (pos - start - 1 > limit) {
            char message[80];
            snprintf(message, sizeof message, "a %s of more than %zu bytes",
                     too_long == NP_CODE_1405 ? "key" : "string", limit);
            return wrong(scan, too_long, start, 1, message);
        }
        if (pos == reader->size) {
            return wrong(scan, NP_CODE_1205, start, 1, "the text ends inside this string");
        }
        if (reader->bytes[pos] == '"') {
            scan->pos = pos + 1;
            return true;
        }
        if (!scan_special(scan, &pos)) {
            return false;
        }
    }
}

static size_t skip_digits(const struct np_reader *reader, size_t pos)
{
    while (pos < reader->size && reader->bytes[pos] >= '0' && reader->bytes[pos] <= '9') {
        pos++;
    }
    return pos;
}

static char at(const struct np_reader *reader, size_t pos)
{
    return pos < reader->size ? reader->bytes[pos] : '\0';
}

static bool scan_number(struct np_json_scan *scan)
{
    const struct np_reader *reader = scan->reader;
    size_t start = scan->pos, pos = start + (reader->bytes[start] == '-');
    size_t end = skip_digits(reader, pos);
    if (end == pos) {
        return wrong(scan, NP_CODE_1203, start, 1, "a minus sign without digits");
    }
    if (end - pos > 1 && reader->bytes[pos] == '0') {
        return wrong(scan, NP_CODE_1203, start, end - start, "a number must not begin with a zero");
    }
    if (at(reader, end) == '.') {
        size_t fraction = end + 1;
        end = skip_digits(reader, fraction);
        if (end == fraction) {
            return wrong(scan, NP_CODE_1203, start, end - start, "no digits behind the point");
        }
    }
    if (at(reader, end) == 'e' || at(reader, end) == 'E') {
        size_t exponent = end + 1;
        exponent += at(reader, exponent) == '+' || at(reader, exponent) == '-';
        end = skip_digits(reader, exponent);
        if (end == exponent) {
            return wrong(scan, NP_CODE_1203, start, end - start, "an exponent without digits");
        }
    }
    if (end - start > reader->ctx->limits.scalar_bytes) {
        return wrong(scan, NP_CODE_1404, start, 1, "a number longer than the limit");
    }
    scan->pos = end;
    return true;
}

/* A word that is none: what does its writer usually mean? */
static bool scan_word(struct np_json_scan *scan)
{
    static const char *const words[] = {"true", "false", "null"};
    const struct np_reader *reader = scan->reader;
    const char *ptr = reader->bytes + scan->pos;
    size_t left = reader->size - scan->pos, len = 0;
    while (len < left && ((ptr[len] | 0x20) >= 'a' && (ptr[len] | 0x20) <= 'z')) {
        len++;
    }
    for (size_t i = 0; i < 3; i++) {
        if (np_slice_is((struct np_slice){ptr, len}, words[i])) {
            scan->pos += len;
            return true;
        }
    }
    unsigned char c = (unsigned char)*ptr;
    uint32_t code_point = 0;
    if (left >= 2 && memcmp(ptr, "{{", 2) == 0) {
        return wrong(scan, NP_CODE_1103, scan->pos, 2, "this is a template, not JSON");
    }
    if (np_utf8_decode(ptr, left, &code_point) == 0) {
        return wrong(scan, NP_CODE_1002, scan->pos, 1,
                     "a byte that does not belong to valid UTF-8");
    }
    if (c < 0x20 || c == 0x7F) {
        return wrong(scan, NP_CODE_1003, scan->pos, 1, "a control character outside of a string");
    }
    if (len) {
        return wrong(scan, NP_CODE_1201, scan->pos, len,
                     "a word that is not true, false or null (strings need double quotes)");
    }
    return wrong(scan, NP_CODE_1201, scan->pos, 1,
                 c == '\''  ? "strings need double quotes"
                 : c == '/' ? "JSON has no comments"
                 : c == ',' ? "a value is missing before this comma"
                 : c == '}' ? "a value is missing before this '}'"
                 : c == ']' ? "a value is missing before this ']' (a comma too many?)"
                 : c == '+' ? "a number must not begin with a plus"
                 : c == '.' ? "a number must not begin with a point"
                            : "a value is expected here");
}

static bool open_collection(struct np_json_scan *scan, bool is_object)
{
    if (scan->depth >= scan->reader->ctx->limits.depth) {
        char message[64];
        snprintf(message, sizeof message, "nested deeper than %lu levels",
                 (unsigned long)scan->reader->ctx->limits.depth);
        return wrong(scan, NP_CODE_1403, scan->pos, 1, message);
    }
    scan->stack[scan->depth++] = (struct np_json_open){.start = scan->pos, .is_object = is_object};
    scan->pos++;
    return true;
}

/* Remembers what the root object says of itself; called when a member's value is complete. */
static void note_root(struct np_json_scan *scan, size_t value)
{
    const struct np_json_open *open = &scan->stack[0];
    struct np_json_root *root = scan->root;
    char c = bytes_of(scan)[value];
    if (c == '"' && !root->kind_end &&
        np_json_string_is(scan->reader, open->key, open->key_end, "kind")) {
        root->kind = value;
        root->kind_end = scan->pos;
    } else if (c == '"' && !root->api_version_end &&
               np_json_string_is(scan->reader, open->key, open->key_end, "apiVersion")) {
        root->api_version = value;
        root->api_version_end = scan->pos;
    } else if (c == '[' && !root->items_end &&
               np_json_string_is(scan->reader, open->key, open->key_end, "items")) {
        root->items_key = open->key;
        root->items = value;
        root->items_end = scan->pos;
    }
}

/* A key and its colon, in an object. */
static bool scan_key(struct np_json_scan *scan)
{
    const struct np_reader *reader = scan->reader;
    struct np_json_open *open = &scan->stack[scan->depth - 1];
    open->key_end = 0;
    if (scan->pos == reader->size) {
        return truncated(scan);
    }
    if (reader->bytes[scan->pos] != '"') {
        char c = reader->bytes[scan->pos];
        if (c == '{' && at(reader, scan->pos - 1) == '{') {
            return wrong(scan, NP_CODE_1103, scan->pos - 1, 2, "this is a template, not JSON");
        }
        return wrong(scan, NP_CODE_1201, scan->pos, 1,
                     c == '}'    ? "a comma before '}'"
                     : c == '\'' ? "keys need double quotes, not single ones"
                     : c == '/'  ? "JSON has no comments"
                                 : "a key in double quotes is expected here");
    }
    open->key = scan->pos;
    if (!scan_string(scan, reader->ctx->limits.key_bytes, NP_CODE_1405)) {
        return false;
    }
    open->key_end = scan->pos;
    if (scan->stop_at == scan->pos) {
        return false;
    }
    scan->pos = np_json_skip_blank(reader, scan->pos);
    if (scan->pos == reader->size) {
        return truncated(scan);
    }
    if (reader->bytes[scan->pos] != ':') {
        return wrong(scan, NP_CODE_1201, scan->pos, 1, "a ':' is expected behind the key");
    }
    scan->pos = np_json_skip_blank(reader, scan->pos + 1);
    return true;
}

enum outcome { WRONG, VALUE_NEXT, COMPLETE };

/* Begins the value at scan->pos: COMPLETE for a scalar or an empty collection. */
static enum outcome begin_value(struct np_json_scan *scan)
{
    const struct np_reader *reader = scan->reader;
    if (scan->pos == reader->size) {
        truncated(scan);
        return WRONG;
    }
    char c = reader->bytes[scan->pos];
    bool good;
    if (c == '{' || c == '[') {
        if (!open_collection(scan, c == '{')) {
            return WRONG;
        }
        scan->pos = np_json_skip_blank(reader, scan->pos);
        if (at(reader, scan->pos) == (c == '{' ? '}' : ']')) {
            scan->pos++;
            scan->depth--;
            return COMPLETE;
        }
        return c == '[' || scan_key(scan) ? VALUE_NEXT : WRONG;
    }
    if (c == '"') {
        good = scan_string(scan, reader->ctx->limits.scalar_bytes, NP_CODE_1404);
    } else if (c == '-' || (c >= '0' && c <= '9')) {
        good = scan_number(scan);
    } else {
        good = scan_word(scan);
    }
    return good ? COMPLETE : WRONG;
}

/* Behind a value in a collection: a comma, or the end of it. COMPLETE: the collection is. */
static enum outcome continue_collection(struct np_json_scan *scan)
{
    const struct np_reader *reader = scan->reader;
    struct np_json_open *open = &scan->stack[scan->depth - 1];
    scan->pos = np_json_skip_blank(reader, scan->pos);
    if (scan->pos == reader->size) {
        truncated(scan);
        return WRONG;
    }
    char c = reader->bytes[scan->pos];
    if (c == ',') {
        open->index++;
        scan->pos = np_json_skip_blank(reader, scan->pos + 1);
        if (open->is_object) {
            return scan_key(scan) ? VALUE_NEXT : WRONG;
        }
        return VALUE_NEXT;
    }
    if (c == (open->is_object ? '}' : ']')) {
        scan->pos++;
        scan->depth--;
        return COMPLETE;
    }
    wrong(scan, NP_CODE_1201, scan->pos, 1,
          open->is_object ? "a ',' or '}' is expected here" : "a ',' or ']' is expected here");
    return WRONG;
}

bool np_json_scan_value(struct np_json_scan *scan)
{
    size_t base = scan->depth, value = 0;
    if (scan->root) {
        *scan->root = (struct np_json_root){.is_object = at(scan->reader, scan->pos) == '{'};
    }
    for (;;) {
        if (scan->depth == 1) {
            value = scan->pos;
        }
        enum outcome outcome = begin_value(scan);
        while (outcome == COMPLETE && scan->depth > base) {
            if (scan->root && scan->depth == 1 && scan->root->is_object) {
                note_root(scan, value);
            }
            outcome = continue_collection(scan);
        }
        if (outcome != VALUE_NEXT) {
            return outcome == COMPLETE;
        }
    }
}

size_t np_json_token_end(const struct np_reader *reader, size_t pos)
{
    if (reader->bytes[pos] == '"') {
        for (pos++; reader->bytes[pos] != '"'; pos++) {
            pos += reader->bytes[pos] == '\\';
        }
        return pos + 1;
    }
    /* By the grammar, for the next value may follow without a blank: 1-2 are two. */
    pos = skip_digits(reader, pos + (at(reader, pos) == '-'));
    if (at(reader, pos) == '.') {
        pos = skip_digits(reader, pos + 1);
    }
    if ((at(reader, pos) | 0x20) == 'e') {
        pos++;
        pos = skip_digits(reader, pos + (at(reader, pos) == '+' || at(reader, pos) == '-'));
    }
    return pos;
}
