/* SPDX-License-Identifier: Apache-2.0 */
/* Sets loaded and compiled, and their verdicts beside those of the oracle. */
#include "differential/cilium_world.h"
#include "differential/show.h"

/* ---- loading ---- */

/* Groups of the cloud. */
static bool feed(struct cil_loaded *l)
{
    bool fine = true;
    for (unsigned i = 0; i < CIL_CLOUDS; i++) {
        const struct cil_cloud *cloud = &l->set->clouds[i];
        const char *nets[CIL_FEW];
        for (unsigned k = 0; k < cloud->n_nets; k++) {
            nets[k] = cil_net(cloud->nets[k])->text;
        }
        fine =
            fine && (!cloud->fed ||
                     netpol_store_put_set(l->library.store, cil_cloud_names[i], nets, cloud->n_nets,
                                          l->library.diags) == NETPOL_NEEDS_COMPILE);
    }
    return fine;
}

static int compile(struct cil_loaded *l, struct netpol_ctx *ctx)
{
    static const char *const localhost[] = {"allow_localhost=on", "allow_localhost=top",
                                            "allow_localhost=off"};
    static const char *const enforcement[] = {
        "policy_enforcement=default", "policy_enforcement=always", "policy_enforcement=never"};
    const struct cil_options *o = &l->set->options;
    const char *const settings[] = {
        localhost[o->allow_localhost],
        enforcement[o->policy_enforcement],
        o->no_non_default_deny ? "non_default_deny=off" : "non_default_deny=on",
        o->judge_frag_needed ? "icmp_frag_needed=judge" : "icmp_frag_needed=allow",
        o->plain_dropped ? "plain_allow=dropped" : "plain_allow=alternative",
        o->any_cluster ? "local_cluster=off" : "local_cluster=on",
        o->node_labels ? "node_labels=on" : "node_labels=off",
        o->extended ? "extended_protocols=on" : "extended_protocols=off",
        o->raw_paths ? "http_normalize=off" : "http_normalize=on",
        o->cidr_pods ? "ipblock_matches_pods=on" : "ipblock_matches_pods=off",
        o->cidr_nodes ? "ipblock_matches_nodes=on" : "ipblock_matches_nodes=off",
        o->same_rule ? "sni_http_join=same-rule" : "sni_http_join=separate",
        o->self_judged ? "self_traffic=judge" : "self_traffic=allow",
        o->host_firewall ? "host_firewall=on" : "host_firewall=off",
        o->deny_alone_ignored ? "default_deny_alone=ignored" : "default_deny_alone=isolates",
    };
    return random_compile(&l->library, ctx, "cilium", settings, sizeof settings / sizeof *settings);
}

void cil_load(struct cil_loaded *l, struct netpol_ctx *ctx, const struct cil *c, uint64_t shuffle)
{
    static struct random_text text;
    bool open = random_open(&l->library, ctx);
    l->set = c;
    cil_write(c, &text);
    if (open && feed(l) && random_load(&l->library, &text, shuffle) == NETPOL_OK) {
        (void)compile(l, ctx);
    }
}

/* ---- asking ---- */

static struct netpol_string string(const char *text)
{
    return (struct netpol_string){text, text ? strlen(text) : 0};
}

static struct netpol_request request_of(const struct cil_asked *asked)
{
    static const uint8_t kinds[] = {[CIL_HTTP_REQUEST] = NETPOL_REQUEST_HTTP,
                                    [CIL_DNS_REQUEST] = NETPOL_REQUEST_DNS,
                                    [CIL_KAFKA_REQUEST] = NETPOL_REQUEST_KAFKA};
    struct netpol_request request = NETPOL_REQUEST_INIT;
    request.kind = kinds[asked->kind];
    request.payload = asked->kind == CIL_OPAQUE ? NETPOL_PAYLOAD_OPAQUE
                      : asked->kind == CIL_TLS  ? NETPOL_PAYLOAD_TLS
                                                : NETPOL_PAYLOAD_PLAIN;
    if (asked->kind == CIL_HTTP_REQUEST) {
        request.method = string(asked->method);
        request.path = string(asked->path);
        request.authority = string(asked->authority);
        request.headers = asked->headers;
        request.n_headers = asked->n_headers;
    }
    if (asked->kind == CIL_KAFKA_REQUEST) {
        request.kafka_api_key = string(asked->api_key);
        request.kafka_client = string(asked->client);
        request.kafka_api_version = asked->api_version;
        request.kafka_topics = asked->topics;
        request.n_kafka_topics = asked->n_topics;
    }
    request.dns_query = string(asked->kind == CIL_DNS_REQUEST ? asked->query : NULL);
    request.sni = (struct netpol_field){asked->sni_presence, string(asked->sni)};
    request.authenticated = asked->authenticated;
    request.dst_names_given = asked->named;
    request.dst_names = asked->names;
    request.n_dst_names = asked->named ? asked->n_names : 0;
    return request;
}

