/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_IDENTITY_H
#define NP_DIALECT_CILIUM_IDENTITY_H
/*
 * What a security identity is made of: labels with their source, sorted by key. Those of a pod are
 * its own that the default filters leave, its namespace's, and what Cilium adds; policies have no
 * say in it. Those of a prefix are the prefix and the world.
 *
 * Texts are written one after the other, each with its NUL: "k8s:app=web", "cidr:10.0.0.0/8".
 * Sources: pkg/labelsfilter/filter.go (default filters), pkg/k8s GetPodMetadata (what is added),
 * pkg/labels/cidr.go (prefixes), pkg/identity/numericidentity.go (reserved numbers).
 */
#include "model/inventory.h"

#include <netpol/identity.h>

/* Do the default filters leave a pod's label of this key? */
bool np_cilium_label_counts(struct np_slice key);
/* The name of the cluster: "default" where nothing says another. */
struct np_slice np_cilium_cluster_of(const struct np_inventory *inventory);
/* Of a pod on a network of its own. all: the default filters are not in force. */
void np_cilium_pod_labels(const struct np_inventory *inventory, const struct np_endpoint *pod,
                          bool all, struct np_text *out);
/* dual: pods have addresses of both families, so the world is two identities. */
void np_cilium_cidr_labels(const struct np_prefix *prefix, bool dual, struct np_text *out);

/* A struct np_address_set of this kind is a number (its name) that a cluster gave to its labels. */
#define NP_CILIUM_NUMBERED "CiliumIdentity"
/* The number that a name is, 256 to 2^24 - 1 (clusters of a mesh have ranges of their own);
 * NETPOL_IDENTITY_UNKNOWN: it is no such. */
uint32_t np_cilium_number_of(struct np_slice name);

/* Of a reserved number, 1 to NETPOL_IDENTITY_WORLD_IPV6: its texts, as above. */
struct np_slice np_cilium_reserved_labels(uint32_t number);
#endif
