/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoints table against its definition (crowd.h): after random changes every address and
 * every reference leads where a list of owners says; also across a compile that looks at other
 * labels; and a change that fails for memory has changed nothing.
 */
#include "crowd.h"

static void say_spec(const struct pod *pod, struct netpol_endpoint_spec *spec,
                     struct netpol_label labels[4], const char *addresses[OWN], char texts[OWN][64])
{
    static const char *const apps[] = {"a", "b", "z"};
    labels[0] = (struct netpol_label){"pod-template-hash", "5d8f"};
    labels[1] = (struct netpol_label){"app", apps[pod->app]};
    labels[2] = (struct netpol_label){"tier", pod->tier ? "x" : "y"};
    for (uint32_t i = 0; i < pod->n; i++) {
        struct np_where where = crowd_where(pod->has[i]);
        if (where.family == 4) {
            snprintf(texts[i], 64, "%s%u.%u.%u.%u", i % 2 ? "::ffff:" : "",
                     (unsigned)(where.low >> 24), (unsigned)(where.low >> 16 & 255),
                     (unsigned)(where.low >> 8 & 255), (unsigned)(where.low & 255));
        } else {
            snprintf(texts[i], 64, "fd00::%x", (unsigned)where.low);
        }
        addresses[i] = texts[i];
    }
    *spec = (struct netpol_endpoint_spec){.size = sizeof *spec,
                                          .namespace_name = pod->app == APP_UNSEEN ? "other" : "s",
                                          .name = "p",
                                          .labels = labels,
                                          .n_labels = 3,
                                          .addresses = addresses,
                                          .n_addresses = pod->n,
                                          .node = pod->node == 1   ? "n1"
                                                  : pod->node == 2 ? "n2"
                                                                   : NULL,
                                          .host_network = pod->host};
}

static int call_put(struct netpol_endpoints *e, const struct pod *pod)
{
    struct netpol_endpoint_spec spec;
    struct netpol_label labels[4];
    const char *addresses[OWN];
    char texts[OWN][64];
    say_spec(pod, &spec, labels, addresses, texts);
    return netpol_endpoints_put(e, pod->ref, &spec);
}

static int call_set(struct netpol_endpoints *e, unsigned variant, const struct pod *pod,
                    uint32_t number)
{
    struct netpol_endpoint_entry entry = {
        .size = sizeof entry, .ref = pod->ref, .kind = crowd_kind(variant, pod), .node = pod->node};
    if (number < PLACES) {
        struct np_where where = crowd_where(number);
        entry.family = where.family;
        uint64_t high = where.family == 4 ? where.low << 32 : where.high;
        for (unsigned i = 0; i < 8; i++) {
            entry.address[i] = (uint8_t)(high >> (56 - 8 * i));
            entry.address[8 + i] = (uint8_t)(where.family == 4 ? 0 : where.low >> (56 - 8 * i));
        }
    }
    return netpol_endpoints_set(e, &entry);
}

/* A pod that a compile sees has no address of a node or service: the image would not say whose it
 * is when the pod is gone. Later ones may take such an address. */
static uint32_t some_address(bool compiled)
{
    uint32_t number = crowd_random(PLACES);
    bool special = number >= NODE_1 && number < FOURS;
    return special && (compiled || crowd_random(2)) ? crowd_random(NODE_1) : number;
}

static bool waits(unsigned variant, const struct pod *pod)
{
    const struct np_slot_ref record = crowd_record(variant, pod, 1).slot;
    bool result =
        record.signature[0] == NP_SIG_UNCOMPILED || record.signature[1] == NP_SIG_UNCOMPILED;
    for (uint32_t i = 0; !pod->host && i < pod->n; i++) {
        result |= crowd_sig(variant, pod, crowd_place(pod->has[i])) == NP_SIG_UNCOMPILED;
    }
    return result;
}

/* ---- one change, to the crowd and to the endpoints alike ---- */

