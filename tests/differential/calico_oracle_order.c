/* SPDX-License-Identifier: Apache-2.0 */
/* What the oracle works with: flat labels of every object, the order of tiers and policies. */
#include "differential/calico_oracle.h"

#include <arpa/inet.h>
#include <math.h>

/* ---- flat labels ---- */

/* Longer than any label of the pools with a prefix; each stays for the run. */
static const char *with_prefix(const char *prefix, const char *key)
{
    static char texts[64][48];
    for (unsigned i = 0; i < 64; i++) {
        char text[48];
        snprintf(text, sizeof text, "%s%s", prefix, key);
        if (strcmp(texts[i], text) == 0) {
            return texts[i];
        }
        if (!texts[i][0]) {
            memcpy(texts[i], text, sizeof text);
            return texts[i];
        }
    }
    abort();
}

static void add(struct cal_map *map, const char *prefix, const char *key, const char *value)
{
    if (!cal_map_get(map, prefix, key)) { /* the first one wins */
        if (map->count >= CAL_MAP) {
            abort();
        }
        map->items[map->count++] = (struct cal_label){with_prefix(prefix, key), value};
    }
}

static void add_all(struct cal_map *map, const char *prefix, const struct cal_labels *labels)
{
    for (unsigned i = 0; i < labels->count; i++) {
        add(map, prefix, labels->items[i].key, labels->items[i].value);
    }
}

static void add_space(struct cal_map *map, const struct cal *c, unsigned space)
{
    const char *name = cal_space_names[space];
    add(map, "", "projectcalico.org/namespace", name);
    add_all(map, "pcns.", &c->spaces[space].labels);
    add(map, "pcns.", "projectcalico.org/name", name);
    add(map, "pcns.", "kubernetes.io/metadata.name", name);
}

static void add_pod(struct cal_world *w, const struct cal_pod *pod)
{
    struct cal_object *object = &w->objects[w->n_objects++];
    const char *account = cal_account_names[pod->account];
    *object = (struct cal_object){.pod = pod};
    add_all(&object->map, "", &pod->labels);
    add_space(&object->map, w->set, pod->space);
    add(&object->map, "", "projectcalico.org/orchestrator", "k8s");
    add(&object->map, "", "projectcalico.org/serviceaccount", account);
    add_all(&object->map, "pcsa.", &w->set->accounts[pod->account].labels[pod->space]);
    add(&object->map, "pcsa.", "projectcalico.org/name", account);
}

static void add_host(struct cal_world *w, const struct cal_host *host)
{
    struct cal_object *object = &w->objects[w->n_objects++];
    *object = (struct cal_object){.host = host};
    add_all(&object->map, "", &host->labels);
    for (unsigned k = 0; k < CAL_PROFILES; k++) {
        unsigned at = host->reversed ? CAL_PROFILES - 1 - k : k;
        if (host->profiles >> at & 1 && w->set->profiles[at].present) {
            add_all(&object->map, "", &w->set->profiles[at].labels);
        }
    }
}

static void add_set(struct cal_world *w, const struct cal_set *set)
{
    struct cal_object *object = &w->objects[w->n_objects++];
    *object = (struct cal_object){.set = set};
    add_all(&object->map, "", &set->labels);
    if (set->space < CAL_SPACES) {
        add_space(&object->map, w->set, set->space);
    }
}

void cal_world_make(struct cal_world *w, const struct cal *set, struct cal_reading reading)
{
    memset(w, 0, sizeof *w);
    w->set = set;
    w->reading = reading;
    for (unsigned i = 0; i < CAL_PODS; i++) {
        if (set->pods[i].present && !set->pods[i].host_network) {
            add_pod(w, &set->pods[i]);
        }
    }
    for (unsigned i = 0; i < CAL_HOSTS; i++) {
        if (set->hosts[i].present) {
            add_host(w, &set->hosts[i]);
        }
    }
    for (unsigned i = 0; i < CAL_SETS; i++) {
        if (set->sets[i].present) {
            add_set(w, &set->sets[i]);
        }
    }
    cal_world_sort(w);
}

/* ---- order ---- */

static double order_of_tier(const struct cal *c, uint8_t tier)
{
    switch (tier) {
    case CAL_TIER_ADMIN:
        return 1000;
    case CAL_TIER_DEFAULT:
        return 1000000;
    case CAL_TIER_BASELINE:
        return 10000000;
    default:
        return tier < CAL_TIERS && c->tiers[tier].order ? cal_orders[c->tiers[tier].order]
                                                        : HUGE_VAL;
    }
}

static bool tier_is_before(const struct cal *c, uint8_t a, uint8_t b)
{
    double of_a = order_of_tier(c, a), of_b = order_of_tier(c, b);
    if ((a == CAL_TIER_LOST) != (b == CAL_TIER_LOST)) {
        return b == CAL_TIER_LOST;
    }
    return of_a < of_b || (of_a == of_b && strcmp(cal_tier_names[a], cal_tier_names[b]) < 0);
}

static double order_of_policy(const struct cal_policy *p)
{
    switch (p->kind) {
    case CAL_K8S:
    case CAL_STAGED_K8S:
        return 1000;
    case CAL_CNP:
        return p->order; /* its priority */
    default:
        return p->order ? cal_orders[p->order] : HUGE_VAL;
    }
}

