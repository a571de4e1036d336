/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_DIALECT_CLUSTER_H
#define NP_TESTS_DIALECT_CLUSTER_H
/* A cluster from text: loaded, lowered, sealed. */
#include "np_cmocka.h"

#include "dialect/decode.h"
#include "model/policy.h"

enum { OBJECTS_MAX = 24 };

struct cluster {
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    uint32_t load_flags;
    struct np_object *objects[OBJECTS_MAX];
    size_t count;
    struct np_build *build;
    struct np_model *model;
    const struct np_inventory *inv;
};

static inline int take(void *user, const struct np_document *document)
{
    struct cluster *c = user;
    struct np_object *object = NULL;
    int status = np_decode_object(c->ctx, document, c->load_flags, NULL, &object);
    if (object && c->count < OBJECTS_MAX) {
        object->ref = 100 + 2 * c->count;
        c->objects[c->count++] = object;
    } else {
        np_object_unref(object);
    }
    return status == NETPOL_ERR_MEMORY ? status : NETPOL_OK;
}

static inline int load(struct cluster *c, const char *text)
{
    if (!c->diags && netpol_diags_create(c->ctx, &c->diags) != NETPOL_OK) {
        return NETPOL_ERR_MEMORY;
    }
    return np_source_read(c->ctx, text, strlen(text), "cluster.yaml", NP_FORMAT_AUTO, c->diags,
                          take, c);
}

static inline int seal(struct cluster *c)
{
    c->build = np_build_create(c->ctx);
    if (!c->build) {
        return NETPOL_ERR_MEMORY;
    }
    struct np_lower l = {
        .ctx = c->ctx, .build = c->build, .options = np_build_options(c->build), .diags = c->diags};
    int status = NETPOL_OK;
    for (size_t i = 0; i < c->count && status == NETPOL_OK; i++) {
        l.object = c->objects[i];
        status = l.object->reader->lower(&l);
    }
    status = status == NETPOL_OK ? np_build_seal(c->build, &c->model) : status;
    c->inv = c->model ? &c->model->inventory : NULL;
    return status;
}

static inline void drop(struct cluster *c)
{
    for (size_t i = 0; i < c->count; i++) {
        np_object_unref(c->objects[i]);
    }
    np_build_destroy(c->build);
    np_model_destroy(c->model);
    netpol_diags_destroy(c->diags);
}

static inline void begin(struct cluster *c, const char *text)
{
    memset(c, 0, sizeof *c);
    assert_int_equal(netpol_ctx_create(NULL, &c->ctx), NETPOL_OK);
    assert_int_equal(load(c, text), NETPOL_OK);
    for (size_t i = 0; i < netpol_diags_count(c->diags); i++) {
        const struct netpol_diag *diag = netpol_diags_at(c->diags, i);
        if (diag->severity == NETPOL_ERROR) {
            fail_msg("%u:%u %s", diag->line, diag->column, diag->message);
        }
    }
    assert_int_equal(seal(c), NETPOL_OK);
}

static inline void end(struct cluster *c)
{
    drop(c);
    netpol_ctx_destroy(c->ctx);
}

static inline const struct np_endpoint *pod(const struct cluster *c, const char *name)
{
    const struct np_endpoint *e = np_inventory_pod(c->inv, np_slice_of("ns"), np_slice_of(name));
    if (!e) {
        fail_msg("no pod %s", name);
    }
    return e;
}

static inline const char *label(const struct cluster *c, const struct np_labels *labels,
                                const char *key)
{
    np_str found = np_strings_find(c->model->strings, np_slice_of(key));
    np_str value = found ? np_labels_get(labels, found) : NULL;
    return value ? value->text : NULL;
}

static inline void check_address(const struct np_prefix *prefix, const char *text)
{
    char out[46];
    np_address_format(&prefix->address, out);
    assert_string_equal(out, text);
    assert_int_equal(prefix->length, strchr(text, ':') ? 128 : 32);
}
#endif
