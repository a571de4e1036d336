/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches with AVX-512 (BW, DQ, VL), compiled for it; simd.c chooses it where the processor has it.
 *
 * The first slots of 16 tuples at once; what does not fill a vector goes as without SIMD. Gathers
 * read slots whose key may be being published: the halves of a key are read at once (elements of
 * eight bytes, aligned), and what a slot says beside the key is read after it.
 */
#include "match/batch.h"
#if defined(__x86_64__)
#include "match/batch_ends.h"
#include <immintrin.h>

enum { LANES = 16 };

/* The four words of a tuple that count, of 16 tuples. */
struct fields {
    __m512i src, dst; /* as in memory: big end first */
    __m512i ports;    /* source | destination << 16 */
    __m512i kind;     /* family | protocol << 8 | ... */
};

/* Of two tuples: word 0 of both, word 4, word 12, word 13; what other words have is added to *odd.
 */
static inline __m512i load_two(const struct netpol_tuple *tuples, __m512i *odd)
{
    const __m512i pick = _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 29, 13, 28, 12, 20, 4, 16, 0);
    const __m512i zero =
        _mm512_set_epi32(-1, -65536, 0, 0, 0, 0, 0, 0, -1, -1, -1, 0, -1, -1, -1, 0);
    __m512i a = _mm512_loadu_si512(tuples), b = _mm512_loadu_si512(tuples + 1);
    *odd = _mm512_ternarylogic_epi32(*odd, a, zero, 0xf8); /* odd | (a & zero) */
    *odd = _mm512_ternarylogic_epi32(*odd, b, zero, 0xf8);
    return _mm512_permutex2var_epi32(a, pick, b);
}

/* Of four tuples: word 0 of all, word 4, word 12, word 13. */
static inline __m512i load_four(const struct netpol_tuple *tuples, __m512i *odd)
{
    const __m512i merge = _mm512_set_epi32(23, 22, 7, 6, 21, 20, 5, 4, 19, 18, 3, 2, 17, 16, 1, 0);
    __m512i a = load_two(tuples, odd), b = load_two(tuples + 2, odd);
    return _mm512_permutex2var_epi32(a, merge, b);
}

static inline struct fields load_fields(const struct netpol_tuple *tuples, __m512i *odd)
{
    __m512i a = load_four(tuples, odd), b = load_four(tuples + 4, odd);
    __m512i c = load_four(tuples + 8, odd), d = load_four(tuples + 12, odd);
    __m512i ab_low = _mm512_shuffle_i32x4(a, b, 0x44), ab_high = _mm512_shuffle_i32x4(a, b, 0xee);
    __m512i cd_low = _mm512_shuffle_i32x4(c, d, 0x44), cd_high = _mm512_shuffle_i32x4(c, d, 0xee);
    return (struct fields){
        _mm512_shuffle_i32x4(ab_low, cd_low, 0x88), _mm512_shuffle_i32x4(ab_low, cd_low, 0xdd),
        _mm512_shuffle_i32x4(ab_high, cd_high, 0x88), _mm512_shuffle_i32x4(ab_high, cd_high, 0xdd)};
}

/* As np_party_first4, of eight. A bit for each that is not in its first slot. */
static inline uint32_t first_eight(const struct np_table *table, bool who, __m512i address,
                                   uint32_t *signature, uint64_t *whose)
{
    __m512i hash = _mm512_mullo_epi64(address, _mm512_set1_epi64((long long)NP_SLOT_MULTIPLIER));
    __m512i at = _mm512_srl_epi64(hash, _mm_cvtsi32_si128(64 - table->bits4));
    at = _mm512_slli_epi64(at, 1); /* slots are twice eight bytes */
    __m512i key = _mm512_i64gather_epi64(at, table->slots4, 8);
    atomic_signal_fence(
        memory_order_acquire); /* loads stay in order, if the compiler leaves them */
    if (who) {
        _mm512_storeu_si512(whose, _mm512_i64gather_epi64(at, &table->slots4->who, 8));
    }
    _mm256_storeu_si256((__m256i *)(void *)signature, _mm512_cvtepi64_epi32(key));
    __m512i least = _mm512_slli_epi64(address, 32);
    least = _mm512_or_si512(least, _mm512_set1_epi64(NP_SIG_FIRST));
    return _mm512_cmpge_epu64_mask(_mm512_sub_epi64(key, least),
                                   _mm512_set1_epi64(NP_SIG_SHARED - NP_SIG_FIRST));
}

static inline uint32_t first_sixteen(const struct np_table *table, bool who, __m512i address,
                                     uint32_t *signature, uint64_t *whose)
{
    const __m512i swap =
        _mm512_broadcast_i32x4(_mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
    address = _mm512_shuffle_epi8(address, swap);
    __m512i low = _mm512_cvtepu32_epi64(_mm512_castsi512_si256(address));
    __m512i high = _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(address, 1));
    uint32_t missed = first_eight(table, who, low, signature, whose);
    return missed | first_eight(table, who, high, signature + 8, whose + 8) << 8;
}