struct netpol_tuple cil_tuple(const struct cil_loaded *l, const struct cil_asked *asked)
{
    struct netpol_tuple tuple = asked->tuple;
    struct cil_question q;
    cil_question_of(l->set, asked, &q);
    for (int side = 0; side < 2; side++) {
        const struct cil_end *end = side ? &q.dst : &q.src;
        uint64_t *ref = side ? &tuple.dst_ref : &tuple.src_ref;
        char name[16];
        if (asked->by_reference[side] && end->pod >= 0) {
            snprintf(name, sizeof name, "pod%d", end->pod);
            *ref = netpol_view_find(l->library.world.view,
                                    cil_space_names[l->set->pods[end->pod].space], name);
            tuple.flags |= side ? NETPOL_TUPLE_DST_REF : NETPOL_TUPLE_SRC_REF;
        }
    }
    return tuple;
}

typedef void ask(const struct random_world *w, const struct netpol_tuple *tuple,
                 const struct netpol_request *request, struct netpol_verdict *out);
static void put_to(ask *whom, const struct cil_loaded *l, const struct cil_asked *asked,
                   struct netpol_verdict *out)
{
    struct netpol_request request = request_of(asked);
    struct netpol_tuple tuple = cil_tuple(l, asked);
    whom(&l->library, &tuple, asked->asked ? &request : NULL, out);
}

/* ---- comparing ---- */

static void name_policy(const struct cil_policy *p, char out[96])
{
    static const char *const kinds[] = {"CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy",
                                        "NetworkPolicy", "ClusterNetworkPolicy"};
    if (p->space < CIL_SPACES) {
        snprintf(out, 96, "%s/%s/%s", kinds[p->kind], cil_space_names[p->space],
                 cil_policy_names[p->name]);
    } else {
        snprintf(out, 96, "%s/%s", kinds[p->kind], cil_policy_names[p->name]);
    }
}

/* Does the decision name one of the policies that the oracle stopped at? */
static bool names_policy(const struct cil_loaded *l, const struct cil_decision *d,
                         uint32_t reference)
{
    struct netpol_rule_info info;
    char policy[96];
    if (d->policies == 0) {
        return true;
    }
    if (!random_describe(&l->library, reference, &info)) {
        return false;
    }
    for (unsigned i = 0; i < CIL_POLICIES; i++) {
        name_policy(&l->set->policies[i], policy);
        if (d->policies >> i & 1 && strcmp(info.policy, policy) == 0) {
            return true;
        }
    }
    return false;
}

static bool says(const struct cil_decision *d, uint8_t action)
{
    bool open = d->judged && d->may_allow && d->may_deny;
    /* which of two causes is named is no matter */
    bool both = open && d->causes & CIL_OF_FACT && d->causes & CIL_OF_REQUEST;
    return action == cil_verdict(d) ||
           (both && (action == NETPOL_UNKNOWN || action == NETPOL_INSPECT));
}

static const char *compare_part(const struct cil_loaded *l, const struct cil_decision *d,
                                const struct netpol_part *part)
{
    bool off = l->set->options.policy_enforcement == 2;
    if (d->unsure) {
        return NULL;
    }
    if (!says(d, part->action)) {
        return "another action";
    }
    if (!off && d->judged != !!(part->flags & NETPOL_PART_JUDGED)) {
        return "judged or not";
    }
    bool certain = d->may_allow != d->may_deny && part->action != NETPOL_INSPECT;
    return !certain || names_policy(l, d, part->rule) ? NULL : "another policy";
}

