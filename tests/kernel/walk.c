/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel against the library: images of random clusters are copied into the map, and a program
 * of the kernel must say of every tuple what netpol_eval says, part by part.
 */
#include "../unit/analyze/diff_cluster.h"

#include "image/image.h"
#include "walk.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CLUSTERS = 50, TUPLES = 200, SKIPPED = 77 };

struct kernel {
    struct bpf_object *object;
    int program;
    unsigned char *image; /* the map's value, as user space sees it */
};

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
    return level == LIBBPF_WARN && getenv("WALK_SHOW") ? vfprintf(stderr, format, args) : 0;
}

/* 0, or a negative errno. */
static int kernel_open(struct kernel *k)
{
    libbpf_set_print(quiet);
    k->object = bpf_object__open_file(NETPOL_WALK, NULL);
    if (!k->object) {
        return -errno;
    }
    int status = bpf_object__load(k->object);
    if (status != 0) {
        return status;
    }
    k->program = bpf_program__fd(bpf_object__find_program_by_name(k->object, "walk"));
    int map = bpf_map__fd(bpf_object__find_map_by_name(k->object, "images"));
    k->image = mmap(NULL, WALK_IMAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
    return k->image == MAP_FAILED ? -errno : 0;
}

static void kernel_close(struct kernel *k)
{
    if (k->image && k->image != MAP_FAILED) {
        munmap(k->image, WALK_IMAGE_BYTES);
    }
    bpf_object__close(k->object);
}

static void kernel_load(struct kernel *k, const struct netpol_matcher *matcher)
{
    size_t size = 0;
    const struct np_image_header *header = netpol_matcher_image(matcher, &size);
    assert_non_null(header);
    assert_true(header->hot_bytes <= size);
    assert_true(header->hot_bytes <= WALK_IMAGE_BYTES - 64);
    memset(k->image, 0, WALK_IMAGE_BYTES);
    memcpy(k->image, header, header->hot_bytes);
}

static void kernel_ask(struct kernel *k, const struct netpol_tuple *tuple, struct walk_call *call)
{
    *call = (struct walk_call){.tuple = *tuple};
    struct bpf_test_run_opts options = {
        .sz = sizeof options, .ctx_in = call, .ctx_size_in = sizeof *call};
    assert_int_equal(bpf_prog_test_run_opts(k->program, &options), 0);
}

/* ---- questions ---- */

static void draw_address(const struct cluster *c, uint8_t out[16])
{
    static const uint8_t some[][4] = {
        {10,  9,   0,   0  },
        {10,  9,   0,   1  },
        {10,  0,   0,   40 },
        {10,  255, 3,   4  },
        {8,   8,   8,   8  },
        {0,   0,   0,   0  },
        {203, 0,   113, 7  },
        {255, 255, 255, 255}
    };
    const struct pod *pod = &c->pods[draw(c->n_pods)];
    memset(out, 0, 16);
    if (draw(4) && pod->address4[0]) {
        out[0] = 10;
        out[3] = (uint8_t)atoi(pod->address4 + strlen("10.0.0."));
    } else {
        memcpy(out, some[draw(8)], 4);
    }
}

static struct netpol_tuple draw_tuple(const struct cluster *c)
{
    static const uint16_t ports[] = {0, 1, 53, 79, 80, 81, 443, 8080, 8085, 8090, 8091, 65535};
    static const uint8_t protocols[] = {6, 6, 6, 17, 17, 132, 1, 47, 33, 58};
    struct netpol_tuple tuple = {.family = 4,
                                 .protocol = protocols[draw(10)],
                                 .src_port = (uint16_t)draw(65536),
                                 .dst_port = ports[draw(12)]};
    draw_address(c, tuple.src);
    draw_address(c, tuple.dst);
    if (tuple.protocol == 1) {
        tuple.icmp_type = 8;
    }
    return tuple;
}

static void compare_part(const struct netpol_part *kernel, const struct netpol_part *library)
{
    assert_int_equal(kernel->action, library->action);
    assert_int_equal(kernel->reason, library->reason);
    assert_int_equal(kernel->flags, library->flags);
    assert_int_equal(kernel->rule, library->rule);
    assert_int_equal(kernel->staged, library->staged);
}

/* Returns whether the kernel left it to user space. */
static bool compare(struct kernel *k, struct world *w, const struct netpol_tuple *tuple,
                    uint32_t actions[NETPOL_ACTION_COUNT])
{
    struct netpol_verdict verdict;
    struct walk_call call;
    assert_int_equal(netpol_eval(w->view, tuple, &verdict), NETPOL_OK);
    kernel_ask(k, tuple, &call);
    if (call.status != WALK_ANSWERED) {
        return true;
    }
    assert_int_equal(call.action, verdict.action);
    compare_part(&call.parts[0], &verdict.egress);
    compare_part(&call.parts[1], &verdict.ingress);
    compare_part(&call.parts[2], &verdict.mesh);
    actions[verdict.action]++;
    return false;
}

static void open_cluster(struct world *w, struct cluster *c, uint32_t seed, struct text *text)
{
    chance = seed * 2654435761u + 1;
    make_cluster(c);
    write_cluster(text, c, 0);
    world_open(w);
    assert_int_equal(world_load(w, text->text), NETPOL_OK);
    world_compile(w);
}

static void test_kernel_agrees(void **state)
{
    static struct text text;
    struct kernel *k = *state;
    uint32_t actions[NETPOL_ACTION_COUNT] = {0}, left = 0;
    for (uint32_t seed = 1; seed <= CLUSTERS; seed++) {
        struct world w;
        struct cluster c;
        open_cluster(&w, &c, seed, &text);
        kernel_load(k, w.matcher);
        for (uint32_t i = 0; i < TUPLES; i++) {
            struct netpol_tuple tuple = draw_tuple(&c);
            left += compare(k, &w, &tuple, actions);
        }
        world_close(&w);
    }
    print_message("%u allowed, %u denied, %u unknown, %u left to user space\n",
                  actions[NETPOL_ALLOW], actions[NETPOL_DENY], actions[NETPOL_UNKNOWN], left);
    assert_true(actions[NETPOL_ALLOW] > 1000);
    assert_true(actions[NETPOL_DENY] > 1000);
    assert_int_equal(left, 0);
}

/* What it cannot answer it says so, and never an allow. */
static void test_kernel_leaves_the_rest(void **state)
{
    static struct text text;
    struct kernel *k = *state;
    struct world w;
    struct cluster c;
    struct walk_call call;
    struct netpol_tuple six = {.family = 6, .protocol = 6},
                        fragment = {
                            .family = 4, .protocol = 6, .flags = NETPOL_TUPLE_LATER_FRAGMENT};
    open_cluster(&w, &c, 1, &text);
    kernel_load(k, w.matcher);
    kernel_ask(k, &six, &call);
    assert_int_equal(call.status, WALK_LEFT);
    kernel_ask(k, &fragment, &call);
    assert_int_equal(call.status, WALK_LEFT);
    world_close(&w);
}

int main(void)
{
    static struct kernel k;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_kernel_agrees, &k),
        cmocka_unit_test_prestate(test_kernel_leaves_the_rest, &k),
    };
    int status = kernel_open(&k);
    if (status == -EPERM || status == -EACCES || status == -ENOSYS) {
        /* the verifier, too, refuses with EACCES: then only those who may load are told */
        bool may_load = status == -EACCES && geteuid() == 0;
        if (!may_load) {
            fprintf(stderr, "SKIP: programs may not be loaded into the kernel here\n");
            kernel_close(&k);
            return SKIPPED;
        }
    }
    if (status != 0) {
        fprintf(stderr, "the kernel refuses the walk: %s (WALK_SHOW=1 shows why)\n",
                strerror(-status));
        kernel_close(&k);
        return 1;
    }
    status = cmocka_run_group_tests(tests, NULL, NULL);
    kernel_close(&k);
    return status;
}
