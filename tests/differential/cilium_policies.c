/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing policies, and taking them apart again. */
#include "differential/cilium_set.h"

#define SIZE(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

/* ---- ports ---- */

static struct cil_port draw_port(const struct cil *c, struct gen_random *r, bool of_kubernetes)
{
    static const uint16_t numbers[] = {80, 80, 443, 8080, 53, 81, 8191, 65535};
    static const uint16_t spans[][2] = {
        {80,   81   },
        {79,   90   },
        {1,    65535},
        {443,  444  },
        {8000, 8191 },
        {50,   60   },
        {80,   80   }
    };
    static const char *const names[] = {"web", "dns", "alt", "none"};
    struct cil_port p = {.protocol = of_kubernetes ? gen_from(r, 2, 3) : gen_draw(r, 5)};
    uint32_t kind = gen_below(r, 100);
    if (kind < 20) {
        p.name = names[gen_below(r, SIZE(names))];
    } else if (kind < 45) {
        const uint16_t *span = spans[gen_below(r, SIZE(spans))];
        p.first = span[0];
        p.last = span[1];
    } else if (kind < 85) {
        p.first = numbers[gen_below(r, SIZE(numbers))];
    } else if (c->options.extended && !of_kubernetes && gen_chance(r, 40)) {
        p.protocol = gen_from(r, CIL_EXTENDED, CIL_PROTOCOLS - CIL_EXTENDED);
    }
    return p;
}

static void draw_ports(const struct cil *c, struct gen_random *r, struct cil_ports *p, bool l7,
                       unsigned direction)
{
    *p = (struct cil_ports){.n_ports = gen_from(r, 1, CIL_FEW)};
    for (unsigned i = 0; i < p->n_ports; i++) {
        p->ports[i] = draw_port(c, r, false);
    }
    if (l7) {
        cil_draw_layer7(c, r, p, direction);
    }
}

static void draw_icmps(struct gen_random *r, struct cil_element *e)
{
    static const struct cil_icmp icmps[] = {
        {false, NULL,          8  },
        {false, NULL,          3  },
        {false, "EchoRequest", 8  },
        {true,  NULL,          128},
        {true,  "EchoReply",   129},
        {false, NULL,          254},
        {true,  NULL,          3  }
    };
    e->n_icmps = gen_from(r, 1, CIL_FEW);
    for (unsigned i = 0; i < e->n_icmps; i++) {
        e->icmps[i] = icmps[gen_below(r, SIZE(icmps))];
    }
}

static void draw_element(const struct cil *c, struct gen_random *r, unsigned direction, bool deny,
                         bool of_nodes, struct cil_element *e)
{
    memset(e, 0, sizeof *e);
    if (gen_chance(r, 8)) {
        return; /* {} */
    }
    cil_draw_peers(c, r, direction, deny, e);
    if (gen_chance(r, 12)) {
        draw_icmps(r, e);
    } else if (gen_chance(r, 75)) {
        e->n_ports = gen_from(r, 1, CIL_FEW);
        for (unsigned i = 0; i < e->n_ports; i++) {
            draw_ports(c, r, &e->ports[i], !deny && !of_nodes, direction);
        }
    }
    if (c->features & CIL_AUTH && !deny && !of_nodes && gen_chance(r, 20)) {
        e->auth = gen_from(r, 1, 3);
    }
}

/* ---- of Cilium ---- */

/* A policy of the cluster has no namespace whose configuration it could name. */
static void share_listeners(struct cil_element *e)
{
    for (unsigned i = 0; i < e->n_ports; i++) {
        if (e->ports[i].listener == CIL_LISTENER_OF_SPACE) {
            e->ports[i].listener = CIL_LISTENER_SHARED;
        }
    }
}

static void draw_rule(const struct cil *c, struct gen_random *r, bool cluster,
                      struct cil_rule *rule)
{
    memset(rule, 0, sizeof *rule);
    rule->of_nodes = cluster && c->features & CIL_HOSTS && gen_chance(r, 25);
    rule->subject = cil_draw_subject(r, rule->of_nodes);
    unsigned elements = 0;
    for (unsigned d = 0; d < CIL_DIRECTIONS; d++) {
        for (unsigned deny = 0; deny < 2; deny++) {
            uint8_t *n = &rule->n[d][deny];
            *n = gen_chance(r, deny ? 30 : 60) ? gen_from(r, 1, CIL_ELEMENTS) : CIL_LIST_ABSENT;
            *n = gen_chance(r, 4) ? 0 : *n;
            for (unsigned i = 0; *n != CIL_LIST_ABSENT && i < *n; i++, elements++) {
                draw_element(c, r, d, deny, rule->of_nodes, &rule->elements[d][deny][i]);
                if (cluster) {
                    share_listeners(&rule->elements[d][deny][i]);
                }
            }
        }
        rule->flags[d] = gen_chance(r, 65) ? CIL_FLAG_ABSENT : gen_from(r, 1, 2);
    }
    if (elements == 0) { /* a rule has one at least */
        rule->n[CIL_INGRESS][0] = 1;
        draw_element(c, r, CIL_INGRESS, false, rule->of_nodes, &rule->elements[CIL_INGRESS][0][0]);
    }
}

