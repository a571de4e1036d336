/* SPDX-License-Identifier: Apache-2.0 */
/* Building a drawn set into a model, with one difference. */
#include "differential/generator.h"

/* ---- addresses ---- */

static const uint8_t pool[GEN_ENDS][4] = {
    {10,  0,   0, 1 },
    {10,  0,   0, 2 },
    {10,  0,   0, 3 },
    {10,  0,   0, 4 },
    {10,  0,   0, 5 },
    {10,  0,   0, 6 },
    {192, 168, 0, 1 },
    {192, 168, 0, 2 },
    {10,  0,   0, 77},
    {8,   8,   8, 8 },
    {10,  1,   2, 3 }
};

/* IPv6: the same four bytes at the end of fd00::/96. */
static struct np_address address_at(const uint8_t four[4], bool six)
{
    struct np_address address = {.family = six ? NP_IPV6 : NP_IPV4};
    if (six) {
        address.bytes[0] = 0xfd;
    }
    memcpy(address.bytes + (six ? 12 : 0), four, 4);
    return address;
}

static struct np_prefix prefix_at(const uint8_t four[4], unsigned bits, bool six)
{
    uint32_t mask = bits ? ~0u << (32 - bits) : 0;
    uint8_t cut[4];
    for (int i = 0; i < 4; i++) {
        cut[i] = four[i] & (uint8_t)(mask >> (24 - 8 * i));
    }
    return (struct np_prefix){address_at(cut, six), (uint8_t)(bits + (six ? 96 : 0))};
}

/* ---- building ---- */

struct builder {
    struct np_build *b;
    const struct gen *g;
    const struct gen_tweak *tweak;
    struct gen_random order;
    struct np_tier *tiers[GEN_TIERS];
};

/* 0..n-1, n at most GEN_POLICIES, in an order of its own. */
static void permute(struct builder *x, uint8_t *items, uint8_t n)
{
    for (uint8_t i = 0; i < n && i < GEN_POLICIES; i++) {
        items[i] = i;
    }
    for (uint8_t i = n; x->tweak->shuffle && i > 1; i--) {
        uint8_t j = (uint8_t)gen_below(&x->order, i);
        uint8_t swap = items[i - 1];
        items[i - 1] = items[j];
        items[j] = swap;
    }
}

static np_str keyed(struct builder *x, const char *what, unsigned number)
{
    return np_build_format(x->b, "%s%u", what, number);
}

static np_str node_name(struct builder *x, unsigned number)
{
    return keyed(x, "node", x->tweak->swap_nodes ? GEN_NODES - 1 - number : number);
}

static const struct np_prefix *one_prefix(struct builder *x, struct np_prefix prefix)
{
    return np_build_prefixes(x->b, &prefix, 1);
}

static void build_pod(struct builder *x, uint8_t i, const struct gen_endpoint *e)
{
    struct np_endpoint *pod = np_build_endpoint(x->b, keyed(x, "ns", e->space), keyed(x, "pod", i));
    struct np_label labels[GEN_KEYS];
    uint32_t count = 0;
    if (!pod) {
        return;
    }
    for (unsigned k = 0; k < GEN_KEYS; k++) {
        if (e->labels[k] < GEN_VALUES) {
            labels[count++] = (struct np_label){keyed(x, "k", k), keyed(x, "v", e->labels[k])};
        }
    }
    (void)np_build_namespace(x->b, keyed(x, "ns", e->space));
    pod->ref = i + 1u;
    pod->labels = np_build_labels(x->b, labels, count);
    if (e->node < GEN_NODES || x->tweak->complete) {
        pod->node_name = node_name(x, e->node < GEN_NODES ? e->node : i % GEN_NODES);
    }
    if (e->address || x->tweak->complete) {
        uint8_t four[4];
        memcpy(four, i < GEN_ENDS ? pool[i] : pool[GEN_END_UNLEARNT], 4);
        pod->prefixes = one_prefix(x, prefix_at(four, 32, x->tweak->six));
        pod->n_prefixes = 1;
    }
    struct np_named_port *port = np_arena_alloc(np_build_arena(x->b), sizeof *port);
    if (e->port && port) {
        *port = (struct np_named_port){np_build_text(x->b, "web"), 6, e->port};
        pod->ports = port;
        pod->n_ports = 1;
    }
}

