/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing whom an element of a rule is about: selectors and the other kinds of peers. */
#include "differential/cilium_set.h"

#define SIZE(array) ((uint32_t)(sizeof(array) / sizeof *(array)))
#define SPACE_KEY   "io.kubernetes.pod.namespace"

/* ---- terms ---- */

static void draw_values(struct gen_random *r, struct cil_term *t, const char *const *values,
                        uint32_t count)
{
    static const uint8_t ops[] = {CIL_EQ, CIL_EQ,     CIL_EQ,     CIL_EQ,         CIL_IN,
                                  CIL_IN, CIL_NOT_IN, CIL_NOT_IN, CIL_NOT_EXISTS, CIL_EXISTS};
    t->op = gen_pick(r, ops, sizeof ops);
    t->n_values = t->op == CIL_EQ                          ? 1
                  : t->op == CIL_IN || t->op == CIL_NOT_IN ? gen_from(r, 1, 2)
                                                           : 0;
    for (unsigned i = 0; i < t->n_values; i++) {
        t->values[i] = values[gen_below(r, count)];
    }
}

static const char *draw_source(struct gen_random *r)
{
    static const char *const sources[] = {"", "", "", "k8s", "any"};
    return sources[gen_below(r, SIZE(sources))];
}

static struct cil_term draw_label(struct gen_random *r, const char *source)
{
    static const char *const keys[] = {"app", "role"}, *const values[] = {"x", "y", ""};
    struct cil_term t = {.source = source, .key = keys[gen_below(r, 2)]};
    draw_values(r, &t, values, 3);
    return t;
}

static struct cil_term draw_space(struct gen_random *r)
{
    struct cil_term t = {.source = draw_source(r), .key = SPACE_KEY};
    draw_values(r, &t, cil_space_names, CIL_SPACES);
    return t;
}

static struct cil_term draw_space_label(struct gen_random *r, bool bare)
{
    static const char *const keys[] = {"io.cilium.k8s.namespace.labels.env",
                                       "io.cilium.k8s.namespace.labels.team"},
                             *const bare_keys[] = {"env", "team"}, *const values[] = {"p", "q"};
    struct cil_term t = {.source = bare ? "" : draw_source(r)};
    t.key = (bare ? bare_keys : keys)[gen_below(r, 2)];
    draw_values(r, &t, values, 2);
    return t;
}

static struct cil_term draw_account(struct gen_random *r)
{
    struct cil_term t = {.source = draw_source(r), .key = "io.cilium.k8s.policy.serviceaccount"};
    draw_values(r, &t, cil_account_names, CIL_ACCOUNTS);
    return t;
}

static struct cil_term draw_cluster(struct gen_random *r)
{
    static const char *const names[] = {"default", "other"};
    struct cil_term t = {.source = draw_source(r), .key = "io.cilium.k8s.policy.cluster"};
    draw_values(r, &t, names, 2);
    return t;
}

static struct cil_term draw_reserved(struct gen_random *r)
{
    static const char *const keys[] = {"host",  "world",       "remote-node", "kube-apiserver",
                                       "world", "remote-node", "health",      "init"};
    static const char *const none[] = {""};
    struct cil_term t = {.source = "reserved", .key = keys[gen_below(r, SIZE(keys))]};
    draw_values(r, &t, none, 1);
    return t;
}

/* ---- selectors ---- */

static void add_term(struct cil_selector *s, struct cil_term t)
{
    for (unsigned i = 0; i < s->count; i++) { /* a key stands once in a mapping */
        if (strcmp(s->terms[i].key, t.key) == 0 && strcmp(s->terms[i].source, t.source) == 0) {
            return;
        }
    }
    if (s->count < CIL_TERMS) {
        s->terms[s->count++] = t;
    }
}

/* sure: there is a term, and the first wants a label. */
static struct cil_selector draw_pairs(struct gen_random *r, const char *const keys[2],
                                      const char *const values[2], bool sure)
{
    struct cil_selector s = {0};
    for (uint32_t n = sure + gen_below(r, 2); n > 0; n--) {
        struct cil_term t = {.source = "", .key = keys[gen_below(r, 2)]};
        do {
            draw_values(r, &t, values, 2);
        } while (sure && s.count == 0 && (t.op == CIL_NOT_IN || t.op == CIL_NOT_EXISTS));
        add_term(&s, t);
    }
    return s;
}