/* ---- of Kubernetes ---- */

static void draw_kubernetes_peer(struct gen_random *r, struct cil_element *e, bool cluster)
{
    struct cil_peer *p = &e->peers[e->n_peers++];
    *p = (struct cil_peer){0};
    if (e->l3 == CIL_CIDR_SET) {
        p->net = gen_draw(r, CIL_NETS);
        return;
    }
    if (e->l3 == CIL_FQDNS) {
        p->name = gen_draw(r, CIL_DOMAINS);
        p->fqdn = cil_domains[p->name][0];
        return;
    }
    p->has_spaces = cluster || gen_chance(r, 50);
    p->has_pods = (cluster && gen_chance(r, 60)) || !p->has_spaces || gen_chance(r, 50);
    p->spaces = cil_draw_labels_selector(r, true);
    p->selector = cil_draw_labels_selector(r, false);
}

static void draw_kubernetes_element(const struct cil *c, struct gen_random *r, unsigned direction,
                                    bool cluster, struct cil_element *e)
{
    memset(e, 0, sizeof *e);
    e->action = gen_draw(r, c->features & CIL_MAPPED ? CIL_PASS : CIL_PASS + 1);
    e->l3 = cluster || gen_chance(r, 70) ? CIL_ENDPOINTS : CIL_L3_ABSENT;
    if (e->l3 && gen_chance(r, 25) && (!cluster || direction == CIL_EGRESS)) {
        e->l3 = CIL_CIDR_SET;
    }
    if (c->features & CIL_DOMAINED && cluster && direction == CIL_EGRESS && gen_chance(r, 30)) {
        e->l3 = CIL_FQDNS;
        e->action = CIL_ACCEPT;
    }
    for (unsigned n = e->l3 ? gen_from(r, 1, CIL_FEW) : 0; n > 0; n--) {
        draw_kubernetes_peer(r, e, cluster);
    }
    if (gen_chance(r, 60)) {
        e->n_ports = 1;
        struct cil_ports *p = &e->ports[0];
        p->n_ports = gen_from(r, 1, CIL_FEW);
        for (unsigned i = 0; i < p->n_ports; i++) {
            do { /* what networks are has no names */
                p->ports[i] = draw_port(c, r, true);
            } while (cluster && e->l3 != CIL_ENDPOINTS && p->ports[i].name);
        }
    }
}

static void draw_kubernetes(const struct cil *c, struct gen_random *r, struct cil_policy *p)
{
    bool cluster = p->kind == CIL_KCNP;
    struct cil_rule *rule = &p->rules[0];
    memset(rule, 0, sizeof *rule);
    p->n_rules = 1;
    p->baseline = gen_chance(r, 40);
    p->priority = gen_draw(r, 2);
    p->spaces = cil_draw_labels_selector(r, true);
    rule->subject = cil_draw_labels_selector(r, false);
    p->typed = gen_chance(r, 70);
    p->types = gen_from(r, 1, 3);
    for (unsigned d = 0; d < CIL_DIRECTIONS; d++) {
        rule->n[d][0] = gen_chance(r, 70) ? gen_from(r, 1, CIL_ELEMENTS) : 0;
        for (unsigned i = 0; i < rule->n[d][0]; i++) {
            draw_kubernetes_element(c, r, d, cluster, &rule->elements[d][0][i]);
        }
    }
}

static bool is_taken(const struct cil *c, unsigned count, const struct cil_policy *p)
{
    for (unsigned i = 0; i < count; i++) {
        const struct cil_policy *other = &c->policies[i];
        if (other->present && other->kind == p->kind && other->name == p->name &&
            other->space == p->space) {
            return true;
        }
    }
    return false;
}

