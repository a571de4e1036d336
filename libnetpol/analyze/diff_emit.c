/* SPDX-License-Identifier: Apache-2.0 */
/* A strip told to the caller: names, a witness, the rules of both sides. */
#include "analyze/diff_rows.h"
#include "analyze/range.h"

/* The ends a witness is about. */
static void witnesses(const struct np_diff_rows *rows, const struct np_diff_strip *strip,
                      uint32_t *src, uint32_t *dst)
{
    const struct np_diff_unit *from = &rows->units[strip->src], *to = &rows->units[strip->dst];
    *src = strip->src_end == NP_DIFF_NONE ? from->from : strip->src_end;
    *dst = strip->dst_end == NP_DIFF_NONE ? to->from : strip->dst_end;
    if (*src == *dst && !strip->self && to->to - to->from > 1) {
        *dst = to->from + 1;
    }
}

/* An end of the witness: the old store's reference, or the address it was asked about. */
static void fill_end(const struct np_diff *diff, const struct np_diff_end *end, uint8_t family,
                     int sample, bool source, struct netpol_tuple *tuple)
{
    struct np_end resolved;
    uint32_t owners;
    const struct np_endpoint *pod = end->pod[NP_DIFF_OLD];
    uint8_t *bytes = source ? tuple->src : tuple->dst;
    np_diff_resolve(diff, NP_DIFF_OLD, end, family, sample, 0, &resolved, &owners);
    if (resolved.address.family == family && family) {
        memcpy(bytes, resolved.address.bytes, sizeof resolved.address.bytes);
    }
    if (pod) {
        *(source ? &tuple->src_ref : &tuple->dst_ref) = pod->ref;
        tuple->flags |= source ? NETPOL_TUPLE_SRC_REF : NETPOL_TUPLE_DST_REF;
    } else if (!resolved.address.family) {
        tuple->flags |= source ? NETPOL_TUPLE_SRC_NO_ADDRESS : NETPOL_TUPLE_DST_NO_ADDRESS;
    }
}

static struct netpol_tuple witness(const struct np_diff *diff, uint32_t src, uint32_t dst,
                                   const struct np_diff_span *span)
{
    const struct np_diff_end *from = &diff->ends[src], *to = &diff->ends[dst];
    uint8_t families[2] = {0, 0};
    np_diff_families(from, to, families);
    struct netpol_tuple tuple = {.family = span->family ? span->family : families[0]};
    if (span->protocol == 58) {
        tuple.family = NP_IPV6;
    }
    fill_end(diff, from, tuple.family, 0, true, &tuple);
    fill_end(diff, to, tuple.family, src == dst && !np_diff_is_pod(to), false, &tuple);
    tuple.protocol = span->all ? 6 : span->protocol;
    if (span->all) {
        tuple.dst_port = 1;
    } else if (span->protocol == 1 || span->protocol == 58) {
        tuple.icmp_type = (uint8_t)(span->first >> 8);
        tuple.icmp_code = (uint8_t)span->first;
    } else if (!span->others) {
        tuple.dst_port = span->first;
    }
    return tuple;
}

/* NULL: no memory. room: for a range. */
static const char *side_name(struct np_diff_rows *rows, uint32_t first, uint32_t last, uint32_t end,
                             char room[100])
{
    const struct np_diff_unit *unit = &rows->units[first];
    if (np_diff_is_piece(rows, first)) {
        const struct np_diff_end *ends = rows->diff->ends;
        np_range_name(&ends[unit->from].first, &ends[rows->units[last].from].last, room);
        return room;
    }
    bool single = end != NP_DIFF_NONE && unit->to - unit->from > 1;
    return single ? np_diff_pod_name(rows->diff, end, false) : unit->name;
}

static uint64_t count_pairs(const struct np_diff_rows *rows, const struct np_diff_strip *strip)
{
    const struct np_diff_unit *from = &rows->units[strip->src], *to = &rows->units[strip->dst];
    uint64_t src = from->to - from->from, dst = to->to - to->from;
    if (strip->src_end != NP_DIFF_NONE) {
        return 1;
    }
    if (strip->src == strip->dst && !np_diff_is_piece(rows, strip->src)) {
        return strip->self ? src : src * (src - 1);
    }
    return src * dst;
}

int np_diff_emit(struct np_diff_rows *rows, const struct np_diff_strip *strip)
{
    struct np_diff *diff = rows->diff;
    const struct np_diff_outcome outcome = rows->outcomes.items[strip->outcome];
    char rooms[2][100];
    uint32_t src, dst;
    struct netpol_change change = {.pairs = count_pairs(rows, strip), .self = strip->self};
    change.src = side_name(rows, strip->src, strip->src_last, strip->src_end, rooms[0]);
    change.dst = side_name(rows, strip->dst, strip->dst_last, strip->dst_end, rooms[1]);
    if (!change.src || !change.dst) {
        return NETPOL_ERR_MEMORY;
    }
    witnesses(rows, strip, &src, &dst);
    for (uint32_t i = 0; i < outcome.n_spans; i++) {
        const struct np_diff_span *span = &outcome.spans[i];
        struct netpol_tuple tuple = witness(diff, src, dst, span);
        bool none = span->all || span->others;
        change.span = (struct netpol_span){none ? 0 : span->protocol, none ? 0 : span->first,
                                           none ? 0 : span->last};
        change.all = span->all;
        change.others = span->others;
        change.family = span->family;
        change.before = span->actions[NP_DIFF_OLD];
        change.after = span->actions[NP_DIFF_NEW];
        change.witness = &tuple;
        for (int side = 0; side < 2; side++) {
            int d = side == 0 ? NP_EGRESS : NP_INGRESS;
            change.before_rules[side] =
                np_matcher_rule(diff->models[NP_DIFF_OLD].matcher, span->decisions[NP_DIFF_OLD][d]);
            change.after_rules[side] =
                np_matcher_rule(diff->models[NP_DIFF_NEW].matcher, span->decisions[NP_DIFF_NEW][d]);
        }
        if (diff->row(diff->user, &change) != 0) {
            return NETPOL_ERR_IO;
        }
    }
    return NETPOL_OK;
}
