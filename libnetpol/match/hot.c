/* SPDX-License-Identifier: Apache-2.0 */
/* An open image made ready for lookups: pointers to its sections, and what stays the same for all
 * of them. */
#include "match/look.h"

#include <unistd.h>

/* Where the machine does not say. */
enum { USUAL_L2 = 1 << 20 };

static uint64_t l2_bytes(void)
{
    long bytes = -1;
#ifdef _SC_LEVEL2_CACHE_SIZE
    bytes = sysconf(_SC_LEVEL2_CACHE_SIZE);
#endif
    return bytes > 0 ? (uint64_t)bytes : USUAL_L2;
}

/* What usual lookups read: references and several owners are not usual. */
static uint64_t usual_bytes(const struct np_image_header *header)
{
    return header->hot_bytes - header->sections[NP_SECTION_REFS].bytes -
           header->sections[NP_SECTION_SHARED].bytes;
}

/* Entry 0 of a side: nothing judges. All its cells are the same part. */
static struct netpol_part silent_part(const struct np_hot *hot, int side)
{
    const struct np_shape shape = np_shape_of(hot, 0);
    const struct np_side *entry = hot->side[side];
    struct np_look_side at = {.side = entry, .base = entry->base, .row = entry->row};
    const struct netpol_part *part =
        &hot->parts[entry->parts + hot->cells[np_look_cell(hot, shape, &at, 0)]];
    return np_is_tree(part) ? hot->parts[hot->derived->refusal] : *part;
}

static uint32_t refusal_of(const struct np_image *image)
{
    const struct netpol_part *parts = image->section[NP_SECTION_PARTS];
    uint32_t hardest = 0;
    for (uint32_t i = 1; i < image->count[NP_SECTION_PARTS]; i++) {
        if (!np_is_tree(&parts[i]) &&
            (np_is_tree(&parts[hardest]) || parts[i].action > parts[hardest].action)) {
            hardest = i;
        }
    }
    return hardest;
}

/* A table of free slots stands where there is none, so that a lookup need not ask. */
static const struct np_slot4 no_slots4[2];
static const struct np_slot6 no_slots6[2];
static const struct np_slot_ref no_refs[2];
static const struct np_own no_own[2];

static void open_table(const struct np_image *image, struct np_table *out)
{
    const struct np_image_header *header = image->header;
    *out = (struct np_table){.slots4 = no_slots4,
                             .slots6 = no_slots6,
                             .refs = no_refs,
                             .own = no_own,
                             .shared = image->section[NP_SECTION_SHARED],
                             .bits4 = 1,
                             .bits6 = 1,
                             .bits_ref = 1,
                             .probes4 = header->slots4_probes,
                             .probes6 = header->slots6_probes,
                             .probes_ref = header->refs_probes};
    if (out->probes4) {
        out->slots4 = image->section[NP_SECTION_SLOTS4];
        out->bits4 = header->slots4_bits;
    }
    if (out->probes6) {
        out->slots6 = image->section[NP_SECTION_SLOTS6];
        out->bits6 = header->slots6_bits;
    }
    if (out->probes_ref) {
        out->refs = image->section[NP_SECTION_REFS];
        out->own = image->section[NP_SECTION_OWN];
        out->bits_ref = header->refs_bits;
    }
}

/* ---- what parts make together ---- */

static struct np_verdict_head head_of(unsigned code)
{
    static const struct {
        uint8_t plane, side;
    } path[NP_SIDES] = {
        [NP_SIDE_EGRESS] = {NETPOL_PLANE_NETWORK, NETPOL_SIDE_EGRESS },
        [NP_SIDE_INGRESS] = {NETPOL_PLANE_NETWORK, NETPOL_SIDE_INGRESS},
        [NP_SIDE_MESH] = {NETPOL_PLANE_MESH,    NETPOL_SIDE_INGRESS},
    };
    /* an allow is told by the last word of the network plane: ingress, else egress, else the mesh
     */
    static const uint8_t of_allow[] = {NP_SIDE_MESH, NP_SIDE_EGRESS, NP_SIDE_INGRESS};
    struct np_verdict_head head = {.action = NETPOL_ALLOW};
    for (int i = 0; i < NP_SIDES; i++) {
        if (code >> 3 * of_allow[i] & 4) {
            head.plane = path[of_allow[i]].plane;
            head.side = path[of_allow[i]].side;
        }
    }
    for (int i = 0; i < NP_SIDES; i++) {
        uint8_t action = code >> 3 * i & 3;
        if (action > head.action) { /* of equals the first in path order */
            head = (struct np_verdict_head){action, path[i].plane, path[i].side, 0, 0};
        }
    }
    head.missing = head.action == NETPOL_UNKNOWN;
    return head;
}

static uint16_t plain_entry(const struct np_hot *hot, unsigned family, unsigned protocol)
{
    uint8_t shape = np_protocol_ports[protocol];
    unsigned kind = shape == NP_PROTOCOL_NEITHER ? NP_PORT_NONE : NP_PORT_KNOWN;
    uint16_t entry = hot->port_kinds[(family * NP_PORT_KINDS + kind) * 256 + protocol];
    if (shape == NP_PROTOCOL_ICMP) {
        return NP_PORT_ICMP;
    }
    return kind == NP_PORT_KNOWN ? entry : (uint16_t)(entry | NP_PORT_DIRECT);
}

void np_hot_derive(struct np_hot *hot, struct np_derived *derived)
{
    hot->derived = derived;
    for (int side = 0; side < NP_SIDES; side++) {
        derived->silent[side] = silent_part(hot, side);
    }
    for (unsigned code = 0; code < 1 << 3 * NP_SIDES; code++) {
        derived->heads[code] = head_of(code);
    }
    for (unsigned i = 0; i < 2 * 256; i++) {
        derived->plain[i / 256][i % 256] = plain_entry(hot, i / 256, i % 256);
    }
}

void np_hot_open(const struct np_image *image, uint64_t generation, struct np_derived *derived,
                 struct np_hot *out, struct np_table *frozen)
{
    const struct np_image_header *header = image->header;
    *out = (struct np_hot){
        .sig_class = image->section[NP_SECTION_SIG_CLASS],
        .side = {image->section[NP_SECTION_SIDE_EGRESS], image->section[NP_SECTION_SIDE_INGRESS],
                 image->section[NP_SECTION_SIDE_MESH]},
        .side_rel = image->section[NP_SECTION_SIDE_REL],
        .rel_rows = image->section[NP_SECTION_REL_ROWS],
        .comb = image->section[NP_SECTION_COMB],
        .port_kinds = image->section[NP_SECTION_PORT_KINDS],
        .port_dirs = image->section[NP_SECTION_PORT_DIRS],
        .port_pages = image->section[NP_SECTION_PORT_PAGES],
        .port_maps = image->section[NP_SECTION_PORT_MAPS],
        .cells = image->section[NP_SECTION_CELLS],
        .parts = image->section[NP_SECTION_PARTS],
        .trie4 = image->section[NP_SECTION_TRIE4],
        .trie6 = image->section[NP_SECTION_TRIE6],
        .missing = image->section[NP_SECTION_MISSING],
        .n_near = header->n_near,
        .trie4_bits = header->trie4_bits,
        .trie6_bits = header->trie6_bits,
        .flags = header->flags,
        .beyond_l2 = usual_bytes(header) > 2 * l2_bytes(), /* traffic does not ask for all of it */
        .image = image,
        .generation = generation
    };
    derived->refusal = refusal_of(image);
    np_hot_derive(out, derived);
    open_table(image, frozen);
}
