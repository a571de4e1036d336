/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_SOURCE_JSON_INTERNAL_H
#define NP_SOURCE_JSON_INTERNAL_H
/*
 * The JSON reader in parts: json_scan.c walks the bytes of a value by the grammar, json.c takes the
 * stream and its Lists apart and lets jansson parse, json_shorten.c says what jansson gets to see,
 * json_tree.c makes nodes of jansson's values, json_string.c reads escapes.
 *
 * jansson says what a value is, but forgets where it stood, holds fifteen times the size of its
 * input in memory, recurses and rounds or refuses large integers. So the scanner goes first: it
 * finds the end of each value, bounds depth and lengths before jansson allocates anything, and says
 * exactly what is wrong and where. jansson then parses what was accepted, one item of a List at a
 * time; if it still refuses (duplicate keys, a number past any double), that is an error as well.
 */
#include "source/reader.h"
#include <jansson.h>

/* The longest token, with quotes, that jansson holds without growing a buffer. */
enum { NP_JSON_TOKEN_MAX = 15 };

/* An open collection of the scanner. */
struct np_json_open {
    size_t start;        /* offset of its bracket */
    size_t key, key_end; /* of the member now read, with quotes */
    size_t index;        /* of the item now read */
    bool is_object;
};

/* What a root object says of itself; offsets, end 0 when it does not. */
struct np_json_root {
    size_t kind, kind_end; /* strings with quotes */
    size_t api_version, api_version_end;
    size_t items_key;
    size_t items, items_end; /* from '[' to behind ']' */
    bool is_object;
};

struct np_json_scan {
    struct np_reader *reader;
    size_t pos;
    struct np_json_open *stack; /* limits.depth entries */
    size_t depth;
    struct np_json_root *root; /* filled when not NULL */
    const char *prefix;        /* of paths: "" or "items[17]" */
    size_t stop_at;            /* not 0: ends, without a word, behind the key that ends here */
};

/*
 * Walks one value that begins at scan->pos; scan->pos is then behind it. False: diagnosed,
 * scan->pos is where it went wrong.
 */
bool np_json_scan_value(struct np_json_scan *scan);
/* The next offset that is not white space. */
size_t np_json_skip_blank(const struct np_reader *reader, size_t pos);
/* Four hexadecimal digits, or -1. */
long np_json_hex4(const char *ptr, size_t size);
/* Is this string of the source, with quotes, this text? Knows escapes. */
bool np_json_string_is(const struct np_reader *reader, size_t start, size_t end, const char *text);
/* Offset behind the string or number that begins at pos, in bytes that were accepted. */
size_t np_json_token_end(const struct np_reader *reader, size_t pos);
/* "spec.ingress[0]" of the place the scanner is at. */
const char *np_json_path(const struct np_json_scan *scan, char *buffer, size_t size);

/*
 * The bytes between the quotes of an accepted string, escapes read, to out, which may be the same
 * place; it never gets longer. Returns the length.
 */
size_t np_json_decode(const char *raw, size_t len, char *out);
/* Puts a short token in place of each that jansson could not hold without growing a buffer. */
void np_json_shorten(const struct netpol_ctx *ctx, char *bytes, size_t size);
/*
 * Text of the string [start, end), with quotes: the bytes themselves, or a copy in the arena when
 * it has escapes. ptr NULL: no memory, and the reader has ended.
 */
struct np_slice np_json_text(struct np_reader *reader, struct np_arena *arena, size_t start,
                             size_t end);

/* Makes the tree of a value jansson parsed; the bytes at *pos are walked in step. */
struct np_json_cursor {
    struct np_reader *reader;
    struct np_arena *arena;
    size_t pos;
    size_t line_start;
    uint32_t line;
};
struct np_node *np_json_build(struct np_json_cursor *cursor, json_t *value);
#endif
