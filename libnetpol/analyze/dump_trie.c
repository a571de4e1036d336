/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The places of an image: its tries walked from the first address to the last (trie_find.h says
 * what their words mean). IPv4 addresses are numbers of which the upper half is 0.
 */
#include "analyze/dump.h"
#include "image/trie_find.h"

struct number {
    uint64_t high, low;
};
struct walk {
    struct np_dump *dump;
    const uint32_t *words;
    uint8_t family;
    bool begun;
    struct number end; /* the last address */
    bool failed;
};

static struct number plus(struct number a, uint64_t count, unsigned shift)
{
    if (shift >= 128) { /* all of it: nothing comes behind */
        return a;
    }
    struct number add = {shift >= 64 ? count << (shift - 64)
                         : shift     ? count >> (64 - shift)
                                     : 0,
                         shift >= 64 ? 0 : count << shift};
    struct number sum = {a.high + add.high, a.low + add.low};
    sum.high += sum.low < a.low;
    return sum;
}

static struct number before(struct number a)
{
    return (struct number){a.high - (a.low == 0), a.low - 1};
}

static bool is_less(struct number a, struct number b)
{
    return a.high != b.high ? a.high < b.high : a.low < b.low;
}

/* From here on the addresses have this signature. */
static void place(struct walk *walk, struct number first, uint32_t signature)
{
    struct np_dump *dump = walk->dump;
    struct np_dump_member *last =
        walk->begun ? &dump->members.items[dump->members.count - 1] : NULL;
    if (last) {
        if (last->signature == signature) {
            return;
        }
        bool same = last->first[0] == first.high && last->first[1] == first.low;
        if (same) {
            last->signature = signature;
            return;
        }
        last->last[0] = first.high - (first.low == 0);
        last->last[1] = first.low - 1;
    }
    struct np_dump_member *member = np_vec_push(dump->ctx, &dump->members);
    if (!member) {
        walk->failed = true;
        return;
    }
    walk->begun = true;
    *member = (struct np_dump_member){
        .signature = signature,
        .family = walk->family,
        .first = {first.high,     first.low    },
        .last = {walk->end.high, walk->end.low}
    };
}

static struct number bound(const struct walk *walk, const uint32_t *block, uint32_t i, bool wide)
{
    if (walk->family == 4) {
        return (struct number){0, block[i]};
    }
    if (!wide) {
        return (struct number){np_trie_half(block + 2 * (size_t)i), 0};
    }
    return (struct number){np_trie_half(block + 4 * (size_t)i),
                           np_trie_half(block + 4 * (size_t)i + 2)};
}

static void walk_bucket(struct walk *walk, uint32_t entry, struct number first)
{
    const uint32_t *block = walk->words + (entry & NP_TRIE_OFFSET);
    uint32_t count = (entry >> NP_TRIE_COUNT_SHIFT & NP_TRIE_COUNT_MASK) + 1;
    bool wide = entry & NP_TRIE_WIDE;
    uint32_t each = walk->family == 4 ? 1 : wide ? 4 : 2;
    const uint32_t *signatures = block + (size_t)each * count;
    place(walk, first, signatures[0]);
    for (uint32_t i = 0; i < count; i++) {
        place(walk, bound(walk, block, i, wide), signatures[i + 1]);
    }
}

static void walk_entry(struct walk *walk, uint32_t entry, struct number first, struct number last);

/* Entries that span 1 << shift addresses each, from first on; what lies past last is cut off. */
static void walk_entries(struct walk *walk, const uint32_t *entries, unsigned bits, unsigned shift,
                         struct number first, struct number last)
{
    for (uint64_t i = 0; i < (uint64_t)1 << bits && !walk->failed; i++) {
        struct number from = plus(first, i, shift);
        if (is_less(last, from) || is_less(from, first)) {
            break;
        }
        struct number to = before(plus(from, 1, shift));
        walk_entry(walk, entries[i], from, is_less(to, from) || is_less(last, to) ? last : to);
    }
}

static void walk_table(struct walk *walk, uint32_t entry, struct number first, struct number last)
{
    const uint32_t *block = walk->words + (entry & NP_TRIE_OFFSET);
    const uint32_t *head = block + (walk->family == 4 ? 1 : 4);
    struct number from = bound(walk, block, 0, true);
    unsigned shift = head[NP_TRIE_SHAPE] & 0xff, bits = head[NP_TRIE_SHAPE] >> 8;
    const uint32_t *entries = block + (walk->family == 4 ? NP_TRIE4_HEAD : NP_TRIE6_HEAD);
    struct number behind = plus(from, (uint64_t)1 << bits, shift);
    if (is_less(first, from)) {
        place(walk, first, head[NP_TRIE_BELOW]);
    }
    walk_entries(walk, entries, bits, shift, from, last);
    if (is_less(from, behind) && !is_less(last, behind)) {
        place(walk, behind, head[NP_TRIE_ABOVE]);
    }
}

/* last: of the addresses that come here, or further. */
static void walk_entry(struct walk *walk, uint32_t entry, struct number first, struct number last)
{
    if (entry & NP_TRIE_IS_LEAF) {
        place(walk, first, entry & ~NP_TRIE_IS_LEAF);
    } else if (entry & NP_TRIE_IS_BUCKET) {
        walk_bucket(walk, entry, first);
    } else {
        walk_table(walk, entry, first, last);
    }
}

static bool walk_trie(struct np_dump *dump, uint8_t family, const uint32_t *words, unsigned bits)
{
    struct walk walk = {.dump = dump, .words = words, .family = family};
    unsigned width = family == 4 ? 32 : 128;
    walk.end =
        family == 4 ? (struct number){0, UINT32_MAX} : (struct number){UINT64_MAX, UINT64_MAX};
    for (uint64_t i = 0; i < (uint64_t)1 << bits && !walk.failed; i++) {
        struct number first = plus((struct number){0, 0}, i, width - bits);
        struct number last = bits ? before(plus(first, 1, width - bits)) : walk.end;
        walk_entry(&walk, words[i], first, last);
    }
    return !walk.failed;
}

bool np_dump_places(struct np_dump *dump)
{
    const struct np_image *image = dump->image;
    return (image->count[NP_SECTION_TRIE4] == 0 ||
            walk_trie(dump, 4, dump->hot->trie4, dump->hot->trie4_bits)) &&
           (image->count[NP_SECTION_TRIE6] == 0 ||
            walk_trie(dump, 6, dump->hot->trie6, dump->hot->trie6_bits));
}
