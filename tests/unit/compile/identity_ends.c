/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Identities of ends, and what opening an image checks of them. Sources: pkg/ipcache (longest
 * prefix, what is nearer wins), pkg/identity/reserved.go. What cannot be told is 0.
 */
#include "identities.h"

/* ---- who an end is ---- */

static uint32_t at(const struct world *w, const char *text)
{
    struct np_address address;
    uint32_t number = 9999;
    assert_int_equal(np_address_parse(np_slice_of(text), &address, NULL), 0);
    assert_int_equal(netpol_identity_of(w->view, 0, address.family, address.bytes, &number),
                     NETPOL_OK);
    return number;
}

/* By the model: its own pod, else by the naive longest prefix. */
static uint32_t naive_outside(const struct netpol_matcher *matcher,
                              const struct np_address *address)
{
    uint32_t number = NETPOL_IDENTITY_WORLD, length = 0;
    for (size_t i = 0; i < netpol_identity_count(matcher); i++) {
        struct netpol_identity one;
        struct np_prefix prefix = {.address = {.family = 0}};
        assert_int_equal(netpol_identity_at(matcher, i, &one), NETPOL_OK);
        prefix.address.family = one.family;
        prefix.length = one.length;
        memcpy(prefix.address.bytes, one.address, sizeof one.address);
        if (one.family && np_prefix_has(&prefix, address) && one.length >= length) {
            number = one.number;
            length = one.length;
        }
    }
    return number;
}

static void addresses_have_the_longest_prefix(void **state)
{
    struct world w;
    uint32_t seed = 5;
    char text[2000];
    (void)state;
    open_cluster(&w);
    for (unsigned i = 0; i < 40; i++) { /* nested, beside each other, in both families */
        unsigned length = 9 + draw(&seed, 24);
        unsigned b = draw(&seed, 3), c = draw(&seed, 3);
        unsigned host = draw(&seed, 8);
        snprintf(text, sizeof text, BLOCK("q%u", "11.%u.%u.%u/%u", "11.%u.%u.%u/32"), i, b, c, host,
                 length, b, c, host);
        (void)world_load(&w, text); /* some have bits behind their length, which is a warning */
    }
    static const char six[] = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                              "metadata: {name: six, namespace: ns}\nspec:\n  podSelector: {}\n"
                              "  ingress: [{from: [{ipBlock: {cidr: \"2001:db8::/32\", except: "
                              "[\"2001:db8:1::/48\"]}}, {ipBlock: {cidr: \"0.0.0.0/0\"}}]}]\n";
    assert_int_equal(world_load(&w, six), NETPOL_OK);
    compile_next(&w);
    assert_in_range(netpol_identity_count(w.matcher), 60, 100);
    for (unsigned i = 0; i < 5000; i++) {
        struct np_address address = {
            .family = 4,
            .bytes = {11, (uint8_t)draw(&seed, 3), (uint8_t)draw(&seed, 3),
                      (uint8_t)draw(&seed, 9)}
        };
        uint32_t number;
        assert_int_equal(netpol_identity_of(w.view, 0, 4, address.bytes, &number), NETPOL_OK);
        assert_int_equal(number, naive_outside(w.matcher, &address));
    }
    assert_int_equal(at(&w, "2001:db8::1"), number_of(w.matcher, "cidr:2001-db8--0/32"));
    assert_int_equal(at(&w, "2001:db8:1::1"), number_of(w.matcher, "cidr:2001-db8-1--0/48"));
    assert_int_equal(at(&w, "2001:db9::1"), NETPOL_IDENTITY_WORLD);
    assert_int_equal(at(&w, "8.8.8.8"), NETPOL_IDENTITY_WORLD); /* 0.0.0.0/0 is the world */
    world_close(&w);
}

/* Addresses that a CiliumNode tells: neither the world, nor of a range that holds them. */
static void proxies_are_not_outside(void **state)
{
    static const char node[] =
        "apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: far}\nspec: {health: {ipv4: "
        "10.0.0.9}, ingress: {ipv4: 172.31.0.9}}\n---\n" BLOCK("q", "172.31.0.0/16",
                                                               "172.31.1.0/24");
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, node), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(at(&w, "10.0.0.9"), NETPOL_IDENTITY_UNKNOWN);
    assert_int_equal(at(&w, "172.31.0.9"), NETPOL_IDENTITY_UNKNOWN);
    assert_int_equal(at(&w, "172.31.0.8"), number_of(w.matcher, "cidr:172.31.0.0/16"));
    world_close(&w);
}

