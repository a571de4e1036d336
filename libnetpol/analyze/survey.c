/* SPDX-License-Identifier: Apache-2.0 */
/* Endpoints into classes: a class is everything about an endpoint that some policy could tell
 * apart. */
#include "analyze/survey_internal.h"

#include "model/build.h"

static bool is_mentioned_name(const struct np_survey *survey, np_str name)
{
    for (uint32_t i = 0; i < survey->n_port_names; i++) {
        if (survey->port_names[i] == name) {
            return true;
        }
    }
    return false;
}

static void add_bytes(struct np_text *key, const void *bytes, size_t size)
{
    np_text_add(key, bytes, size);
}

static void add_str(struct np_text *key, np_str text)
{
    uint32_t id = text ? text->id : UINT32_MAX;
    add_bytes(key, &id, sizeof id);
}

static void add_addresses(struct np_text *key, const struct np_survey *survey,
                          const struct np_endpoint *endpoint)
{
    uint8_t families = np_survey_families(endpoint);
    add_bytes(key, &families, 1);
    for (uint32_t a = 0; a < endpoint->n_prefixes; a++) {
        for (uint32_t p = 0; p < survey->n_prefixes; p++) {
            if (np_prefix_within(&endpoint->prefixes[a], &survey->prefixes[p])) {
                add_bytes(key, &p, sizeof p);
            }
        }
        np_text_add(key, "|", 1);
    }
}

static void class_key(struct np_text *key, const struct np_survey *survey,
                      const struct np_endpoint *endpoint)
{
    key->len = 0;
    add_bytes(key, &endpoint->kind, sizeof endpoint->kind);
    add_str(key, endpoint->namespace_name);
    add_str(key, survey->uses_names ? endpoint->name : NULL);
    add_str(key, survey->uses_accounts ? endpoint->service_account : NULL);
    add_str(key, endpoint->orchestrator);
    for (uint32_t i = 0; i < survey->n_keys; i++) {
        add_str(key, np_labels_get(&endpoint->labels, survey->keys[i]));
    }
    for (uint32_t i = 0; i < endpoint->n_ports; i++) {
        const struct np_named_port *port = &endpoint->ports[i];
        if (is_mentioned_name(survey, port->name)) {
            add_str(key, port->name);
            add_bytes(key, &port->protocol, sizeof port->protocol);
            add_bytes(key, &port->port, sizeof port->port);
        }
    }
    np_text_add(key, "#", 1);
    add_addresses(key, survey, endpoint);
}

/* Host network pods are their node, unless the options say that they are pods. */
static bool is_surveyed(const struct np_survey *survey, const struct np_endpoint *endpoint)
{
    enum { NODE, POD }; /* the order of option host_network */
    return endpoint->kind == NP_OBJ_WORKLOAD || (endpoint->kind == NP_OBJ_HOST_NET_WORKLOAD &&
                                                 survey->model->options.host_network == POD);
}

static bool same_workload(const struct np_endpoint *a, const struct np_endpoint *b)
{
    return a->workload_name == b->workload_name && a->workload_kind == b->workload_kind &&
           a->namespace_name == b->namespace_name;
}

static void join(struct np_class *class, const struct np_endpoint *endpoint)
{
    if (class->n_members++ == 0) {
        class->first = endpoint;
    } else if (!class->second || (same_workload(class->first, endpoint) &&
                                  !same_workload(class->first, class->second))) {
        class->second = endpoint;
    }
}

int np_survey_classes(struct np_survey *survey)
{
    const struct np_inventory *inventory = &survey->model->inventory;
    struct np_map seen;
    struct np_text key;
    np_map_init(&seen, survey->ctx);
    np_text_init(&key, survey->ctx);
    int status = NETPOL_ERR_MEMORY;
    survey->class_of = np_arena_array(&survey->arena, inventory->n_endpoints, sizeof(uint32_t));
    survey->classes =
        np_arena_array(&survey->arena, inventory->n_endpoints, sizeof(struct np_class));
    if (!survey->class_of || !survey->classes) {
        goto out;
    }
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        const struct np_endpoint *endpoint = inventory->endpoints[i];
        bool added = false;
        survey->class_of[i] = UINT32_MAX;
        if (!is_surveyed(survey, endpoint)) {
            continue;
        }
        class_key(&key, survey, endpoint);
        uint64_t *place =
            key.failed ? NULL : np_map_add(&seen, (struct np_slice){key.ptr, key.len}, &added);
        if (!place) {
            goto out;
        }
        if (added) {
            *place = survey->n_classes++;
        }
        survey->class_of[i] = (uint32_t)*place;
        join(&survey->classes[*place], endpoint);
    }
    status = NETPOL_OK;
out:
    np_text_free(&key);
    np_map_free(&seen);
    return status;
}

int np_survey_make(const struct netpol_ctx *ctx, const struct np_model *model,
                   struct np_survey *out)
{
    *out = (struct np_survey){.model = model, .ctx = ctx};
    np_arena_init(&out->arena, ctx, 16384);
    int status = np_survey_mentions(out);
    if (status == NETPOL_OK) {
        status = np_survey_classes(out);
    }
    if (status == NETPOL_OK) {
        status = np_survey_foci(out);
    }
    return status;
}

void np_survey_free(struct np_survey *survey)
{
    np_arena_free(&survey->arena);
}

/* ---- hops ---- */

uint8_t np_survey_families(const struct np_endpoint *endpoint)
{
    uint8_t families = 0;
    for (uint32_t i = 0; i < endpoint->n_prefixes; i++) {
        families |= endpoint->prefixes[i].address.family == NP_IPV4 ? NP_FAMILY_4 : NP_FAMILY_6;
    }
    return families;
}

uint8_t np_survey_family(const struct np_endpoint *a, const struct np_endpoint *b)
{
    uint8_t of_a = np_survey_families(a), of_b = np_survey_families(b);
    uint8_t both =
        of_a && of_b ? of_a & of_b : of_a | of_b; /* the address of one may not be known */
    return both & NP_FAMILY_4 ? NP_IPV4 : both ? NP_IPV6 : 0;
}

static bool end_of(const struct np_survey *survey, const struct np_endpoint *endpoint,
                   const struct np_address *address, uint8_t family, struct np_end *out)
{
    uint32_t owners = 0;
    struct np_address none = {0};
    for (uint32_t i = 0; endpoint && i < endpoint->n_prefixes && !address; i++) {
        if (endpoint->prefixes[i].address.family == family) {
            address = &endpoint->prefixes[i].address;
        }
    }
    return np_inventory_end(&survey->model->inventory, &survey->model->options,
                            endpoint ? endpoint->ref : 0, address ? address : &none, family, 0, out,
                            &owners);
}

bool np_survey_hop(const struct np_survey *survey, const struct np_endpoint *src,
                   const struct np_endpoint *dst, uint8_t family, struct np_hop *out)
{
    *out = (struct np_hop){.family = family};
    bool known = end_of(survey, src, NULL, family, &out->src) &&
                 end_of(survey, dst, NULL, family, &out->dst);
    out->original = out->dst;
    return known;
}

bool np_survey_hop_address(const struct np_survey *survey, const struct np_endpoint *endpoint,
                           const struct np_address *address, bool from_address, struct np_hop *out)
{
    *out = (struct np_hop){.family = address->family};
    struct np_end *own = from_address ? &out->dst : &out->src;
    struct np_end *other = from_address ? &out->src : &out->dst;
    bool known = end_of(survey, endpoint, NULL, address->family, own) &&
                 end_of(survey, NULL, address, address->family, other);
    out->original = out->dst;
    return known;
}
