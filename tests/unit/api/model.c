/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the image does not hold is answered by the model: requests, hooks, modes of proxies. Where
 * there is no model, or where an end has changed since the model was made, it is UNKNOWN, never an
 * allow.
 */
#include "np_world.h"

#include <stdbool.h>

static const char cluster[] =
    "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.1}\n"
    "---\napiVersion: v1\nkind: Pod\nmetadata: {name: api, namespace: shop, labels: {app: api}}\n"
    "spec: {containers: [{name: c, image: i}]}\nstatus: {podIP: 10.0.0.2}\n"
    "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
    "metadata: {name: api, namespace: shop}\nspec:\n"
    "  podSelector: {matchLabels: {app: api}}\n  ingress:\n"
    "  - from: [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 80}]\n";

static const struct netpol_tuple web_to_api = {
    .src = {10, 0, 0, 1},
      .dst = {10, 0, 0, 2},
      .family = 4, .protocol = 6, .dst_port = 80
};
static const struct netpol_request nothing_said = NETPOL_REQUEST_INIT;

static void set_up(struct world *w)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    world_compile(w);
}

static void expect_refusal(const struct netpol_verdict *v, uint8_t reason)
{
    const struct netpol_part *parts[] = {&v->egress, &v->ingress, &v->mesh};
    assert_int_equal(v->action, NETPOL_UNKNOWN);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(parts[i]->action, NETPOL_UNKNOWN);
        assert_int_equal(parts[i]->reason, reason);
    }
}

static void an_image_alone_answers_planes_and_sides(void **state)
{
    static const struct netpol_point needs_model[] = {{.hook = NETPOL_HOOK_FORWARD},
                                                      {.mode = NETPOL_MESH_WAYPOINT}};
    struct world w;
    struct netpol_matcher *opened = NULL;
    struct netpol_view *view = NULL;
    struct netpol_scratch *scratch = NULL;
    struct netpol_verdict v;
    size_t size;
    (void)state;
    set_up(&w);
    const void *bytes = netpol_matcher_image(w.matcher, &size);
    assert_int_equal(netpol_matcher_open(w.ctx, bytes, size, 0, NULL, &opened), NETPOL_OK);
    assert_int_equal(netpol_view_create(opened, NULL, &view), NETPOL_OK);
    assert_int_equal(netpol_scratch_create(opened, &scratch), NETPOL_OK);
    for (uint8_t side = 0; side <= NETPOL_SIDE_INGRESS; side++) {
        struct netpol_point point = {.side = side};
        assert_int_equal(netpol_eval_at(view, &point, &web_to_api, NULL, scratch, &v), NETPOL_OK);
        assert_int_equal(v.action, NETPOL_ALLOW);
        bool judged = v.ingress.flags & NETPOL_PART_JUDGED;
        assert_int_equal(judged, side != NETPOL_SIDE_EGRESS);
    }
    for (size_t i = 0; i < 2; i++) {
        memset(&v, 0, sizeof v);
        assert_int_equal(netpol_eval_at(view, &needs_model[i], &web_to_api, NULL, NULL, &v),
                         NETPOL_ERR_UNSUPPORTED);
        expect_refusal(&v, NETPOL_REASON_MISSING);
    }
    memset(&v, 0, sizeof v);
    assert_int_equal(netpol_eval_request(view, &web_to_api, &nothing_said, scratch, &v),
                     NETPOL_ERR_UNSUPPORTED);
    expect_refusal(&v, NETPOL_REASON_MISSING);
    assert_int_equal(netpol_view_find(view, "shop", "api"),
                     netpol_view_find(w.view, "shop", "api"));
    assert_int_equal(netpol_view_find(view, "shop", "absent"), 0);
    netpol_scratch_destroy(scratch);
    netpol_view_destroy(view);
    netpol_matcher_unref(opened);
    world_close(&w);
}

/* The address of web goes to a pod that may not: the model, which still knows web there, must not
 * speak. */
