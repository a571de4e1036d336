/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows against brute force: small clusters are made at random, changed a little, and every pair of
 * pods and addresses is asked on both sides, port by port. A connection whose verdict changed must
 * be in exactly one row that says so, any other in none.
 */
#include "diff_cluster.h"
#include <arpa/inet.h>

enum { MAX_ADDRESSES = 40, MAX_ROWS = 4096 };

/* The same cluster later: some policies, labels and places are others. */
static void change_cluster(struct cluster *c)
{
    for (uint32_t i = 0; i < c->n_policies; i++) {
        uint32_t what = draw(4);
        c->policies[i] = what == 0 ? 0 : what == 1 ? 1 + draw(1000000) : c->policies[i];
    }
    if (draw(3) == 0) {
        c->pods[draw(c->n_pods)].app = ONE_OF(apps);
    }
    if (c->nodes && draw(3) == 0) {
        c->pods[draw(c->n_pods)].node = "n1";
    }
    if (draw(4) == 0) {
        snprintf(c->pods[0].address4, sizeof c->pods[0].address4, "10.0.0.%u", draw(30));
    }
    if (draw(5) == 0) {
        c->team = !c->team;
    }
}

/* ---- rows ---- */

struct row {
    char src[100], dst[100];
    struct netpol_change change;
    struct netpol_tuple witness;
    uint32_t hits;
};
struct rows {
    uint32_t count;
    struct row *items;
};

static int take_row(void *user, const struct netpol_change *change)
{
    struct rows *rows = user;
    assert_true(rows->count < MAX_ROWS);
    struct row *row = &rows->items[rows->count++];
    snprintf(row->src, sizeof row->src, "%s", change->src);
    snprintf(row->dst, sizeof row->dst, "%s", change->dst);
    row->change = *change;
    row->witness = *change->witness;
    row->hits = 0;
    return 0;
}

/* ---- asking one connection ---- */

struct end {
    const struct pod *pod[2]; /* as it is on each side; both NULL: an address */
    char address[16];
    uint8_t family;
};
struct asked {
    struct end src, dst;
    uint8_t family, protocol;
    uint16_t port;
};

static void bytes_of(const char *text, uint8_t out[16])
{
    memset(out, 0, 16);
    assert_int_equal(inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, out), 1);
}

static const char *own_address(const struct pod *pod, uint8_t family)
{
    const char *text = family == 4 ? pod->address4 : pod->address6;
    return family == 0 ? (pod->address4[0] ? pod->address4 : pod->address6) : text;
}

static void set_end(struct world *w, int side, const struct end *end, uint8_t family, bool source,
                    struct netpol_tuple *tuple)
{
    const struct pod *pod = end->pod[side];
    const char *address = "";
    if (pod) {
        uint64_t ref = netpol_view_find(w->view, pod->space, pod->name);
        assert_true(ref != 0);
        *(source ? &tuple->src_ref : &tuple->dst_ref) = ref;
        tuple->flags |= source ? NETPOL_TUPLE_SRC_REF : NETPOL_TUPLE_DST_REF;
        return;
    }
    address = end->pod[!side] ? own_address(end->pod[!side], family) : end->address;
    if (address[0]) {
        bytes_of(address, source ? tuple->src : tuple->dst);
    } else {
        tuple->flags |= source ? NETPOL_TUPLE_SRC_NO_ADDRESS : NETPOL_TUPLE_DST_NO_ADDRESS;
    }
}

static int action_of(struct world *w, int side, const struct asked *asked)
{
    struct netpol_verdict verdict;
    struct netpol_tuple tuple = {.family = asked->family, .protocol = asked->protocol};
    set_end(w, side, &asked->src, asked->family, true, &tuple);
    set_end(w, side, &asked->dst, asked->family, false, &tuple);
    if (asked->protocol == 1 || asked->protocol == 58) {
        tuple.icmp_type = (uint8_t)(asked->port >> 8);
        tuple.icmp_code = (uint8_t)asked->port;
    } else {
        tuple.dst_port = asked->port;
    }
    assert_int_equal(netpol_eval(w->view, &tuple, &verdict), NETPOL_OK);
    return verdict.action;
}