static void build_inventory(struct builder *x)
{
    const struct gen *g = x->g;
    bool six = x->tweak->six;
    uint8_t order[GEN_ENDPOINTS];
    permute(x, order, GEN_ENDPOINTS);
    for (int i = 0; i < GEN_ENDPOINTS; i++) {
        build_pod(x, order[i], &g->endpoints[order[i]]);
    }
    if (x->tweak->learn) {
        struct gen_endpoint e = {
            .address = true, .labels = {0, 1}
        };
        build_pod(x, GEN_END_UNLEARNT, &e);
    }
    for (unsigned i = 0; i < GEN_NODES; i++) {
        struct np_node_info *node = np_build_node(x->b, node_name(x, i));
        if (node) {
            node->addresses = one_prefix(x, prefix_at(pool[GEN_END_NODE + i], 32, six));
            node->n_addresses = 1;
        }
        if (g->host && i == 0) {
            struct np_endpoint *host = np_build_endpoint(x->b, NULL, np_build_text(x->b, "host"));
            if (host) {
                host->kind = NP_OBJ_HOST_ENDPOINT;
                host->ref = 100;
                host->node_name = node_name(x, i);
                host->prefixes = one_prefix(x, prefix_at(pool[GEN_END_NODE + i], 32, six));
                host->n_prefixes = 1;
            }
        }
    }
    for (unsigned i = 0; i < GEN_SETS; i++) {
        struct np_endpoint *set = np_build_endpoint(x->b, NULL, keyed(x, "set", i));
        struct np_label label = {keyed(x, "k", 0), keyed(x, "v", g->set_labels[i])};
        if (set) {
            set->kind = NP_OBJ_NETWORK_SET;
            set->ref = 200 + i;
            set->labels = np_build_labels(x->b, &label, 1);
            set->prefixes =
                one_prefix(x, prefix_at(pool[GEN_END_OUTSIDE + 1], g->set_bits[i], six));
            set->n_prefixes = 1;
        }
    }
    np_build_pod_range(x->b, prefix_at(pool[0], 24, six));
}

/* ---- conditions ---- */

static const struct np_literal *build_objects(struct builder *x, const struct gen_literal *l)
{
    np_str value = keyed(x, l->key == GEN_KEYS ? "ns" : "v", l->value);
    bool of_space = l->key == GEN_KEYS;
    bool has_values = l->op == NP_OP_IN || l->op == NP_OP_NOT_IN;
    const struct np_selector *term =
        np_build_term(x->b, of_space ? NP_SCOPE_FIELD : NP_SCOPE_OBJECT,
                      of_space ? np_build_text(x->b, "namespace") : keyed(x, "k", l->key),
                      (enum np_term_op)l->op, &value, has_values ? 1 : 0);
    return np_build_objects(x->b, l->kinds, term);
}

static const struct np_literal *build_fact(struct builder *x)
{
    struct np_literal fact = {.kind = NP_LIT_FACT, .number = NP_FACT_UNREADABLE};
    if (x->tweak->resolve == 1) {
        fact.kind = NP_LIT_NOTHING;
    }
    return np_build_literal(x->b, &fact);
}

