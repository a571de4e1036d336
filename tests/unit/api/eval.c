/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Evaluation over the public API: single, batch, request and points agree; tuples that cannot be
 * are denied; two contexts do not see each other; a failed load changes no answer; nothing is
 * allocated.
 */
#include "np_world.h"

void *__libc_malloc(size_t size);
void *__libc_realloc(void *ptr, size_t size);
void *__libc_calloc(size_t count, size_t size);

static size_t process_allocations;

/* Takes the place of the C library's, for this program and everything in it. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define COUNTS_PROCESS 1
#pragma GCC visibility push(default) /* shared libraries must find them too */
void *malloc(size_t size)
{
    process_allocations++;
    return __libc_malloc(size);
}

void *realloc(void *ptr, size_t size)
{
    process_allocations++;
    return __libc_realloc(ptr, size);
}

void *calloc(size_t count, size_t size)
{
    process_allocations++;
    return __libc_calloc(count, size);
}
#pragma GCC visibility pop
#else
#define COUNTS_PROCESS 0
#endif

static const char cluster[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n"
    "---\napiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: shop, labels: {app: api}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}\n"
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: api, namespace: shop}\nspec:\n"
    "  podSelector: {matchLabels: {app: api}}\n  ingress:\n"
    "  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 80}]\n"
    "  - from: [{ipBlock: {cidr: 192.0.2.0/24}}]\n    ports: [{port: 443, endPort: 500}]\n";

static void open_cluster(struct world *w)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    world_compile(w);
}

static struct netpol_tuple tuple_of(uint8_t last, uint16_t port)
{
    return (struct netpol_tuple){
        .src = {10, 0, 0, last},
        .dst = {10, 0, 0, 2   },
        .family = 4,
        .protocol = 6,
        .dst_port = port
    };
}

enum { QUESTIONS = 3 * 5 };

static void fill(struct netpol_tuple tuples[QUESTIONS])
{
    static const uint16_t ports[] = {79, 80, 443, 500, 501};
    static const uint8_t sources[][4] = {
        {10,  0,  0,   1},
        {192, 0,  2,   7},
        {198, 51, 100, 1}
    };
    for (size_t i = 0; i < QUESTIONS; i++) {
        tuples[i] = tuple_of(0, ports[i % 5]);
        memcpy(tuples[i].src, sources[i / 5], 4);
    }
}

static void a_batch_is_so_many_single_calls(void **state)
{
    struct world w;
    struct netpol_tuple tuples[QUESTIONS];
    struct netpol_verdict batch[QUESTIONS], one;
    size_t allowed = 0;
    (void)state;
    open_cluster(&w);
    fill(tuples);
    assert_int_equal(netpol_eval_batch(w.view, tuples, batch, QUESTIONS), NETPOL_OK);
    for (size_t i = 0; i < QUESTIONS; i++) {
        assert_int_equal(netpol_eval(w.view, &tuples[i], &one), NETPOL_OK);
        assert_memory_equal(&one, &batch[i], sizeof one);
        assert_true(one.generation == netpol_matcher_generation(w.matcher));
        allowed += one.action == NETPOL_ALLOW;
    }
    assert_int_equal(allowed, 3); /* web on 80, 192.0.2.7 on 443 and on 500 */
    world_close(&w);
}

/* Property 5 of the model: eval is the combination of eval_at over the points. */
static void the_points_together_are_the_whole(void **state)
{
    struct world w;
    struct netpol_tuple tuples[QUESTIONS];
    (void)state;
    open_cluster(&w);
    fill(tuples);
    for (size_t i = 0; i < QUESTIONS; i++) {
        struct netpol_verdict whole, part;
        struct netpol_point point = {.plane = NETPOL_PLANE_NETWORK};
        int worst = NETPOL_ALLOW;
        assert_int_equal(netpol_eval(w.view, &tuples[i], &whole), NETPOL_OK);
        for (uint8_t side = NETPOL_SIDE_EGRESS; side <= NETPOL_SIDE_INGRESS; side++) {
            point.side = side;
            assert_int_equal(netpol_eval_at(w.view, &point, &tuples[i], NULL, NULL, &part),
                             NETPOL_OK);
            worst = part.action > worst ? part.action : worst;
        }
        assert_int_equal(whole.action, worst);
    }
    world_close(&w);
}

