/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CILIUM_LABELS_H
#define NP_DIALECT_CILIUM_LABELS_H
/*
 * Labels and numbers that Cilium itself gives to identities. Source:
 * pkg/k8s/apis/cilium.io/const.go. A label of that name on a pod never counts
 * (pkg/k8s/utils/utils.go SanitizePodLabels; CVE-2023-39347).
 */
#include "base/base.h"

#define NP_CILIUM_LABEL_NAMESPACE       "io.kubernetes.pod.namespace"
#define NP_CILIUM_LABEL_OWN             "io.cilium.k8s" /* the ones below, and more */
#define NP_CILIUM_LABEL_NAMESPACE_LABEL "io.cilium.k8s.namespace.labels."
#define NP_CILIUM_LABEL_ACCOUNT         "io.cilium.k8s.policy.serviceaccount"
#define NP_CILIUM_LABEL_CLUSTER         "io.cilium.k8s.policy.cluster"
#define NP_CILIUM_LABEL_GROUP_NAME      "io.cilium.policy.cidrgroupname/" /* of cidrgroup: */
/* Numbers of reserved identities. Source: pkg/identity/numericidentity.go. */
enum {
    NP_CILIUM_ID_HOST = 1,
    NP_CILIUM_ID_WORLD = 2,
    NP_CILIUM_ID_UNMANAGED = 3,
    NP_CILIUM_ID_HEALTH = 4,
    NP_CILIUM_ID_INIT = 5,
    NP_CILIUM_ID_REMOTE_NODE = 6,
    NP_CILIUM_ID_INGRESS = 8,
    NP_CILIUM_ID_WORLD_IPV4 = 9,
    NP_CILIUM_ID_WORLD_IPV6 = 10
};
/* rest: what follows; may be NULL. */
static inline bool np_cilium_label_begins(struct np_slice key, const char *with,
                                          struct np_slice *rest)
{
    size_t len = strlen(with);
    bool does = key.len >= len && memcmp(key.ptr, with, len) == 0;
    if (does && rest) {
        *rest = (struct np_slice){key.ptr + len, key.len - len};
    }
    return does;
}
#endif