static const struct np_literal *build_literal(struct builder *x, const struct gen_literal *l)
{
    static const char *const patterns[] = {"a.example", "b.example"};
    struct np_pattern pattern = {.kind = NP_PATTERN_EXACT,
                                 .text = np_build_text(x->b, patterns[l->name])};
    struct np_literal other = {.kind = l->kind,
                               .number = l->number,
                               .domain = l->domain,
                               .patterns = &pattern,
                               .n_patterns = 1};
    switch (l->kind) {
    case NP_LIT_OBJECTS:
        return build_objects(x, l);
    case NP_LIT_CIDR:
        return np_build_cidr(x->b, prefix_at(pool[l->address], l->bits, x->tweak->six), l->domain);
    case NP_LIT_NODE_ADDRS:
        return np_build_node_addrs(x->b, np_build_select(x->b, NP_SELECT_ALL, NULL, 0), l->domain);
    case NP_LIT_FACT:
        return build_fact(x);
    default:
        return np_build_literal(x->b, &other);
    }
}

/* One literal into the clause at hand: a condition that always holds is left out of it. */
static void add_literal(struct builder *x, struct np_set_build *s, const struct gen_literal *l)
{
    bool always = l->kind == NP_LIT_FACT && x->tweak->resolve == 2;
    if (always) { /* not (nothing) */
        struct np_literal nothing = {.kind = NP_LIT_NOTHING};
        np_set_literal(s, np_build_literal(x->b, &nothing), !l->negative);
        return;
    }
    np_set_literal(s, build_literal(x, l), l->negative);
    if (l->kind == NP_LIT_CIDR && l->except_bits && !l->negative) {
        struct gen_literal e = *l;
        e.bits = l->except_bits;
        np_set_literal(s, build_literal(x, &e), true);
    }
}

/* A prefix as its two halves, a clause each; `except` stays with both. */
static bool split_prefix(struct builder *x, struct np_set_build *s, const struct gen_literal *l)
{
    if (!x->tweak->split || l->kind != NP_LIT_CIDR || l->negative || l->bits >= 32) {
        return false;
    }
    for (unsigned half = 0; half < 2; half++) {
        uint8_t four[4];
        memcpy(four, pool[l->address], 4);
        uint8_t bit = (uint8_t)(0x80 >> l->bits % 8);
        four[l->bits / 8] = (uint8_t)(half ? four[l->bits / 8] | bit : four[l->bits / 8] & ~bit);
        np_set_clause(s);
        np_set_literal(
            s, np_build_cidr(x->b, prefix_at(four, l->bits + 1u, x->tweak->six), l->domain), false);
        if (l->except_bits) {
            struct gen_literal e = *l;
            e.bits = l->except_bits;
            np_set_literal(s, build_literal(x, &e), true);
        }
    }
    return true;
}

static const struct np_set *build_set(struct builder *x, const struct gen_set *set)
{
    if (!set->present) {
        return NULL;
    }
    struct np_set_build *s = np_build_set(x->b);
    for (uint8_t i = 0; i < set->count; i++) {
        if (!set->all && split_prefix(x, s, &set->items[i])) {
            continue;
        }
        if (!set->all || i == 0) {
            np_set_clause(s);
        }
        add_literal(x, s, &set->items[i]);
    }
    return np_set_done(s);
}

static const struct np_service *build_ports(struct builder *x, const struct gen_ports *ports)
{
    struct np_port_span spans[2];
    uint32_t count = 1;
    if (!ports->present) {
        return NULL;
    }
    spans[0] =
        (struct np_port_span){ports->protocol, true, ports->no_port, ports->first, ports->last};
    if (x->tweak->split && ports->first < ports->last) {
        uint16_t middle = (uint16_t)((ports->first + ports->last) / 2);
        spans[0].last = middle;
        spans[1] = (struct np_port_span){ports->protocol, true, false, (uint16_t)(middle + 1),
                                         ports->last};
        count = 2;
    }
    return np_build_service(x->b, spans, count, ports->complement);
}