static void ends_have_identities(void **state)
{
    struct world w;
    uint32_t src, dst;
    (void)state;
    open_cluster(&w);
    assert_int_equal(at(&w, "10.0.0.1"), 257);
    assert_int_equal(at(&w, "10.0.0.2"), 256);
    assert_int_equal(at(&w, "10.0.0.3"), 257);                     /* equal labels */
    assert_int_equal(at(&w, "10.0.0.9"), NETPOL_IDENTITY_UNKNOWN); /* of the range, nobody's */
    assert_int_equal(at(&w, "192.168.0.1"), NETPOL_IDENTITY_REMOTE_NODE);
    assert_int_equal(at(&w, "::ffff:10.0.0.1"), 257);
    struct netpol_tuple tuple = {
        .src = {10,  0,   0, 1},
          .dst = {192, 168, 0, 1},
          .family = 4, .protocol = 6
    };
    assert_int_equal(netpol_identity_ends(w.view, &tuple, NETPOL_SIDE_EGRESS, &src, &dst),
                     NETPOL_OK);
    assert_int_equal(src, 257);
    assert_int_equal(dst, NETPOL_IDENTITY_HOST); /* the pod's own node */
    tuple.dst[3] = 2;
    assert_int_equal(netpol_identity_ends(w.view, &tuple, NETPOL_SIDE_EGRESS, &src, &dst),
                     NETPOL_OK);
    assert_int_equal(dst, NETPOL_IDENTITY_REMOTE_NODE);
    assert_int_equal(netpol_identity_ends(w.view, &tuple, NETPOL_SIDE_INGRESS, &src, &dst),
                     NETPOL_OK);
    assert_int_equal(dst, NETPOL_IDENTITY_HOST); /* seen by itself */
    tuple.dst[0] = 8;
    assert_int_equal(netpol_identity_ends(w.view, &tuple, NETPOL_SIDE_EGRESS, &src, &dst),
                     NETPOL_OK);
    assert_int_equal(dst, NETPOL_IDENTITY_WORLD);
    tuple.reserved = 1;
    assert_int_equal(netpol_identity_ends(w.view, &tuple, NETPOL_SIDE_EGRESS, &src, &dst),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_ends(w.view, &tuple, 3, &src, &dst), NETPOL_ERR_ARGUMENT);
    /* the same from the image alone */
    struct netpol_matcher *opened = reopened(&w, w.matcher);
    use(&w, opened);
    assert_int_equal(at(&w, "10.0.0.1"), 257);
    assert_int_equal(at(&w, "8.8.8.8"), NETPOL_IDENTITY_WORLD);
    world_close(&w);
}

static void shared_addresses_agree_or_are_unknown(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    assert_int_equal(world_load(&w, cluster), NETPOL_OK);
    assert_int_equal(world_load(&w, POD("d", "web", "10.0.0.1") POD("e", "other", "10.0.0.2")),
                     NETPOL_OK);
    compile_next(&w);
    assert_int_equal(at(&w, "10.0.0.1"), number_of(w.matcher, "app=web"));
    assert_int_equal(at(&w, "10.0.0.2"), NETPOL_IDENTITY_UNKNOWN);
    world_close(&w);
}

static void two_families_make_two_worlds(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, POD("d", "web", "fd00::1")), NETPOL_OK);
    assert_int_equal(world_load(&w, BLOCK("p", "8.8.0.0/16", "8.8.8.0/24")), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(at(&w, "9.9.9.9"), NETPOL_IDENTITY_WORLD_IPV4);
    assert_int_equal(at(&w, "2001::1"), NETPOL_IDENTITY_WORLD_IPV6);
    uint32_t number = number_of(w.matcher, "cidr:8.8.0.0/16;reserved:world-ipv4;");
    assert_int_equal(at(&w, "8.8.1.1"), number);
    /* the pod goes, the world is one again, the prefix keeps its number */
    assert_int_equal(netpol_store_remove(w.store, "", "Pod", "ns", "d"), NETPOL_OK);
    compile_next(&w);
    assert_int_equal(at(&w, "2001::1"), NETPOL_IDENTITY_WORLD);
    assert_int_equal(number_of(w.matcher, "cidr:8.8.0.0/16;reserved:world;"), number);
    world_close(&w);
}

