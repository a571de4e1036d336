/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lookup, load by load, in the order of match/look.h: who the ends are, which class the ports
 * have, how the ends stand to each other, then for each side class, side, comb, column, cell, part.
 */
#include "analyze/dump.h"
#include "match/look.h"

#include <stdio.h>

struct trace {
    const struct np_dump *dump;
    const struct netpol_tuple *tuple;
    struct np_outline *out;
};
/* Who an end may be: several owners of one address are looked up one by one. */
struct found {
    struct np_party parties[16];
    uint32_t count;
    struct np_where where;
    bool known;
};

static void load(const struct trace *t, const char *section, uint64_t index, const char *what)
{
    np_outline_map(t->out, NULL, true);
    np_outline_textf(t->out, "load", "%s[%llu]", section, (unsigned long long)index);
    np_outline_text(t->out, "gives", what);
    np_outline_close(t->out);
}

static void tell_party(const struct trace *t, const char *section, uint64_t index,
                       struct np_party party)
{
    char name[256] = "nobody's", text[400];
    if (party.who >> 32) {
        np_dump_endpoint_name(t->dump, (uint32_t)(party.who >> 32), name);
    }
    snprintf(text, sizeof text, "signature %u, %s, node %u", party.signature, name,
             (uint32_t)party.who);
    load(t, section, index, text);
}

/* ---- ends ---- */

static void take_owners(const struct trace *t, uint64_t index, const char *section,
                        struct np_party party, struct found *found)
{
    if (party.signature < NP_SIG_SHARED) {
        tell_party(t, section, index, party);
        found->parties[found->count++] = party;
        return;
    }
    uint32_t at = party.signature - NP_SIG_SHARED;
    const struct np_shared *owner = &t->dump->table->shared[at];
    load(t, section, index, "several owners");
    for (;; owner++, at++) {
        struct np_party one = {owner->signature, (uint64_t)owner->endpoint << 32 | owner->node};
        tell_party(t, "SHARED", at, one);
        if (found->count < 16) {
            found->parties[found->count++] = one;
        }
        if (owner->last) {
            return;
        }
    }
}

static bool search4(const struct trace *t, uint32_t address, uint32_t *at)
{
    const struct np_table *table = t->dump->table;
    uint32_t mask = (uint32_t)((UINT64_C(1) << table->bits4) - 1);
    *at = np_slot4_at(address, table->bits4);
    for (uint32_t left = table->probes4; left; left--, *at = (*at + 1) & mask) {
        uint64_t key = table->slots4[*at].key;
        if ((uint32_t)key == NP_SIG_NONE) {
            return false;
        }
        if (key >> 32 == address && (uint32_t)key != NP_SIG_DEAD) {
            return true;
        }
    }
    return false;
}

static bool search6(const struct trace *t, uint64_t high, uint64_t low, uint32_t *at)
{
    const struct np_table *table = t->dump->table;
    uint32_t mask = (uint32_t)((UINT64_C(1) << table->bits6) - 1);
    *at = np_slot6_at(high, low, table->bits6);
    for (uint32_t left = table->probes6; left; left--, *at = (*at + 1) & mask) {
        const struct np_slot6 *slot = &table->slots6[*at];
        if ((uint32_t)slot->key == NP_SIG_NONE) {
            return false;
        }
        if (slot->high == high && slot->low == low && (uint32_t)slot->key != NP_SIG_DEAD) {
            return true;
        }
    }
    return false;
}

static void find_address(const struct trace *t, struct found *found)
{
    const struct np_hot *hot = t->dump->hot;
    const struct np_table *table = t->dump->table;
    uint32_t at;
    if (found->where.family == 4) {
        uint32_t address = (uint32_t)found->where.low;
        if (search4(t, address, &at)) {
            struct np_party party = {(uint32_t)table->slots4[at].key, table->slots4[at].who};
            take_owners(t, at, "SLOTS4", party, found);
            return;
        }
        load(t, "SLOTS4", at, "no such address");
        struct np_party place = {np_trie4_find(hot->trie4, hot->trie4_bits, address), 0};
        take_owners(t, address, "TRIE4", place, found);
        return;
    }
    if (search6(t, found->where.high, found->where.low, &at)) {
        struct np_party party = {(uint32_t)table->slots6[at].key, table->slots6[at].who};
        take_owners(t, at, "SLOTS6", party, found);
        return;
    }
    load(t, "SLOTS6", at, "no such address");
    struct np_party place = {
        np_trie6_find(hot->trie6, hot->trie6_bits, found->where.high, found->where.low), 0};
    take_owners(t, found->where.high, "TRIE6", place, found);
}

