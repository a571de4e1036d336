/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_STORE_H
#define NETPOL_STORE_H
/*
 * The store: resources as loaded, each with the position of every field.
 *
 * A load is a transaction: any error commits nothing and leaves the store as it was, while the
 * diagnostics of all documents are collected. With NETPOL_LOAD_ADMITTED (objects an API server has
 * accepted) the unit is the object instead: a rejected update keeps the previous version, a
 * rejected new policy is held as unreadable and decides by the option `unreadable`.
 *
 * Stores are single-threaded. What is compiled from one works on a snapshot and is independent.
 */
#include <netpol/base.h>
#include <netpol/diag.h>

#ifdef __cplusplus
extern "C" {
#endif

struct netpol_store;

/* An empty store; *out owned by the caller. OK, ERR_ARGUMENT, ERR_MEMORY. */
NETPOL_API int netpol_store_create(struct netpol_ctx *ctx, struct netpol_store **out);
/* NULL is ignored. Matchers compiled from it stay valid. */
NETPOL_API void netpol_store_destroy(struct netpol_store *store);

enum netpol_load_flags {
    NETPOL_LOAD_ADMITTED = 1,   /* objects an API server accepted: per object, not all or nothing */
    NETPOL_LOAD_KEEP_GOING = 2, /* documents with errors are left out, the rest loads; every answer
                                   then says incomplete */
    /*
     * kubectl's lenient typing (`app: on` becomes the text), and rules of the API server whose
     * breach leaves no doubt (odd characters in names, unnamed service ports, an absent selector
     * where {} is due): warnings instead of errors. For manifests that never saw an API server.
     */
    NETPOL_LOAD_LENIENT = 4,
    NETPOL_LOAD_STRICT =
        8 /* warnings about priorities and odd CIDRs, kinds that are not known: errors */
};
struct netpol_load_options {
    size_t size;    /* sizeof(struct netpol_load_options) */
    uint32_t flags; /* enum netpol_load_flags */
    const char
        *default_namespace; /* for namespaced objects without one; NULL: "default", with a note */
    /* Called now and then with what was read; NULL: not. bytes_total 0: not known (a folder). */
    void (*progress)(void *user, uint64_t bytes_done, uint64_t bytes_total, uint64_t objects);
    void *progress_user;
};

/*
 * Loads a file, a folder (its *.yaml, *.yml, *.json, recursively) or "-" (standard input), or a
 * buffer that is named for messages. options and diags may be NULL. Outside a transaction each call
 * is one of its own; inside, the objects wait for the commit.
 * An object that is already in the store is replaced; the same object twice in one transaction is
 * an error. Kinds that mean nothing to policies are skipped and counted (an info diagnostic).
 * OK, ERR_ARGUMENT, ERR_MEMORY, ERR_IO, ERR_INPUT, ERR_LIMIT. Linear in the bytes.
 */
NETPOL_API int netpol_store_load_path(struct netpol_store *store, const char *path,
                                      const struct netpol_load_options *options,
                                      struct netpol_diags *diags);
NETPOL_API int netpol_store_load_buffer(struct netpol_store *store, const char *bytes, size_t size,
                                        const char *name, const struct netpol_load_options *options,
                                        struct netpol_diags *diags);

/*
 * Several loads as one transaction. begin: ERR_STATE when one is open. commit: ERR_INPUT when any
 * load of it failed or the set is inconsistent, and nothing was changed. Both close it.
 * OK, ERR_ARGUMENT, ERR_MEMORY, ERR_STATE, ERR_INPUT.
 */
NETPOL_API int netpol_store_begin(struct netpol_store *store);
NETPOL_API int netpol_store_commit(struct netpol_store *store, struct netpol_diags *diags);
NETPOL_API int netpol_store_rollback(struct netpol_store *store);

/*
 * Removes one object by kind ("NetworkPolicy"), API group ("networking.k8s.io", "" for core),
 * namespace (NULL or "" for cluster scope) and name. Inside a transaction it waits for the commit.
 * OK, ERR_ARGUMENT, ERR_NOT_FOUND, ERR_MEMORY.
 */
NETPOL_API int netpol_store_remove(struct netpol_store *store, const char *group, const char *kind,
                                   const char *namespace_name, const char *name);

struct netpol_label {
    const char *key, *value;
};
struct netpol_port_name {
    const char *name;
    uint8_t protocol; /* IP protocol number */
    uint16_t port;
};
/* An endpoint without YAML: the pod path of a CNI. NULL and 0 mean not given. */
struct netpol_endpoint_spec {
    size_t size;                       /* sizeof(struct netpol_endpoint_spec) */
    const char *namespace_name, *name; /* required */
    const struct netpol_label *labels;
    size_t n_labels;
    const char *const *addresses; /* text, IPv4 and IPv6 */
    size_t n_addresses;
    const struct netpol_port_name *ports;
    size_t n_ports;
    const char *service_account, *node;
    int host_network; /* 0 or 1 */
};
/*
 * Adds or replaces a pod. *ref (may be NULL) receives a reference that no other endpoint of this
 * store ever had or will have; a pod that is replaced under its name keeps it.
 * Inside a transaction it waits for the commit.
 * NEEDS_COMPILE (accepted, seen after the next compile), ERR_ARGUMENT, ERR_MEMORY, ERR_LIMIT,
 * ERR_INPUT (names, labels, addresses that the API server would refuse; see diags, may be NULL).
 */
NETPOL_API int netpol_store_put_endpoint(struct netpol_store *store,
                                         const struct netpol_endpoint_spec *spec, uint64_t *ref,
                                         struct netpol_diags *diags);

/*
 * Declares a range of pod addresses ("10.244.0.0/16"): an address in it without a pod is unlearnt.
 * At once, also inside a transaction. OK, ERR_ARGUMENT (no prefix), ERR_MEMORY.
 */
NETPOL_API int netpol_store_add_pod_range(struct netpol_store *store, const char *prefix);

/*
 * Sets of addresses under a name, for policies that refer to what only their caller knows: groups
 * of a cloud provider (Cilium's fromGroups and toGroups; docs/cilium.md says how such a group is
 * called). A set that nobody has fed matches nothing, and a compile says so; one that is known and
 * empty matches nothing. A set counts as an object of the store.
 *
 * put: adds or replaces one; prefixes are ranges ("10.0.0.0/8") or addresses, copied. Inside a
 * transaction it waits for the commit. NEEDS_COMPILE (accepted, seen after the next compile),
 * ERR_ARGUMENT (a NULL), ERR_INPUT (no name, no range; see diags, may be NULL), ERR_MEMORY,
 * ERR_LIMIT.
 * remove: as netpol_store_remove. OK, ERR_ARGUMENT, ERR_NOT_FOUND, ERR_MEMORY.
 * load: a file, a folder or "-" of YAML or JSON maps, name to list of ranges; as
 * netpol_store_load_path. OK, ERR_ARGUMENT, ERR_MEMORY, ERR_IO, ERR_INPUT, ERR_LIMIT.
 * Single-threaded. Linear in the ranges.
 */
NETPOL_API int netpol_store_put_set(struct netpol_store *store, const char *name,
                                    const char *const *prefixes, size_t n_prefixes,
                                    struct netpol_diags *diags);
NETPOL_API int netpol_store_remove_set(struct netpol_store *store, const char *name);
NETPOL_API int netpol_store_load_sets(struct netpol_store *store, const char *path,
                                      struct netpol_diags *diags);

/* Counts: policies, endpoints (pods and workload templates), all objects. NULL gives 0. */
struct netpol_store_stats {
    uint64_t objects, policies, endpoints, skipped, unreadable, bytes;
    uint64_t version;        /* changes with every commit */
    int incomplete;          /* 1 after a KEEP_GOING load left something out */
    uint64_t calico_objects; /* those of `objects` that are of Calico's kinds, policies or not */
    uint64_t cilium_objects; /* the same of Cilium's */
};
NETPOL_API void netpol_store_stats(const struct netpol_store *store,
                                   struct netpol_store_stats *out);

#ifdef __cplusplus
}
#endif
#endif
