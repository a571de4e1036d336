/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Imported lists: many rules over pairs of prefixes, source ports and ports do not factor into
 * classes, so a large list becomes a residual tree as it is. Only where it is nothing but such a
 * list, alone on its side; anything else goes the general way.
 *
 * Coarser than the reference in two points, both towards UNKNOWN: a question without ports and an
 * end without address are UNKNOWN whatever the rules say.
 */
#include "compile/plan.h"

enum { LARGE = 128 }; /* fewer rules go the general way */

struct prefixes {
    const struct np_literal *items[8];
    uint32_t count; /* 0: any */
};

static bool take_set(const struct np_set *set, struct prefixes *out)
{
    out->count = 0;
    if (!set) {
        return true;
    }
    for (uint32_t c = 0; c < set->count; c++) {
        const struct np_clause *clause = &set->clauses[c];
        if (clause->count != 1 || clause->items[0].negative || out->count == 8 ||
            clause->items[0].literal->kind != NP_LIT_CIDR ||
            clause->items[0].literal->domain != NP_DOMAIN_ALL) {
            return false;
        }
        out->items[out->count++] = clause->items[0].literal;
    }
    return set->count > 0;
}

static bool plain_match(const struct np_match *m)
{
    struct prefixes p;
    return m->relations == NP_REL_ANY && m->routes == NP_ROUTE_ANY &&
           m->listener == NP_LISTENER_ANY && m->families == NP_FAMILY_ANY && !m->dst_ports &&
           !m->src_ports && !m->connection && !m->request &&
           !(m->service && m->service->complement) &&
           !(m->src_service && m->src_service->complement) && take_set(m->near, &p) &&
           take_set(m->far, &p);
}

static bool plain_rule(const struct np_rule *rule)
{
    bool plain = (rule->action == NP_ACT_ALLOW || rule->action == NP_ACT_DENY) &&
                 rule->redirect_parser == NP_PARSER_NONE && !rule->auth_mode &&
                 !rule->auth_explicit && !rule->refuses && rule->n_effects == 0;
    for (uint32_t a = 0; a < rule->n_alternatives && plain; a++) {
        plain = plain_match(&rule->alternatives[a]);
    }
    return plain;
}

/* "Every end": a clause that nothing can fail. */
static bool holds_always(const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        bool always = true;
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_signed_literal *item = &set->clauses[c].items[i];
            always = always && item->negative && item->literal->kind == NP_LIT_NOTHING;
        }
        if (always) {
            return true;
        }
    }
    return false;
}

bool np_list_fits(const struct np_side_plan *side)
{
    if (side->n_checkpoints != 1 || side->checkpoints[0]->kind != NP_CHECK_LIST) {
        return false;
    }
    const struct np_checkpoint *c = side->checkpoints[0];
    if (c->mode != NP_MODE_ENFORCE || c->subjects || c->n_stages != 1 ||
        c->stages[0]->applies != NP_ROUTE_ANY || c->stages[0]->n_tiers != 1) {
        return false;
    }
    const struct np_tier *tier = c->stages[0]->tiers[0];
    enum np_direction d = (enum np_direction)c->direction;
    bool fits =
        tier->rank_order == NP_LISTED && tier->n_walk[d] > LARGE && tier->end_if == NP_ALWAYS;
    for (uint32_t p = 0; p < tier->n_policies && fits; p++) {
        fits = tier->policies[p]->state == NP_ENFORCED && !tier->policies[p]->synthetic &&
               holds_always(tier->policies[p]->subjects[d]);
    }
    for (uint32_t i = 0; i < tier->n_walk[d] && fits; i++) {
        fits = plain_rule(tier->walk[d][i]);
    }
    return fits;
}

/* ---- boxes ---- */

struct boxes {
    const struct netpol_ctx *ctx;
    np_vec(struct np_box) items;
    bool failed;
};

struct span {
    bool any_protocol, no_port, ports;
    uint8_t protocol;
    uint16_t first, last;
};