/* A value that no enumeration has is refused: it must not skip the checkpoints and so allow. */
static void values_that_do_not_exist_are_refused(void **state)
{
    static const struct netpol_point points[] = {
        {.plane = 3}, {.side = 3}, {.hook = 5}, {.mode = 6}};
    struct world w;
    struct netpol_tuple tuples[QUESTIONS];
    struct netpol_verdict out;
    struct netpol_explanation *explanation = NULL;
    struct netpol_request requests[] = {NETPOL_REQUEST_INIT, NETPOL_REQUEST_INIT,
                                        NETPOL_REQUEST_INIT};
    (void)state;
    open_cluster(&w);
    fill(tuples);
    for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
        out.action = NETPOL_ALLOW;
        assert_int_equal(netpol_eval_at(w.view, &points[i], &tuples[0], NULL, NULL, &out),
                         NETPOL_ERR_ARGUMENT);
        assert_int_equal(out.action, NETPOL_DENY);
        assert_int_equal(netpol_explain(w.view, &points[i], &tuples[0], NULL, &explanation),
                         NETPOL_ERR_ARGUMENT);
    }
    requests[0].kind = 4;
    requests[1].principals_presence = 3;
    requests[2].remote_family = 5;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        struct netpol_point any = {0};
        out.action = NETPOL_ALLOW;
        assert_int_equal(netpol_eval_at(w.view, &any, &tuples[0], &requests[i], NULL, &out),
                         NETPOL_ERR_ARGUMENT);
        assert_int_equal(out.action, NETPOL_DENY);
    }
    world_close(&w);
}

static void a_request_that_says_nothing_changes_nothing(void **state)
{
    struct world w;
    struct netpol_tuple tuples[QUESTIONS];
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_scratch *scratch = NULL;
    (void)state;
    open_cluster(&w);
    fill(tuples);
    assert_int_equal(netpol_scratch_create(w.matcher, &scratch), NETPOL_OK);
    for (size_t i = 0; i < QUESTIONS; i++) {
        struct netpol_verdict plain, asked;
        assert_int_equal(netpol_eval(w.view, &tuples[i], &plain), NETPOL_OK);
        assert_int_equal(netpol_eval_request(w.view, &tuples[i], &request, scratch, &asked),
                         NETPOL_OK);
        assert_memory_equal(&plain, &asked, sizeof plain);
    }
    netpol_scratch_destroy(scratch);
    world_close(&w);
}

static void a_scratch_of_another_matcher_is_unknown(void **state)
{
    struct world w;
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_scratch *scratch = NULL;
    struct netpol_tuple tuple = tuple_of(1, 80);
    struct netpol_verdict verdict;
    (void)state;
    open_cluster(&w);
    assert_int_equal(netpol_scratch_create(w.matcher, &scratch), NETPOL_OK);
    world_compile(&w);
    assert_int_equal(netpol_eval_request(w.view, &tuple, &request, scratch, &verdict),
                     NETPOL_ERR_SCRATCH);
    assert_int_equal(verdict.action, NETPOL_UNKNOWN);
    assert_int_equal(netpol_eval_request(w.view, &tuple, &request, NULL, &verdict),
                     NETPOL_ERR_SCRATCH);
    assert_int_equal(verdict.action, NETPOL_UNKNOWN);
    netpol_scratch_destroy(scratch);
    world_close(&w);
}

static int action_of(struct world *w, struct netpol_tuple tuple)
{
    struct netpol_verdict verdict;
    assert_int_equal(netpol_eval(w->view, &tuple, &verdict), NETPOL_OK);
    return verdict.action;
}