static struct cil_selector draw_nodes(struct gen_random *r)
{
    static const char *const keys[] = {"zone", "pool"}, *const values[] = {"z", "u"};
    return draw_pairs(r, keys, values, false);
}

struct cil_selector cil_draw_subject(struct gen_random *r, bool of_nodes)
{
    struct cil_selector s = {0};
    if (of_nodes) {
        return draw_nodes(r);
    }
    for (uint32_t n = gen_chance(r, 30) ? 0 : gen_from(r, 1, 2); n > 0; n--) {
        uint32_t kind = gen_below(r, 100);
        add_term(&s, kind < 75   ? draw_label(r, draw_source(r))
                     : kind < 87 ? draw_space_label(r, false)
                                 : draw_account(r));
    }
    return s;
}

struct cil_selector cil_draw_labels_selector(struct gen_random *r, bool of_space)
{
    struct cil_selector s = {0};
    for (uint32_t n = gen_chance(r, 35) ? 0 : gen_from(r, 1, 2); n > 0; n--) {
        add_term(&s, of_space ? draw_space_label(r, true) : draw_label(r, ""));
    }
    return s;
}

static struct cil_term exists(const char *source, const char *key, bool there)
{
    return (struct cil_term){source, key, there ? CIL_EXISTS : CIL_NOT_EXISTS, 0, {NULL}};
}

/* Labels of addresses. What names neither namespace nor cluster gets both, which no address has. */
static struct cil_selector draw_address_labels(struct gen_random *r)
{
    static const char *const
        names[] = {"io.cilium.policy.cidrgroupname/g0", "io.cilium.policy.cidrgroupname/g1",
                   "io.cilium.policy.cidrgroupname/g3"},
        *const keys[] = {"feed", "trust"}, *const values[] = {"f", "g"}, *const none[] = {""};
    struct cil_selector s = {0};
    struct cil_term t = {.source = "cidr", .key = cil_net_key(gen_draw(r, CIL_NETS))};
    uint32_t kind = gen_below(r, 100);
    if (kind < 50) {
        draw_values(r, &t, none, 1);
    } else {
        t.source = "cidrgroup";
        t.key = kind < 70 ? names[gen_below(r, 3)] : keys[gen_below(r, 2)];
        draw_values(r, &t, kind < 70 ? none : values, kind < 70 ? 1 : 2);
    }
    add_term(&s, t);
    kind = gen_below(r, 100);
    if (kind < 55) {
        add_term(&s, exists("reserved", kind < 45 ? "world" : "health", kind < 45));
    } else if (kind < 80) {
        add_term(&s, exists("k8s", SPACE_KEY, false));
        add_term(&s, exists("k8s", "io.cilium.k8s.policy.cluster", false));
    } else {
        add_term(&s, draw_label(r, ""));
    }
    return s;
}

static struct cil_selector draw_endpoints(const struct cil *c, struct gen_random *r)
{
    struct cil_selector s = {0};
    if (c->features & CIL_LABELLED && gen_chance(r, 15)) {
        return draw_address_labels(r);
    }
    for (uint32_t n = gen_chance(r, 20) ? 0 : gen_from(r, 1, 2); n > 0; n--) {
        uint32_t kind = gen_below(r, 100);
        add_term(&s, kind < 45   ? draw_label(r, draw_source(r))
                     : kind < 60 ? draw_space(r)
                     : kind < 75 ? draw_space_label(r, false)
                     : kind < 82 ? draw_account(r)
                     : kind < 88 ? draw_cluster(r)
                                 : draw_reserved(r));
    }
    return s;
}

/* ---- peers ---- */

static bool holds(const struct cil_net *wide, const struct cil_net *narrow)
{
    if (wide->six != narrow->six || narrow->bits < wide->bits) {
        return false;
    }
    for (unsigned i = 0; i < wide->bits; i++) {
        if ((wide->bytes[i / 8] ^ narrow->bytes[i / 8]) & 0x80 >> i % 8) {
            return false;
        }
    }
    return true;
}

