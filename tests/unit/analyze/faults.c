/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lints and list over the example cluster, and lints and a dump over policies of Calico, while
 * every allocation fails in turn: a status, no leak, no crash; and a callback that stops.
 */
#include "np_cmocka.h"

#include <netpol/netpol.h>
#include <stdbool.h>

#define CLUSTER NETPOL_SOURCE_DIR "/examples/cluster"
#define CALICO  NETPOL_SOURCE_DIR "/tests/lints/order-tie/near-miss-calico/case.yaml"

struct fixture {
    struct counting counting;
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    struct netpol_matcher *matcher;
    struct netpol_view *view;
};

static int open_set(void **state, const char *path, const char *profile)
{
    static struct fixture f;
    struct netpol_store *store = NULL;
    struct netpol_compile_options options = {.size = sizeof options, .profile = profile};
    f = (struct fixture){0};
    f.ctx = counting_ctx(&f.counting, NULL);
    assert_non_null(f.ctx);
    assert_int_equal(netpol_diags_create(f.ctx, &f.diags), NETPOL_OK);
    assert_int_equal(netpol_store_create(f.ctx, &store), NETPOL_OK);
    assert_int_equal(netpol_store_load_path(store, path, NULL, f.diags), NETPOL_OK);
    assert_int_equal(netpol_compile(store, &options, f.diags, &f.matcher), NETPOL_OK);
    assert_int_equal(netpol_view_create(f.matcher, NULL, &f.view), NETPOL_OK);
    netpol_store_destroy(store);
    netpol_diags_clear(f.diags);
    *state = &f;
    return 0;
}

static int setup(void **state)
{
    return open_set(state, CLUSTER, "kubernetes");
}

static int setup_calico(void **state)
{
    return open_set(state, CALICO, "calico");
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    netpol_view_destroy(f->view);
    netpol_matcher_unref(f->matcher);
    netpol_diags_destroy(f->diags);
    netpol_ctx_destroy(f->ctx);
    assert_int_equal(f->counting.blocks, 0);
    assert_false(f->counting.bad_size);
    return 0;
}

static int take(void *user, const struct netpol_reach *reach)
{
    size_t *rows = user;
    assert_true(reach->all || reach->others || reach->n_spans);
    ++*rows;
    return 0;
}

static int stop(void *user, const struct netpol_reach *reach)
{
    (void)reach;
    ++*(size_t *)user;
    return 1;
}

static int list(struct fixture *f)
{
    size_t rows = 0;
    struct netpol_list_options options = {.size = sizeof options, .addresses = 1};
    int status = netpol_list(f->view, &options, take, &rows, NULL);
    assert_true(status != NETPOL_OK || rows > 10);
    return status;
}

static int lint(struct fixture *f)
{
    return netpol_lint(f->matcher, NULL, f->diags);
}

static int drop(void *user, const char *bytes, size_t size)
{
    (void)bytes;
    *(size_t *)user += size;
    return 0;
}

static int dump(struct fixture *f)
{
    size_t size = 0;
    return netpol_matcher_dump(f->matcher, NETPOL_DUMP_JSON, NULL, drop, &size);
}

static void fail_each(struct fixture *f, int (*run)(struct fixture *f), bool keeps_diags)
{
    size_t failures = 0;
    for (size_t n = 1;; n++) {
        netpol_diags_clear(f->diags);
        size_t blocks = f->counting.blocks;
        f->counting.fail_at = f->counting.calls + n;
        int status = run(f);
        bool failed = f->counting.calls >= f->counting.fail_at;
        f->counting.fail_at = 0;
        netpol_diags_clear(f->diags);
        assert_true(status == NETPOL_OK || status == NETPOL_ERR_MEMORY);
        assert_true(keeps_diags || f->counting.blocks == blocks);
        failures += status == NETPOL_ERR_MEMORY;
        if (!failed) {
            assert_int_equal(status, NETPOL_OK);
            break;
        }
    }
    assert_true(failures > 20);
}

static void test_list(void **state)
{
    fail_each(*state, list, false);
}

static void test_lint(void **state)
{
    fail_each(*state, lint, true);
}

static void test_dump(void **state)
{
    fail_each(*state, dump, false);
}

static void test_stop(void **state)
{
    struct fixture *f = *state;
    size_t rows = 0;
    assert_int_equal(netpol_list(f->view, NULL, stop, &rows, NULL), NETPOL_ERR_IO);
    assert_int_equal(rows, 1);
}

static void test_arguments(void **state)
{
    struct fixture *f = *state;
    size_t rows = 0;
    struct netpol_list_options small = {.size = 1};
    struct netpol_lint_options little = {.size = 1};
    assert_int_equal(netpol_list(NULL, NULL, take, &rows, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_list(f->view, NULL, NULL, &rows, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_list(f->view, &small, take, &rows, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_lint(NULL, NULL, f->diags), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_lint(f->matcher, NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_lint(f->matcher, &little, f->diags), NETPOL_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_list, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lint, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lint, setup_calico, teardown),
        cmocka_unit_test_setup_teardown(test_dump, setup_calico, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_arguments, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
