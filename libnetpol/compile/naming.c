/* SPDX-License-Identifier: Apache-2.0 */
/* From a plan to what names can change. The questions that a new combination asks: naming_fold.c.
 */
#include "compile/naming_internal.h"
#include "compile/matcher.h"
#include "model/build.h"

#include <stdlib.h>

struct making {
    struct np_plan *plan;
    const uint32_t *numbers;
    const struct np_hot *hot;
    struct np_naming *naming;
    struct np_arena arena;  /* of what is of no use afterwards */
    struct np_map literals; /* by address -> number + 1 */
    np_vec(struct np_namer_group) groups;
    np_vec(uint64_t) mentions;                  /* of the group at hand: literal << 32 | rule */
    np_vec(const struct np_literal *) numbered; /* by number */
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

/* Numbers it; its patterns are found from then on. false: no memory. */
static bool note_literal(struct making *m, const struct np_literal *literal, uint32_t *out)
{
    bool added;
    struct np_slice key = {(const char *)&literal, sizeof literal};
    uint64_t *number = np_map_add(&m->literals, key, &added);
    if (number && *number == 0) {
        const struct np_literal **slot = np_vec_push(m->plan->draft.ctx, &m->numbered);
        if (!slot) {
            return false;
        }
        *slot = literal;
        *number = m->numbered.count;
        for (uint32_t i = 0; i < literal->n_patterns; i++) {
            if (!np_name_index_add(&m->naming->index, &literal->patterns[i],
                                   (uint32_t)*number - 1)) {
                return false;
            }
        }
    }
    *out = number ? (uint32_t)*number - 1 : 0;
    return number != NULL;
}

static bool mention_all(struct making *m, const struct np_set *far, uint32_t rule)
{
    const struct np_literal *literal;
    for (uint32_t at = 0; (literal = next_literal(far, &at)) != NULL;) {
        uint32_t number;
        uint64_t *mention = note_literal(m, literal, &number)
                                ? np_vec_push(m->plan->draft.ctx, &m->mentions)
                                : NULL;
        if (!mention) {
            return false;
        }
        *mention = (uint64_t)number << 32 | rule;
    }
    return true;
}

/* Names of the near end change no column. But who asks the model is given names that stand for
 * all of an address, so these must be told apart by what near ends are asked as well. */
static bool number_near(struct making *m, const struct np_set *near)
{
    const struct np_literal *literal;
    uint32_t number;
    bool fine = true;
    for (uint32_t at = 0; fine && (literal = next_literal(near, &at)) != NULL;) {
        fine = note_literal(m, literal, &number);
    }
    return fine;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The group's literals, and by each the rules that mention it. */
static bool index_mentions(struct making *m, struct np_asked *asked, struct np_namer_group *group)
{
    struct np_arena *arena = &m->naming->arena;
    size_t count = m->mentions.count;
    uint32_t *list = np_arena_array(arena, count, sizeof *list);
    uint32_t *first = np_arena_array(arena, count + 1, sizeof *first);
    uint32_t *rules = np_arena_array(arena, count, sizeof *rules), n = 0;
    if (!list || !first || !rules) {
        return false;
    }
    if (count) {
        qsort(m->mentions.items, count, sizeof *m->mentions.items, compare);
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t literal = (uint32_t)(m->mentions.items[i] >> 32);
        if (group->n_literals == 0 || list[group->n_literals - 1] != literal) {
            first[group->n_literals] = n;
            list[group->n_literals++] = literal;
        }
        if (i == 0 || m->mentions.items[i] != m->mentions.items[i - 1]) {
            rules[n++] = (uint32_t)m->mentions.items[i];
        }
    }
    first[group->n_literals] = n;
    group->literals = list;
    asked->first_rule = first;
    asked->rules = rules;
    return true;
}

static bool list_literals(struct making *m, struct np_asked *asked, struct np_namer_group *group)
{
    const struct np_focus *focus = &asked->focus;
    bool fine = true;
    m->mentions.count = 0;
    for (uint32_t r = 0; r < focus->n_rules; r++) {
        const struct np_match *alternatives = focus->rules[r]->alternatives;
        for (uint32_t a = 0; fine && a < focus->rules[r]->n_alternatives; a++) {
            fine = mention_all(m, alternatives[a].far, r) && number_near(m, alternatives[a].near);
        }
    }
    return fine && index_mentions(m, asked, group);
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

static bool list_columns(struct making *m, uint32_t near, struct np_asked *asked,
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

static bool add_group(struct making *m, const struct np_side_plan *side,
                      const struct np_groups *groups, uint32_t g)
{
    uint32_t near = groups->grouping.first[g];
    const struct np_sig *sig = &m->plan->draft.sigs[near];
    struct np_namer_group *group = np_vec_push(m->plan->draft.ctx, &m->groups);
    struct np_asked *asked = group ? &m->naming->asked[m->groups.count - 1] : NULL;
    if (!asked) {
        return false;
    }
    *group = (struct np_namer_group){.side = (uint32_t)side->side,
                                     .bare_near = sig->end.endpoint == NULL};
    *asked = (struct np_asked){
        .near = sig->end, .near_family = sig->family, .near_is_source = side->near_is_source};
    m->naming->namer.n_groups = (uint32_t)m->groups.count; /* to be freed */
    uint32_t first = groups->first_policy[g];
    return np_focus_make(&m->plan->draft, side, groups->policies + first,
                         groups->first_policy[g + 1] - first, &asked->focus) &&
           list_literals(m, asked, group) &&
           np_naming_classes(&m->plan->draft, side, near, &m->naming->arena, asked,
                             &m->naming->n_classes) &&
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

/* ---- what the namer answers ---- */

static bool is_outside(const struct np_namer *namer, const struct np_where *where)
{
    const struct np_naming *naming = (const struct np_naming *)namer;
    const struct np_address address = np_naming_address(where);
    const struct np_inventory *inventory = &naming->model->inventory;
    struct np_end end;
    np_inventory_place(inventory, &naming->model->options, &address, &end);
    return !end.endpoint && !end.node && !np_inventory_is_inside(inventory, &address);
}

static uint32_t match_name(const struct np_namer *namer, struct np_slice name, uint32_t *out)
{
    return np_name_index_match(&((const struct np_naming *)namer)->index, name, out);
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
    naming->literals = np_arena_array(&naming->arena, m->numbered.count, sizeof *m->numbered.items);
    naming->first_of_class =
        np_arena_array(&naming->arena, naming->n_classes, sizeof *naming->first_of_class);
    naming->class_stamp =
        np_arena_array(&naming->arena, naming->n_classes, sizeof *naming->class_stamp);
    if (!naming->literals || !naming->first_of_class || !naming->class_stamp) {
        return false;
    }
    if (m->numbered.count) {
        memcpy(naming->literals, m->numbered.items, m->numbered.count * sizeof *m->numbered.items);
    }
    naming->namer.n_literals = (uint32_t)m->numbered.count;
    naming->namer.n_patterns = (uint32_t)naming->index.candidates.count;
    naming->namer.relations = np_shape_relations(m->hot);
    naming->namer.used = true;
    naming->namer.match = match_name;
    naming->namer.is_outside = is_outside;
    naming->namer.reduce = np_naming_reduce;
    naming->namer.fold = np_naming_fold;
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
        np_arena_init(&m.naming->memory, ctx, 4096);
        np_map_init(&m.naming->base_rules, ctx);
        np_name_index_init(&m.naming->index, ctx);
        m.naming->has_lock = pthread_mutex_init(&m.naming->lock, NULL) == 0;
        fine = m.naming->has_lock && make_all(&m, looks);
    }
    np_map_free(&m.literals);
    np_arena_free(&m.arena);
    np_vec_free(ctx, &m.groups);
    np_vec_free(ctx, &m.mentions);
    np_vec_free(ctx, &m.numbered);
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
        if (naming->has_lock) {
            pthread_mutex_destroy(&naming->lock);
        }
        np_name_index_free(&naming->index);
        np_map_free(&naming->base_rules);
        np_vec_free(naming->ctx, &naming->kept);
        np_vec_free(naming->ctx, &naming->slots);
        np_arena_free(&naming->memory);
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
