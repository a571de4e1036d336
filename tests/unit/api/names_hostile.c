/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names as somebody would tell them who wants to break something, or makes every mistake: odd
 * names, odd times, floods for one address, several writers at once, endpoints of two matchers.
 */
#include "np_world.h"

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

static const char cluster[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
    "metadata: {name: first}\nspec:\n  tier: Admin\n  priority: 1\n"
    "  subject: {namespaces: {}}\n  egress:\n"
    "  - action: Accept\n    to: [{domainNames: [one.test]}]\n"
    "  - action: Accept\n    to: [{domainNames: [two.test]}]\n"
    "  - action: Accept\n    to: [{domainNames: ['*.example.org']}]\n"
    "  - action: Deny\n    to: [{networks: [0.0.0.0/0, '::/0']}]\n";

struct scene {
    struct world w;
    struct netpol_endpoints *endpoints;
    struct netpol_view *view;
};

static const uint8_t somewhere[16] = {192, 0, 2, 1};

static void compile_scene(struct scene *s)
{
    assert_int_equal(world_load(&s->w, cluster), NETPOL_OK);
    assert_int_equal(world_try_compile(&s->w, "kubernetes", NULL), NETPOL_OK);
    assert_int_equal(netpol_endpoints_create(s->w.matcher, &s->endpoints), NETPOL_OK);
    assert_int_equal(netpol_view_create(s->w.matcher, s->endpoints, &s->view), NETPOL_OK);
}

static void open_scene(struct scene *s)
{
    memset(s, 0, sizeof *s);
    world_open(&s->w);
    compile_scene(s);
}

/* Without the allocator that counts, which is one thread's. */
static void open_for_threads(struct scene *s)
{
    memset(s, 0, sizeof *s);
    assert_int_equal(netpol_ctx_create(NULL, &s->w.ctx), NETPOL_OK);
    assert_int_equal(netpol_store_create(s->w.ctx, &s->w.store), NETPOL_OK);
    assert_int_equal(netpol_diags_create(s->w.ctx, &s->w.diags), NETPOL_OK);
    compile_scene(s);
}

static void close_scene(struct scene *s)
{
    netpol_view_destroy(s->view);
    netpol_endpoints_destroy(s->endpoints);
    world_close(&s->w);
}

static int learn(struct scene *s, const char *name, uint64_t ttl, uint64_t now)
{
    return netpol_names_learn(s->endpoints, name, 4, somewhere, ttl, now);
}

static struct netpol_verdict verdict(const struct scene *s)
{
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 1},
          .family = 4, .protocol = 6, .src_port = 40000, .dst_port = 443
    };
    struct netpol_verdict v;
    memcpy(tuple.dst, somewhere, sizeof somewhere);
    assert_int_equal(netpol_eval(s->view, &tuple, &v), NETPOL_OK);
    return v;
}

static const char *rule_of(const struct scene *s)
{
    static struct netpol_rule_info info;
    struct netpol_verdict v = verdict(s);
    assert_int_equal(netpol_rule_describe(s->w.matcher, v.egress.rule, v.generation, &info),
                     NETPOL_OK);
    return info.rule;
}

static struct netpol_names_stats stats_of(const struct scene *s)
{
    struct netpol_names_stats stats = {.size = sizeof stats};
    assert_int_equal(netpol_names_stats(s->endpoints, &stats), NETPOL_OK);
    return stats;
}

/* ---- what names say together ---- */

static void the_first_rule_decides_whichever_name_came_first(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    assert_int_equal(learn(&s, "two.test", 100, 0), NETPOL_OK);
    assert_string_equal(rule_of(&s), "spec.egress[1]");
    assert_int_equal(learn(&s, "one.test", 50, 0), NETPOL_OK);
    assert_string_equal(rule_of(&s), "spec.egress[0]");
    assert_int_equal(learn(&s, "a.example.org", 100, 0), NETPOL_OK);
    assert_string_equal(rule_of(&s), "spec.egress[0]");
    assert_int_equal(netpol_names_advance(s.endpoints, 50), NETPOL_OK);
    assert_string_equal(rule_of(&s), "spec.egress[1]");
    assert_int_equal(netpol_names_forget(s.endpoints, "two.test", 4, somewhere), NETPOL_OK);
    assert_string_equal(rule_of(&s), "spec.egress[2]");
    close_scene(&s);
}

