/* SPDX-License-Identifier: Apache-2.0 */
/* The questions that a new combination of names asks of the reference, each of few rules. */
#include "compile/naming_internal.h"
#include "reference/internal.h"
#include "base/defect.h"

#include <stdlib.h>

/* Who has the namer has a constant of it; what the lock guards is not the namer's. */
static struct np_naming *naming_of(const struct np_namer *namer)
{
    return (struct np_naming *)(uintptr_t)namer;
}

struct np_address np_naming_address(const struct np_where *where)
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

/* ---- which literals matter ---- */

/* Where a literal that the group mentions is in its list. */
static uint32_t place_of(const struct np_namer_group *group, uint32_t literal)
{
    uint32_t low = 0, high = group->n_literals;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (group->literals[middle] <= literal) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* The first rule of each class that mentions one of the literals. */
static void find_first(struct np_naming *naming, uint32_t group, const uint32_t *literals,
                       uint32_t count)
{
    const struct np_asked *asked = &naming->asked[group];
    if (++naming->stamp == 0) {
        memset(naming->class_stamp, 0, naming->n_classes * sizeof *naming->class_stamp);
        naming->stamp = 1;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = place_of(&naming->namer.groups[group], literals[i]);
        for (uint32_t u = asked->first_rule[at]; u < asked->first_rule[at + 1]; u++) {
            uint32_t rule = asked->rules[u], class = asked->class_of[rule];
            if (naming->class_stamp[class] != naming->stamp ||
                (rule < naming->first_of_class[class]) != np_defect(NAMES_LAST_RULE)) {
                naming->class_stamp[class] = naming->stamp;
                naming->first_of_class[class] = rule;
            }
        }
    }
}

uint32_t np_naming_reduce(const struct np_namer *namer, uint32_t group, const uint32_t *in,
                          uint32_t count, uint32_t *out)
{
    struct np_naming *naming = naming_of(namer);
    const struct np_asked *asked = &naming->asked[group];
    uint32_t n = 0;
    (void)pthread_mutex_lock(&naming->lock);
    find_first(naming, group, in, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = place_of(&namer->groups[group], in[i]);
        bool matters = false;
        for (uint32_t u = asked->first_rule[at]; u < asked->first_rule[at + 1] && !matters; u++) {
            uint32_t class = asked->class_of[asked->rules[u]];
            matters = class == 0 || naming->first_of_class[class] == asked->rules[u];
        }
        if (matters) {
            out[n++] = in[i];
        }
    }
    (void)pthread_mutex_unlock(&naming->lock);
    return n;
}

/* ---- which rules may match ---- */

static bool may_match(const struct np_asked *asked, const struct np_rule *rule,
                      const struct np_hop *hop, const struct np_end *far)
{
    bool may = false;
    for (uint32_t a = 0; a < rule->n_alternatives && !may; a++) {
        const struct np_set *set = rule->alternatives[a].far;
        may = !set || np_reference_set(&asked->focus.model, set, hop, far) != NP_NO;
    }
    return may;
}

/* Those that may match the far end of the hop if it has names that satisfy nothing. NULL: no
 * memory. */
static const struct np_rule_list *base_rules(struct np_naming *naming, uint32_t group,
                                             uint32_t base, enum np_relation relation,
                                             const struct np_hop *hop)
{
    const struct np_asked *asked = &naming->asked[group];
    const struct np_end *far = asked->near_is_source ? &hop->dst : &hop->src;
    const uint32_t words[] = {group, base, (uint32_t)relation};
    bool added;
    uint64_t *known = np_map_add(&naming->base_rules,
                                 (struct np_slice){(const char *)words, sizeof words}, &added);
    if (!known || *known) {
        return known ? (const struct np_rule_list *)(uintptr_t)*known : NULL;
    }
    naming->kept.count = 0;
    for (uint32_t r = 0; r < asked->focus.n_rules; r++) {
        if (may_match(asked, asked->focus.rules[r], hop, far)) {
            uint32_t *rule = np_vec_push(naming->ctx, &naming->kept);
            if (!rule) {
                return NULL;
            }
            *rule = r;
        }
    }
    struct np_rule_list *list = np_arena_alloc(&naming->memory, sizeof *list);
    uint32_t *items = np_arena_array(&naming->memory, naming->kept.count, sizeof *items);
    if (!list || !items) {
        return NULL;
    }
    if (naming->kept.count) {
        memcpy(items, naming->kept.items, naming->kept.count * sizeof *items);
    }
    *list = (struct np_rule_list){items, (uint32_t)naming->kept.count};
    *known = (uint64_t)(uintptr_t)list;
    return list;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Narrows the group to the rules of the place and those that mention a literal that holds. */
static bool narrow(struct np_naming *naming, uint32_t group, const struct np_named_far *far,
                   const struct np_rule_list *base)
{
    struct np_asked *asked = &naming->asked[group];
    size_t room = base->count;
    for (uint32_t i = 0; i < far->n_literals; i++) {
        uint32_t at = place_of(&naming->namer.groups[group], far->literals[i]);
        room += asked->first_rule[at + 1] - asked->first_rule[at];
    }
    if (!np_vec_grow(naming->ctx, (void **)&naming->kept.items, &naming->kept.capacity, room + 1,
                     sizeof *naming->kept.items)) {
        return false;
    }
    uint32_t *kept = naming->kept.items;
    size_t n = np_defect(NAMES_ALONE) ? 0 : base->count, distinct = 0;
    if (n) {
        memcpy(kept, base->items, n * sizeof *kept);
    }
    for (uint32_t i = 0; i < far->n_literals; i++) {
        uint32_t at = place_of(&naming->namer.groups[group], far->literals[i]);
        for (uint32_t u = asked->first_rule[at]; u < asked->first_rule[at + 1]; u++) {
            kept[n++] = asked->rules[u];
        }
    }
    if (n > 1) {
        qsort(kept, n, sizeof *kept, compare);
    }
    for (size_t i = 0; i < n; i++) {
        if (distinct == 0 || kept[distinct - 1] != kept[i]) {
            kept[distinct++] = kept[i];
        }
    }
    np_focus_narrow(&asked->focus, kept, distinct);
    return true;
}

/* ---- questions ---- */

static bool list_truths(struct np_naming *naming, const struct np_named_far *far,
                        struct np_name_truths *out)
{
    uint32_t size = 4;
    while (size < 2 * far->n_literals) {
        size *= 2;
    }
    if (!np_vec_grow(naming->ctx, (void **)&naming->slots.items, &naming->slots.capacity, size,
                     sizeof(struct np_literal *))) {
        return false;
    }
    memset(naming->slots.items, 0, size * sizeof(struct np_literal *));
    for (uint32_t i = 0; i < far->n_literals; i++) {
        const struct np_literal *literal = naming->literals[far->literals[i]];
        uint32_t at = np_name_truths_slot(literal) & (size - 1);
        while (naming->slots.items[at]) {
            at = (at + 1) & (size - 1);
        }
        naming->slots.items[at] = literal;
    }
    *out = (struct np_name_truths){naming->slots.items, size - 1};
    return true;
}

/* The answer of one column and source port. */
static struct np_named_part ask(const struct np_asked *asked, uint32_t side, struct np_hop *hop,
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

static void ask_all(const struct np_naming *naming, uint32_t group, struct np_hop *hop,
                    uint8_t far_family, struct np_named_part *out)
{
    const struct np_namer_group *g = &naming->namer.groups[group];
    const struct np_asked *asked = &naming->asked[group];
    for (uint32_t c = 0; c < g->n_columns; c++) {
        const struct np_port_point *point = &asked->points[far_family == NP_IPV6][c];
        hop->family = point->family;
        if (naming->one_family) {
            hop->family = asked->near_family ? asked->near_family : far_family;
        }
        for (uint32_t s = 0; s < g->n_sources; s++) {
            bool same = s && point->kind != NP_PORT_KNOWN;
            out[(size_t)c * g->n_sources + s] =
                same ? out[(size_t)c * g->n_sources]
                     : ask(asked, g->side, hop, point, g->sources[s]);
        }
    }
}

bool np_naming_fold(const struct np_namer *namer, uint32_t group, enum np_relation relation,
                    const struct np_named_far *question, struct np_named_part *out)
{
    struct np_naming *naming = naming_of(namer);
    const struct np_asked *asked = &naming->asked[group];
    const struct np_address address = np_naming_address(question->where);
    struct np_hop hop = {.family = address.family};
    struct np_end *near = asked->near_is_source ? &hop.src : &hop.dst;
    struct np_end *far = asked->near_is_source ? &hop.dst : &hop.src;
    *near = asked->near;
    np_inventory_place(&naming->model->inventory, &naming->model->options, &address, far);
    far->names_given = true;
    near->relations = far->relations = np_relation_views[relation].possible;
    near->relation_cause = far->relation_cause = np_relation_views[relation].cause;
    hop.original = hop.dst;
    struct np_name_truths truths;
    (void)pthread_mutex_lock(&naming->lock);
    const struct np_rule_list *base = base_rules(naming, group, question->base, relation, &hop);
    bool fine =
        base && narrow(naming, group, question, base) && list_truths(naming, question, &truths);
    if (fine) {
        far->name_truths = &truths;
        hop.original = hop.dst;
        ask_all(naming, group, &hop, address.family, out);
    }
    (void)pthread_mutex_unlock(&naming->lock);
    return fine;
}
