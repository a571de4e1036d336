/* SPDX-License-Identifier: Apache-2.0 */
/* What a lookup needs now and then: a search, residual trees, causes of an UNKNOWN. */
#include "match/look.h"
#include "base/defect.h"

const uint8_t np_protocol_ports[256] = {
    [1] = NP_PROTOCOL_ICMP,    /* ICMP */
    [6] = NP_PROTOCOL_PORTS,   /* TCP */
    [17] = NP_PROTOCOL_PORTS,  /* UDP */
    [33] = NP_PROTOCOL_PORTS,  /* DCCP */
    [58] = NP_PROTOCOL_ICMP,   /* ICMPv6 */
    [132] = NP_PROTOCOL_PORTS, /* SCTP */
    [136] = NP_PROTOCOL_PORTS, /* UDP-Lite */
};

/* ---- who has an address ---- */

struct np_party np_party_search4(const struct np_hot *hot, const struct np_table *table,
                                 uint32_t address)
{
    uint32_t mask = (uint32_t)((UINT64_C(1) << table->bits4) - 1);
    uint32_t at = np_slot4_at(address, table->bits4);
    for (uint32_t left = np_defect(SEARCH_STOPS_EARLY) ? 1 : table->probes4; left;
         left--, at = (at + 1) & mask) {
        const struct np_slot4 *slot = &table->slots4[at];
        uint64_t key = np_acquire(&slot->key);
        uint32_t signature = (uint32_t)key;
        if (signature == NP_SIG_NONE) {
            break;
        }
        if (key >> 32 == address && signature != NP_SIG_DEAD) {
            return (struct np_party){signature, slot->who};
        }
    }
    return (struct np_party){np_trie4_find(hot->trie4, hot->trie4_bits, address), 0};
}

struct np_party np_party_search6(const struct np_hot *hot, const struct np_table *table,
                                 uint64_t high, uint64_t low)
{
    uint32_t mask = (uint32_t)((UINT64_C(1) << table->bits6) - 1);
    uint32_t at = np_slot6_at(high, low, table->bits6);
    for (uint32_t left = np_defect(SEARCH_STOPS_EARLY) ? 1 : table->probes6; left;
         left--, at = (at + 1) & mask) {
        const struct np_slot6 *slot = &table->slots6[at];
        uint32_t signature = (uint32_t)np_acquire(&slot->key);
        if (signature == NP_SIG_NONE) {
            break;
        }
        if (slot->low == low && slot->high == high && signature != NP_SIG_DEAD) {
            return (struct np_party){signature, slot->who};
        }
    }
    return (struct np_party){np_trie6_find(hot->trie6, hot->trie6_bits, high, low), 0};
}

bool np_plain_ends(const struct np_hot *hot, const struct np_table *table,
                   const struct netpol_tuple *tuple, struct np_party *src, struct np_party *dst)
{
    uint32_t from, to;
    if (np_is_plain4(tuple, &from, &to)) {
        *src = np_party_search4(hot, table, from);
        *dst = np_party_search4(hot, table, to);
    } else if (np_is_plain6(tuple)) {
        *src = np_party_search6(hot, table, np_read_64(tuple->src), np_read_64(tuple->src + 8));
        *dst = np_party_search6(hot, table, np_read_64(tuple->dst), np_read_64(tuple->dst + 8));
    } else {
        return false;
    }
    return np_is_single(src->signature) && np_is_single(dst->signature);
}

void np_match_searched(const struct np_hot *hot, const struct np_table *table, unsigned sides,
                       const struct netpol_tuple *tuple, struct netpol_verdict *out)
{
    struct np_party src, dst;
    if (np_plain_ends(hot, table, tuple, &src, &dst)) {
        uint32_t port_class = np_plain_class(hot, tuple, np_plain_family(tuple));
        np_look(hot, np_shape_of(hot, sides), src, dst, port_class, tuple, NULL, out);
    } else {
        np_match_any(hot, table, sides, tuple, out);
    }
}

