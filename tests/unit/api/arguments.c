/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever is passed in, a public function answers with a documented status and never allows. */
#include "np_world.h"

static void nothing_is_an_argument_error(void **state)
{
    struct world w;
    struct netpol_store *store = NULL;
    struct netpol_matcher *matcher = NULL;
    struct netpol_question *question = NULL;
    struct netpol_rule_info rule;
    struct netpol_compile_options compile = {.size = sizeof compile, .profile = "kubernetes"};
    (void)state;
    world_open(&w);
    assert_int_equal(netpol_store_create(NULL, &store), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_create(w.ctx, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_load_path(NULL, "x", NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_load_path(w.store, NULL, NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_load_buffer(NULL, "", 0, "x", NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_load_buffer(w.store, NULL, 1, "x", NULL, NULL),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_load_buffer(w.store, NULL, 0, NULL, NULL, NULL), NETPOL_OK);
    assert_int_equal(netpol_store_begin(NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_commit(NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_rollback(NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_remove(NULL, "", "Pod", "a", "b"), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_remove(w.store, NULL, NULL, NULL, "b"), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_remove(w.store, NULL, "Pod", NULL, "b"), NETPOL_ERR_NOT_FOUND);
    assert_int_equal(netpol_store_add_pod_range(w.store, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_put_endpoint(w.store, NULL, NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_compile(NULL, &compile, NULL, &matcher), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_compile(w.store, NULL, NULL, &matcher), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_compile(w.store, &compile, NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_view_create(NULL, NULL, &w.view), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_rule_describe(NULL, 1, 1, &rule), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_question_parse(NULL, "{}", 2, "q", 1, NULL, &question),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_question_parse(w.ctx, NULL, 2, "q", 1, NULL, &question),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_question_prepare(NULL, w.store, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_question_answer(NULL, NULL, 0, NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_answer_write(NULL, 1, 0, sink_add, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_explanation_write(NULL, 1, 0, sink_add, NULL), NETPOL_ERR_ARGUMENT);
    world_close(&w);
}

static void nothing_is_ignored_where_it_can_be(void **state)
{
    struct netpol_store_stats stats;
    struct netpol_answer_info info;
    (void)state;
    netpol_store_destroy(NULL);
    netpol_matcher_unref(NULL);
    netpol_view_destroy(NULL);
    netpol_scratch_destroy(NULL);
    netpol_question_destroy(NULL);
    netpol_answer_destroy(NULL);
    netpol_explanation_destroy(NULL);
    netpol_answer_get(NULL, &info);
    assert_int_equal(info.action, NETPOL_UNKNOWN);
    assert_int_equal(info.ok, -1);
    netpol_store_stats(NULL, &stats);
    assert_int_equal(stats.objects, 0);
    assert_null(netpol_matcher_ref(NULL));
    assert_int_equal(netpol_matcher_generation(NULL), 0);
    assert_null(netpol_matcher_option(NULL, "self_traffic"));
    assert_int_equal(netpol_view_find(NULL, "a", "b"), 0);
    assert_int_equal(netpol_rule_key(NULL, 1, 1), 0);
    assert_int_equal(netpol_question_expects(NULL), -1);
    assert_null(netpol_answer_verdict(NULL, 0, 0));
    assert_int_equal(netpol_explanation_count(NULL), 0);
    assert_null(netpol_explanation_at(NULL, 0));
    assert_null(netpol_explanation_verdict(NULL));
}

static void structures_of_another_size_are_refused(void **state)
{
    struct world w;
    struct netpol_load_options load = {.size = sizeof load - 1};
    struct netpol_endpoint_spec spec = {.size = 0, .namespace_name = "a", .name = "b"};
    struct netpol_compile_options compile = {.size = sizeof compile + 8, .profile = "kubernetes"};
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_tuple tuple = {.family = 4};
    struct netpol_explanation *e = NULL;
    struct netpol_verdict verdict;
    struct netpol_scratch *scratch = NULL;
    (void)state;
    world_open(&w);
    assert_int_equal(netpol_store_load_buffer(w.store, "", 0, "x", &load, NULL),
                     NETPOL_ERR_ARGUMENT);
    load = (struct netpol_load_options){.size = sizeof load, .flags = 1u << 20};
    assert_int_equal(netpol_store_load_buffer(w.store, "", 0, "x", &load, NULL),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_store_put_endpoint(w.store, &spec, NULL, NULL), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_compile(w.store, &compile, NULL, &w.matcher), NETPOL_ERR_ARGUMENT);
    world_compile(&w);
    request.size--;
    assert_int_equal(netpol_scratch_create(w.matcher, &scratch), NETPOL_OK);
    assert_int_equal(netpol_eval_request(w.view, &tuple, &request, scratch, &verdict),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(verdict.action, NETPOL_DENY);
    assert_int_equal(netpol_explain(w.view, NULL, &tuple, &request, &e), NETPOL_ERR_ARGUMENT);
    struct netpol_flow *flow = NULL;
    assert_int_equal(netpol_flow_create(w.view, NULL, &tuple, &request, &flow),
                     NETPOL_ERR_ARGUMENT);
    assert_null(flow);
    request = (struct netpol_request)NETPOL_REQUEST_INIT;
    request.n_headers = 1; /* without headers */
    assert_int_equal(netpol_eval_request(w.view, &tuple, &request, scratch, &verdict),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_explain(w.view, NULL, &tuple, &request, &e), NETPOL_ERR_ARGUMENT);
    netpol_scratch_destroy(scratch);
    world_close(&w);
}

static void a_bad_call_leaves_a_deny(void **state)
{
    struct world w;
    struct netpol_tuple tuple = {.family = 4};
    struct netpol_point point = {0};
    struct netpol_verdict verdict[2];
    (void)state;
    world_open(&w);
    world_compile(&w);
    memset(verdict, 0, sizeof verdict);
    assert_int_equal(netpol_eval(NULL, &tuple, verdict), NETPOL_ERR_ARGUMENT);
    assert_int_equal(verdict[0].action, NETPOL_DENY);
    assert_int_equal(verdict[0].ingress.action, NETPOL_DENY);
    assert_int_equal(verdict[0].ingress.reason, NETPOL_REASON_INVALID);
    memset(verdict, 0, sizeof verdict);
    assert_int_equal(netpol_eval(w.view, NULL, verdict), NETPOL_ERR_ARGUMENT);
    assert_int_equal(verdict[0].action, NETPOL_DENY);
    memset(verdict, 0, sizeof verdict);
    assert_int_equal(netpol_eval_batch(w.view, NULL, verdict, 2), NETPOL_ERR_ARGUMENT);
    assert_int_equal(verdict[0].action, NETPOL_DENY);
    assert_int_equal(verdict[1].action, NETPOL_DENY);
    assert_int_equal(netpol_eval_batch(w.view, NULL, NULL, 0), NETPOL_OK);
    memset(verdict, 0, sizeof verdict);
    assert_int_equal(netpol_eval_at(w.view, NULL, &tuple, NULL, NULL, verdict),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(verdict[0].action, NETPOL_DENY);
    assert_int_equal(netpol_eval_at(w.view, &point, &tuple, NULL, NULL, NULL), NETPOL_ERR_ARGUMENT);
    world_close(&w);
}

static void words_exist_for_every_value(void **state)
{
    (void)state;
    for (int i = 0; i < NETPOL_ACTION_COUNT; i++) {
        assert_string_not_equal(netpol_action_text(i), "?");
    }
    for (int i = 0; i < NETPOL_REASON_COUNT; i++) {
        assert_string_not_equal(netpol_reason_text(i), "?");
    }
    assert_string_equal(netpol_action_text(NETPOL_DENY), "deny");
    assert_string_equal(netpol_plane_text(NETPOL_PLANE_MESH), "mesh");
    assert_string_equal(netpol_side_text(NETPOL_SIDE_EGRESS), "egress");
    assert_string_equal(netpol_missing_text(NETPOL_MISSING_PORTS), "ports");
    assert_string_equal(netpol_action_text(-1), "?");
    assert_string_equal(netpol_action_text(4), "?");
    assert_string_equal(netpol_plane_text(3), "?");
    assert_string_equal(netpol_side_text(99), "?");
    assert_string_equal(netpol_reason_text(NETPOL_REASON_COUNT), "?");
    assert_string_equal(netpol_missing_text(3), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_an_argument_error),
        cmocka_unit_test(nothing_is_ignored_where_it_can_be),
        cmocka_unit_test(structures_of_another_size_are_refused),
        cmocka_unit_test(a_bad_call_leaves_a_deny),
        cmocka_unit_test(words_exist_for_every_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