static const struct np_expr *build_atom(struct builder *x, const struct gen_atom *a)
{
    static const char *const values[][2] = {
        {"0",         "1"        },
        {"GET",       "POST"     },
        {"/a",        "/b"       },
        {"a.example", "b.example"}
    };
    unsigned row = a->view == NP_VIEW_METHOD                                     ? 1
                   : a->view == NP_VIEW_PATH_ISTIO                               ? 2
                   : a->view == NP_VIEW_HEADER || a->view == NP_VIEW_KAFKA_TOPIC ? 0
                                                                                 : 3;
    struct np_expr expr = {.op = NP_EXPR_ATOM,
                           .view = a->view,
                           .absent = a->absent,
                           .name = np_build_text(x->b, "X-A")};
    expr.pattern.kind = a->view == NP_VIEW_MTLS ? NP_PATTERN_PRESENT : NP_PATTERN_EXACT;
    expr.pattern.text = np_build_text(x->b, values[row][a->value]);
    const struct np_expr *atom = np_build_expr(x->b, &expr);
    const struct np_expr *kids[] = {atom};
    struct np_expr negated = {.op = NP_EXPR_NOT, .kids = kids, .count = 1};
    return a->negative ? np_build_expr(x->b, &negated) : atom;
}

static const struct np_expr *build_expr(struct builder *x, const struct gen_expr *expr)
{
    const struct np_expr *kids[2];
    if (expr->count == 0) {
        return NULL;
    }
    for (uint8_t i = 0; i < expr->count; i++) {
        kids[i] = build_atom(x, &expr->atoms[i]);
    }
    struct np_expr joined = {
        .op = expr->all ? NP_EXPR_ALL : NP_EXPR_ANY, .kids = kids, .count = expr->count};
    return np_build_expr(x->b, &joined);
}

/* ---- policies ---- */

static void build_alt(struct builder *x, struct np_rule *rule, const struct gen_match *m)
{
    struct np_match *match = np_build_alt(x->b, rule);
    if (!match) {
        return;
    }
    struct np_port_member web = {.name = np_build_text(x->b, "web"), .protocol = 6};
    match->families = x->tweak->six && m->families == NP_FAMILY_4 ? NP_FAMILY_6 : m->families;
    match->relations = m->relations;
    match->listener = m->listener;
    match->near = build_set(x, &m->near);
    match->far = build_set(x, &m->far);
    match->service = build_ports(x, &m->service);
    match->src_service = build_ports(x, &m->source);
    match->dst_ports = m->port_name ? np_build_portset(x->b, &web, 1, false) : NULL;
    match->connection = build_expr(x, &m->connection);
    match->request = build_expr(x, &m->request);
}

static struct np_rule *build_head(struct builder *x, struct np_policy *policy, int d,
                                  const struct gen_rule *r, uint32_t index)
{
    struct np_rule *rule =
        np_build_rule(x->b, policy, (enum np_direction)d, (enum np_action)r->action);
    if (rule) {
        rule->rank = r->rank;
        rule->index = index;
        rule->redirect_parser = r->redirect;
        rule->auth_mode = r->auth_mode;
        rule->auth_explicit = r->auth_explicit;
        rule->provider = np_build_text(x->b, "opa");
        if (r->effect) {
            struct np_effect add = {.kind = (uint8_t)(index % 3),
                                    .name = np_build_text(x->b, "x-a"),
                                    .value = np_build_text(x->b, "1")};
            np_build_effect(x->b, rule, &add);
        }
    }
    return rule;
}

static void build_rule(struct builder *x, struct np_policy *policy, int d, const struct gen_rule *r,
                       uint32_t index)
{
    if (x->tweak->no_notes && r->action == NP_ACT_NOTE) {
        return;
    }
    struct np_rule *rule = build_head(x, policy, d, r, index);
    for (uint8_t i = 0; rule && i < r->alts; i++) {
        if (x->tweak->split && i > 0 && !r->effect) {
            rule = build_head(x, policy, d, r, index);
        }
        build_alt(x, rule, &r->match[i]);
        if (x->tweak->twice) {
            build_alt(x, rule, &r->match[i]);
        }
    }
}

