/* SPDX-License-Identifier: Apache-2.0 */
/* From tuples to verdicts: canonical forms, owners of an address, references, the order of
 * policies. */
#include "matrix_test.h"

/* p is isolated; TCP 80 from 10.0.0.9 and everything from outside without a port are allowed. */
static void one_policy(struct matrix *m)
{
    begin(m, false);
    pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
    struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
    struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_ALLOW);
    match->far = pods(m, "app=x");
    match->service = port(m, TCP, 80);
}

static int eval(const struct matrix *m, const struct netpol_tuple *tuple,
                struct netpol_verdict *out)
{
    np_reference_eval(m->model, tuple, NULL, NULL, NULL, out);
    return out->action;
}

static struct netpol_tuple tuple_of(const char *from, const char *to, uint16_t port)
{
    struct netpol_tuple t = {.protocol = TCP, .dst_port = port, .src_port = 40000};
    struct np_prefix src = prefix(from);
    struct np_prefix dst = prefix(to);
    memcpy(t.src, src.address.bytes, 16);
    memcpy(t.dst, dst.address.bytes, 16);
    t.family = src.address.family;
    return t;
}

static void mapped_addresses(void **state)
{
    struct matrix *m = *state;
    static const uint8_t src[16] = {[10] = 255, [11] = 255, [12] = 10, [15] = 9};
    static const uint8_t dst[16] = {[10] = 255, [11] = 255, [12] = 10, [15] = 1};
    struct netpol_tuple t = {.family = 6, .protocol = TCP, .dst_port = 80};
    struct netpol_verdict v;
    memcpy(t.src, src, 16);
    memcpy(t.dst, dst, 16);
    for (int refuse = 0; refuse < 2; refuse++) {
        one_policy(m);
        np_build_options(m->b)->mapped_v6 = (uint8_t)refuse;
        seal(m);
        assert_int_equal(eval(m, &t, &v), refuse ? NETPOL_DENY : NETPOL_ALLOW);
        assert_int_equal(v.ingress.reason, refuse ? NETPOL_REASON_INVALID : NETPOL_REASON_RULE);
    }
}

static void tuples_that_cannot_be(void **state)
{
    struct matrix *m = *state;
    struct netpol_verdict v;
    one_policy(m);
    seal(m);
    struct netpol_tuple t = tuple_of("10.0.0.9", "10.0.0.1", 80);
    assert_int_equal(eval(m, &t, &v), NETPOL_ALLOW);
    static const uint8_t families[] = {0, 5, 255};
    for (size_t i = 0; i < sizeof families; i++) {
        t.family = families[i];
        assert_int_equal(eval(m, &t, &v), NETPOL_DENY);
        assert_int_equal(v.egress.reason, NETPOL_REASON_INVALID);
    }
    t.family = 6; /* one end mapped, the other not: the families differ */
    memset(t.src, 0, 16);
    t.src[10] = t.src[11] = 255;
    assert_int_equal(eval(m, &t, &v), NETPOL_DENY);
    assert_int_equal(v.egress.reason, NETPOL_REASON_INVALID);
    t = tuple_of("10.0.0.9", "10.0.0.1", 80);
    t.flags = NETPOL_TUPLE_SRC_REF; /* a reference that is none */
    assert_int_equal(eval(m, &t, &v), NETPOL_DENY);
    t.src_ref = 12345;
    assert_int_equal(eval(m, &t, &v), NETPOL_UNKNOWN);
    assert_int_equal(v.missing, NETPOL_MISSING_SIGNATURE);
}

static void fragments_and_ports(void **state)
{
    struct matrix *m = *state;
    struct netpol_verdict v;
    one_policy(m);
    seal(m);
    struct netpol_tuple t = tuple_of("10.0.0.9", "10.0.0.1", 80);
    t.flags = NETPOL_TUPLE_LATER_FRAGMENT; /* no port: a rule that names one does not match */
    assert_int_equal(eval(m, &t, &v), NETPOL_DENY);
    t.flags = NETPOL_TUPLE_NO_PORTS; /* a port that was not given */
    assert_int_equal(eval(m, &t, &v), NETPOL_UNKNOWN);
    assert_int_equal(v.missing, NETPOL_MISSING_PORTS);
    t.protocol = 47; /* GRE has none */
    assert_int_equal(eval(m, &t, &v), NETPOL_DENY);
    t = tuple_of("10.0.0.9", "10.0.0.1", 81);
    assert_int_equal(eval(m, &t, &v), NETPOL_DENY);
}