/* Two names that satisfy the same: the address is what it was until the last of them is over. */
static void names_that_say_the_same_go_one_by_one(void **state)
{
    struct scene s;
    (void)state;
    open_scene(&s);
    assert_int_equal(learn(&s, "a.example.org", 50, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "b.example.org", 100, 0), NETPOL_OK);
    assert_int_equal(learn(&s, "two.test", 70, 0), NETPOL_OK);
    assert_int_equal(netpol_names_advance(s.endpoints, 50), NETPOL_OK);
    assert_int_equal(netpol_names_advance(s.endpoints, 70), NETPOL_OK); /* is told anew */
    assert_string_equal(rule_of(&s), "spec.egress[2]");
    assert_int_equal(netpol_names_advance(s.endpoints, 100), NETPOL_OK);
    assert_int_equal(verdict(&s).action, NETPOL_UNKNOWN);
    close_scene(&s);
}

/* ---- odd names and times ---- */

static void names_are_of_255_bytes_at_most(void **state)
{
    struct scene s;
    char name[400];
    (void)state;
    open_scene(&s);
    memset(name, 'a', sizeof name);
    name[255] = '.'; /* the root's dot is none of them */
    name[256] = 0;
    assert_int_equal(learn(&s, name, 10, 0), NETPOL_OK);
    name[255] = 'a';
    assert_int_equal(learn(&s, name, 10, 0), NETPOL_ERR_ARGUMENT);
    name[256] = '.';
    name[257] = 0;
    assert_int_equal(learn(&s, name, 10, 0), NETPOL_ERR_ARGUMENT);
    assert_int_equal(learn(&s, "\xff\x01.example.org", 10, 0), NETPOL_OK); /* no text, a name */
    assert_int_equal(verdict(&s).action, NETPOL_ALLOW);
    assert_int_equal(learn(&s, "..", 10, 0), NETPOL_OK);
    assert_int_equal(netpol_names_forget(s.endpoints, NULL, 0, NULL), NETPOL_OK);
    assert_int_equal(stats_of(&s).entries, 0);
    close_scene(&s);
}

static void time_has_no_edges(void **state)
{
    struct scene s;
    const uint64_t last = UINT64_MAX;
    (void)state;
    open_scene(&s);
    assert_int_equal(learn(&s, "one.test", 0, last), NETPOL_OK); /* over before it is learnt */
    assert_int_equal(stats_of(&s).entries, 0);
    assert_int_equal(learn(&s, "one.test", 2, last - 1), NETPOL_OK); /* past the last moment */
    assert_int_equal(stats_of(&s).next_end, NETPOL_NAMES_FOREVER);
    assert_int_equal(learn(&s, "two.test", 1, last - 2), NETPOL_OK); /* its end is last - 1 */
    assert_int_equal(stats_of(&s).next_end, last - 1);
    assert_int_equal(netpol_names_advance(s.endpoints, last), NETPOL_OK);
    assert_int_equal(stats_of(&s).entries, 1); /* what is for ever stays */
    assert_int_equal(netpol_names_forget(s.endpoints, NULL, 0, NULL), NETPOL_OK);
    assert_int_equal(learn(&s, "two.test", 5, 0), NETPOL_OK); /* over long since */
    assert_int_equal(stats_of(&s).entries, 0);
    assert_int_equal(learn(&s, "two.test", NETPOL_NAMES_FOREVER, 0), NETPOL_OK);
    assert_int_equal(verdict(&s).action, NETPOL_ALLOW);                /* for ever is never over */
    assert_int_equal(netpol_names_advance(s.endpoints, 3), NETPOL_OK); /* and time no way back */
    assert_int_equal(stats_of(&s).now, last);
    close_scene(&s);
}

/* ---- floods ---- */

