/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what was met. */
#include "differential/coverage.h"
#include "image/image.h"
#include "model/build.h"

static void add(struct coverage *c, enum coverage_group group, unsigned item)
{
    if (item < COVER_ITEMS) {
        c->seen[group][item]++;
    }
}

/* Bit `item` if `is`. */
static unsigned bit(bool is, unsigned item)
{
    return (unsigned)is << item;
}

static void add_bits(struct coverage *c, enum coverage_group group, unsigned bits)
{
    for (unsigned i = 0; i < COVER_ITEMS; i++) {
        c->seen[group][i] += bits >> i & 1;
    }
}

/* ---- rules that matched ---- */

static void of_selector(struct coverage *c, const struct np_selector *s)
{
    add(c, COVER_SELECT, s->op);
    if (s->op == NP_SELECT_TERM) {
        add(c, COVER_SCOPE, s->scope);
        add(c, COVER_TERM, s->term_op);
        return;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->kids[i]->op == NP_SELECT_TERM) {
            of_selector(c, s->kids[i]);
        }
    }
}

static void of_set(struct coverage *c, const struct np_set *set)
{
    enum { EVERYBODY, ONE, SEVERAL, LITERALS, EXCEPT };
    if (!set) {
        return;
    }
    add(c, COVER_SET, set->count > 1 ? SEVERAL : ONE);
    for (uint32_t k = 0; k < set->count; k++) {
        const struct np_clause *clause = &set->clauses[k];
        unsigned positive = 0, negative = 0;
        add(c, COVER_SET, clause->count == 0 ? EVERYBODY : clause->count > 1 ? LITERALS : ONE);
        for (uint32_t i = 0; i < clause->count; i++) {
            const struct np_literal *l = clause->items[i].literal;
            add(c, clause->items[i].negative ? COVER_NEGATIVE : COVER_LITERAL, l->kind);
            if (l->kind == NP_LIT_CIDR) {
                add(c, COVER_DOMAIN, l->domain - 1u);
                *(clause->items[i].negative ? &negative : &positive) = 1;
            } else if (l->kind == NP_LIT_OBJECTS) {
                add_bits(c, COVER_KIND, l->kinds);
                of_selector(c, l->selector);
            }
        }
        if (positive && negative) {
            add(c, COVER_SET, EXCEPT);
        }
    }
}

static void of_service(struct coverage *c, const struct np_service *s)
{
    enum { COMPLEMENT, NO_PORT, ANY_PROTOCOL, SEVERAL, NOTHING, ICMP };
    if (!s) {
        return;
    }
    unsigned bits =
        bit(s->complement, COMPLEMENT) | bit(s->count > 1, SEVERAL) | bit(s->count == 0, NOTHING);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct np_port_span *span = &s->spans[i];
        bits |= bit(span->no_port, NO_PORT) | bit(span->protocol < 0, ANY_PROTOCOL) |
                bit(span->protocol == 1 || span->protocol == 58, ICMP);
    }
    add_bits(c, COVER_SERVICE, bits);
}

static void of_portset(struct coverage *c, const struct np_portset *p)
{
    enum { NAME, ENDPOINT, ADDRESS, COMPLEMENT, EXCLUDED, WITHIN };
    for (uint32_t i = 0; p && i < p->count; i++) {
        const struct np_port_member *m = &p->members[i];
        add(c, COVER_MEMBER, m->name ? NAME : m->endpoint ? ENDPOINT : ADDRESS);
        if (p->complement) {
            add(c, COVER_MEMBER, COMPLEMENT);
        }
        if (m->excluded) {
            add(c, COVER_MEMBER, EXCLUDED);
        }
        if (p->within) {
            add(c, COVER_MEMBER, WITHIN);
        }
    }
}

