/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_DECODE_H
#define NP_DIALECT_DECODE_H
/*
 * Decoding by field tables: node tree -> C structures.
 *
 * The question: is this exactly what the API server would have read, and if not, which byte is to
 * blame? Hand-written readers forget a field, a type or a position somewhere. Here every object of
 * an API is a SHAPE: a table of fields, written once in a .def file, and one decoder walks shape
 * and node tree together. The same tables give "did you mean", the pages of docs/fields and the
 * fuzz dictionaries.
 *
 * A decoded structure begins with `const struct np_node *node`: where it stands. Its members hold
 * plain values; the position of a field is that of the node's member (np_get_member). So absent,
 * null and empty stay apart: a value is NULL/unset when absent or null, the node tells which, and
 * an empty list or object is there with nothing in it. Policies clone their tree into the arena of
 * the object (np_decode_keep), so positions of every field live as long as the object.
 */
#include "dialect/dialect.h"

enum np_field_type {                         /* and the C member it fills */
                     NP_FIELD_STRING,        /* struct np_slice; ptr NULL: absent or null */
                     NP_FIELD_INT,           /* struct np_int */
                     NP_FIELD_BOOL,          /* struct np_int: 0 or 1 */
                     NP_FIELD_NUMBER,        /* struct np_real */
                     NP_FIELD_INT_OR_STRING, /* struct np_int_or_string */
                     NP_FIELD_OBJECT,  /* pointer to the shape's structure; NULL: absent or null */
                     NP_FIELD_OBJECTS, /* np_list(structure of the shape) */
                     NP_FIELD_STRINGS, /* np_list(struct np_string_item) */
                     NP_FIELD_INTS_OR_STRINGS, /* np_list(struct np_int_or_string_item) */
                     NP_FIELD_STRING_MAP,      /* np_list(struct np_pair) */
                     NP_FIELD_ANY, /* const struct np_node *: kept as it is; NULL: absent */
                     NP_FIELD_TYPE_COUNT
};
enum { NP_OPTIONAL, NP_REQUIRED, NP_IGNORED /* known, any content, not read */ };

struct np_int {
    bool set;
    int64_t value;
};
struct np_real {
    bool set;
    double value; /* finite */
};
struct np_int_or_string {
    bool set, is_name;
    int64_t number;
    struct np_slice name;
};
struct np_string_item {
    const struct np_node *node;
    struct np_slice text;
};
struct np_int_or_string_item {
    const struct np_node *node;
    struct np_int_or_string value;
};
struct np_pair {
    const struct np_member *member; /* position of key and value */
    struct np_slice key, value;
};
/* node NULL: absent; a null list is an empty one whose node is NP_NULL. */
#define np_list(type)               \
    struct {                        \
        const struct np_node *node; \
        type *items;                \
        size_t count;               \
    }

struct np_shape;
struct np_field {
    const char *key;
    uint8_t type;  /* enum np_field_type */
    uint8_t need;  /* NP_OPTIONAL, ... */
    size_t offset; /* of the member in the structure; unused when IGNORED */
    const char *since, *doc;
    const struct np_shape *shape; /* OBJECT, OBJECTS */
    const char *const *values;    /* STRING: the allowed ones, NULL at the end */
    int64_t min, max;             /* INT: bounds; lists: how many elements; both 0: any */
    uint32_t max_length;          /* STRING: code points; 0: any */
    const char *formerly;         /* its name in another version or kind, for "did you mean" */
    uint16_t code; /* enum np_code of a value out of bounds or not allowed; 0: the general one */
};
struct np_shape {
    const char *name; /* "NetworkPolicyPeer", as the API documentation calls it */
    size_t size;      /* of the structure */
    const struct np_field *fields;
    size_t count;
    uint8_t flags;                                    /* NP_SHAPE_* */
    void (*check)(struct np_decode *d, void *object); /* after the fields were read; may be NULL */
    const char *doc;
};
enum {
    NP_SHAPE_TOLERANT = 1, /* unknown fields are no error (metadata, status, kinds read in part) */
    NP_SHAPE_CRD = 2,      /* a null value is an error, as custom resources have it */
    NP_SHAPE_OPEN =
        8, /* unknown fields are left to the shape's check when an API server took them */
    NP_SHAPE_UNION = 4 /* members exclude each other (for the documentation) */
};