/* Is an enforced policy deleted by a staged one? */
static bool is_deleted(const struct gen *g, const struct gen_policy *p)
{
    for (uint8_t i = 0; i < g->n_policies; i++) {
        const struct gen_policy *o = &g->policies[i];
        if (o->state == NP_STAGED_DELETE && o->tier == p->tier && o->space == p->space &&
            o->name == p->name) {
            return true;
        }
    }
    return false;
}

static void build_policy(struct builder *x, uint8_t index)
{
    const struct gen_policy *p = &x->g->policies[index];
    bool promote = x->tweak->promote;
    if (promote &&
        (p->state == NP_STAGED_DELETE || (p->state == NP_ENFORCED && is_deleted(x->g, p)))) {
        return;
    }
    struct np_policy *policy = np_build_policy(
        x->b, x->tiers[p->tier], "Policy", keyed(x, "ns", p->space),
        np_build_format(x->b, "%s%u", x->tweak->rename ? "renamed" : "policy", p->name));
    if (!policy) {
        return;
    }
    policy->state = promote ? NP_ENFORCED : p->state;
    policy->order = p->order;
    policy->origin.line = index + 1u; /* where it stands tells namesakes apart */
    policy->part = index;
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        bool here = p->directions >> d & 1;
        policy->subjects[d] = here ? build_set(x, &p->subjects) : NULL;
        policy->isolates[d] = here && p->isolates >> d & 1;
        for (uint8_t i = 0; i < p->n_rules[d]; i++) {
            build_rule(x, policy, d, &p->rules[d][i], i);
        }
        if (x->tweak->add_allow && index == 0) {
            struct np_rule *rule = np_build_rule(x->b, policy, (enum np_direction)d, NP_ACT_ALLOW);
            if (rule) {
                build_alt(x, rule, &p->rules[d][0].match[0]);
            }
        }
    }
}

static void add_stages(struct builder *x, struct np_tier *tier, uint8_t place)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        if (place == NP_CHECK_WORKLOAD) {
            np_build_add_tier(x->b, np_build_workload_stage(x->b, (enum np_direction)d), tier);
            continue;
        }
        if (place == NP_CHECK_MESH && d == NP_EGRESS) {
            continue;
        }
        struct np_checkpoint *c = np_build_checkpoint(x->b, (enum np_checkpoint_kind)place,
                                                      (enum np_direction)d, "other");
        struct np_stage *stage = np_build_stage(x->b, c, "normal");
        if (stage) {
            stage->on_end = NP_ON_END_ALLOW;
            c->mesh_mode = place == NP_CHECK_MESH ? x->g->mesh_mode : 0;
        }
        np_build_add_tier(x->b, stage, tier);
    }
}

static void build_tier(struct builder *x, uint8_t index)
{
    const struct gen_tier *t = &x->g->tiers[index];
    char name[] = {'t', (char)('0' + index), 0};
    struct np_tier *tier = np_build_tier(x->b, name, t->order, (enum np_rank_order)t->rank_order);
    x->tiers[index] = tier;
    if (tier) {
        tier->end[NP_INGRESS] = tier->end[NP_EGRESS] = t->end;
        tier->end_if = t->end_if;
        add_stages(x, tier, t->place);
    }
}

