/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind that is read, or refused because it is a policy. One line a kind; a version or kind of
 * NULL stands for any, so lines with more in them come first. What has no line means nothing to
 * policies and is skipped.
 */
#include "dialect/calico/inventory.h"
#include "dialect/calico/policy.h"
#include "dialect/cilium/inventory.h"
#include "dialect/cilium/policy.h"
#include "dialect/cluster_network_policy.h"
#include "dialect/core.h"
#include "dialect/kubernetes.h"
#include "dialect/lower.h"
#include "dialect/syntax.h"

#define POLICY(group, version, kind, namespaced, decode, lower, shape)                             \
    {                                                                                              \
        group, version, kind, NP_FAMILY_POLICY, NP_ENGINE_KUBERNETES, namespaced,                  \
            np_##decode##_decode, np_##lower##_lower, &np_##shape##_policy_shape, NULL, NULL, NULL \
    }
/* Calico serves its kinds under two names; lower: np_calico_<lower>_lower. */
#define CALICO_POLICY(kind, namespaced, id, lower, syntax)                            \
    CALICO_POLICY_OF("projectcalico.org", "v3", kind, namespaced, id, lower, syntax), \
        CALICO_POLICY_OF("crd.projectcalico.org", "v1", kind, namespaced, id, lower, syntax)
#define CALICO_POLICY_OF(group, version, kind, namespaced, id, lower, syntax)                   \
    {                                                                                           \
        group, version, kind, NP_FAMILY_POLICY, NP_ENGINE_CALICO, namespaced,                   \
            np_calico_##id##_decode, np_calico_##lower##_lower, &np_calico_##id##_policy_shape, \
            syntax, NULL, NULL                                                                  \
    }
/* Cilium's; only: the one object that is read. */
#define CILIUM_KIND(group, version, kind, namespaced, name, only)                                 \
    {                                                                                             \
        group, version, kind, NP_FAMILY_CORE, NP_ENGINE_CILIUM, namespaced,                       \
            np_cilium_##name##_decode, np_cilium_##name##_lower, &np_cilium_##name##_shape, NULL, \
            NULL, only                                                                            \
    }

#define CILIUM_POLICY(kind, namespaced, id)                                                        \
    {                                                                                              \
        "cilium.io", "v2", kind, NP_FAMILY_POLICY, NP_ENGINE_CILIUM, namespaced,                   \
            np_cilium_##id##_decode, np_cilium_policy_lower, &np_cilium_##id##_policy_shape, NULL, \
            NULL, NULL                                                                             \
    }
/* Policies that are not read: of nobody's in particular, and of an engine's. */
#define REFUSED(group, version, kind, namespaced, hint) \
    REFUSED_OF(KUBERNETES, group, version, kind, namespaced, hint)
#define REFUSED_OF(engine, group, version, kind, namespaced, hint)                     \
    {                                                                                  \
        group, version, kind, NP_FAMILY_FOREIGN, NP_ENGINE_##engine, namespaced, NULL, \
            np_lower_unreadable, NULL, NULL, hint, NULL                                \
    }

/* What a cluster is made of: np_core_<decode>_decode, np_core_<lower>_lower, np_core_<shape>_shape.
 */
#define CORE(group, version, kind, namespaced, decode, lower, shape, syntax)                      \
    {                                                                                             \
        group, version, kind, NP_FAMILY_CORE, NP_ENGINE_KUBERNETES, namespaced,                   \
            np_core_##decode##_decode, np_core_##lower##_lower, &np_core_##shape##_shape, syntax, \
            NULL, NULL                                                                            \
    }
/* Calico's, in a group and version: np_calico_<name>_decode, _lower, _shape. */
#define CALICO_KIND(group, version, kind, namespaced, name, syntax)                         \
    {                                                                                       \
        group, version, kind, NP_FAMILY_CORE, NP_ENGINE_CALICO, namespaced,                 \
            np_calico_##name##_decode, np_calico_##name##_lower, &np_calico_##name##_shape, \
            syntax, NULL, NULL                                                              \
    }
#define CALICO(group, version)                                                 \
    CALICO_KIND(group, version, "Tier", false, tier, np_syntax_label),         \
        CALICO_KIND(group, version, "NetworkSet", true, set, NULL),            \
        CALICO_KIND(group, version, "GlobalNetworkSet", false, set, NULL),     \
        CALICO_KIND(group, version, "HostEndpoint", false, host, NULL),        \
        CALICO_KIND(group, version, "WorkloadEndpoint", true, workload, NULL), \
        CALICO_KIND(group, version, "Profile", false, profile, NULL),          \
        CALICO_KIND(group, version, "FelixConfiguration", false, felix, NULL),
