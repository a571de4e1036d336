/* SPDX-License-Identifier: Apache-2.0 */
/* Calico's selectors: truth, refusals, canonical texts, where names of labels are looked up. */
#include "calico_selector.h"

/* ---- the rows ---- */

static void every_row_holds_as_written(void **state)
{
    static const struct {
        const char *selector, *labels;
        bool truth;
    } rows[] = {
#define HOLDS(selector, labels, truth) {selector, labels, truth},
#include "calico_selector_rows.def"
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct np_endpoint object = {.kind = NP_OBJ_WORKLOAD,
                                           .labels = labels_of(*state, rows[i].labels)};
        const struct np_selector *selector =
            lowered(*state, parsed(*state, rows[i].selector), NP_CALICO_OBJECT);
        if (np_selector_match(selector, &object) != rows[i].truth) {
            fail_msg("%s on {%s}", rows[i].selector, rows[i].labels);
        }
    }
    assert_true(ARRAY_SIZE(rows) >= 200);
}

static void every_error_names_its_place(void **state)
{
    struct frame *f = *state;
    static const struct {
        const char *selector;
        size_t offset;
        const char *why;
    } rows[] = {
#define REFUSED(selector, offset, why) {selector, offset, why},
#include "calico_selector_rows.def"
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct np_calico_selector *s = NULL;
        struct np_calico_selector_error error = {0, ""};
        int status = np_calico_selector_parse(&f->arena, np_slice_of(rows[i].selector), &s, &error);
        if (status != NETPOL_ERR_INPUT || s || error.offset != rows[i].offset ||
            !strstr(error.why, rows[i].why)) {
            fail_msg("%s: %d at %zu: %s", rows[i].selector, status, error.offset, error.why);
        }
    }
    assert_true(ARRAY_SIZE(rows) >= 100);
}

static void every_text_is_canonical(void **state)
{
    static const struct {
        const char *selector, *text;
    } rows[] = {
#define PRINTS(selector, text) {selector, text},
#include "calico_selector_rows.def"
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const char *text = printed(*state, parsed(*state, rows[i].selector));
        assert_string_equal(text, rows[i].text);
        if (!strstr(text, "!!")) {
            assert_string_equal(printed(*state, parsed(*state, text)), text);
        }
    }
}

static void every_id_is_felix_own(void **state)
{
    struct frame *f = *state;
    static const struct {
        const char *selector, *id;
    } rows[] = {
#define ID(selector, id) {selector, id},
#include "calico_selector_rows.def"
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char id[NP_CALICO_ID_SIZE];
        assert_int_equal(np_calico_selector_id(f->ctx, parsed(f, rows[i].selector), id), NETPOL_OK);
        assert_string_equal(id, rows[i].id);
        assert_int_equal(strlen(id), NP_CALICO_ID_SIZE - 1);
    }
}

/* ---- depth and length ---- */

static void nested(char *text, unsigned depth, const char *before, const char *inner,
                   const char *after)
{
    text[0] = '\0';
    for (unsigned i = 0; i < depth; i++) {
        strcat(text, before);
    }
    strcat(text, inner);
    for (unsigned i = 0; i < depth; i++) {
        strcat(text, after);
    }
}

static void depth_has_a_limit(void **state)
{
    struct frame *f = *state;
    static const struct {
        const char *before, *after;
    } shapes[] = {
        {"(",                      ")" },
        {"!(",                     ")" },
        {"(has(a) && (has(b) || ", "))"},
        {"(x == 'y' || ",          ")" }
    };
    for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
        unsigned parentheses = i == 2 ? 2 : 1; /* of a level */
        unsigned most = NP_CALICO_SELECTOR_DEPTH / parentheses;
        char text[2048];
        const struct np_calico_selector *s;
        struct np_calico_selector_error error;
        nested(text, most, shapes[i].before, "has(a)", shapes[i].after);
        const char *canonical = printed(f, parsed(f, text));
        assert_non_null(parsed(f, canonical));
        nested(text, most + 1, shapes[i].before, "has(a)", shapes[i].after);
        assert_int_equal(np_calico_selector_parse(&f->arena, np_slice_of(text), &s, &error),
                         NETPOL_ERR_INPUT);
        assert_string_equal(error.why, "nested too deeply");
    }
}

