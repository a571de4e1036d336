/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workloads: the template stands for the pods. A workload with several pods has two
 * representatives, so that traffic from one of its pods to another is not taken for a pod's traffic
 * to itself.
 */
#include "dialect/core.h"

/* Scaled to nothing; what belongs to another workload (old ReplicaSets) is not worth a word. */
static void note_no_pods(struct np_decode *d, const struct np_core_workload_spec *spec,
                         const char *key, const struct np_core_pod *pod)
{
    if (spec->replicas.set && spec->replicas.value == 0 && pod->owner_kind.len == 0) {
        np_decode_report_in(d, NP_CODE_2308, spec->node, key,
                            "%s has no pods now; its template is analysed all the same",
                            d->object->label);
    }
}

static struct np_core_pod *pack_template(struct np_decode *d, const struct np_core_meta *owners,
                                         const struct np_core_workload_spec *spec)
{
    struct np_core_pod *pod =
        np_core_pack_pod(d, spec->template->metadata, owners, spec->template->spec, NULL);
    if (pod) {
        pod->several = spec->replicas.value > 1;
    }
    return pod;
}

static void *pack_replicated(struct np_decode *d, const void *decoded)
{
    const struct np_core_workload *workload = decoded;
    struct np_core_pod *pod = pack_template(d, workload->metadata, workload->spec);
    if (pod) {
        size_t mark = np_path_key(d, "spec");
        note_no_pods(d, workload->spec, "replicas", pod);
        np_path_end(d, mark);
    }
    return pod;
}

/* One pod on each node: as many as there are nodes, which one file rarely says. */
static void *pack_daemon_set(struct np_decode *d, const void *decoded)
{
    const struct np_core_workload *workload = decoded;
    struct np_core_pod *pod = pack_template(d, workload->metadata, workload->spec);
    if (pod) {
        pod->several = true;
    }
    return pod;
}

static void *pack_job(struct np_decode *d, const void *decoded)
{
    const struct np_core_workload *workload = decoded;
    struct np_core_pod *pod = pack_template(d, workload->metadata, workload->spec);
    if (pod) {
        size_t mark = np_path_key(d, "spec");
        note_no_pods(d, workload->spec, "parallelism", pod);
        np_path_end(d, mark);
    }
    return pod;
}

static void *pack_cron_job(struct np_decode *d, const void *decoded)
{
    const struct np_core_cron_job *cron = decoded;
    return pack_template(d, cron->metadata, cron->spec->job->spec);
}

int np_core_replicated_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_replicated_shape, root, pack_replicated);
}

int np_core_daemon_set_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_daemon_set_shape, root, pack_daemon_set);
}

int np_core_job_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_job_shape, root, pack_job);
}

int np_core_cron_job_decode(struct np_decode *d, const struct np_node *root)
{
    return np_core_decode(d, &np_core_cron_job_shape, root, pack_cron_job);
}

int np_core_workload_lower(struct np_lower *l)
{
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    struct np_build *b = l->build;
    const struct np_core_pod *pod = l->object->spec;
    const char *kind = l->object->reader->kind;
    np_str space = np_build_str(b, l->object->namespace_name);
    np_str name = np_build_str(b, l->object->name);
    if (pod->owner_kind.len) {
        np_build_owner(b, kind, space, name, pod->owner_kind.ptr, np_build_str(b, pod->owner_name));
    }
    for (unsigned sibling = 0; sibling < (pod->several ? 2u : 1u); sibling++) {
        struct np_endpoint *endpoint = np_build_representative(b, kind, space, name);
        np_core_fill(l, endpoint, pod);
        if (endpoint) {
            endpoint->sibling = (uint8_t)sibling;
            endpoint->ref = l->object->ref ? l->object->ref + sibling : 0;
        }
    }
    return np_core_status(l);
}
