/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_MATCH_CROWD_H
#define NP_TESTS_MATCH_CROWD_H
/*
 * A crowd of pods that change, written down the simplest way: for each address the list of its
 * owners, for each pod what was said of it. It is the definition that the endpoints table is held
 * against, and it can be "compiled": laid out as an image's tables, in one of two numberings that
 * look at different labels.
 */
#include "match/slot.h"
#include "np_cmocka.h"

enum {
    PODS = 24,
    FOURS = 16, /* IPv4 addresses; of these the last is a service's, the two before are nodes' */
    SIXES = 6,
    PLACES = FOURS + SIXES,
    OWN = 4, /* most addresses of a pod */
    NODE_1 = FOURS - 3,
    NODE_2 = FOURS - 2,
    SERVICE = FOURS - 1,
    NODE_SIG = 10, /* plus the node's number */
    SERVICE_SIG = 13,
    FIRST_SIG = 20,
    CROWD_SIGS = FIRST_SIG + 10 * 8 * 4
};
enum { APP_A, APP_B, APP_UNSEEN }; /* no compile has met the last */

struct pod {
    bool there;
    uint64_t ref;
    uint32_t app, tier, node;
    bool host;       /* on the host's network: owns nothing */
    bool labels;     /* said by its labels; else by a kind number only */
    bool unreadable; /* its kind got lost between two compiles */
    uint32_t n;
    uint32_t has[OWN]; /* numbers of addresses, in order */
};
struct crowd {
    struct pod pods[PODS];
    uint32_t owners[PLACES][PODS], n_owners[PLACES]; /* numbers of pods */
};

static uint64_t crowd_state = 88172645463325252u;

static inline uint32_t crowd_random(uint32_t bound)
{
    crowd_state ^= crowd_state << 13;
    crowd_state ^= crowd_state >> 7;
    crowd_state ^= crowd_state << 17;
    return (uint32_t)(crowd_state >> 33) % bound;
}

/* Every third IPv4 address lies in the second place. */
static inline struct np_where crowd_where(uint32_t number)
{
    if (number < FOURS) {
        bool second = number % 3 == 2 && number < NODE_1;
        return (struct np_where){4, 0, (second ? 0xc0000200u : 0x0a000000u) + number};
    }
    return (struct np_where){6, 0xfd00ull << 48, number};
}

static inline uint32_t crowd_place(uint32_t number)
{
    return number >= FOURS ? 5 : crowd_where(number).low >> 28 == 12 ? 4 : 3;
}

/* ---- what a compile makes of a pod ---- */

static inline uint32_t crowd_kind(unsigned variant, const struct pod *pod)
{
    if (pod->app == APP_UNSEEN || pod->unreadable) {
        return 0;
    }
    if (variant == 0) { /* looks at app */
        return pod->host * 2 + pod->app + 1;
    }
    return 8 - (pod->host * 4 + pod->app * 2 + pod->tier); /* looks at app and tier */
}

static inline bool crowd_seen(unsigned variant, uint32_t kind, uint32_t place)
{
    return kind != 0 && !(kind == (variant ? 6 : 2) && place == 4); /* app b in the second place */
}

static inline uint32_t crowd_formula(uint32_t kind, uint32_t place, uint32_t node)
{
    return FIRST_SIG + (kind * 8 + place) * 4 + node;
}

static inline uint32_t crowd_sig(unsigned variant, const struct pod *pod, uint32_t place)
{
    uint32_t kind = crowd_kind(variant, pod);
    return crowd_seen(variant, kind, place) ? crowd_formula(kind, place, pod->host ? pod->node : 0)
                                            : NP_SIG_UNCOMPILED;
}

/* The address a pod has in a family (4, 6; 0: its first); PLACES: none. */
static inline uint32_t crowd_own(const struct pod *pod, uint8_t family)
{
    for (uint32_t i = 0; i < pod->n; i++) {
        if (family == 0 || crowd_where(pod->has[i]).family == family) {
            return pod->has[i];
        }
    }
    if (pod->host && pod->app != APP_UNSEEN && pod->node && family != 6) { /* its node's */
        return pod->node == 1 ? NODE_1 : NODE_2;
    }
    return PLACES;
}

