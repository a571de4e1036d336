/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of addresses that the caller feeds: objects of the store, named by policies. */
#include "np_world.h"
#include "store/store.h"

#include <stdio.h>

static const char cluster[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: ns}\n"
    "spec: {containers: [{name: c, image: i}]}\n"
    "status: {podIPs: [{ip: 10.0.0.1}, {ip: \"2001:db8:1::1\"}]}\n---\n"
    "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: p, namespace: ns}\n"
    "spec: {endpointSelector: {}, egress: [{toGroups: [{aws: {securityGroupsIds: [sg-1]}}]}]}\n";
static const char name[] = "aws;ids=sg-1"; /* docs/cilium.md */

static int feed(struct world *w, const char *set, const char *first, const char *second)
{
    const char *const prefixes[] = {first, second};
    return netpol_store_put_set(w->store, set, prefixes, second ? 2u : first ? 1u : 0u, w->diags);
}

static void compile(struct world *w)
{
    assert_int_equal(world_try_compile(w, "cilium", NULL), NETPOL_OK);
}

static int ask(struct world *w, const char *to)
{
    char text[256];
    snprintf(text, sizeof text,
             "{\"src\": {\"pod\": \"ns/a\"}, \"dst\": {\"ip\": \"%s\"}, \"port\": 443}", to);
    return world_action(w, text);
}

/* pkg/policy/api/groups.go: a group is what the provider says; nobody asked, nobody is in it. */
static void a_set_is_what_was_fed(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    compile(&w);
    assert_non_null(world_diag(&w, "NP2543"));
    assert_int_equal(ask(&w, "203.0.113.9"), NETPOL_DENY);
    netpol_diags_clear(w.diags);
    assert_int_equal(feed(&w, name, "203.0.113.0/24", "2001:db8::1"), NETPOL_NEEDS_COMPILE);
    assert_int_equal(ask(&w, "203.0.113.9"), NETPOL_DENY); /* seen after the next compile */
    compile(&w);
    assert_null(world_diag(&w, "NP2543"));
    assert_int_equal(ask(&w, "203.0.113.9"), NETPOL_ALLOW);
    assert_int_equal(ask(&w, "2001:db8::1"), NETPOL_ALLOW);
    assert_int_equal(ask(&w, "203.0.114.9"), NETPOL_DENY);
    assert_int_equal(feed(&w, name, NULL, NULL), NETPOL_NEEDS_COMPILE); /* known, and empty */
    compile(&w);
    assert_null(world_diag(&w, "NP2543"));
    assert_int_equal(ask(&w, "203.0.113.9"), NETPOL_DENY);
    assert_int_equal(netpol_store_remove_set(w.store, name), NETPOL_OK);
    assert_int_equal(netpol_store_remove_set(w.store, name), NETPOL_ERR_NOT_FOUND);
    compile(&w);
    assert_non_null(world_diag(&w, "NP2543"));
    world_close(&w);
}

static void a_set_waits_for_the_commit(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_OK);
    assert_int_equal(feed(&w, name, "203.0.113.0/24", NULL), NETPOL_NEEDS_COMPILE);
    assert_int_equal(netpol_store_commit(w.store, w.diags), NETPOL_OK);
    compile(&w);
    assert_int_equal(ask(&w, "203.0.113.9"), NETPOL_ALLOW);
    assert_int_equal(netpol_store_begin(w.store), NETPOL_OK);
    assert_int_equal(netpol_store_remove_set(w.store, name), NETPOL_OK);
    assert_int_equal(feed(&w, "other", "10.0.0.0/8", NULL), NETPOL_NEEDS_COMPILE);
    assert_int_equal(netpol_store_rollback(w.store), NETPOL_OK);
    assert_int_equal(netpol_store_remove_set(w.store, "other"), NETPOL_ERR_NOT_FOUND);
    compile(&w);
    assert_int_equal(ask(&w, "203.0.113.9"), NETPOL_ALLOW);
    world_close(&w);
}

static void what_is_wrong_is_told(void **state)
{
    struct world w;
    const char *const null[] = {NULL};
    (void)state;
    world_open(&w);
    assert_int_equal(feed(&w, name, "10.0.0.0/8", "10.0.0/24"), NETPOL_ERR_INPUT);
    const struct netpol_diag *d = world_diag(&w, "NP2026");
    assert_non_null(d);
    assert_string_equal(d->path, "[1]");
    assert_string_equal(d->object, "AddressSet/aws;ids=sg-1");
    assert_int_equal(feed(&w, name, "not-an-address", NULL), NETPOL_ERR_INPUT);
    assert_non_null(world_diag(&w, "NP2304"));
    assert_int_equal(feed(&w, "", "10.0.0.0/8", NULL), NETPOL_ERR_INPUT);
    assert_int_equal(netpol_store_put_set(w.store, NULL, NULL, 0, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_put_set(NULL, name, NULL, 0, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_put_set(w.store, name, NULL, 1, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_put_set(w.store, name, null, 1, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_remove_set(w.store, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_load_sets(w.store, NULL, NULL), NETPOL_ERR_ARGUMENT);
    struct netpol_store_stats stats;
    netpol_store_stats(w.store, &stats);
    assert_int_equal(stats.objects, 0);
    world_close(&w);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void sets_of_a_file(void **state)
{
    struct world w;
    static const char path[] = "sets-test.yaml";
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    write_file(path,
               "# of the cloud\n\"aws;ids=sg-1\": [203.0.113.0/24, 198.51.100.7]\nempty: []\n");
    assert_int_equal(netpol_store_load_sets(w.store, path, w.diags), NETPOL_OK);
    compile(&w);
    assert_int_equal(ask(&w, "203.0.113.9"), NETPOL_ALLOW);
    assert_int_equal(ask(&w, "198.51.100.7"), NETPOL_ALLOW);
    assert_int_equal(ask(&w, "198.51.100.8"), NETPOL_DENY);
    write_file(path, "good: [10.0.0.0/8]\nbad: [10.0.0.0/8, 12]\nworse: 10.0.0.0/8\n");
    assert_int_equal(netpol_store_load_sets(w.store, path, w.diags), NETPOL_ERR_INPUT);
    const struct netpol_diag *d = world_diag(&w, "NP2008");
    assert_non_null(d);
    assert_int_equal(d->line, 2);
    assert_string_equal(d->path, "bad[1]");
    assert_int_equal(netpol_store_remove_set(w.store, "good"), NETPOL_ERR_NOT_FOUND);
    write_file(path, "text\n");
    assert_int_equal(netpol_store_load_sets(w.store, path, w.diags), NETPOL_ERR_INPUT);
    assert_non_null(world_diag(&w, "NP2001"));
    assert_int_equal(remove(path), 0);
    assert_int_equal(netpol_store_load_sets(w.store, path, w.diags), NETPOL_ERR_IO);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_set_is_what_was_fed),
        cmocka_unit_test(a_set_waits_for_the_commit),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(sets_of_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