static void of_match(struct coverage *c, const struct np_match *m)
{
    static const uint8_t relation_items[] = {[NP_REL_SELF] = 0,
                                             [NP_REL_OWN_NODE] = 1,
                                             [NP_REL_SELF | NP_REL_OWN_NODE] = 2,
                                             [NP_REL_OTHER] = 3,
                                             [NP_REL_ANY] = 4};
    const bool axes[] = {
        m->near,        m->far,       m->service,    m->dst_ports, m->service && m->dst_ports,
        m->src_service, m->src_ports, m->connection, m->request};
    unsigned bits = 0;
    for (unsigned i = 0; i < sizeof axes / sizeof *axes; i++) {
        bits |= bit(axes[i], i);
    }
    add_bits(c, COVER_AXIS, bits ? bits : 1u << sizeof axes / sizeof *axes);
    of_set(c, m->near);
    of_set(c, m->far);
    of_service(c, m->service);
    of_service(c, m->src_service);
    of_portset(c, m->dst_ports);
    of_portset(c, m->src_ports);
    add(c, COVER_FAMILIES, m->families - 1u);
    add(c, COVER_RELATIONS, relation_items[m->relations]);
    add(c, COVER_ROUTES, m->routes - 1u);
    add(c, COVER_LISTENER, m->listener);
}

static void of_rule(struct coverage *c, const struct np_trace_step *s)
{
    static const char *const stages[] = {"untracked", "preDNAT", "forward", "normal"};
    const struct np_rule *rule = s->rule;
    of_match(c, &rule->alternatives[s->alternative]);
    add(c, COVER_ACTION, rule->action);
    add(c, COVER_ALTERNATIVE, s->alternative);
    add(c, COVER_CHECKPOINT, s->checkpoint->kind);
    add(c, COVER_RANK, s->tier->rank_order);
    for (unsigned i = 0; i < 4 && s->checkpoint->kind == NP_CHECK_HOST; i++) {
        if (np_slice_is(np_str_slice(s->stage->name), stages[i])) {
            add(c, COVER_STAGE, i);
        }
    }
}

static void take_step(void *user, const struct np_trace_step *s)
{
    struct coverage *c = user;
    bool rule = s->kind == NETPOL_STEP_RULE || s->kind == NETPOL_STEP_NOTE;
    if (rule && s->reached) {
        add(c, COVER_TRUTH, np_is_maybe(s->truth) ? 2 : s->truth);
        if (s->truth != NP_NO && s->rule->n_alternatives) {
            of_rule(c, s);
        }
    } else if (s->kind == NETPOL_STEP_TIER_END && s->reached) {
        add(c, COVER_END, s->tier->end[s->checkpoint->direction] * 3u + s->tier->end_if);
    } else if (s->kind == NETPOL_STEP_CHECKPOINT) {
        add(c, COVER_MODE, s->checkpoint->mode);
    }
}

/* ---- tuples ---- */

static void of_named(struct coverage *c, const struct np_model *model, bool by_ref, uint64_t ref,
                     bool no_address, const uint8_t bytes[16])
{
    enum { ADDRESS, REFERENCE, BOTH, NOTHING, UNKNOWN };
    static const uint8_t none[16] = {0};
    if (!by_ref) {
        add(c, COVER_NAMED, no_address ? NOTHING : ADDRESS);
    } else if (!np_inventory_endpoint(&model->inventory, ref)) {
        add(c, COVER_NAMED, UNKNOWN);
    } else {
        add(c, COVER_NAMED, no_address || !memcmp(bytes, none, 16) ? REFERENCE : BOTH);
    }
}

static void of_tuple(struct coverage *c, const struct np_model *model, const struct netpol_tuple *t)
{
    enum { PORTS, FRAGMENT, NOT_GIVEN, ICMP, ICMPV6, NONE, NO_SOURCE };
    struct np_address src = {.family = t->family};
    memcpy(src.bytes, t->src, 16);
    of_named(c, model, t->flags & NETPOL_TUPLE_SRC_REF, t->src_ref,
             t->flags & NETPOL_TUPLE_SRC_NO_ADDRESS, t->src);
    of_named(c, model, t->flags & NETPOL_TUPLE_DST_REF, t->dst_ref,
             t->flags & NETPOL_TUPLE_DST_NO_ADDRESS, t->dst);
    add(c, COVER_FAMILY,
        t->family == 0               ? 0
        : t->family == NP_IPV4       ? 1
        : np_address_is_mapped(&src) ? 3
                                     : 2);
    add(c, COVER_PORT,
        t->flags & NETPOL_TUPLE_LATER_FRAGMENT                        ? FRAGMENT
        : t->flags & NETPOL_TUPLE_NO_PORTS                            ? NOT_GIVEN
        : t->protocol == 1                                            ? ICMP
        : t->protocol == 58                                           ? ICMPV6
        : t->protocol == 6 || t->protocol == 17 || t->protocol == 132 ? PORTS
                                                                      : NONE);
    if (t->src_port == 0) {
        add(c, COVER_PORT, NO_SOURCE);
    }
}