/* && inside || is a level too, for it gets parentheses in the canonical text. */
static void precedence_counts_as_depth(void **state)
{
    struct frame *f = *state;
    char text[4096];
    const struct np_calico_selector *s;
    struct np_calico_selector_error error;
    nested(text, 31, "(has(b) || has(a) && ", "(has(a) || has(b) && has(c))", ")");
    assert_non_null(parsed(f, printed(f, parsed(f, text))));
    nested(text, 32, "(has(b) || has(a) && ", "(has(a) || has(b) && has(c))", ")");
    assert_int_equal(np_calico_selector_parse(&f->arena, np_slice_of(text), &s, &error),
                     NETPOL_ERR_INPUT);
    assert_string_equal(error.why, "nested too deeply");
}

static void names_of_labels_have_a_limit(void **state)
{
    struct frame *f = *state;
    char name[NP_CALICO_LABEL_MAX + 2] = "", text[1100];
    const struct np_calico_selector *s;
    struct np_calico_selector_error error;
    memset(name, 'a', NP_CALICO_LABEL_MAX);
    snprintf(text, sizeof text, "%s == 'b'", name);
    assert_non_null(parsed(f, text));
    snprintf(text, sizeof text, "has(%s)", name);
    assert_non_null(parsed(f, text));
    name[NP_CALICO_LABEL_MAX] = 'a';
    snprintf(text, sizeof text, "has(%s)", name);
    assert_int_equal(np_calico_selector_parse(&f->arena, np_slice_of(text), &s, &error),
                     NETPOL_ERR_INPUT);
    assert_int_equal(error.offset, 4 + NP_CALICO_LABEL_MAX);
}

static void a_nul_is_a_character(void **state)
{
    struct frame *f = *state;
    const struct np_calico_selector *s = NULL;
    struct np_calico_selector_error error;
    struct np_slice inside = {"a == 'x\0y'", 10}, outside = {"a\0== 'x'", 8};
    assert_int_equal(np_calico_selector_parse(&f->arena, inside, &s, &error), NETPOL_OK);
    assert_int_equal(np_calico_selector_parse(&f->arena, outside, &s, &error), NETPOL_ERR_INPUT);
    assert_int_equal(error.offset, 1);
}

/* ---- what is asked of a selector as a whole ---- */

static void all_and_global_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        bool is_all, is_global, has_global;
    } rows[] = {
        {"",                                true,  false, false},
        {" all() ",                         true,  false, false},
        {"(all())",                         true,  false, false},
        {"all() && all()",                  false, false, false},
        {"!all()",                          false, false, false},
        {"global()",                        false, true,  true },
        {"(global())",                      false, true,  true },
        {"!global()",                       false, false, true },
        {"has(a) && (has(b) || !global())", false, false, true },
        {"global() || has(a)",              false, false, true },
        {"global == 'x'",                   false, false, false},
        {"has(a) && has(global)",           false, false, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct np_calico_selector *s = parsed(*state, rows[i].text);
        assert_int_equal(np_calico_selector_is_all(s), rows[i].is_all);
        assert_int_equal(np_calico_selector_is_global(s), rows[i].is_global);
        assert_int_equal(np_calico_selector_has_global(s), rows[i].has_global);
    }
}

/* ---- where names of labels are looked up ---- */

struct cast {
    struct np_namespace space;
    struct np_labels account;
    struct np_endpoint pod, host, set;
};

