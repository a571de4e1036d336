/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_INVENTORY_WORLD_H
#define NP_TESTS_INVENTORY_WORLD_H
/* Short words for building an inventory in a test. */
#include "np_cmocka.h"

#include "model/build.h"
#include "model/policy.h"

struct world {
    struct counting counting;
    struct netpol_ctx *ctx;
    struct np_build *b;
    struct np_model *model;
    const struct np_inventory *inv; /* after seal */
};

static inline void world_begin(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->ctx = counting_ctx(&w->counting, NULL);
    w->b = np_build_create(w->ctx);
    assert_non_null(w->b);
}

static inline void world_seal(struct world *w)
{
    assert_int_equal(np_build_seal(w->b, &w->model), NETPOL_OK);
    w->inv = &w->model->inventory;
}

static inline void world_end(struct world *w)
{
    np_build_destroy(w->b);
    np_model_destroy(w->model);
    netpol_ctx_destroy(w->ctx);
    assert_int_equal(w->counting.blocks, 0);
    assert_false(w->counting.bad_size);
}

static inline struct np_address address_of(const char *text)
{
    struct np_address address;
    if (np_address_parse(np_slice_of(text), &address, NULL) != NP_PREFIX_OK) {
        fail_msg("%s is no address", text);
    }
    return address;
}

static inline struct np_prefix range_of(const char *text)
{
    struct np_prefix prefix;
    if (np_prefix_parse(np_slice_of(text), &prefix, NULL) != NP_PREFIX_OK) {
        fail_msg("%s is no range", text);
    }
    return prefix;
}

/* "a=b,c=d" */
static inline struct np_labels labels_of(struct world *w, const char *text)
{
    struct np_label items[8];
    uint32_t count = 0;
    while (text && *text) {
        const char *equals = strchr(text, '='), *end = strchr(text, ',');
        end = end ? end : text + strlen(text);
        items[count].key = np_build_str(w->b, (struct np_slice){text, (size_t)(equals - text)});
        items[count].value =
            np_build_str(w->b, (struct np_slice){equals + 1, (size_t)(end - equals - 1)});
        count++;
        text = *end ? end + 1 : end;
    }
    return np_build_labels(w->b, items, count);
}

/* Addresses are separated by blanks. */
static inline const struct np_prefix *addresses_of(struct world *w, const char *text,
                                                   uint32_t *count)
{
    struct np_prefix items[8];
    *count = 0;
    while (text && *text) {
        char one[50];
        size_t len = strcspn(text, " ");
        snprintf(one, sizeof one, "%.*s", (int)len, text);
        struct np_address address = address_of(one);
        items[(*count)++] = np_prefix_of(&address);
        text += len + (text[len] == ' ');
    }
    return np_build_prefixes(w->b, items, *count);
}

static inline struct np_endpoint *add_pod(struct world *w, const char *space, const char *name,
                                          const char *addresses, const char *labels)
{
    struct np_endpoint *e =
        np_build_endpoint(w->b, np_build_text(w->b, space), np_build_text(w->b, name));
    assert_non_null(e);
    e->prefixes = addresses_of(w, addresses, &e->n_prefixes);
    e->labels = labels_of(w, labels);
    return e;
}

static inline struct np_endpoint *add_workload(struct world *w, const char *kind, const char *space,
                                               const char *name, const char *labels)
{
    struct np_endpoint *e =
        np_build_representative(w->b, kind, np_build_text(w->b, space), np_build_text(w->b, name));
    assert_non_null(e);
    e->labels = labels_of(w, labels);
    return e;
}

static inline void owned(struct world *w, struct np_endpoint *e, const char *kind, const char *name)
{
    e->workload_kind = np_build_text(w->b, kind);
    e->workload_name = np_build_text(w->b, name);
}

static inline struct np_node_info *add_node(struct world *w, const char *name,
                                            const char *addresses)
{
    struct np_node_info *node = np_build_node(w->b, np_build_text(w->b, name));
    assert_non_null(node);
    node->addresses = addresses_of(w, addresses, &node->n_addresses);
    return node;
}

static inline const struct np_endpoint *pod_named(const struct world *w, const char *space,
                                                  const char *name)
{
    return np_inventory_pod(w->inv, np_slice_of(space), np_slice_of(name));
}

static inline struct np_end end_at(const struct world *w, const char *text, uint32_t which,
                                   uint32_t *owners)
{
    struct np_address address = address_of(text);
    struct np_end end;
    uint32_t n_owners;
    assert_true(np_inventory_end(w->inv, &w->model->options, 0, &address, address.family, which,
                                 &end, &n_owners));
    if (owners) {
        *owners = n_owners;
    }
    return end;
}

static inline struct np_end end_of(const struct world *w, const struct np_endpoint *e,
                                   uint8_t family)
{
    struct np_end end;
    uint32_t n_owners;
    assert_non_null(e);
    assert_true(
        np_inventory_end(w->inv, &w->model->options, e->ref, NULL, family, 0, &end, &n_owners));
    assert_int_equal(n_owners, 1);
    return end;
}

#define assert_text(str, wanted)                  \
    do {                                          \
        assert_non_null(str);                     \
        assert_string_equal((str)->text, wanted); \
    } while (0)
#endif
