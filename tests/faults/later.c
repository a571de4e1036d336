/* SPDX-License-Identifier: Apache-2.0 */
#include "scene.h"
#include <string.h>

struct later {
    struct scene *scene;
    struct output *out;
    struct netpol_diags *diags;
    struct netpol_endpoints *endpoints, *advanced;
    struct netpol_matcher *opened, *next, *renumbered;
    struct netpol_slot *slot;
    struct netpol_reader *reader;
};

static const uint8_t inside[16] = {10, 0, 0, 1}, outside[16] = {198, 51, 100, 7},
                     six[16] = {0x20, 0x01, 0x0d, 0xb8, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};

/* ---- what is said of one connection ---- */

static int describe(struct later *l, struct netpol_matcher *matcher, const struct netpol_part *part,
                    uint64_t generation)
{
    struct netpol_rule_info rule = {.policy = "", .rule = ""};
    struct netpol_program_info program = {.listener = ""};
    if (part->rule) {
        (void)netpol_rule_describe(matcher, part->rule, generation, &rule);
    }
    if (part->program) {
        (void)netpol_program_describe(matcher, part->program, generation, &program);
    }
    return say(l->out, " %s %s %.90s %.40s %d %s", netpol_action_text(part->action),
               netpol_reason_text(part->reason), rule.policy, rule.rule, program.parser,
               program.listener);
}

static int judge(struct later *l, struct netpol_matcher *matcher, const struct netpol_view *view,
                 const uint8_t dst[16])
{
    struct netpol_tuple tuple = {
        .family = dst == six ? 6 : 4, .protocol = 6, .src_port = 40000, .dst_port = 443};
    struct netpol_verdict verdict;
    memcpy(tuple.src, dst == six ? six : inside, sizeof tuple.src);
    memcpy(tuple.dst, dst, sizeof tuple.dst);
    int status = netpol_eval(view, &tuple, &verdict);
    if (status == NETPOL_OK && (describe(l, matcher, &verdict.egress, verdict.generation) ||
                                describe(l, matcher, &verdict.ingress, verdict.generation) ||
                                say(l->out, " %u\n", verdict.missing))) {
        status = NETPOL_ERR_IO;
    }
    return status;
}

static int judge_all(struct later *l, struct netpol_matcher *matcher,
                     struct netpol_endpoints *endpoints)
{
    struct netpol_view *view = NULL;
    int status = netpol_view_create(matcher, endpoints, &view);
    status = status ? status : judge(l, matcher, view, inside);
    status = status ? status : judge(l, matcher, view, outside);
    status = status ? status : judge(l, matcher, view, six);
    netpol_view_destroy(view);
    return status;
}

/* ---- names ---- */

static int learn_names(struct later *l)
{
    static const struct {
        const char *name;
        const uint8_t *address;
        uint8_t family;
        uint64_t ttl;
    } answers[] = {
        {"a.b",              outside, 4, 10                  },
        {"www.Example.com.", outside, 4, 20                  },
        {"a.b",              six,     6, NETPOL_NAMES_FOREVER},
        {"www.example.com",  inside,  4, 30                  },
        {"other.test",       outside, 4, 40                  },
    };
    struct netpol_endpoints *e = l->endpoints;
    int status = NETPOL_OK;
    for (size_t i = 0; i < sizeof answers / sizeof *answers && status == NETPOL_OK; i++) {
        status = netpol_names_learn(e, answers[i].name, answers[i].family, answers[i].address,
                                    answers[i].ttl, 1);
        status = status ? status : judge_all(l, l->scene->matcher, e);
    }
    for (uint64_t now = 15; now < 60 && status == NETPOL_OK; now += 15) {
        status = netpol_names_advance(e, now);
        status = status ? status : judge_all(l, l->scene->matcher, e);
    }
    status = status ? status : netpol_names_forget(e, "a.b", 6, six);
    return status ? status : netpol_names_learn(e, "a.b", 4, outside, 100, 50);
}

/* ---- pods, sets, policies ---- */

static int fine(int status)
{
    return status == NETPOL_NEEDS_COMPILE ? NETPOL_OK : status;
}

