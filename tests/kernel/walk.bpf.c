/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot sections of an image walked in the kernel.
 *
 * The image is the only value of an array map that user space maps into its memory and copies it
 * to. Everything in it is an offset, so the walk is that of match/look.h with `image + offset` for
 * a pointer, and with a bound before each load: not for the image, which was checked when it was
 * opened, but for the verifier, which cannot know that. What a load outside would give is 0.
 */
#include "image/image.h"
#include "image/trie_find.h"
#include "walk.h"

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

struct image {
    uint8_t bytes[WALK_IMAGE_BYTES];
};
struct {
    __uint(type, BPF_MAP_TYPE_ARRAY);
    __uint(max_entries, 1);
    __uint(map_flags, BPF_F_MMAPABLE);
    __type(key, uint32_t);
    __type(value, struct image);
} images SEC(".maps");

enum { SLOT_PROBES = 64 };

struct party {
    uint32_t signature, endpoint, node, bits;
};
struct side {
    uint32_t base, row, ports, parts;
};

#define inline_always static __attribute__((always_inline))

/* A place in the image. The compiler must neither know the offset nor add before it compares. */
inline_always const uint8_t *at(const struct image *image, uint64_t offset)
{
    __asm__ volatile("" : "+r"(offset));
    if (offset > WALK_IMAGE_BYTES - sizeof(uint64_t)) {
        offset = 0;
    }
    __asm__ volatile("" : "+r"(offset));
    return image->bytes + offset;
}

inline_always uint64_t load64(const struct image *image, uint64_t offset)
{
    return *(const uint64_t *)at(image, offset);
}

inline_always uint32_t load32(const struct image *image, uint64_t offset)
{
    return *(const uint32_t *)at(image, offset);
}

inline_always uint16_t load16(const struct image *image, uint64_t offset)
{
    return *(const uint16_t *)at(image, offset);
}

#define HEADER(field)        __builtin_offsetof(struct np_image_header, field)
#define SECTION_AT(name)     (HEADER(sections) + NP_SECTION_##name * sizeof(struct np_image_section))
#define SECTION(image, name) load64(image, SECTION_AT(name))

/* ---- who has an address ---- */

inline_always uint32_t place_of(const struct image *image, uint32_t address)
{
    uint64_t words = SECTION(image, TRIE4);
    uint32_t bits = *at(image, HEADER(trie4_bits)) & 31;
    uint32_t entry = load32(image, words + 4 * ((uint64_t)address << bits >> 32));
    for (int step = 0; step <= NP_TRIE4_STEPS && !(entry & NP_TRIE_IS_LEAF); step++) {
        uint64_t block = words + 4 * (uint64_t)(entry & NP_TRIE_OFFSET);
        if (entry & NP_TRIE_IS_BUCKET) {
            uint32_t count = (entry >> NP_TRIE_COUNT_SHIFT & NP_TRIE_COUNT_MASK) + 1;
            uint32_t reached = 0;
            for (uint32_t i = 0; i < NP_TRIE_BUCKET; i++) {
                reached += i < count && load32(image, block + 4 * i) <= address;
            }
            return load32(image, block + 4 * (uint64_t)(count + reached));
        }
        uint32_t first = load32(image, block);
        uint32_t shape = load32(image, block + 4 * (1 + NP_TRIE_SHAPE));
        uint64_t index = (uint32_t)(address - first) >> (shape & 31);
        if (index >> (shape >> 8 & 31)) {
            return load32(image,
                          block + 4 * (1 + (address < first ? NP_TRIE_BELOW : NP_TRIE_ABOVE)));
        }
        entry = load32(image, block + 4 * (NP_TRIE4_HEAD + index));
    }
    return entry & ~NP_TRIE_IS_LEAF;
}