/* ---- a compile ---- */

struct crowd_world {
    struct netpol_ctx *ctx;
    struct netpol_matcher *matcher; /* one reference is the world's */
    struct np_image_header header;
    struct np_project_build *projection;
    struct np_kinds_build *kinds;
    struct np_combo *combos;
    uint32_t n_combos;
    uint32_t sig_class[CROWD_SIGS], trie[16], trie6[16], nodes[2];
    struct np_slot4 slots4[64];
    struct np_slot6 slots6[64];
    struct np_slot_ref refs[64];
    struct np_own own[64];
    struct np_shared shared[PLACES * PODS];
    uint32_t n_shared;
};

static inline void crowd_words(const struct np_projection *projection, uint32_t app, uint32_t tier,
                               bool host, struct np_projector *p, uint64_t *words)
{
    np_project_begin(p, projection, words, 32, np_slice_of("s"), np_slice_of("p"),
                     (struct np_slice){NULL, 0}, host);
    np_project_label(p, np_slice_of("app"), np_slice_of(app ? "b" : "a"));
    np_project_label(p, np_slice_of("tier"), np_slice_of(tier ? "x" : "y"));
    np_project_end(p);
}

static inline void crowd_project(struct crowd_world *w, unsigned variant)
{
    struct np_image *image = &w->matcher->image;
    const uint32_t *words;
    const void *bytes;
    size_t count;
    struct np_projection projection;
    w->projection = np_project_build(w->ctx);
    w->kinds = np_kinds_build(w->ctx);
    np_project_build_flags(w->projection, NP_PROJECT_SPACES | NP_PROJECT_HOST_NETWORK);
    np_project_build_space(w->projection, np_slice_of("s"), 1);
    np_project_build_test(w->projection, NP_PROJECT_LABEL, np_slice_of("app"), NP_PROJECT_IS,
                          np_slice_of("a"));
    np_project_build_test(w->projection, NP_PROJECT_LABEL, np_slice_of("app"), NP_PROJECT_IS,
                          np_slice_of("b"));
    if (variant) {
        np_project_build_test(w->projection, NP_PROJECT_LABEL, np_slice_of("tier"), NP_PROJECT_IS,
                              np_slice_of("x"));
    }
    assert_int_equal(np_project_build_write(w->projection, &words, &count), NETPOL_OK);
    assert_true(np_projection_open(words, count, &projection));
    image->section[NP_SECTION_PROJECTION] = words;
    image->count[NP_SECTION_PROJECTION] = (uint32_t)count;
    uint32_t n_kinds = variant ? 8 : 4;
    for (uint32_t wanted = 1; wanted <= n_kinds;
         wanted++) { /* numbers follow the order of adding */
        for (uint32_t i = 0; i < 8; i++) {
            struct pod pod = {.host = i >> 2, .app = i >> 1 & 1, .tier = i & 1};
            struct np_projector p;
            uint64_t canonical[32];
            uint32_t kind;
            if (crowd_kind(variant, &pod) == wanted) {
                crowd_words(&projection, pod.app, pod.tier, pod.host, &p, canonical);
                assert_int_equal(np_kinds_build_add(w->kinds, canonical, p.count,
                                                    pod.host ? NP_KIND_NODE : 0, &kind),
                                 NETPOL_OK);
                assert_int_equal(kind, wanted);
            }
        }
    }
    assert_int_equal(np_kinds_build_write(w->kinds, &bytes, &count), NETPOL_OK);
    image->section[NP_SECTION_KINDS] = bytes;
    image->count[NP_SECTION_KINDS] = (uint32_t)count;
}