/* A tier of both workload checkpoints with one rule each way for every pod. */
static void extra_tier(struct builder *x, const char *name, double order, enum np_action action,
                       uint8_t relations)
{
    struct np_tier *tier = np_build_tier(x->b, name, order, NP_LISTED);
    add_stages(x, tier, NP_CHECK_WORKLOAD);
    struct np_policy *policy =
        np_build_policy(x->b, tier, "Extra", NULL, np_build_text(x->b, name));
    for (int d = 0; policy && d < NP_DIRECTIONS; d++) {
        policy->subjects[d] =
            np_build_set_of(x->b, np_build_objects(x->b, NP_OBJ_WORKLOAD,
                                                   np_build_select(x->b, NP_SELECT_ALL, NULL, 0)));
        struct np_rule *rule = np_build_rule(x->b, policy, (enum np_direction)d, action);
        struct np_match *match = np_build_alt(x->b, rule);
        if (match) {
            match->relations = relations;
            if (relations == NP_REL_ANY) { /* some of the traffic */
                struct gen_ports ports = {.present = true, .protocol = 6, .first = 80, .last = 81};
                match->service = build_ports(x, &ports);
            }
        }
    }
}

struct np_model *gen_build(const struct netpol_ctx *ctx, const struct gen *g,
                           const struct gen_tweak *tweak)
{
    struct builder x = {
        .b = np_build_create(ctx), .g = g, .tweak = tweak, .order = {tweak->shuffle}};
    struct np_model *model = NULL;
    uint8_t order[GEN_POLICIES];
    if (!x.b) {
        return NULL;
    }
    np_build_options(x.b)->header_reading = g->header_reading;
    np_build_options(x.b)->sni_http_join = g->sni_join;
    build_inventory(&x);
    permute(&x, order, GEN_TIERS);
    for (int i = 0; i < GEN_TIERS; i++) {
        build_tier(&x, order[i]);
    }
    permute(&x, order, g->n_policies);
    for (int i = 0; i < g->n_policies; i++) {
        build_policy(&x, order[i]);
    }
    if (tweak->top_deny) {
        extra_tier(&x, "top", -1, NP_ACT_DENY, NP_REL_ANY);
    }
    if (tweak->pass_tier) {
        extra_tier(&x, "pass", 0.5, NP_ACT_PASS, NP_REL_ANY);
    }
    if (tweak->self_first) {
        extra_tier(&x, "self", -2, NP_ACT_ALLOW, NP_REL_SELF);
    }
    (void)np_build_seal(x.b, &model);
    np_build_destroy(x.b);
    return model;
}

/* ---- tuples ---- */

static void map_into_six(uint8_t bytes[16])
{
    uint8_t four[4];
    memcpy(four, bytes, 4);
    memset(bytes, 0, 16);
    bytes[10] = bytes[11] = 0xff;
    memcpy(bytes + 12, four, 4);
}

static bool name_end(const struct np_model *model, const struct gen_question *q, uint8_t end,
                     bool six, uint8_t bytes[16], uint64_t *ref)
{
    const struct np_endpoint *pod =
        end < GEN_ENDPOINTS ? np_inventory_endpoint(&model->inventory, end + 1u) : NULL;
    if (pod && !(q->by_address && pod->n_prefixes)) {
        *ref = pod->ref;
        return false;
    }
    struct np_address address = address_at(pool[end], six);
    memcpy(bytes, address.bytes, 16);
    if (q->mapped && !six) {
        map_into_six(bytes);
    }
    return true;
}

void gen_tuple(const struct np_model *model, const struct gen_question *q,
               const struct gen_tweak *tweak, struct netpol_tuple *out)
{
    *out = (struct netpol_tuple){.protocol = q->protocol,
                                 .dst_port = q->port,
                                 .src_port = q->src_port,
                                 .icmp_type = 8,
                                 .flags = q->flags};
    bool src = name_end(model, q, q->src, tweak->six, out->src, &out->src_ref);
    bool dst = name_end(model, q, q->dst, tweak->six, out->dst, &out->dst_ref);
    if (!src) {
        out->flags |= NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_SRC_NO_ADDRESS;
    }
    if (!dst) {
        out->flags |= NETPOL_TUPLE_DST_REF | NETPOL_TUPLE_DST_NO_ADDRESS;
    }
    out->family = tweak->six || q->mapped ? NP_IPV6 : NP_IPV4;
    if (!src && !dst) {
        out->family = 0;
    }
}
