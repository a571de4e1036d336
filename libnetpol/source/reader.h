/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_SOURCE_READER_H
#define NP_SOURCE_READER_H
/*
 * What the YAML and the JSON reader share: the source being read, positions in it, the check of
 * keys for duplicates, and the way of a finished tree to the sink.
 */
#include "source/node.h"

/* ---- the source ---- */
struct np_reader {
    struct netpol_ctx *ctx;
    const char *name;
    const char *bytes;
    size_t size;
    struct netpol_diags *diags;
    np_document_fn sink;
    void *user;
    uint64_t documents;
    int status;        /* the first failure that did not end the read: ERR_INPUT or ERR_LIMIT */
    int ended;         /* what ended the read: a status of the sink, ERR_MEMORY or ERR_LIMIT */
    size_t line_start; /* np_position_of: where a line begins, */
    uint32_t line;     /* and its number from 0 */
};

/*
 * Starts a read: arguments, size limit; a byte order mark is stepped over, so that line 1 begins
 * behind it. Returns OK, or the status to return at once. np_reader_finish gives the status of the
 * whole read.
 */
int np_reader_start(struct np_reader *reader);
int np_reader_finish(struct np_reader *reader);

/* Counts documents; false when the limit is reached (diagnosed, the read has ended). */
bool np_reader_count(struct np_reader *reader, uint64_t documents, size_t offset);

/* Remembers the first failure. */
void np_reader_fail(struct np_reader *reader, int status);

/* ---- positions ---- */
struct np_position {
    uint32_t line, column;
};
/* Line and column of a byte offset; costs the distance to the offset asked for before. */
struct np_position np_position_of(struct np_reader *reader, size_t offset);

/* Adds a diagnostic at an offset and remembers ERR_INPUT (ERR_LIMIT for codes NP14xx). */
void np_complain(struct np_reader *reader, enum np_code code, size_t offset, size_t length,
                 const char *path, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same at a known position and with another hint (NULL: the code's). */
void np_complain_at(struct np_reader *reader, enum np_code code, struct np_position at,
                    size_t length, const char *path, const char *hint, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* ---- bytes ---- */
enum np_byte_problem { NP_BYTES_GOOD, NP_BYTES_UTF8, NP_BYTES_CONTROL, NP_BYTES_MARK };
struct np_bytes_check {
    size_t end; /* offset of the first problem, or of the end */
    enum np_byte_problem problem;
    bool simple; /* ASCII before end, and every CR is followed by LF */
};
/*
 * Looks for the first byte that YAML does not allow; MARK is a byte order mark at the start of a
 * line (files that were concatenated).
 */
struct np_bytes_check np_bytes_check(const char *bytes, size_t from, size_t size);
void np_complain_bytes(struct np_reader *reader, const struct np_bytes_check *check);

/* ---- keys ---- */
/* Finds members by key; small sets by comparing, big ones by a table that is used again. */
struct np_keys {
    const struct netpol_ctx *ctx;
    uint32_t *slots; /* index + 1, 0 free */
    size_t capacity; /* allocated */
    size_t mask;     /* of the part in use; 0: no table, compare all */
    const struct np_member *members;
    size_t count;
};
void np_keys_free(struct np_keys *keys);
/* Prepares for at most `most` of the members (the array may grow in place up to there). */
bool np_keys_start(struct np_keys *keys, const struct np_member *members, size_t most);
/* Adds the next member; returns the index of an earlier one with the same key, or SIZE_MAX. */
size_t np_keys_add(struct np_keys *keys);
size_t np_keys_find(const struct np_keys *keys, struct np_slice key);

/* ---- to the sink ---- */
struct np_list_info {
    struct np_slice api_version, kind;
};
static inline bool np_is_list_kind(struct np_slice kind)
{
    return kind.len >= 4 && memcmp(kind.ptr + kind.len - 4, "List", 4) == 0;
}
/* The string value of a member; empty when it is not there or no string. */
struct np_slice np_get_string(const struct np_node *node, const char *key);
/* Hands over a whole document; a List item by item. False: the read has ended. */
bool np_feed_document(struct np_reader *reader, const struct np_node *root);
/* Hands over one item of a top-level List (flattening a List inside). */
bool np_feed_item(struct np_reader *reader, const struct np_node *item, size_t index,
                  const struct np_list_info *list);
/*
 * Field paths, as "spec.ingress[0].from" or "metadata.labels[a.b/c]", written into a buffer piece
 * by piece: each returns what is used then (it may exceed size: cut off).
 */
size_t np_source_path_key(char *buffer, size_t size, size_t used, struct np_slice key);
size_t np_source_path_index(char *buffer, size_t size, size_t used, size_t index);

/* "items in something that is no List": at the key of items. */
void np_complain_items(struct np_reader *reader, struct np_position at, struct np_slice kind);

/* ---- readers that continue in a stream ---- */
/* Reads YAML from an offset to the end. */
void np_yaml_stream(struct np_reader *reader, size_t start);
/*
 * Reads JSON values from an offset; with separators, ends at a line "---" between values. Returns
 * the offset where it ended.
 */
size_t np_json_stream(struct np_reader *reader, size_t start, bool separators);
#endif