/* The crowd after a put; the pod's new addresses are in it. */
static void crowd_put(struct crowd *c, uint32_t i, const struct pod *now)
{
    struct pod *pod = &c->pods[i];
    struct pod before = *pod;
    for (uint32_t k = 0; k < before.n; k++) {
        if (!before.host && (now->host || !crowd_has(now, before.has[k]))) {
            crowd_drop(c, i, before.has[k]);
        }
    }
    *pod = *now;
    pod->there = true;
    pod->n = 0;
    for (uint32_t k = 0; k < now->n; k++) {
        if (now->host) {
            pod->has[pod->n++] = now->has[k];
            continue;
        }
        bool shares = false;
        for (uint32_t o = 0; o < c->n_owners[now->has[k]]; o++) {
            shares |= c->owners[now->has[k]][o] == i;
        }
        if (shares) {
            pod->has[pod->n++] = now->has[k];
        } else {
            crowd_give(c, i, now->has[k]);
        }
    }
}

static struct pod some_pod(uint64_t ref, uint32_t most)
{
    struct pod pod = {.ref = ref,
                      .app = crowd_random(10) ? crowd_random(2) : APP_UNSEEN,
                      .tier = crowd_random(2),
                      .node = crowd_random(3),
                      .host = crowd_random(8) == 0,
                      .labels = true};
    pod.n = 0;
    for (uint32_t wanted = crowd_random(most + 1); pod.n < wanted;) {
        uint32_t number = some_address(most <= 2);
        bool one_of_family = true; /* of node traffic; which of two is the first is not its own */
        for (uint32_t k = 0; k < pod.n; k++) {
            one_of_family &= crowd_where(pod.has[k]).family != crowd_where(number).family;
        }
        if (crowd_has(&pod, number) || (pod.host && !one_of_family)) {
            wanted--;
            continue;
        }
        pod.has[pod.n++] = number;
    }
    return pod;
}

static int change_put(struct crowd *c, struct netpol_endpoints *e, unsigned variant, uint32_t i,
                      uint32_t most)
{
    struct pod now = some_pod(c->pods[i].ref, most);
    int status = call_put(e, &now);
    if (status >= 0) {
        crowd_put(c, i, &now);
        assert_int_equal(status, waits(variant, &c->pods[i]) ? NETPOL_NEEDS_COMPILE : NETPOL_OK);
    }
    return status;
}

static int change_set(struct crowd *c, struct netpol_endpoints *e, unsigned variant, uint32_t i,
                      uint32_t most)
{
    struct pod now = c->pods[i];
    if (!now.there || now.host) {
        now = some_pod(now.ref, 0);
        now.host = false;
    } else if (crowd_random(2)) {
        now.app = crowd_random(2);
        now.node = crowd_random(3);
    }
    now.app = now.app == APP_UNSEEN ? APP_A : now.app;
    now.unreadable = false;
    now.labels = false;
    uint32_t number = now.n < most ? some_address(most <= 2) : PLACES;
    if (number < PLACES && !crowd_has(&now, number)) {
        now.has[now.n++] = number;
    }
    if (c->pods[i].there && c->pods[i].host) {
        return NETPOL_OK; /* a pod does not leave its node's network */
    }
    int status = call_set(e, variant, &now, number);
    if (status >= 0) {
        crowd_put(c, i, &now);
        assert_int_equal(status, waits(variant, &c->pods[i]) ? NETPOL_NEEDS_COMPILE : NETPOL_OK);
    }
    return status;
}

static int change_remove(struct crowd *c, struct netpol_endpoints *e, uint32_t i)
{
    int status = netpol_endpoints_remove(e, c->pods[i].ref);
    if (!c->pods[i].there) {
        assert_true(status == NETPOL_ERR_NOT_FOUND);
        return NETPOL_OK;
    }
    if (status == NETPOL_OK) {
        while (!c->pods[i].host && c->pods[i].n) {
            crowd_drop(c, i, c->pods[i].has[0]);
        }
        c->pods[i].there = false;
    }
    return status;
}

static int change(struct crowd *c, struct netpol_endpoints *e, unsigned variant, uint32_t most)
{
    uint32_t i = crowd_random(PODS), what = crowd_random(8);
    if (what < 4) {
        return change_put(c, e, variant, i, most);
    }
    return what < 6 ? change_set(c, e, variant, i, most) : change_remove(c, e, i);
}