/* Asked about by name, so that this knows no more of relations than what the two ends say. */
static void of_relation(struct coverage *c, const struct np_hop *hop, const struct np_model *model)
{
    static const struct np_service tcp = {.complement = true};
    np_truth is[NP_RELATIONS] = {0};
    static const uint8_t masks[] = {NP_REL_OTHER, NP_REL_SELF, NP_REL_OWN_NODE};
    const char *axis;
    if (model->n_checkpoints == 0) {
        return;
    }
    const struct np_checkpoint *checkpoint = model->checkpoints[0];
    for (unsigned i = 0; i < 3; i++) {
        struct np_match match = {.families = NP_FAMILY_ANY,
                                 .relations = masks[i],
                                 .routes = NP_ROUTE_ANY,
                                 .service = &tcp};
        is[i] = np_reference_match(model, &match, hop, checkpoint, checkpoint->stages[0], &axis);
        if (is[i] == NP_YES) {
            add(c, COVER_RELATION, i);
        }
    }
    if (np_is_maybe(is[0])) {
        add(c, COVER_RELATION,
            is[0] & NP_FACT_NODE               ? NP_RELATION_MAYBE_NODE
            : is[0] & NP_FACT_UNLEARNT_ADDRESS ? NP_RELATION_MAYBE_UNLEARNT
                                               : NP_RELATION_MAYBE_TRANSLATED);
    }
}

struct walk {
    struct coverage *c;
    const struct np_model *model;
    bool told;
};

static void take(void *user, const struct np_trace_step *step)
{
    struct walk *walk = user;
    if (!walk->told) {
        of_relation(walk->c, step->hop, walk->model);
        walk->told = true;
    }
    take_step(walk->c, step);
}

void coverage_question(struct coverage *c, const struct np_model *model,
                       const struct netpol_tuple *tuple)
{
    enum { REFUSED = 4 };
    struct walk walk = {c, model, false};
    const struct np_trace trace = {&walk, take};
    struct netpol_verdict v;
    np_reference_eval(model, tuple, NULL, NULL, &trace, &v);
    of_tuple(c, model, tuple);
    if (v.egress.reason == NETPOL_REASON_INVALID) {
        add(c, COVER_FAMILY, REFUSED);
    }
}

/* ---- verdicts ---- */

static void of_part(struct coverage *c, const struct np_model *model, enum coverage_group group,
                    const struct netpol_part *part)
{
    add(c, group, part->action);
    add_bits(c, COVER_FLAG, part->flags);
    bool named = part->rule && part->rule < model->n_decisions;
    add(c, COVER_STAGED, part->staged != 0);
    add(c, COVER_DECIDED, named ? 1u + model->decisions[part->rule].kind : 0);
}

void coverage_verdict(struct coverage *c, const struct np_model *model,
                      const struct netpol_verdict *v)
{
    of_part(c, model, COVER_EGRESS, &v->egress);
    of_part(c, model, COVER_INGRESS, &v->ingress);
    of_part(c, model, COVER_MESH, &v->mesh);
    add_bits(c, COVER_MISSING, v->missing / NP_FACT_POD_ADDRESS);
}

/* ---- sets ---- */

static void of_endpoint(struct coverage *c, const struct np_inventory *inv,
                        const struct np_endpoint *e)
{
    enum { DUAL, SIX_FIRST, SHARED, HOST_NET, NO_ADDRESS, NO_NODE, UNLOADED, SERVICE, HOST };
    if (e->kind == NP_OBJ_HOST_NET_WORKLOAD) {
        add(c, COVER_THING, HOST_NET);
    } else if (e->kind == NP_OBJ_HOST_ENDPOINT) {
        add(c, COVER_THING, HOST);
    } else if (e->kind == NP_OBJ_WORKLOAD) {
        const struct np_endpoint *covering[8];
        uint32_t count =
            e->n_prefixes ? np_inventory_covering(inv, &e->prefixes[0].address, covering, 8) : 0;
        uint32_t owners = 0;
        for (uint32_t i = 0; i < count && i < 8; i++) {
            owners += covering[i]->kind == NP_OBJ_WORKLOAD;
        }
        bool six_first = e->n_prefixes == 2 && e->prefixes[0].address.family == NP_IPV6;
        add_bits(c, COVER_THING,
                 bit(e->n_prefixes == 2, DUAL) | bit(six_first, SIX_FIRST) |
                     bit(owners > 1, SHARED) | bit(e->n_prefixes == 0, NO_ADDRESS) |
                     bit(!e->node_name, NO_NODE));
    }
}

