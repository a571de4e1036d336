/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing sets and questions. */
#include "differential/generator.h"

uint64_t gen_next(struct gen_random *r)
{
    uint64_t z = r->state += 0x9e3779b97f4a7c15ull; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

uint32_t gen_below(struct gen_random *r, uint32_t n)
{
    return (uint32_t)(gen_next(r) >> 33) % n;
}

bool gen_chance(struct gen_random *r, uint32_t percent)
{
    return gen_below(r, 100) < percent;
}

static uint8_t draw(struct gen_random *r, uint32_t n)
{
    return (uint8_t)gen_below(r, n);
}

static uint8_t pick(struct gen_random *r, const uint8_t *items, uint32_t n)
{
    return items[gen_below(r, n)];
}

static struct gen_literal draw_literal(struct gen_random *r, unsigned features)
{
    static const uint8_t kinds[] = {NP_LIT_OBJECTS,   NP_LIT_OBJECTS,  NP_LIT_OBJECTS,
                                    NP_LIT_CIDR,      NP_LIT_CIDR,     NP_LIT_NODE_ADDRS,
                                    NP_LIT_DNS_NAMES, NP_LIT_RESERVED, NP_LIT_NOTHING};
    static const uint8_t ops[] = {NP_OP_IN, NP_OP_IN, NP_OP_NOT_IN, NP_OP_EXISTS, NP_OP_ABSENT};
    static const uint8_t bits[] = {0, 8, 24, 29, 30, 31, 32};
    static const uint8_t domains[] = {NP_DOMAIN_ALL, NP_DOMAIN_ALL, NP_DOMAIN_OUTSIDE,
                                      NP_DOMAIN_PODS | NP_DOMAIN_OUTSIDE};
    static const uint8_t reserved[] = {1, 2, 6};
    struct gen_literal l = {.kind = pick(r, kinds, sizeof kinds)};
    if (features & GEN_REQUEST && gen_chance(r, 8)) {
        l.kind = NP_LIT_IDENTITY;
    }
    if (features & GEN_MISSING && gen_chance(r, 4)) {
        l.kind = NP_LIT_FACT;
    }
    l.negative = gen_chance(r, 15);
    l.kinds = gen_chance(r, 70) ? NP_OBJ_WORKLOAD : NP_OBJ_WORKLOAD | NP_OBJ_NETWORK_SET;
    l.key = draw(r, GEN_KEYS + 1);
    l.op = pick(r, ops, sizeof ops);
    l.value = draw(r, GEN_VALUES);
    l.address = draw(r, GEN_ENDS);
    l.bits = pick(r, bits, sizeof bits);
    l.except_bits = l.bits < 31 && gen_chance(r, 25) ? (uint8_t)(l.bits + 2) : 0;
    l.domain = pick(r, domains, sizeof domains);
    l.name = draw(r, 2);
    l.number = pick(r, reserved, sizeof reserved);
    return l;
}

static struct gen_set draw_set(struct gen_random *r, unsigned features, uint32_t percent)
{
    struct gen_set set = {.present = gen_chance(r, percent), .all = gen_chance(r, 50)};
    set.count = (uint8_t)(1 + gen_below(r, GEN_LITERALS));
    for (int i = 0; i < GEN_LITERALS; i++) {
        set.items[i] = draw_literal(r, features);
    }
    return set;
}

/* Whom a policy selects: pods by label, mostly; nothing that is not known of a subject. */
static struct gen_set draw_subjects(struct gen_random *r)
{
    struct gen_set set = {.present = true, .all = true, .count = 1};
    set.items[0] = (struct gen_literal){.kind = NP_LIT_OBJECTS,
                                        .kinds = NP_OBJ_WORKLOAD | NP_OBJ_HOST_ENDPOINT,
                                        .key = draw(r, GEN_KEYS + 1),
                                        .op = gen_chance(r, 40) ? NP_OP_IN : NP_OP_NOT_IN,
                                        .value = draw(r, GEN_VALUES)};
    return set;
}

static struct gen_ports draw_ports(struct gen_random *r, uint32_t percent)
{
    static const int16_t protocols[] = {6, 6, 6, 17, 1, -1};
    static const uint16_t firsts[] = {80, 80, 81, 0, 2048};
    struct gen_ports ports = {.present = gen_chance(r, percent),
                              .complement = gen_chance(r, 15),
                              .no_port = gen_chance(r, 20),
                              .protocol = protocols[gen_below(r, 6)],
                              .first = firsts[gen_below(r, 5)]};
    ports.last = gen_chance(r, 60) ? ports.first : (uint16_t)(ports.first + gen_below(r, 3000));
    return ports;
}

static struct gen_expr draw_expr(struct gen_random *r, uint32_t percent)
{
    static const uint8_t views[] = {NP_VIEW_METHOD,      NP_VIEW_PATH_ISTIO, NP_VIEW_HEADER,
                                    NP_VIEW_HEADER,      NP_VIEW_PRINCIPALS, NP_VIEW_DNS_QUERY,
                                    NP_VIEW_KAFKA_TOPIC, NP_VIEW_MTLS};
    struct gen_expr expr = {.all = gen_chance(r, 50)};
    expr.count = gen_chance(r, percent) ? (uint8_t)(1 + gen_below(r, 2)) : 0;
    for (int i = 0; i < 2; i++) {
        expr.atoms[i] = (struct gen_atom){.view = pick(r, views, sizeof views),
                                          .value = draw(r, 2),
                                          .negative = gen_chance(r, 25),
                                          .absent = gen_chance(r, 10)};
    }
    return expr;
}

static struct gen_match draw_match(struct gen_random *r, unsigned features, uint8_t place)
{
    static const uint8_t relations[] = {NP_REL_ANY, NP_REL_ANY,      NP_REL_ANY,
                                        NP_REL_ANY, NP_REL_OWN_NODE, NP_REL_SELF};
    struct gen_match m = {.families = gen_chance(r, 95) ? NP_FAMILY_ANY : NP_FAMILY_4,
                          .relations = pick(r, relations, sizeof relations),
                          .near = draw_set(r, features, 10),
                          .far = draw_set(r, features, 65),
                          .service = draw_ports(r, 55),
                          .source = draw_ports(r, 8)};
    m.port_name = gen_chance(r, 15);
    if (features & GEN_REQUEST) {
        m.request = draw_expr(r, 25);
        if (gen_chance(r, 8)) {
            m.connection = (struct gen_expr){.count = 1,
                                             .atoms = {{.view = NP_VIEW_SNI, .value = draw(r, 2)}}};
        }
        m.listener = place == NP_CHECK_MESH ? draw(r, 3) : 0;
    }
    return m;
}

static struct gen_rule draw_rule(struct gen_random *r, unsigned features, uint8_t place)
{
    static const uint8_t actions[] = {NP_ACT_ALLOW, NP_ACT_ALLOW, NP_ACT_ALLOW, NP_ACT_ALLOW,
                                      NP_ACT_DENY,  NP_ACT_DENY,  NP_ACT_PASS,  NP_ACT_NOTE};
    struct gen_rule rule = {.action = pick(r, actions, sizeof actions),
                            .rank = draw(r, 2),
                            .alts = (uint8_t)(1 + gen_below(r, GEN_ALTS))};
    if (features & GEN_ASK && gen_chance(r, 6)) {
        rule.action = NP_ACT_ASK;
    }
    if (features & GEN_REQUEST && rule.action == NP_ACT_ALLOW && place == NP_CHECK_WORKLOAD) {
        rule.redirect = gen_chance(r, 12) ? NP_PARSER_HTTP : NP_PARSER_NONE;
        rule.auth_mode = gen_chance(r, 8);
        rule.auth_explicit = rule.auth_mode || gen_chance(r, 10);
        rule.effect = gen_chance(r, 12);
    }
    for (int i = 0; i < GEN_ALTS; i++) {
        rule.match[i] = draw_match(r, features, place);
    }
    return rule;
}

static void draw_tiers(struct gen *g, struct gen_random *r, unsigned features)
{
    for (uint8_t i = 0; i < GEN_TIERS; i++) {
        struct gen_tier *tier = &g->tiers[i];
        tier->place = NP_CHECK_WORKLOAD;
        if (features & GEN_MESH && i == GEN_TIERS - 1) {
            tier->place = NP_CHECK_MESH;
        } else if (g->host && i == GEN_TIERS - 2) {
            tier->place = NP_CHECK_HOST;
        }
        tier->order = i;
        tier->rank_order = draw(r, 2);
        tier->end = gen_chance(r, 55) ? NP_END_DENY : draw(r, 3);
        tier->end_if = gen_chance(r, 10) ? NP_ALWAYS : (uint8_t)(1 + gen_below(r, 2));
    }
}

static void draw_policy(struct gen *g, uint8_t index, struct gen_random *r, unsigned features)
{
    struct gen_policy *p = &g->policies[index];
    *p = (struct gen_policy){.tier = draw(r, GEN_TIERS),
                             .space = draw(r, 2),
                             .name = index,
                             .order = draw(r, 2),
                             .subjects = draw_subjects(r),
                             .directions = (uint8_t)(1 + gen_below(r, 3)),
                             .isolates = draw(r, 4)};
    if (features & GEN_STAGED && gen_chance(r, 30)) {
        p->state = (uint8_t)(1 + gen_below(r, 3));
        if (index > 0 && p->state != NP_DRY_RUN && gen_chance(r, 60)) { /* a namesake */
            const struct gen_policy *other = &g->policies[gen_below(r, index)];
            p->tier = other->tier;
            p->space = other->space;
            p->name = other->name;
        }
    }
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        p->n_rules[d] = draw(r, GEN_RULES + 1);
        for (int i = 0; i < GEN_RULES; i++) {
            p->rules[d][i] = draw_rule(r, features, g->tiers[p->tier].place);
        }
    }
}