/* ---- is it in a row? ---- */

/* "10.0.0.0/8" or "10.0.0.0-10.0.0.9" */
static bool range_holds(const char *name, const struct end *end)
{
    uint8_t first[16], last[16], own[16];
    char text[100];
    snprintf(text, sizeof text, "%s", name);
    char *dash = strchr(text, '-'), *slash = strchr(text, '/');
    if ((strchr(text, ':') != NULL) != (end->family == 6)) {
        return false;
    }
    bytes_of(end->address, own);
    if (dash) {
        *dash = '\0';
        bytes_of(text, first);
        bytes_of(dash + 1, last);
        return memcmp(first, own, 16) <= 0 && memcmp(own, last, 16) <= 0;
    }
    assert_non_null(slash);
    *slash = '\0';
    bytes_of(text, first);
    for (int bit = 0; bit < atoi(slash + 1); bit++) {
        if ((first[bit / 8] ^ own[bit / 8]) & (0x80 >> bit % 8)) {
            return false;
        }
    }
    return true;
}

static bool names_end(const char *name, const struct end *end)
{
    char full[64];
    const struct pod *pod = end->pod[1] ? end->pod[1] : end->pod[0];
    bool range = strchr(name, '.') || strchr(name, ':');
    if (!pod || range) {
        return !pod && range && range_holds(name, end);
    }
    snprintf(full, sizeof full, "%s/%s", pod->space, pod->name);
    if (strcmp(full, name) == 0) {
        return true;
    }
    snprintf(full, sizeof full, "%s/%s", pod->space, pod->workload);
    return strcmp(full, name) == 0;
}

static bool is_usual(uint8_t protocol)
{
    return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 1 || protocol == 58;
}

static bool row_holds(const struct row *row, const struct asked *asked, bool self)
{
    const struct netpol_change *change = &row->change;
    bool span = change->all || (change->others && !is_usual(asked->protocol)) ||
                (!change->others && change->span.protocol == asked->protocol &&
                 change->span.first <= asked->port && asked->port <= change->span.last);
    return span && change->self == self && (!change->family || change->family == asked->family) &&
           names_end(row->src, &asked->src) && names_end(row->dst, &asked->dst);
}

static const char *name_of(const struct end *end, bool space)
{
    const struct pod *pod = end->pod[1] ? end->pod[1] : end->pod[0];
    return !pod ? "" : space ? pod->space : pod->name;
}

static void check_one(struct world w[2], struct rows *rows, const struct asked *asked, bool self)
{
    int before = action_of(&w[0], 0, asked), after = action_of(&w[1], 1, asked);
    uint32_t found = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        if (row_holds(&rows->items[i], asked, self)) {
            found++;
            rows->items[i].hits++;
            assert_int_equal(rows->items[i].change.before, before);
            assert_int_equal(rows->items[i].change.after, after);
        }
    }
    if (found != (before != after)) {
        fail_msg("%s/%s%s > %s/%s%s, family %u protocol %u port %u: %s > %s, in %u rows",
                 name_of(&asked->src, true), name_of(&asked->src, false), asked->src.address,
                 name_of(&asked->dst, true), name_of(&asked->dst, false), asked->dst.address,
                 asked->family, asked->protocol, asked->port, netpol_action_text(before),
                 netpol_action_text(after), found);
    }
}