/* Any other version of such a kind. */
#define OUTDATED(group, kind, namespaced, hint) \
    OUTDATED_OF(KUBERNETES, group, kind, namespaced, hint)
#define OUTDATED_OF(engine, group, kind, namespaced, hint)                          \
    {                                                                               \
        group, NULL, kind, NP_FAMILY_FOREIGN, NP_ENGINE_##engine, namespaced, NULL, \
            np_core_unread_lower, NULL, NULL, hint, NULL                            \
    }

#define CALICO_OUTDATED(group)                                             \
    OUTDATED_OF(CALICO, group, "Tier", false, use_calico),                 \
        OUTDATED_OF(CALICO, group, "NetworkSet", true, use_calico),        \
        OUTDATED_OF(CALICO, group, "GlobalNetworkSet", false, use_calico), \
        OUTDATED_OF(CALICO, group, "HostEndpoint", false, use_calico),     \
        OUTDATED_OF(CALICO, group, "WorkloadEndpoint", true, use_calico),  \
        OUTDATED_OF(CALICO, group, "Profile", false, use_calico),          \
        OUTDATED_OF(CALICO, group, "FelixConfiguration", false, use_calico),

static const char use_core[] = "Write apiVersion: v1.";
static const char use_apps[] = "Write apiVersion: apps/v1 (spec.selector is then required).";
static const char use_batch[] = "Write apiVersion: batch/v1; the fields are the same.";
static const char use_discovery[] = "Write apiVersion: discovery.k8s.io/v1.";
static const char use_calico[] =
    "projectcalico.org/v3 and crd.projectcalico.org/v1 are read; calicoctl convert writes v3.";
static const char use_cilium_v2[] = "Write apiVersion: cilium.io/v2.";
static const char use_v2[] = "Write apiVersion: cilium.io/v2, or cilium.io/v2alpha1.";
static const char use_v1[] = "Write apiVersion: networking.k8s.io/v1; the fields are the same.";
static const char use_v1alpha1[] = "policy.networking.k8s.io/v1alpha1 is read.";
static const char use_v1alpha2[] =
    "policy.networking.k8s.io/v1alpha2 is read; its tier, actions and protocols differ.";
static const char use_v3[] = "Write apiVersion: projectcalico.org/v3.";
static const char use_crd_v1[] =
    "Write apiVersion: projectcalico.org/v3, or crd.projectcalico.org/v1.";
static const char unknown_kind[] =
    "Read are AdminNetworkPolicy and BaselineAdminNetworkPolicy of v1alpha1, and "
    "ClusterNetworkPolicy of v1alpha2.";