void gen_make(struct gen *g, uint64_t seed, unsigned features)
{
    struct gen_random r = {seed * 2 + 1};
    *g = (struct gen){.seed = seed};
    for (int i = 0; i < GEN_ENDPOINTS; i++) {
        struct gen_endpoint *e = &g->endpoints[i];
        e->space = draw(&r, 2);
        for (int k = 0; k < GEN_KEYS; k++) {
            e->labels[k] = draw(&r, GEN_VALUES + 1);
        }
        bool missing = features & GEN_MISSING;
        e->node = missing && gen_chance(&r, 20) ? GEN_NODES : draw(&r, GEN_NODES);
        e->address = !(missing && gen_chance(&r, 20));
        e->port = gen_chance(&r, 50) ? (uint8_t)(80 + gen_below(&r, 2)) : 0;
    }
    for (int i = 0; i < GEN_SETS; i++) {
        g->set_bits[i] = (uint8_t)(8 * (1 + gen_below(&r, 3)));
        g->set_labels[i] = draw(&r, GEN_VALUES);
    }
    g->host = features & GEN_HOST && gen_chance(&r, 30);
    g->header_reading = features & GEN_REQUEST ? draw(&r, 3) : 0;
    g->sni_join = features & GEN_REQUEST ? draw(&r, 2) : 0;
    g->mesh_mode = draw(&r, NETPOL_MESH_STRICT_SAFE + 1);
    draw_tiers(g, &r, features);
    g->n_policies = (uint8_t)(1 + gen_below(&r, GEN_POLICIES));
    for (uint8_t i = 0; i < g->n_policies; i++) {
        draw_policy(g, i, &r, features);
    }
}