/*
 * The .def tables. NP_FIELDS(x) NP_FIELD(key, TYPE, NEED, since, doc, NP_TO(x, member) ...)...
 * NP_SHAPE(x, name, flags, check, doc) gives x_shape for `struct x`; NP_SHAPE_OF(x, y, ...) one for
 * `struct y`; NP_SHARED_SHAPE(x, y, ...) one that other files see.
 */
/* clang-format off */
#define NP_FIELDS(id) static const struct np_field id##_fields[] = {
#define NP_FIELD(key_, type_, need_, since_, doc_, ...)                                            \
    {.key = key_, .type = NP_FIELD_##type_, .need = NP_##need_, .since = since_, .doc = doc_,      \
     __VA_ARGS__},
#define NP_TO(id, member) .offset = offsetof(struct id, member)
#define NP_SHAPE_BODY(id, tag, name_, flags_, check_, doc_)                                        \
    {.name = name_, .size = sizeof(struct tag), .fields = id##_fields,                             \
     .count = sizeof id##_fields / sizeof id##_fields[0], .flags = flags_,                         \
     .check = check_, .doc = doc_};
#define NP_SHAPE_OF(id, tag, name_, flags_, check_, doc_)                                          \
    }; static const struct np_shape id##_shape =                                                   \
        NP_SHAPE_BODY(id, tag, name_, flags_, check_, doc_)
#define NP_SHAPE(id, name_, flags_, check_, doc_)                                                  \
    NP_SHAPE_OF(id, id, name_, flags_, check_, doc_)
#define NP_SHARED_SHAPE(id, tag, name_, flags_, check_, doc_)                                      \
    }; const struct np_shape id##_shape = NP_SHAPE_BODY(id, tag, name_, flags_, check_, doc_)
/* clang-format on */

/* Clones the tree into the object's arena and says so to the decoder: texts need no second copy. */
const struct np_node *np_decode_keep(struct np_decode *d, const struct np_node *root);
/*
 * Decodes a map into *out (zeroed, of the shape's size). Errors are reported and counted; a field
 * with an error stays unset. false: something in here was wrong, or memory is out (d->no_memory).
 */
bool np_decode_into(struct np_decode *d, const struct np_shape *shape, const struct np_node *node,
                    void *out);

/* ---- reporting; the path is d->path ---- */
/* At the node (NULL: the object). Severity is the code's own; errors are counted. */
void np_decode_report(struct np_decode *d, enum np_code code, const struct np_node *node,
                      const char *format, ...) __attribute__((format(printf, 4, 5)));
/* At a member of a map, "path.key"; when it is absent, at the map. */
void np_decode_report_in(struct np_decode *d, enum np_code code, const struct np_node *map,
                         const char *key, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* With another hint (NULL: the code's) and severity (-1: the code's), at a given line and column.
 */
struct np_spot {
    uint32_t line, column, length;
};
void np_decode_report_full(struct np_decode *d, enum np_code code, int severity, const char *hint,
                           struct np_spot spot, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
struct np_spot np_spot_of(const struct np_node *node);
struct np_spot np_spot_of_key(const struct np_member *member);

/* ---- the path: `size_t mark = np_path_key(d, "spec"); ... np_path_end(d, mark);` ---- */
size_t np_path_key(struct np_decode *d, const char *key);
size_t np_path_member(struct np_decode *d,
                      struct np_slice key); /* quoted when it is no plain word */
size_t np_path_index(struct np_decode *d, size_t index);
void np_path_end(struct np_decode *d, size_t mark);

/* ---- single values, for what is not read by a table ---- */
/* The text of a string node, with the type rules of the tables; false: reported, or null. */
bool np_decode_text(struct np_decode *d, const struct np_node *node, struct np_slice *out);
bool np_decode_number(struct np_decode *d, const struct np_node *node, int64_t *out);
void *np_decode_alloc(struct np_decode *d, size_t count,
                      size_t size); /* object's arena; NULL noted */
/* "string `on`", "list": what stands there, for messages; out has room for 64 bytes. */
const char *np_decode_found(const struct np_node *node, char out[64]);

/* ---- objects (object.c) ---- */
/* A new object with one reference and an empty arena; NULL: no memory. */
struct np_object *np_object_create(struct netpol_ctx *ctx, const struct np_reader *reader);
/* Sets label from kind, namespace and name; false: no memory. */
bool np_object_name_it(struct np_object *object);
#endif