static void check_ports(struct world w[2], struct rows *rows, struct asked asked, bool self)
{
    static const uint16_t ports[] = {1,   2,    52,   53,   54,   79,   80,   81,
                                     443, 8079, 8080, 8081, 8085, 8090, 8091, 65535};
    static const uint8_t protocols[] = {6, 17, 132};
    for (size_t p = 0; p < sizeof protocols; p++) {
        for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
            asked.protocol = protocols[p];
            asked.port = ports[i];
            check_one(w, rows, &asked, self);
        }
    }
    asked.protocol = asked.family == 6 ? 58 : 1;
    asked.port = 0x0800;
    check_one(w, rows, &asked, self);
    asked.protocol = 47;
    asked.port = 0;
    check_one(w, rows, &asked, self);
}

/* ---- every pair ---- */

struct ends {
    struct end items[MAX_PODS + MAX_ADDRESSES];
    uint32_t count;
};

static void list_ends(const struct cluster c[2], struct ends *out)
{
    static const char *const addresses[] = {
        "0.0.0.1",       "9.255.255.255", "10.0.0.40",      "10.0.1.0",     "10.9.0.0",
        "10.9.0.1",      "10.9.0.2",      "10.255.255.255", "11.0.0.0",     "203.0.113.0",
        "203.0.113.255", "203.0.114.0",   "fd00::ffff",     "fd00:0:0:1::", "fcff::1"};
    out->count = 0;
    for (uint32_t i = 0; i < c[0].n_pods; i++) {
        struct end *end = &out->items[out->count];
        *end = (struct end){0};
        for (int side = 0; side < 2; side++) {
            end->pod[side] = c[side].pods[i].here[side] ? &c[side].pods[i] : NULL;
        }
        out->count += end->pod[0] || end->pod[1];
    }
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct end *end = &out->items[out->count++];
        *end = (struct end){.family = strchr(addresses[i], ':') ? 6 : 4};
        snprintf(end->address, sizeof end->address, "%s", addresses[i]);
    }
}

static unsigned families_of(const struct end *end)
{
    unsigned families = end->family == 4 ? 1u : end->family == 6 ? 2u : 0;
    for (int side = 0; side < 2; side++) {
        const struct pod *pod = end->pod[side];
        families |= pod && pod->address4[0] ? 1u : 0;
        families |= pod && pod->address6[0] ? 2u : 0;
    }
    return families;
}

static bool is_address(const struct end *end)
{
    return !end->pod[0] && !end->pod[1];
}

/* Pods of unknown address may speak IPv6, but that is told only where some policy names it. */
static bool somebody_speaks6(const struct ends *ends, bool named)
{
    for (uint32_t i = 0; i < ends->count; i++) {
        unsigned families = families_of(&ends->items[i]);
        if (!is_address(&ends->items[i]) && (families & 2 || (families == 0 && named))) {
            return true;
        }
    }
    return false;
}

static void check_pair(struct world w[2], struct rows *rows, const struct end *src,
                       const struct end *dst, bool six)
{
    unsigned a = families_of(src), b = families_of(dst);
    unsigned both = a && b ? a & b : a | b;
    struct asked asked = {.src = *src, .dst = *dst};
    if (src == dst && is_address(src)) {
        return;
    }
    for (uint8_t family = 4; family <= 6; family += 2) {
        asked.family = family;
        if (both & (family == 4 ? 1u : 2u) && (family == 4 || six)) {
            check_ports(w, rows, asked, src == dst);
        }
    }
    if (!a && !b) {
        asked.family = 0;
        check_ports(w, rows, asked, src == dst);
    }
}

static void check_witnesses(struct world *w, const struct rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        struct netpol_verdict verdict;
        assert_int_equal(netpol_eval(w->view, &rows->items[i].witness, &verdict), NETPOL_OK);
        assert_int_equal(verdict.action, rows->items[i].change.before);
        assert_int_not_equal(rows->items[i].change.before, rows->items[i].change.after);
        assert_true(rows->items[i].change.pairs > 0);
    }
}

