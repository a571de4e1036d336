/* SPDX-License-Identifier: Apache-2.0 */
/* From a plan to what names can change, and the questions that a new combination asks. */
#include "compile/naming.h"
#include "compile/matcher.h"
#include "model/build.h"

#include <stdlib.h>

/* A group of near ends as it is asked about. */
struct asked {
    struct np_focus focus;
    struct np_end near;
    uint8_t near_family;
    bool near_is_source;
    struct np_port_point *points[2]; /* by family of the far end: IPv4, IPv6; of each column */
};
struct np_naming {
    struct np_namer namer; /* first: the namer leads back */
    const struct netpol_ctx *ctx;
    const struct np_model *model;
    struct np_arena arena;
    struct np_name_index index;
    struct asked *asked; /* by group of the namer */
    bool one_family;     /* no rule looks at families */
};
struct making {
    struct np_plan *plan;
    const uint32_t *numbers;
    const struct np_hot *hot;
    struct np_naming *naming;
    struct np_arena arena;  /* of what is of no use afterwards */
    struct np_map literals; /* by address -> number + 1 */
    np_vec(struct np_namer_group) groups;
    np_vec(uint32_t) mentions; /* literals of the group at hand */
};

/* ---- who looks at names ---- */

/* The next condition on names of a set; at: how many literals were passed. NULL: no more. */
static const struct np_literal *next_literal(const struct np_set *set, uint32_t *at)
{
    uint32_t first = 0;
    for (uint32_t c = 0; set && c < set->count; c++) {
        const struct np_clause *clause = &set->clauses[c];
        for (; *at < first + clause->count; ++*at) {
            const struct np_literal *literal = clause->items[*at - first].literal;
            if (literal->kind == NP_LIT_DNS_NAMES && literal->n_patterns) {
                ++*at;
                return literal;
            }
        }
        first += clause->count;
    }
    return NULL;
}

enum { LOOKS_FAR = 1, LOOKS_NEAR = 2 };

static uint8_t looks_of(const struct np_policy *policy, enum np_direction d)
{
    uint8_t looks = 0;
    for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
        for (uint32_t a = 0; a < policy->rules[d][r].n_alternatives; a++) {
            const struct np_match *match = &policy->rules[d][r].alternatives[a];
            uint32_t far = 0, near = 0;
            looks |= next_literal(match->far, &far) ? LOOKS_FAR : 0;
            looks |= next_literal(match->near, &near) ? LOOKS_NEAR : 0;
        }
    }
    return looks;
}

/* By policy of the side. NULL: no memory. */
static uint8_t *lookers(const struct np_side_plan *side, const struct np_model *model,
                        struct np_arena *arena)
{
    enum np_direction d = side->near_is_source ? NP_EGRESS : NP_INGRESS;
    /* where the image has what holds for names that are not known, that is right for any names */
    uint8_t counts = model->options.unlearnt_names ? LOOKS_FAR | LOOKS_NEAR : LOOKS_FAR;
    uint8_t *looks = np_arena_array(arena, side->n_policies, sizeof *looks);
    for (uint32_t i = 0; looks && i < side->n_policies; i++) {
        looks[i] = looks_of(side->policies[i], d) & counts;
    }
    return looks;
}

/* ---- literals ---- */

