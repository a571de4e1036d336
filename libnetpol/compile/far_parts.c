/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/far_parts.h"
#include "base/defect.h"

enum { KNOWN, LACKING, KINDS }; /* of far ends: with a known address, without */
enum { WORD = 64 };

/* ---- telling apart ---- */

static void by_members(struct np_far_parts *parts, const struct np_members *members)
{
    const struct np_grouping *g = &parts->plan->classes;
    for (uint32_t i = 0; i < members->count; i++) {
        uint32_t s = members->items[i].signature;
        if (g->first[g->of[s]] == s) {
            np_partition_mark(&parts->partition, g->of[s], members->items[i].truth);
        }
    }
    np_partition_split(&parts->partition);
}

/* What many sets share is told apart for all groups: once that is done, it need not be looked at.
 */
static void by_rest(struct np_far_parts *parts, const struct np_members *rest)
{
    bool known = rest->count == 0;
    for (uint32_t i = 0; i < parts->n_rests && !known; i++) {
        known = parts->rests[i] == rest->items;
    }
    if (!known && parts->n_rests < NP_FAR_RESTS) {
        parts->rests[parts->n_rests++] = rest->items;
        np_partition_reset(&parts->partition);
        by_members(parts, rest);
        np_partition_settle(&parts->partition);
        for (int k = 0; k < NP_RELATIONS; k++) {
            parts->views[k].known = false;
        }
        parts->again = true;
    } else if (!known) {
        by_members(parts, rest);
    }
}

static int by_set(struct np_far_parts *parts, const struct np_set *set)
{
    struct np_members rest;
    struct np_members members = np_draft_members_parts(
        &parts->plan->draft, set, !parts->side->near_is_source, parts->relation, &rest);
    if (!members.items && members.count) {
        return NETPOL_ERR_MEMORY;
    }
    by_rest(parts, &rest);
    by_members(parts, &members);
    return NETPOL_OK;
}

static void by_portset(struct np_far_parts *parts, const struct np_portset *portset)
{
    struct np_draft *draft = &parts->plan->draft;
    for (uint32_t c = 0; c < parts->plan->classes.count; c++) {
        uint32_t ports = np_draft_port_names(draft, portset, parts->plan->classes.first[c]);
        if (ports) {
            np_partition_mark(&parts->partition, c, ports);
        }
    }
    np_partition_split(&parts->partition);
}

static int by_rules(struct np_far_parts *parts, const struct np_focus *focus)
{
    int status = NETPOL_OK;
    const struct np_set *last = NULL;
    for (uint32_t i = 0; i < focus->n_rules && status == NETPOL_OK; i++) {
        for (uint32_t a = 0; a < focus->rules[i]->n_alternatives && status == NETPOL_OK; a++) {
            const struct np_match *match = &focus->rules[i]->alternatives[a];
            const struct np_portset *ports =
                parts->side->near_is_source ? match->dst_ports : match->src_ports;
            if (match->far && match->far != last) {
                status = by_set(parts, match->far);
                last = match->far;
            }
            if (ports) {
                by_portset(parts, ports);
            }
        }
    }
    return status;
}

/* ---- which pairs a relation can hold for ---- */

/* Is the relation possible between the group at hand and a class? Too often yes does no harm. */
static bool possible(const struct np_far_parts *parts, uint32_t class)
{
    uint8_t na = parts->near.any, nl = parts->near.lacks;
    uint8_t fa = parts->any[class], fl = parts->lacks[class];
    switch (parts->relation) {
    case NP_RELATION_SELF: /* one endpoint, or one address without, or one node */
        return (parts->near.ends & parts->ends[class]) || (na & fa & NP_SIG_NODE);
    case NP_RELATION_OWN_NODE:
    case NP_RELATION_MAYBE_NODE:
        return (na & fl & NP_SIG_NODE) || (nl & fa & NP_SIG_NODE);
    case NP_RELATION_MAYBE_UNLEARNT:
    case NP_RELATION_MAYBE_TRANSLATED: {
        bool unlearnt = parts->relation == NP_RELATION_MAYBE_UNLEARNT;
        uint8_t other = unlearnt ? NP_SIG_MISSING : NP_SIG_SERVICE;
        return ((na & NP_SIG_NO_ADDRESS) && (fa & other)) ||
               ((fa & NP_SIG_NO_ADDRESS) && (na & other));
    }
    default:
        return true;
    }
}

