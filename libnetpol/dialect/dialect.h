/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_DIALECT_H
#define NP_DIALECT_DIALECT_H
/*
 * dialect: one reader per kind, node tree -> checked object -> model.
 *
 * Decode runs once, at load: it checks everything the API server would check, reports every error
 * with its position, and keeps what it read in the object's own arena. Lower runs at every compile:
 * it turns checked objects into tiers, policies and inventory under the options of a profile, and
 * cannot fail but for memory. A kind is one line in readers.c; its fields are a table in a .def
 * file, which also drives "did you mean", the documentation and the fuzz dictionaries.
 */
#include "model/build.h"
#include "source/node.h"
#include <netpol/store.h>
#include <stdatomic.h>

struct np_reader;
struct np_shape;
enum np_object_state { NP_OBJECT_OK, NP_OBJECT_UNREADABLE };

/* A loaded resource. Immutable once decoded; shared between the store and its snapshots. */
struct np_object {
    atomic_uint refs;
    struct np_arena arena; /* everything below lives here */
    const struct np_reader *reader;
    struct np_slice api_version, kind, namespace_name, name; /* namespace empty: cluster scope */
    const char *label;                                       /* "NetworkPolicy/ns/name" */
    const char *source;                                      /* file */
    const char *path_prefix;                                 /* "" or "items[17]" */
    uint32_t line, column;
    uint8_t state;
    uint64_t ref; /* set by the store, never re-used, below 1 << 63: of the pod, or of a workload's
                     first representative; ref + 1 is reserved for its sibling */
    void *spec;   /* the reader's own structure */
};

/* What a decode has at hand. */
struct np_decode {
    struct netpol_ctx *ctx;
    const struct np_document *document;
    struct netpol_diags *diags;
    uint32_t load_flags; /* enum netpol_load_flags */
    struct np_object *object;
    uint32_t errors; /* counted here: object is refused when not 0 */
    bool no_memory;
    bool kept;           /* the node tree lives in the object's arena (np_decode_keep) */
    struct np_text path; /* of the node now being decoded: "spec.ingress[0]" */
};

/* What a lowering has at hand. */
struct np_lower {
    struct netpol_ctx *ctx;
    struct np_build *build;
    const struct np_options *options;
    const struct np_object *object;
    struct netpol_diags *diags; /* set-level warnings and errors; may be NULL */
    bool strict;                /* warnings about the set are errors */
    struct np_calico *calico;   /* engine=calico, while all objects are lowered; else NULL */
    bool said;       /* of the cluster, while it was lowered: the next compile must say it again */
    uint32_t errors; /* counted here, also without diags: compile refuses when not 0 */
};

enum np_family {
    NP_FAMILY_CORE,
    NP_FAMILY_POLICY,
    NP_FAMILY_FOREIGN /* policy kind whose reader does not exist yet: an error */
};
enum { NP_ENGINE_KUBERNETES, NP_ENGINE_CALICO, NP_ENGINE_CILIUM, NP_ENGINES }; /* in options.def */
struct np_reader {
    const char *group, *version, *kind;
    uint8_t family;
    uint8_t engine; /* whose kind it is: it decides under that one; KUBERNETES: under each */
    bool namespaced;
    int (*decode)(
        struct np_decode *d,
        const struct np_node *root);  /* fills d->object; OK or ERR_MEMORY, errors counted in d */
    int (*lower)(struct np_lower *l); /* OK, ERR_MEMORY */
    const struct np_shape *shape;     /* fields of a document; NULL: not read by a table */
    const char *(*name_syntax)(
        struct np_slice text); /* of metadata.name (syntax.h); NULL: subdomain */
    const char *hint;          /* FOREIGN, or a version that is not read any more: what to do */
    const char *only;          /* the one name that means something; NULL: every name */
};
/* The reader of "group/version", kind; NULL: a kind that means nothing to policies. */
const struct np_reader *np_reader_find(struct np_slice api_version, struct np_slice kind);
const struct np_reader *np_reader_at(size_t i);
/* Do such objects have a say under the option engine? */
bool np_reader_decides(const struct np_reader *reader, const struct np_options *options);
/* Stands for every kind that has no reader and was refused all the same (admitted loading). */
const struct np_reader *np_reader_unread(bool namespaced);
/* "NetworkPolicy is networking.k8s.io/v1" for the kind of a policy or a misspelt one, whatever
 * group was written; else NULL. */
const char *np_reader_group_of(struct np_slice kind);

/*
 * Decodes one document into a new object (refs 1). *out NULL with OK: skipped kind. ERR_INPUT:
 * refused, diagnostics given; *out is then the unreadable shell (kind, namespace, name, and for a
 * policy its subjects as far as they could be read) when load_flags has ADMITTED, else NULL.
 */
int np_decode_object(struct netpol_ctx *ctx, const struct np_document *document,
                     uint32_t load_flags, const char *default_namespace, struct np_object **out);
struct np_object *np_object_ref(struct np_object *object);
void np_object_unref(struct np_object *object);
/* Checks typed endpoints and makes the object a Pod document would have made. */
struct netpol_endpoint_spec;
int np_decode_endpoint(struct netpol_ctx *ctx, const struct netpol_endpoint_spec *spec,
                       struct netpol_diags *diags, struct np_object **out);
/* What a set of addresses is filed under, which its caller feeds and no document can be. */
#define NP_SET_GROUP "(caller)"
#define NP_SET_KIND  "AddressSet"
/* Checks a set and makes the object. OK, ERR_INPUT, ERR_MEMORY. */
int np_decode_set(struct netpol_ctx *ctx, const char *name, const char *const *prefixes,
                  size_t count, struct netpol_diags *diags, struct np_object **out);
/*
 * A document that is a map of names to lists of ranges: `take` gets each set that has no error, and
 * counts the object if it keeps it; those that have are counted. Ends with the status of `take`.
 */
int np_decode_sets(struct netpol_ctx *ctx, const struct np_document *document,
                   int (*take)(void *user, const struct np_document *document,
                               struct np_object *object),
                   void *user, uint64_t *refused);
/* Tiers and synthetic policies that exist without any object (own node, self, other protocols,
 * NetworkPolicy tier). Before all lowering. */
int np_lower_begin(struct np_lower *l);
/*
 * All objects, which stand in an order of their own (by key): what exists without any, what the
 * cluster is made of, policies. Kinds of another engine are left out. OK, ERR_MEMORY.
 */
int np_lower_objects(struct np_lower *l, struct np_object *const *objects, size_t count);
/* One object, into a builder made upon a model. */
int np_lower_object(struct np_lower *l, const struct np_object *object);
/* Says which kinds were left out: a warning each, an error when strict. */
void np_lower_check_engine(struct np_lower *l, struct np_object *const *objects, size_t count);
/*
 * After the seal: what only the whole set shows (equal priorities that overlap). Warnings, or
 * errors by option priority_tie or when strict; counted in l->errors. l->build and l->object are
 * not used.
 */
int np_lower_check(struct np_lower *l, const struct np_model *model);
/* The same for labels that policies ask of namespaces of which no Namespace object was loaded. */
int np_lower_check_namespaces(struct np_lower *l, const struct np_model *model);
#endif