static inline void crowd_combine(struct crowd_world *w, unsigned variant)
{
    static const uint32_t places[] = {NP_SIG_NOWHERE, 3, 4, 5};
    struct np_combo list[8 * 4 * 3];
    uint32_t n = 0, n_kinds = variant ? 8 : 4;
    for (uint32_t kind = 1; kind <= n_kinds; kind++) {
        bool host = variant ? kind <= 4 : kind > 2;
        for (uint32_t p = 0; p < 4; p++) {
            for (uint32_t node = 0; node <= (host ? 2 : 0); node++) {
                uint32_t sig = crowd_formula(kind, places[p], node);
                if (crowd_seen(variant, kind, places[p])) {
                    list[n++] = (struct np_combo){kind, places[p], node, sig};
                }
                w->sig_class[sig] = sig | (host ? NP_SIG_NODE << 24 : 0);
            }
        }
    }
    assert_int_equal(np_combos_write(w->ctx, list, n, &w->combos, &w->n_combos), NETPOL_OK);
    w->matcher->image.section[NP_SECTION_COMBOS] = w->combos;
    w->matcher->image.count[NP_SECTION_COMBOS] = w->n_combos;
}

static inline void crowd_lay(struct crowd_world *w, const struct np_where *where,
                             struct np_party party)
{
    if (where->family == 4) {
        uint32_t at = np_slot4_at((uint32_t)where->low, 6);
        while (w->slots4[at].key) {
            at = (at + 1) % 64;
        }
        w->slots4[at] = (struct np_slot4){where->low << 32 | party.signature, party.who};
    } else {
        uint32_t at = np_slot6_at(where->high, where->low, 6);
        while (w->slots6[at].key) {
            at = (at + 1) % 64;
        }
        w->slots6[at] = (struct np_slot6){where->high, where->low, party.signature, party.who};
    }
}

/* What an address is when no pod owns it. */
static inline struct np_party crowd_bare(uint32_t number)
{
    if (number == NODE_1 || number == NODE_2) {
        uint32_t node = number == NODE_1 ? 1 : 2;
        return (struct np_party){NODE_SIG + node, node};
    }
    return (struct np_party){number == SERVICE ? SERVICE_SIG : crowd_place(number), 0};
}

static inline struct np_ref_record crowd_record(unsigned variant, const struct pod *pod,
                                                uint32_t number)
{
    uint32_t four = crowd_own(pod, 4), six = crowd_own(pod, 6), first = crowd_own(pod, 0);
    struct np_slot_ref slot = {.ref = pod->ref, .who = (uint64_t)number << 32 | pod->node};
    struct np_own own = {0};
    slot.signature[0] = crowd_sig(variant, pod, four < PLACES ? crowd_place(four) : NP_SIG_NOWHERE);
    slot.signature[1] = crowd_sig(variant, pod, six < PLACES ? crowd_place(six) : NP_SIG_NOWHERE);
    slot.family = first < PLACES ? crowd_where(first).family : 0;
    slot.signature[2] = slot.signature[slot.family == 6];
    slot.families = (uint8_t)((four < PLACES) | (six < PLACES) << 1);
    own.address4 = four < PLACES ? (uint32_t)crowd_where(four).low : 0;
    own.high6 = six < PLACES ? crowd_where(six).high : 0;
    own.low6 = six < PLACES ? crowd_where(six).low : 0;
    return (struct np_ref_record){slot, own};
}

static inline void crowd_tables(struct crowd_world *w, unsigned variant, const struct crowd *c)
{
    for (uint32_t i = 0; i < PODS; i++) {
        if (c->pods[i].there) {
            uint32_t at = np_slot_ref_at(c->pods[i].ref, 6);
            while (w->refs[at].ref) {
                at = (at + 1) % 64;
            }
            struct np_ref_record record = crowd_record(variant, &c->pods[i], i + 1);
            w->refs[at] = record.slot;
            w->own[at] = record.own;
        }
    }
    for (uint32_t number = 0; number < PLACES; number++) {
        const struct np_where where = crowd_where(number);
        struct np_party party = crowd_bare(number);
        uint32_t first = w->n_shared;
        for (uint32_t i = 0; i < c->n_owners[number]; i++) {
            const struct pod *pod = &c->pods[c->owners[number][i]];
            uint32_t sig = crowd_sig(variant, pod, crowd_place(number));
            w->shared[w->n_shared++] = (struct np_shared){sig, c->owners[number][i] + 1, pod->node,
                                                          i + 1 == c->n_owners[number]};
            party = (struct np_party){sig, (uint64_t)(c->owners[number][i] + 1) << 32 | pod->node};
        }
        if (c->n_owners[number] > 1) {
            party = (struct np_party){NP_SIG_SHARED + first, 0};
        }
        if (c->n_owners[number] || number >= NODE_1) {
            if (c->n_owners[number] || number < FOURS) {
                crowd_lay(w, &where, party);
            }
        }
    }
}

