/* SPDX-License-Identifier: Apache-2.0 */
/* Sets loaded and compiled, and their verdicts beside those of the oracle. */
#include "differential/calico_world.h"
#include "differential/show.h"

/* ---- loading ---- */

static int compile(struct loaded *l, struct netpol_ctx *ctx, struct cal_reading reading)
{
    const char *const settings[] = {
        reading.own_node_allowed ? "own_node_ingress=allow" : "own_node_ingress=judge",
        reading.self_allowed ? "self_traffic=allow" : "self_traffic=judge",
        reading.failsafes ? "failsafe_ports=default" : "failsafe_ports=none",
        reading.to_host_dropped ? "endpoint_to_host=drop" : "endpoint_to_host=return",
        reading.encapsulation_dropped ? "workload_encapsulation=drop"
                                      : "workload_encapsulation=allow"};
    bool kubernetes = l->oracle.set->features & CAL_KUBERNETES;
    return random_compile(&l->library, ctx, kubernetes ? "kubernetes" : "calico", settings, 5);
}

void cal_load(struct loaded *l, struct netpol_ctx *ctx, const struct cal *c, uint64_t shuffle)
{
    static struct random_text text;
    bool calico = !(c->features & CAL_KUBERNETES);
    struct cal_reading reading = {.own_node_allowed = c->seed & 1,
                                  .self_allowed = c->seed & 2,
                                  .failsafes = c->seed & 4,
                                  .to_host_dropped = calico && c->seed & 8,
                                  .encapsulation_dropped = calico && c->seed & 16};
    bool open = random_open(&l->library, ctx);
    cal_world_make(&l->oracle, c, reading);
    cal_write(c, &text);
    if (open && random_load(&l->library, &text, shuffle) == NETPOL_OK) {
        (void)compile(l, ctx, reading);
    }
}

/* ---- asking ---- */

static struct netpol_request request_of(const struct cal_asked *asked)
{
    struct netpol_request request = NETPOL_REQUEST_INIT;
    if (asked->http) {
        request.kind = NETPOL_REQUEST_HTTP;
        request.method = (struct netpol_string){asked->method, strlen(asked->method)};
        request.path = (struct netpol_string){asked->path, strlen(asked->path)};
    }
    if (asked->translated) {
        request.original_family = asked->tuple.family;
        request.original_port = asked->original_port;
        memcpy(request.original, asked->original, 16);
    }
    return request;
}

struct netpol_tuple cal_tuple(const struct loaded *l, const struct cal_asked *asked)
{
    struct netpol_tuple tuple = asked->tuple;
    struct cal_question q;
    cal_question_of(&l->oracle, asked, &q);
    for (int side = 0; side < 2; side++) {
        const struct cal_end *end = side ? &q.dst : &q.src;
        uint64_t *ref = side ? &tuple.dst_ref : &tuple.src_ref;
        char name[16];
        if (asked->by_reference[side] && end->pod >= 0) {
            snprintf(name, sizeof name, "pod%d", end->pod);
            *ref = netpol_view_find(l->library.world.view,
                                    cal_space_names[l->oracle.set->pods[end->pod].space], name);
            tuple.flags |= side ? NETPOL_TUPLE_DST_REF : NETPOL_TUPLE_SRC_REF;
        }
    }
    return tuple;
}

typedef void ask(const struct random_world *w, const struct netpol_tuple *tuple,
                 const struct netpol_request *request, struct netpol_verdict *out);
static void put_to(ask *whom, const struct loaded *l, const struct cal_asked *asked,
                   struct netpol_verdict *out)
{
    struct netpol_request request = request_of(asked);
    struct netpol_tuple tuple = cal_tuple(l, asked);
    whom(&l->library, &tuple, asked->asked ? &request : NULL, out);
}

/* ---- comparing ---- */

static void name_policy(const struct cal_policy *p, char out[96])
{
    static const char *const kinds[] = {"NetworkPolicy",
                                        "GlobalNetworkPolicy",
                                        "StagedNetworkPolicy",
                                        "StagedGlobalNetworkPolicy",
                                        "StagedKubernetesNetworkPolicy",
                                        "NetworkPolicy",
                                        "ClusterNetworkPolicy"};
    if (p->space < CAL_SPACES) {
        snprintf(out, 96, "%s/%s/%s", kinds[p->kind], cal_space_names[p->space],
                 cal_policy_names[p->name]);
    } else {
        snprintf(out, 96, "%s/%s", kinds[p->kind], cal_policy_names[p->name]);
    }
}

/* Does the decision name the policy and the rule that the oracle stopped at? */
static bool names_rule(const struct loaded *l, const struct cal_decision *d, uint32_t reference)
{
    struct netpol_rule_info info;
    char policy[96], rule[32];
    if (!d->judged || !d->sure || !d->policy || l->oracle.set->features & CAL_KUBERNETES) {
        return true;
    }
    if (!random_describe(&l->library, reference, &info)) {
        return false;
    }
    name_policy(d->policy, policy);
    snprintf(rule, sizeof rule, "spec.%s[%d]", d->direction == CAL_INGRESS ? "ingress" : "egress",
             d->rule);
    return strcmp(info.policy, policy) == 0 && (d->rule < 0 || strcmp(info.rule, rule) == 0);
}

