/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Selectors. Source: k8s.io/apimachinery/pkg/labels/selector.go (In, NotIn, Exists, DoesNotExist),
 * Calico's selector grammar for the rest.
 */
#include "inventory_world.h"

static const struct np_endpoint *subject(struct world *w)
{
    struct np_namespace *space = np_build_namespace(w->b, np_build_text(w->b, "ns"));
    space->labels = labels_of(w, "team=x,env=prod");
    np_build_service_account(w->b, np_build_text(w->b, "ns"), np_build_text(w->b, "sa"),
                             labels_of(w, "role=admin"));
    struct np_endpoint *e = add_pod(w, "ns", "pod", "10.0.0.1", "app=web,empty=,tier=front");
    e->service_account = np_build_text(w->b, "sa");
    return e;
}

/* A term with values separated by blanks; "''" is the empty value. */
static const struct np_selector *term_of(struct world *w, enum np_scope scope, const char *key,
                                         enum np_term_op op, const char *values)
{
    np_str list[4];
    uint32_t count = 0;
    while (values && *values) {
        size_t len = strcspn(values, " ");
        bool empty = len == 2 && memcmp(values, "''", 2) == 0;
        list[count++] = np_build_str(w->b, (struct np_slice){values, empty ? 0 : len});
        values += len + (values[len] == ' ');
    }
    const struct np_selector *term =
        np_build_term(w->b, scope, np_build_text(w->b, key), op, list, count);
    assert_non_null(term);
    return term;
}

static void terms(void **state)
{
    (void)state;
    static const struct {
        enum np_scope scope;
        const char *key;
        enum np_term_op op;
        const char *values;
        bool holds;
    } table[] = {
        {NP_SCOPE_OBJECT,          "app",                         NP_OP_IN,       "web",     true },
        {NP_SCOPE_OBJECT,          "app",                         NP_OP_IN,       "db web",  true },
        {NP_SCOPE_OBJECT,          "app",                         NP_OP_IN,       "Web",     false},
        {NP_SCOPE_OBJECT,          "App",                         NP_OP_IN,       "web",     false},
        {NP_SCOPE_OBJECT,          "none",                        NP_OP_IN,       "web",     false},
        {NP_SCOPE_OBJECT,          "empty",                       NP_OP_IN,       "''",      true },
        {NP_SCOPE_OBJECT,          "none",                        NP_OP_IN,       "''",      false},
        {NP_SCOPE_OBJECT,          "app",                         NP_OP_NOT_IN,   "web",     false},
        {NP_SCOPE_OBJECT,          "app",                         NP_OP_NOT_IN,   "db",      true },
        {NP_SCOPE_OBJECT,          "none",                        NP_OP_NOT_IN,   "db",      true },
        {NP_SCOPE_OBJECT,          "empty",                       NP_OP_NOT_IN,   "''",      false},
        {NP_SCOPE_OBJECT,          "empty",                       NP_OP_EXISTS,   NULL,      true },
        {NP_SCOPE_OBJECT,          "none",                        NP_OP_EXISTS,   NULL,      false},
        {NP_SCOPE_OBJECT,          "empty",                       NP_OP_ABSENT,   NULL,      false},
        {NP_SCOPE_OBJECT,          "none",                        NP_OP_ABSENT,   NULL,      true },
        {NP_SCOPE_OBJECT,          "tier",                        NP_OP_PREFIX,   "fr",      true },
        {NP_SCOPE_OBJECT,          "tier",                        NP_OP_PREFIX,   "ron",     false},
        {NP_SCOPE_OBJECT,          "tier",                        NP_OP_SUFFIX,   "ont",     true },
        {NP_SCOPE_OBJECT,          "tier",                        NP_OP_SUFFIX,   "fron",    false},
        {NP_SCOPE_OBJECT,          "tier",                        NP_OP_CONTAINS, "ron",     true },
        {NP_SCOPE_OBJECT,          "tier",                        NP_OP_CONTAINS, "fronts",  false},
        {NP_SCOPE_OBJECT,          "tier",                        NP_OP_CONTAINS, "''",      true },
        {NP_SCOPE_OBJECT,          "none",                        NP_OP_CONTAINS, "''",      false},
        {NP_SCOPE_NAMESPACE,       "team",                        NP_OP_IN,       "x",       true },
        {NP_SCOPE_NAMESPACE,       "app",                         NP_OP_EXISTS,   NULL,      false},
        {NP_SCOPE_NAMESPACE,       "kubernetes.io/metadata.name", NP_OP_IN,       "ns",      true },
        {NP_SCOPE_OBJECT,          "team",                        NP_OP_EXISTS,   NULL,      false},
        {NP_SCOPE_SERVICE_ACCOUNT, "role",                        NP_OP_IN,       "admin",   true },
        {NP_SCOPE_SERVICE_ACCOUNT, "app",                         NP_OP_NOT_IN,   "web",     true },
        {NP_SCOPE_FIELD,           "namespace",                   NP_OP_IN,       "ns",      true },
        {NP_SCOPE_FIELD,           "namespace",                   NP_OP_NOT_IN,   "ns",      false},
        {NP_SCOPE_FIELD,           "name",                        NP_OP_PREFIX,   "po",      true },
        {NP_SCOPE_FIELD,           "serviceaccount",              NP_OP_IN,       "sa",      true },
        {NP_SCOPE_FIELD,           "cluster",                     NP_OP_IN,       "default", true },
        {NP_SCOPE_FIELD,           "orchestrator",                NP_OP_IN,       "k8s",     true },
        {NP_SCOPE_FIELD,           "unheard-of",                  NP_OP_EXISTS,   NULL,      false},
    };
    enum { ROWS = sizeof table / sizeof *table };
    struct world w;
    world_begin(&w);
    const struct np_endpoint *e = subject(&w);
    const struct np_selector *made[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        made[i] = term_of(&w, table[i].scope, table[i].key, table[i].op, table[i].values);
    }
    world_seal(&w);
    for (size_t i = 0; i < ROWS; i++) {
        if (np_selector_match(made[i], e) != table[i].holds) {
            fail_msg("row %zu, key %s", i, table[i].key);
        }
    }
    world_end(&w);
}

static void trees(void **state)
{
    (void)state;
    struct world w;
    world_begin(&w);
    const struct np_endpoint *e = subject(&w);
    const struct np_selector *yes = term_of(&w, NP_SCOPE_OBJECT, "app", NP_OP_EXISTS, NULL);
    const struct np_selector *no = term_of(&w, NP_SCOPE_OBJECT, "app", NP_OP_ABSENT, NULL);
    const struct np_selector *both[] = {yes, no}, *one[] = {yes}, *other[] = {no};
    const struct np_selector *all = np_build_select(w.b, NP_SELECT_ALL, both, 2);
    const struct np_selector *nested[] = {all, yes};
    const struct {
        const struct np_selector *selector;
        bool holds;
    } table[] = {
        {all, false},
        { np_build_select(w.b, NP_SELECT_ANY, both, 2), true},
        {  np_build_select(w.b, NP_SELECT_NOT, one, 1), false},
        { np_build_select(w.b, NP_SELECT_NOT, other, 1), true},
        {  np_build_select(w.b, NP_SELECT_ALL, NULL, 0), true},
        {  np_build_select(w.b, NP_SELECT_ANY, NULL, 0), false},
        { np_build_select(w.b, NP_SELECT_ANY, nested, 2), true},
        {  np_build_select(w.b, NP_SELECT_ALL, nested, 2), false},
    };
    world_seal(&w);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(np_selector_match(table[i].selector, e), table[i].holds);
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(terms),
        cmocka_unit_test(trees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