static void ends_are_addresses_references_or_both(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    struct netpol_tuple by_address = tuple_of(1, 80);
    struct netpol_tuple by_reference = {.src_ref = netpol_view_find(w.view, "shop", "web"),
                                        .dst_ref = netpol_view_find(w.view, "shop", "api"),
                                        .flags = NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_DST_REF,
                                        .protocol = 6,
                                        .dst_port = 80};
    struct netpol_tuple six = {
        .src = {0xfd, [15] = 1},
        .dst = {0xfd, [15] = 2},
        .family = 6,
        .protocol = 6,
        .dst_port = 80
    };
    assert_int_equal(action_of(&w, by_address), NETPOL_ALLOW);
    assert_int_equal(action_of(&w, by_reference), NETPOL_ALLOW);
    assert_int_equal(action_of(&w, six), NETPOL_ALLOW);
    by_reference.dst_port = six.dst_port = by_address.dst_port = 81;
    assert_int_equal(action_of(&w, by_address), NETPOL_DENY);
    assert_int_equal(action_of(&w, by_reference), NETPOL_DENY);
    assert_int_equal(action_of(&w, six), NETPOL_DENY);
    world_close(&w);
}

static void tuples_that_cannot_be_are_denied(void **state)
{
    struct world w;
    struct netpol_verdict verdict;
    struct netpol_tuple stale = tuple_of(1, 80);
    (void)state;
    open_cluster(&w);
    for (unsigned family = 0; family < 256; family++) {
        struct netpol_tuple tuple = tuple_of(1, 80);
        tuple.family = (uint8_t)family;
        if (family == 4 || family == 6) {
            continue;
        }
        assert_int_equal(netpol_eval(w.view, &tuple, &verdict), NETPOL_OK);
        assert_int_equal(verdict.action, NETPOL_DENY);
        assert_int_equal(verdict.ingress.reason, NETPOL_REASON_INVALID);
    }
    stale.src_ref = 1u << 30; /* may be a pod that came later: never the outside */
    stale.flags = NETPOL_TUPLE_SRC_REF;
    assert_int_equal(netpol_eval(w.view, &stale, &verdict), NETPOL_OK);
    assert_int_equal(verdict.action, NETPOL_UNKNOWN);
    assert_int_equal(verdict.ingress.reason, NETPOL_REASON_STALE);
    world_close(&w);
}

static void expect_invalid(const struct world *w, const struct netpol_tuple *tuple)
{
    struct netpol_verdict verdict;
    assert_int_equal(netpol_eval(w->view, tuple, &verdict), NETPOL_OK);
    assert_int_equal(verdict.action, NETPOL_DENY);
    assert_int_equal(verdict.ingress.reason, NETPOL_REASON_INVALID);
}

