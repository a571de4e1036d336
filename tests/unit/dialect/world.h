/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_DIALECT_WORLD_H
#define NP_TESTS_DIALECT_WORLD_H
/*
 * A small cluster (namespaces x and w, pods a and b in each, on nodes n1 and n2) in which policies
 * from text are lowered and judged by the reference.
 */
#include "np_cmocka.h"

#include "dialect/cilium/cilium.h"
#include "reference/reference.h"

enum { OBJECTS_MAX = 16, TCP = 6, UDP = 17, SCTP = 132 };

struct world {
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    struct np_options options;
    bool strict;
    uint32_t load_flags;
    struct np_object *objects[OBJECTS_MAX];
    size_t count;
    uint32_t lower_errors;
    void (*more)(struct np_lower *l); /* after the objects; NULL: nothing */
    struct np_build *build;
    struct np_model *model;
};

static inline void world_open(struct world *w, struct netpol_ctx *ctx)
{
    memset(w, 0, sizeof *w);
    w->ctx = ctx;
    w->options = (struct np_options){
#define NP_OPTION(name, values, fallback, doc) .name = (fallback),
#include "model/options.def"
#undef NP_OPTION
    };
}

static inline void world_close(struct world *w)
{
    np_model_destroy(w->model);
    np_build_destroy(w->build);
    for (size_t i = 0; i < w->count; i++) {
        np_object_unref(w->objects[i]);
    }
    netpol_diags_destroy(w->diags);
    memset(w, 0, sizeof *w);
}

static inline int world_take(void *user, const struct np_document *document)
{
    struct world *w = user;
    struct np_object *object = NULL;
    int status = np_decode_object(w->ctx, document, w->load_flags, NULL, &object);
    if (object && w->count < OBJECTS_MAX) {
        w->objects[w->count++] = object;
    }
    return status == NETPOL_ERR_MEMORY ? status : NETPOL_OK;
}

static inline int world_load(struct world *w, const char *text)
{
    if (!w->diags && netpol_diags_create(w->ctx, &w->diags) != NETPOL_OK) {
        return NETPOL_ERR_MEMORY;
    }
    return np_source_read(w->ctx, text, strlen(text), "input.yaml", NP_FORMAT_AUTO, w->diags,
                          world_take, w);
}

static inline void world_pod(struct world *w, const char *space, const char *name,
                             const char *address, const char *node)
{
    struct np_build *b = w->build;
    struct np_namespace *n = np_build_namespace(b, np_build_text(b, space));
    struct np_endpoint *e = np_build_endpoint(b, np_build_text(b, space), np_build_text(b, name));
    struct np_label label = {np_build_text(b, "pod"), np_build_text(b, name)};
    struct np_label ns = {np_build_text(b, "ns"), np_build_text(b, space)};
    struct np_address parsed;
    if (!e || !n || np_address_parse(np_slice_of(address), &parsed, NULL) != NP_PREFIX_OK) {
        return;
    }
    struct np_prefix prefix = np_prefix_of(&parsed);
    n->labels = np_build_labels(b, &ns, 1);
    e->labels = np_build_labels(b, &label, 1);
    e->node_name = np_build_text(b, node);
    e->prefixes = np_build_prefixes(b, &prefix, 1);
    e->n_prefixes = 1;
}

/* Lowers what was loaded, in order of loading. */
static inline int world_lower(struct world *w)
{
    np_model_destroy(w->model);
    np_build_destroy(w->build);
    w->model = NULL;
    w->build = np_build_create(w->ctx);
    if (!w->build) {
        return NETPOL_ERR_MEMORY;
    }
    *np_build_options(w->build) = w->options;
    world_pod(w, "x", "a", "10.0.0.1", "n1");
    world_pod(w, "x", "b", "10.0.0.2", "n2");
    world_pod(w, "w", "a", "10.0.1.1", "n1");
    world_pod(w, "w", "b", "10.0.1.2", "n2");
    struct np_lower l = {.ctx = w->ctx,
                         .build = w->build,
                         .options = &w->options,
                         .diags = w->diags,
                         .strict = w->strict};
    int status = np_lower_objects(&l, w->objects, w->count);
    if (status == NETPOL_OK && w->more) {
        w->more(&l);
    }
    if (status == NETPOL_OK) {
        status = np_build_seal(w->build, &w->model);
    }
    if (status == NETPOL_OK) {
        status = np_lower_check(&l, w->model);
    }
    if (status == NETPOL_OK && w->options.engine == NP_ENGINE_CILIUM) {
        status = np_cilium_check(&l, w->model);
        np_cilium_check_hosts(&l, w->objects, w->count);
    }
    w->lower_errors = l.errors;
    return status;
}

static inline struct netpol_verdict world_ask(const struct world *w, const char *src,
                                              const char *dst, uint8_t protocol, uint16_t port)
{
    struct np_address from = {0}, to = {0};
    (void)np_address_parse(np_slice_of(src), &from, NULL);
    (void)np_address_parse(np_slice_of(dst), &to, NULL);
    struct netpol_tuple tuple = {
        .family = from.family, .protocol = protocol, .src_port = 40000, .dst_port = port};
    struct netpol_verdict verdict;
    memcpy(tuple.src, from.bytes, sizeof tuple.src);
    memcpy(tuple.dst, to.bytes, sizeof tuple.dst);
    np_reference_eval(w->model, &tuple, NULL, NULL, NULL, &verdict);
    return verdict;
}

/* How often a code was said. */
static inline unsigned world_said(const struct world *w, const char *code)
{
    unsigned count = 0;
    for (size_t i = 0; i < netpol_diags_count(w->diags); i++) {
        count += strcmp(netpol_diags_at(w->diags, i)->code, code) == 0;
    }
    return count;
}
#endif