/* What was said of a pod since the compile may have changed its labels. */
static void written_endpoints_are_unknown_until_the_next_compile(void **state)
{
    struct world w;
    struct netpol_endpoints *endpoints = NULL;
    const char *addresses[] = {"10.0.0.1"};
    struct netpol_label label = {"app", "web"};
    struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                        .namespace_name = "ns",
                                        .name = "a",
                                        .node = "n1",
                                        .labels = &label,
                                        .n_labels = 1,
                                        .addresses = addresses,
                                        .n_addresses = 1};
    (void)state;
    open_cluster(&w);
    uint64_t ref = netpol_view_find(w.view, "ns", "a");
    assert_int_equal(netpol_endpoints_create(w.matcher, &endpoints), NETPOL_OK);
    netpol_view_destroy(w.view);
    assert_int_equal(netpol_view_create(w.matcher, endpoints, &w.view), NETPOL_OK);
    assert_int_equal(at(&w, "10.0.0.1"), 257);
    assert_true(netpol_endpoints_put(endpoints, ref, &spec) >= 0);
    assert_int_equal(at(&w, "10.0.0.1"), NETPOL_IDENTITY_UNKNOWN);
    assert_int_equal(at(&w, "10.0.0.3"), 257);
    addresses[0] = "10.0.0.8"; /* one that is new */
    assert_true(netpol_endpoints_put(endpoints, 4711, &spec) >= 0);
    assert_int_equal(at(&w, "10.0.0.8"), NETPOL_IDENTITY_UNKNOWN);
    assert_int_equal(netpol_endpoints_remove(endpoints, ref), NETPOL_OK);
    assert_int_equal(at(&w, "10.0.0.1"), NETPOL_IDENTITY_UNKNOWN);
    netpol_view_destroy(w.view);
    w.view = NULL;
    netpol_endpoints_destroy(endpoints);
    world_close(&w);
}

