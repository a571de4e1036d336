/* SPDX-License-Identifier: Apache-2.0 */
/* Questions about what a rule says: random ones seldom meet a request, a name or a type. */
#include "differential/cilium_set.h"

#include <arpa/inet.h>

/* An element of the set; NULL: the dice found none. */
static const struct cil_element *pick_element(const struct cil *c, struct gen_random *r,
                                              const struct cil_policy **policy, unsigned *direction)
{
    for (unsigned tries = 0; tries < 8; tries++) {
        const struct cil_policy *p = &c->policies[gen_below(r, CIL_POLICIES)];
        if (!p->present) {
            continue;
        }
        const struct cil_rule *rule = &p->rules[gen_below(r, p->n_rules)];
        unsigned d = gen_below(r, CIL_DIRECTIONS), deny = gen_chance(r, 30);
        uint8_t n = rule->n[d][deny];
        if (n != CIL_LIST_ABSENT && n > 0) {
            *policy = p;
            *direction = d;
            return &rule->elements[d][deny][gen_below(r, n)];
        }
    }
    return NULL;
}

/* An end of the tuple becomes a pod of this namespace (CIL_SPACES: of any). */
static void aim_at_pod(const struct cil *c, struct gen_random *r, uint8_t space, bool source,
                       struct netpol_tuple *t)
{
    char text[40];
    for (unsigned tries = 0; tries < 8; tries++) {
        unsigned i = gen_below(r, CIL_PODS);
        const struct cil_pod *pod = &c->pods[i];
        bool has = t->family == 4 ? pod->four : pod->six;
        if (pod->present && has && (space == CIL_SPACES || pod->space == space)) {
            cil_pod_address(text, i, t->family);
            (void)inet_pton(t->family == 4 ? AF_INET : AF_INET6, text, source ? t->src : t->dst);
            return;
        }
    }
}

static void aim_at_port(struct gen_random *r, const struct cil_port *p, struct netpol_tuple *t)
{
    const struct cil_protocol *protocol = &cil_protocols[p->protocol];
    t->protocol = protocol->numbers[gen_below(r, 3)];
    t->icmp_type = t->icmp_code = 0;
    t->dst_port = t->src_port = 0;
    if (!protocol->ports) {
        return;
    }
    t->src_port = 40000;
    t->dst_port = p->first ? p->first : 80;
    if (p->name) {
        const struct cil_named_port *n = &cil_pod_ports[gen_below(r, CIL_POD_PORTS)];
        t->protocol = n->protocol;
        t->dst_port = n->port;
    } else if (p->last) {
        uint32_t at =
            gen_chance(r, 50) ? p->last : gen_below(r, p->last - p->first + 1u) + p->first;
        t->dst_port = (uint16_t)(at + (at < UINT16_MAX && gen_chance(r, 20)));
    }
}

void cil_aim(const struct cil *c, struct gen_random *r, struct cil_asked *out)
{
    const struct cil_policy *p = NULL;
    unsigned direction = CIL_INGRESS;
    const struct cil_element *e = pick_element(c, r, &p, &direction);
    if (!e) {
        return;
    }
    aim_at_pod(c, r, p->space, direction == CIL_EGRESS, &out->tuple);
    if (gen_chance(r, 40)) { /* the other end */
        aim_at_pod(c, r, gen_chance(r, 50) ? p->space : CIL_SPACES, direction == CIL_INGRESS,
                   &out->tuple);
    }
    if (e->n_ports) {
        const struct cil_ports *ports = &e->ports[gen_below(r, e->n_ports)];
        aim_at_port(r, &ports->ports[gen_below(r, ports->n_ports)], &out->tuple);
    } else if (e->n_icmps) {
        const struct cil_icmp *icmp = &e->icmps[gen_below(r, e->n_icmps)];
        out->tuple.protocol = out->tuple.family == 4 ? 1 : 58;
        out->tuple.icmp_type = icmp->type;
        out->tuple.src_port = out->tuple.dst_port = 0;
    }
}
