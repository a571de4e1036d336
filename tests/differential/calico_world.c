/* SPDX-License-Identifier: Apache-2.0 */
/* Sets loaded and compiled, and their verdicts beside those of the oracle. */
#include "differential/calico_world.h"
#include "differential/show.h"

/* ---- loading ---- */

static int print(void *user, const char *bytes, size_t size)
{
    (void)user;
    return fwrite(bytes, 1, size, stdout) == size ? 0 : 1;
}

void cal_print_errors(const struct loaded *l)
{
    for (size_t i = 0; i < netpol_diags_count(l->diags) && i < 20; i++) {
        const struct netpol_diag *diag = netpol_diags_at(l->diags, i);
        if (diag->severity == NETPOL_ERROR) {
            (void)netpol_diag_format(diag, NETPOL_DIAG_TEXT, print, NULL);
        }
    }
}

/* The objects in another order, in up to ten files of one transaction. */
static int load_shuffled(struct loaded *l, const struct cal_text *text, struct gen_random *r)
{
    static struct cal_text file;
    unsigned order[CAL_DOCUMENTS];
    for (unsigned i = 0; i < text->count; i++) {
        unsigned at = gen_below(r, i + 1);
        order[i] = order[at];
        order[at] = i;
    }
    int status = netpol_store_begin(l->store);
    file.len = 0;
    for (unsigned i = 0; i < text->count && status == NETPOL_OK; i++) {
        size_t length = text->starts[order[i] + 1] - text->starts[order[i]];
        memcpy(file.bytes + file.len, text->bytes + text->starts[order[i]], length);
        file.len += length;
        if (i + 1 == text->count || gen_chance(r, 10)) {
            char name[16];
            snprintf(name, sizeof name, "%u.yaml", i);
            status = netpol_store_load_buffer(l->store, file.bytes, file.len, name, NULL, l->diags);
            file.len = 0;
        }
    }
    int committed = netpol_store_commit(l->store, l->diags);
    return status == NETPOL_OK ? committed : status;
}

static int compile(struct loaded *l, struct netpol_ctx *ctx, struct cal_reading reading)
{
    const char *const settings[] = {
        reading.own_node_allowed ? "own_node_ingress=allow" : "own_node_ingress=judge",
        reading.self_allowed ? "self_traffic=allow" : "self_traffic=judge",
        reading.failsafes ? "failsafe_ports=default" : "failsafe_ports=none",
        reading.to_host_dropped ? "endpoint_to_host=drop" : "endpoint_to_host=return",
        reading.encapsulation_dropped ? "workload_encapsulation=drop"
                                      : "workload_encapsulation=allow"};
    struct netpol_compile_options options = {
        .size = sizeof options, .profile = "calico", .settings = settings, .n_settings = 5};
    struct netpol_matcher *compiled = NULL;
    if (l->oracle.set->features & CAL_KUBERNETES) {
        options.profile = "kubernetes";
    }
    int status = netpol_compile(l->store, &options, l->diags, &compiled);
    if (status == NETPOL_OK && world_of(&l->world, ctx, compiled)) {
        status = NETPOL_ERR_STATE;
    }
    return status;
}

void cal_load(struct loaded *l, struct netpol_ctx *ctx, const struct cal *c, uint64_t shuffle)
{
    static struct cal_text text;
    struct gen_random random = {shuffle};
    bool calico = !(c->features & CAL_KUBERNETES);
    struct cal_reading reading = {.own_node_allowed = c->seed & 1,
                                  .self_allowed = c->seed & 2,
                                  .failsafes = c->seed & 4,
                                  .to_host_dropped = calico && c->seed & 8,
                                  .encapsulation_dropped = calico && c->seed & 16};
    memset(l, 0, sizeof *l);
    cal_world_make(&l->oracle, c, reading);
    cal_write(c, &text);
    if (text.overflow || netpol_store_create(ctx, &l->store) != NETPOL_OK ||
        netpol_diags_create(ctx, &l->diags) != NETPOL_OK) {
        return;
    }
    int status = shuffle ? load_shuffled(l, &text, &random)
                         : netpol_store_load_buffer(l->store, text.bytes, text.len, "set.yaml",
                                                    NULL, l->diags);
    l->ready = status == NETPOL_OK && compile(l, ctx, reading) == NETPOL_OK;
}