static void find_reference(const struct trace *t, uint64_t ref, uint8_t family, struct found *found)
{
    const struct np_table *table = t->dump->table;
    uint32_t mask = (uint32_t)((UINT64_C(1) << table->bits_ref) - 1);
    uint32_t at = np_slot_ref_at(ref, table->bits_ref);
    for (uint32_t left = table->probes_ref; left; left--, at = (at + 1) & mask) {
        const struct np_slot_ref *slot = &table->refs[at];
        if (slot->ref != ref) {
            continue;
        }
        unsigned index = np_family_index(family);
        uint8_t own = index == 0 ? 4 : index == 1 ? 6 : slot->family;
        take_owners(t, at, "REFS", (struct np_party){slot->signature[index], slot->who}, found);
        if (own == 4 && (slot->families & 1)) {
            found->where = (struct np_where){4, 0, table->own[at].address4};
        } else if (own == 6 && (slot->families & 2)) {
            found->where = (struct np_where){6, table->own[at].high6, table->own[at].low6};
        }
        return;
    }
    found->known = false;
    load(t, "REFS", at, "no such reference");
}

static struct np_where address_of(const struct netpol_tuple *tuple, const uint8_t bytes[16])
{
    if (tuple->family == 4) {
        return (struct np_where){4, 0, np_read_32(bytes)};
    }
    if (np_is_mapped(np_read_64(bytes), np_read_64(bytes + 8))) {
        return (struct np_where){4, 0, np_read_32(bytes + 12)};
    }
    return (struct np_where){6, np_read_64(bytes), np_read_64(bytes + 8)};
}

static void find_end(const struct trace *t, bool source, struct found *found)
{
    const struct netpol_tuple *tuple = t->tuple;
    const uint8_t *bytes = source ? tuple->src : tuple->dst;
    bool ref = tuple->flags & (source ? NETPOL_TUPLE_SRC_REF : NETPOL_TUPLE_DST_REF);
    bool lost = tuple->flags & (source ? NETPOL_TUPLE_SRC_NO_ADDRESS : NETPOL_TUPLE_DST_NO_ADDRESS);
    *found = (struct found){.known = true};
    np_outline_list(t->out, source ? "source" : "destination", false);
    if (ref) {
        find_reference(t, source ? tuple->src_ref : tuple->dst_ref, tuple->family, found);
    } else if (lost) {
        found->parties[found->count++] = (struct np_party){NP_SIG_NOWHERE, 0};
    } else {
        found->where = address_of(tuple, bytes);
        find_address(t, found);
    }
    np_outline_close(t->out);
}

/* ---- ports ---- */

static uint32_t find_ports(const struct trace *t, struct np_hop_ports ports)
{
    const struct np_hot *hot = t->dump->hot;
    uint32_t at = ((uint32_t)ports.family * NP_PORT_KINDS + ports.kind) * 256 + ports.protocol;
    uint32_t entry = hot->port_kinds[at], class = np_port_class(hot, ports);
    char text[64];
    np_outline_list(t->out, "ports", false);
    if (ports.kind == NP_PORT_KNOWN && !(entry & NP_PORT_DIRECT)) {
        uint32_t dir = entry << 8 | ports.dst_port >> 8;
        snprintf(text, sizeof text, "directory %u", entry);
        load(t, "PORT_KINDS", at, text);
        snprintf(text, sizeof text, "page %u", hot->port_dirs[dir]);
        load(t, "PORT_DIRS", dir, text);
        at = (uint32_t)hot->port_dirs[dir] << 8 | (ports.dst_port & 0xff);
        snprintf(text, sizeof text, "port class %u", class);
        load(t, "PORT_PAGES", at, text);
    } else {
        snprintf(text, sizeof text, "port class %u", class);
        load(t, "PORT_KINDS", at, text);
    }
    np_outline_close(t->out);
    return class;
}

/* ---- one side ---- */

static void follow_comb(const struct trace *t, const struct np_look_side *at)
{
    size_t index = (size_t)at->base + at->far;
    const struct np_comb *comb = &t->dump->hot->comb[index];
    char text[128];
    if (comb->base == at->base) {
        snprintf(text, sizeof text, "base %u: ours, row %u", comb->base, comb->row);
    } else {
        snprintf(text, sizeof text, "base %u: not ours, the row of most classes, %u", comb->base,
                 at->row);
    }
    load(t, "COMB", index, text);
}

