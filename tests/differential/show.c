/* SPDX-License-Identifier: Apache-2.0 */
/* Models as text: one line for each thing there is, policies with their rules indented. */
#include "differential/show.h"

/* The name of a value that an enumeration starting at 0 has. */
#define NAMED(value, ...)                                        \
    name_of((size_t)(value), (const char *const[]){__VA_ARGS__}, \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char *name_of(size_t value, const char *const *names, size_t count)
{
    return value < count ? names[value] : "?";
}

static const char *text_of(np_str s)
{
    return s ? s->text : "-";
}

/* The names of the bits that are set, joined by '|'; "none". */
static void show_bits(FILE *out, unsigned bits, const char *const *names, size_t count)
{
    const char *gap = "";
    for (size_t i = 0; i < count; i++) {
        if (bits >> i & 1) {
            fprintf(out, "%s%s", gap, names[i]);
            gap = "|";
        }
    }
    if (!*gap) {
        fputs("none", out);
    }
}
#define BITS(out, bits, ...)                                 \
    show_bits(out, bits, (const char *const[]){__VA_ARGS__}, \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void show_address(FILE *out, const struct np_address *address)
{
    char text[46] = "-";
    if (address->family) {
        (void)np_address_format(address, text);
    }
    fputs(text, out);
}

static void show_prefixes(FILE *out, const struct np_prefix *prefixes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        char text[50];
        (void)np_prefix_format(&prefixes[i], text);
        fprintf(out, " %s", text);
    }
}

/* ---- conditions ---- */

static void show_term(FILE *out, const struct np_selector *s)
{
    fprintf(out, "%s%s %s", NAMED(s->scope, "", "namespace label ", "account label ", "field "),
            text_of(s->key),
            NAMED(s->term_op, "in", "not in", "exists", "absent", "prefix", "suffix", "contains"));
    for (uint32_t i = 0; i < s->count; i++) {
        fprintf(out, " %s", text_of(s->values[i]));
    }
}

/* Selectors of the generator are two deep. */
static void show_selector(FILE *out, const struct np_selector *s)
{
    if (s->op == NP_SELECT_TERM) {
        show_term(out, s);
        return;
    }
    fprintf(out, "%s(", NAMED(s->op, "all", "any", "not"));
    for (uint32_t i = 0; i < s->count; i++) {
        fputs(i ? ", " : "", out);
        if (s->kids[i]->op == NP_SELECT_TERM) {
            show_term(out, s->kids[i]);
        } else {
            fputs("...", out);
        }
    }
    fputc(')', out);
}

static void show_literal(FILE *out, const struct np_literal *l)
{
    fputs(NAMED(l->kind, "objects", "cidr", "node addresses", "fed set", "names", "reserved",
                "identity", "fact", "nothing"),
          out);
    if (l->kind == NP_LIT_OBJECTS) {
        fputc(' ', out);
        BITS(out, l->kinds, "pod", "host-net pod", "host endpoint", "network set", "node",
             "labelled range");
    }
    if (l->kind == NP_LIT_CIDR) {
        show_prefixes(out, &l->prefix, 1);
    }
    show_prefixes(out, l->prefixes, l->n_prefixes);
    if (l->domain) {
        fputs(" of ", out);
        BITS(out, l->domain, "pods", "nodes", "outside");
    }
    if (l->number) {
        fprintf(out, " %u", l->number);
    }
    for (uint32_t i = 0; i < l->n_patterns; i++) {
        fprintf(out, " %s '%s'",
                NAMED(l->patterns[i].kind, "is", "prefix", "suffix", "any", "has", "dns"),
                text_of(l->patterns[i].text));
    }
    if (l->selector) {
        fputc(' ', out);
        show_selector(out, l->selector);
    }
}

static void show_set(FILE *out, const char *what, const struct np_set *set)
{
    if (!set) {
        return;
    }
    fprintf(out, " %s {", what);
    for (uint32_t c = 0; c < set->count; c++) {
        fputs(c ? " OR " : "", out);
        if (set->clauses[c].count == 0) {
            fputs("everybody", out);
        }
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            fprintf(out, "%s%s", i ? " AND " : "", set->clauses[c].items[i].negative ? "NOT " : "");
            show_literal(out, set->clauses[c].items[i].literal);
        }
    }
    fputs(set->count ? "}" : "nobody}", out);
}

static void show_service(FILE *out, const char *what, const struct np_service *service)
{
    if (!service) {
        return;
    }
    fprintf(out, " %s%s(", what, service->complement ? " NOT " : " ");
    for (uint32_t i = 0; i < service->count; i++) {
        const struct np_port_span *s = &service->spans[i];
        fprintf(out, "%sprotocol %d", i ? ", " : "", s->protocol);
        if (s->ports) {
            fprintf(out, " %u-%u", s->first, s->last);
        }
        fputs(s->no_port ? " no-port" : "", out);
    }
    fputc(')', out);
}