static void join(const struct cal_policy *p, char out[96])
{
    static const char *const kinds[] = {"NetworkPolicy",
                                        "GlobalNetworkPolicy",
                                        "StagedNetworkPolicy",
                                        "StagedGlobalNetworkPolicy",
                                        "StagedKubernetesNetworkPolicy",
                                        "KubernetesNetworkPolicy",
                                        "KubernetesClusterNetworkPolicy"};
    snprintf(out, 96, "%s/%s/%s", cal_policy_names[p->name],
             p->space < CAL_SPACES ? cal_space_names[p->space] : "", kinds[p->kind]);
}

static bool policy_is_before(const struct cal_policy *a, const struct cal_policy *b)
{
    char of_a[96], of_b[96];
    double order_a = order_of_policy(a), order_b = order_of_policy(b);
    join(a, of_a);
    join(b, of_b);
    return order_a < order_b || (order_a == order_b && strcmp(of_a, of_b) < 0);
}

void cal_world_sort(struct cal_world *w)
{
    const struct cal *c = w->set;
    for (uint8_t i = 0; i < CAL_POLICIES; i++) {
        if (c->policies[i].present) {
            uint8_t at = w->n_ordered++;
            for (; at > 0 && policy_is_before(&c->policies[i], &c->policies[w->order[at - 1]]);
                 at--) {
                w->order[at] = w->order[at - 1];
            }
            w->order[at] = i;
        }
    }
    for (uint8_t i = 0; i < CAL_TIER_NAMES; i++) {
        if (i >= CAL_TIERS || c->tiers[i].present) {
            uint8_t at = w->n_tiers++;
            for (; at > 0 && tier_is_before(c, i, w->tiers[at - 1]); at--) {
                w->tiers[at] = w->tiers[at - 1];
            }
            w->tiers[at] = i;
        }
    }
}

/* ---- questions ---- */

static bool has_address(const struct cal_end *end, const char *text)
{
    struct cal_net host = {.bits = end->family == 6 ? 128 : 32};
    (void)inet_pton(end->family == 6 ? AF_INET6 : AF_INET, text, host.bytes);
    return memcmp(host.bytes, end->address, host.bits / 8) == 0;
}

static bool host_covers(const struct cal_host *host, const struct cal_end *end)
{
    bool node = end->node == host->node && (end->family == 4 ? host->four : host->six);
    bool extra = end->family == 4 && host->extra && has_address(end, CAL_EXTRA_ADDRESS);
    return extra || (node && !(end->family == 4 && has_address(end, CAL_EXTRA_ADDRESS)));
}

static bool set_covers(const struct cal_set *set, const struct cal_end *end)
{
    for (unsigned i = 0; i < set->n_nets; i++) {
        if (cal_net_has(cal_net(set->nets[i]), set->nets[i] >= CAL_FAMILY_NETS, end->family,
                        end->address)) {
            return true;
        }
    }
    return false;
}

static void find_owner(const struct cal *c, struct cal_end *end)
{
    char text[40];
    for (unsigned i = 0; i < CAL_PODS; i++) {
        const struct cal_pod *pod = &c->pods[i];
        cal_pod_address(text, i, end->family);
        if (pod->present && !pod->host_network && (end->family == 4 ? pod->four : pod->six) &&
            has_address(end, text)) {
            end->pod = (int)i;
        }
    }
    for (unsigned i = 0; i < CAL_NODES; i++) {
        cal_node_address(text, i, end->family);
        end->node = has_address(end, text) ? (int)i : end->node;
    }
    for (unsigned i = 0; i < CAL_HOSTS; i++) { /* an address that only its endpoint tells of */
        const struct cal_host *host = &c->hosts[i];
        if (host->present && host->extra && end->family == 4 &&
            has_address(end, CAL_EXTRA_ADDRESS)) {
            end->node = host->node;
        }
    }
}

static struct cal_end end_of(const struct cal_world *w, uint8_t family, const uint8_t bytes[16])
{
    struct cal_end end = {.family = family, .pod = -1, .node = -1};
    memcpy(end.address, bytes, 16);
    find_owner(w->set, &end);
    for (uint8_t i = 0; i < w->n_objects; i++) {
        const struct cal_object *o = &w->objects[i];
        bool covers = o->pod    ? end.pod >= 0 && o->pod == &w->set->pods[end.pod]
                      : o->host ? host_covers(o->host, &end)
                                : set_covers(o->set, &end);
        if (covers) {
            end.covering[end.n_covering++] = i;
        }
    }
    return end;
}

void cal_question_of(const struct cal_world *w, const struct cal_asked *asked,
                     struct cal_question *out)
{
    const struct netpol_tuple *tuple = &asked->tuple;
    static const uint8_t with_ports[] = {6, 17, 33, 132, 136, 1, 58};
    *out = (struct cal_question){.src = end_of(w, tuple->family, tuple->src),
                                 .dst = end_of(w, tuple->family, tuple->dst),
                                 .protocol = tuple->protocol,
                                 .src_port = tuple->src_port,
                                 .dst_port = tuple->dst_port,
                                 .icmp_type = tuple->icmp_type,
                                 .icmp_code = tuple->icmp_code};
    out->has_ports = memchr(with_ports, tuple->protocol, sizeof with_ports) &&
                     !(tuple->flags & NETPOL_TUPLE_LATER_FRAGMENT);
    out->original = out->dst;
    out->original_port = out->dst_port;
    if (asked->asked && asked->translated) {
        out->original = end_of(w, tuple->family, asked->original);
        out->original_port = asked->original_port;
    }
    if (asked->asked && asked->http) {
        out->request = (struct cal_request){true, asked->method, asked->path};
    }
}