static void open_side(struct world *w, const struct cluster *c, int side, struct text *text)
{
    world_open(w);
    write_cluster(text, c, side);
    if (world_load(w, text->text) != NETPOL_OK) {
        fail_msg("%s:\n%s", netpol_diags_at(w->diags, 0)->message, text->text);
    }
    if (c->range) {
        assert_int_equal(netpol_store_add_pod_range(w->store, "10.0.0.32/28"), NETPOL_OK);
    }
    assert_int_equal(world_try_compile(w, "kubernetes", c->team ? NULL : "self_traffic=judge"),
                     NETPOL_OK);
}

/* Returns how many rows there were. */
static uint32_t check_cluster(uint32_t seed, struct text *text, struct rows *rows)
{
    struct cluster c[2];
    struct world w[2];
    struct ends ends;
    chance = seed * 2654435761u + 1;
    bool show = getenv("DIFF_SHOW"), named = false;
    make_cluster(&c[0]);
    c[1] = c[0];
    change_cluster(&c[1]);
    for (int side = 0; side < 2; side++) {
        open_side(&w[side], &c[side], side, text);
        named = named || strstr(text->text, "cidr: \"fd00::");
        if (show) {
            fputs(text->text, stderr);
        }
    }
    rows->count = 0;
    assert_int_equal(netpol_diff(w[0].matcher, w[1].matcher, NULL, take_row, rows, NULL),
                     NETPOL_OK);
    check_witnesses(&w[0], rows);
    list_ends(c, &ends);
    for (uint32_t i = 0; i < ends.count; i++) {
        for (uint32_t j = 0; j < ends.count; j++) {
            check_pair(w, rows, &ends.items[i], &ends.items[j], somebody_speaks6(&ends, named));
        }
    }
    world_close(&w[0]);
    world_close(&w[1]);
    return rows->count;
}

static void test_is_brute_force(void **state)
{
    (void)state;
    static struct text text;
    struct rows rows = {0};
    uint32_t first = getenv("DIFF_SEED") ? (uint32_t)atoi(getenv("DIFF_SEED")) : 1;
    uint32_t count = getenv("DIFF_SEEDS") ? (uint32_t)atoi(getenv("DIFF_SEEDS")) : 60;
    uint32_t all = 0, empty = 0;
    rows.items = calloc(MAX_ROWS, sizeof *rows.items);
    assert_non_null(rows.items);
    for (uint32_t seed = first; seed < first + count; seed++) {
        fprintf(stderr, "seed %u\n", seed);
        uint32_t found = check_cluster(seed, &text, &rows);
        all += found;
        empty += found == 0;
    }
    free(rows.items);
    assert_true(all > count);
    assert_true(empty < count / 2);
}

/* ---- by hand ---- */

static const char base[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: cart, namespace: shop, labels: {app: cart}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n---\n"
    "apiVersion: v1\nkind: Pod\nmetadata: {name: pay, namespace: shop, labels: {app: pay}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.2}\n---\n"
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: pay, namespace: shop}\nspec:\n  podSelector: {matchLabels: {app: pay}}\n"
    "  ingress:\n  - from: [{podSelector: {matchLabels: {app: cart}}}]\n"
    "    ports: [{protocol: TCP, port: %s}]\n";

static void open_base(struct world *w, const char *port)
{
    char text[2048];
    snprintf(text, sizeof text, base, port);
    world_open(w);
    assert_int_equal(world_load(w, text), NETPOL_OK);
    world_compile(w);
}

struct copy {
    uint32_t count;
    char lines[8][512];
};

static int copy_row(void *user, const struct netpol_change *change)
{
    struct copy *copy = user;
    const struct netpol_rule_info *was = change->before_rules[1], *is = change->after_rules[1];
    assert_true(copy->count < 8);
    snprintf(copy->lines[copy->count++], sizeof copy->lines[0],
             "%s > %s %d/%d-%d %s > %s, %s %s %s > %s %s", change->src, change->dst,
             change->span.protocol, change->span.first, change->span.last,
             netpol_action_text(change->before), netpol_action_text(change->after),
             was ? was->policy : "-", was ? was->rule : "-", was ? was->position : "-",
             is ? is->policy : "-", is ? is->rule : "-");
    return 0;
}