/* ---- questions ---- */

static struct netpol_string text(const char *s)
{
    return (struct netpol_string){s, strlen(s)};
}

static void draw_request(struct gen_question *q, struct gen_random *r)
{
    static const char *const methods[] = {"GET", "POST"};
    static const char *const paths[] = {"/a", "/b?q=1"};
    static const char *const values[] = {"0", "1"};
    static const char *const hosts[] = {"a.example", "b.example"};
    static const char *const said[] = {"allow", "deny"};
    struct netpol_request *request = &q->request;
    *request = (struct netpol_request)NETPOL_REQUEST_INIT;
    request->kind = (uint8_t)(gen_chance(r, 70) ? NETPOL_REQUEST_HTTP : 1 + gen_below(r, 3));
    request->payload = gen_chance(r, 85) ? NETPOL_PAYLOAD_PLAIN : (uint8_t)gen_below(r, 4);
    request->method = text(methods[gen_below(r, 2)]);
    request->path = text(paths[gen_below(r, 2)]);
    for (int i = 0; i < 2; i++) {
        q->headers[i] =
            (struct netpol_pair){text(i ? "X-A" : "x-a"), text(values[gen_below(r, 2)])};
        q->topics[i] = text(values[gen_below(r, 2)]);
        q->names[i] = text(hosts[i]);
    }
    request->n_headers = gen_below(r, 3);
    request->dns_query = text(hosts[gen_below(r, 2)]);
    request->n_kafka_topics = gen_below(r, 3);
    request->sni.presence = (uint8_t)(1 + gen_below(r, 2));
    request->sni.value = text(hosts[gen_below(r, 2)]);
    request->principals_presence = (uint8_t)(1 + gen_below(r, 2));
    q->principals[0] = text(hosts[gen_below(r, 2)]);
    request->n_principals = 1;
    request->claims_presence = NETPOL_ABSENT;
    request->authenticated = (uint8_t)(1 + gen_below(r, 2));
    q->decisions[0] = (struct netpol_pair){text("opa"), text(said[gen_below(r, 2)])};
    request->n_decisions = 1;
    request->src_names_given = request->dst_names_given = 1;
    request->n_src_names = gen_below(r, 3);
    request->n_dst_names = gen_below(r, 3);
}