/* Numbers it; its patterns are found from then on. */
static bool note_literal(struct making *m, const struct np_literal *literal)
{
    bool added;
    struct np_slice key = {(const char *)&literal, sizeof literal};
    uint64_t *number = np_map_add(&m->literals, key, &added);
    uint32_t *mention = number ? np_vec_push(m->plan->draft.ctx, &m->mentions) : NULL;
    if (!mention) {
        return false;
    }
    if (*number == 0) {
        *number = m->literals.count;
        for (uint32_t i = 0; i < literal->n_patterns; i++) {
            if (!np_name_index_add(&m->naming->index, &literal->patterns[i],
                                   (uint32_t)*number - 1)) {
                return false;
            }
        }
    }
    *mention = (uint32_t)*number - 1;
    return true;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static bool list_literals(struct making *m, const struct np_focus *focus,
                          struct np_namer_group *group)
{
    bool fine = true;
    m->mentions.count = 0;
    for (uint32_t r = 0; r < focus->n_rules; r++) {
        const struct np_match *alternatives = focus->rules[r]->alternatives;
        for (uint32_t a = 0; a < focus->rules[r]->n_alternatives; a++) {
            const struct np_literal *literal;
            for (uint32_t at = 0; (literal = next_literal(alternatives[a].far, &at)) != NULL;) {
                fine = fine && note_literal(m, literal);
            }
        }
    }
    if (m->mentions.count) {
        qsort(m->mentions.items, m->mentions.count, sizeof *m->mentions.items, compare);
    }
    uint32_t *list =
        np_arena_array(&m->naming->arena, m->mentions.count, sizeof *m->mentions.items);
    for (size_t i = 0; fine && list && i < m->mentions.count; i++) {
        if (group->n_literals == 0 || list[group->n_literals - 1] != m->mentions.items[i]) {
            list[group->n_literals++] = m->mentions.items[i];
        }
    }
    group->literals = list;
    return fine && list;
}

/* ---- columns ---- */

/* A point of a column that a hop of the family can have, if there is one. */
static void offer_point(struct np_port_point *held, const struct np_port_point *point,
                        uint8_t family, bool *has)
{
    bool fits = point->family == 0 || point->family == family;
    bool holds = *has && (held->family == 0 || held->family == family);
    if (!*has || (fits && !holds)) {
        *held = *point;
        *has = true;
    }
}

static bool list_columns(struct making *m, uint32_t near, struct asked *asked,
                         struct np_namer_group *group)
{
    const struct np_ports *ports = &m->plan->ports;
    const struct np_hot *hot = m->hot;
    struct np_shape shape = np_shape_of(hot, NP_SIDES_ALL);
    size_t map = hot->side[group->side][np_near(hot, near)].ports;
    for (uint32_t c = 0; c < ports->n_classes; c++) {
        uint32_t column = np_look_column(hot, shape, map + c);
        group->n_columns = column >= group->n_columns ? column + 1 : group->n_columns;
    }
    for (int f = 0; f < 2; f++) {
        asked->points[f] =
            np_arena_array(&m->naming->arena, group->n_columns, sizeof *asked->points[f]);
        bool *has = np_arena_array(&m->arena, group->n_columns, sizeof *has);
        for (uint32_t c = 0; asked->points[f] && has && c < ports->n_classes; c++) {
            uint32_t column = np_look_column(hot, shape, map + c);
            offer_point(&asked->points[f][column], &ports->points[ports->first_point[c]],
                        f ? NP_IPV6 : NP_IPV4, &has[column]);
        }
        if (!asked->points[f] || !has) {
            return false;
        }
    }
    return true;
}

static bool list_sources(struct making *m, const struct np_focus *focus,
                         struct np_namer_group *group)
{
    static const uint16_t any[] = {0};
    const struct np_ports *ports = &m->plan->ports;
    bool looks = false;
    for (uint32_t r = 0; r < focus->n_rules; r++) {
        for (uint32_t a = 0; a < focus->rules[r]->n_alternatives; a++) {
            const struct np_match *match = &focus->rules[r]->alternatives[a];
            looks = looks || match->src_service || match->src_ports;
        }
    }
    group->n_sources = 1;
    group->sources = any;
    if (!looks) {
        return true;
    }
    uint16_t *copy = np_arena_array(&m->naming->arena, ports->n_sources, sizeof *copy);
    if (copy) {
        memcpy(copy, ports->sources, ports->n_sources * sizeof *copy);
        group->n_sources = ports->n_sources;
        group->sources = copy;
    }
    return copy != NULL;
}

/* ---- groups ---- */

/* The focus shows every rule from now on. */
static bool widen(struct making *m, struct np_focus *focus)
{
    uint32_t *all = np_arena_array(&m->arena, focus->n_rules, sizeof *all);
    for (uint32_t i = 0; all && i < focus->n_rules; i++) {
        all[i] = i;
    }
    if (all) {
        np_focus_narrow(focus, all, focus->n_rules);
    }
    return all != NULL;
}

static bool add_group(struct making *m, const struct np_side_plan *side,
                      const struct np_groups *groups, uint32_t g)
{
    uint32_t near = groups->grouping.first[g];
    const struct np_sig *sig = &m->plan->draft.sigs[near];
    struct np_namer_group *group = np_vec_push(m->plan->draft.ctx, &m->groups);
    struct asked *asked = group ? &m->naming->asked[m->groups.count - 1] : NULL;
    if (!asked) {
        return false;
    }
    *group = (struct np_namer_group){.side = (uint32_t)side->side,
                                     .bare_near = sig->end.endpoint == NULL};
    *asked = (struct asked){
        .near = sig->end, .near_family = sig->family, .near_is_source = side->near_is_source};
    m->naming->namer.n_groups = (uint32_t)m->groups.count; /* to be freed */
    uint32_t first = groups->first_policy[g];
    return np_focus_make(&m->plan->draft, side, groups->policies + first,
                         groups->first_policy[g + 1] - first, &asked->focus) &&
           widen(m, &asked->focus) && list_literals(m, &asked->focus, group) &&
           list_columns(m, m->numbers[near], asked, group) && list_sources(m, &asked->focus, group);
}

/* What the policies of a group look at. */
static uint8_t looks_of_group(const struct np_groups *groups, uint32_t g, const uint8_t *looks)
{
    uint8_t all = 0;
    for (uint32_t p = groups->first_policy[g]; p < groups->first_policy[g + 1]; p++) {
        all |= looks[groups->policies[p]];
    }
    return groups->judged[g] ? all : 0;
}

/* By near signature of the image: the group, and whether it looks at names of the near end. */
static bool point_to_groups(struct making *m, const struct np_groups *groups, int side,
                            const uint32_t *number, const bool *near)
{
    uint32_t *of = np_arena_array(&m->naming->arena, m->hot->n_near, sizeof *of);
    bool *looks = np_arena_array(&m->naming->arena, m->hot->n_near, sizeof *looks);
    for (uint32_t s = NP_SIG_NOWHERE; of && looks && s < m->plan->draft.n_sigs; s++) {
        if (s != NP_SIG_UNCOMPILED && m->numbers[s] < m->hot->n_near) {
            of[m->numbers[s]] = number[groups->grouping.of[s]];
            looks[m->numbers[s]] = near[groups->grouping.of[s]];
        }
    }
    m->naming->namer.group_of[side] = of;
    m->naming->namer.near_looks[side] = looks;
    return of && looks;
}

static bool add_side(struct making *m, int s, const uint8_t *looks)
{
    const struct np_side_plan *side = &m->plan->sides[s];
    struct np_groups groups = m->plan->groups[s]; /* its lists are this call's */
    uint32_t *number = np_arena_array(&m->arena, groups.grouping.count, sizeof *number);
    bool *near = np_arena_array(&m->arena, groups.grouping.count, sizeof *near);
    if (!number || !near ||
        np_groups_list(&m->plan->draft, side, NULL, &m->arena, &groups) != NETPOL_OK) {
        return false;
    }
    for (uint32_t g = 0; g < groups.grouping.count; g++) {
        uint8_t all = looks_of_group(&groups, g, looks);
        near[g] = all & LOOKS_NEAR;
        if (all & LOOKS_FAR) {
            if (!add_group(m, side, &groups, g)) {
                return false;
            }
            number[g] = (uint32_t)m->groups.count;
        }
    }
    return point_to_groups(m, &groups, s, number, near);
}

/* The groups that mention a literal. */
static bool list_users(struct making *m)
{
    struct np_namer *namer = &m->naming->namer;
    uint32_t total = 0;
    uint32_t *first = np_arena_array(&m->naming->arena, namer->n_literals + 1, sizeof *first);
    for (size_t g = 0; first && g < m->groups.count; g++) {
        for (uint32_t i = 0; i < m->groups.items[g].n_literals; i++) {
            first[m->groups.items[g].literals[i]]++;
            total++;
        }
    }
    uint32_t *users = np_arena_array(&m->naming->arena, total, sizeof *users);
    if (!first || !users) {
        return false;
    }
    first[namer->n_literals] = total;
    for (uint32_t i = namer->n_literals; i-- > 0;) { /* the ends; filling makes them beginnings */
        total -= first[i];
        first[i] = total + first[i];
    }
    for (size_t g = m->groups.count; g-- > 0;) {
        for (uint32_t i = 0; i < m->groups.items[g].n_literals; i++) {
            users[--first[m->groups.items[g].literals[i]]] = (uint32_t)g;
        }
    }
    namer->first_user = first;
    namer->users = users;
    return true;
}

/* ---- questions ---- */

static struct np_address address_of(const struct np_where *where)
{
    struct np_address out = {.family = where->family};
    for (int i = 0; i < 16; i++) {
        uint64_t word = i < 8 ? where->high : where->low;
        out.bytes[i] = (uint8_t)(word >> (56 - 8 * (i % 8)));
    }
    if (where->family == NP_IPV4) {
        memset(out.bytes, 0, sizeof out.bytes);
        for (int i = 0; i < 4; i++) {
            out.bytes[i] = (uint8_t)(where->low >> (24 - 8 * i));
        }
    }
    return out;
}

static bool is_outside(const struct np_namer *namer, const struct np_where *where)
{
    const struct np_naming *naming = (const struct np_naming *)namer;
    const struct np_address address = address_of(where);
    const struct np_inventory *inventory = &naming->model->inventory;
    struct np_end end;
    np_inventory_place(inventory, &naming->model->options, &address, &end);
    return !end.endpoint && !end.node && !np_inventory_is_inside(inventory, &address);
}

static uint32_t match_name(const struct np_namer *namer, struct np_slice name, uint32_t *out)
{
    return np_name_index_match(&((const struct np_naming *)namer)->index, name, out);
}

/* The answer of one column and source port. */
static struct np_named_part ask(const struct asked *asked, uint32_t side, struct np_hop *hop,
                                const struct np_port_point *point, uint16_t source_port)
{
    hop->protocol = point->protocol;
    hop->has_ports = point->kind == NP_PORT_KNOWN;
    hop->ports_unknown = point->kind == NP_PORT_UNKNOWN;
    hop->src_port = source_port;
    hop->dst_port = hop->original_port = point->port;
    struct netpol_verdict verdict;
    np_reference_hop(&asked->focus.model, hop, NULL, NULL, &verdict);
    const struct netpol_part *parts[NP_SIDES] = {&verdict.egress, &verdict.ingress, &verdict.mesh};
    return (struct np_named_part){*parts[side], verdict.missing};
}

static void fold(const struct np_namer *namer, uint32_t group, enum np_relation relation,
                 const struct np_where *where, const struct netpol_string *names, uint32_t n_names,
                 struct np_named_part *out)
{
    const struct np_naming *naming = (const struct np_naming *)namer;
    const struct np_namer_group *g = &namer->groups[group];
    const struct asked *asked = &naming->asked[group];
    const struct np_address address = address_of(where);
    struct np_hop hop = {.family = address.family};
    struct np_end *near = asked->near_is_source ? &hop.src : &hop.dst;
    struct np_end *far = asked->near_is_source ? &hop.dst : &hop.src;
    *near = asked->near;
    np_inventory_place(&naming->model->inventory, &naming->model->options, &address, far);
    far->names = names;
    far->n_names = n_names;
    far->names_given = true;
    near->relations = far->relations = np_relation_views[relation].possible;
    near->relation_cause = far->relation_cause = np_relation_views[relation].cause;
    hop.original = hop.dst;
    for (uint32_t c = 0; c < g->n_columns; c++) {
        const struct np_port_point *point = &asked->points[address.family == NP_IPV6][c];
        hop.family = point->family;
        if (naming->one_family) {
            hop.family = asked->near_family ? asked->near_family : address.family;
        }
        for (uint32_t s = 0; s < g->n_sources; s++) {
            bool same = s && point->kind != NP_PORT_KNOWN;
            out[(size_t)c * g->n_sources + s] =
                same ? out[(size_t)c * g->n_sources]
                     : ask(asked, g->side, &hop, point, g->sources[s]);
        }
    }
}

/* ---- making ---- */

static bool make_all(struct making *m, uint8_t *const looks[NP_SIDES])
{
    struct np_naming *naming = m->naming;
    size_t groups = 0;
    for (int s = 0; s < NP_SIDES; s++) {
        groups += looks[s] ? m->plan->groups[s].grouping.count : 0;
    }
    naming->asked = np_arena_array(&naming->arena, groups, sizeof *naming->asked);
    bool fine = naming->asked != NULL;
    for (int s = 0; s < NP_SIDES && fine; s++) {
        fine = !looks[s] || add_side(m, s, looks[s]);
    }
    struct np_namer_group *copy =
        np_arena_array(&naming->arena, m->groups.count, sizeof *m->groups.items);
    if (!fine || !copy) {
        return false;
    }
    if (m->groups.count) {
        memcpy(copy, m->groups.items, m->groups.count * sizeof *copy);
    }
    naming->namer.groups = copy;
    naming->namer.n_literals = (uint32_t)m->literals.count;
    naming->namer.n_patterns = (uint32_t)naming->index.candidates.count;
    naming->namer.relations = np_shape_relations(m->hot);
    naming->namer.used = true;
    naming->namer.match = match_name;
    naming->namer.is_outside = is_outside;
    naming->namer.fold = fold;
    naming->one_family = m->plan->ports.n_families == 1;
    return list_users(m);
}

/* Which policies of which sides look at names. *any: some do. false: no memory. */
static bool find_lookers(struct making *m, uint8_t *looks[NP_SIDES], bool *any)
{
    *any = false;
    for (int s = 0; s < NP_SIDES; s++) {
        const struct np_side_plan *side = &m->plan->sides[s];
        bool some = false;
        looks[s] = side->list ? NULL : lookers(side, m->plan->draft.model, &m->arena);
        for (uint32_t i = 0; looks[s] && i < side->n_policies; i++) {
            some = some || looks[s][i];
        }
        if (!looks[s] && !side->list) {
            return false;
        }
        looks[s] = some ? looks[s] : NULL;
        *any = *any || some;
    }
    return true;
}

int np_naming_make(struct np_plan *plan, const uint32_t *numbers, const struct np_model *model,
                   const struct np_hot *hot, struct np_naming **out)
{
    const struct netpol_ctx *ctx = plan->draft.ctx;
    struct making m = {.plan = plan, .numbers = numbers, .hot = hot};
    uint8_t *looks[NP_SIDES];
    bool any = false;
    *out = NULL;
    np_arena_init(&m.arena, ctx, 4096);
    np_map_init(&m.literals, ctx);
    bool fine = find_lookers(&m, looks, &any);
    if (fine && any) {
        m.naming = np_zalloc(ctx, sizeof *m.naming);
        fine = m.naming != NULL;
    }
    if (fine && any) {
        m.naming->ctx = ctx;
        m.naming->model = model;
        np_arena_init(&m.naming->arena, ctx, 4096);
        np_name_index_init(&m.naming->index, ctx);
        fine = make_all(&m, looks);
    }
    np_map_free(&m.literals);
    np_arena_free(&m.arena);
    np_vec_free(ctx, &m.groups);
    np_vec_free(ctx, &m.mentions);
    if (!fine) {
        np_naming_free(m.naming);
        return NETPOL_ERR_MEMORY;
    }
    *out = m.naming;
    return NETPOL_OK;
}

void np_naming_free(struct np_naming *naming)
{
    if (naming) {
        for (uint32_t g = 0; g < naming->namer.n_groups; g++) {
            np_focus_free(&naming->asked[g].focus);
        }
        np_name_index_free(&naming->index);
        np_arena_free(&naming->arena);
        np_free(naming->ctx, naming, sizeof *naming);
    }
}

const struct np_namer *np_naming_namer(const struct np_naming *naming)
{
    static const struct np_namer none = {0};
    return naming ? &naming->namer : &none;
}

void np_end_names_of(const struct np_named *const named[2], struct np_end_names *out)
{
    for (int i = 0; i < 2; i++) {
        const struct np_named *one = named ? named[i] : NULL;
        out[i] =
            one ? (struct np_end_names){one->names, one->n_names, true} : (struct np_end_names){0};
    }
}