static struct span span_of(const struct np_service *service, uint32_t i)
{
    if (!service) {
        return (struct span){true, true, true, 0, 0, UINT16_MAX};
    }
    const struct np_port_span *s = &service->spans[i];
    return (struct span){s->protocol < 0,      s->no_port, s->ports,
                         (uint8_t)s->protocol, s->first,   s->last};
}

static uint64_t number_of(const uint8_t *bytes, int count)
{
    uint64_t number = 0;
    for (int i = 0; i < count; i++) {
        number = number << 8 | bytes[i];
    }
    return number;
}

static void put_prefix(const struct np_prefix *prefix, uint64_t address[2], uint8_t *length)
{
    bool four = prefix->address.family == NP_IPV4;
    address[0] = four ? 0 : number_of(prefix->address.bytes, 8);
    address[1] = number_of(prefix->address.bytes + (four ? 0 : 8), four ? 4 : 8);
    *length = prefix->length;
}

static void push_box(struct boxes *b, const struct np_box *box)
{
    struct np_box *at = np_vec_push(b->ctx, &b->items);
    b->failed = b->failed || !at;
    if (at) {
        *at = *box;
    }
}

/* The same for one protocol and other source ports, and for packets that have ports. */
static void push_like(struct boxes *b, const struct np_box *like, uint8_t protocol, uint16_t last)
{
    struct np_box box = *like;
    box.any_protocol = box.no_ports = 0;
    box.protocol = protocol;
    box.src_first = 0;
    box.src_last = last;
    push_box(b, &box);
}

/*
 * Type and code stand where the destination port would be, but a source port is what ICMP does not
 * have: a span of them holds for it if it holds for what has none. Trees are asked with 0.
 */
static void push_sources(struct boxes *b, struct np_box *box, const struct span *from,
                         bool to_ports)
{
    static const uint8_t with[] = {6, 17, 33, 132, 136}, icmp[] = {1, 58};
    bool plain = from->ports && from->no_port && from->first == 0 && from->last == UINT16_MAX;
    bool any = box->any_protocol, met = any;
    for (size_t i = 0; i < sizeof icmp && !plain; i++) {
        met = met || box->protocol == icmp[i];
        if ((any || box->protocol == icmp[i]) && from->no_port && to_ports) {
            push_like(b, box, icmp[i], UINT16_MAX);
        }
    }
    if (plain || !met) {
        push_box(b, box);
        return;
    }
    for (size_t i = 0; i < sizeof with && any && from->ports && from->first == 0; i++) {
        push_like(b, box, with[i], 0);
    }
    if (!any || !from->ports || from->last == 0) { /* only what has no ports is left */
        box->src_first = 1;
        box->src_last = 0;
    } else if (from->first == 0) {
        box->src_first = 1;
    }
    push_box(b, box);
}

static void add_box(struct boxes *b, const struct np_literal *src, const struct np_literal *dst,
                    struct span from, struct span to, uint32_t value)
{
    struct np_box box = {.value = value,
                         .src_first = from.first,
                         .src_last = from.last,
                         .dst_first = to.first,
                         .dst_last = to.last};
    if (!from.any_protocol && !to.any_protocol && from.protocol != to.protocol) {
        return;
    }
    if (src && dst && src->prefix.address.family != dst->prefix.address.family) {
        return;
    }
    box.any_protocol = from.any_protocol && to.any_protocol;
    box.protocol = to.any_protocol ? from.protocol : to.protocol;
    box.no_ports = from.no_port && to.no_port;
    if (!from.ports) { /* only what has no ports: an empty span of them */
        box.src_first = 1;
        box.src_last = 0;
    }
    if (!to.ports) {
        box.dst_first = 1;
        box.dst_last = 0;
    }
    if (src) {
        put_prefix(&src->prefix, box.src, &box.src_length);
        box.family = src->prefix.address.family;
    }
    if (dst) {
        put_prefix(&dst->prefix, box.dst, &box.dst_length);
        box.family = dst->prefix.address.family;
    }
    push_sources(b, &box, &from, to.ports);
}

