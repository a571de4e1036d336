/* SPDX-License-Identifier: Apache-2.0 */
/* Before anything is timed: are the answers right? */
#include "calico.h"
#include "compile/matcher.h"
#include "reference/reference.h"

#include <stdio.h>
#include <string.h>

static const struct netpol_part *part_of(const struct calico_run *run,
                                         const struct netpol_verdict *v)
{
    return run->workload.egress ? &v->egress : &v->ingress;
}

/* What passes is allowed by the namespace's profile; what no rule holds is denied by the tier. */
static bool is_right(const struct calico_run *run, uint32_t rule, const struct netpol_verdict *v)
{
    const struct calico_workload *w = &run->workload;
    const struct netpol_part *part = part_of(run, v);
    bool none = rule == w->n_rules, pass = !none && w->rules[rule].action == CALICO_PASS;
    bool allowed = pass || (!none && w->rules[rule].action == CALICO_ALLOW);
    return part->action == (allowed ? NETPOL_ALLOW : NETPOL_DENY) &&
           run->rules[part->rule] == (pass ? w->n_rules : rule);
}

static bool against_scan(const struct calico_run *run)
{
    enum { BATCH = 64 };
    const struct calico_workload *w = &run->workload;
    struct netpol_verdict batch[BATCH], single;
    size_t wrong = 0;
    for (size_t i = 0; i < w->n_trace; i++) {
        if (i % BATCH == 0) {
            size_t left = w->n_trace - i;
            netpol_eval_batch(run->view, run->tuples + i, batch, left < BATCH ? left : BATCH);
        }
        netpol_eval(run->view, run->tuples + i, &single);
        uint32_t rule = calico_linear(w, &w->trace[i]);
        if (!is_right(run, rule, &single) ||
            memcmp(&single, &batch[i % BATCH], sizeof single) != 0) {
            if (wrong++ == 0) {
                fprintf(stderr, "calico: flow %zu of %s: rule %u, says %u with action %d\n", i,
                        w->name, rule, run->rules[part_of(run, &single)->rule],
                        part_of(run, &single)->action);
            }
        }
    }
    return wrong == 0;
}

/* Ports that are not known, a pod whose address is not: what a rule then says is maybe. */
static void disguise(const struct calico_run *run, size_t how, struct netpol_tuple *t)
{
    uint64_t pod = netpol_view_find(run->view, "shop", "web-0");
    uint8_t *near = run->workload.egress ? t->src : t->dst;
    switch (how % 4) {
    case 1:
        t->flags = NETPOL_TUPLE_NO_PORTS;
        break;
    case 2:
        t->flags = run->workload.egress ? NETPOL_TUPLE_SRC_REF : NETPOL_TUPLE_DST_REF;
        *(run->workload.egress ? &t->src_ref : &t->dst_ref) = pod;
        memset(near, 0, sizeof t->src);
        break;
    case 3:
        t->flags = NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_SRC_NO_ADDRESS | NETPOL_TUPLE_DST_REF |
                   NETPOL_TUPLE_DST_NO_ADDRESS;
        t->src_ref = netpol_view_find(run->view, "shop", "web-1");
        t->dst_ref = pod;
        memset(t->src, 0, sizeof t->src);
        memset(t->dst, 0, sizeof t->dst);
        break;
    default:
        break;
    }
}

static bool against_definition(const struct calico_run *run, size_t asked)
{
    const struct np_model *model = np_whole_of(run->matcher)->model;
    size_t step = run->workload.n_trace / asked;
    for (size_t i = 0; i < 2 * asked; i++) {
        struct netpol_tuple t = run->tuples[i / 2 * step + i % 2];
        struct netpol_verdict got, want;
        disguise(run, i % 2 ? i / 2 : 0, &t);
        netpol_eval(run->view, &t, &got);
        np_reference_eval(model, &t, NULL, NULL, NULL, &want);
        want.generation = got.generation;
        if (memcmp(&got, &want, sizeof got) != 0) {
            fprintf(stderr,
                    "calico: question %zu of %s: says %d because of %u, should be %d because of "
                    "%u\n",
                    i, run->workload.name, part_of(run, &got)->action, part_of(run, &got)->rule,
                    part_of(run, &want)->action, part_of(run, &want)->rule);
            return false;
        }
    }
    return true;
}

bool calico_check(const struct calico_run *run, size_t asked)
{
    return against_scan(run) && against_definition(run, asked);
}
