/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MODEL_INVENTORY_INTERNAL_H
#define NP_MODEL_INVENTORY_INTERNAL_H
/*
 * The inventory from inside: its index, and the steps of its seal.
 *
 * Which endpoints cover an address? The simplest correct method compares the address with every
 * prefix of every endpoint. Instead all prefixes, of any length, are keys of one hash table; a
 * lookup cuts the address to each length that occurs (pods have one length, network sets a few) and
 * probes once for each. Exact, and linear in the lengths only.
 */
#include "model/build_internal.h"

struct np_prefix_pair {
    struct np_prefix prefix;
    uint32_t value;
};
struct np_prefix_slot {
    struct np_prefix prefix; /* family 0: free */
    uint32_t first, count;   /* in values */
};
struct np_prefix_table {
    const struct np_prefix_slot *slots;
    uint32_t mask;
    const uint32_t *values;  /* of one prefix: ascending */
    uint8_t lengths[2][129]; /* by family (IPv4, IPv6): the lengths that occur, longest first */
    uint8_t n_lengths[2];
};
/* Sorts the pairs in place, drops equal ones. false: no memory. */
bool np_prefix_table_build(struct np_build *b, struct np_prefix_table *table,
                           struct np_prefix_pair *pairs, size_t count);
/*
 * Walks the entries that cover an address, the longest prefix first: *cursor from 0; NULL at the
 * end.
 */
const struct np_prefix_slot *np_prefix_table_next(const struct netpol_ctx *ctx,
                                                  const struct np_prefix_table *table,
                                                  const struct np_address *address,
                                                  unsigned *cursor);

/* Sorts in place and drops repeats; returns how many are left. */
uint32_t np_prefixes_sort(struct np_prefix *items, uint32_t count);

struct np_ref_entry {
    uint64_t ref;
    const struct np_endpoint *endpoint;
};
struct np_inventory_index {
    bool hosts; /* there are host endpoints */
    struct np_prefix_table endpoints, nodes, services, pod_ranges, inside;
    const struct np_ref_entry *refs;              /* sorted */
    const struct np_endpoint *const *by_workload; /* by namespace, workload name and kind */
};

/* The steps of the seal, in this order. false: no memory. */
bool np_seal_owners(struct np_build *b); /* workloads resolved, representatives dropped */
bool np_seal_nodes(struct np_build *b);
bool np_seal_namespaces(struct np_build *b);
bool np_seal_endpoints(struct np_build *b); /* sorted, numbered, connected */
bool np_seal_address_sets(struct np_build *b);
bool np_seal_index(struct np_build *b);    /* addresses, references, workloads */
bool np_seal_services(struct np_build *b); /* sorted, with backends and addresses */

int np_compare_str(np_str a, np_str b); /* by text; NULL first */
int np_compare_number(uint64_t a, uint64_t b);
/* A vector of pointers becomes an array of the model; NULL: no memory. */
void *np_seal_pointers(struct np_build *b, const void *items, size_t count);
/*
 * Pods that own an address: workloads of the pod network. Fills *which* of them (the last one when
 * there are fewer), returns how many there are.
 */
uint32_t np_owners_at(const struct np_inventory *inv, const struct np_address *address,
                      uint32_t which, const struct np_endpoint **out);
#endif