static void add_match(struct boxes *b, const struct np_match *m, bool near_is_source,
                      uint32_t value)
{
    struct prefixes near, far;
    take_set(m->near, &near);
    take_set(m->far, &far);
    const struct prefixes *src = near_is_source ? &near : &far;
    const struct prefixes *dst = near_is_source ? &far : &near;
    uint32_t n_src = src->count ? src->count : 1, n_dst = dst->count ? dst->count : 1;
    uint32_t n_from = m->src_service ? m->src_service->count : 1;
    uint32_t n_to = m->service ? m->service->count : 1;
    for (uint32_t i = 0; i < n_src * n_dst * n_from * n_to; i++) {
        uint32_t s = i % n_src, d = i / n_src % n_dst;
        uint32_t f = i / (n_src * n_dst) % n_from, t = i / (n_src * n_dst * n_from);
        add_box(b, src->count ? src->items[s] : NULL, dst->count ? dst->items[d] : NULL,
                span_of(m->src_service, f), span_of(m->service, t), value);
    }
}

/* ---- answers ---- */

static struct np_answer answer_of(const struct np_model *model, uint8_t action, uint8_t reason,
                                  uint32_t number)
{
    struct np_answer answer;
    memset(&answer, 0, sizeof answer);
    answer.part.action = action;
    answer.part.reason = reason;
    answer.part.flags =
        (uint16_t)(NETPOL_PART_JUDGED | (model->incomplete ? NETPOL_PART_INCOMPLETE : 0));
    answer.part.rule = number;
    return answer;
}

static struct np_answer otherwise(const struct np_model *model, const struct np_side_plan *side)
{
    const struct np_stage *stage = side->checkpoints[0]->stages[0];
    const struct np_tier *tier = stage->tiers[0];
    enum np_direction d = (enum np_direction)side->checkpoints[0]->direction;
    if (tier->end[d] != NP_END_PASS) {
        return answer_of(model, tier->end[d] == NP_END_ALLOW ? NETPOL_ALLOW : NETPOL_DENY,
                         NETPOL_REASON_TIER_END, tier->end_number[d]);
    }
    return answer_of(model, stage->on_end == NP_ON_END_ALLOW ? NETPOL_ALLOW : NETPOL_DENY,
                     NETPOL_REASON_DEFAULT, stage->default_number);
}

/* The list's parts: what is not known, where the tree begins, no rule, and one per rule. */
enum { PART_UNKNOWN, PART_TREE, PART_OTHERWISE, PART_RULES };