static bool is_kind(const struct np_far_parts *parts, uint32_t class, int kind)
{
    return (kind == LACKING ? parts->any : parts->lacks)[class] & NP_SIG_NO_ADDRESS;
}

static int fill_view(struct np_far_parts *parts, struct np_far_view *view)
{
    const struct np_partition *p = &parts->partition;
    uint32_t settled = p->n_settled;
    view->start = np_arena_array(parts->arena, settled + 2, sizeof *view->start);
    for (int k = 0; k < KINDS; k++) {
        view->sizes[k] = np_arena_array(parts->arena, settled, sizeof *view->sizes[k]);
    }
    if (!view->start || !view->sizes[KNOWN] || !view->sizes[LACKING]) {
        return NETPOL_ERR_MEMORY;
    }
    for (uint32_t c = 0; c < p->n; c++) {
        uint32_t part = p->settled[c];
        bool there = possible(parts, c);
        view->start[part + 2] += there;
        view->sizes[KNOWN][part] += there && is_kind(parts, c, KNOWN);
        view->sizes[LACKING][part] += there && is_kind(parts, c, LACKING);
    }
    for (uint32_t part = 0; part < settled; part++) {
        view->start[part + 2] += view->start[part + 1];
    }
    for (uint32_t c = 0; c < p->n; c++) { /* from here on [part + 1] is where its next one goes */
        if (possible(parts, c)) {
            view->classes[view->start[p->settled[c] + 1]++] = c;
        }
    }
    view->near = parts->near;
    view->known = true;
    return NETPOL_OK;
}

/* Most groups are like the one before, as far as the relation asks. */
static int choose_view(struct np_far_parts *parts)
{
    enum { ASKED = NP_SIG_NODE | NP_SIG_MISSING | NP_SIG_SERVICE | NP_SIG_NO_ADDRESS };
    struct np_far_view *view = &parts->views[parts->relation];
    unsigned other = (unsigned)(view->near.any ^ parts->near.any) |
                     (unsigned)(view->near.lacks ^ parts->near.lacks);
    bool ends = view->near.ends == parts->near.ends;
    parts->view = view;
    return view->known && ends && !(other & ASKED) ? NETPOL_OK : fill_view(parts, view);
}

/* ---- parts ---- */

/* Of the parts that settled, what is left of them; of the others, what was touched. */
static void count_parts(struct np_far_parts *parts)
{
    const struct np_partition *p = &parts->partition;
    const struct np_far_view *view = parts->view;
    for (int k = 0; k < KINDS; k++) {
        memset(parts->sizes[k], 0, p->n_parts * sizeof *parts->sizes[k]);
        memcpy(parts->sizes[k], view->sizes[k], p->n_settled * sizeof *parts->sizes[k]);
    }
    memset(parts->first, 0xff, p->n_parts * sizeof *parts->first);
    for (uint32_t i = 0; i < p->n_touched; i++) {
        uint32_t c = p->touched[i], from = p->settled[c], to = p->part[c];
        for (int k = 0; k < KINDS && possible(parts, c); k++) {
            parts->sizes[k][from] -= is_kind(parts, c, k);
            parts->sizes[k][to] += is_kind(parts, c, k);
            parts->first[to] = c < parts->first[to] ? c : parts->first[to];
        }
    }
    for (uint32_t part = 0; part < p->n_settled; part++) {
        const uint32_t *c = &view->classes[view->start[part]];
        if (parts->sizes[KNOWN][part] || parts->sizes[LACKING][part]) {
            while (p->part[*c] != part) {
                c++;
            }
            parts->first[part] = *c;
        }
    }
}

