/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_BENCHMARKS_CLUSTER_H
#define NETPOL_BENCHMARKS_CLUSTER_H
/*
 * A cluster as `kubectl get -o yaml|json` prints it, of any size, the same for the same numbers.
 *
 * The shape is what makes loading and classing hard in real clusters: few label sets, but a
 * pod-template-hash per ReplicaSet and a pod-name label on every tenth pod, so that almost no two
 * pods have equal labels; policies that select the label sets.
 */
#include <stddef.h>

struct bench_cluster {
    unsigned pods, label_sets, replicas /* pods of one ReplicaSet */, policies;
};
/* The cluster of the load benchmark: 10,000 pods in 200 label sets, 2,000 policies. */
#define BENCH_CLUSTER_10K                                                  \
    (struct bench_cluster)                                                 \
    {                                                                      \
        .pods = 10000, .label_sets = 200, .replicas = 10, .policies = 2000 \
    }

/* Many YAML documents; malloc'ed, the caller frees; NULL: no memory. */
char *bench_cluster_yaml(const struct bench_cluster *cluster, size_t *size);
/* One JSON List of the same objects, indented as kubectl does. */
char *bench_cluster_json(const struct bench_cluster *cluster, size_t *size);
#endif
