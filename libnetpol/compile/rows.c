/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one side, group by group.
 *
 * For a group: which ports none of its rules tells apart (columns), and for each relation which
 * classes none of its rules tells apart (parts of the classes). One question to the reference for
 * every column of every part; answers are numbered in the order they come up, so that groups of the
 * same shape get the same cells. What depends on source ports as well becomes a residual tree.
 */
#include "compile/far_parts.h"
#include "compile/truths.h"
#include "base/defect.h"

struct rows {
    struct np_plan *plan;
    const struct np_side_plan *side;
    const struct np_groups *groups;
    struct np_arena arena; /* of what is of no use afterwards */
    struct np_partition columns;
    struct np_far_parts far;
    struct np_far_near *nears; /* by group */
    /* of the group at hand */
    uint32_t group, near;
    struct np_focus focus;
    struct np_map answers;
    struct np_truths truths;
    np_vec(struct np_answer) parts;
    uint16_t *map;       /* port class -> column */
    uint32_t *column;    /* column -> point */
    uint32_t *column_of; /* part of the port classes -> column */
    uint32_t n_columns;
    uint32_t n_asked[NP_FAR_ANY + 1]; /* by families: columns behind are of none of them */
    uint8_t *families;                /* by column: of which hops it is asked */
    uint16_t *cells;                  /* one row */
    uint32_t *ordinals;               /* by source port */
};

/* ---- columns ---- */

static bool columns_by_service(struct rows *r, const struct np_service *service)
{
    struct np_port_lists *lists = &r->truths.ports;
    struct np_service plain = *service;
    plain.complement = false;
    uint32_t number = np_port_lists_number(lists, &plain);
    if (number == UINT32_MAX) {
        return false;
    }
    struct np_port_list *list = &lists->lists.items[number];
    if (list->user == r->group + 1) { /* the same again tells nothing apart */
        return true;
    }
    list->user = r->group + 1;
    for (uint32_t i = 0; i < list->count; i++) {
        np_partition_mark(&r->columns, list->items[i].class, list->items[i].truth);
    }
    np_partition_split(&r->columns);
    return true;
}

/* Names, source ports, families, authentication: what does not follow from a service. */
static void columns_by_kind(struct rows *r, bool names, bool family)
{
    for (uint32_t c = 0; c < r->plan->ports.n_classes; c++) {
        const struct np_port_point *p = &r->plan->ports.points[r->plan->ports.first_point[c]];
        uint32_t mark = family ? p->family : 0;
        mark |= names || r->side->auth ? c << 4 : 0; /* each stays a column of its own */
        np_partition_mark(&r->columns, c, mark);
    }
    np_partition_split(&r->columns);
}

/* by_family: a column is of one family, and hops to ends of others are not asked about it. */
static void note_families(struct rows *r, bool by_family)
{
    memset(r->n_asked, 0, sizeof r->n_asked);
    for (uint32_t c = 0; c < r->n_columns; c++) {
        uint8_t family = r->plan->ports.points[r->column[c]].family;
        uint8_t own = family == NP_IPV4 ? NP_FAR_4 : family == NP_IPV6 ? NP_FAR_6 : NP_FAR_NONE;
        r->families[c] = by_family ? own : (uint8_t)NP_FAR_ANY;
        for (uint8_t families = 0; families <= NP_FAR_ANY; families++) {
            r->n_asked[families] = r->families[c] & families ? c + 1 : r->n_asked[families];
        }
    }
}

