/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_BUILD_INTERNAL_H
#define NP_MODEL_BUILD_INTERNAL_H
/*
 * The builder from inside: what its files share (build*.c, inventory*.c, services.c).
 *
 * What the sealed model keeps lives in the model's arena from the start; lists that still grow are
 * vectors of the builder and are copied into the arena by the seal.
 */
#include "model/build.h"

/* The policy half: what was made, in the order it was made. */
struct np_policy_build {
    np_vec(struct np_checkpoint *) checkpoints;
    np_vec(struct np_tier *) tiers;
    np_vec(const struct np_tier *) tiers_before; /* what the first of them are copies of */
    np_vec(struct np_policy_made *) policies;
    np_vec(const struct np_policy *) dropped; /* of the model before */
};
/* A policy with its rules as separate objects, so that a rule stays where it is while others come.
 */
struct np_policy_made {
    struct np_policy policy; /* first: one pointer is both */
    struct np_rule **rules[NP_DIRECTIONS];
    bool kept; /* from the model before: policy.rules are that model's */
};

/*
 * Room for one more in an array of the model that has no capacity of its own: it grows at every
 * power of two. Returns the array to keep, its element `count` zeroed; NULL: no memory.
 */
void *np_build_grow(struct np_build *b, const void *items, uint32_t count, size_t element);

/* An ownerReference: this workload belongs to that one, in the same namespace. */
struct np_owner_link {
    np_str namespace_name, kind, name, owner_kind, owner_name;
};
/* A backend as a slice names it; its pod is looked up by the seal. */
struct np_backend_build {
    np_str namespace_name, service, pod_namespace, pod_name;
    struct np_backend backend;
};
struct np_account {
    np_str namespace_name, name;
    struct np_labels labels;
};
struct np_host_address {
    struct np_endpoint *endpoint;
    struct np_address address;
};
struct np_inventory_build {
    np_vec(struct np_endpoint *) endpoints;
    np_vec(struct np_namespace *) namespaces;
    np_vec(struct np_node_info *) nodes;
    np_vec(struct np_service_info *) services;
    np_vec(struct np_address_set *) address_sets;
    np_vec(struct np_owner_link) owners;
    np_vec(struct np_backend_build) backends;
    np_vec(struct np_account *) accounts;
    np_vec(struct np_host_address) host_addresses;
    np_vec(struct np_prefix) pod_ranges;
    struct np_map names; /* which thing, id of its name -> its place in the vector, plus one */
};

/* np_build_late */
struct np_late {
    np_late_fn resolve;
    void *what;
};

struct np_build {
    const struct netpol_ctx *ctx;
    struct np_model *model;        /* under construction; NULL once sealed */
    const struct np_model *before; /* not NULL: made upon it; only policies change */
    const void *maker;
    bool failed, outgrown;
    struct np_inventory_build inventory;
    struct np_policy_build policy;
    np_vec(struct np_late) late;
};

/* A builder without anything in it. NULL: no memory. */
struct np_build *np_build_begin(const struct netpol_ctx *ctx, struct np_ground *below);
/* Remembers a failure; returns NULL, for `return np_build_fail(b);`. */
void *np_build_fail(struct np_build *b);

/* Zeroed memory that is the sealed model's own. NULL: no memory, remembered. */
void *np_seal_alloc(struct np_build *b, size_t count, size_t element);

/* Sort, number and index one half into b->model; OK, ERR_MEMORY. The inventory goes first. */
int np_inventory_seal(struct np_build *b);
int np_policy_seal(struct np_build *b);
/* Of rules that are settled; part of np_policy_seal. */
void np_redirects_seal(struct np_build *b);
/* Free the growing lists of one half; the model is not touched. */
void np_inventory_build_free(struct np_build *b);
void np_policy_build_free(struct np_build *b);
#endif