/* A crowd to compile: some addresses have several owners, which only the store can bring about. */
static void begin_crowd(struct crowd *c)
{
    memset(c, 0, sizeof *c);
    for (uint32_t i = 0; i < PODS; i++) {
        struct pod pod = some_pod(1000 + i * 7919, 2);
        c->pods[i].ref = pod.ref;
        if (crowd_random(3) == 0) {
            continue;
        }
        c->pods[i] = pod;
        c->pods[i].there = true;
        for (uint32_t k = 0; !pod.host && k < pod.n; k++) {
            c->owners[pod.has[k]][c->n_owners[pod.has[k]]++] = i;
        }
    }
}

static uint64_t expected_waiting(const struct crowd *c, unsigned variant)
{
    uint64_t waiting = 0;
    for (uint32_t i = 0; i < PODS; i++) {
        waiting += c->pods[i].there && crowd_kind(variant, &c->pods[i]) == 0;
    }
    return waiting;
}

/* ---- the tests ---- */

static struct netpol_ctx *ctx;

static void test_table_is_the_crowd(void **unused)
{
    (void)unused;
    uint64_t rebuilds = 0;
    for (int round = 0; round < 60; round++) {
        struct crowd c;
        struct netpol_endpoints *e;
        struct netpol_endpoints_stats stats = {.size = sizeof stats};
        unsigned variant = round & 1;
        begin_crowd(&c);
        struct crowd_world *w = crowd_compile(ctx, variant, &c, 7);
        assert_int_equal(netpol_endpoints_create(w->matcher, &e), NETPOL_OK);
        crowd_check(&c, variant, e);
        for (int step = 0; step < 400; step++) {
            assert_true(change(&c, e, variant, OWN) >= 0);
            crowd_check(&c, variant, e);
        }
        assert_int_equal(netpol_endpoints_stats(e, &stats), NETPOL_OK);
        assert_true(stats.uncompiled >= expected_waiting(&c, variant));
        rebuilds += stats.rebuilds;
        netpol_endpoints_destroy(e);
        crowd_free(w);
    }
    assert_true(rebuilds > 200); /* so the tables were filled over and over */
}

/* What the new endpoints must hold: pods of which only a kind is known cannot be read anew. */
static void forget_kinds(struct crowd *c, const bool changed[PODS])
{
    for (uint32_t i = 0; i < PODS; i++) {
        c->pods[i].unreadable |= changed[i] && !c->pods[i].labels;
    }
}

static void advance_once(unsigned from_variant, unsigned to_variant)
{
    struct crowd c;
    struct netpol_endpoints *e, *next;
    bool said[PODS] = {false};
    begin_crowd(&c);
    struct crowd_world *w = crowd_compile(ctx, from_variant, &c, 1);
    assert_int_equal(netpol_endpoints_create(w->matcher, &e), NETPOL_OK);
    for (uint32_t step = crowd_random(30); step > 0; step--) {
        assert_true(change(&c, e, from_variant, 2) >= 0);
    }
    for (uint32_t marks = crowd_random(3); marks > 0; marks--) { /* of compiles that failed */
        np_endpoints_mark(e, 100 + marks);
        assert_true(change(&c, e, from_variant, 2) >= 0);
    }
    struct crowd_world *w2 = crowd_compile(ctx, to_variant, &c, 2);
    assert_int_equal(netpol_endpoints_advance(e, w2->matcher, &next), NETPOL_ERR_STATE);
    np_endpoints_mark(e, 2);
    for (uint32_t step = crowd_random(40); step > 0; step--) {
        struct crowd before = c;
        assert_true(change(&c, e, from_variant, 2) >= 0);
        for (uint32_t i = 0; i < PODS; i++) {
            struct pod *x = &before.pods[i], *y = &c.pods[i];
            said[i] |=
                y->there && (!x->there || x->app != y->app || x->labels != y->labels || !y->labels);
        }
    }
    assert_int_equal(netpol_endpoints_advance(e, w2->matcher, &next), NETPOL_OK);
    struct crowd then = c;
    if (from_variant != to_variant) {
        /* a kind number that was said before the mark is in the compile's snapshot with labels */
        for (uint32_t i = 0; i < PODS; i++) {
            const struct np_table *table = np_endpoints_table(next);
            const struct np_slot_ref *record = crowd_find(table, c.pods[i].ref);
            said[i] = said[i] && record && table->own[record - table->refs].kind == 0;
        }
        forget_kinds(&then, said);
    }
    crowd_check(&then, to_variant, next);
    crowd_check(&c, from_variant, e); /* the old ones stay as they are */
    for (int step = 0; step < 20; step++) {
        assert_true(change(&then, next, to_variant, 2) >= 0);
        crowd_check(&then, to_variant, next);
    }
    netpol_endpoints_destroy(e);
    netpol_endpoints_destroy(next);
    crowd_free(w);
    crowd_free(w2);
}