static int list_parts(struct np_plan *plan, const struct np_side_plan *side, uint32_t root,
                      uint32_t *parts)
{
    const struct np_checkpoint *c = side->checkpoints[0];
    const struct np_tier *tier = c->stages[0]->tiers[0];
    enum np_direction d = (enum np_direction)c->direction;
    const struct netpol_ctx *ctx = plan->draft.ctx;
    size_t count = PART_RULES + (size_t)tier->n_walk[d];
    struct np_answer *answers = np_zalloc(ctx, count * sizeof *answers);
    if (!answers) {
        return NETPOL_ERR_MEMORY;
    }
    answers[PART_UNKNOWN] = answer_of(plan->draft.model, NETPOL_UNKNOWN, NETPOL_REASON_MISSING, 0);
    answers[PART_UNKNOWN].missing = NETPOL_MISSING_PORTS;
    answers[PART_TREE].part.flags = NP_PART_RESIDUAL;
    answers[PART_TREE].part.rule = root;
    answers[PART_OTHERWISE] = otherwise(plan->draft.model, side);
    for (uint32_t i = 0; i < tier->n_walk[d]; i++) {
        const struct np_rule *rule = tier->walk[d][i];
        uint8_t reason = rule->origin.option ? NETPOL_REASON_OPTION : NETPOL_REASON_RULE;
        answers[PART_RULES + i] =
            answer_of(plan->draft.model, rule->action == NP_ACT_ALLOW ? NETPOL_ALLOW : NETPOL_DENY,
                      reason, rule->number);
    }
    *parts = np_tables_parts(&plan->tables, answers, (uint32_t)count);
    np_free(ctx, answers, count * sizeof *answers);
    return *parts == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

static int plant(struct np_plan *plan, const struct np_side_plan *side, uint32_t *root)
{
    const struct np_checkpoint *c = side->checkpoints[0];
    const struct np_tier *tier = c->stages[0]->tiers[0];
    enum np_direction d = (enum np_direction)c->direction;
    struct boxes boxes = {.ctx = plan->draft.ctx};
    for (uint32_t i = 0; i < tier->n_walk[d]; i++) {
        for (uint32_t a = 0; a < tier->walk[d][i]->n_alternatives; a++) {
            add_match(&boxes, &tier->walk[d][i]->alternatives[a], side->near_is_source,
                      PART_RULES + i);
        }
    }
    int status = boxes.failed ? NETPOL_ERR_MEMORY
                              : np_cut_add(plan->tables.cuts, boxes.items.items, boxes.items.count,
                                           PART_OTHERWISE, root);
    np_vec_free(plan->draft.ctx, &boxes.items);
    plan->tables.n_cuts++;
    return status;
}

/* Ports that were not given: unknown. Everything else: the tree. */
static int list_row(struct np_plan *plan, bool known, uint32_t *row)
{
    uint16_t cells[2] = {PART_UNKNOWN, PART_UNKNOWN};
    cells[0] = known ? PART_TREE : PART_UNKNOWN;
    *row = np_tables_cells(&plan->tables, cells, 2);
    return *row == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

static int list_map(struct np_plan *plan, uint32_t *ports)
{
    uint32_t n = plan->ports.n_classes;
    uint16_t *map = np_alloc(plan->draft.ctx, n * sizeof *map);
    if (!map) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t c = 0; c < n; c++) {
        map[c] = plan->ports.points[plan->ports.first_point[c]].kind == NP_PORT_UNKNOWN;
    }
    *ports = np_tables_map(&plan->tables, map, n);
    np_free(plan->draft.ctx, map, n * sizeof *map);
    return *ports == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

static bool has_address(const struct np_plan *plan, uint32_t signature)
{
    return plan->draft.sigs[signature].family != 0;
}

int np_list_make(struct np_plan *plan, const struct np_side_plan *side, enum np_side_of_hop which)
{
    uint32_t groups = plan->groups[which].grouping.count, root, parts, ports, known, unknown;
    struct np_arena *arena = &plan->draft.arena;
    uint32_t *classes = np_arena_array(arena, plan->classes.count, sizeof *classes);
    uint32_t *rows = np_arena_array(arena, plan->classes.count, sizeof *rows);
    struct np_group_plan *planned = np_arena_array(arena, groups, sizeof *planned);
    int status = classes && rows && planned ? plant(plan, side, &root) : NETPOL_ERR_MEMORY;
    status = status == NETPOL_OK ? list_parts(plan, side, root, &parts) : status;
    status = status == NETPOL_OK ? list_row(plan, true, &known) : status;
    status = status == NETPOL_OK ? list_row(plan, false, &unknown) : status;
    status = status == NETPOL_OK ? list_map(plan, &ports) : status;
    if (status != NETPOL_OK) {
        return status;
    }
    uint32_t without = 0;
    for (uint32_t c = 0; c < plan->classes.count; c++) {
        if (!has_address(plan, plan->classes.first[c])) {
            classes[without] = c;
            rows[without++] = unknown;
        }
    }
    for (uint32_t g = 0; g < groups; g++) {
        bool good = has_address(plan, plan->groups[which].grouping.first[g]);
        struct np_row_draft row = {known, classes, rows, without};
        planned[g] = (struct np_group_plan){.ports = ports, .parts = parts};
        for (int k = 0; k < NP_VARIANTS; k++) {
            planned[g].rows[k] = good ? row : (struct np_row_draft){unknown, NULL, NULL, 0};
        }
    }
    plan->planned[which] = planned;
    return NETPOL_OK;
}