static int change_endpoints(struct later *l)
{
    static const struct netpol_label labels[] = {
        {"app", "cart"}
    };
    static const char *const addresses[] = {"10.0.0.77", "2001:db8:ff::77"};
    const struct netpol_endpoint_spec spec = {.size = sizeof spec,
                                              .namespace_name = "shop",
                                              .name = "late",
                                              .labels = labels,
                                              .n_labels = 1,
                                              .addresses = addresses,
                                              .n_addresses = 2,
                                              .node = "n1"};
    uint64_t ref = 0;
    int status = fine(netpol_store_put_endpoint(l->scene->store, &spec, &ref, l->diags));
    status = status ? status : fine(netpol_endpoints_put(l->endpoints, ref, &spec));
    return status ? status : judge_all(l, l->scene->matcher, l->endpoints);
}

static const char policies[] =
    "apiVersion: cilium.io/v2\n"
    "kind: CiliumNetworkPolicy\n"
    "metadata: {name: late, namespace: shop}\n"
    "spec:\n"
    "  endpointSelector: {matchLabels: {app: storefront}}\n"
    "  egress:\n"
    "  - toGroups: [{aws: {securityGroupsIds: [sg-1]}}]\n"
    "    toPorts: [{ports: [{port: '443', protocol: TCP}], rules: {http: [{path: '/[a-z]+', method: GET}]}}]\n"
    "  - toFQDNs: [{matchPattern: '*.b'}]\n"
    "---\n"
    "apiVersion: networking.k8s.io/v1\n"
    "kind: NetworkPolicy\n"
    "metadata: {name: late, namespace: shop}\n"
    "spec: {podSelector: {matchLabels: {app: late}}, egress: [{to: [{ipBlock: {cidr: "
    "198.51.100.0/24}}]}]}\n";

static int edit(struct later *l)
{
    static const char *const prefixes[] = {"198.51.100.0/25", "2001:db8:ff::/48"};
    static const char name[] = "aws;ids=sg-1"; /* as docs/cilium.md names a group */
    struct netpol_store *store = l->scene->store;
    int status = netpol_store_begin(store);
    if (status == NETPOL_OK) {
        status =
            netpol_store_load_buffer(store, policies, strlen(policies), "late", NULL, l->diags);
        status = status ? status : fine(netpol_store_put_set(store, name, prefixes, 2, l->diags));
        status = status ? status : fine(netpol_store_put_set(store, "gone", prefixes, 1, l->diags));
        status = status ? status : fine(netpol_store_remove_set(store, "gone"));
        if (status == NETPOL_OK) {
            status = netpol_store_commit(store, l->diags);
        } else {
            (void)netpol_store_rollback(store);
        }
    }
    return status;
}

/* ---- the next compile ---- */

static int compile(struct later *l, struct netpol_matcher *previous, struct netpol_matcher **out)
{
    const struct netpol_compile_options options = {.size = sizeof options,
                                                   .profile = l->scene->profile,
                                                   .endpoints = l->endpoints,
                                                   .previous = previous};
    return netpol_compile(l->scene->store, &options, l->diags, out);
}

static int say_identities(struct later *l, const struct netpol_matcher *matcher)
{
    struct netpol_identity identity;
    for (size_t i = 0; netpol_identity_at(matcher, i, &identity) == NETPOL_OK; i++) {
        const char *label = netpol_identity_label(matcher, i, 0);
        if (say(l->out, "%u %s\n", identity.number, label ? label : "")) {
            return NETPOL_ERR_IO;
        }
    }
    return NETPOL_OK;
}

/* The image as ledger. */
static int compile_anew(struct later *l)
{
    size_t size;
    const char *why = NULL;
    const void *bytes = netpol_matcher_image(l->scene->matcher, &size);
    int status = netpol_matcher_open(l->scene->ctx, bytes, size, 0, &why, &l->opened);
    status = status ? status : compile(l, l->opened, &l->renumbered);
    status = status ? status : compile(l, l->scene->matcher, &l->next);
    status = status ? status : say_identities(l, l->renumbered);
    status = status ? status : say_identities(l, l->next);
    status = status ? status : netpol_endpoints_advance(l->endpoints, l->next, &l->advanced);
    return status ? status : judge_all(l, l->next, l->advanced);
}

/* ---- what is written of it ---- */

