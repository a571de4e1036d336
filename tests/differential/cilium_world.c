/* SPDX-License-Identifier: Apache-2.0 */
/* Sets loaded and compiled, and their verdicts beside those of the oracle. */
#include "differential/cilium_world.h"
#include "differential/show.h"

/* ---- loading ---- */

static int print(void *user, const char *bytes, size_t size)
{
    (void)user;
    return fwrite(bytes, 1, size, stdout) == size ? 0 : 1;
}

void cil_print_errors(const struct cil_loaded *l)
{
    for (size_t i = 0; i < netpol_diags_count(l->diags) && i < 20; i++) {
        const struct netpol_diag *diag = netpol_diags_at(l->diags, i);
        if (diag->severity == NETPOL_ERROR) {
            (void)netpol_diag_format(diag, NETPOL_DIAG_TEXT, print, NULL);
        }
    }
}

const char *cil_error(const struct cil_loaded *l)
{
    static char text[64];
    for (size_t i = 0; i < netpol_diags_count(l->diags); i++) {
        const struct netpol_diag *diag = netpol_diags_at(l->diags, i);
        if (diag->severity == NETPOL_ERROR) {
            snprintf(text, sizeof text, "cannot be loaded: %s", diag->code);
            return text;
        }
    }
    return "cannot be loaded";
}

/* The objects in another order, in up to ten files of one transaction. */
static int load_shuffled(struct cil_loaded *l, const struct cil_text *text, struct gen_random *r)
{
    static struct cil_text file;
    unsigned order[CIL_DOCUMENTS];
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
        fine = fine && (!cloud->fed ||
                        netpol_store_put_set(l->store, cil_cloud_names[i], nets, cloud->n_nets,
                                             l->diags) == NETPOL_NEEDS_COMPILE);
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
    struct netpol_compile_options options = {.size = sizeof options,
                                             .profile = "cilium",
                                             .settings = settings,
                                             .n_settings = sizeof settings / sizeof *settings};
    struct netpol_matcher *compiled = NULL;
    int status = netpol_compile(l->store, &options, l->diags, &compiled);
    if (status == NETPOL_OK && world_of(&l->world, ctx, compiled)) {
        status = NETPOL_ERR_STATE;
    }
    return status;
}

void cil_load(struct cil_loaded *l, struct netpol_ctx *ctx, const struct cil *c, uint64_t shuffle)
{
    static struct cil_text text;
    struct gen_random random = {shuffle};
    memset(l, 0, sizeof *l);
    l->set = c;
    cil_write(c, &text);
    if (text.overflow || netpol_store_create(ctx, &l->store) != NETPOL_OK ||
        netpol_diags_create(ctx, &l->diags) != NETPOL_OK) {
        return;
    }
    bool fed = feed(l);
    int status = shuffle ? load_shuffled(l, &text, &random)
                         : netpol_store_load_buffer(l->store, text.bytes, text.len, "set.yaml",
                                                    NULL, l->diags);
    l->ready = fed && status == NETPOL_OK && compile(l, ctx) == NETPOL_OK;
}

void cil_unload(struct cil_loaded *l)
{
    if (l->world.compiled) {
        world_close(&l->world);
    }
    netpol_diags_destroy(l->diags);
    netpol_store_destroy(l->store);
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
            *ref = netpol_view_find(l->world.view, cil_space_names[l->set->pods[end->pod].space],
                                    name);
            tuple.flags |= side ? NETPOL_TUPLE_DST_REF : NETPOL_TUPLE_SRC_REF;
        }
    }
    return tuple;
}

static void ask_reference(const struct cil_loaded *l, const struct cil_asked *asked,
                          struct netpol_verdict *out)
{
    struct netpol_request request = request_of(asked);
    struct netpol_tuple tuple = cil_tuple(l, asked);
    np_reference_eval(l->world.model, &tuple, asked->asked ? &request : NULL, NULL, NULL, out);
    out->generation = 0;
}

/* Of the matcher, with what is known beyond the tuple. */
static void ask_matcher(const struct cil_loaded *l, const struct cil_asked *asked,
                        struct netpol_verdict *out)
{
    struct netpol_request request = request_of(asked);
    struct netpol_tuple tuple = cil_tuple(l, asked);
    if (asked->asked) {
        (void)netpol_eval_request(l->world.view, &tuple, &request, l->world.scratch, out);
    } else {
        (void)netpol_eval(l->world.view, &tuple, out);
    }
    out->generation = 0;
}

static bool describe(const struct cil_loaded *l, uint32_t reference, struct netpol_rule_info *info)
{
    const struct netpol_matcher *matcher = l->world.compiled;
    return netpol_rule_describe(matcher, reference, netpol_matcher_generation(matcher), info) ==
           NETPOL_OK;
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
    if (!describe(l, reference, &info)) {
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
    ask_reference(l, asked, &v);
    ask_matcher(l, asked, &got);
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

static bool same_part(const struct cil_loaded *a, const struct netpol_part *x,
                      const struct cil_loaded *b, const struct netpol_part *y)
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

bool cil_same(const struct cil_loaded *a, const struct cil_loaded *b, const struct cil_asked *asked)
{
    struct netpol_verdict x, y;
    ask_matcher(a, asked, &x);
    ask_matcher(b, asked, &y);
    return x.action == y.action && same_part(a, &x.egress, b, &y.egress) &&
           same_part(a, &x.ingress, b, &y.ingress);
}

/* ---- text ---- */

static void show_side(const struct cil_loaded *l, const char *name, const struct cil_decision *d,
                      const struct netpol_part *part)
{
    struct netpol_rule_info info = {.policy = "-", .rule = "-", .option = "-", .tier = "-"};
    char policy[96];
    (void)describe(l, part->rule, &info);
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
        const char *value = netpol_matcher_option(l->world.compiled, name);
        if (value && strncmp(values, value, strlen(value)) != 0) {
            printf("%s=%s ", name, value);
        }
    }
    printf("\n");
    ask_reference(l, asked, &v);
    cil_question_of(l->set, asked, &q);
    cil_judge(l->set, &q, &a);
    show_side(l, "egress ", &a.parts[CIL_EGRESS], &v.egress);
    show_side(l, "ingress", &a.parts[CIL_INGRESS], &v.ingress);
    show_verdict(stdout, &v);
    ask_matcher(l, asked, &got);
    printf("matcher: ");
    show_verdict(stdout, &got);
}