const char *cil_compare(const struct cil_loaded *l, const struct cil_asked *asked,
                        struct cil_tally *tally)
{
    struct cil_question q;
    struct cil_answer answer;
    struct netpol_verdict v, got;
    put_to(random_ask_reference, l, asked, &v);
    put_to(random_ask_matcher, l, asked, &got);
    cil_question_of(l->set, asked, &q);
    cil_judge(l->set, &q, &answer);
    if (tally) {
        cil_tally_answer(tally, l->set, &q, &answer);
    }
    for (unsigned side = 0; side < CIL_DIRECTIONS; side++) {
        const char *why =
            compare_part(l, &answer.parts[side], side == CIL_EGRESS ? &v.egress : &v.ingress);
        if (why) {
            return why;
        }
    }
    return memcmp(&v, &got, sizeof v) == 0 ? NULL : "the matcher says otherwise";
}

bool cil_same(const struct cil_loaded *a, const struct cil_loaded *b, const struct cil_asked *asked)
{
    struct netpol_verdict x, y;
    put_to(random_ask_matcher, a, asked, &x);
    put_to(random_ask_matcher, b, asked, &y);
    return random_same(&a->library, &x, &b->library, &y);
}

/* ---- text ---- */

static void show_side(const struct cil_loaded *l, const char *name, const struct cil_decision *d,
                      const struct netpol_part *part)
{
    struct netpol_rule_info info = {.policy = "-", .rule = "-", .option = "-", .tier = "-"};
    char policy[96];
    (void)random_describe(&l->library, part->rule, &info);
    printf("%s: oracle says %s%s in tier %u by", name, d->judged ? "" : "(not judged) ",
           netpol_action_text(cil_verdict(d)), d->tier);
    for (unsigned i = 0; i < CIL_POLICIES; i++) {
        name_policy(&l->set->policies[i], policy);
        printf("%s%s", d->policies >> i & 1 ? " " : "", d->policies >> i & 1 ? policy : "");
    }
    printf("; reference %s by %s %s (tier %s, option %s, reason %s)\n",
           netpol_action_text(part->action), info.policy, info.rule, info.tier, info.option,
           netpol_reason_text(part->reason));
}

static void show_request(const struct cil_asked *asked)
{
    if (!asked->asked) {
        return;
    }
    if (asked->kind == CIL_HTTP_REQUEST) {
        printf("%s %s host %s", asked->method, asked->path, asked->authority);
        for (unsigned i = 0; i < asked->n_headers; i++) {
            printf(" %s: %s", asked->headers[i].name.ptr, asked->headers[i].value.ptr);
        }
        printf("\n");
    }
    if (asked->kind == CIL_KAFKA_REQUEST) {
        printf("kafka %s version %d client %s", asked->api_key, asked->api_version,
               asked->client ? asked->client : "-");
        for (unsigned i = 0; i < asked->n_topics; i++) {
            printf(" %s", asked->topics[i].ptr);
        }
        printf("\n");
    }
    printf("%s%s%s%s%s", asked->kind == CIL_OPAQUE ? "opaque " : "",
           asked->kind == CIL_DNS_REQUEST ? "query " : "",
           asked->kind == CIL_DNS_REQUEST ? asked->query : "",
           asked->sni_presence == NETPOL_PRESENT ? " server name " : "",
           asked->sni_presence == NETPOL_PRESENT ? asked->sni : "");
    printf("%s authenticated %u names", asked->kind == CIL_TLS ? " (TLS)" : "",
           asked->authenticated);
    for (unsigned i = 0; i < asked->n_names; i++) {
        printf(" %s", asked->names[i].ptr);
    }
    printf(asked->named ? "\n" : " (not given)\n");
}

void cil_show(const struct cil_loaded *l, const struct cil_asked *asked)
{
    struct cil_question q;
    struct cil_answer a;
    struct netpol_verdict v, got;
    show_tuple(stdout, &asked->tuple);
    show_request(asked);
    for (size_t i = 0; netpol_option_at(i); i++) {
        const char *name = netpol_option_at(i)->name, *values = netpol_option_at(i)->values;
        const char *value = netpol_matcher_option(l->library.world.compiled, name);
        if (value && strncmp(values, value, strlen(value)) != 0) {
            printf("%s=%s ", name, value);
        }
    }
    printf("\n");
    put_to(random_ask_reference, l, asked, &v);
    cil_question_of(l->set, asked, &q);
    cil_judge(l->set, &q, &a);
    show_side(l, "egress ", &a.parts[CIL_EGRESS], &v.egress);
    show_side(l, "ingress", &a.parts[CIL_INGRESS], &v.ingress);
    show_verdict(stdout, &v);
    put_to(random_ask_matcher, l, asked, &got);
    printf("matcher: ");
    show_verdict(stdout, &got);
}
