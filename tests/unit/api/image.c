/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images over the public API: what was saved and opened again answers as the matcher it came from,
 * and says the same of its decisions; what is no image is refused.
 */
#include "np_world.h"

#include <unistd.h>

static const char cluster[] =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: blue}}\n"
    "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIPs: [{ip: 10.0.0.1}, {ip: 'fd00::1'}]}\n"
    "---\napiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: shop, labels: {app: api}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIPs: [{ip: 10.0.0.2}, {ip: 'fd00::2'}]}\n"
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: api, namespace: shop}\nspec:\n"
    "  podSelector: {matchLabels: {app: api}}\n  policyTypes: [Ingress, Egress]\n  ingress:\n"
    "  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 80}]\n"
    "  - from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}]\n"
    "    ports: [{port: 443, endPort: 500}]\n"
    "  egress:\n  - to: [{ipBlock: {cidr: '2001:db8::/32'}}]\n";

static void set_up(struct world *w)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    world_compile(w);
}

static const uint8_t four[][16] = {
    {10,  0,  0,   1  },
    {10,  0,  0,   2  },
    {192, 0,  2,   7  },
    {192, 0,  2,   200},
    {198, 51, 100, 1  }
};
static const uint8_t six[][16] = {
    {0xfd,  [15] = 1},
    {0xfd,  [15] = 2},
    {0x20,  1,        0xd, 0xb8, [15] = 1},
    {0x20, 2},
    {0xfd,  [15] = 9        }
};

/* Both views answer alike, but for the generation. Returns how many connections may pass. */
static size_t compare(const struct netpol_view *one, const struct netpol_view *other)
{
    static const uint16_t ports[] = {79, 80, 443, 500, 501};
    size_t allowed = 0;
    for (unsigned i = 0; i < 2 * 5 * 5 * 5 * 2; i++) {
        struct netpol_tuple tuple = {
            .family = i % 2 ? 6 : 4, .protocol = i / 250 ? 17 : 6, .dst_port = ports[i / 50 % 5]};
        memcpy(tuple.src, i % 2 ? six[i / 2 % 5] : four[i / 2 % 5], 16);
        memcpy(tuple.dst, i % 2 ? six[i / 10 % 5] : four[i / 10 % 5], 16);
        struct netpol_verdict a, b;
        assert_int_equal(netpol_eval(one, &tuple, &a), NETPOL_OK);
        assert_int_equal(netpol_eval(other, &tuple, &b), NETPOL_OK);
        assert_int_not_equal(a.generation, b.generation);
        b.generation = a.generation;
        assert_memory_equal(&a, &b, sizeof a);
        allowed += a.action == NETPOL_ALLOW;
    }
    return allowed;
}

static void compare_rules(const struct netpol_matcher *one, const struct netpol_matcher *other)
{
    struct netpol_rule_info a, b;
    uint64_t generation = netpol_matcher_generation(one);
    uint32_t rule = 1;
    for (; netpol_rule_describe(one, rule, generation, &a) == NETPOL_OK; rule++) {
        assert_int_equal(netpol_rule_describe(other, rule, netpol_matcher_generation(other), &b),
                         NETPOL_OK);
        assert_string_equal(a.policy, b.policy);
        assert_string_equal(a.rule, b.rule);
        assert_string_equal(a.position, b.position);
        assert_int_equal(a.key, b.key);
    }
    assert_true(rule > 3);
    assert_int_equal(netpol_rule_describe(other, rule, netpol_matcher_generation(other), &b),
                     NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_rule_describe(other, 1, generation, &b), NETPOL_ERR_GENERATION);
}

static void assert_same(struct world *w, struct netpol_matcher *opened)
{
    struct netpol_view *view = NULL;
    assert_int_equal(netpol_view_create(opened, NULL, &view), NETPOL_OK);
    size_t allowed = compare(w->view, view);
    assert_true(allowed > 50 && allowed < 450);
    compare_rules(w->matcher, opened);
    assert_string_equal(netpol_matcher_option(opened, "mapped_v6"),
                        netpol_matcher_option(w->matcher, "mapped_v6"));
    netpol_view_destroy(view);
}

struct sink {
    unsigned char *bytes;
    size_t size, room;
};

static int keep(void *user, const char *bytes, size_t size)
{
    struct sink *sink = user;
    if (sink->size + size > sink->room) {
        return 1;
    }
    memcpy(sink->bytes + sink->size, bytes, size);
    sink->size += size;
    return 0;
}