inline_always struct party party_at(const struct image *image, uint32_t address)
{
    uint64_t slots = SECTION(image, SLOTS4);
    uint32_t bits = *at(image, HEADER(slots4_bits)) & 31;
    uint32_t probes = load32(image, HEADER(slots4_probes));
    uint32_t slot = np_slot4_at(address, bits);
    struct party party = {0};
    for (uint32_t i = 0; i < SLOT_PROBES && i < probes; i++) {
        uint64_t place = slots + (uint64_t)slot * sizeof(struct np_slot4);
        uint64_t key = load64(image, place), who = load64(image, place + 8);
        if ((uint32_t)key == NP_SIG_NONE) {
            break;
        }
        if (key >> 32 == address && (uint32_t)key != NP_SIG_DEAD) {
            party.signature = (uint32_t)key;
            party.endpoint = (uint32_t)(who >> 32);
            party.node = (uint32_t)who;
            break;
        }
        slot = (slot + 1) & ((1u << bits) - 1);
    }
    if (party.signature == 0) {
        party.signature = place_of(image, address);
    }
    if (party.signature < NP_SIG_SHARED) {
        uint64_t classes = SECTION(image, SIG_CLASS);
        party.bits = load32(image, classes + 4 * (uint64_t)party.signature) >> 24;
    }
    return party;
}

/* ---- ports ---- */

inline_always uint32_t port_class(const struct image *image, const struct netpol_tuple *tuple)
{
    uint8_t protocol = tuple->protocol;
    uint32_t port = tuple->dst_port, kind = NP_PORT_KNOWN;
    if (protocol == 1 || protocol == 58) {
        port = (uint32_t)tuple->icmp_type << 8 | tuple->icmp_code;
    } else if (protocol != 6 && protocol != 17 && protocol != 33 && protocol != 132 &&
               protocol != 136) {
        kind = NP_PORT_NONE;
    }
    uint32_t entry =
        load16(image, SECTION(image, PORT_KINDS) + 2 * (uint64_t)(kind * 256 + protocol));
    if (kind != NP_PORT_KNOWN || (entry & NP_PORT_DIRECT)) {
        return entry & (NP_PORT_DIRECT - 1);
    }
    uint32_t page =
        load16(image, SECTION(image, PORT_DIRS) + 2 * (uint64_t)(entry << 8 | port >> 8));
    return load16(image, SECTION(image, PORT_PAGES) + 2 * (uint64_t)(page << 8 | (port & 0xff)));
}

/* ---- relations, as match/relation.c ---- */

inline_always int may_be_same(const struct party *a, const struct party *b)
{
    return a->endpoint && (a->bits & NP_SIG_NO_ADDRESS) && !b->endpoint &&
           (b->bits & NP_SIG_MISSING);
}

inline_always uint32_t relation_of(const struct party *a, const struct party *b, int same_address)
{
    int a_node = a->bits & NP_SIG_NODE, b_node = b->bits & NP_SIG_NODE;
    int same_node = a->node && a->node == b->node;
    int same = a->endpoint || b->endpoint ? a->endpoint == b->endpoint : same_address;
    if (same || (a_node && b_node && same_node)) {
        return NP_RELATION_SELF;
    }
    if (may_be_same(a, b) || may_be_same(b, a)) {
        uint32_t bits = a->endpoint ? b->bits : a->bits;
        return bits & NP_SIG_SERVICE ? NP_RELATION_MAYBE_TRANSLATED : NP_RELATION_MAYBE_UNLEARNT;
    }
    if (a_node == b_node) {
        return NP_RELATION_OTHER;
    }
    if (a->node && b->node) {
        return same_node ? NP_RELATION_OWN_NODE : NP_RELATION_OTHER;
    }
    const struct party *guest = a_node ? b : a;
    if (!guest->endpoint && !(guest->bits & NP_SIG_MISSING)) {
        return NP_RELATION_OTHER;
    }
    return NP_RELATION_MAYBE_NODE;
}

/* ---- one side ---- */