void cil_draw_policies(struct cil *c, struct gen_random *r)
{
    static const uint8_t kinds[] = {CIL_CNP,  CIL_CNP,  CIL_CNP, CIL_CNP,  CIL_CCNP,
                                    CIL_CCNP, CIL_CCNP, CIL_NP,  CIL_KCNP, CIL_KCNP};
    for (unsigned i = 0; i < CIL_POLICIES; i++) {
        struct cil_policy *p = &c->policies[i];
        p->kind = gen_pick(r, kinds, c->features & CIL_MIXED ? sizeof kinds : sizeof kinds - 3);
        if (c->features & CIL_FOREIGN && p->kind < CIL_NP) {
            p->kind = gen_from(r, CIL_NP, 2);
        }
        p->space = p->kind == CIL_CNP || p->kind == CIL_NP ? gen_draw(r, CIL_SPACES) : CIL_SPACES;
        p->name = gen_draw(r, SIZE(cil_policy_names));
        p->present = gen_chance(r, 70) && !is_taken(c, i, p);
        if (p->kind >= CIL_NP) {
            draw_kubernetes(c, r, p);
            continue;
        }
        p->n_rules = gen_chance(r, 75) ? 1 : CIL_RULES;
        p->as_specs = p->n_rules > 1 ? gen_chance(r, 40) : gen_chance(r, 15);
        for (unsigned k = 0; k < p->n_rules; k++) {
            draw_rule(c, r, p->kind == CIL_CCNP, &p->rules[k]);
        }
    }
}

/* ---- taking apart ---- */

static bool take(uint8_t *count, void *items, size_t size, unsigned which, unsigned least)
{
    uint8_t *bytes = items;
    if (*count == CIL_LIST_ABSENT || which >= *count || *count <= least) {
        return false;
    }
    memmove(bytes + which * size, bytes + (which + 1) * size, (*count - which - 1u) * size);
    --*count;
    return true;
}
#define TAKE(count, items, which, least) take(count, items, sizeof *(items), which, least)

static bool clear_text(const char **text)
{
    bool there = *text != NULL;
    *text = NULL;
    return there;
}

static bool clear(uint8_t *value)
{
    bool there = *value != 0;
    *value = 0;
    return there;
}

static bool remove_of_http(struct cil_http *h, unsigned which)
{
    const char **texts[] = {&h->method, &h->path, &h->host, &h->header};
    return which < 4 ? clear_text(texts[which]) : clear(&h->match);
}

static bool remove_of_kafka(struct cil_kafka *k, unsigned which)
{
    const char **texts[] = {&k->role, &k->key, &k->version, &k->client, &k->topic};
    return clear_text(texts[which]);
}

/* Server names beside rules ask for it. */
static bool remove_terminating(struct cil_ports *p)
{
    return !(p->n_names && p->l7) && clear(&p->terminating);
}

enum { PORT_PARTS = 11 + 2 * 5 };
static bool remove_of_ports(struct cil_ports *p, unsigned which)
{
    switch (which) {
    case 0:
    case 1:
        return TAKE(&p->n_ports, p->ports, which, 1);
    case 2:
    case 3:
        return p->l7 == CIL_HTTP && TAKE(&p->n_l7, p->http, which - 2, 1);
    case 4:
        return p->l7 == CIL_DNS && TAKE(&p->n_l7, p->dns, 1, 1);
    case 5:
        return clear(&p->n_names);
    case 6:
        return remove_terminating(p);
    case 7:
        return clear(&p->originating);
    case 8:
        return clear(&p->listener);
    case 9:
    case 10:
        return p->l7 == CIL_KAFKA && TAKE(&p->n_l7, p->kafka, which - 9, 1);
    default:
        which -= 11;
        return which / 5 < p->n_l7 &&
               (p->l7 == CIL_HTTP    ? remove_of_http(&p->http[which / 5], which % 5)
                : p->l7 == CIL_KAFKA ? remove_of_kafka(&p->kafka[which / 5], which % 5)
                                     : false);
    }
}

enum { PEER_PARTS = CIL_TERMS * 2 + CIL_FEW };
static bool remove_of_peer(struct cil_peer *p, unsigned which)
{
    if (which < CIL_TERMS) {
        return TAKE(&p->selector.count, p->selector.terms, which, 0);
    }
    which -= CIL_TERMS;
    if (which < CIL_TERMS) {
        return TAKE(&p->spaces.count, p->spaces.terms, which, 0);
    }
    return TAKE(&p->n_except, p->except, which - CIL_TERMS, 0);
}