static void a_saved_matcher_answers_as_before(void **state)
{
    (void)state;
    struct world w;
    struct netpol_matcher *opened = NULL;
    size_t size = 0;
    const char *why = NULL;
    set_up(&w);
    const void *image = netpol_matcher_image(w.matcher, &size);
    struct sink sink = {.bytes = malloc(size + 1), .room = size};
    assert_int_equal(netpol_matcher_save(w.matcher, keep, &sink), NETPOL_OK);
    assert_int_equal(sink.size, size);
    assert_memory_equal(sink.bytes, image, size);
    assert_int_equal(netpol_image_verify(image, size, &why), NETPOL_OK);
    memmove(sink.bytes + 1, sink.bytes, size); /* a copy is made: any address will do */
    assert_int_equal(netpol_matcher_open(w.ctx, sink.bytes + 1, size, 0, &why, &opened), NETPOL_OK);
    free(sink.bytes);
    assert_same(&w, opened);
    netpol_matcher_unref(opened);
    sink.room = sink.size + size - 1;
    sink.bytes = malloc(size);
    sink.size = size;
    assert_int_equal(netpol_matcher_save(w.matcher, keep, &sink), NETPOL_ERR_IO);
    free(sink.bytes);
    world_close(&w);
}

static void an_image_is_used_in_place(void **state)
{
    (void)state;
    struct world w;
    struct netpol_matcher *opened = NULL;
    size_t size = 0, kept = 0;
    set_up(&w);
    const void *image = netpol_matcher_image(w.matcher, &size);
    size_t before = w.memory.bytes;
    assert_int_equal(netpol_matcher_open(w.ctx, image, size, NETPOL_IMAGE_IN_PLACE, NULL, &opened),
                     NETPOL_OK);
    assert_true(w.memory.bytes - before < 8192);
    assert_ptr_equal(netpol_matcher_image(opened, &kept), image);
    assert_int_equal(kept, size);
    assert_same(&w, opened);
    netpol_matcher_unref(opened);
    world_close(&w);
}

static void a_file_is_mapped(void **state)
{
    (void)state;
    struct world w;
    struct netpol_matcher *opened = NULL;
    size_t size = 0;
    const char *why = NULL;
    char path[] = "/tmp/netpol-image-XXXXXX";
    set_up(&w);
    const void *image = netpol_matcher_image(w.matcher, &size);
    int fd = mkstemp(path);
    assert_int_equal(write(fd, image, size), size);
    assert_int_equal(netpol_matcher_map(w.ctx, path, 0, &why, &opened), NETPOL_OK);
    assert_same(&w, opened);
    netpol_matcher_unref(opened);
    assert_int_equal(ftruncate(fd, (off_t)size - 64), 0);
    close(fd);
    assert_int_equal(netpol_matcher_map(w.ctx, path, 0, &why, &opened), NETPOL_ERR_INPUT);
    assert_non_null(strstr(why, "truncated"));
    unlink(path);
    assert_int_equal(netpol_matcher_map(w.ctx, path, 0, &why, &opened), NETPOL_ERR_IO);
    world_close(&w);
}