static bool make_columns(struct rows *r)
{
    const struct np_service *last = NULL;
    bool names = false, family = false;
    np_partition_reset(&r->columns);
    for (uint32_t i = 0; i < r->focus.n_rules; i++) {
        for (uint32_t a = 0; a < r->focus.rules[i]->n_alternatives; a++) {
            const struct np_match *match = &r->focus.rules[i]->alternatives[a];
            if (match->service && match->service != last) {
                if (!columns_by_service(r, match->service)) {
                    return false;
                }
                last = match->service;
            }
            names = names || match->dst_ports || match->src_ports || match->src_service;
            family = family || match->families != NP_FAMILY_ANY;
        }
    }
    if ((names || family || r->side->auth) && !np_defect(COLUMNS_BY_SPANS)) {
        columns_by_kind(r, names, family);
    }
    uint32_t *number = r->column_of;
    memset(number, 0xff, r->columns.n_parts * sizeof *number);
    r->n_columns = 0;
    for (uint32_t c = 0; c < r->plan->ports.n_classes; c++) {
        uint32_t part = r->columns.part[c];
        if (number[part] == UINT32_MAX) {
            r->column[r->n_columns] = r->plan->ports.first_point[c];
            number[part] = r->n_columns++;
        }
        r->map[c] = (uint16_t)number[part];
    }
    note_families(r, family && r->plan->ports.n_families > 1 && !np_defect(COLUMNS_BY_SPANS));
    return true;
}

/* ---- answers ---- */

static int ordinal_of(struct rows *r, const struct np_answer *answer, uint32_t *out)
{
    bool added;
    struct np_slice key = {(const char *)answer, sizeof *answer};
    uint64_t *at = np_map_add(&r->answers, key, &added);
    if (at && added) {
        struct np_answer *part = np_vec_push(r->plan->draft.ctx, &r->parts);
        *at = r->parts.count - 1;
        if (!part) {
            return NETPOL_ERR_MEMORY;
        }
        *part = *answer;
    }
    *out = at ? (uint32_t)*at : 0;
    return !at ? NETPOL_ERR_MEMORY : *at > UINT16_MAX ? NETPOL_ERR_LIMIT : NETPOL_OK;
}

/* Spans of source ports with one answer each become a tree. */
static int residual(struct rows *r, uint32_t *ordinal)
{
    const struct np_ports *ports = &r->plan->ports;
    struct np_box *boxes = np_zalloc(r->plan->draft.ctx, ports->n_sources * sizeof *boxes);
    uint32_t root = 0;
    if (!boxes) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < ports->n_sources; i++) {
        bool last = i + 1 == ports->n_sources;
        boxes[i] = (struct np_box){
            .any_protocol = 1,
            .src_first = ports->sources[i],
            .src_last = last ? UINT16_MAX
                             : (uint16_t)(ports->sources[i + 1] - 1 - np_defect(SOURCE_SPANS_OFF)),
            .dst_last = UINT16_MAX,
            .value = r->ordinals[i]};
    }
    int status = np_cut_add(r->plan->tables.cuts, boxes, ports->n_sources, r->ordinals[0], &root);
    np_free(r->plan->draft.ctx, boxes, ports->n_sources * sizeof *boxes);
    if (status != NETPOL_OK) {
        return status;
    }
    struct np_answer answer;
    memset(&answer, 0, sizeof answer);
    answer.part.flags = NP_PART_RESIDUAL;
    answer.part.rule = root;
    r->plan->tables.n_cuts++;
    return ordinal_of(r, &answer, ordinal);
}

/* The answer for one column and source port; a combination of truths is asked about once. */
static int answer(struct rows *r, uint32_t far, enum np_relation relation, uint32_t column,
                  uint16_t source_port, uint32_t *ordinal)
{
    const struct np_port_point *point = &r->plan->ports.points[r->column[column]];
    bool added = true;
    uint64_t *known = NULL;
    if (r->truths.plain) {
        known = np_truths_find(&r->truths, column, source_port, &added);
        if (!known || !added) {
            *ordinal = known ? (uint32_t)*known : 0;
            return known ? NETPOL_OK : NETPOL_ERR_MEMORY;
        }
        np_focus_narrow(&r->focus, r->truths.kept.items, r->truths.kept.count);
    }
    struct np_answer said =
        np_ask(r->plan, r->side, &r->focus.model, r->near, far, relation, point, source_port);
    int status = ordinal_of(r, &said, ordinal);
    if (known) {
        *known = *ordinal;
    }
    return status;
}