int np_far_parts_make(struct np_far_parts *parts, const struct np_focus *focus,
                      struct np_far_near near, enum np_relation relation)
{
    int status;
    parts->near = near;
    parts->relation = relation;
    do {
        parts->again = false;
        np_partition_reset(&parts->partition);
        status = by_rules(parts, focus);
    } while (parts->again && status == NETPOL_OK);
    status = status == NETPOL_OK ? choose_view(parts) : status;
    if (status == NETPOL_OK) {
        count_parts(parts);
    }
    return status;
}

/* ---- rows ---- */

/* The row of most classes of some kind; UINT32_MAX: there is none. */
static uint32_t usual_row(const struct np_far_parts *parts, int kind)
{
    uint32_t most = 0, row = UINT32_MAX;
    for (uint32_t p = 0; p < parts->partition.n_parts; p++) {
        if (parts->sizes[kind][p] > most) {
            most = parts->sizes[kind][p];
            row = parts->rows[p];
        }
    }
    return row;
}

static bool wanted(const struct np_far_parts *parts, uint32_t class, const bool kinds[KINDS])
{
    return (kinds[KNOWN] && is_kind(parts, class, KNOWN)) ||
           (kinds[LACKING] && is_kind(parts, class, LACKING));
}

/* Lists the classes of some kinds that have another row. Returns how many. */
static uint32_t list_others(struct np_far_parts *parts, const bool kinds[KINDS], uint32_t row)
{
    const struct np_partition *p = &parts->partition;
    const struct np_far_view *view = parts->view;
    uint32_t count = 0;
    for (uint32_t part = 0; part < p->n_settled; part++) {
        bool other = parts->first[part] != UINT32_MAX && parts->rows[part] != row;
        for (uint32_t i = view->start[part]; other && i < view->start[part + 1]; i++) {
            uint32_t c = view->classes[i];
            if (p->part[c] == part && wanted(parts, c, kinds)) {
                np_bits_set(&parts->listed, c);
                count++;
            }
        }
    }
    for (uint32_t i = 0; i < p->n_touched; i++) {
        uint32_t c = p->touched[i];
        if (possible(parts, c) && parts->rows[p->part[c]] != row && wanted(parts, c, kinds)) {
            np_bits_set(&parts->listed, c);
            count++;
        }
    }
    return count;
}