/* Elements of 16 bits: with the two bytes before each, as behind the last there may be nothing. */
static inline __m512i gather_16(__m512i at, const uint16_t *base)
{
    return _mm512_srli_epi32(_mm512_i32gather_epi32(at, base - 1, 2), 16);
}

/* As np_plain_class for what has ports by directory in IPv4. Bits: lanes that must be asked apart.
 */
static inline uint32_t port_classes(const struct np_hot *hot, const struct fields *f,
                                    uint32_t *classes)
{
    enum { TCP = 6, UDP = 17 };
    const uint16_t *plain = hot->derived->plain[0];
    __m512i protocol = _mm512_and_si512(_mm512_srli_epi32(f->kind, 8), _mm512_set1_epi32(0xff));
    __mmask16 tcp = _mm512_cmpeq_epi32_mask(protocol, _mm512_set1_epi32(TCP));
    __mmask16 udp = _mm512_cmpeq_epi32_mask(protocol, _mm512_set1_epi32(UDP));
    tcp = plain[TCP] & NP_PORT_DIRECT ? 0 : tcp;
    udp = plain[UDP] & NP_PORT_DIRECT ? 0 : udp;
    __m512i directory = _mm512_maskz_set1_epi32(tcp, plain[TCP]);
    directory = _mm512_mask_set1_epi32(directory, udp, plain[UDP]);
    __m512i at = _mm512_add_epi32(_mm512_slli_epi32(directory, 8), _mm512_srli_epi32(f->ports, 24));
    if (np_likely(tcp | udp)) {
        __m512i page = gather_16(at, hot->port_dirs);
        __m512i low = _mm512_and_si512(_mm512_srli_epi32(f->ports, 16), _mm512_set1_epi32(0xff));
        at = _mm512_add_epi32(_mm512_slli_epi32(page, 8), low);
        _mm512_storeu_si512(classes, gather_16(at, hot->port_pages));
    }
    return 0xffffu & ~(uint32_t)(tcp | udp);
}

static inline bool ends4(const struct np_hot *hot, const struct np_table *table,
                         struct np_shape shape, struct group *g)
{
    const __m512i family = _mm512_set1_epi32(4), byte = _mm512_set1_epi32(0xff);
    __m512i odd = _mm512_setzero_si512();
    size_t i = 0;
    for (; i + LANES <= g->count; i += LANES) {
        const struct netpol_tuple *tuples = &g->tuples[i];
        for (size_t j = 0; j < LANES; j++) {
            fetch_ahead(&tuples[j]);
        }
        struct fields f = load_fields(tuples, &odd);
        odd = _mm512_or_si512(odd, _mm512_xor_si512(_mm512_and_si512(f.kind, byte), family));
        uint64_t src = first_sixteen(table, shape.relations, f.src, g->signature + i, g->who + i);
        uint64_t dst = first_sixteen(table, shape.relations, f.dst, g->signature + GROUP + i,
                                     g->who + GROUP + i);
        g->missed[i / 64] |= src << i % 64;
        g->missed[(GROUP + i) / 64] |= dst << i % 64;
        uint32_t apart = port_classes(hot, &f, g->port_class + i);
        for (; np_unlikely(apart); apart &= apart - 1) {
            size_t lane = i + (size_t)__builtin_ctz(apart);
            g->port_class[lane] = np_plain_class(hot, &g->tuples[lane], 0);
        }
    }
    uint64_t rest = i < g->count ? first_slots4(hot, table, shape, i, g) : 0;
    return rest == 0 && _mm512_test_epi32_mask(odd, odd) == 0;
}

/* ---- misses ---- */

/* From tables to what lies below them, of 16; as np_trie4_step. */
static inline __m512i step_sixteen(const uint32_t *words, __m512i entry, __m512i address)
{
    const __m512i none = _mm512_setzero_si512(), leaf = _mm512_set1_epi32((int)NP_TRIE_IS_LEAF);
    const __m512i bits = _mm512_set1_epi32(31);
    __mmask16 table = _mm512_cmplt_epu32_mask(entry, _mm512_set1_epi32(NP_TRIE_IS_BUCKET));
    __m512i first = _mm512_mask_i32gather_epi32(none, table, entry, words, 4);
    __m512i shape = _mm512_mask_i32gather_epi32(none, table, entry, words + 1 + NP_TRIE_SHAPE, 4);
    __m512i at = _mm512_srlv_epi32(_mm512_sub_epi32(address, first), _mm512_and_si512(shape, bits));
    __m512i beyond = _mm512_srlv_epi32(at, _mm512_srli_epi32(shape, 8));
    __mmask16 outside = _mm512_test_epi32_mask(beyond, beyond);
    __mmask16 before = _mm512_cmplt_epu32_mask(address, first);
    at = _mm512_add_epi32(at, _mm512_set1_epi32(NP_TRIE4_HEAD));
    at = _mm512_mask_set1_epi32(at, outside, 1 + NP_TRIE_ABOVE);
    at = _mm512_mask_set1_epi32(at, outside & before, 1 + NP_TRIE_BELOW);
    at = _mm512_add_epi32(at, entry);
    __m512i next = _mm512_mask_i32gather_epi32(entry, table, at, words, 4);
    return _mm512_mask_or_epi32(next, table & outside, next, leaf);
}

