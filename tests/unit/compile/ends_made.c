/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures on models made by hand, larger in one respect than random ones are: many labels with
 * deep selectors, many prefixes, many pods that are alike.
 */
#include "np_cmocka.h"

#include "compile/draft.h"
#include "differential/generator.h"

enum { PODS = 300, SETS = 400, PREFIXES = 300 };

struct made {
    struct counting memory;
    struct netpol_ctx *ctx;
    struct np_build *b;
    struct np_tier *tier;
    struct np_model *model;
    struct np_draft draft;
    const struct np_set *sets[SETS];
    uint32_t n_sets;
};

static void begin(struct made *m)
{
    memset(m, 0, sizeof *m);
    m->ctx = counting_ctx(&m->memory, NULL);
    assert_non_null(m->ctx);
    m->b = np_build_create(m->ctx);
    assert_non_null(m->b);
    m->tier = np_build_tier(m->b, "tier", 1, NP_LISTED);
    np_build_add_tier(m->b, np_build_workload_stage(m->b, NP_INGRESS), m->tier);
}

static void open_draft(struct made *m)
{
    assert_int_equal(np_build_seal(m->b, &m->model), NETPOL_OK);
    np_build_destroy(m->b);
    m->draft = (struct np_draft){.ctx = m->ctx, .model = m->model};
    np_arena_init(&m->draft.arena, m->ctx, 4096);
}

static void end(struct made *m)
{
    np_draft_ends_free(&m->draft);
    np_arena_free(&m->draft.arena);
    np_model_destroy(m->model);
    netpol_ctx_destroy(m->ctx);
    assert_int_equal(m->memory.blocks, 0);
    assert_int_equal(m->memory.bad_size, 0);
}

static struct np_endpoint *add_pod(struct made *m, unsigned i, const struct np_label *labels,
                                   uint32_t count)
{
    const struct np_address at = {
        NP_IPV4, {10, 0, (uint8_t)(i >> 8), (uint8_t)i}
    };
    const struct np_prefix prefix = np_prefix_of(&at);
    struct np_endpoint *pod = np_build_endpoint(m->b, np_build_format(m->b, "ns%u", i % 5),
                                                np_build_format(m->b, "pod%u", i));
    assert_non_null(pod);
    pod->labels = np_build_labels(m->b, labels, count);
    pod->prefixes = np_build_prefixes(m->b, &prefix, 1);
    pod->n_prefixes = 1;
    return pod;
}

static void add_set(struct made *m, const struct np_set *set)
{
    struct np_policy *policy =
        np_build_policy(m->b, m->tier, "Policy", NULL, np_build_format(m->b, "p%u", m->n_sets));
    assert_non_null(policy);
    policy->subjects[NP_INGRESS] = set;
    m->sets[m->n_sets++] = set;
}

static np_truth by_reference(const struct made *m, const struct np_set *set,
                             const struct np_end *of)
{
    struct np_hop hop = {.dst = *of};
    np_draft_relate(NP_RELATION_OTHER, &hop.src, &hop.dst);
    return np_reference_set(m->model, set, &hop, &hop.dst);
}

static np_truth by_draft(struct made *m, const struct np_set *set, uint32_t signature)
{
    np_truth truth = NP_NO;
    assert_int_equal(np_draft_member(&m->draft, set, false, NP_RELATION_OTHER, signature, &truth),
                     NETPOL_OK);
    return truth;
}

/* ---- selectors ---- */

static const struct np_selector *draw_term(struct made *m, struct gen_random *r)
{
    static const char *const fields[] = {"namespace", "name", "serviceaccount", "cluster",
                                         "hostnetwork"};
    np_str values[2];
    uint32_t op = gen_below(r, 7);
    uint32_t count = op == NP_OP_EXISTS || op == NP_OP_ABSENT ? 0 : 1 + gen_below(r, 2);
    bool field = gen_chance(r, 20);
    uint32_t which = gen_below(r, 5);
    bool part = op >= NP_OP_PREFIX;
    for (uint32_t i = 0; i < count; i++) {
        values[i] =
            field && which == 0   ? np_build_format(m->b, part ? "%u" : "ns%u", gen_below(r, 6))
            : field && which == 1 ? np_build_format(m->b, part ? "%u" : "pod%u", gen_below(r, PODS))
                                  : np_build_format(m->b, part ? "%u" : "v%u", gen_below(r, 6));
    }
    np_str key =
        field ? np_build_text(m->b, fields[which]) : np_build_format(m->b, "k%u", gen_below(r, 5));
    enum np_scope scope = field               ? NP_SCOPE_FIELD
                          : gen_chance(r, 20) ? NP_SCOPE_NAMESPACE
                                              : NP_SCOPE_OBJECT;
    return np_build_term(m->b, scope, key, (enum np_term_op)op, values, count);
}