static void test_changes_survive_a_compile(void **unused)
{
    (void)unused;
    for (int round = 0; round < 400; round++) {
        advance_once(round & 1, round >> 1 & 1);
    }
}

static void test_failed_memory_changes_nothing(void **unused)
{
    (void)unused;
    struct counting counting = {0};
    struct netpol_ctx *failing = counting_ctx(&counting, NULL);
    size_t held = counting.blocks;
    unsigned failures = 0;
    for (int round = 0; round < 30; round++) {
        struct crowd c;
        struct netpol_endpoints *e = NULL, *next;
        begin_crowd(&c);
        struct crowd_world *w = crowd_compile(failing, 0, &c, 1);
        struct crowd_world *w2 = crowd_compile(failing, 1, &c, 2);
        for (size_t fail = 1; !e; fail++) {
            counting.calls = 0;
            counting.fail_at = fail;
            int status = netpol_endpoints_create(w->matcher, &e);
            assert_int_equal(status, e ? NETPOL_OK : NETPOL_ERR_MEMORY);
        }
        for (int step = 0; step < 150; step++) {
            counting.calls = 0;
            counting.fail_at = crowd_random(2) ? 1 + crowd_random(3) : 0;
            int status = change(&c, e, 0, OWN);
            assert_true(status >= 0 || status == NETPOL_ERR_MEMORY);
            failures += status < 0;
            if (step == 50) {
                np_endpoints_mark(e, 2);
            }
            crowd_check(&c, 0, e);
        }
        next = NULL;
        for (size_t fail = 1; !next; fail++) {
            counting.calls = 0;
            counting.fail_at = fail;
            int status = netpol_endpoints_advance(e, w2->matcher, &next);
            assert_int_equal(status, next ? NETPOL_OK : NETPOL_ERR_MEMORY);
            crowd_check(&c, 0, e);
        }
        counting.fail_at = 0;
        netpol_endpoints_destroy(e);
        netpol_endpoints_destroy(next);
        crowd_free(w);
        crowd_free(w2);
        assert_int_equal(counting.blocks, held);
    }
    assert_true(failures > 100);
    assert_false(counting.bad_size);
    netpol_ctx_destroy(failing);
}

static void test_arguments(void **unused)
{
    (void)unused;
    struct crowd c = {.pods = {{.ref = 5}}};
    struct crowd_world *w = crowd_compile(ctx, 0, &c, 1);
    struct netpol_endpoints *e;
    assert_int_equal(netpol_endpoints_create(NULL, &e), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_endpoints_create(w->matcher, &e), NETPOL_OK);
    struct pod pod = {.ref = 5, .node = 1, .n = 1, .has = {0}};
    const struct {
        uint64_t ref;
        uint32_t kind, node;
        uint8_t family, last;
        int status;
    } rows[] = {
        {5,          1, 1, 4, 0, NETPOL_OK           },
        {5,          0, 1, 4, 0, NETPOL_NEEDS_COMPILE},
        {5,          5, 1, 4, 0, NETPOL_ERR_ARGUMENT },
        {5,          1, 3, 4, 0, NETPOL_ERR_ARGUMENT },
        {5,          1, 2, 5, 0, NETPOL_ERR_ARGUMENT },
        {5,          1, 2, 4, 9, NETPOL_ERR_ARGUMENT },
        {0,          1, 2, 4, 0, NETPOL_ERR_ARGUMENT },
        {1ull << 63, 1, 2, 4, 0, NETPOL_ERR_ARGUMENT },
        {6,          1, 2, 0, 0, NETPOL_OK           },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct netpol_endpoint_entry entry = {
            .size = sizeof entry,
            .ref = rows[i].ref,
            .kind = rows[i].kind,
            .node = rows[i].node,
            .family = rows[i].family,
            .address = {10, 0, 0, 1, [15] = rows[i].last}
        };
        assert_int_equal(netpol_endpoints_set(e, &entry), rows[i].status);
    }
    struct netpol_endpoint_spec spec;
    struct netpol_label labels[4];
    const char *addresses[OWN];
    char texts[OWN][64];
    uint32_t kind = 9;
    say_spec(&pod, &spec, labels, addresses, texts);
    assert_int_equal(netpol_endpoints_kind(e, &spec, &kind), NETPOL_OK);
    assert_int_equal(kind, 1);
    addresses[0] = "10.0.0.01";
    assert_int_equal(netpol_endpoints_put(e, 5, &spec), NETPOL_ERR_INPUT);
    spec.namespace_name = "elsewhere";
    assert_int_equal(netpol_endpoints_kind(e, &spec, &kind), NETPOL_NEEDS_COMPILE);
    assert_int_equal(kind, 0);
    assert_int_equal(netpol_endpoints_node(e, "n2"), 2);
    assert_int_equal(netpol_endpoints_node(e, "n3"), 0);
    assert_int_equal(netpol_endpoints_remove(e, 7), NETPOL_ERR_NOT_FOUND);
    netpol_endpoints_destroy(e);
    netpol_endpoints_destroy(NULL);
    crowd_free(w);
}