/* The exceptions of a row, ascending. */
static int except(struct np_far_parts *parts, const bool kinds[KINDS], struct np_row_draft *out)
{
    struct np_arena *arena = &parts->plan->draft.arena;
    uint32_t count = list_others(parts, kinds, out->row);
    out->classes = np_arena_array(arena, count, sizeof *out->classes);
    out->rows = np_arena_array(arena, count, sizeof *out->rows);
    bool fine = out->classes && out->rows;
    uint32_t c = 0;
    for (uint64_t *word = parts->listed.words; count; word++, c += WORD) {
        for (; *word; *word &= *word - 1, count--) {
            uint32_t class = c + (uint32_t)__builtin_ctzll(*word);
            if (fine) {
                out->classes[out->count] = class;
                out->rows[out->count++] = parts->rows[parts->partition.part[class]];
            }
        }
    }
    out->count -= np_defect(EXCEPTION_LOST) && out->count;
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/*
 * Far ends that lack an address are asked about it by every rule that names addresses: where the
 * answer for most of them is not that for most others, they have a row of their own. Else one row
 * is both.
 */
int np_far_parts_rows(struct np_far_parts *parts, struct np_row_draft out[2])
{
    static const bool both[KINDS] =
        {
            true, true
    },
                      one_kind[KINDS][KINDS] = {{true, false}, {false, true}};
    uint32_t known = usual_row(parts, KNOWN), lacking = usual_row(parts, LACKING);
    bool one = known == lacking || known == UINT32_MAX || lacking == UINT32_MAX;
    uint32_t usual = known == UINT32_MAX ? lacking : known;
    out[0] = (struct np_row_draft){.row = usual == UINT32_MAX ? 0 : usual};
    int status = except(parts, one ? both : one_kind[KNOWN], &out[0]);
    out[1] = out[0];
    if (status == NETPOL_OK && !one) {
        out[1] = (struct np_row_draft){.row = lacking};
        status = except(parts, one_kind[LACKING], &out[1]);
    }
    return status;
}

/* ---- beginning and end ---- */

/* Of ends that are named by reference alone the first address is taken, and the hop is of the
 * family of the source's: what may be named so is asked about every family. */
static uint8_t families_of(const struct np_sig *sig)
{
    bool named = np_far_end(sig) == NP_FAR_ENDPOINT || sig->bits & NP_SIG_NODE;
    return named || !sig->family ? NP_FAR_ANY : sig->family == NP_IPV4 ? NP_FAR_4 : NP_FAR_6;
}

static void note_bits(struct np_far_parts *parts)
{
    const struct np_draft *draft = &parts->plan->draft;
    for (uint32_t s = NP_SIG_NOWHERE; s < draft->n_sigs; s++) {
        if (s != NP_SIG_UNCOMPILED) {
            uint32_t class = parts->plan->classes.of[s];
            parts->any[class] |= draft->sigs[s].bits;
            parts->lacks[class] |= (uint8_t)~draft->sigs[s].bits;
            parts->ends[class] |= np_far_end(&draft->sigs[s]);
            parts->families[class] |= families_of(&draft->sigs[s]);
        }
    }
}

static void by_families(struct np_far_parts *parts)
{
    for (uint32_t c = 0; c < parts->plan->classes.count; c++) {
        np_partition_mark(&parts->partition, c, parts->families[c]);
    }
    np_partition_split(&parts->partition);
    np_partition_settle(&parts->partition);
}

bool np_far_parts_init(struct np_far_parts *parts, struct np_plan *plan,
                       const struct np_side_plan *side, struct np_arena *arena)
{
    const struct netpol_ctx *ctx = plan->draft.ctx;
    uint32_t n = plan->classes.count;
    *parts = (struct np_far_parts){.plan = plan, .side = side, .arena = arena};
    parts->any = np_arena_array(arena, n, 1);
    parts->lacks = np_arena_array(arena, n, 1);
    parts->families = np_arena_array(arena, n, 1);
    parts->ends = np_arena_array(arena, n, 1);
    parts->first = np_arena_array(arena, n + 1, sizeof *parts->first);
    parts->rows = np_arena_array(arena, n + 1, sizeof *parts->rows);
    parts->sizes[KNOWN] = np_arena_array(arena, n + 1, sizeof *parts->sizes[KNOWN]);
    parts->sizes[LACKING] = np_arena_array(arena, n + 1, sizeof *parts->sizes[LACKING]);
    bool fine = parts->any && parts->lacks && parts->families && parts->ends && parts->first &&
                parts->rows && parts->sizes[KNOWN] && parts->sizes[LACKING] &&
                np_bits_init(ctx, &parts->listed, n) &&
                np_partition_init(ctx, &parts->partition, n);
    for (int k = 0; k < NP_RELATIONS && fine; k++) {
        parts->views[k].classes = np_arena_array(arena, n, sizeof *parts->views[k].classes);
        fine = parts->views[k].classes != NULL;
    }
    if (fine) {
        note_bits(parts);
    }
    if (fine && plan->ports.n_families > 1) {
        by_families(parts);
    }
    if (fine && side->hosts_look) { /* whatever its rules are, each group looks at them */
        np_partition_by_hosts(&plan->draft, &parts->partition, plan->classes.first, n);
        np_partition_settle(&parts->partition);
    }
    return fine;
}

void np_far_parts_free(struct np_far_parts *parts)
{
    np_bits_free(parts->plan->draft.ctx, &parts->listed);
    np_partition_free(&parts->partition);
}
