/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing policies: every field that the resources have, within what validation accepts. */
#include "differential/calico_set.h"

#define SIZE(array) ((uint32_t)(sizeof(array) / sizeof *(array)))

static const struct cal_selector absent;

static struct cal_selector maybe(struct gen_random *r, int whose, uint32_t percent)
{
    return gen_chance(r, percent) ? cal_draw_selector(r, whose) : absent;
}

/* ---- entities ---- */

/* What a rule may say, as decided before its entities are drawn. */
struct frame {
    const struct cal *c;
    bool global;      /* of a policy without namespace */
    int family;       /* of all its prefixes */
    bool ports;       /* numbers may be given */
    uint8_t protocol; /* number; 0: none */
    uint8_t direction;
    bool sources; /* ports of sources: they multiply with everything else */
    bool sparse;  /* few conditions: that rules match at all */
};

static uint8_t draw_net(struct gen_random *r, int family, bool all)
{
    return gen_from(r, family == 4 ? 0 : CAL_FAMILY_NETS, CAL_FAMILY_NETS - !all);
}

static struct cal_port draw_port(struct gen_random *r, bool numbers)
{
    static const struct cal_port some[] = {
        {NULL, 80,   80   },
        {NULL, 80,   90   },
        {NULL, 53,   53   },
        {NULL, 81,   443  },
        {NULL, 1,    65535},
        {NULL, 8080, 8080 }
    };
    static const char *const names[] = {"web", "dns", "web", "gone"};
    if (numbers && gen_chance(r, 65)) {
        return some[gen_below(r, SIZE(some))];
    }
    return (struct cal_port){.name = names[gen_below(r, SIZE(names))]};
}

/* The global namespaces or what a selector says. */
static struct cal_selector draw_spaces(struct gen_random *r, uint32_t percent)
{
    struct cal_selector s = maybe(r, CAL_OF_SPACE, percent);
    uint32_t kind = gen_below(r, 100);
    if (s.present && kind < 40) {
        s.root = 0;
        s.count = 1;
        s.nodes[0] = (struct cal_node){.op = kind < 25 ? CAL_GLOBAL : CAL_ALL};
        s.style = 0; /* global() stands alone */
    }
    return s;
}

/* A condition that is there so often, in percent. */
static bool has(struct gen_random *r, const struct frame *f, uint32_t percent)
{
    return gen_chance(r, f->sparse ? percent / 3 : percent);
}

static void draw_nets(struct gen_random *r, const struct frame *f, struct cal_entity *e)
{
    e->n_nets = has(r, f, 25) ? gen_from(r, 1, CAL_FEW) : 0;
    e->n_not_nets = has(r, f, 15) ? gen_from(r, 1, CAL_FEW) : 0;
    for (unsigned i = 0; i < CAL_FEW; i++) {
        e->nets[i] = draw_net(r, f->family, true);
        e->not_nets[i] = draw_net(r, f->family, false);
    }
}

static void draw_port_lists(struct gen_random *r, const struct frame *f, uint32_t percent,
                            struct cal_entity *e)
{
    bool may = f->ports || f->protocol == 0;
    e->n_ports = may && has(r, f, percent) ? gen_from(r, 1, CAL_FEW) : 0;
    e->n_not_ports = may && has(r, f, percent / 2) ? gen_from(r, 1, CAL_FEW) : 0;
    for (unsigned i = 0; i < CAL_FEW; i++) {
        e->ports[i] = draw_port(r, f->ports);
        e->not_ports[i] = draw_port(r, f->ports);
    }
}

static uint8_t draw_service_of(struct gen_random *r, const struct cal *c)
{
    uint8_t which = gen_draw(r, CAL_SERVICES);
    return c->features & CAL_SERVICE && gen_chance(r, 10) ? which + 1 : 0;
}

static struct cal_entity draw_entity(struct gen_random *r, const struct frame *f, bool far,
                                     uint32_t ports)
{
    struct cal_entity e = {0};
    e.service = far ? draw_service_of(r, f->c) : 0;
    if (e.service) {
        if (f->direction == CAL_INGRESS) {
            draw_port_lists(r, f, ports, &e);
        }
        return e;
    }
    draw_nets(r, f, &e);
    uint32_t share = f->sparse ? 2 : 1;
    e.selector = maybe(r, CAL_OF_OBJECT, (far ? 40 : 8) / share);
    e.not_selector = maybe(r, CAL_OF_OBJECT, (far ? 16 : 6) / share);
    e.spaces = draw_spaces(r, (far ? 20 : 6) / share);
    e.account = maybe(r, CAL_OF_ACCOUNT, (far ? 6 : 2) / share);
    e.n_accounts = has(r, f, far ? 9 : 3) ? gen_from(r, 1, CAL_FEW) : 0;
    for (unsigned i = 0; i < CAL_FEW; i++) {
        e.accounts[i] = gen_draw(r, CAL_ACCOUNTS);
    }
    draw_port_lists(r, f, ports, &e);
    return e;
}