static void several_owners(void **state)
{
    enum { RESTRICTIVE, UNKNOWN };
    struct matrix *m = *state;
    for (int option = RESTRICTIVE; option <= UNKNOWN; option++) {
        for (int first = 0; first < 2; first++) { /* whichever of the two comes first */
            begin(m, false);
            np_build_options(m->b)->shared_address = (uint8_t)option;
            pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
            pod(m, "a", first ? "a" : "z", "app=p", "10.0.0.1", NULL);
            pod(m, "a", "m", "app=open", "10.0.0.1", NULL);
            policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
            seal(m);
            assert_int_equal(ASK(m, .from = "10.0.0.9", .to = "10.0.0.1", .port = 80),
                             option == UNKNOWN ? NETPOL_UNKNOWN : NETPOL_DENY);
            assert_true(option == UNKNOWN || m->verdict.ingress.flags & NETPOL_PART_SHARED_ADDRESS);
            assert_int_equal(ASK(m, .from = "10.0.0.9", .to = "a/m", .port = 80), NETPOL_ALLOW);
            assert_false(m->verdict.ingress.flags & NETPOL_PART_SHARED_ADDRESS);
        }
    }
}

/* The owner of a shared address that is judged is one; the other's labels do not speak for it. */
static void owners_do_not_mix(void **state)
{
    struct matrix *m = *state;
    begin(m, false);
    pod(m, "a", "one", "app=good", "10.0.0.7", NULL);
    pod(m, "a", "two", "app=bad", "10.0.0.7", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
    struct np_policy *p = policy(m, kubernetes_tier(m), "p", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far =
        only(m, objects(m, NP_OBJ_WORKLOAD | NP_OBJ_NETWORK_SET, labels(m, "app=good")));
    seal(m);
    assert_int_equal(ASK(m, .from = "a/one", .to = "a/p", .port = 80), NETPOL_ALLOW);
    assert_int_equal(ASK(m, .from = "a/two", .to = "a/p", .port = 80), NETPOL_DENY);
    assert_int_equal(ASK(m, .from = "10.0.0.7", .to = "a/p", .port = 80), NETPOL_DENY);
}

static void service_addresses(void **state)
{
    struct matrix *m = *state;
    for (int outside = 0; outside < 2; outside++) {
        begin(m, false);
        np_build_options(m->b)->service_address = (uint8_t)outside;
        pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
        struct np_prefix vip = prefix("10.96.0.1");
        struct np_service_info *s = np_build_service_info(m->b, text(m, "a"), text(m, "s"));
        s->addresses = np_build_prefixes(m->b, &vip, 1);
        s->n_addresses = 1;
        struct np_policy *p = policy(m, kubernetes_tier(m), "x", pods(m, "app=x"), EGRESS);
        rule(m, p, NP_EGRESS, NP_ACT_ALLOW)->far = only(m, cidr(m, "10.96.0.0/16", NP_DOMAIN_ALL));
        seal(m);
        assert_int_equal(ASK(m, .from = "a/x", .to = "10.96.0.1", .port = 80),
                         outside ? NETPOL_ALLOW : NETPOL_UNKNOWN);
        assert_int_equal(m->verdict.missing, outside ? 0 : NETPOL_MISSING_SERVICE_ADDRESS);
    }
}

static void unlearnt_addresses(void **state)
{
    struct matrix *m = *state;
    for (int outside = 0; outside < 2; outside++) {
        begin(m, false);
        np_build_options(m->b)->unlearnt_pod_address = (uint8_t)outside;
        pod(m, "a", "x", "app=x", "10.0.0.9", NULL);
        np_build_pod_range(m->b, prefix("10.0.0.0/24"));
        struct np_policy *p = policy(m, kubernetes_tier(m), "x", pods(m, "app=x"), EGRESS);
        rule(m, p, NP_EGRESS, NP_ACT_ALLOW)->far =
            only(m, cidr(m, "10.0.0.0/8", NP_DOMAIN_OUTSIDE)); /* pods by address: not matched */
        seal(m);
        assert_int_equal(ASK(m, .from = "a/x", .to = "10.0.0.77", .port = 80),
                         outside ? NETPOL_ALLOW : NETPOL_UNKNOWN);
        assert_int_equal(m->verdict.missing, outside ? 0 : NETPOL_MISSING_UNLEARNT_ADDRESS);
        assert_int_equal(ASK(m, .from = "a/x", .to = "10.1.0.1", .port = 80), NETPOL_ALLOW);
    }
}

/* order first, then the tie as bytes ("a-b" before "a" where the tie says so), then the name. */
static void policies_in_order(void **state)
{
    static const struct {
        double order[2];
        const char *tie[2];
        int right;
    } rows[] = {
        {{1, 2}, {NULL, NULL},   NETPOL_ALLOW}, /* the allow is policy 0 */
        {{2, 1}, {NULL, NULL},   NETPOL_DENY },
        {{1, 1}, {NULL, NULL},   NETPOL_ALLOW}, /* "allow" before "deny" */
        {{1, 1}, {"b", "a"},     NETPOL_DENY },
        {{1, 1}, {"a-b/", "a/"}, NETPOL_ALLOW},
    };
    struct matrix *m = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(m, false);
        pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
        struct np_tier *t = tier(m, "T", 1, NP_LISTED, NP_END_PASS, NP_ALWAYS);
        for (int k = 1; k >= 0; k--) {
            struct np_policy *p = policy(m, t, k ? "deny" : "allow", pods(m, "app=p"), 0);
            p->order = rows[i].order[k];
            p->tie = text(m, rows[i].tie[k]);
            rule(m, p, NP_INGRESS, k ? NP_ACT_DENY : NP_ACT_ALLOW);
        }
        seal(m);
        assert_int_equal(ASK(m, .from = "8.8.8.8", .to = "a/p", .port = 80), rows[i].right);
    }
}

/* Every rule, isolation, tier end and default has a number of its own that leads back to it. */
static void decision_numbers(void **state)
{
    struct matrix *m = *state;
    one_policy(m);
    seal(m);
    const struct np_model *model = m->model;
    assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 80), NETPOL_ALLOW);
    const struct np_decision *by = &model->decisions[m->verdict.ingress.rule];
    assert_int_equal(by->kind, NP_DECIDED_RULE);
    assert_int_equal(by->rule->number, m->verdict.ingress.rule);
    assert_string_equal(by->policy->name->text, "p");
    assert_int_equal(model->decisions[m->verdict.egress.rule].kind, NP_DECIDED_DEFAULT);
    assert_int_equal(m->verdict.egress.reason, NETPOL_REASON_NO_POLICY);
    for (uint32_t i = 1; i < model->n_decisions; i++) {
        assert_non_null(model->decisions[i].checkpoint);
        assert_true(model->decisions[i].kind != NP_DECIDED_RULE || model->decisions[i].rule);
    }
}