static void arguments_are_checked(void **state)
{
    struct world w;
    struct netpol_identity identity;
    struct netpol_tuple tuple = {
        .src = {10, 0, 0, 1},
          .dst = {10, 0, 0, 2},
          .family = 4
    };
    static const uint8_t address[16] = {10, 0, 0, 1};
    uint32_t number;
    size_t at_index;
    (void)state;
    open_cluster(&w);
    assert_int_equal(netpol_identity_count(NULL), 0);
    assert_int_equal(netpol_identity_at(NULL, 0, &identity), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_at(w.matcher, 0, NULL), NETPOL_ERR_ARGUMENT);
    assert_null(netpol_identity_label(NULL, 0, 0));
    assert_null(netpol_identity_label(w.matcher, 4711, 0));
    assert_int_equal(netpol_identity_find(NULL, 1, &at_index), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_find(w.matcher, 1, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_ends(NULL, &tuple, 0, &number, &number), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_ends(w.view, NULL, 0, &number, &number), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_ends(w.view, &tuple, 0, NULL, &number), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_of(w.view, 0, 4, NULL, &number), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_of(w.view, 0, 4, address, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_of(NULL, 0, 4, address, &number), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_of(w.view, 0, 9, address, &number), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_identity_of(w.view, 4711, 0, NULL, &number), NETPOL_OK);
    assert_int_equal(number, NETPOL_IDENTITY_UNKNOWN);
    assert_string_equal(netpol_identity_kind_text(NETPOL_IDENTITY_PREFIX), "prefix");
    assert_string_equal(netpol_identity_kind_text(-1), "?");
    assert_string_equal(netpol_identity_kind_text(NETPOL_IDENTITY_KIND_COUNT), "?");
    world_close(&w);
}

/* ---- what an image may not say ---- */

static int open_changed(struct world *w, size_t offset, uint32_t value)
{
    size_t size;
    const void *bytes = netpol_matcher_image(w->matcher, &size);
    uint64_t *copy = malloc(size);
    struct np_image image;
    memcpy(copy, bytes, size);
    memcpy((char *)copy + offset, &value, sizeof value);
    struct np_image_header *header = (struct np_image_header *)(void *)copy;
    header->checksum = np_image_checksum(copy, size);
    int status = np_image_open(copy, size, &image, NULL);
    free(copy);
    return status;
}

static void refuse(struct world *w, size_t offset, uint32_t value)
{
    if (open_changed(w, offset, value) != NETPOL_ERR_INPUT) {
        fail_msg("%u at %zu", value, offset);
    }
}

static void broken_tables_are_refused(void **state)
{
    struct world w;
    (void)state;
    open_cluster(&w);
    assert_int_equal(world_load(&w, BLOCK("p", "8.8.0.0/16", "8.8.8.0/24")), NETPOL_OK);
    compile_next(&w);
    const struct np_image *image = &w.matcher->image;
    const struct np_image_section *sections = image->header->sections;
    size_t records = sections[NP_SECTION_IDENTITIES].offset,
           labels = sections[NP_SECTION_IDENTITY_LABELS].offset,
           prefixes = sections[NP_SECTION_IDENTITY_PREFIXES].offset,
           endpoints = sections[NP_SECTION_ENDPOINTS].offset;
    const size_t size = sizeof(struct np_identity_record);
    assert_int_equal(open_changed(&w, records + 10 * size, 256), NETPOL_OK); /* as it is */
    /* numbers: twice, reserved, of the wrong kind */
    refuse(&w, records + 10 * size, 257);
    refuse(&w, records + 10 * size, 255);
    refuse(&w, records + 10 * size, 65536);
    refuse(&w, records + 12 * size, 1 << 24);
    /* labels, their count, kind, prefix */
    refuse(&w, records + 10 * size + 4, 1 << 30);
    refuse(&w, records + 10 * size + 8, 1 << 30);
    refuse(&w, records + 10 * size + 12, 3);
    refuse(&w, records + 12 * size + 12, 2 | 4 << 8 | 33 << 16);
    refuse(&w, records + 12 * size + 12, 2 | 5 << 8 | 16 << 16);
    refuse(&w, records + 12 * size + 12, 2 | 4 << 8 | 8 << 16);
    /* order and nesting of prefixes */
    refuse(&w, labels, UINT32_MAX);
    refuse(&w, prefixes, 3);
    refuse(&w, prefixes, 13);
    refuse(&w, prefixes + 4, 1);
    refuse(&w, prefixes + 12, 0);
    /* of an endpoint; where to go on */
    refuse(&w, endpoints + offsetof(struct np_endpoint_record, identity), 300);
    refuse(&w, offsetof(struct np_image_header, next_identity), 12);
    refuse(&w, offsetof(struct np_image_header, next_prefix), 12);
    world_close(&w);
}

static void memory_may_end_anywhere(void **state)
{
    struct world w;
    size_t n = 1;
    (void)state;
    open_cluster(&w);
    assert_int_equal(
        world_load(&w, BLOCK("p", "8.8.0.0/16", "8.8.8.0/24") POD("d", "x", "10.0.0.7")),
        NETPOL_OK);
    for (bool last = false; !last; n++) {
        struct netpol_matcher *next = NULL;
        w.memory.calls = 0;
        w.memory.fail_at = n;
        int status = compile_from(&w, w.matcher, "cilium", &next);
        w.memory.fail_at = 0;
        assert_true(status == NETPOL_OK || status == NETPOL_ERR_MEMORY);
        last = status == NETPOL_OK && w.memory.calls < n;
        if (status == NETPOL_OK) {
            assert_int_equal(netpol_identity_count(next), 10 + 3 + 2);
            assert_int_equal(number_of(next, "app=x"), 258);
        }
        netpol_matcher_unref(next);
    }
    assert_in_range(n, 50, 99999);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_have_the_longest_prefix),
        cmocka_unit_test(ends_have_identities),
        cmocka_unit_test(proxies_are_not_outside),
        cmocka_unit_test(shared_addresses_agree_or_are_unknown),
        cmocka_unit_test(two_families_make_two_worlds),
        cmocka_unit_test(written_endpoints_are_unknown_until_the_next_compile),
        cmocka_unit_test(arguments_are_checked),
        cmocka_unit_test(broken_tables_are_refused),
        cmocka_unit_test(memory_may_end_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