enum { ELEMENT_PARTS = 5 * 2 + 2 * PEER_PARTS + 2 * PORT_PARTS };
static bool remove_of_element(struct cil_element *e, bool cilium, unsigned which)
{
    unsigned part = which / 2, item = which % 2;
    switch (part) {
    case 0:
        return TAKE(&e->n_peers, e->peers, item, e->l3 ? 1 : 0);
    case 1:
        return TAKE(&e->n_ports, e->ports, item, 0);
    case 2:
        return TAKE(&e->n_icmps, e->icmps, item, 0);
    case 3:
        return clear(&e->auth);
    case 4:
        if (item == 0 && cilium && e->l3 && (e->n_ports || e->n_icmps)) {
            e->n_peers = 0;
            return clear(&e->l3);
        }
        if (e->n_ports && (e->ports[0].l7 || e->ports[1].l7)) {
            e->ports[0].l7 = e->ports[1].l7 = 0;
            return true;
        }
        return false;
    default:
        which -= 10;
        break;
    }
    if (which < 2 * PEER_PARTS) {
        return which / PEER_PARTS < e->n_peers &&
               remove_of_peer(&e->peers[which / PEER_PARTS], which % PEER_PARTS);
    }
    which -= 2 * PEER_PARTS;
    return which / PORT_PARTS < e->n_ports &&
           remove_of_ports(&e->ports[which / PORT_PARTS], which % PORT_PARTS);
}

static unsigned elements_of(const struct cil_rule *rule)
{
    unsigned count = 0;
    for (unsigned i = 0; i < 4; i++) {
        uint8_t n = rule->n[i / 2][i % 2];
        count += n == CIL_LIST_ABSENT ? 0 : n;
    }
    return count;
}

enum { LISTS = 4, RULE_PARTS = LISTS * CIL_ELEMENTS * (1 + ELEMENT_PARTS) + 2 + CIL_TERMS };
static bool remove_of_rule(struct cil_rule *rule, bool cilium, unsigned which)
{
    if (which < LISTS * CIL_ELEMENTS * (1 + ELEMENT_PARTS)) {
        unsigned list = which % LISTS, part = which / LISTS;
        unsigned item = part % CIL_ELEMENTS;
        part /= CIL_ELEMENTS;
        uint8_t *n = &rule->n[list / 2][list % 2];
        struct cil_element *elements = rule->elements[list / 2][list % 2];
        if (part == 0) {
            return (!cilium || elements_of(rule) > 1) && TAKE(n, elements, item, 0);
        }
        return *n != CIL_LIST_ABSENT && item < *n &&
               remove_of_element(&elements[item], cilium, part - 1);
    }
    which -= LISTS * CIL_ELEMENTS * (1 + ELEMENT_PARTS);
    return which < 2 ? clear(&rule->flags[which])
                     : TAKE(&rule->subject.count, rule->subject.terms, which - 2, 0);
}

static bool remove_of_policy(struct cil_policy *p, unsigned which)
{
    if (!p->present) {
        return false;
    }
    if (which == 0) {
        p->present = false;
        return true;
    }
    if (which <= CIL_RULES) {
        return TAKE(&p->n_rules, p->rules, which - 1, 1);
    }
    which -= 1 + CIL_RULES;
    unsigned rule = which % CIL_RULES;
    return rule < p->n_rules &&
           remove_of_rule(&p->rules[rule], p->kind <= CIL_CCNP, which / CIL_RULES);
}

static bool remove_thing(struct cil *c, unsigned which)
{
    if (which < CIL_PODS) {
        bool there = c->pods[which].present;
        c->pods[which].present = false;
        return there;
    }
    which -= CIL_PODS;
    if (which < CIL_SERVICES) {
        bool there = c->services[which].present;
        c->services[which].present = false;
        return there;
    }
    which -= CIL_SERVICES;
    if (which < CIL_GROUPS) {
        bool there = c->groups[which].present;
        c->groups[which].present = false;
        return there;
    }
    which -= CIL_GROUPS;
    if (which < CIL_CLOUDS) {
        bool there = c->clouds[which].fed;
        c->clouds[which].fed = false;
        return there;
    }
    which -= CIL_CLOUDS;
    if (which == 0) {
        bool both = c->apiserver == 3;
        c->apiserver = both ? 2 : c->apiserver;
        return both;
    }
    uint8_t *counts[] = {&c->spaces[0].count, &c->spaces[1].count, &c->spaces[2].count,
                         &c->nodes[0].count,  &c->nodes[1].count,  &c->nodes[2].count};
    return clear(counts[which - 1]);
}

bool cil_remove(struct cil *c, unsigned which, bool *changed)
{
    enum {
        PARTS = 1 + CIL_RULES + CIL_RULES * RULE_PARTS,
        THINGS = CIL_PODS + CIL_SERVICES + CIL_GROUPS + CIL_CLOUDS + 1 + 6
    };
    *changed = false;
    if (which < CIL_POLICIES * PARTS) {
        *changed = remove_of_policy(&c->policies[which % CIL_POLICIES], which / CIL_POLICIES);
        return true;
    }
    which -= CIL_POLICIES * PARTS;
    if (which < THINGS) {
        *changed = remove_thing(c, which);
        return true;
    }
    return false;
}