static void tuples_that_are_not_understood_are_denied(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    for (unsigned bit = 6; bit < 16; bit++) {
        struct netpol_tuple tuple = tuple_of(1, 80);
        tuple.flags = (uint16_t)(1u << bit);
        expect_invalid(&w, &tuple);
    }
    struct netpol_tuple reserved = tuple_of(1, 80), mapped = tuple_of(1, 80);
    reserved.reserved = 1;
    expect_invalid(&w, &reserved);
    /* ::ffff:192.0.2.1 where the four bytes of IPv4 are due */
    memcpy(mapped.dst, (const uint8_t[16]){[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}, 16);
    expect_invalid(&w, &mapped);
    world_close(&w);
}

static void two_contexts_do_not_see_each_other(void **state)
{
    struct world one, two;
    (void)state;
    open_cluster(&one);
    world_open(&two);
    assert_int_equal(world_load(&two, "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: "
                                      "shop}\nspec: {containers: [{name: c, image: i}]}\n"
                                      "status: {podIP: 10.0.0.9}\n"),
                     NETPOL_OK);
    world_compile(&two);
    size_t held = one.memory.bytes;
    assert_int_equal(action_of(&one, tuple_of(9, 80)), NETPOL_DENY);
    assert_int_equal(action_of(&two, tuple_of(9, 80)), NETPOL_ALLOW);
    assert_int_equal(netpol_view_find(two.view, "shop", "api"), 0);
    assert_int_equal(world_load(&two, "not: [closed"), NETPOL_ERR_INPUT);
    assert_int_equal(netpol_diags_count(one.diags), 0);
    assert_int_equal(one.memory.bytes, held);
    assert_int_equal(netpol_matcher_generation(one.matcher), 1);
    assert_int_equal(netpol_matcher_generation(two.matcher), 1);
    world_close(&two);
    assert_int_equal(action_of(&one, tuple_of(1, 80)), NETPOL_ALLOW);
    world_close(&one);
}

static void a_failed_load_changes_no_answer(void **state)
{
    static const char bad[] =
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        "metadata: {name: api, namespace: shop}\nspec: {podSelector: {}}\n---\n"
        "apiVersion: v1\nkind: Pod\nmetadata: {name: new, namespace: shop}\n"
        "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n---\n"
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: x}\n"
        "spec: {podSelector: {}, egres: []}\n";
    struct world w;
    struct netpol_tuple tuples[QUESTIONS];
    struct netpol_verdict before[QUESTIONS], after[QUESTIONS];
    (void)state;
    open_cluster(&w);
    fill(tuples);
    assert_int_equal(netpol_eval_batch(w.view, tuples, before, QUESTIONS), NETPOL_OK);
    assert_int_equal(world_load(&w, bad), NETPOL_ERR_INPUT);
    world_compile(&w);
    assert_int_equal(netpol_eval_batch(w.view, tuples, after, QUESTIONS), NETPOL_OK);
    for (size_t i = 0; i < QUESTIONS; i++) {
        assert_true(after[i].generation == before[i].generation + 1);
        after[i].generation = before[i].generation;
    }
    assert_memory_equal(before, after, sizeof before);
    world_close(&w);
}

static void evaluation_allocates_nothing(void **state)
{
    struct world w;
    struct netpol_tuple tuples[QUESTIONS];
    struct netpol_verdict verdicts[QUESTIONS];
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_point point = {.side = NETPOL_SIDE_INGRESS};
    struct netpol_scratch *scratch = NULL;
    struct netpol_rule_info info;
    (void)state;
    open_cluster(&w);
    fill(tuples);
    assert_int_equal(netpol_scratch_create(w.matcher, &scratch), NETPOL_OK);
    size_t calls = w.memory.calls, all = process_allocations;
    int bad = 0;
    bad |= netpol_eval_batch(w.view, tuples, verdicts, QUESTIONS);
    for (size_t i = 0; i < QUESTIONS; i++) {
        bad |= netpol_eval(w.view, &tuples[i], &verdicts[i]);
        bad |= netpol_eval_at(w.view, &point, &tuples[i], &request, scratch, &verdicts[i]);
        bad |= netpol_eval_request(w.view, &tuples[i], &request, scratch, &verdicts[i]);
        bad |= netpol_rule_describe(w.matcher, verdicts[i].ingress.rule, verdicts[i].generation,
                                    &info);
    }
    bad |= netpol_view_find(w.view, "shop", "web") == 0;
    size_t all_after = process_allocations;
    assert_int_equal(bad, 0);
    assert_int_equal(w.memory.calls, calls);
    assert_int_equal(all_after, all);
    if (COUNTS_PROCESS) {
        assert_true(all > 0); /* the counter is in place */
    }
    netpol_scratch_destroy(scratch);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_so_many_single_calls),
        cmocka_unit_test(the_points_together_are_the_whole),
        cmocka_unit_test(values_that_do_not_exist_are_refused),
        cmocka_unit_test(a_request_that_says_nothing_changes_nothing),
        cmocka_unit_test(a_scratch_of_another_matcher_is_unknown),
        cmocka_unit_test(ends_are_addresses_references_or_both),
        cmocka_unit_test(tuples_that_cannot_be_are_denied),
        cmocka_unit_test(tuples_that_are_not_understood_are_denied),
        cmocka_unit_test(two_contexts_do_not_see_each_other),
        cmocka_unit_test(a_failed_load_changes_no_answer),
        cmocka_unit_test(evaluation_allocates_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
