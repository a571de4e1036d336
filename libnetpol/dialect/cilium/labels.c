/* SPDX-License-Identifier: Apache-2.0 */
#include "dialect/cilium/labels.h"

/*
 * The default of the agent's option "labels" (pkg/labelsfilter/filter.go): labels that change with
 * every rollout, or that say where a pod runs and not what it is, make no identity. Each is the
 * beginning of a key.
 */
static const char *const dropped[] = {
    "io.kubernetes",
    "kubernetes.io",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
    "batch.kubernetes.io/controller-uid",
    "k8s.io",
    "pod-template-generation",
    "pod-template-hash",
    "controller-revision-hash",
    "annotation",
    "controller-uid",
    "etcd_node",
};

static bool holds_beta(struct np_slice key)
{
    static const char beta[] = "beta.kubernetes.io";
    size_t len = sizeof beta - 1;
    for (size_t at = 0; at + len <= key.len; at++) {
        if (memcmp(key.ptr + at, beta, len) == 0) {
            return true;
        }
    }
    return false;
}

bool np_cilium_label_begins(struct np_slice key, const char *with, struct np_slice *rest)
{
    size_t len = strlen(with);
    bool does = key.len >= len && memcmp(key.ptr, with, len) == 0;
    if (does && rest) {
        *rest = (struct np_slice){key.ptr + len, key.len - len};
    }
    return does;
}

bool np_cilium_label_kept(struct np_slice key)
{
    if (np_slice_is(key, NP_CILIUM_LABEL_NAMESPACE)) {
        return true;
    }
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++) {
        if (np_cilium_label_begins(key, dropped[i], NULL)) {
            return false;
        }
    }
    return !holds_beta(key);
}