static void draw_range(const struct cil *c, struct gen_random *r, struct cil_peer *p)
{
    static const uint8_t every[] = {CIL_FAMILY_NETS - 1, CIL_NETS - 1};
    static const char *const keys[] = {"feed", "trust"}, *const values[] = {"f", "g"};
    p->net = gen_chance(r, 30) ? every[gen_below(r, 2)] : gen_draw(r, CIL_NETS);
    if (c->features & CIL_GROUPED && gen_chance(r, 45)) {
        p->by = gen_chance(r, 50) ? CIL_BY_GROUP : CIL_BY_GROUP_LABELS;
        p->name = gen_draw(r, CIL_GROUPS + 1);
        p->selector = draw_pairs(r, keys, values, true);
    }
    unsigned wanted = gen_chance(r, 50) ? gen_from(r, 1, CIL_FEW) : 0;
    for (unsigned tries = 4 * wanted; tries > 0 && p->n_except < wanted; tries--) {
        uint8_t except = gen_draw(r, CIL_NETS);
        if (p->by != CIL_BY_NET || holds(cil_net(p->net), cil_net(except))) {
            p->except[p->n_except++] = except;
        }
    }
}

static void draw_service_peer(const struct cil *c, struct gen_random *r, struct cil_peer *p)
{
    static const char *const keys[] = {"svc", "kind"}, *const values[] = {"s", "t"};
    p->named = gen_chance(r, 60);
    p->name = gen_draw(r, CIL_SERVICES);
    p->space = gen_chance(r, 80) ? c->services[p->name].space : gen_draw(r, CIL_SPACES);
    p->selector = draw_pairs(r, keys, values, true);
}

static void draw_peer(const struct cil *c, struct gen_random *r, uint8_t l3, struct cil_peer *p)
{
    *p = (struct cil_peer){0};
    switch (l3) {
    case CIL_ENDPOINTS:
        p->selector = draw_endpoints(c, r);
        break;
    case CIL_CIDR:
        p->net = gen_draw(r, CIL_NETS);
        break;
    case CIL_CIDR_SET:
        draw_range(c, r, p);
        break;
    case CIL_ENTITIES:
        p->entity = gen_draw(r, CIL_ENTITY_COUNT);
        break;
    case CIL_NODE_PEERS:
        p->selector = draw_nodes(r);
        break;
    case CIL_SERVICE_PEERS:
        draw_service_peer(c, r, p);
        break;
    case CIL_CLOUD_GROUPS:
        p->name = gen_draw(r, CIL_CLOUDS);
        break;
    default:
        p->fqdn = cil_draw_fqdn(r, &p->pattern);
        break;
    }
}

static uint8_t draw_kind(const struct cil *c, struct gen_random *r, unsigned direction, bool deny)
{
    if (c->features & CIL_CLOUDED && gen_chance(r, 10)) {
        return CIL_CLOUD_GROUPS;
    }
    uint32_t kind = gen_below(r, 100);
    if (kind < 6 && c->features & CIL_NODED && c->options.node_labels) {
        return CIL_NODE_PEERS;
    }
    if (kind < 20 && direction == CIL_EGRESS && c->features & CIL_SERVICED) {
        return CIL_SERVICE_PEERS;
    }
    if (kind < 32 && direction == CIL_EGRESS && !deny && c->features & CIL_NAMES) {
        return CIL_FQDNS;
    }
    kind = gen_below(r, 100);
    return kind < 20   ? CIL_L3_ABSENT
           : kind < 60 ? CIL_ENDPOINTS
           : kind < 70 ? CIL_CIDR
           : kind < 83 ? CIL_CIDR_SET
                       : CIL_ENTITIES;
}

void cil_draw_peers(const struct cil *c, struct gen_random *r, unsigned direction, bool deny,
                    struct cil_element *e)
{
    e->l3 = draw_kind(c, r, direction, deny);
    if (e->l3 != CIL_L3_ABSENT) {
        e->n_peers = gen_chance(r, 6) ? 0 : gen_from(r, 1, CIL_FEW);
    }
    for (unsigned i = 0; i < e->n_peers; i++) {
        draw_peer(c, r, e->l3, &e->peers[i]);
    }
}