static void show_portset(FILE *out, const char *what, const struct np_portset *portset)
{
    if (!portset) {
        return;
    }
    fprintf(out, " %s%s(", what, portset->complement ? " NOT " : " ");
    for (uint32_t i = 0; i < portset->count; i++) {
        const struct np_port_member *m = &portset->members[i];
        fprintf(out, "%s%sprotocol %d ", i ? ", " : "", m->excluded ? "not " : "", m->protocol);
        if (m->name) {
            fprintf(out, "named %s", m->name->text);
        } else if (m->endpoint) {
            fprintf(out, "endpoint %llu port %u", (unsigned long long)m->endpoint, m->port);
        } else {
            show_address(out, &m->address);
            fprintf(out, " port %u", m->port);
        }
    }
    fputc(')', out);
    show_service(out, "within", portset->within);
}

static void show_match(FILE *out, const struct np_match *m)
{
    fputs("        when", out);
    if (m->families != NP_FAMILY_ANY) {
        fputs(" family ", out);
        BITS(out, m->families, "4", "6");
    }
    if (m->relations != NP_REL_ANY) {
        fputs(" relation ", out);
        BITS(out, m->relations, "self", "own-node", "other");
    }
    if (m->routes != NP_ROUTE_ANY) {
        fputs(" route ", out);
        BITS(out, m->routes, "forwarded", "to-from-host");
    }
    if (m->listener) {
        fprintf(out, " listener %u", m->listener);
    }
    show_set(out, "near", m->near);
    show_set(out, "far", m->far);
    show_service(out, "ports", m->service);
    show_portset(out, "or ports", m->dst_ports);
    show_service(out, "source ports", m->src_service);
    show_portset(out, "or source ports", m->src_ports);
    fprintf(out, "%s%s\n", m->connection ? " sni" : "", m->request ? " request" : "");
}

/* ---- policies ---- */

static void show_rule(FILE *out, const struct np_rule *r)
{
    fprintf(out, "      %u: %s %s rank %lld index %u%s%s%s\n", r->number,
            r->direction == NP_INGRESS ? "in" : "out",
            NAMED(r->action, "DENY", "ALLOW", "PASS", "NOTE", "ASK"), (long long)r->rank, r->index,
            r->redirect_parser ? " redirect" : "", r->auth_mode ? " auth" : "",
            r->n_effects ? " effect" : "");
    for (uint32_t i = 0; i < r->n_alternatives; i++) {
        show_match(out, &r->alternatives[i]);
    }
}

static void show_policy(FILE *out, const struct np_policy *p, uint8_t d)
{
    fprintf(out, "    policy %s/%s%s order %g%s%s%s end %u", text_of(p->namespace_name),
            text_of(p->name), NAMED(p->state, "", " STAGED", " STAGED-DELETE", " DRY-RUN"),
            p->order, p->tie ? " tie " : "", p->tie ? p->tie->text : "",
            p->isolates[d] ? " isolates" : "", p->end_number[d]);
    show_set(out, "selects", p->subjects[d]);
    fputs(p->subjects[d] ? "\n" : " selects nobody here\n", out);
    for (uint32_t i = 0; i < p->n_rules[d]; i++) {
        show_rule(out, &p->rules[d][i]);
    }
}

static void show_tier(FILE *out, const struct np_tier *t, uint8_t d)
{
    fprintf(out, "   tier %s order %g %s end %s %s number %u\n", text_of(t->name), t->order,
            NAMED(t->rank_order, "listed", "by-verdict"), NAMED(t->end[d], "ALLOW", "DENY", "PASS"),
            NAMED(t->end_if, "always", "if-tier-isolated", "if-checkpoint-isolated"),
            t->end_number[d]);
    for (uint32_t i = 0; i < t->n_policies; i++) {
        show_policy(out, t->policies[i], d);
    }
}

static void show_checkpoint(FILE *out, const struct np_checkpoint *c)
{
    fprintf(out, "checkpoint %s %s %s", text_of(c->name), c->direction == NP_INGRESS ? "in" : "out",
            NAMED(c->mode, "enforce", "AUDIT", "OFF"));
    show_set(out, "of", c->subjects);
    fputc('\n', out);
    for (uint32_t s = 0; s < c->n_stages; s++) {
        const struct np_stage *stage = c->stages[s];
        fprintf(out, "  stage %s %s applies ", text_of(stage->name),
                stage->view == NP_PRE_NAT ? "pre-nat" : "post-nat");
        BITS(out, stage->applies, "forwarded", "to-from-host");
        fprintf(out, " on end %s number %u\n", NAMED(stage->on_end, "next", "ALLOW", "DENY"),
                stage->default_number);
        for (uint32_t t = 0; t < stage->n_tiers; t++) {
            show_tier(out, stage->tiers[t], c->direction);
        }
    }
}

/* ---- what there is ---- */