static void audit_and_off(void **state)
{
    struct matrix *m = *state;
    for (int mode = NP_MODE_ENFORCE; mode <= NP_MODE_OFF; mode++) {
        one_policy(m);
        np_build_checkpoint(m->b, NP_CHECK_WORKLOAD, NP_INGRESS, "unused");
        seal(m);
        for (uint32_t i = 0; i < m->model->n_checkpoints; i++) {
            m->model->checkpoints[i]->mode = (uint8_t)mode;
        }
        assert_int_equal(ASK(m, .from = "a/x", .to = "a/p", .port = 81),
                         mode == NP_MODE_ENFORCE ? NETPOL_DENY : NETPOL_ALLOW);
        assert_int_equal(!!(m->verdict.ingress.flags & NETPOL_PART_WOULD_DENY),
                         mode == NP_MODE_AUDIT);
        assert_int_equal(!!(m->verdict.ingress.flags & NETPOL_PART_JUDGED), mode != NP_MODE_OFF);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(mapped_addresses),   TEST(tuples_that_cannot_be), TEST(fragments_and_ports),
        TEST(several_owners),     TEST(owners_do_not_mix),     TEST(service_addresses),
        TEST(unlearnt_addresses), TEST(policies_in_order),     TEST(decision_numbers),
        TEST(audit_and_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