static void test_says_what_and_why(void **state)
{
    (void)state;
    struct world old, now;
    struct copy copy = {0};
    open_base(&old, "80");
    open_base(&now, "90");
    assert_int_equal(netpol_diff(old.matcher, now.matcher, NULL, copy_row, &copy, NULL), NETPOL_OK);
    assert_int_equal(copy.count, 2);
    assert_string_equal(copy.lines[0],
                        "shop/cart > shop/pay 6/80-80 allow > deny, NetworkPolicy/shop/pay "
                        "spec.ingress[0] test.yaml:19:5 > NetworkPolicy/shop/pay spec");
    assert_has(copy.lines[1], "shop/cart > shop/pay 6/90-90 deny > allow");
    world_close(&old);
    world_close(&now);
}

static void test_equal_sets_have_no_rows(void **state)
{
    (void)state;
    struct world old, now;
    struct copy copy = {0};
    open_base(&old, "80");
    open_base(&now, "80");
    assert_int_equal(netpol_diff(old.matcher, now.matcher, NULL, copy_row, &copy, NULL), NETPOL_OK);
    assert_int_equal(netpol_diff(old.matcher, old.matcher, NULL, copy_row, &copy, NULL), NETPOL_OK);
    assert_int_equal(copy.count, 0);
    world_close(&old);
    world_close(&now);
}

static int stop(void *user, const struct netpol_change *change)
{
    (void)change;
    return ++*(int *)user;
}

static void test_arguments(void **state)
{
    (void)state;
    struct world old, now;
    int calls = 0;
    struct netpol_diff_options wrong = {.size = 1};
    open_base(&old, "80");
    open_base(&now, "90");
    assert_int_equal(netpol_diff(NULL, now.matcher, NULL, stop, &calls, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_diff(old.matcher, NULL, NULL, stop, &calls, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_diff(old.matcher, now.matcher, NULL, NULL, &calls, NULL),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_diff(old.matcher, now.matcher, &wrong, stop, &calls, NULL),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(calls, 0);
    assert_int_equal(netpol_diff(old.matcher, now.matcher, NULL, stop, &calls, NULL),
                     NETPOL_ERR_IO);
    assert_int_equal(calls, 1);
    world_close(&old);
    world_close(&now);
}

/* Whichever allocation fails: ERR_MEMORY, and nothing is lost. */
static void test_memory_runs_out(void **state)
{
    (void)state;
    struct world old, now;
    open_base(&old, "80");
    open_base(&now, "90");
    size_t before = old.memory.calls;
    struct copy copy = {0};
    assert_int_equal(netpol_diff(old.matcher, now.matcher, NULL, copy_row, &copy, NULL), NETPOL_OK);
    size_t calls = old.memory.calls - before, failed = 0;
    for (size_t i = 1; i <= calls; i++) {
        size_t held = old.memory.blocks;
        copy.count = 0;
        old.memory.fail_at = old.memory.calls + i;
        int status = netpol_diff(old.matcher, now.matcher, NULL, copy_row, &copy, NULL);
        assert_true(status == NETPOL_ERR_MEMORY || status == NETPOL_OK);
        failed += status == NETPOL_ERR_MEMORY;
        old.memory.fail_at = 0;
        assert_int_equal(old.memory.blocks, held);
    }
    assert_true(failed > calls / 2);
    world_close(&old);
    world_close(&now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_says_what_and_why), cmocka_unit_test(test_equal_sets_have_no_rows),
        cmocka_unit_test(test_arguments),         cmocka_unit_test(test_memory_runs_out),
        cmocka_unit_test(test_is_brute_force),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
