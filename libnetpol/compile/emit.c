/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan as hot sections.
 *
 * Signatures are numbered anew: first those that are the near end of something, then all others,
 * which share entry 0 of the sides: nothing judges.
 */
#include "compile/plan.h"

void *np_emit_alloc(struct np_emit *emit, size_t count, size_t element)
{
    return np_arena_array(&emit->arena, count, element);
}

void np_emit_section(struct np_emit *emit, enum np_section section, const void *items,
                     uint64_t bytes)
{
    emit->writer.sections[section].items = items;
    emit->writer.sections[section].bytes = bytes;
}

void np_emit_again(struct np_emit *emit, const struct np_image *before, enum np_section section)
{
    np_emit_section(emit, section, before->section[section],
                    before->header->sections[section].bytes);
}

void np_emit_free(struct np_emit *emit)
{
    np_arena_free(&emit->arena);
}

/* ---- numbers ---- */

static uint32_t group_of(const struct np_plan *plan, int side, uint32_t signature)
{
    return plan->groups[side].grouping.of[signature];
}

/* Judged on no side, whatever the far end. */
static bool is_silent(const struct np_plan *plan, uint32_t signature)
{
    bool silent = true;
    for (int s = 0; s < NP_SIDES; s++) {
        silent =
            silent && !plan->sides[s].list && !plan->groups[s].judged[group_of(plan, s, signature)];
    }
    return silent;
}

static bool number_signatures(struct np_emit *emit)
{
    const struct np_plan *plan = emit->plan;
    uint32_t n = plan->draft.n_sigs, next = NP_SIG_FIRST;
    emit->number = np_emit_alloc(emit, n, sizeof *emit->number);
    emit->order = np_emit_alloc(emit, n, sizeof *emit->order);
    if (!emit->number || !emit->order) {
        return false;
    }
    for (uint32_t s = 0; s < NP_SIG_FIRST && s < n; s++) {
        emit->number[s] = emit->order[s] = s;
    }
    for (int silent = 0; silent < 2; silent++) {
        for (uint32_t s = NP_SIG_FIRST; s < n; s++) {
            if (is_silent(plan, s) == (silent == 1)) {
                emit->order[next] = s;
                emit->number[s] = next++;
            }
        }
        emit->writer.header.n_near = silent ? emit->writer.header.n_near : next;
    }
    emit->writer.header.n_signatures = n;
    for (int s = 0; s < NP_SIDES; s++) {
        emit->writer.header.n_groups += plan->groups[s].grouping.count;
    }
    emit->writer.header.n_rows = (uint32_t)plan->tables.cell_rows.count;
    return true;
}

static bool add_classes(struct np_emit *emit)
{
    const struct np_plan *plan = emit->plan;
    uint32_t n = plan->draft.n_sigs;
    uint32_t *classes = np_emit_alloc(emit, n, sizeof *classes);
    for (uint32_t i = 0; classes && i < n; i++) {
        uint32_t s = emit->order[i];
        bool real = i == NP_SIG_NOWHERE || i >= NP_SIG_FIRST;
        classes[i] = real ? plan->classes.of[s] | (uint32_t)plan->draft.sigs[s].bits << 24 : 0;
    }
    emit->writer.header.n_classes = plan->classes.count;
    np_emit_section(emit, NP_SECTION_SIG_CLASS, classes, n * sizeof *classes);
    return classes != NULL;
}

/* ---- sides and rows ---- */

struct placed { /* rows of one group in the comb */
    struct np_row rows[NP_VARIANTS];
};

