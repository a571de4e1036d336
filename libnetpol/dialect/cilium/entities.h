/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_ENTITIES_H
#define NP_DIALECT_CILIUM_ENTITIES_H
/* Entities: names for sets of identities. Source: pkg/policy/api/entity.go, pkg/identity. */
#include "dialect/cilium/selector.h"

enum np_cilium_entity {
    NP_CILIUM_ALL,
    NP_CILIUM_WORLD,
    NP_CILIUM_WORLD_IPV4,
    NP_CILIUM_WORLD_IPV6,
    NP_CILIUM_CLUSTER,
    NP_CILIUM_CLUSTER_MESH,
    NP_CILIUM_HOST,
    NP_CILIUM_REMOTE_NODE,
    NP_CILIUM_KUBE_APISERVER,
    NP_CILIUM_INGRESS,
    NP_CILIUM_INIT,
    NP_CILIUM_HEALTH,
    NP_CILIUM_UNMANAGED,
    NP_CILIUM_NONE,
    NP_CILIUM_ENTITIES
};
const char *np_cilium_entity_name(size_t entity);
/* NP_CILIUM_ENTITIES: none of this name. */
enum np_cilium_entity np_cilium_entity_of(struct np_slice name);
/* NULL: every end (all). */
const struct np_set *np_cilium_entity_set(struct np_lower *l, enum np_cilium_entity entity);
#endif