/* The arrays live beside the request, so the pointers are set where it is used. */
static void bind(struct gen_question *q)
{
    q->request.headers = q->headers;
    q->request.kafka_topics = q->topics;
    q->request.principals = q->principals;
    q->request.decisions = q->decisions;
    q->request.src_names = q->request.dst_names = q->names;
}

void gen_question_make(struct gen_question *q, struct gen_random *r, unsigned features)
{
    static const uint8_t protocols[] = {6, 6, 6, 17, 1, 47};
    static const uint16_t ports[] = {80, 81, 82, 3000, 0};
    *q = (struct gen_question){.src = draw(r, GEN_ENDS),
                               .dst = draw(r, GEN_ENDS),
                               .protocol = pick(r, protocols, sizeof protocols),
                               .port = ports[gen_below(r, 5)],
                               .src_port = ports[gen_below(r, 4)],
                               .by_address = gen_chance(r, 50)};
    if (gen_chance(r, 6)) {
        q->flags = NETPOL_TUPLE_LATER_FRAGMENT;
    } else if (features & GEN_MISSING && gen_chance(r, 6)) {
        q->flags = NETPOL_TUPLE_NO_PORTS;
    }
    draw_request(q, r);
    q->asked = gen_chance(r, 60);
    if (!(features & GEN_REQUEST)) {
        q->request.kind = NETPOL_REQUEST_NONE;
        q->request.payload = NETPOL_PAYLOAD_PLAIN;
    }
}

void gen_question_complete(struct gen_question *q, struct gen_random *r)
{
    if (!q->asked) {
        draw_request(q, r);
        q->asked = true;
        if (q->src <
            GEN_END_OUTSIDE) { /* only something outside can still turn out to have names */
            q->request.n_src_names = 0;
        }
        if (q->dst < GEN_END_OUTSIDE) {
            q->request.n_dst_names = 0;
        }
    }
    q->flags &= (uint16_t)~NETPOL_TUPLE_NO_PORTS;
}

void gen_ask(const struct np_model *model, const struct gen_question *q,
             const struct gen_tweak *tweak, const struct netpol_point *point,
             const struct np_trace *trace, struct netpol_verdict *out)
{
    struct gen_question here = *q;
    struct netpol_tuple tuple;
    bind(&here);
    gen_tuple(model, q, tweak, &tuple);
    np_reference_eval(model, &tuple, q->asked ? &here.request : NULL, point, trace, out);
}