static int place_groups(struct np_emit *emit, struct np_comb_build *comb,
                        struct placed *placed[NP_SIDES])
{
    struct np_plan *plan = emit->plan;
    for (int s = 0; s < NP_SIDES; s++) {
        uint32_t count = plan->groups[s].grouping.count;
        placed[s] = np_emit_alloc(emit, count, sizeof *placed[s]);
        for (uint32_t g = 0; placed[s] && g < count; g++) {
            for (int k = 0; k < NP_VARIANTS; k++) {
                const struct np_row_draft *row = &plan->planned[s][g].rows[k];
                uint32_t base = np_comb_place(comb, row);
                if (base == UINT32_MAX) {
                    return NETPOL_ERR_MEMORY;
                }
                placed[s][g].rows[k] = (struct np_row){base, row->row};
            }
        }
        if (!placed[s]) {
            return NETPOL_ERR_MEMORY;
        }
    }
    return np_comb_finish(comb) ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* What entry 0 says: nothing judges. */
static bool silent_side(struct np_emit *emit, struct np_side *out)
{
    struct np_tables *tables = &emit->plan->tables;
    bool incomplete = emit->plan->draft.model->incomplete != 0;
    struct np_answer answer;
    memset(&answer, 0, sizeof answer);
    answer.part.action = NETPOL_ALLOW;
    answer.part.reason = NETPOL_REASON_NOT_JUDGED;
    answer.part.flags = incomplete ? NETPOL_PART_INCOMPLETE : 0;
    uint16_t *zeros = np_emit_alloc(emit, tables->widest, sizeof *zeros);
    if (!zeros) {
        return false;
    }
    *out = (struct np_side){.base = NP_COMB_NOBODY};
    out->parts = np_tables_parts(tables, &answer, 1);
    out->row = np_tables_cells(tables, zeros, tables->widest);
    return out->parts != UINT32_MAX && out->row != UINT32_MAX;
}

/* Rows of sides whose variants differ; equal ones are there once. */
struct related {
    bool any;        /* some side has such */
    uint32_t *first; /* SIDE_REL */
    struct np_map seen;
    np_vec(struct np_row) rows; /* REL_ROWS */
};

static bool relate(const struct np_plan *plan)
{
    bool any = plan->relations;
    for (int s = 0; s < NP_SIDES && !any; s++) {
        for (uint32_t g = 0; g < plan->groups[s].grouping.count && !any; g++) {
            const struct np_row_draft *rows = plan->planned[s][g].rows; /* of OTHER */
            any = rows[0].row != rows[1].row;
        }
    }
    return any;
}

/* Where the variants of a side begin; UINT32_MAX: no memory. */
static uint32_t keep_variants(const struct np_emit *emit, struct related *related,
                              const struct np_row rows[NP_VARIANTS])
{
    const struct netpol_ctx *ctx = emit->plan->draft.ctx;
    struct np_slice key = {(const char *)rows, NP_VARIANTS * sizeof *rows};
    bool added;
    uint64_t *at = np_map_add(&related->seen, key, &added);
    if (!at || !added) {
        return at ? (uint32_t)*at : UINT32_MAX;
    }
    *at = related->rows.count;
    for (int k = 0; k < NP_VARIANTS; k++) {
        struct np_row *row = np_vec_push(ctx, &related->rows);
        if (!row) {
            return UINT32_MAX;
        }
        *row = rows[k];
    }
    return (uint32_t)*at;
}

static bool add_side(struct np_emit *emit, int s, const struct np_side *silent,
                     struct placed *const placed[NP_SIDES], struct related *related)
{
    uint32_t n = emit->writer.header.n_near;
    bool judges = np_side_judges(emit->writer.header.flags, (unsigned)s);
    size_t bytes = (judges ? n : 1) * sizeof(struct np_side);
    struct np_side *sides = np_emit_alloc(emit, n, sizeof *sides);
    struct placed nothing;
    bool kept = true;
    for (int k = 0; k < NP_VARIANTS; k++) {
        nothing.rows[k] = (struct np_row){silent->base, silent->row};
    }
    for (uint32_t i = 0; sides && kept && i < n; i++) {
        bool real = i == NP_SIG_NOWHERE || i >= NP_SIG_FIRST;
        uint32_t g = real ? group_of(emit->plan, s, emit->order[i]) : 0;
        const struct np_group_plan *group = &emit->plan->planned[s][g];
        const struct np_row *rows = real ? placed[s][g].rows : nothing.rows;
        sides[i] = real ? (struct np_side){group->ports, group->parts, rows[0].base, rows[0].row}
                        : *silent;
        if (related->any) {
            uint32_t first = keep_variants(emit, related, rows);
            related->first[(uint32_t)s * n + i] = first;
            kept = first != UINT32_MAX;
        }
    }
    np_emit_section(emit, (enum np_section)(NP_SECTION_SIDE_EGRESS + s), sides, bytes);
    return sides && kept;
}

static void *copy_of(struct np_emit *emit, const void *items, size_t count, size_t element)
{
    void *copy = np_emit_alloc(emit, count, element);
    if (copy && count) {
        memcpy(copy, items, count * element);
    }
    return copy;
}

static bool add_rows(struct np_emit *emit, const struct np_comb_build *comb,
                     const struct related *related)
{
    size_t slots = comb->slots.count, rows = related->rows.count;
    size_t n = related->any ? (size_t)NP_SIDES * emit->writer.header.n_near : 0;
    void *slots_copy = copy_of(emit, comb->slots.items, slots, sizeof *comb->slots.items);
    void *rows_copy = copy_of(emit, related->rows.items, rows, sizeof *related->rows.items);
    np_emit_section(emit, NP_SECTION_COMB, slots_copy, slots * sizeof *comb->slots.items);
    np_emit_section(emit, NP_SECTION_REL_ROWS, rows_copy, rows * sizeof *related->rows.items);
    np_emit_section(emit, NP_SECTION_SIDE_REL, related->first, n * sizeof *related->first);
    emit->writer.header.flags |= related->any ? NP_IMAGE_RELATIONS : 0;
    emit->writer.header.flags |= emit->plan->relations ? NP_IMAGE_RELATIVE : 0;
    return slots_copy && rows_copy;
}

static int add_sides(struct np_emit *emit)
{
    const struct netpol_ctx *ctx = emit->plan->draft.ctx;
    struct np_comb_build comb;
    struct placed *placed[NP_SIDES];
    struct np_side silent;
    uint32_t n = NP_SIDES * emit->writer.header.n_near;
    struct related related = {.any = relate(emit->plan)};
    related.first = related.any ? np_emit_alloc(emit, n, sizeof *related.first) : NULL;
    if (!np_comb_begin(ctx, emit->plan->classes.count, &comb)) {
        return NETPOL_ERR_MEMORY;
    }
    np_map_init(&related.seen, ctx);
    bool ready = silent_side(emit, &silent) && (!related.any || related.first);
    int status = ready ? place_groups(emit, &comb, placed) : NETPOL_ERR_MEMORY;
    for (int s = 0; s < NP_SIDES && status == NETPOL_OK; s++) {
        status = add_side(emit, s, &silent, placed, &related) ? NETPOL_OK : NETPOL_ERR_MEMORY;
    }
    if (status == NETPOL_OK && !add_rows(emit, &comb, &related)) {
        status = NETPOL_ERR_MEMORY;
    }
    np_comb_free(&comb);
    np_map_free(&related.seen);
    np_vec_free(ctx, &related.rows);
    return status;
}

/* ---- ports ---- */

struct pages {
    struct np_emit *emit;
    struct np_map known;
    np_vec(uint16_t) pages, dirs;
    uint16_t last; /* page that was found last: most follow one that is equal */
    bool failed;
};

enum { PAGE = 256 }; /* ports of a page, pages of a directory */

static void push_dir(struct pages *p, uint16_t page)
{
    uint16_t *at = np_vec_push(p->emit->plan->draft.ctx, &p->dirs);
    if (at) {
        *at = page;
    }
    p->failed = p->failed || !at;
}

/* All of it or nothing: pages are compared as a whole. */
static bool push_page(struct pages *p, const uint16_t page[PAGE])
{
    bool room = np_vec_grow(p->emit->plan->draft.ctx, (void **)&p->pages.items, &p->pages.capacity,
                            p->pages.count + PAGE, sizeof *page);
    if (room) {
        memcpy(p->pages.items + p->pages.count, page, PAGE * sizeof *page);
        p->pages.count += PAGE;
    }
    return room;
}

static uint16_t page_of(struct pages *p, const uint16_t page[PAGE])
{
    bool added;
    if (p->pages.count &&
        memcmp(p->pages.items + (size_t)p->last * PAGE, page, PAGE * sizeof *page) == 0) {
        return p->last;
    }
    struct np_slice content = {(const char *)page, PAGE * sizeof *page};
    uint64_t *at = p->failed ? NULL : np_map_add(&p->known, content, &added);
    if (at && added) {
        *at = p->pages.count / PAGE;
        p->failed = !push_page(p, page);
    }
    p->failed = p->failed || !at || *at > UINT16_MAX;
    return p->last = at && !p->failed ? (uint16_t)*at : 0;
}

/* A protocol whose ports are all of one class needs no directory. */
static uint16_t directory_of(struct pages *p, uint8_t family, uint8_t protocol)
{
    const struct np_ports *ports = &p->emit->plan->ports;
    uint16_t page[PAGE];
    uint32_t first = 0, class = 0;
    bool same = true;
    size_t begin = p->dirs.count;
    for (uint32_t port = 0, end = 0; port <= UINT16_MAX; port++) {
        if (port == end) { /* the next interval */
            struct np_port_point point = {family, NP_PORT_KNOWN, protocol, (uint16_t)port};
            class = np_ports_class(ports, &point);
            end = np_ports_end(ports, &point);
            first = port ? first : class;
            same = same && class == first;
        }
        page[port % PAGE] = (uint16_t) class;
        if (port % PAGE == PAGE - 1) {
            push_dir(p, page_of(p, page));
        }
    }
    if (same && first < NP_PORT_DIRECT) {
        p->dirs.count = begin;
        return (uint16_t)(NP_PORT_DIRECT | first);
    }
    p->failed = p->failed || begin / PAGE >= NP_PORT_DIRECT;
    return (uint16_t)(begin / PAGE);
}

static bool has_ports(uint8_t protocol)
{
    return memchr(np_port_protocols, protocol, NP_PORT_PROTOCOLS) != NULL;
}

static void fill_kinds(struct pages *p, uint16_t *kinds)
{
    static const uint8_t families[3] = {4, 6, 0};
    const struct np_ports *ports = &p->emit->plan->ports;
    for (uint32_t f = 0; f < 3; f++) {
        uint16_t *of_family = kinds + f * NP_PORT_KINDS * 256;
        if (f && ports->n_families == 1) {
            memcpy(of_family, kinds, NP_PORT_KINDS * 256 * sizeof *kinds);
            continue;
        }
        for (uint32_t protocol = 0; protocol < 256; protocol++) {
            uint8_t number = (uint8_t)protocol;
            struct np_port_point none = {families[f], NP_PORT_NONE, number, 0};
            struct np_port_point not_given = {families[f], NP_PORT_UNKNOWN, number, 0};
            uint16_t class = (uint16_t)np_ports_class(ports, &none);
            of_family[NP_PORT_KNOWN * 256 + protocol] = has_ports(number)
                                                            ? directory_of(p, families[f], number)
                                                            : (uint16_t)(NP_PORT_DIRECT | class);
            of_family[NP_PORT_NONE * 256 + protocol] = class;
            of_family[NP_PORT_UNKNOWN * 256 + protocol] =
                has_ports(number) ? (uint16_t)np_ports_class(ports, &not_given) : class;
        }
    }
}

static int add_ports(struct np_emit *emit)
{
    struct pages p = {.emit = emit};
    enum { KINDS = 3 * NP_PORT_KINDS * 256 };
    uint16_t *kinds = np_emit_alloc(emit, KINDS, sizeof *kinds);
    np_map_init(&p.known, emit->plan->draft.ctx);
    if (kinds) {
        fill_kinds(&p, kinds);
    }
    void *dirs = copy_of(emit, p.dirs.items, p.dirs.count, sizeof *p.dirs.items);
    void *pages = copy_of(emit, p.pages.items, p.pages.count, sizeof *p.pages.items);
    np_emit_section(emit, NP_SECTION_PORT_KINDS, kinds, KINDS * sizeof *kinds);
    np_emit_section(emit, NP_SECTION_PORT_DIRS, dirs, p.dirs.count * sizeof *p.dirs.items);
    np_emit_section(emit, NP_SECTION_PORT_PAGES, pages, p.pages.count * sizeof *p.pages.items);
    emit->writer.header.n_port_classes = emit->plan->ports.n_classes;
    np_map_free(&p.known);
    np_vec_free(emit->plan->draft.ctx, &p.dirs);
    np_vec_free(emit->plan->draft.ctx, &p.pages);
    return kinds && dirs && pages && !p.failed ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- maps, cells, parts ---- */

static bool add_maps(struct np_emit *emit)
{
    const struct np_tables *t = &emit->plan->tables;
    bool wide = t->widest > 256;
    size_t count = t->maps.count;
    uint8_t *bytes = np_emit_alloc(emit, (count << wide) + 2, 1); /* lookups read two bytes */
    for (size_t i = 0; bytes && i < count; i++) {
        bytes[i << wide] = (uint8_t)t->maps.items[i];
        if (wide) {
            bytes[2 * i + 1] = (uint8_t)(t->maps.items[i] >> 8);
        }
    }
    emit->writer.header.flags |= wide ? NP_IMAGE_WIDE_PORTS : 0;
    np_emit_section(emit, NP_SECTION_PORT_MAPS, bytes, (count << wide) + 2);
    return bytes != NULL;
}

static bool add_parts(struct np_emit *emit)
{
    const struct np_tables *t = &emit->plan->tables;
    struct netpol_part *parts = np_emit_alloc(emit, t->parts.count, sizeof *parts);
    uint32_t *missing = np_emit_alloc(emit, t->parts.count, sizeof *missing);
    if (!parts || !missing) {
        return false;
    }
    for (size_t i = 0; i < t->parts.count; i++) {
        parts[i] = t->parts.items[i].part;
        missing[i] = t->parts.items[i].missing;
    }
    np_emit_section(emit, NP_SECTION_PARTS, parts, t->parts.count * sizeof *parts);
    np_emit_section(emit, NP_SECTION_MISSING, missing, t->parts.count * sizeof *missing);
    np_emit_section(emit, NP_SECTION_CELLS, t->cells.items,
                    t->cells.count * sizeof *t->cells.items);
    np_cut_sections(t->cuts, &emit->writer);
    return true;
}

static void add_flags(struct np_emit *emit)
{
    enum { REFUSE = 1, UNKNOWN = 1 }; /* of options mapped_v6 and shared_address */
    const struct np_options *options = &emit->plan->draft.model->options;
    uint32_t *flags = &emit->writer.header.flags;
    *flags |= options->mapped_v6 == REFUSE ? NP_IMAGE_MAPPED_DENY : 0;
    *flags |= options->shared_address == UNKNOWN ? NP_IMAGE_SHARED_UNKNOWN : 0;
    *flags |= emit->plan->lists[NP_SIDE_MESH].n_checkpoints ? NP_IMAGE_MESH : 0;
    *flags |= emit->plan->draft.host ? NP_IMAGE_NODES : 0;
    *flags |= emit->plan->lists[NP_SIDE_EGRESS].n_checkpoints ? NP_IMAGE_EGRESS : 0;
    *flags |= emit->plan->lists[NP_SIDE_INGRESS].n_checkpoints ? NP_IMAGE_INGRESS : 0;
}

int np_emit_begin(struct np_plan *plan, struct np_emit *out)
{
    *out = (struct np_emit){.plan = plan, .writer = {.ctx = plan->draft.ctx}};
    np_arena_init(&out->arena, plan->draft.ctx, 65536);
    add_flags(out);
    if (!number_signatures(out) || !add_classes(out)) {
        return NETPOL_ERR_MEMORY;
    }
    int status = add_sides(out);
    status = status == NETPOL_OK ? add_ports(out) : status;
    return status == NETPOL_OK && (!add_maps(out) || !add_parts(out)) ? NETPOL_ERR_MEMORY : status;
}