static void fill(struct frame *f, struct cast *c)
{
    memset(c, 0, sizeof *c);
    c->space.name = np_build_text(f->build, "shop");
    c->space.labels = labels_of(f, "team=x,pcns.team=odd");
    c->account = labels_of(f, "role=admin");
    c->pod.kind = NP_OBJ_WORKLOAD;
    c->pod.namespace_name = c->space.name;
    c->pod.name = np_build_text(f->build, "web-1");
    c->pod.space = &c->space;
    c->pod.labels = labels_of(f, "app=web,team=own");
    c->pod.service_account = np_build_text(f->build, "robot");
    c->pod.account_labels = &c->account;
    c->host.kind = NP_OBJ_HOST_ENDPOINT;
    c->host.name = np_build_text(f->build, "node-1");
    c->host.labels = labels_of(f, "app=web");
    c->set.kind = NP_OBJ_NETWORK_SET;
    c->set.namespace_name = c->space.name;
    c->set.name = np_build_text(f->build, "ranges");
    c->set.space = &c->space;
    c->set.labels = labels_of(f, "app=web");
}

/* Source: 1.6, implicit labels and profiles (libcalico-go/lib/backend/k8s/conversion); the host
 * endpoint has none of them, so what is negative holds of it. */
static void prefixes_are_scopes(void **state)
{
    static const struct {
        enum np_calico_labels labels;
        const char *text;
        bool pod, host, set;
    } rows[] = {
        {NP_CALICO_OBJECT,    "app == 'web'",                                  true,  true,  true },
        {NP_CALICO_OBJECT,    "team == 'own'",                                 true,  false, false},
        {NP_CALICO_OBJECT,    "pcns.team == 'x'",                              true,  false, true },
        {NP_CALICO_OBJECT,    "has(pcns.team)",                                true,  false, true },
        {NP_CALICO_OBJECT,    "!has(pcns.team)",                               false, true,  false},
        {NP_CALICO_OBJECT,    "pcns.team != 'x'",                              false, true,  false},
        {NP_CALICO_OBJECT,    "pcns.pcns.team == 'odd'",                       true,  false, true },
        {NP_CALICO_OBJECT,    "pcns.projectcalico.org/name == 'shop'",         true,  false, true },
        {NP_CALICO_OBJECT,    "pcns.projectcalico.org/name starts with 'sh'",  true,  false, true },
        {NP_CALICO_OBJECT,    "pcsa.role == 'admin'",                          true,  false, false},
        {NP_CALICO_OBJECT,    "pcsa.role not in {'admin'}",                    false, true,  true },
        {NP_CALICO_OBJECT,    "pcsa.projectcalico.org/name == 'robot'",        true,  false, false},
        {NP_CALICO_OBJECT,    "projectcalico.org/namespace == 'shop'",         true,  false, true },
        {NP_CALICO_OBJECT,    "has(projectcalico.org/namespace)",              true,  false, true },
        {NP_CALICO_OBJECT,    "!has(projectcalico.org/namespace)",             false, true,  false},
        {NP_CALICO_OBJECT,    "projectcalico.org/namespace in {'a', 'shop'}",  true,  false, true },
        {NP_CALICO_OBJECT,    "projectcalico.org/orchestrator == 'k8s'",       true,  false, false},
        {NP_CALICO_OBJECT,    "projectcalico.org/orchestrator != 'k8s'",       false, true,  true },
        {NP_CALICO_OBJECT,    "projectcalico.org/serviceaccount == 'robot'",   true,  false, false},
        {NP_CALICO_OBJECT,    "has(projectcalico.org/serviceaccount)",         true,  false, false},
        {NP_CALICO_OBJECT,    "projectcalico.org/serviceaccount contains 'b'", true,  false, false},
        {NP_CALICO_OBJECT,    "has(projectcalico.org/name)",                   false, false, false},
        {NP_CALICO_OBJECT,    "has(namespace)",                                false, false, false},
        {NP_CALICO_NAMESPACE, "team == 'x'",                                   true,  false, true },
        {NP_CALICO_NAMESPACE, "pcns.team == 'odd'",                            true,  false, true },
        {NP_CALICO_NAMESPACE, "projectcalico.org/name == 'shop'",              true,  false, true },
        {NP_CALICO_NAMESPACE, "!has(team)",                                    false, true,  false},
        {NP_CALICO_NAMESPACE, "team != 'x'",                                   false, true,  false},
        {NP_CALICO_NAMESPACE, "all()",                                         true,  true,  true },
        {NP_CALICO_NAMESPACE, "has(projectcalico.org/namespace)",              false, false, false},
        {NP_CALICO_ACCOUNT,   "role == 'admin'",                               true,  false, false},
        {NP_CALICO_ACCOUNT,   "projectcalico.org/name == 'robot'",             true,  false, false},
        {NP_CALICO_ACCOUNT,   "role != 'admin'",                               false, true,  true },
        {NP_CALICO_ACCOUNT,   "has(pcsa.role)",                                false, false, false},
    };
    struct cast c;
    fill(*state, &c);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct np_selector *selector =
            lowered(*state, parsed(*state, rows[i].text), rows[i].labels);
        if (np_selector_match(selector, &c.pod) != rows[i].pod ||
            np_selector_match(selector, &c.host) != rows[i].host ||
            np_selector_match(selector, &c.set) != rows[i].set) {
            fail_msg("%s (labels %d)", rows[i].text, (int)rows[i].labels);
        }
    }
}

