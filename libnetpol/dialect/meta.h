/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_META_H
#define NP_DIALECT_META_H
/*
 * The metadata every object has: name, namespace, labels, owner; read and checked the same way for
 * all kinds. Source: k8s.io/apimachinery apis/meta/v1/types.go, api/validation/objectmeta.go.
 */
#include "dialect/dialect.h"
#include "dialect/syntax.h"

typedef const char *(*np_syntax_fn)(struct np_slice text); /* one of syntax.h */

/*
 * Reads metadata.name and metadata.namespace into the object's arena. A namespaced object without a
 * namespace gets `default_namespace`, or "default" with a note when that is NULL or empty. false:
 * an error was reported (the texts are then what could be read, perhaps empty) or d->no_memory.
 */
bool np_meta_identity(struct np_decode *d, const struct np_node *root, bool namespaced,
                      np_syntax_fn name_syntax, const char *default_namespace,
                      struct np_slice *namespace_name, struct np_slice *name);

struct np_label_text {
    struct np_slice key, value;
};
struct np_label_list {
    struct np_label_text *items; /* as written; keys distinct */
    uint32_t count;
};
/*
 * Checks labels (a map of strings; NULL or null: none) and keeps them in the object's arena; the
 * path must already end in "labels". out NULL: checks only. A value that is no string is an error,
 * or with NETPOL_LOAD_LENIENT its source text and a warning. false as above.
 */
bool np_meta_labels(struct np_decode *d, const struct np_node *labels, struct np_label_list *out);
/* The same for metadata.labels of a root or a template; the path must end before "metadata". */
bool np_meta_labels_of(struct np_decode *d, const struct np_node *root, struct np_label_list *out);

/* Labels into a builder. */
struct np_labels np_meta_build_labels(struct np_build *b, const struct np_label_list *labels);
#endif