/* ---- rules ---- */

static struct cal_icmp draw_icmp(struct gen_random *r)
{
    static const uint8_t types[] = {0, 3, 8, 128, 254}, codes[] = {0, 1, 4, 255};
    return (struct cal_icmp){.present = true,
                             .has_code = gen_chance(r, 50),
                             .type = gen_pick(r, types, sizeof types),
                             .code = gen_pick(r, codes, sizeof codes)};
}

static struct cal_http draw_http(struct gen_random *r)
{
    static const char *const methods[] = {"GET", "POST", "*"};
    static const char *const paths[] = {"/a", "/a/b", "/"};
    struct cal_http h = {.present = true, .n_paths = gen_draw(r, CAL_FEW + 1)};
    uint32_t first = gen_below(r, SIZE(methods));
    h.n_methods = gen_draw(r, CAL_FEW + 1);
    for (unsigned i = 0; i < CAL_FEW; i++) { /* no duplicates */
        h.methods[i] = methods[(first + i) % SIZE(methods)];
        h.paths[i] = paths[gen_below(r, SIZE(paths))];
        h.prefix[i] = gen_chance(r, 50);
    }
    return h;
}

/* Protocols and what goes with them. All prefixes of a rule are of one family. */
static void draw_protocol(struct gen_random *r, struct frame *f, struct cal_rule *rule)
{
    static const uint8_t usual[] = {1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    rule->protocol = gen_chance(r, f->sparse ? 45 : 65) ? gen_pick(r, usual, sizeof usual) : 0;
    rule->not_protocol = gen_chance(r, 8) ? gen_from(r, 1, CAL_PROTOCOLS - 1) : 0;
    const struct cal_protocol *protocol = &cal_protocols[rule->protocol];
    f->protocol = protocol->number;
    f->ports = protocol->ports;
    f->family = protocol->family ? protocol->family : gen_chance(r, 60) ? 4 : 6;
    rule->ip_version = gen_chance(r, 12) ? (uint8_t)f->family : 0;
    if (protocol->number == 1 || protocol->number == 58) {
        rule->icmp = gen_chance(r, 50) ? draw_icmp(r) : rule->icmp;
        rule->not_icmp = gen_chance(r, 25) ? draw_icmp(r) : rule->not_icmp;
    } else if (protocol->number == 0 && gen_chance(r, 8)) {
        rule->not_icmp = draw_icmp(r);
    }
}

static struct cal_rule draw_rule(struct gen_random *r, struct frame *f)
{
    static const uint8_t actions[] = {CAL_ALLOW, CAL_ALLOW, CAL_ALLOW, CAL_ALLOW, CAL_DENY,
                                      CAL_DENY,  CAL_DENY,  CAL_PASS,  CAL_PASS,  CAL_LOG};
    struct cal_rule rule = {.action = gen_pick(r, actions, sizeof actions)};
    bool in = f->direction == CAL_INGRESS;
    f->sparse = gen_chance(r, 60);
    draw_protocol(r, f, &rule);
    rule.source = draw_entity(r, f, in, f->sources ? 20 : 0);
    rule.destination = draw_entity(r, f, !in, 40);
    bool tcp = rule.protocol == 0 || rule.protocol == 1 || rule.protocol == 7;
    if (f->c->features & CAL_HTTP && rule.action == CAL_ALLOW && in && tcp && gen_chance(r, 10)) {
        rule.http = draw_http(r);
    }
    return rule;
}

void cal_draw_profile_rules(struct cal *c, struct gen_random *r, struct cal_profile *profile)
{
    for (uint8_t d = 0; d < CAL_DIRECTIONS; d++) {
        profile->n_rules[d] = gen_draw(r, CAL_FEW + 1);
        for (unsigned i = 0; i < profile->n_rules[d]; i++) {
            struct frame f = {.c = c, .global = true, .direction = d};
            profile->rules[d][i] = draw_rule(r, &f);
            profile->rules[d][i].http = (struct cal_http){0};
        }
    }
}

/* ---- policies of Kubernetes: what their fields can say, in the shape of the others ---- */

static struct cal_selector equals(struct gen_random *r, bool space)
{
    static const char *const values[] = {"x", "xy", "y", ""};
    static const char *const objects[] = {"app", "role", "in"}, *const spaces[] = {"team", "app"};
    struct cal_selector s = {.present = true, .count = 1};
    s.nodes[0] = (struct cal_node){.op = gen_chance(r, 50) ? CAL_EQ : CAL_ALL, .count = 1};
    s.nodes[0].key =
        space ? spaces[gen_below(r, SIZE(spaces))] : objects[gen_below(r, SIZE(objects))];
    s.nodes[0].values[0] = values[gen_below(r, SIZE(values))];
    return s;
}

static struct cal_rule draw_foreign_rule(struct gen_random *r, bool cluster, uint8_t direction)
{
    static const uint8_t actions[] = {CAL_ALLOW, CAL_DENY, CAL_PASS};
    struct cal_rule rule = {.action = cluster ? gen_pick(r, actions, sizeof actions) : CAL_ALLOW};
    struct cal_entity *far = direction == CAL_INGRESS ? &rule.source : &rule.destination;
    uint32_t kind = gen_below(r, 100);
    if (kind < 25 && (!cluster || direction == CAL_EGRESS)) {
        far->n_nets = 1;
        far->nets[0] = draw_net(r, gen_chance(r, 60) ? 4 : 6, true);
    } else if (kind < 85 || cluster) {
        far->selector = equals(r, false);
        far->spaces = cluster || gen_chance(r, 50) ? equals(r, true) : absent;
    }
    if (gen_chance(r, 60)) {
        rule.protocol = gen_from(r, 1, 3); /* TCP, UDP, SCTP */
        rule.destination.n_ports = 1;
        rule.destination.ports[0] = draw_port(r, true);
        /* there all ports are all of the protocol, what has none included */
        if (cluster && (rule.destination.ports[0].name || rule.destination.ports[0].first == 1)) {
            rule.destination.ports[0] = (struct cal_port){.first = 80, .last = 81};
        }
    }
    return rule;
}

static void draw_foreign(struct gen_random *r, struct cal_policy *p)
{
    bool cluster = p->kind == CAL_CNP;
    p->tier = cluster ? gen_chance(r, 50) ? CAL_TIER_ADMIN : CAL_TIER_BASELINE : CAL_TIER_DEFAULT;
    if (p->kind == CAL_STAGED_K8S) {
        p->staged = gen_draw(r, CAL_DELETE_IT + 1);
        if (p->staged == CAL_DELETE_IT) {
            return;
        }
    }
    p->selector = equals(r, false);
    p->spaces = cluster ? equals(r, true) : absent;
    p->order = gen_draw(r, CAL_ORDERS); /* the place of a priority */
    p->typed = !cluster && gen_chance(r, 60);
    p->types = gen_from(r, 1, 3);
    for (uint8_t d = 0; d < CAL_DIRECTIONS; d++) {
        p->n_rules[d] = gen_draw(r, CAL_RULES);
        for (unsigned i = 0; i < p->n_rules[d]; i++) {
            p->rules[d][i] = draw_foreign_rule(r, cluster, d);
        }
    }
}

/* ---- policies ---- */

static uint8_t draw_kind(const struct cal *c, struct gen_random *r)
{
    static const uint8_t plain[] = {CAL_NP, CAL_NP, CAL_GNP, CAL_GNP, CAL_GNP};
    static const uint8_t staged[] = {CAL_STAGED_NP, CAL_STAGED_GNP};
    static const uint8_t foreign[] = {CAL_K8S, CAL_CNP};
    if (c->features & CAL_FOREIGN) {
        return gen_pick(r, foreign, sizeof foreign);
    }
    if (c->features & CAL_STAGED && gen_chance(r, 20)) {
        return c->features & CAL_MIXED && gen_chance(r, 25) ? CAL_STAGED_K8S
                                                            : gen_pick(r, staged, sizeof staged);
    }
    if (c->features & CAL_MIXED && gen_chance(r, 15)) {
        return gen_pick(r, foreign, sizeof foreign);
    }
    return gen_pick(r, plain, sizeof plain);
}

/* The tier: a drawn one that is there, the default one, or one that nothing makes. */
static uint8_t draw_tier(const struct cal *c, struct gen_random *r)
{
    uint8_t tier = gen_draw(r, CAL_TIERS);
    if (c->features & CAL_NO_TIER && gen_chance(r, 6)) {
        return CAL_TIER_LOST;
    }
    return gen_chance(r, 55) && c->tiers[tier].present ? tier : (uint8_t)CAL_TIER_DEFAULT;
}

static void draw_stage(const struct cal *c, struct gen_random *r, struct cal_policy *p)
{
    if (!(c->features & CAL_STAGES) || !gen_chance(r, 50)) {
        return;
    }
    uint32_t kind = gen_below(r, 3);
    p->untracked = kind == 0;
    p->pre_dnat = kind == 1;
    p->forward = true;
}

static void draw_rules(const struct cal *c, struct gen_random *r, bool global, struct cal_policy *p)
{
    for (uint8_t d = 0; d < CAL_DIRECTIONS; d++) {
        p->n_rules[d] = gen_draw(r, CAL_RULES + 1);
        for (unsigned i = 0; i < p->n_rules[d]; i++) {
            struct frame f = {
                .c = c, .global = global, .direction = d, .sources = c->seed % 4 == 0};
            p->rules[d][i] = draw_rule(r, &f);
            if (p->untracked || p->pre_dnat) {
                p->rules[d][i].http = (struct cal_http){0};
            }
        }
    }
    p->typed = gen_chance(r, 50);
    p->types = gen_from(r, 1, 3);
    if (p->pre_dnat) {
        p->n_rules[CAL_EGRESS] = 0;
        p->types = 1 << CAL_INGRESS;
    }
}

static void draw_policy(const struct cal *c, struct gen_random *r, struct cal_policy *p)
{
    *p = (struct cal_policy){.present = true,
                             .kind = draw_kind(c, r),
                             .space = gen_draw(r, CAL_SPACES),
                             .name = gen_draw(r, SIZE(cal_policy_names)),
                             .order = gen_draw(r, CAL_ORDERS)};
    if (p->kind >= CAL_STAGED_K8S) {
        draw_foreign(r, p);
        return;
    }
    bool global = p->kind == CAL_GNP || p->kind == CAL_STAGED_GNP;
    bool staged = p->kind == CAL_STAGED_NP || p->kind == CAL_STAGED_GNP;
    p->tier = draw_tier(c, r);
    p->staged = staged ? gen_draw(r, CAL_IGNORE_IT + 1) : 0;
    if (p->staged == CAL_DELETE_IT) {
        p->order = 0;
        return;
    }
    p->selector = maybe(r, CAL_OF_OBJECT, 70);
    p->account = maybe(r, CAL_OF_ACCOUNT, 8);
    p->spaces = global ? maybe(r, CAL_OF_SPACE, 20) : absent;
    if (global) {
        draw_stage(c, r, p);
    }
    draw_rules(c, r, global, p);
}

/* Of one kind, namespace and name there is one. */
static bool is_taken(const struct cal *c, unsigned count, const struct cal_policy *p)
{
    for (unsigned i = 0; i < count; i++) {
        const struct cal_policy *other = &c->policies[i];
        if (other->present && other->kind == p->kind && other->name == p->name &&
            other->space == p->space) {
            return true;
        }
    }
    return false;
}

static bool has_hosts(const struct cal *c)
{
    for (unsigned i = 0; i < CAL_HOSTS; i++) {
        if (c->hosts[i].present) {
            return true;
        }
    }
    return false;
}

void cal_draw_policies(struct cal *c, struct gen_random *r)
{
    /* with host endpoints fewer: each of their stages is compiled for all pairs of ends */
    unsigned most = has_hosts(c) && gen_chance(r, 90) ? CAL_POLICIES / 2 : CAL_POLICIES;
    unsigned count = 1 + gen_below(r, most);
    for (unsigned i = 0; i < count; i++) {
        struct cal_policy *p = &c->policies[i];
        draw_policy(c, r, p);
        if (p->kind == CAL_GNP || p->kind == CAL_STAGED_GNP || p->kind == CAL_CNP) {
            p->space = CAL_SPACES;
        }
        p->present = !is_taken(c, i, p);
    }
}

/* ---- making smaller ---- */

static bool drop(bool *there)
{
    bool was = *there;
    *there = false;
    return was;
}

static bool remove_rule(struct cal_policy *p, unsigned direction, unsigned index)
{
    if (index >= p->n_rules[direction]) {
        return false;
    }
    for (unsigned i = index; i + 1 < p->n_rules[direction]; i++) {
        p->rules[direction][i] = p->rules[direction][i + 1];
    }
    p->n_rules[direction]--;
    return true;
}

/* Fields of an entity, one by one. */
static bool remove_of_entity(struct cal_entity *e, unsigned which)
{
    uint8_t *const counts[] = {&e->n_nets,  &e->n_not_nets,  &e->n_accounts,
                               &e->n_ports, &e->n_not_ports, &e->service};
    bool *const flags[] = {&e->selector.present, &e->not_selector.present, &e->spaces.present,
                           &e->account.present};
    if (which < SIZE(counts)) {
        bool was = *counts[which];
        *counts[which] = *counts[which] && which != SIZE(counts) - 1 ? *counts[which] - 1 : 0;
        return was;
    }
    return drop(flags[which - SIZE(counts)]);
}
enum { ENTITY_PARTS = 10, RULE_PARTS = 2 * ENTITY_PARTS + 6 };

static bool remove_of_rule(struct cal_rule *rule, unsigned which)
{
    uint8_t *const numbers[] = {&rule->ip_version, &rule->not_protocol};
    bool *const flags[] = {&rule->icmp.present, &rule->not_icmp.present, &rule->http.present};
    if (which < 2 * ENTITY_PARTS) {
        return remove_of_entity(which < ENTITY_PARTS ? &rule->source : &rule->destination,
                                which % ENTITY_PARTS);
    }
    which -= 2 * ENTITY_PARTS;
    if (which < 2) {
        bool was = *numbers[which];
        *numbers[which] = 0;
        return was;
    }
    if (which < 5) {
        return drop(flags[which - 2]);
    }
    return false;
}

static bool remove_of_policy(struct cal_policy *p, unsigned which)
{
    enum { RULES = CAL_DIRECTIONS * CAL_RULES };
    if (!p->present) {
        return false;
    }
    if (which == 0) {
        return drop(&p->present);
    }
    which--;
    if (which < RULES) {
        return remove_rule(p, which % CAL_DIRECTIONS, which / CAL_DIRECTIONS);
    }
    which -= RULES;
    if (which < 2) {
        return drop(which ? &p->account.present : &p->spaces.present);
    }
    which -= 2;
    unsigned rule = which / RULE_PARTS;
    if (rule / CAL_DIRECTIONS >= p->n_rules[rule % CAL_DIRECTIONS] || p->kind >= CAL_STAGED_K8S) {
        return false;
    }
    return remove_of_rule(&p->rules[rule % CAL_DIRECTIONS][rule / CAL_DIRECTIONS],
                          which % RULE_PARTS);
}

/* What is not a policy. A tier with policies stays. */
static bool remove_thing(struct cal *c, unsigned which)
{
    if (which < CAL_PODS) {
        return drop(&c->pods[which].present);
    }
    which -= CAL_PODS;
    if (which < CAL_SETS) {
        return drop(&c->sets[which].present);
    }
    which -= CAL_SETS;
    if (which < CAL_HOSTS) {
        return drop(&c->hosts[which].present);
    }
    which -= CAL_HOSTS;
    if (which < CAL_PROFILES) {
        return drop(&c->profiles[which].present);
    }
    which -= CAL_PROFILES;
    bool used = false;
    for (unsigned i = 0; i < CAL_POLICIES; i++) {
        used = used || (c->policies[i].present && c->policies[i].tier == which);
    }
    return !used && drop(&c->tiers[which].present);
}

bool cal_remove(struct cal *c, unsigned which, bool *changed)
{
    enum {
        THINGS = CAL_PODS + CAL_SETS + CAL_HOSTS + CAL_PROFILES + CAL_TIERS,
        RULES = CAL_DIRECTIONS * CAL_RULES,
        POLICY_PARTS = 1 + RULES + 2 + RULES * RULE_PARTS
    };
    *changed = false;
    if (which < CAL_POLICIES * POLICY_PARTS) {
        *changed = remove_of_policy(&c->policies[which % CAL_POLICIES], which / CAL_POLICIES);
        return true;
    }
    which -= CAL_POLICIES * POLICY_PARTS;
    if (which < THINGS) {
        *changed = remove_thing(c, which);
        return true;
    }
    return false;
}