static const struct np_reader readers[] = {
    POLICY("networking.k8s.io", "v1", "NetworkPolicy", true, kubernetes, kubernetes, kube),
    POLICY("policy.networking.k8s.io", "v1alpha2", "ClusterNetworkPolicy", false, cnp, cnp, cnp),
    POLICY("policy.networking.k8s.io", "v1alpha1", "AdminNetworkPolicy", false, anp, cnp, anp),
    POLICY("policy.networking.k8s.io", "v1alpha1", "BaselineAdminNetworkPolicy", false, banp, cnp,
           banp),
    CALICO_POLICY("NetworkPolicy", true, np, policy, np_calico_np_name),
    CALICO_POLICY("GlobalNetworkPolicy", false, gnp, policy, np_calico_gnp_name),
    CALICO_POLICY("StagedNetworkPolicy", true, snp, policy, np_calico_np_name),
    CALICO_POLICY("StagedGlobalNetworkPolicy", false, sgnp, policy, np_calico_gnp_name),
    CALICO_POLICY("StagedKubernetesNetworkPolicy", true, sknp, sknp, NULL),
    CILIUM_POLICY("CiliumNetworkPolicy", true, np),
    CILIUM_POLICY("CiliumClusterwideNetworkPolicy", false, cnp),

    CORE("", "v1", "Pod", true, pod, pod, pod_object, NULL),
    CORE("", "v1", "ReplicationController", true, replicated, workload, replicated, NULL),
    CORE("", "v1", "Node", false, node, node, node, NULL),
    CORE("", "v1", "Namespace", false, labelled, namespace, labelled, np_syntax_label),
    CORE("", "v1", "ServiceAccount", true, labelled, account, labelled, NULL),
    CORE("", "v1", "Service", true, service, service, service, np_syntax_label_1035),
    CORE("", "v1", "Endpoints", true, endpoints, backends, endpoints, NULL),
    CORE("discovery.k8s.io", "v1", "EndpointSlice", true, slice, backends, slice, NULL),
    CORE("apps", "v1", "Deployment", true, replicated, workload, replicated, NULL),
    CORE("apps", "v1", "ReplicaSet", true, replicated, workload, replicated, NULL),
    CORE("apps", "v1", "StatefulSet", true, replicated, workload, replicated, NULL),
    CORE("apps", "v1", "DaemonSet", true, daemon_set, workload, daemon_set, NULL),
    CORE("batch", "v1", "Job", true, job, workload, job, NULL),
    CORE("batch", "v1", "CronJob", true, cron_job, workload, cron_job, NULL),
    CORE("batch", "v1beta1", "CronJob", true, cron_job, workload, cron_job, NULL),

    CILIUM_KIND("cilium.io", "v2", "CiliumCIDRGroup", false, group, NULL),
    CILIUM_KIND("cilium.io", "v2alpha1", "CiliumCIDRGroup", false, group, NULL),
    CILIUM_KIND("cilium.io", "v2", "CiliumNode", false, node, NULL),
    CILIUM_KIND("cilium.io", "v2", "CiliumIdentity", false, numbered, NULL),
    CILIUM_KIND("", "v1", "ConfigMap", true, config, "cilium-config"),

    CALICO("projectcalico.org", "v3") CALICO("crd.projectcalico.org", "v1")

        OUTDATED("", "Pod", true, use_core),
    OUTDATED("", "ReplicationController", true, use_core),
    OUTDATED("", "Node", false, use_core),
    OUTDATED("", "Namespace", false, use_core),
    OUTDATED("", "ServiceAccount", true, use_core),
    OUTDATED("", "Service", true, use_core),
    OUTDATED("", "Endpoints", true, use_core),
    OUTDATED("extensions", "Deployment", true, use_apps),
    OUTDATED("extensions", "ReplicaSet", true, use_apps),
    OUTDATED("extensions", "DaemonSet", true, use_apps),
    OUTDATED("apps", "Deployment", true, use_apps),
    OUTDATED("apps", "ReplicaSet", true, use_apps),
    OUTDATED("apps", "StatefulSet", true, use_apps),
    OUTDATED("apps", "DaemonSet", true, use_apps),
    OUTDATED("batch", "Job", true, use_batch),
    OUTDATED("batch", "CronJob", true, use_batch),
    OUTDATED("discovery.k8s.io", "EndpointSlice", true, use_discovery),

    CALICO_OUTDATED("projectcalico.org") CALICO_OUTDATED("crd.projectcalico.org")

        REFUSED("networking.k8s.io", NULL, "NetworkPolicy", true, use_v1),
    REFUSED("extensions", NULL, "NetworkPolicy", true, use_v1),
    REFUSED("policy.networking.k8s.io", NULL, "AdminNetworkPolicy", false, use_v1alpha1),
    REFUSED("policy.networking.k8s.io", NULL, "BaselineAdminNetworkPolicy", false, use_v1alpha1),
    REFUSED("policy.networking.k8s.io", NULL, "ClusterNetworkPolicy", false, use_v1alpha2),
    REFUSED("policy.networking.k8s.io", NULL, NULL, false, unknown_kind),

    REFUSED_OF(CILIUM, "cilium.io", NULL, "CiliumNetworkPolicy", true, use_cilium_v2),
    REFUSED_OF(CILIUM, "cilium.io", NULL, "CiliumClusterwideNetworkPolicy", false, use_cilium_v2),
    OUTDATED_OF(CILIUM, "cilium.io", "CiliumCIDRGroup", false, use_v2),
    REFUSED_OF(CALICO, "projectcalico.org", NULL, "NetworkPolicy", true, use_v3),
    REFUSED_OF(CALICO, "projectcalico.org", NULL, "GlobalNetworkPolicy", false, use_v3),
    REFUSED_OF(CALICO, "projectcalico.org", NULL, "StagedNetworkPolicy", true, use_v3),
    REFUSED_OF(CALICO, "projectcalico.org", NULL, "StagedGlobalNetworkPolicy", false, use_v3),
    REFUSED_OF(CALICO, "projectcalico.org", NULL, "StagedKubernetesNetworkPolicy", true, use_v3),
    REFUSED_OF(CALICO, "crd.projectcalico.org", NULL, "NetworkPolicy", true, use_crd_v1),
    REFUSED_OF(CALICO, "crd.projectcalico.org", NULL, "GlobalNetworkPolicy", false, use_crd_v1),
    REFUSED_OF(CALICO, "crd.projectcalico.org", NULL, "StagedNetworkPolicy", true, use_crd_v1),
    REFUSED_OF(CALICO, "crd.projectcalico.org", NULL, "StagedGlobalNetworkPolicy", false,
               use_crd_v1),
    REFUSED_OF(CALICO, "crd.projectcalico.org", NULL, "StagedKubernetesNetworkPolicy", true,
               use_crd_v1),
    REFUSED("security.istio.io", NULL, "AuthorizationPolicy", true, NULL),
    REFUSED("security.istio.io", NULL, "PeerAuthentication", true, NULL),
    REFUSED("security.istio.io", NULL, "RequestAuthentication", true, NULL),
    REFUSED("networking.istio.io", NULL, "Sidecar", true, NULL),
    REFUSED("networking.istio.io", NULL, "EnvoyFilter", true, NULL),
};

