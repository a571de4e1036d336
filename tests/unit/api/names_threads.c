/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that come and go under reader threads, by one writer that also swaps matchers now and then.
 * For each address a counter tells what the writer is doing; a reader that saw the same counter
 * before and after its evaluation knows what the verdict must be: once advance returned past the
 * end of a name, no verdict is from it; while it is live, every one is. Under the thread sanitizer
 * this is the proof of the orderings. Arguments: rounds.
 */
#include "np_world.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

enum { READERS = 3, ADDRESSES = 24, BATCH = 16, SWAP_EVERY = 64 };
enum phase { NOBODY, LEARNING, LIVE, EXPIRING, PHASES };

static unsigned rounds = 500;

static const char cluster[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
    "metadata: {name: names}\nspec:\n  tier: Admin\n  priority: 1\n"
    "  subject: {namespaces: {}}\n  egress:\n"
    "  - action: Accept\n    to: [{domainNames: [www.example.com, '*.example.org']}]\n"
    "  - action: Accept\n    to: [{domainNames: [other.test]}]\n"
    "    protocols: [{tcp: {destinationPort: {number: 80}}}]\n"
    "  - action: Deny\n    to: [{networks: [0.0.0.0/0, '::/0']}]\n";

struct stage {
    struct netpol_ctx *ctx;
    struct netpol_store *store;
    struct netpol_slot *slot;
    struct netpol_matcher *matcher;
    struct netpol_endpoints *endpoints;
    atomic_uint phase[ADDRESSES];
    atomic_uint_least64_t generation; /* whose endpoints are told; older views know less */
    atomic_bool over;
    atomic_uint wrong, certain, turns;
};

static struct netpol_tuple tuple_to(unsigned number)
{
    struct netpol_tuple t = {
        .src = {10, 0, 0, 1},
          .family = 4, .protocol = 6, .dst_port = 443
    };
    const uint8_t dst[4] = {192, 0, 2, (uint8_t)number};
    memcpy(t.dst, dst, sizeof dst);
    return t;
}

/* ---- readers ---- */

static void judge(struct stage *s, const struct netpol_view *view, unsigned first, unsigned count)
{
    struct netpol_tuple tuples[BATCH];
    struct netpol_verdict out[BATCH];
    unsigned before[BATCH];
    uint64_t generation = atomic_load(&s->generation);
    for (unsigned i = 0; i < count; i++) {
        unsigned number = (first + i) % ADDRESSES;
        tuples[i] = tuple_to(number);
        before[i] = atomic_load(&s->phase[number]);
    }
    if (count == 1) {
        netpol_eval(view, tuples, out);
    } else {
        netpol_eval_batch(view, tuples, out, count);
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned phase = before[i] % PHASES;
        if (atomic_load(&s->phase[(first + i) % ADDRESSES]) != before[i] ||
            out[i].generation != generation || atomic_load(&s->generation) != generation) {
            continue; /* the writer went on meanwhile: either is right */
        }
        bool right = phase == NOBODY ? out[i].action == NETPOL_UNKNOWN
                     : phase == LIVE ? out[i].action == NETPOL_ALLOW
                                     : out[i].action != NETPOL_INSPECT;
        atomic_fetch_add(&s->wrong, !right);
        atomic_fetch_add(&s->certain, phase == NOBODY || phase == LIVE);
    }
}

static void *watch(void *user)
{
    struct stage *s = user;
    struct netpol_reader *reader = NULL;
    if (netpol_reader_create(s->slot, &reader) != NETPOL_OK) {
        atomic_fetch_add(&s->wrong, 1);
        return NULL;
    }
    for (unsigned i = 0; !atomic_load(&s->over); i++) {
        const struct netpol_view *view = netpol_reader_enter(reader);
        judge(s, view, i * 7, i % 3 ? 1 : BATCH);
        netpol_reader_leave(reader);
        atomic_fetch_add(&s->turns, 1);
    }
    netpol_reader_destroy(reader);
    return NULL;
}

/* ---- the writer ---- */

static void publish(struct stage *s, struct netpol_endpoints *endpoints)
{
    struct netpol_view *view = NULL;
    assert_int_equal(netpol_view_create(s->matcher, endpoints, &view), NETPOL_OK);
    assert_int_equal(netpol_slot_publish(s->slot, view, 1), NETPOL_OK);
    s->endpoints = endpoints;
    atomic_store(&s->generation, netpol_matcher_generation(s->matcher));
}

static void swap(struct stage *s)
{
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = "kubernetes",
                                             .previous = s->matcher,
                                             .endpoints = s->endpoints};
    struct netpol_matcher *next = NULL;
    struct netpol_endpoints *moved = NULL;
    assert_int_equal(netpol_compile(s->store, &options, NULL, &next), NETPOL_OK);
    assert_int_equal(netpol_endpoints_advance(s->endpoints, next, &moved), NETPOL_OK);
    netpol_matcher_unref(s->matcher);
    s->matcher = next;
    publish(s, moved);
}