static inline struct crowd_world *crowd_compile(struct netpol_ctx *ctx, unsigned variant,
                                                const struct crowd *c, uint64_t generation)
{
    static const char strings[] = "\0n1\0n2";
    struct crowd_world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->ctx = ctx;
    w->matcher = np_zalloc(ctx, sizeof *w->matcher);
    assert_non_null(w->matcher);
    struct netpol_matcher *m = w->matcher;
    atomic_init(&m->refs, 1);
    m->ctx = ctx;
    m->generation = generation;
    w->nodes[0] = 1;
    w->nodes[1] = 4;
    w->header.n_signatures = CROWD_SIGS;
    m->image.header = &w->header;
    m->image.section[NP_SECTION_NODES] = w->nodes;
    m->image.count[NP_SECTION_NODES] = 2;
    m->image.section[NP_SECTION_STRINGS] = strings;
    m->image.count[NP_SECTION_STRINGS] = sizeof strings;
    m->image.count[NP_SECTION_ENDPOINTS] = PODS;
    m->image.count[NP_SECTION_SHARED] = PLACES * PODS;
    for (uint32_t i = 0; i < 16; i++) {
        w->trie[i] = NP_TRIE_IS_LEAF | (i == 12 ? 4 : 3);
        w->trie6[i] = NP_TRIE_IS_LEAF | 5;
    }
    for (uint32_t node = 1; node <= 2; node++) {
        w->sig_class[NODE_SIG + node] = NP_SIG_NODE << 24;
    }
    m->hot = (struct np_hot){.sig_class = w->sig_class,
                             .trie4 = w->trie,
                             .trie6 = w->trie6,
                             .trie4_bits = 4,
                             .trie6_bits = 4,
                             .image = &m->image};
    m->frozen = (struct np_table){.slots4 = w->slots4,
                                  .slots6 = w->slots6,
                                  .refs = w->refs,
                                  .own = w->own,
                                  .shared = w->shared,
                                  .bits4 = 6,
                                  .bits6 = 6,
                                  .bits_ref = 6,
                                  .probes4 = 64,
                                  .probes6 = 64,
                                  .probes_ref = 64};
    crowd_project(w, variant);
    crowd_combine(w, variant);
    crowd_tables(w, variant, c);
    return w;
}

static inline void crowd_free(struct crowd_world *w)
{
    assert_int_equal(atomic_load(&w->matcher->refs), 1);
    np_matcher_unref(w->matcher);
    np_project_build_free(w->projection);
    np_kinds_build_free(w->kinds);
    np_free(w->ctx, w->combos, w->n_combos * sizeof *w->combos);
    free(w);
}

/* ---- holding a table against it ---- */

static inline const struct np_slot_ref *crowd_find(const struct np_table *table, uint64_t ref)
{
    for (uint32_t i = 0; i < 1u << table->bits_ref; i++) {
        if (table->refs[i].ref == ref) {
            return &table->refs[i];
        }
    }
    return NULL;
}