static int answer_column(struct rows *r, uint32_t far, enum np_relation relation, uint32_t column,
                         bool by_source, uint32_t *ordinal)
{
    const struct np_ports *ports = &r->plan->ports;
    bool many = by_source && ports->points[r->column[column]].kind == NP_PORT_KNOWN;
    uint32_t count = many ? ports->n_sources : 1;
    bool same = true;
    int status = NETPOL_OK;
    for (uint32_t i = 0; i < count && status == NETPOL_OK; i++) {
        status = answer(r, far, relation, column, ports->sources[i], &r->ordinals[i]);
        same = same && r->ordinals[i] == r->ordinals[0];
    }
    *ordinal = r->ordinals[0];
    return status == NETPOL_OK && !same ? residual(r, ordinal) : status;
}

/* Fills cells from `column` on whose answer is there, which are nearly all; returns the first that
 * is not, or is not asked. */
static uint32_t fill_known(const struct rows *r, uint32_t column, uint32_t n, uint8_t families)
{
    for (; column < n && (r->families[column] & families); column++) {
        const uint32_t *quick = np_truths_quick(&r->truths, column);
        if (!quick || *quick == NP_ORDINAL_NONE) {
            break;
        }
        r->cells[column] = (uint16_t)*quick;
    }
    return column;
}

static int make_row(struct rows *r, uint32_t class, enum np_relation relation, uint32_t *row)
{
    uint32_t far = r->plan->classes.first[class];
    uint8_t families = r->far.families[class];
    uint32_t n_asked = r->n_asked[families];
    int status = np_truths_aim(&r->truths, far, n_asked);
    bool by_source =
        r->side->source_axes && np_truths_by_source(&r->truths) && !np_defect(SOURCES_IGNORED);
    if (status == NETPOL_OK && !r->truths.plain) {
        status = np_truths_keep_all(&r->truths) ? NETPOL_OK : NETPOL_ERR_MEMORY;
        np_focus_narrow(&r->focus, r->truths.kept.items, r->truths.kept.count);
    }
    memset(r->cells, 0, r->n_columns * sizeof *r->cells); /* of what is not asked: any */
    for (uint32_t c = 0; status == NETPOL_OK; c++) {
        c = fill_known(r, c, n_asked, families);
        if (c >= n_asked) {
            break;
        }
        if (!(r->families[c] & families)) {
            continue;
        }
        uint32_t *quick = np_truths_quick(&r->truths, c);
        uint32_t ordinal = 0;
        status = answer_column(r, far, relation, c, by_source, &ordinal);
        if (quick) {
            *quick = ordinal;
        }
        r->cells[c] = (uint16_t)ordinal;
    }
    if (status != NETPOL_OK) {
        return status;
    }
    *row = np_tables_cells(&r->plan->tables, r->cells, r->n_columns);
    return *row == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
}

/* ---- one group ---- */

/* out: the variants of the relation. */
static int rows_of_relation(struct rows *r, enum np_relation relation, struct np_row_draft out[2])
{
    struct np_far_parts *far = &r->far;
    int status = np_far_parts_make(far, &r->focus, r->nears[r->group], relation);
    status = status == NETPOL_OK ? np_truths_relate(&r->truths, relation) : status;
    for (uint32_t p = 0; status == NETPOL_OK && p < far->partition.n_parts; p++) {
        if (far->first[p] != UINT32_MAX) {
            status = make_row(r, far->first[p], relation, &far->rows[p]);
        }
    }
    return status == NETPOL_OK ? np_far_parts_rows(far, out) : status;
}

static bool begin_group(struct rows *r, uint32_t group)
{
    const struct np_groups *g = r->groups;
    r->group = group;
    r->near = g->grouping.first[group];
    r->parts.count = 0;
    np_map_free(&r->answers);
    np_map_init(&r->answers, r->plan->draft.ctx);
    if (!np_focus_make(&r->plan->draft, r->side, g->policies + g->first_policy[group],
                       g->first_policy[group + 1] - g->first_policy[group], &r->focus)) {
        return false;
    }
    return make_columns(r);
}

