/* SPDX-License-Identifier: Apache-2.0 */
/* The walk as it is told: in order, what was reached, and the axis that failed. */
#include "np_cmocka.h"

#include "matrix/matrix.h"

struct told {
    char text[2048];
    size_t len;
};

static void add(struct told *t, const char *s)
{
    size_t len = strlen(s);
    if (t->len + len < sizeof t->text) {
        memcpy(t->text + t->len, s, len + 1);
        t->len += len;
    }
}

/* "[" checkpoint, "{" stage, tier:, policy, rule with axis; "!" yes, "?" maybe, "-" no, "~"
 * unreached. */
static void tell(void *user, const struct np_trace_step *s)
{
    struct told *t = user;
    const char *truth = np_is_maybe(s->truth) ? "?" : s->truth == NP_YES ? "!" : "-";
    assert_non_null(s->hop);
    assert_non_null(s->checkpoint);
    switch (s->kind) {
    case NETPOL_STEP_CHECKPOINT:
        add(t, s->checkpoint->direction == NP_EGRESS ? "[out" : "[in");
        break;
    case NETPOL_STEP_TIER:
        add(t, " ");
        add(t, s->tier->name->text);
        add(t, ":");
        return;
    case NETPOL_STEP_POLICY:
        add(t, " ");
        add(t, s->policy->name->text);
        break;
    case NETPOL_STEP_RULE:
    case NETPOL_STEP_NOTE:
        add(t, s->kind == NETPOL_STEP_NOTE ? " note " : " rule ");
        add(t, s->axis ? s->axis : "matches");
        break;
    case NETPOL_STEP_TIER_END:
        add(t, " end");
        break;
    case NETPOL_STEP_DECISION:
        assert_non_null(s->result);
        add(t, s->result->action == NETPOL_ALLOW  ? " = allow]"
               : s->result->action == NETPOL_DENY ? " = deny]"
                                                  : " = open]");
        return;
    default:
        return;
    }
    add(t, truth);
    add(t, s->reached ? "" : "~");
}

static void check(const struct matrix *m, const char *from, const char *to, uint16_t port,
                  const char *want)
{
    struct told t = {.len = 0};
    const struct np_trace trace = {&t, tell};
    struct netpol_tuple tuple = {.family = 4, .protocol = TCP, .dst_port = port, .src_port = 1};
    struct netpol_verdict with, without;
    memcpy(tuple.src, prefix(from).address.bytes, 16);
    memcpy(tuple.dst, prefix(to).address.bytes, 16);
    np_reference_eval(m->model, &tuple, NULL, NULL, &trace, &with);
    np_reference_eval(m->model, &tuple, NULL, NULL, NULL, &without);
    assert_string_equal(t.text, want);
    assert_memory_equal(&with, &without, sizeof with);
}

static void in_order(void **state)
{
    struct matrix m = {0};
    (void)state;
    assert_int_equal(netpol_ctx_create(NULL, &m.ctx), NETPOL_OK);
    begin(&m, false);
    pod(&m, "a", "x", "app=x", "10.0.0.9", NULL);
    pod(&m, "a", "p", "app=p", "10.0.0.1", NULL);
    struct np_tier *admin = tier(&m, "Admin", 1, NP_LISTED, NP_END_PASS, NP_ALWAYS);
    struct np_policy *p = policy(&m, admin, "first", pods(&m, "app=p"), 0);
    rule(&m, p, NP_INGRESS, NP_ACT_NOTE);
    rule(&m, p, NP_INGRESS, NP_ACT_DENY)->service = port(&m, TCP, 22);
    policy(&m, admin, "other", pods(&m, "app=other"), 0);
    struct np_tier *t = kubernetes_tier(&m);
    p = policy(&m, t, "web", pods(&m, "app=p"), INGRESS);
    struct np_match *match = rule(&m, p, NP_INGRESS, NP_ACT_ALLOW);
    match->far = pods(&m, "app=x");
    match->service = port(&m, TCP, 80);
    match = np_build_alt(m.b, m.rule);
    match->far = only(&m, names(&m, "a.com"));
    match->service = port(&m, TCP, 80);
    policy(&m, t, "deny", pods(&m, "app=p"), INGRESS);
    seal(&m);
    check(&m, "10.0.0.9", "10.0.0.1", 80,
          "[out! Admin: first- other- end- NetworkPolicy: deny- web- end- = allow]"
          "[in! Admin: other- first! note matches! rule port- end-"
          " NetworkPolicy: deny! web! rule matches! end!~ = allow]");
    check(&m, "10.0.0.9", "10.0.0.1", 81,
          "[out! Admin: first- other- end- NetworkPolicy: deny- web- end- = allow]"
          "[in! Admin: other- first! note matches! rule port- end-"
          " NetworkPolicy: deny! web! rule port- end! = deny]");
    check(&m, "8.8.8.8", "10.0.0.1", 80,
          "[in! Admin: other- first! note matches! rule port- end-"
          " NetworkPolicy: deny! web! rule far? end! = open]");
    check(&m, "10.0.0.9", "10.0.0.1", 22,
          "[out! Admin: first- other- end- NetworkPolicy: deny- web- end- = allow]"
          "[in! Admin: other- first! note matches! rule matches! end-~"
          " NetworkPolicy: deny!~ web!~ rule port-~ end!~ = deny]");
    drop(&m);
    netpol_ctx_destroy(m.ctx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