static void what_is_no_image_is_refused(void **state)
{
    (void)state;
    struct world w;
    struct netpol_matcher *opened = NULL;
    size_t size = 0;
    const char *why = NULL;
    set_up(&w);
    const void *image = netpol_matcher_image(w.matcher, &size);
    uint64_t *copy = malloc(size);
    memcpy(copy, image, size);
    copy[size / 16] ^= 1;
    assert_int_equal(netpol_image_verify(copy, size, &why), NETPOL_ERR_INPUT);
    assert_non_null(strstr(why, "checksum"));
    assert_int_equal(netpol_matcher_open(w.ctx, copy, size, 0, NULL, &opened), NETPOL_ERR_INPUT);
    assert_int_equal(netpol_image_verify(copy, 8, &why), NETPOL_ERR_INPUT);
    assert_int_equal(netpol_image_verify((char *)copy + 1, size - 1, &why), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_image_verify(NULL, size, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(
        netpol_matcher_open(w.ctx, (char *)copy + 8, 8, NETPOL_IMAGE_IN_PLACE, &why, &opened),
        NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_matcher_open(w.ctx, image, size, 2, &why, &opened),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_matcher_open(NULL, image, size, 0, &why, &opened), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_matcher_map(w.ctx, NULL, 0, &why, &opened), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_matcher_save(NULL, keep, NULL), NETPOL_ERR_ARGUMENT);
    assert_null(netpol_matcher_image(NULL, &size));
    assert_int_equal(size, 0);
    assert_null(opened);
    free(copy);
    world_close(&w);
}

static void a_lack_of_memory_is_told(void **state)
{
    (void)state;
    struct world w;
    struct netpol_matcher *opened = NULL;
    size_t size = 0, failures = 0;
    set_up(&w);
    const void *image = netpol_matcher_image(w.matcher, &size);
    int status = NETPOL_ERR_MEMORY;
    while (status != NETPOL_OK) {
        w.memory.fail_at = w.memory.calls + failures + 1;
        status = netpol_matcher_open(w.ctx, image, size, 0, NULL, &opened);
        if (status != NETPOL_OK) {
            assert_int_equal(status, NETPOL_ERR_MEMORY);
            assert_null(opened);
            failures++;
        }
    }
    assert_int_equal(failures, 2);
    w.memory.fail_at = 0;
    netpol_matcher_unref(opened);
    world_close(&w);
}

static void the_figures_are_those_of_the_set(void **state)
{
    (void)state;
    struct world w;
    struct netpol_matcher *opened = NULL;
    struct netpol_matcher_stats stats = {.size = sizeof stats}, again = {.size = sizeof again};
    size_t size = 0;
    set_up(&w);
    const void *image = netpol_matcher_image(w.matcher, &size);
    assert_int_equal(netpol_matcher_stats(w.matcher, &stats), NETPOL_OK);
    assert_int_equal(stats.image_bytes, size);
    assert_true(stats.hot_bytes < stats.image_bytes && stats.endpoint_bytes < stats.hot_bytes);
    assert_int_equal(stats.policies, 1);
    assert_int_equal(stats.endpoints, 2);
    assert_int_equal(stats.addresses, 4);
    assert_true(stats.rules > 2 && stats.signatures > 4 && stats.classes > 2);
    assert_true(stats.port_classes > 2 && stats.cells > 2 && stats.parts > 2);
    assert_true(stats.compile_ns > 0 && stats.evaluated > 0);
    assert_true(strlen(stats.simd) > 0);
    assert_int_equal(netpol_matcher_open(w.ctx, image, size, NETPOL_IMAGE_IN_PLACE, NULL, &opened),
                     NETPOL_OK);
    assert_int_equal(netpol_matcher_stats(opened, &again), NETPOL_OK);
    assert_int_equal(again.compile_ns + again.evaluated + again.reused_groups, 0);
    again.compile_ns = stats.compile_ns;
    again.evaluated = stats.evaluated;
    assert_memory_equal(&again, &stats, sizeof stats);
    again.size--;
    assert_int_equal(netpol_matcher_stats(opened, &again), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_matcher_stats(NULL, &stats), NETPOL_ERR_ARGUMENT);
    netpol_matcher_unref(opened);
    world_close(&w);
}

static int no_row(void *user, const struct netpol_reach *reach)
{
    (void)user, (void)reach;
    fail();
    return 1;
}

/* What needs the model says so; connections are answered as before. */
static void without_a_model_there_are_verdicts_and_no_walks(void **state)
{
    (void)state;
    struct world w;
    struct netpol_matcher *opened = NULL;
    struct netpol_view *view = NULL;
    struct netpol_explanation *explanation = NULL;
    struct netpol_diags *diags = NULL;
    struct netpol_verdict verdict;
    struct netpol_tuple tuple = {.family = 4, .protocol = 6, .dst_port = 80};
    size_t size = 0;
    set_up(&w);
    const void *image = netpol_matcher_image(w.matcher, &size);
    assert_int_equal(netpol_matcher_open(w.ctx, image, size, 0, NULL, &opened), NETPOL_OK);
    assert_int_equal(netpol_view_create(opened, NULL, &view), NETPOL_OK);
    assert_int_equal(netpol_diags_create(w.ctx, &diags), NETPOL_OK);
    assert_int_equal(netpol_eval(view, &tuple, &verdict), NETPOL_OK);
    assert_int_equal(netpol_explain(view, NULL, &tuple, NULL, &explanation),
                     NETPOL_ERR_UNSUPPORTED);
    struct netpol_flow *flow = NULL;
    assert_int_equal(netpol_flow_create(view, NULL, &tuple, NULL, &flow), NETPOL_ERR_UNSUPPORTED);
    assert_int_equal(netpol_lint(opened, NULL, diags), NETPOL_ERR_UNSUPPORTED);
    assert_int_equal(netpol_list(view, NULL, no_row, NULL, NULL), NETPOL_ERR_UNSUPPORTED);
    netpol_diags_destroy(diags);
    netpol_view_destroy(view);
    netpol_matcher_unref(opened);
    world_close(&w);
}

static void the_same_store_gives_the_same_bytes(void **state)
{
    (void)state;
    struct world w, other;
    size_t size = 0, other_size = 0;
    set_up(&w);
    set_up(&other);
    const void *image = netpol_matcher_image(w.matcher, &size);
    const void *other_image = netpol_matcher_image(other.matcher, &other_size);
    assert_int_equal(size, other_size);
    assert_memory_equal(image, other_image, size);
    world_close(&other);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_saved_matcher_answers_as_before),
        cmocka_unit_test(an_image_is_used_in_place),
        cmocka_unit_test(a_file_is_mapped),
        cmocka_unit_test(what_is_no_image_is_refused),
        cmocka_unit_test(a_lack_of_memory_is_told),
        cmocka_unit_test(the_figures_are_those_of_the_set),
        cmocka_unit_test(without_a_model_there_are_verdicts_and_no_walks),
        cmocka_unit_test(the_same_store_gives_the_same_bytes),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
