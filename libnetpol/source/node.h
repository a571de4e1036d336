/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_SOURCE_NODE_H
#define NP_SOURCE_NODE_H
/*
 * source: bytes -> one tree of nodes with line and column, the same for YAML and JSON.
 *
 * The question. kubectl reads manifests through go-yaml v2 (YAML 1.1 typing) and JSON; a policy
 * engine must read exactly what the API server would have read, say where every field stands, and
 * survive any bytes. Simplest correct method: build one document tree, hand it over. The cost is
 * memory: `kubectl get -o json` of a cluster is ONE document of hundreds of megabytes. So a
 * top-level List is taken apart: each item is handed over as an object of its own and forgotten.
 *
 * Absent, null and empty are three things: a member that is not there, NP_NULL, and an empty
 * string, list or map.
 *
 * A tree lives in the arena of the reader and dies when the sink returns, unless the sink clones
 * it.
 */
#include "base/base.h"

enum np_kind { NP_NULL, NP_BOOL, NP_INT, NP_FLOAT, NP_STRING, NP_LIST, NP_MAP, NP_KIND_COUNT };

enum {
    NP_NODE_QUOTED = 1, /* a string that was quoted or a block scalar */
    NP_NODE_BIG = 2,    /* an integer past 64 bits: value is clamped, text is exact */
    NP_NODE_OCTAL = 4,  /* plain 0NN, which YAML 1.2 tools read as decimal */
    NP_NODE_ALIAS = 8,  /* reached through an alias or a merge key; position is the anchor's */
    NP_NODE_JSON = 16   /* from a JSON source */
};

struct np_member;
struct np_node {
    uint8_t kind; /* enum np_kind */
    uint8_t flags;
    uint32_t line, column; /* from 1; column in bytes */
    uint32_t length; /* bytes of the first line of the scalar in the source; 1 for collections */
    union {
        bool boolean;
        int64_t integer;
        double real;
        struct {
            struct np_node **items;
            size_t count;
        } list;
        struct {
            struct np_member *members; /* in source order, keys distinct */
            size_t count;
        } map;
    };
    struct np_slice text; /* scalars: the value for NP_STRING, the source text for the others */
};
struct np_member {
    struct np_slice key;
    uint32_t line, column; /* of the key */
    uint8_t
        key_plain_kind; /* what the key was before it became a string: NP_STRING, NP_BOOL, ... */
    struct np_node *value;
};

static inline bool np_is(const struct np_node *node, enum np_kind kind)
{
    return node && node->kind == kind;
}
/* The member's value; NULL when node is no map or has no such key. */
struct np_node *np_get(const struct np_node *node, const char *key);
const struct np_member *np_get_member(const struct np_node *node, const char *key);
const char *np_kind_name(
    enum np_kind kind); /* "null", "boolean", "integer", "number", "string", "list", "object" */
struct np_node *np_node_clone(const struct np_node *node,
                              struct np_arena *arena); /* NULL: no memory */

/* One object (a document, or an item of a top-level List) on its way to the store. */
struct np_document {
    const struct np_node *root; /* NP_MAP, or whatever else stood there (the sink complains) */
    const char *source;         /* name of the file or buffer */
    const char *text;           /* all bytes of the source, for excerpts */
    size_t size;
    const char *path_prefix; /* "" or "items[17]" for an item of a List */
    struct np_slice list_api_version,
        list_kind; /* of the List it came from, else empty. An item without
                      kind inherits: kind minus "List", and this apiVersion */
    struct netpol_diags *diags;
};
/* Returns NETPOL_OK to go on; another status ends the read with it. */
typedef int (*np_document_fn)(void *user, const struct np_document *document);

enum np_format { NP_FORMAT_AUTO, NP_FORMAT_YAML, NP_FORMAT_JSON };

/*
 * Reads all documents of a buffer. Syntax errors are diagnosed; what follows a bad document is
 * still read as far as possible (YAML: from the next line that starts with "---"; JSON: stops), and
 * the result is then ERR_INPUT. Limits of ctx hold: ERR_LIMIT with a diagnostic.
 * AUTO: JSON when the first byte that is not white space (after a BOM) is '{' or '[' and the bytes
 * are not YAML flow style; YAML otherwise.
 * Returns OK, ERR_INPUT, ERR_LIMIT, ERR_MEMORY, or what the sink returned.
 */
int np_source_read(struct netpol_ctx *ctx, const char *bytes, size_t size, const char *name,
                   enum np_format format, struct netpol_diags *diags, np_document_fn sink,
                   void *user);
/* The two readers behind it; same contract. */
int np_yaml_read(struct netpol_ctx *ctx, const char *bytes, size_t size, const char *name,
                 struct netpol_diags *diags, np_document_fn sink, void *user);
int np_json_read(struct netpol_ctx *ctx, const char *bytes, size_t size, const char *name,
                 struct netpol_diags *diags, np_document_fn sink, void *user);

/*
 * Resolves a plain YAML 1.1 scalar as go-yaml v2 does (null, bools y/yes/on, base-0 integers with
 * '_', floats, .inf/.nan); fills kind, flags and value of node from node->text.
 * Source: kubernetes-sigs/yaml goyaml.v2/resolve.go.
 */
void np_scalar_resolve(struct np_node *node);
/* A decimal number with digits, point and exponent as a double; false: it is none, or fits none. */
bool np_scalar_float(struct np_slice text, double *out);

/*
 * Files (the only place of the library that touches them). np_file_read: whole file or "-"
 * (standard input); *bytes is freed with np_free(ctx, bytes, *size + 1).
 * np_file_list: path itself when it is a file or "-"; else every *.yaml, *.yml and *.json below it,
 * sorted by name, links to folders not followed. OK, ERR_IO (errno text through diags), ERR_LIMIT,
 * ERR_MEMORY, or what the callback returned.
 */
int np_file_read(struct netpol_ctx *ctx, const char *path, struct netpol_diags *diags, char **bytes,
                 size_t *size);
int np_file_list(struct netpol_ctx *ctx, const char *path, struct netpol_diags *diags,
                 int (*each)(void *user, const char *file), void *user);
#endif