static void an_orchestrator_may_be_given(void **state)
{
    struct frame *f = *state;
    struct cast c;
    fill(f, &c);
    c.pod.orchestrator = np_build_text(f->build, "cni");
    assert_false(np_selector_match(
        lowered(f, parsed(f, "projectcalico.org/orchestrator == 'k8s'"), NP_CALICO_OBJECT),
        &c.pod));
    assert_true(np_selector_match(
        lowered(f, parsed(f, "projectcalico.org/orchestrator == 'cni'"), NP_CALICO_OBJECT),
        &c.pod));
}

/* ---- memory ---- */

static void every_allocation_may_fail(void **state)
{
    (void)state;
    static const char text[] = "a in {'b', 'c'} && (!has(d) || !(pcns.e contains 'f' && all()))";
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct counting counting = {0};
        struct netpol_ctx *ctx = counting_ctx(&counting, NULL);
        struct np_build *build = np_build_create(ctx);
        struct np_arena arena;
        const struct np_calico_selector *s = NULL;
        const struct np_selector *selector = NULL;
        struct np_calico_selector_error error;
        struct np_text out;
        np_arena_init(&arena, ctx, 16);
        np_text_init(&out, ctx);
        counting.fail_at = counting.calls + n;
        int status = np_calico_selector_parse(&arena, np_slice_of(text), &s, &error);
        assert_true(status == (s ? NETPOL_OK : NETPOL_ERR_MEMORY));
        if (s) {
            struct np_lower l = {.ctx = ctx, .build = build};
            char id[NP_CALICO_ID_SIZE];
            bool named = np_calico_selector_id(ctx, s, id) == NETPOL_OK;
            assert_true(named || counting.calls >= counting.fail_at);
            np_calico_selector_print(&out, s);
            selector = np_calico_selector_lower(&l, s, NP_CALICO_OBJECT);
            assert_true(selector || np_build_failed(build));
        }
        done = counting.calls < counting.fail_at;
        assert_true(!done || (selector && !out.failed));
        np_text_free(&out);
        np_arena_free(&arena);
        np_build_destroy(build);
        netpol_ctx_destroy(ctx);
        assert_int_equal(counting.blocks, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_holds_as_written),
        TEST(every_error_names_its_place),
        TEST(every_text_is_canonical),
        TEST(every_id_is_felix_own),
        TEST(depth_has_a_limit),
        TEST(precedence_counts_as_depth),
        TEST(names_of_labels_have_a_limit),
        TEST(a_nul_is_a_character),
        TEST(all_and_global_are_told_apart),
        TEST(prefixes_are_scopes),
        TEST(an_orchestrator_may_be_given),
        TEST(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