/* An endpoint with more labels that count than the usual room holds. */
static void test_many_labels(void **unused)
{
    (void)unused;
    enum { MANY = 600 };
    struct crowd c = {0};
    struct crowd_world *w = crowd_compile(ctx, 0, &c, 1);
    static char keys[MANY][8];
    struct netpol_label labels[MANY];
    struct np_project_build *build = np_project_build(ctx);
    struct np_kinds_build *kinds = np_kinds_build(ctx);
    const uint32_t *words;
    const void *bytes;
    size_t count;
    for (unsigned i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "k%u", i);
        labels[i] = (struct netpol_label){keys[i], "v"};
        assert_int_equal(np_project_build_key(build, NP_PROJECT_LABEL, np_slice_of(keys[i])),
                         NETPOL_OK);
    }
    assert_int_equal(np_project_build_write(build, &words, &count), NETPOL_OK);
    w->matcher->image.section[NP_SECTION_PROJECTION] = words;
    w->matcher->image.count[NP_SECTION_PROJECTION] = (uint32_t)count;
    uint64_t canonical[MANY + 2] = {0};
    uint32_t kind;
    for (unsigned i = 0; i < MANY; i++) {
        canonical[2 + i] = (uint64_t)i << 32;
    }
    assert_int_equal(np_kinds_build_add(kinds, canonical, MANY + 2, 0, &kind), NETPOL_OK);
    assert_int_equal(np_kinds_build_write(kinds, &bytes, &count), NETPOL_OK);
    w->matcher->image.section[NP_SECTION_KINDS] = bytes;
    w->matcher->image.count[NP_SECTION_KINDS] = (uint32_t)count;
    struct netpol_endpoints *e;
    struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                        .namespace_name = "s",
                                        .name = "p",
                                        .labels = labels,
                                        .n_labels = MANY};
    assert_int_equal(netpol_endpoints_create(w->matcher, &e), NETPOL_OK);
    kind = 0;
    assert_int_equal(netpol_endpoints_kind(e, &spec, &kind), NETPOL_OK);
    assert_int_equal(kind, 1);
    spec.n_labels = MANY - 1;
    assert_int_equal(netpol_endpoints_kind(e, &spec, &kind), NETPOL_NEEDS_COMPILE);
    netpol_endpoints_destroy(e);
    np_project_build_free(build);
    np_kinds_build_free(kinds);
    crowd_free(w);
}

static int setup(void **unused)
{
    (void)unused;
    return netpol_ctx_create(NULL, &ctx);
}

static int teardown(void **unused)
{
    (void)unused;
    netpol_ctx_destroy(ctx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_the_crowd),
        cmocka_unit_test(test_changes_survive_a_compile),
        cmocka_unit_test(test_failed_memory_changes_nothing),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_many_labels),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