/* So many names for one address that looking at all of them at each would take minutes. */
static void one_address_may_have_names_without_number(void **state)
{
    enum { MANY = 60000 };
    struct scene s;
    char name[64];
    (void)state;
    open_scene(&s);
    clock_t began = clock();
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "n%d.%s", i, i % 2 ? "example.org" : "nowhere.test");
        assert_int_equal(learn(&s, name, (uint64_t)i + 1, 0), NETPOL_OK);
    }
    assert_int_equal(verdict(&s).action, NETPOL_ALLOW);
    assert_int_equal(stats_of(&s).entries, MANY);
    assert_true(stats_of(&s).combinations <= 2);
    for (int i = 0; i < MANY - 1; i++) {
        assert_int_equal(netpol_names_advance(s.endpoints, (uint64_t)i + 1), NETPOL_OK);
    }
    assert_int_equal(verdict(&s).action, NETPOL_ALLOW); /* the last one's */
    assert_int_equal(netpol_names_advance(s.endpoints, MANY), NETPOL_OK);
    assert_int_equal(verdict(&s).action, NETPOL_UNKNOWN);
    assert_true(clock() - began < 60 * CLOCKS_PER_SEC);
    close_scene(&s);
}

/* ---- several writers ---- */

struct writer {
    struct netpol_endpoints *endpoints;
    unsigned number;
    int worst;
};

static void *write_names(void *user)
{
    struct writer *w = user;
    for (unsigned i = 0; i < 400; i++) {
        static const char *const names[] = {"one.test", "two.test", "a.example.org", "else.test"};
        uint8_t address[16] = {192, 0, 2, (uint8_t)(i * 7 % 16)};
        struct netpol_names_stats stats = {.size = sizeof stats};
        int status =
            netpol_names_learn(w->endpoints, names[(i + w->number) % 4], 4, address, 1 + i % 9, i);
        w->worst = status != NETPOL_OK ? status : w->worst;
        status = netpol_names_advance(w->endpoints, i);
        w->worst = status != NETPOL_OK ? status : w->worst;
        status = netpol_names_forget(w->endpoints, i % 3 ? "one.test" : NULL, 4, address);
        w->worst = status != NETPOL_OK && status != NETPOL_ERR_NOT_FOUND ? status : w->worst;
        (void)netpol_names_stats(w->endpoints, &stats);
    }
    return NULL;
}

/* Two for the same endpoints, and two for others of the same matcher, which share what a compile
 * knows of names. */
static void writers_take_turns(void **state)
{
    enum { WRITERS = 4 };
    struct scene s;
    struct netpol_endpoints *other = NULL;
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    (void)state;
    open_for_threads(&s);
    assert_int_equal(netpol_endpoints_create(s.w.matcher, &other), NETPOL_OK);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){i % 2 ? other : s.endpoints, i, NETPOL_OK};
        assert_int_equal(pthread_create(&threads[i], NULL, write_names, &writers[i]), 0);
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(writers[i].worst, NETPOL_OK);
    }
    assert_int_equal(netpol_names_advance(s.endpoints, 1000), NETPOL_OK);
    assert_int_equal(stats_of(&s).entries, 0);
    assert_int_equal(verdict(&s).action, NETPOL_UNKNOWN);
    netpol_endpoints_destroy(other);
    close_scene(&s);
}

static void stores_know_nothing_of_each_other(void **state)
{
    struct scene a, b;
    (void)state;
    open_scene(&a);
    open_scene(&b);
    assert_int_equal(learn(&a, "one.test", 10, 0), NETPOL_OK);
    assert_int_equal(verdict(&a).action, NETPOL_ALLOW);
    assert_int_equal(verdict(&b).action, NETPOL_UNKNOWN);
    assert_int_equal(netpol_names_advance(b.endpoints, 100), NETPOL_OK);
    assert_int_equal(verdict(&a).action, NETPOL_ALLOW);
    close_scene(&a);
    assert_int_equal(learn(&b, "one.test", 10, 100), NETPOL_OK);
    assert_int_equal(verdict(&b).action, NETPOL_ALLOW);
    close_scene(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_rule_decides_whichever_name_came_first),
        cmocka_unit_test(names_that_say_the_same_go_one_by_one),
        cmocka_unit_test(names_are_of_255_bytes_at_most),
        cmocka_unit_test(time_has_no_edges),
        cmocka_unit_test(one_address_may_have_names_without_number),
        cmocka_unit_test(writers_take_turns),
        cmocka_unit_test(stores_know_nothing_of_each_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