static void follow_side(const struct trace *t, enum np_side_of_hop side, struct np_party near,
                        struct np_party far, uint32_t bond, uint32_t port_class,
                        const struct np_ask *ask)
{
    const struct np_hot *hot = t->dump->hot;
    struct np_shape shape = np_shape_of(hot, NP_SIDES_ALL);
    struct np_look_side at = np_look_at(hot, side, near.signature, far.signature, bond);
    size_t cell = np_look_cell(hot, shape, &at, port_class);
    uint32_t signature = near.signature < hot->n_near ? near.signature : 0;
    uint32_t ordinal = hot->cells[cell], index = at.side->parts + ordinal;
    static const char *const sections[] = {"SIDE_EGRESS", "SIDE_INGRESS", "SIDE_MESH"};
    char text[512];
    np_outline_list(t->out, np_dump_sides[side], false);
    snprintf(text, sizeof text, "class %u (the far end)", at.far);
    load(t, "SIG_CLASS", far.signature, text);
    snprintf(text, sizeof text, "ports %u, parts %u, base %u, row %u", at.side->ports,
             at.side->parts, at.side->base, at.side->row);
    load(t, sections[side], signature, text);
    if (bond != 0) {
        uint32_t variant = np_variant(bond / 2, hot->sig_class[far.signature] >> 24);
        size_t entry = (size_t)side * hot->n_near + signature;
        snprintf(text, sizeof text, "variants from %u on", hot->side_rel[entry]);
        load(t, "SIDE_REL", entry, text);
        snprintf(text, sizeof text, "base %u, row %u instead", at.base, at.row);
        load(t, "REL_ROWS", (uint64_t)hot->side_rel[entry] + variant, text);
    }
    follow_comb(t, &at);
    snprintf(text, sizeof text, "column %u", np_dump_column(t->dump, at.side, port_class));
    load(t, "PORT_MAPS", (uint64_t)at.side->ports + port_class, text);
    snprintf(text, sizeof text, "ordinal %u", ordinal);
    load(t, "CELLS", cell, text);
    np_dump_part(t->dump, index, text);
    load(t, "PARTS", index, text);
    if (hot->parts[index].flags & NP_PART_RESIDUAL) {
        uint32_t root = hot->parts[index].rule, found = np_look_residual(hot, root, NULL, ask);
        snprintf(text, sizeof text, "ordinal %u", found);
        load(t, "CUT_ROOTS", root, text);
        np_dump_part(t->dump, at.side->parts + found, text);
        load(t, "PARTS", (uint64_t)at.side->parts + found, text);
    }
    np_outline_close(t->out);
}

/* ---- the whole ---- */

static struct np_hop_ports ports_of(const struct netpol_tuple *tuple, uint8_t family)
{
    struct np_hop_ports ports = np_ports_of(tuple, np_family_index(family));
    if (ports.kind == NP_PORT_KNOWN && (tuple->flags & NETPOL_TUPLE_LATER_FRAGMENT)) {
        ports.kind = NP_PORT_NONE;
    } else if (ports.kind == NP_PORT_KNOWN && (tuple->flags & NETPOL_TUPLE_NO_PORTS)) {
        ports.kind = NP_PORT_UNKNOWN;
    }
    return ports;
}

static void follow_pair(const struct trace *t, struct np_party src, struct np_party dst,
                        const struct np_ask *ask, uint32_t port_class)
{
    const struct np_hot *hot = t->dump->hot;
    uint32_t bond = np_look_bond(hot, np_shape_of(hot, NP_SIDES_ALL), src, dst, NULL, ask);
    np_outline_map(t->out, NULL, false);
    np_outline_text(t->out, "relation", np_dump_variants[np_variant(bond / 2, 0)]);
    for (unsigned side = 0; side < NP_SIDES; side++) {
        bool egress = side == NP_SIDE_EGRESS;
        if (np_side_judges(hot->flags, side)) {
            follow_side(t, (enum np_side_of_hop)side, egress ? src : dst, egress ? dst : src, bond,
                        port_class, ask);
        }
    }
    np_outline_close(t->out);
}

static void follow(const struct trace *t, const struct netpol_verdict *verdict)
{
    struct found src, dst;
    if (verdict->egress.reason == NETPOL_REASON_INVALID) {
        np_outline_text(t->out, "refused", "the tuple cannot be");
        return;
    }
    find_end(t, true, &src);
    find_end(t, false, &dst);
    if (!src.known || !dst.known || verdict->egress.reason == NETPOL_REASON_STALE) {
        np_outline_text(t->out, "refused", "an end that no compile has seen");
        return;
    }
    uint8_t family = src.where.family ? src.where.family : dst.where.family;
    struct np_ask ask = {.src = src.where,
                         .dst = dst.where,
                         .ports = ports_of(t->tuple, family ? family : t->tuple->family)};
    uint32_t port_class = find_ports(t, ask.ports);
    np_outline_list(t->out, "pairs", false);
    for (uint32_t i = 0; i < src.count; i++) {
        for (uint32_t j = 0; j < dst.count; j++) {
            follow_pair(t, src.parties[i], dst.parties[j], &ask, port_class);
        }
    }
    np_outline_close(t->out);
}

void np_dump_trace(const struct np_dump *dump, const struct netpol_tuple *tuple,
                   struct np_outline *out)
{
    const struct trace t = {dump, tuple, out};
    struct netpol_verdict verdict;
    np_match_eval(dump->hot, dump->table, tuple, &verdict);
    np_outline_map(out, "lookup", false);
    follow(&t, &verdict);
    np_outline_map(out, "verdict", true);
    np_outline_text(out, "action", netpol_action_text(verdict.action));
    np_outline_text(out, "plane", netpol_plane_text(verdict.plane));
    np_outline_text(out, "side", netpol_side_text(verdict.side));
    np_outline_number(out, "egress rule", verdict.egress.rule);
    np_outline_number(out, "ingress rule", verdict.ingress.rule);
    np_outline_number(out, "mesh rule", verdict.mesh.rule);
    np_outline_close(out);
    np_outline_close(out);
}