void cal_unload(struct loaded *l)
{
    if (l->world.compiled) {
        world_close(&l->world);
    }
    netpol_diags_destroy(l->diags);
    netpol_store_destroy(l->store);
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
            *ref = netpol_view_find(l->world.view,
                                    cal_space_names[l->oracle.set->pods[end->pod].space], name);
            tuple.flags |= side ? NETPOL_TUPLE_DST_REF : NETPOL_TUPLE_SRC_REF;
        }
    }
    return tuple;
}

static void ask_reference(const struct loaded *l, const struct cal_asked *asked,
                          struct netpol_verdict *out)
{
    struct netpol_request request = request_of(asked);
    struct netpol_tuple tuple = cal_tuple(l, asked);
    np_reference_eval(l->world.model, &tuple, asked->asked ? &request : NULL, NULL, NULL, out);
}

/* Of the matcher, with what is known beyond the tuple. */
static void ask_matcher(const struct loaded *l, const struct cal_asked *asked,
                        struct netpol_verdict *out)
{
    struct netpol_request request = request_of(asked);
    struct netpol_tuple tuple = cal_tuple(l, asked);
    if (asked->asked) {
        (void)netpol_eval_request(l->world.view, &tuple, &request, l->world.scratch, out);
    } else {
        (void)netpol_eval(l->world.view, &tuple, out);
    }
    out->generation = 0;
}

static bool describe(const struct loaded *l, uint32_t reference, struct netpol_rule_info *info)
{
    const struct netpol_matcher *matcher = l->world.compiled;
    return netpol_rule_describe(matcher, reference, netpol_matcher_generation(matcher), info) ==
           NETPOL_OK;
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
    if (!describe(l, reference, &info)) {
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
    ask_reference(l, asked, &v);
    ask_matcher(l, asked, &got);
    v.generation = 0;
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

static bool same_part(const struct loaded *a, const struct netpol_part *x, const struct loaded *b,
                      const struct netpol_part *y)
{
    struct netpol_rule_info one = {0}, other = {0};
    bool described = describe(a, x->rule, &one);
    if (x->action != y->action || x->reason != y->reason || x->flags != y->flags ||
        described != describe(b, y->rule, &other)) {
        return false;
    }
    return !described ||
           (one.key == other.key && one.action == other.action &&
            strcmp(one.policy, other.policy) == 0 && strcmp(one.rule, other.rule) == 0 &&
            strcmp(one.tier, other.tier) == 0 && strcmp(one.option, other.option) == 0);
}

bool cal_same(const struct loaded *a, const struct loaded *b, const struct cal_asked *asked)
{
    struct netpol_verdict x, y;
    ask_matcher(a, asked, &x);
    ask_matcher(b, asked, &y);
    return x.action == y.action && same_part(a, &x.egress, b, &y.egress) &&
           same_part(a, &x.ingress, b, &y.ingress);
}

/* ---- text ---- */

static void show_side(const struct loaded *l, const char *name, const struct cal_decision *d,
                      uint32_t rule, int action)
{
    struct netpol_rule_info info = {.policy = "-", .rule = "-", .option = "-", .tier = "-"};
    char policy[96] = "-";
    (void)describe(l, rule, &info);
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
    ask_reference(l, asked, &v);
    cal_question_of(&l->oracle, asked, &q);
    cal_judge(&l->oracle, &q, false, &a);
    cal_judge(&l->oracle, &q, true, &pending);
    show_side(l, "egress ", &a.parts[CAL_EGRESS], v.egress.rule, v.egress.action);
    show_side(l, "ingress", &a.parts[CAL_INGRESS], v.ingress.rule, v.ingress.action);
    show_side(l, "second egress ", &pending.parts[CAL_EGRESS], v.egress.staged, -1);
    show_side(l, "second ingress", &pending.parts[CAL_INGRESS], v.ingress.staged, -1);
    show_verdict(stdout, &v);
    ask_matcher(l, asked, &got);
    printf("matcher: ");
    show_verdict(stdout, &got);
}