/* ---- residual trees ---- */

static struct np_cut_key key_of(const struct np_ask *ask)
{
    static const uint8_t families[] = {4, 6, 0};
    return (struct np_cut_key){
        .src = {ask->src.high, ask->src.low},
        .dst = {ask->dst.high, ask->dst.low},
        .src_port = ask->ports.src_port,
        .dst_port = ask->ports.dst_port,
        .family = families[ask->ports.family],
        .protocol = ask->ports.protocol,
        .has_ports = ask->ports.kind == NP_PORT_KNOWN
    };
}

static struct np_where where(const uint8_t bytes[16], uint8_t family)
{
    if (family == 4) {
        return (struct np_where){4, 0, np_read_32(bytes)};
    }
    return (struct np_where){6, np_read_64(bytes), np_read_64(bytes + 8)};
}

static struct np_ask ask_of(const struct netpol_tuple *tuple)
{
    return (struct np_ask){.src = where(tuple->src, tuple->family),
                           .dst = where(tuple->dst, tuple->family),
                           .ports = np_ports_of(tuple, np_plain_family(tuple))};
}

struct np_cut_key np_look_key(const struct netpol_tuple *tuple)
{
    struct np_ask ask = ask_of(tuple);
    return key_of(&ask);
}

uint32_t np_look_residual(const struct np_hot *hot, uint32_t root, const struct netpol_tuple *tuple,
                          const struct np_ask *ask)
{
    struct np_cut_key key = ask ? key_of(ask) : np_look_key(tuple);
    return np_cut_find(hot->image, root, &key);
}

uint32_t np_look_through(const struct np_hot *hot, enum np_side_of_hop side, uint32_t near,
                         uint32_t index, const struct netpol_tuple *tuple, const struct np_ask *ask)
{
    const struct netpol_part *part = &hot->parts[index];
    if (!np_is_tree(part)) {
        return index;
    }
    uint32_t first = hot->side[side][np_near(hot, near)].parts;
    return np_tree_part(hot, first, np_look_residual(hot, part->rule, tuple, ask));
}

uint32_t np_look_missing(const struct np_hot *hot, uint32_t index)
{
    bool unknown = hot->parts[index].action == NETPOL_UNKNOWN && !np_defect(MISSING_DROPPED);
    return unknown ? hot->missing[index] : 0;
}

void np_look_finish(const struct np_hot *hot, struct np_shape shape, struct np_found found,
                    struct netpol_verdict *out)
{
    np_verdict_write(hot, shape, found, out);
    out->missing = 0;
    if (out->action == NETPOL_UNKNOWN) { /* else something stands above what is missing */
        out->missing =
            (shape.sides & NP_SIDE_BIT_EGRESS ? np_look_missing(hot, found.egress) : 0) |
            (shape.sides & NP_SIDE_BIT_INGRESS ? np_look_missing(hot, found.ingress) : 0) |
            (shape.sides & NP_SIDE_BIT_MESH ? np_look_missing(hot, found.mesh) : 0);
    }
}

void np_look_rest(const struct np_hot *hot, struct np_shape shape, uint32_t src, uint32_t dst,
                  struct np_found found, const struct netpol_tuple *tuple, const struct np_ask *ask,
                  struct netpol_verdict *out)
{
    if (shape.sides & NP_SIDE_BIT_EGRESS) {
        found.egress = np_look_through(hot, NP_SIDE_EGRESS, src, found.egress, tuple, ask);
    }
    if (shape.sides & NP_SIDE_BIT_INGRESS) {
        found.ingress = np_look_through(hot, NP_SIDE_INGRESS, dst, found.ingress, tuple, ask);
    }
    if (shape.sides & NP_SIDE_BIT_MESH) {
        found.mesh = np_look_through(hot, NP_SIDE_MESH, dst, found.mesh, tuple, ask);
    }
    np_look_finish(hot, shape, found, out);
}