/* As np_trie4_bucket, without a loop. */
static inline uint32_t bucket(const uint32_t *block, uint32_t entry, uint32_t address)
{
    uint32_t count = (entry >> NP_TRIE_COUNT_SHIFT & NP_TRIE_COUNT_MASK) + 1;
    __m256i bounds = _mm256_loadu_si256((const __m256i *)(const void *)block);
    uint32_t reached = _mm256_cmple_epu32_mask(bounds, _mm256_set1_epi32((int)address));
    return block[count + (uint32_t)__builtin_popcount(_bzhi_u32(reached, count))];
}

/* As find_places4; count is rounded up, addresses behind it are any. */
static inline void places4(const struct np_hot *hot, struct searched *s)
{
    const uint32_t *words = hot->trie4;
    const __m512i leaf = _mm512_set1_epi32((int)NP_TRIE_IS_LEAF);
    const __m128i shift = _mm_cvtsi32_si128(32 - hot->trie4_bits); /* 32: all bits go */
    for (size_t k = 0; k < s->count; k += LANES) {
        __m512i address = _mm512_loadu_si512(s->address + k);
        size_t left = s->count - k;
        __mmask16 real = (__mmask16)(left < LANES ? (1u << left) - 1 : 0xffff);
        __m512i entry =
            _mm512_mask_i32gather_epi32(leaf, real, _mm512_srl_epi32(address, shift), words, 4);
        while (_mm512_cmplt_epu32_mask(entry, _mm512_set1_epi32(NP_TRIE_IS_BUCKET))) {
            entry = step_sixteen(words, entry, address);
        }
        _mm512_storeu_si512(s->entry + k, entry);
        _mm512_storeu_si512(s->signature + k, _mm512_andnot_si512(leaf, entry));
        uint32_t buckets = _mm512_testn_epi32_mask(entry, leaf);
        for (; buckets; buckets &= buckets - 1) {
            size_t i = k + (size_t)__builtin_ctz(buckets);
            s->signature[i] =
                bucket(words + (s->entry[i] & NP_TRIE_OFFSET), s->entry[i], s->address[i]);
        }
    }
}

/* ---- verdicts ---- */

_Static_assert(sizeof(struct netpol_verdict) == sizeof(__m512i), "a verdict is one vector");
_Static_assert(offsetof(struct netpol_verdict, egress) == 16, "four parts of 16 bytes");

struct writer {
    __m512i blank; /* a verdict: generation, and parts that are not asked */
};

static inline struct writer writer_of(const struct np_hot *hot)
{
    struct netpol_verdict blank = {.generation = hot->generation,
                                   .egress = hot->derived->silent[NP_SIDE_EGRESS],
                                   .ingress = hot->derived->silent[NP_SIDE_INGRESS],
                                   .mesh = hot->derived->silent[NP_SIDE_MESH]};
    return (struct writer){_mm512_loadu_si512(&blank)};
}

/* The part of a side, if it is asked, into its quarter of a verdict; as np_part_write. */
static inline __m512i put_part(__m512i verdict, const struct np_hot *hot, struct np_shape shape,
                               enum np_side_of_hop side, uint32_t index, uint32_t *code,
                               uint32_t *residual)
{
    if (!(shape.sides >> side & 1)) {
        return verdict;
    }
    const struct netpol_part *part = &hot->parts[index];
    uint32_t word = np_part_word(part);
    *code |= np_part_code(word) << 3 * side;
    *residual |= word;
    __m128i quarter = _mm_loadu_si128((const __m128i *)(const void *)part);
    return _mm512_mask_broadcast_i32x4(verdict, (__mmask16)(0xf0 << 4 * side), quarter);
}

np_inline uint64_t verdict_write(const struct writer *writer, const struct np_hot *hot,
                                 struct np_shape shape, struct np_found found,
                                 struct netpol_verdict *out)
{
    uint32_t code = 0, residual = 0;
    __m512i v = writer->blank;
    v = put_part(v, hot, shape, NP_SIDE_EGRESS, found.egress, &code, &residual);
    v = put_part(v, hot, shape, NP_SIDE_INGRESS, found.ingress, &code, &residual);
    v = put_part(v, hot, shape, NP_SIDE_MESH, found.mesh, &code, &residual);
    uint64_t head;
    memcpy(&head, &hot->derived->heads[code], sizeof head);
    v = _mm512_mask_set1_epi64(v, 1, (long long)head);
    _mm512_storeu_si512(out, v);
    return (residual | head) >> 31;
}

#define BATCH np_batch_avx512
#include "match/batch_kernel.h"
#endif