static void show_endpoint(FILE *out, const struct np_endpoint *e)
{
    fputs("endpoint ", out);
    BITS(out, e->kind, "pod", "host-net pod", "host endpoint", "network set", "node",
         "labelled range");
    fprintf(out, " %llu %s/%s node %s at", (unsigned long long)e->ref, text_of(e->namespace_name),
            text_of(e->name), text_of(e->node_name));
    show_prefixes(out, e->prefixes, e->n_prefixes);
    for (uint32_t i = 0; i < e->labels.count; i++) {
        fprintf(out, " %s=%s", e->labels.items[i].key->text, e->labels.items[i].value->text);
    }
    for (uint32_t i = 0; i < e->n_ports; i++) {
        fprintf(out, " port %s=%u/%u", e->ports[i].name->text, e->ports[i].protocol,
                e->ports[i].port);
    }
    fputs(e->service_account ? " account\n" : "\n", out);
}

static void show_inventory(FILE *out, const struct np_inventory *inv)
{
    enum { FEW = 40 };
    for (uint32_t i = 0; i < inv->n_endpoints && i < FEW; i++) {
        show_endpoint(out, inv->endpoints[i]);
    }
    for (uint32_t i = 0; i < inv->n_nodes && i < FEW; i++) {
        const struct np_node_info *n = inv->nodes[i];
        fprintf(out, "node %s%s at", text_of(n->name), n->synthesized ? " (not loaded)" : "");
        show_prefixes(out, n->addresses, n->n_addresses);
        fputc('\n', out);
    }
    if (inv->n_endpoints > FEW || inv->n_nodes > FEW) {
        fprintf(out, "... %u endpoints, %u nodes in all\n", inv->n_endpoints, inv->n_nodes);
    }
    for (uint32_t i = 0; i < inv->n_services; i++) {
        fprintf(out, "service %s at", text_of(inv->services[i]->name));
        show_prefixes(out, inv->services[i]->addresses, inv->services[i]->n_addresses);
        fputc('\n', out);
    }
    fputs("pod range", out);
    show_prefixes(out, inv->pod_cidrs, inv->n_pod_cidrs);
    fputc('\n', out);
}

void show_model(FILE *out, const struct np_model *model)
{
    static const struct {
        const char *name, *values;
        size_t at;
        uint8_t usual;
    } options[] = {
#define NP_OPTION(name, values, fallback, doc) \
    {#name, values, offsetof(struct np_options, name), fallback},
#include "model/options.def"
#undef NP_OPTION
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        uint8_t value = ((const uint8_t *)&model->options)[options[i].at];
        if (value != options[i].usual) {
            fprintf(out, "option %s is number %u of %s\n", options[i].name, value,
                    options[i].values);
        }
    }
    if (model->incomplete) {
        fputs("incomplete\n", out);
    }
    show_inventory(out, &model->inventory);
    for (uint32_t i = 0; i < model->n_checkpoints; i++) {
        show_checkpoint(out, model->checkpoints[i]);
    }
}

/* ---- question and answer ---- */

static void show_end(FILE *out, const uint8_t bytes[16], uint8_t family, bool by_ref, uint64_t ref,
                     bool none)
{
    struct np_address address = {.family = family};
    memcpy(address.bytes, bytes, 16);
    if (by_ref) {
        fprintf(out, "endpoint %llu ", (unsigned long long)ref);
    }
    if (none) {
        fputs("without address", out);
    } else if (family == NP_IPV4 || family == NP_IPV6) {
        show_address(out, &address);
    } else {
        fputs("-", out);
    }
}

void show_tuple(FILE *out, const struct netpol_tuple *t)
{
    fputs("from ", out);
    show_end(out, t->src, t->family, t->flags & NETPOL_TUPLE_SRC_REF, t->src_ref,
             t->flags & NETPOL_TUPLE_SRC_NO_ADDRESS);
    fputs(" to ", out);
    show_end(out, t->dst, t->family, t->flags & NETPOL_TUPLE_DST_REF, t->dst_ref,
             t->flags & NETPOL_TUPLE_DST_NO_ADDRESS);
    fprintf(out, " family %u protocol %u ports %u to %u icmp %u/%u flags", t->family, t->protocol,
            t->src_port, t->dst_port, t->icmp_type, t->icmp_code);
    fprintf(out, "%s%s (%x) reserved %u\n",
            t->flags & NETPOL_TUPLE_LATER_FRAGMENT ? " later-fragment" : "",
            t->flags & NETPOL_TUPLE_NO_PORTS ? " no-ports" : "", t->flags, t->reserved);
}

static void show_part(FILE *out, const char *name, const struct netpol_part *p)
{
    fprintf(out, "  %s %s by %u (%s) flags %x staged %u program %u\n", name,
            netpol_action_text(p->action), p->rule, netpol_reason_text(p->reason), p->flags,
            p->staged, p->program);
}

void show_verdict(FILE *out, const struct netpol_verdict *v)
{
    fprintf(out, "%s plane %u side %u flags %x missing %x\n", netpol_action_text(v->action),
            v->plane, v->side, v->flags, v->missing);
    show_part(out, "egress ", &v->egress);
    show_part(out, "ingress", &v->ingress);
    show_part(out, "mesh   ", &v->mesh);
}