static int learn(struct stage *s, const char *name, unsigned number, uint64_t ttl, uint64_t now)
{
    struct netpol_tuple tuple = tuple_to(number);
    return netpol_names_learn(s->endpoints, name, 4, tuple.dst, ttl, now);
}

/* Each address lives for a while by a name of its own; another one that does not allow comes and
 * goes beside it, so combinations change under the readers all the time. */
static void write_round(struct stage *s, unsigned round)
{
    char name[40];
    uint64_t now = round;
    unsigned number = round % ADDRESSES, dying = (round + ADDRESSES / 2) % ADDRESSES;
    snprintf(name, sizeof name, round % 2 ? "www.example.com" : "n%u.example.org", round);
    atomic_fetch_add(&s->phase[number], 1); /* LEARNING */
    assert_int_equal(learn(s, name, number, ADDRESSES / 2, now), NETPOL_OK);
    atomic_fetch_add(&s->phase[number], 1); /* LIVE */
    assert_int_equal(learn(s, "other.test", number, 3, now), NETPOL_OK);
    bool dies = round >= ADDRESSES / 2;
    if (dies) {
        atomic_fetch_add(&s->phase[dying], 1); /* EXPIRING */
    }
    assert_int_equal(netpol_names_advance(s->endpoints, now), NETPOL_OK);
    if (dies) {
        atomic_fetch_add(&s->phase[dying], 1); /* NOBODY */
    }
    if (round % SWAP_EVERY == SWAP_EVERY - 1) {
        swap(s);
    }
}

static void wait_for_readers(struct stage *s)
{
    unsigned seen = atomic_load(&s->turns);
    while (atomic_load(&s->turns) - seen < READERS) {
        sched_yield();
    }
}

static void no_verdict_is_from_a_name_that_is_over(void **state)
{
    struct stage s = {0};
    pthread_t threads[READERS];
    struct netpol_compile_options options = {.size = sizeof options, .profile = "kubernetes"};
    struct netpol_endpoints *endpoints = NULL;
    (void)state;
    assert_int_equal(netpol_ctx_create(NULL, &s.ctx), NETPOL_OK);
    assert_int_equal(netpol_store_create(s.ctx, &s.store), NETPOL_OK);
    assert_int_equal(netpol_store_load_buffer(s.store, cluster, strlen(cluster), "x", NULL, NULL),
                     NETPOL_OK);
    assert_int_equal(netpol_compile(s.store, &options, NULL, &s.matcher), NETPOL_OK);
    assert_int_equal(netpol_slot_create(s.ctx, &s.slot), NETPOL_OK);
    assert_int_equal(netpol_endpoints_create(s.matcher, &endpoints), NETPOL_OK);
    publish(&s, endpoints);
    for (unsigned i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, watch, &s), 0);
    }
    for (unsigned round = 0; round < rounds; round++) {
        write_round(&s, round);
        if (round % 8 == 0) {
            wait_for_readers(&s);
        }
    }
    atomic_store(&s.over, true);
    for (unsigned i = 0; i < READERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&s.wrong), 0);
    assert_true(atomic_load(&s.certain) > rounds);
    assert_int_equal(netpol_slot_destroy(s.slot), NETPOL_OK);
    netpol_matcher_unref(s.matcher);
    netpol_store_destroy(s.store);
    netpol_ctx_destroy(s.ctx);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_verdict_is_from_a_name_that_is_over),
    };
    rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : rounds;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