static int action_of(const struct cal_decision *d)
{
    return d->judged ? cal_action(d->may) : NETPOL_ALLOW;
}

static const char *compare_part(const struct loaded *l, const struct cal_decision *d,
                                const struct cal_decision *pending, const struct netpol_part *part)
{
    bool told = part->flags & NETPOL_PART_WOULD_DENY;
    bool differs = d->policy != pending->policy || d->rule != pending->rule ||
                   d->may != pending->may || d->host != pending->host;
    if (part->action != action_of(d)) {
        return "another action";
    }
    if (d->judged != !!(part->flags & NETPOL_PART_JUDGED)) {
        return "judged or not";
    }
    if (!names_rule(l, d, part->rule)) {
        return "another rule";
    }
    if (told != (action_of(pending) == NETPOL_DENY && part->action != NETPOL_DENY)) {
        return "another second walk";
    }
    if (d->sure && pending->sure && !differs && part->staged) {
        return "a second walk that decides otherwise";
    }
    if (d->sure && pending->sure && differs && !names_rule(l, pending, part->staged)) {
        return "another rule of the second walk";
    }
    return NULL;
}

const char *cal_compare(const struct loaded *l, const struct cal_asked *asked,
                        struct cal_tally *tally)
{
    struct cal_question q;
    struct cal_answer enforced, pending;
    struct netpol_verdict v, got;
    put_to(random_ask_reference, l, asked, &v);
    put_to(random_ask_matcher, l, asked, &got);
    cal_question_of(&l->oracle, asked, &q);
    cal_judge(&l->oracle, &q, false, &enforced);
    cal_judge(&l->oracle, &q, true, &pending);
    if (tally) {
        cal_tally_answer(tally, &q, &enforced, &pending);
    }
    for (unsigned side = 0; side < CAL_DIRECTIONS; side++) {
        const char *why = compare_part(l, &enforced.parts[side], &pending.parts[side],
                                       side == CAL_EGRESS ? &v.egress : &v.ingress);
        if (why) {
            return why;
        }
    }
    return memcmp(&v, &got, sizeof v) == 0 ? NULL : "the matcher says otherwise";
}

bool cal_same(const struct loaded *a, const struct loaded *b, const struct cal_asked *asked)
{
    struct netpol_verdict x, y;
    put_to(random_ask_matcher, a, asked, &x);
    put_to(random_ask_matcher, b, asked, &y);
    return random_same(&a->library, &x, &b->library, &y);
}

/* ---- text ---- */

static void show_side(const struct loaded *l, const char *name, const struct cal_decision *d,
                      uint32_t rule, int action)
{
    struct netpol_rule_info info = {.policy = "-", .rule = "-", .option = "-", .tier = "-"};
    char policy[96] = "-";
    (void)random_describe(&l->library, rule, &info);
    if (d->policy) {
        name_policy(d->policy, policy);
    }
    printf("%s: oracle says %s%s%s by %s rule %d; reference %s by %s %s (tier %s, option %s)\n",
           name, d->judged ? "" : "(not judged) ", netpol_action_text(action_of(d)),
           d->profile ? " (profile)"
           : d->host  ? " (host)"
                      : "",
           policy, d->rule, action < 0 ? "staged" : netpol_action_text(action), info.policy,
           info.rule, info.tier, info.option);
}

void cal_show(const struct loaded *l, const struct cal_asked *asked)
{
    struct cal_question q;
    struct cal_answer a, pending;
    struct netpol_verdict v, got;
    show_tuple(stdout, &asked->tuple);
    if (asked->asked && asked->http) {
        printf("%s %s\n", asked->method, asked->path);
    }
    if (asked->asked && asked->translated) {
        printf("before translation to port %u of %u.%u.%u.%u...\n", asked->original_port,
               asked->original[0], asked->original[1], asked->original[2], asked->original[3]);
    }
    put_to(random_ask_reference, l, asked, &v);
    cal_question_of(&l->oracle, asked, &q);
    cal_judge(&l->oracle, &q, false, &a);
    cal_judge(&l->oracle, &q, true, &pending);
    show_side(l, "egress ", &a.parts[CAL_EGRESS], v.egress.rule, v.egress.action);
    show_side(l, "ingress", &a.parts[CAL_INGRESS], v.ingress.rule, v.ingress.action);
    show_side(l, "second egress ", &pending.parts[CAL_EGRESS], v.egress.staged, -1);
    show_side(l, "second ingress", &pending.parts[CAL_INGRESS], v.ingress.staged, -1);
    show_verdict(stdout, &v);
    put_to(random_ask_matcher, l, asked, &got);
    printf("matcher: ");
    show_verdict(stdout, &got);
}