enum { READERS = sizeof readers / sizeof readers[0] };

const struct np_reader *np_reader_at(size_t i)
{
    return i < READERS ? &readers[i] : NULL;
}

const struct np_reader *np_reader_unread(bool namespaced)
{
    static const struct np_reader unread[] = {REFUSED("", NULL, NULL, false, NULL),
                                              REFUSED("", NULL, NULL, true, NULL)};
    return &unread[namespaced];
}

static bool fits(const char *pattern, struct np_slice text)
{
    return !pattern || np_slice_is(text, pattern);
}

const struct np_reader *np_reader_find(struct np_slice api_version, struct np_slice kind)
{
    struct np_slice group = {"", 0}, version = api_version;
    const char *slash = api_version.len ? memchr(api_version.ptr, '/', api_version.len) : NULL;
    if (slash) {
        group = (struct np_slice){api_version.ptr, (size_t)(slash - api_version.ptr)};
        version = (struct np_slice){slash + 1, api_version.len - group.len - 1};
    }
    for (size_t i = 0; i < READERS; i++) {
        const struct np_reader *reader = &readers[i];
        if (np_slice_is(group, reader->group) && fits(reader->version, version) &&
            fits(reader->kind, kind)) {
            return reader;
        }
    }
    return NULL;
}

const char *np_reader_group_of(struct np_slice kind)
{
    static const struct {
        const char *kind, *serving;
    } served[] = {
        {"NetworkPolicy",                  "NetworkPolicy is networking.k8s.io/v1"                      },
        {"ClusterNetworkPolicy",           "ClusterNetworkPolicy is policy.networking.k8s.io/v1alpha2"  },
        {"AdminNetworkPolicy",             "AdminNetworkPolicy is policy.networking.k8s.io/v1alpha1"    },
        {"BaselineAdminNetworkPolicy",
         "BaselineAdminNetworkPolicy is policy.networking.k8s.io/v1alpha1"                              },
        {"CiliumNetworkPolicy",            "CiliumNetworkPolicy is cilium.io/v2"                        },
        {"CiliumClusterwideNetworkPolicy", "CiliumClusterwideNetworkPolicy is cilium.io/v2"             },
        {"CiliumCIDRGroup",                "CiliumCIDRGroup is cilium.io/v2"                            },
        {"AuthorizationPolicy",            "AuthorizationPolicy is security.istio.io/v1, not read yet"  },
        {"PeerAuthentication",             "PeerAuthentication is security.istio.io/v1, not read yet"   },
        {"RequestAuthentication",          "RequestAuthentication is security.istio.io/v1, not read yet"},
    };
    enum { SERVED = sizeof served / sizeof served[0] };
    const char *kinds[SERVED];
    for (size_t i = 0; i < SERVED; i++) {
        kinds[i] = served[i].kind;
    }
    const char *near = np_suggest(kind, kinds, SERVED);
    for (size_t i = 0; near && i < SERVED; i++) {
        if (near == served[i].kind) {
            return served[i].serving;
        }
    }
    return NULL;
}