static void of_options(struct coverage *c, const struct np_options *o)
{
    const bool set[] = {
        o->host_network == 1,   o->unknown_pod_ip == 1,  o->unlearnt_pod_address == 1,
        o->shared_address == 1, o->service_address == 1, o->mapped_v6 == 1,
        o->header_reading == 1, o->header_reading == 2,  o->sni_http_join == 1,
        o->staged == 1,         o->plain_allow == 1};
    for (unsigned i = 0; i < sizeof set / sizeof *set; i++) {
        c->seen[COVER_OPTION][i] += set[i];
    }
}

static bool selects_nobody(const struct np_set *set)
{
    return set &&
           (set->count == 0 || (set->clauses[0].count == 1 && !set->clauses[0].items[0].negative &&
                                set->clauses[0].items[0].literal->kind == NP_LIT_NOTHING));
}

static void of_subjects(struct coverage *c, enum coverage_group group, const struct np_set *set)
{
    for (uint32_t k = 0; set && k < set->count; k++) {
        for (uint32_t i = 0; i < set->clauses[k].count; i++) {
            add(c, group, set->clauses[k].items[i].literal->kind);
        }
    }
}

void coverage_model(struct coverage *c, const struct np_model *model)
{
    enum { UNLOADED = 6, SERVICE, HOST, CROWD, NOBODY, STAGED, TIE };
    const struct np_inventory *inv = &model->inventory;
    for (uint32_t i = 0; i < inv->n_endpoints; i++) {
        of_endpoint(c, inv, inv->endpoints[i]);
    }
    for (uint32_t i = 0; i < inv->n_nodes; i++) {
        if (inv->nodes[i]->synthesized) {
            add(c, COVER_THING, UNLOADED);
        }
    }
    add_bits(c, COVER_THING,
             bit(inv->n_services > 0, SERVICE) | bit(inv->n_nodes >= 1000, CROWD) |
                 bit(model->staged, STAGED));
    for (uint32_t i = 1; i < model->n_decisions; i++) {
        const struct np_decision *d = &model->decisions[i];
        if (d->kind == NP_DECIDED_ISOLATION && selects_nobody(d->policy->subjects[d->direction])) {
            add(c, COVER_THING, NOBODY);
        }
        if (d->kind == NP_DECIDED_ISOLATION) {
            of_subjects(c, COVER_SUBJECT, d->policy->subjects[d->direction]);
        }
        if (d->kind == NP_DECIDED_ISOLATION && d->policy->tie) {
            add(c, COVER_THING, TIE);
        }
    }
    for (uint32_t i = 0; i < model->n_checkpoints; i++) {
        of_subjects(c, COVER_CHECKED, model->checkpoints[i]->subjects);
    }
    of_options(c, &model->options);
}

/* ---- the report ---- */

unsigned coverage_report(const struct coverage *c, FILE *out)
{
    static const struct {
        const char *what;
        const char *names[COVER_ITEMS];
    } groups[] = {
#define NP_COVER(group, what, ...) {what, {__VA_ARGS__}},
#include "differential/coverage.def"
#undef NP_COVER
    };
    unsigned missed = 0;
    for (unsigned g = 0; g < COVER_GROUPS; g++) {
        fprintf(out, "%s:", groups[g].what);
        for (unsigned i = 0; i < COVER_ITEMS && groups[g].names[i]; i++) {
            unsigned long long seen = c->seen[g][i];
            fprintf(out, "%s %s %llu", i ? "," : "", groups[g].names[i], seen);
            if (seen == 0 && strcmp(groups[g].names[i], "-") != 0) {
                fputs(" NEVER", out);
                missed++;
            }
        }
        fputc('\n', out);
    }
    return missed;
}