static int write_flows(struct later *l)
{
    struct netpol_tuple tuple = {.family = 4, .protocol = 6, .src_port = 40000, .dst_port = 443};
    struct netpol_request request = NETPOL_REQUEST_INIT;
    struct netpol_view *view = NULL;
    struct netpol_hubble *hubble = NULL;
    request.kind = NETPOL_REQUEST_HTTP;
    request.method = (struct netpol_string){"GET", 3};
    request.path = (struct netpol_string){"/a/../b", 7};
    memcpy(tuple.src, inside, sizeof tuple.src);
    memcpy(tuple.dst, outside, sizeof tuple.dst);
    int status = netpol_view_create(l->next, NULL, &view);
    status = status ? status : netpol_hubble_create(view, NULL, &tuple, &request, &hubble);
    for (int format = NETPOL_HUBBLE_JSONPB; format <= NETPOL_HUBBLE_COMPACT; format++) {
        status = status ? status : netpol_hubble_write(hubble, format, NULL, write_output, l->out);
    }
    netpol_hubble_destroy(hubble);
    netpol_view_destroy(view);
    return status;
}

static int say_reach(void *user, const struct netpol_reach *reach)
{
    return say(user, "%.80s %.80s %zu\n", reach->src, reach->dst, reach->n_spans);
}

static int say_change(void *user, const struct netpol_change *change)
{
    return say(user, "%.80s %.80s %d %d\n", change->src, change->dst, change->before,
               change->after);
}

static int analyse(struct later *l)
{
    struct netpol_view *view = NULL;
    int status = netpol_view_create(l->next, NULL, &view);
    status = status ? status : netpol_list(view, NULL, say_reach, l->out, l->diags);
    netpol_view_destroy(view);
    if (status == NETPOL_OK) {
        status = netpol_diff(l->scene->matcher, l->next, NULL, say_change, l->out, l->diags);
    }
    netpol_diags_clear(l->diags);
    status = status ? status : netpol_lint(l->next, NULL, l->diags);
    if (status == NETPOL_OK && say(l->out, "%zu findings\n", netpol_diags_count(l->diags))) {
        status = NETPOL_ERR_IO;
    }
    return status;
}

/* A table is longer than the room for answers. */
static int count_bytes(void *user, const char *bytes, size_t size)
{
    (void)bytes;
    *(size_t *)user += size;
    return 0;
}

static int dump(struct later *l)
{
    size_t bytes = 0;
    int status = NETPOL_OK;
    for (int format = NETPOL_DUMP_TEXT; format <= NETPOL_DUMP_JSON; format++) {
        status = status ? status : netpol_matcher_dump(l->next, format, NULL, count_bytes, &bytes);
    }
    return status == NETPOL_OK && bytes == 0 ? NETPOL_ERR_INTERNAL : status;
}

static int publish(struct later *l)
{
    struct netpol_view *view = NULL;
    int status = netpol_slot_create(l->scene->ctx, &l->slot);
    status = status ? status : netpol_reader_create(l->slot, &l->reader);
    status = status ? status : netpol_view_create(l->next, l->advanced, &view);
    if (status == NETPOL_OK) {
        status = netpol_slot_publish(l->slot, view, 0);
        if (status != NETPOL_OK) {
            netpol_view_destroy(view);
        }
    }
    const struct netpol_view *seen = status ? NULL : netpol_reader_enter(l->reader);
    status = status ? status : judge(l, l->next, seen, outside);
    if (seen) {
        netpol_reader_leave(l->reader);
    }
    return status;
}

static void release(struct later *l)
{
    netpol_reader_destroy(l->reader);
    (void)netpol_slot_destroy(l->slot);
    netpol_endpoints_destroy(l->advanced);
    netpol_endpoints_destroy(l->endpoints);
    netpol_matcher_unref(l->next);
    netpol_matcher_unref(l->renumbered);
    netpol_matcher_unref(l->opened);
    netpol_diags_destroy(l->diags);
}

int scene_later(struct scene *s, struct output *out)
{
    static int (*const steps[])(struct later * l) = {
        learn_names, change_endpoints, edit, compile_anew, write_flows, analyse, dump, publish};
    struct later l = {.scene = s, .out = out};
    int status = netpol_diags_create(s->ctx, &l.diags);
    status = status ? status : netpol_endpoints_create(s->matcher, &l.endpoints);
    for (size_t i = 0; i < sizeof steps / sizeof *steps && status == NETPOL_OK; i++) {
        status = steps[i](&l);
    }
    release(&l);
    return status;
}