static const struct np_selector *draw_selector(struct made *m, struct gen_random *r, unsigned depth)
{
    const struct np_selector *kids[3];
    uint32_t op = depth ? gen_below(r, 4) : NP_SELECT_TERM;
    uint32_t count = op == NP_SELECT_NOT ? 1 : gen_below(r, 4);
    if (op == NP_SELECT_TERM) {
        return draw_term(m, r);
    }
    for (uint32_t i = 0; i < count; i++) {
        kids[i] = draw_selector(m, r, depth - 1);
    }
    return np_build_select(m->b, (enum np_select_op)op, kids, count);
}

static void add_labelled_pods(struct made *m, struct gen_random *r)
{
    for (unsigned i = 0; i < PODS; i++) {
        struct np_label labels[5];
        uint32_t count = 0;
        for (uint32_t k = 0; k < 5; k++) {
            if (gen_chance(r, 60)) {
                labels[count++] = (struct np_label){np_build_format(m->b, "k%u", k),
                                                    np_build_format(m->b, "v%u", gen_below(r, 8))};
            }
        }
        struct np_endpoint *pod = add_pod(m, i, labels, count);
        pod->service_account = gen_chance(r, 50) ? np_build_text(m->b, "v1") : NULL;
    }
    for (unsigned i = 0; i < 5; i++) {
        struct np_namespace *space = np_build_namespace(m->b, np_build_format(m->b, "ns%u", i));
        struct np_label label = {np_build_text(m->b, "k0"), np_build_format(m->b, "v%u", i)};
        assert_non_null(space);
        space->labels = np_build_labels(m->b, &label, 1);
    }
}

/* Whatever the selector, those found are those it matches. */
static void test_selectors(void **state)
{
    struct gen_random r = {7};
    struct made m;
    uint64_t yes = 0, no = 0;
    (void)state;
    begin(&m);
    add_labelled_pods(&m, &r);
    while (m.n_sets < SETS) {
        add_set(&m, np_build_set_of(
                        m.b, np_build_objects(m.b, NP_OBJ_WORKLOAD, draw_selector(&m, &r, 2))));
    }
    open_draft(&m);
    assert_int_equal(np_draft_ends(&m.draft), NETPOL_OK);
    for (uint32_t s = 0; s < m.n_sets; s++) {
        for (uint32_t i = 0; i < m.draft.n_refs; i++) {
            const struct np_ref_entry_draft *ref = &m.draft.refs[i];
            const struct np_end of = {.endpoint = m.model->inventory.endpoints[ref->endpoint - 1],
                                      .address = ref->own[0],
                                      .domain = NP_DOMAIN_PODS};
            np_truth truth = by_reference(&m, m.sets[s], &of);
            assert_int_equal(by_draft(&m, m.sets[s], ref->signature[0]), truth);
            yes += truth == NP_YES;
            no += truth == NP_NO;
        }
    }
    assert_true(yes > 1000 && no > 1000);
    end(&m);
}

/* ---- kinds ---- */

static uint32_t kinds_with(unsigned pods, bool unique)
{
    struct made m;
    begin(&m);
    for (unsigned i = 0; i < pods; i++) {
        const struct np_label labels[] = {
            {np_build_text(m.b, "app"), np_build_format(m.b, "app%u", i % 4)         },
            {np_build_text(m.b, "id"),  np_build_format(m.b, "id%u",  unique ? i : 0)},
            {np_build_text(m.b, "run"), np_build_format(m.b, "run%u", unique ? i : 0)}
        };
        add_pod(&m, i, labels, 3);
    }
    np_str one = np_build_text(m.b, "app1");
    np_str prefix = np_build_text(m.b, "run");
    const struct np_selector *both[] = {
        np_build_term(m.b, NP_SCOPE_OBJECT, np_build_text(m.b, "app"), NP_OP_IN, &one, 1),
        np_build_term(m.b, NP_SCOPE_OBJECT, np_build_text(m.b, "run"), NP_OP_PREFIX, &prefix, 1)};
    add_set(&m,
            np_build_set_of(m.b, np_build_objects(m.b, NP_OBJ_WORKLOAD,
                                                  np_build_select(m.b, NP_SELECT_ALL, both, 2))));
    open_draft(&m);
    assert_int_equal(np_draft_ends(&m.draft), NETPOL_OK);
    uint32_t most = 0;
    for (uint32_t s = 0; s < m.draft.n_sigs; s++) {
        most = m.draft.sigs[s].kind > most ? m.draft.sigs[s].kind : most;
    }
    assert_int_equal(m.draft.n_refs, pods);
    end(&m);
    return most;
}

