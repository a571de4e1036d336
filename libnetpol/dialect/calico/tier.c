/* SPDX-License-Identifier: Apache-2.0 */
/* Tiers and sets of networks to model. */
#include "dialect/calico/inventory.h"

/* One that is built in is there already, and says the same. */
int np_calico_tier_lower(struct np_lower *l)
{
    const struct np_calico_tier_kept *kept = l->object->spec;
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    np_calico_make_tier(l, l->object->name, kept->order, kept->pass ? NP_END_PASS : NP_END_DENY);
    return np_core_status(l);
}

void np_calico_fill(struct np_lower *l, struct np_endpoint *endpoint,
                    const struct np_calico_thing *thing)
{
    struct np_build *b = l->build;
    struct np_named_port *ports = np_build_alloc(b, thing->n_ports, sizeof *ports);
    if (!endpoint || !ports) {
        return;
    }
    for (uint32_t i = 0; i < thing->n_ports; i++) {
        const struct np_core_port *port = &thing->ports[i];
        ports[i] = (struct np_named_port){np_build_str(b, port->name), port->protocol, port->port};
    }
    endpoint->ports = ports;
    endpoint->n_ports = thing->n_ports;
    endpoint->ref = l->object->ref;
    endpoint->labels = np_meta_build_labels(b, &thing->labels);
    endpoint->node_name = thing->node_name.len ? np_build_str(b, thing->node_name) : NULL;
    endpoint->prefixes = np_build_prefixes(b, thing->prefixes, thing->n_prefixes);
    endpoint->n_prefixes = thing->n_prefixes;
    endpoint->source_object = np_build_text(b, l->object->label);
    endpoint->position = np_core_position(l);
}

int np_calico_set_lower(struct np_lower *l)
{
    struct np_build *b = l->build;
    const struct np_calico_thing *thing = l->object->spec;
    if (!np_core_readable(l)) {
        return np_core_status(l);
    }
    struct np_slice space = l->object->namespace_name;
    struct np_endpoint *set = np_build_endpoint(b, space.len ? np_build_str(b, space) : NULL,
                                                np_build_str(b, l->object->name));
    if (set) {
        set->kind = NP_OBJ_NETWORK_SET;
        np_calico_fill(l, set, thing);
        np_str *domains = np_build_alloc(b, thing->n_domains, sizeof *domains);
        for (uint32_t i = 0; domains && i < thing->n_domains; i++) {
            domains[i] = np_build_str(b, thing->domains[i]);
        }
        set->domains = domains;
        set->n_domains = domains ? thing->n_domains : 0;
        if (set->n_domains) {
            np_build_name_sets(b);
        }
    }
    return np_core_status(l);
}