static inline void crowd_check_address(const struct crowd *c, unsigned variant,
                                       const struct netpol_matcher *m, const struct np_table *table,
                                       uint32_t number)
{
    const struct np_where where = crowd_where(number);
    struct np_party party = where.family == 4
                                ? np_party_search4(&m->hot, table, (uint32_t)where.low)
                                : np_party_search6(&m->hot, table, where.high, where.low);
    if (c->n_owners[number] == 0) {
        struct np_party bare = crowd_bare(number);
        assert_int_equal(party.signature, bare.signature);
        assert_int_equal(party.who, bare.who);
        return;
    }
    const struct np_shared *shared = NULL;
    if (c->n_owners[number] > 1) {
        assert_true(party.signature >= NP_SIG_SHARED);
        shared = &table->shared[party.signature - NP_SIG_SHARED];
    }
    for (uint32_t i = 0; i < c->n_owners[number]; i++) {
        const struct pod *pod = &c->pods[c->owners[number][i]];
        if (shared) {
            party = (struct np_party){shared[i].signature,
                                      (uint64_t)shared[i].endpoint << 32 | shared[i].node};
            assert_int_equal(shared[i].last, i + 1 == c->n_owners[number]);
        }
        const struct np_slot_ref *record = crowd_find(table, pod->ref);
        assert_non_null(record);
        assert_int_equal(party.who, record->who);
        assert_int_equal((uint32_t)party.who, pod->node);
        assert_int_equal(party.signature, crowd_sig(variant, pod, crowd_place(number)));
    }
}

static inline void crowd_check(const struct crowd *c, unsigned variant,
                               const struct netpol_endpoints *e)
{
    const struct np_table *table = np_endpoints_table(e);
    uint32_t there = 0, records = 0;
    for (uint32_t number = 0; number < PLACES; number++) {
        crowd_check_address(c, variant, e->matcher, table, number);
    }
    for (uint32_t i = 0; i < PODS; i++) {
        const struct np_slot_ref *record = crowd_find(table, c->pods[i].ref);
        assert_int_equal(record != NULL, c->pods[i].there);
        there += c->pods[i].there;
        if (record) {
            struct np_ref_record expected =
                crowd_record(variant, &c->pods[i], (uint32_t)(record->who >> 32));
            expected.slot.flags = record->flags;
            expected.own.kind = crowd_kind(variant, &c->pods[i]);
            assert_memory_equal(record, &expected.slot, sizeof expected.slot);
            const struct np_own *own = &table->own[record - table->refs];
            assert_memory_equal(own, &expected.own, sizeof expected.own);
        }
    }
    for (uint32_t i = 0; i < 1u << table->bits_ref; i++) {
        records += table->refs[i].ref != 0 && table->refs[i].ref != UINT64_MAX;
    }
    assert_int_equal(records, there);
}

/* ---- changing it ---- */

static inline void crowd_drop(struct crowd *c, uint32_t i, uint32_t number)
{
    struct pod *pod = &c->pods[i];
    for (uint32_t k = 0; k < pod->n; k++) {
        if (pod->has[k] == number) {
            memmove(&pod->has[k], &pod->has[k + 1], (pod->n - k - 1) * sizeof pod->has[0]);
            pod->n--;
            break;
        }
    }
    for (uint32_t k = 0; k < c->n_owners[number]; k++) {
        if (c->owners[number][k] == i) {
            memmove(&c->owners[number][k], &c->owners[number][k + 1],
                    (c->n_owners[number] - k - 1) * sizeof c->owners[number][0]);
            c->n_owners[number]--;
            break;
        }
    }
}

/* Gives an address to a pod, from whoever had it; one that it shares stays shared. */
static inline void crowd_give(struct crowd *c, uint32_t i, uint32_t number)
{
    for (uint32_t k = 0; k < c->n_owners[number]; k++) {
        if (c->owners[number][k] == i) {
            return;
        }
    }
    while (c->n_owners[number]) {
        crowd_drop(c, c->owners[number][0], number);
    }
    c->owners[number][0] = i;
    c->n_owners[number] = 1;
    c->pods[i].has[c->pods[i].n++] = number;
}

static inline bool crowd_has(const struct pod *pod, uint32_t number)
{
    for (uint32_t k = 0; k < pod->n; k++) {
        if (pod->has[k] == number) {
            return true;
        }
    }
    return false;
}
#endif