static int make_group(struct rows *r, uint32_t group, struct np_group_plan *out)
{
    int status = begin_group(r, group) ? NETPOL_OK : NETPOL_ERR_MEMORY;
    if (status == NETPOL_OK) {
        status = np_truths_begin(&r->truths, &r->focus, r->near, r->column, r->n_columns, r->map);
    }
    if (status == NETPOL_OK && r->truths.plain && r->truths.certain != NP_RULE_NONE) {
        np_focus_stay(&r->focus, r->truths.certain);
    }
    if (status == NETPOL_OK) {
        out->ports = np_tables_map(&r->plan->tables, r->map, r->plan->ports.n_classes);
        status = out->ports == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
    }
    bool relations = r->side->relations && r->groups->judged[group] && !np_defect(ROWS_OF_OTHER);
    for (int k = 0; k < NP_RELATIONS && status == NETPOL_OK; k++) {
        struct np_row_draft *rows = &out->rows[np_variant((uint32_t)k, 0)];
        if (k == 0 || relations) {
            status = rows_of_relation(r, (enum np_relation)k, rows);
        } else {
            rows[0] = out->rows[0];
            rows[1] = out->rows[1];
        }
    }
    if (status == NETPOL_OK) {
        out->parts = np_tables_parts(&r->plan->tables, r->parts.items, (uint32_t)r->parts.count);
        status = out->parts == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
    }
    np_focus_free(&r->focus);
    r->focus = (struct np_focus){0};
    return status;
}

/* ---- one side ---- */

static void note_bits(struct rows *r)
{
    const struct np_draft *draft = &r->plan->draft;
    for (uint32_t s = NP_SIG_NOWHERE; s < draft->n_sigs; s++) {
        if (s != NP_SIG_UNCOMPILED) {
            struct np_far_near *near = &r->nears[r->groups->grouping.of[s]];
            near->any |= draft->sigs[s].bits;
            near->lacks |= (uint8_t)~draft->sigs[s].bits;
            near->ends |= np_far_end(&draft->sigs[s]);
        }
    }
}

static bool begin(struct rows *r)
{
    const struct netpol_ctx *ctx = r->plan->draft.ctx;
    struct np_arena *arena = &r->arena;
    uint32_t ports = r->plan->ports.n_classes;
    r->map = np_arena_array(arena, ports, sizeof *r->map);
    r->column = np_arena_array(arena, ports, sizeof *r->column);
    r->column_of = np_arena_array(arena, ports + 1, sizeof *r->column_of);
    r->cells = np_arena_array(arena, ports, sizeof *r->cells);
    r->families = np_arena_array(arena, ports, 1);
    r->ordinals = np_arena_array(arena, r->plan->ports.n_sources, sizeof *r->ordinals);
    r->nears = np_arena_array(arena, r->groups->grouping.count, sizeof *r->nears);
    bool far = np_far_parts_init(&r->far, r->plan, r->side, arena);
    if (!r->map || !r->column || !r->column_of || !r->cells || !r->families || !r->ordinals ||
        !r->nears || !far) {
        return false;
    }
    note_bits(r);
    return np_partition_init(ctx, &r->columns, ports);
}

int np_rows_make(struct np_plan *plan, enum np_side_of_hop side, const bool *wanted)
{
    struct rows r = {.plan = plan, .side = &plan->sides[side], .groups = &plan->groups[side]};
    uint32_t groups = r.groups->grouping.count;
    int status = NETPOL_OK;
    np_map_init(&r.answers, plan->draft.ctx);
    bool ready = np_truths_init(&r.truths, plan, r.side);
    np_arena_init(&r.arena, plan->draft.ctx, 4096);
    if (!begin(&r) || !ready) {
        status = NETPOL_ERR_MEMORY;
    }
    for (uint32_t g = 0; g < groups && status == NETPOL_OK; g++) {
        if (!wanted || wanted[g]) {
            status = make_group(&r, g, &plan->planned[side][g]);
        }
    }
    np_map_free(&r.answers);
    np_truths_free(&r.truths);
    np_vec_free(plan->draft.ctx, &r.parts);
    np_far_parts_free(&r.far);
    np_partition_free(&r.columns);
    np_arena_free(&r.arena);
    return status;
}