static void a_model_is_silent_about_what_changed(void **state)
{
    struct world w;
    struct netpol_endpoints *endpoints = NULL;
    struct netpol_view *view = NULL;
    struct netpol_scratch *scratch = NULL;
    struct netpol_verdict v;
    struct netpol_label label = {"app", "api"};
    const struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                              .namespace_name = "shop",
                                              .name = "other",
                                              .labels = &label,
                                              .n_labels = 1};
    struct netpol_endpoint_entry entry = {
        .size = sizeof entry, .ref = 1u << 20, .family = 4, .address = {10, 0, 0, 1}
    };
    (void)state;
    set_up(&w);
    assert_int_equal(netpol_endpoints_create(w.matcher, &endpoints), NETPOL_OK);
    assert_int_equal(netpol_view_create(w.matcher, endpoints, &view), NETPOL_OK);
    assert_int_equal(netpol_scratch_create(w.matcher, &scratch), NETPOL_OK);
    assert_int_equal(netpol_eval_request(view, &web_to_api, &nothing_said, scratch, &v), NETPOL_OK);
    assert_int_equal(v.action, NETPOL_ALLOW); /* as compiled */

    assert_int_equal(netpol_endpoints_kind(endpoints, &spec, &entry.kind), NETPOL_OK);
    assert_int_equal(netpol_endpoints_set(endpoints, &entry), NETPOL_OK);
    assert_int_equal(netpol_eval(view, &web_to_api, &v), NETPOL_OK);
    assert_int_equal(v.action, NETPOL_DENY); /* the table knows */
    assert_int_equal(netpol_eval_request(view, &web_to_api, &nothing_said, scratch, &v), NETPOL_OK);
    expect_refusal(&v, NETPOL_REASON_STALE);
    assert_int_equal(v.missing, NETPOL_MISSING_SIGNATURE);

    struct netpol_tuple back = web_to_api; /* ends that did not change */
    struct netpol_request translated = NETPOL_REQUEST_INIT;
    memcpy(back.src, (const uint8_t[4]){10, 0, 0, 9}, 4);
    assert_int_equal(netpol_eval_request(view, &back, &nothing_said, scratch, &v), NETPOL_OK);
    assert_int_equal(v.action, NETPOL_DENY);
    assert_int_equal(v.ingress.reason, NETPOL_REASON_ISOLATED);
    translated.original_family = 4; /* but the destination before translation did */
    memcpy(translated.original, (const uint8_t[4]){10, 0, 0, 1}, 4);
    assert_int_equal(netpol_eval_request(view, &back, &translated, scratch, &v), NETPOL_OK);
    expect_refusal(&v, NETPOL_REASON_STALE);
    netpol_scratch_destroy(scratch);
    netpol_view_destroy(view);
    netpol_endpoints_destroy(endpoints);
    world_close(&w);
}

static int take_row(void *user, const struct netpol_reach *reach)
{
    (void)reach;
    ++*(int *)user;
    return 0;
}

/* Whole sets, questions by name, explanations: the model's, so not of endpoints that have changed.
 */
static void what_only_the_model_tells_wants_the_endpoints_as_compiled(void **state)
{
    static const char json[] =
        "{\"src\":{\"pod\":\"shop/web\"},\"dst\":{\"pod\":\"shop/api\"},\"protocol\":\"TCP\",\"port\":80}";
    struct world w;
    struct netpol_endpoints *endpoints = NULL;
    struct netpol_view *view = NULL;
    struct netpol_question *question = NULL;
    (void)state;
    set_up(&w);
    assert_int_equal(netpol_endpoints_create(w.matcher, &endpoints), NETPOL_OK);
    assert_int_equal(netpol_view_create(w.matcher, endpoints, &view), NETPOL_OK);
    assert_int_equal(
        netpol_question_parse(w.ctx, json, sizeof json - 1, "test", 1, w.diags, &question),
        NETPOL_OK);
    for (int changed = 0; changed < 2; changed++) {
        struct netpol_answer *answer = NULL;
        struct netpol_explanation *explanation = NULL;
        struct netpol_flow *flow = NULL;
        int rows = 0, expected = changed ? NETPOL_ERR_STATE : NETPOL_OK;
        if (changed) {
            uint64_t web = netpol_view_find(view, "shop", "web");
            assert_int_equal(netpol_endpoints_remove(endpoints, web), NETPOL_OK);
        }
        assert_int_equal(netpol_list(view, NULL, take_row, &rows, NULL), expected);
        assert_int_equal(rows > 0, !changed);
        assert_int_equal(netpol_question_answer(question, view, 0, NULL, &answer), expected);
        assert_int_equal(answer != NULL, !changed);
        assert_int_equal(netpol_question_answer(question, view, 16, NULL, &answer),
                         NETPOL_ERR_ARGUMENT);
        assert_int_equal(netpol_explain(view, NULL, &web_to_api, NULL, &explanation), expected);
        assert_int_equal(explanation != NULL, !changed);
        assert_int_equal(netpol_flow_create(view, NULL, &web_to_api, NULL, &flow), expected);
        assert_int_equal(flow != NULL, !changed);
        netpol_flow_destroy(flow);
        netpol_answer_destroy(answer);
        netpol_explanation_destroy(explanation);
    }
    netpol_question_destroy(question);
    netpol_view_destroy(view);
    netpol_endpoints_destroy(endpoints);
    world_close(&w);
}

static void endpoints_belong_to_their_matcher(void **state)
{
    struct world w;
    struct netpol_endpoints *endpoints = NULL;
    struct netpol_view *view = NULL;
    (void)state;
    set_up(&w);
    assert_int_equal(netpol_endpoints_create(w.matcher, &endpoints), NETPOL_OK);
    world_compile(&w);
    assert_int_equal(netpol_view_create(w.matcher, endpoints, &view), NETPOL_ERR_GENERATION);
    assert_null(view);
    netpol_endpoints_destroy(endpoints);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_alone_answers_planes_and_sides),
        cmocka_unit_test(a_model_is_silent_about_what_changed),
        cmocka_unit_test(what_only_the_model_tells_wants_the_endpoints_as_compiled),
        cmocka_unit_test(endpoints_belong_to_their_matcher),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