/* A label that nobody asks for makes no kind, nor does a value that nobody compares. */
static void test_projection(void **state)
{
    (void)state;
    assert_int_equal(kinds_with(8, false), 2);
    assert_int_equal(kinds_with(8, true), 2);
    assert_int_equal(kinds_with(PODS, true), 2);
}

/* ---- places ---- */

static struct np_address draw_address(struct gen_random *r, bool six)
{
    struct np_address address = {.family = six ? NP_IPV6 : NP_IPV4};
    for (unsigned i = 0; i < (six ? 16u : 4u); i++) {
        address.bytes[i] = (uint8_t)(gen_below(r, 4) * 85);
    }
    return address;
}

static struct np_address all_ones(bool six)
{
    struct np_address address = {.family = six ? NP_IPV6 : NP_IPV4};
    memset(address.bytes, 0xff, six ? 16 : 4);
    return address;
}

static void add_cidr(struct made *m, struct np_address address, unsigned length)
{
    struct np_prefix prefix = np_prefix_cut(&address, (uint8_t)length);
    add_set(m, np_build_set_of(m->b, np_build_cidr(m->b, prefix, NP_DOMAIN_ALL)));
}

static uint32_t place_of(const struct np_draft *draft, const struct np_address *address)
{
    uint32_t found = UINT32_MAX;
    uint32_t last = address->family == NP_IPV4 ? draft->n_places4 : draft->n_places;
    for (uint32_t i = address->family == NP_IPV4 ? 0 : draft->n_places4; i < last; i++) {
        if (np_address_compare(&draft->places[i].first, address) <= 0) {
            found = i;
        }
    }
    assert_int_not_equal(found, UINT32_MAX);
    return found;
}

/* Any address is in the prefixes that its place is said to be in, of both families. */
static void test_places(void **state)
{
    struct gen_random r = {11};
    struct made m;
    uint64_t yes = 0;
    (void)state;
    begin(&m);
    for (unsigned i = 0; i < 4; i++) { /* the last address of all, in families and prefixes */
        add_cidr(&m, all_ones(i & 1), i & 2 ? 0 : i & 1 ? 128 : 32);
        add_cidr(&m, all_ones(i & 1), i & 2 ? 8 : 24);
    }
    while (m.n_sets < PREFIXES) {
        bool six = gen_chance(&r, 50);
        struct np_address address = draw_address(&r, six);
        uint8_t length = (uint8_t)gen_below(&r, six ? 129 : 33);
        add_set(&m, np_build_set_of(
                        m.b, np_build_cidr(m.b, np_prefix_cut(&address, length), NP_DOMAIN_ALL)));
    }
    open_draft(&m);
    assert_int_equal(np_draft_ends(&m.draft), NETPOL_OK);
    for (uint32_t i = 1; i < m.draft.n_places; i++) {
        if (i != m.draft.n_places4) {
            assert_true(np_address_compare(&m.draft.places[i - 1].first, &m.draft.places[i].first) <
                        0);
            assert_int_not_equal(m.draft.places[i - 1].signature, m.draft.places[i].signature);
        }
    }
    for (int n = 0; n < 500; n++) {
        const struct np_end of = {.address = n < 2 ? all_ones(n) : draw_address(&r, n & 1),
                                  .domain = NP_DOMAIN_OUTSIDE};
        uint32_t place = place_of(&m.draft, &of.address);
        for (uint32_t s = 0; s < m.n_sets; s++) {
            np_truth truth = by_reference(&m, m.sets[s], &of);
            yes += truth == NP_YES;
            assert_int_equal(by_draft(&m, m.sets[s], m.draft.places[place].signature), truth);
        }
    }
    assert_true(yes > 500);
    end(&m);
}

/* A pod that owns a range: its addresses cannot be numbered, and it is said. */
static void test_owned_range(void **state)
{
    struct made m;
    (void)state;
    begin(&m);
    struct np_endpoint *pod = add_pod(&m, 1, NULL, 0);
    const struct np_address at = {
        NP_IPV4, {10, 0, 0, 0}
    };
    const struct np_prefix range = np_prefix_cut(&at, 24);
    pod->prefixes = np_build_prefixes(m.b, &range, 1);
    open_draft(&m);
    assert_int_equal(np_draft_ends(&m.draft), NETPOL_ERR_UNSUPPORTED);
    end(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selectors),
        cmocka_unit_test(test_projection),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_owned_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
