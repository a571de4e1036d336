/* SPDX-License-Identifier: Apache-2.0 */
/* Source: pkg/policy/api/entity.go (EntitySelectorMapping, InitEntities) of cilium/cilium. */
#include "dialect/cilium/entities.h"
#include "base/defect.h"

#include "dialect/cilium/cilium.h"
#include "dialect/cilium/labels.h"

/* What an entity is the sum of. */
enum { PODS = 1, APISERVER = 2, IDENTITIES_MAX = 6 };
static const struct {
    const char *name;
    unsigned also;
    uint32_t identities[IDENTITIES_MAX + 1]; /* 0 at the end */
} entities[NP_CILIUM_ENTITIES] = {
    [NP_CILIUM_ALL] = {"all",            0,         {0}                                         },
    [NP_CILIUM_WORLD] = {"world",          0,         {NP_CILIUM_ID_WORLD}                        },
    [NP_CILIUM_WORLD_IPV4] = {"world-ipv4",     0,         {NP_CILIUM_ID_WORLD_IPV4}                   },
    [NP_CILIUM_WORLD_IPV6] = {"world-ipv6",     0,         {NP_CILIUM_ID_WORLD_IPV6}                   },
    [NP_CILIUM_CLUSTER] = {"cluster",
                       PODS | APISERVER,
                       {NP_CILIUM_ID_HOST, NP_CILIUM_ID_REMOTE_NODE, NP_CILIUM_ID_INIT,
                            NP_CILIUM_ID_INGRESS, NP_CILIUM_ID_HEALTH, NP_CILIUM_ID_UNMANAGED}  },
    [NP_CILIUM_CLUSTER_MESH] = {"cluster-mesh",
                       PODS | APISERVER,            /* one cluster is all there is */
                                {NP_CILIUM_ID_HOST, NP_CILIUM_ID_REMOTE_NODE, NP_CILIUM_ID_INIT,
                                 NP_CILIUM_ID_INGRESS, NP_CILIUM_ID_HEALTH,
                                 NP_CILIUM_ID_UNMANAGED}},
    [NP_CILIUM_HOST] = {"host",           0,         {NP_CILIUM_ID_HOST}                         },
    [NP_CILIUM_REMOTE_NODE] = {"remote-node",    0,         {NP_CILIUM_ID_REMOTE_NODE}                  },
    [NP_CILIUM_KUBE_APISERVER] = {"kube-apiserver", APISERVER, {0}                                         },
    [NP_CILIUM_INGRESS] = {"ingress",        0,         {NP_CILIUM_ID_INGRESS}                      },
    [NP_CILIUM_INIT] = {"init",           0,         {NP_CILIUM_ID_INIT}                         },
    [NP_CILIUM_HEALTH] = {"health",         0,         {NP_CILIUM_ID_HEALTH}                       },
    [NP_CILIUM_UNMANAGED] = {"unmanaged",      0,         {NP_CILIUM_ID_UNMANAGED}                    },
    [NP_CILIUM_NONE] = {"none",           0,         {0}                                         },
};

const char *np_cilium_entity_name(size_t entity)
{
    return entities[entity].name;
}

enum np_cilium_entity np_cilium_entity_of(struct np_slice name)
{
    size_t i = 0;
    while (i < NP_CILIUM_ENTITIES && !np_slice_is(name, entities[i].name)) {
        i++;
    }
    return (enum np_cilium_entity)i;
}

/* The label is beside another one, of a node or of the world; a pod does not get it. */
static void add_apiserver(struct np_lower *l, struct np_set_build *set, bool nodes)
{
    static const uint32_t whose[] = {NP_CILIUM_ID_WORLD, NP_CILIUM_ID_HOST,
                                     NP_CILIUM_ID_REMOTE_NODE};
    for (size_t i = 0; i < (nodes ? 3 : 1); i++) {
        np_set_clause(set);
        np_set_literal(set, np_cilium_reserved_literal(l, whose[i]), false);
        np_set_literal(set, np_cilium_apiserver_literal(l), false);
    }
}

const struct np_set *np_cilium_entity_set(struct np_lower *l, enum np_cilium_entity entity)
{
    struct np_set_build *set = np_build_set(l->build);
    if (entity == NP_CILIUM_ALL) {
        return NULL;
    }
    if (entities[entity].also & PODS) {
        const struct np_selector *all = np_build_select(l->build, NP_SELECT_ALL, NULL, 0);
        np_set_clause(set);
        np_set_literal(set, np_build_objects(l->build, np_lower_pod_kinds(l), all), false);
    }
    for (const uint32_t *identity = entities[entity].identities; *identity; identity++) {
        if (np_defect(CILIUM_CLUSTER_OF_PODS) && entities[entity].also & PODS) {
            continue;
        }
        np_set_clause(set);
        np_set_literal(set, np_cilium_reserved_literal(l, *identity), false);
    }
    if (entities[entity].also & APISERVER) {
        add_apiserver(l, set, entity == NP_CILIUM_KUBE_APISERVER); /* the others have every node */
    }
    const struct np_set *done = np_set_done(set);
    return done && done->count == 0 ? np_lower_nothing(l) : done;
}
