# SPDX-License-Identifier: Apache-2.0
netpol_room(
    dialect
    cidr.c
    cluster_network_policy.c
    cluster_network_policy_lower.c
    decode.c
    kubernetes.c
    kubernetes_lower.c
    label_selector.c
    lower.c
    meta.c
    object.c
    priorities.c
    readers.c
    report.c
    syntax.c)