inline_always void part_of(const struct image *image, uint32_t which, uint32_t near, uint32_t far,
                           uint32_t bond, uint32_t ports, struct netpol_part *out)
{
    uint32_t n_near = load32(image, HEADER(n_near));
    near = near < n_near && np_side_judges(load32(image, HEADER(flags)), which) ? near : 0;
    uint64_t place =
        load64(image, SECTION_AT(SIDE_EGRESS) + (uint64_t)which * sizeof(struct np_image_section)) +
        (uint64_t)near * sizeof(struct np_side);
    struct side side = {.ports = load32(image, place),
                        .parts = load32(image, place + 4),
                        .base = load32(image, place + 8),
                        .row = load32(image, place + 12)};
    uint32_t of_far = load32(image, SECTION(image, SIG_CLASS) + 4 * (uint64_t)far);
    if (bond) {
        uint64_t index = (uint64_t)which * n_near + near;
        uint64_t first = load32(image, SECTION(image, SIDE_REL) + 4 * index);
        first += np_variant(bond / 2, of_far >> 24);
        place = SECTION(image, REL_ROWS) + first * sizeof(struct np_row);
        side.base = load32(image, place);
        side.row = load32(image, place + 4);
    }
    uint64_t class = of_far & NP_SIG_CLASS_MASK;
    place = SECTION(image, COMB) + (side.base + class) * sizeof(struct np_comb);
    uint32_t row = load32(image, place) == side.base ? load32(image, place + 4) : side.row;
    uint64_t entry = (uint64_t)side.ports + ports;
    uint64_t column = load32(image, HEADER(flags)) & NP_IMAGE_WIDE_PORTS
                          ? load16(image, SECTION(image, PORT_MAPS) + 2 * entry)
                          : *at(image, SECTION(image, PORT_MAPS) + entry);
    uint32_t ordinal = load16(image, SECTION(image, CELLS) + 2 * (row + column));
    place = SECTION(image, PARTS) + ((uint64_t)side.parts + ordinal) * sizeof *out;
    uint64_t low = load64(image, place), high = load64(image, place + 8);
    out->action = (uint8_t)low;
    out->reason = (uint8_t)(low >> 8);
    out->flags = (uint16_t)(low >> 16);
    out->rule = (uint32_t)(low >> 32);
    out->staged = (uint32_t)high;
    out->program = (uint32_t)(high >> 32);
}

inline_always uint32_t number_of(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

SEC("syscall")
int walk(struct walk_call *call)
{
    uint32_t zero = 0;
    const struct image *image = bpf_map_lookup_elem(&images, &zero);
    call->status = WALK_LEFT;
    if (!image || call->tuple.family != 4 || call->tuple.flags) {
        return 0;
    }
    uint32_t src_address = number_of(call->tuple.src), dst_address = number_of(call->tuple.dst);
    struct party src = party_at(image, src_address), dst = party_at(image, dst_address);
    if (src.signature >= NP_SIG_SHARED || dst.signature >= NP_SIG_SHARED) {
        return 0;
    }
    uint32_t flags = load32(image, HEADER(flags)), bond = 0;
    if (flags & NP_IMAGE_RELATIONS) {
        bond = np_variant(relation_of(&src, &dst, src_address == dst_address), src.bits | dst.bits);
    }
    uint32_t ports = port_class(image, &call->tuple), action = NETPOL_ALLOW;
    part_of(image, NP_SIDE_EGRESS, src.signature, dst.signature, bond, ports, &call->parts[0]);
    part_of(image, NP_SIDE_INGRESS, dst.signature, src.signature, bond, ports, &call->parts[1]);
    part_of(image, NP_SIDE_MESH, dst.signature, src.signature, bond, ports, &call->parts[2]);
    for (int i = 0; i < NP_SIDES; i++) {
        if (call->parts[i].flags & NP_PART_RESIDUAL) {
            return 0;
        }
        action = call->parts[i].action > action ? call->parts[i].action : action;
    }
    call->action = action;
    call->status = WALK_ANSWERED;
    return 0;
}

char license_text[] SEC("license") = "Dual BSD/GPL";
