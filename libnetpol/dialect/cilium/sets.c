/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that are known by a name: groups of ranges, sets that the caller feeds, reserved
 * identities with addresses of their own. Which addresses these are, the sealed inventory says; so
 * the literals are made now and filled in late.
 */
#include "dialect/cilium/inventory.h"
#include "dialect/cilium/labels.h"
#include "base/defect.h"

struct named {
    struct np_literal *literal;
    const char *kind;
    np_str name;                        /* NULL: whatever the selector matches */
    const struct np_selector *selector; /* over the labels of sets */
};

static bool is_meant(const struct named *named, const struct np_address_set *set)
{
    const struct np_endpoint labelled = {.name = set->name, .labels = set->labels};
    return np_slice_is(np_str_slice(set->kind), named->kind) &&
           (named->name
                ? set->name == named->name
                : np_defect(CILIUM_EVERY_GROUP) || np_selector_match(named->selector, &labelled));
}

/* Of several sets all prefixes, of none none. */
static void fill_in(struct np_build *b, const struct np_inventory *inventory, void *what)
{
    struct named *named = what;
    uint32_t count = 0, sets = 0;
    for (uint32_t i = 0; i < inventory->n_address_sets; i++) {
        const struct np_address_set *set = inventory->address_sets[i];
        if (is_meant(named, set)) {
            count += set->n_prefixes;
            sets++;
        }
    }
    struct np_prefix *prefixes = np_build_alloc(b, count, sizeof *prefixes);
    for (uint32_t i = 0; prefixes && i < inventory->n_address_sets; i++) {
        const struct np_address_set *set = inventory->address_sets[i];
        if (is_meant(named, set) && set->n_prefixes) {
            memcpy(prefixes + named->literal->n_prefixes, set->prefixes,
                   set->n_prefixes * sizeof *prefixes);
            named->literal->n_prefixes += set->n_prefixes;
        }
    }
    named->literal->prefixes = prefixes;
    if (sets == 0 && named->name) { /* nobody has given it (np_cilium_check) */
        named->literal->kind = NP_LIT_NOTHING;
    }
}

static const struct np_literal *late(struct np_lower *l, const char *kind, np_str name,
                                     const struct np_selector *selector, np_str title)
{
    struct np_literal *literal = np_build_alloc(l->build, 1, sizeof *literal);
    struct named *named = np_build_alloc(l->build, 1, sizeof *named);
    if (!literal || !named) {
        return NULL;
    }
    literal->kind = NP_LIT_FED_SET;
    literal->domain = np_lower_block_domain(l);
    literal->name = title;
    *named = (struct named){literal, kind, name, selector};
    np_build_late(l->build, fill_in, named);
    return literal;
}

const struct np_literal *np_cilium_group_literal(struct np_lower *l, struct np_slice name)
{
    return late(l, NP_CILIUM_GROUP, np_build_str(l->build, name), NULL,
                np_build_format(l->build, NP_CILIUM_GROUP "/%.*s", (int)name.len, name.ptr));
}

const struct np_literal *np_cilium_groups_literal(struct np_lower *l,
                                                  const struct np_label_selector *selector)
{
    return late(l, NP_CILIUM_GROUP, NULL, np_lower_selector(l->build, NP_SCOPE_OBJECT, selector),
                np_build_text(l->build, "the selected " NP_CILIUM_GROUP "s"));
}

const struct np_literal *np_cilium_fed_literal(struct np_lower *l, struct np_slice name)
{
    return late(l, NP_CILIUM_FED, np_build_str(l->build, name), NULL,
                np_build_format(l->build, NP_CILIUM_FED " %.*s", (int)name.len, name.ptr));
}

/* ---- reserved identities ---- */

static void take_backends(const struct np_backend *backends, uint32_t count,
                          struct np_literal *literal, struct np_prefix *prefixes)
{
    for (uint32_t i = 0; i < count; i++) {
        if (backends[i].address.family) {
            prefixes[literal->n_prefixes++] = np_prefix_of(&backends[i].address);
        }
    }
}

/* The backends of default/kubernetes are the API servers (pkg/k8s/watchers, kube-apiserver label);
 * where nobody has said which, the literal stays what the option makes of it. */
static void fill_in_apiserver(struct np_build *b, const struct np_inventory *inventory, void *what)
{
    struct np_literal *literal = what;
    const struct np_service_info *service =
        np_inventory_service(inventory, np_slice_of("default"), np_slice_of("kubernetes"));
    uint32_t count = service ? service->n_backends + service->n_waiting : 0;
    struct np_prefix *prefixes = np_build_alloc(b, count, sizeof *prefixes);
    if (count && prefixes) {
        take_backends(service->backends, service->n_backends, literal, prefixes);
        take_backends(service->waiting, service->n_waiting, literal, prefixes);
        literal->prefixes = prefixes;
        literal->kind = NP_LIT_FED_SET;
    }
}

static void fill_in_identity(struct np_build *b, const struct np_inventory *inventory, void *what)
{
    struct named *named = what;
    const uint8_t reserved = named->literal->kind;
    named->literal->kind = NP_LIT_FED_SET;
    fill_in(b, inventory, what);
    if (named->literal->n_prefixes == 0) {
        named->literal->kind = reserved;
    }
}

static const struct np_literal *addressed(struct np_lower *l, uint32_t number, const char *title)
{
    struct np_literal *literal = np_build_alloc(l->build, 1, sizeof *literal);
    struct named *named = np_build_alloc(l->build, 1, sizeof *named);
    if (!literal || !named) {
        return NULL;
    }
    literal->kind = NP_LIT_RESERVED;
    literal->number = number;
    literal->name = np_build_format(l->build, "reserved:%s", title);
    *named = (struct named){literal, NP_CILIUM_IDENTITY, np_build_text(l->build, title), NULL};
    if (number ==
        NETPOL_IDENTITY_KUBE_APISERVER) { /* a pod has its own labels, whatever its address is */
        literal->kind = l->options->unlearnt_apiserver ? NP_LIT_NOTHING : NP_LIT_RESERVED;
        literal->domain = NP_DOMAIN_NODES | NP_DOMAIN_OUTSIDE;
        np_build_late(l->build, fill_in_apiserver, literal);
    } else {
        literal->domain = NP_DOMAIN_ALL;
        np_build_late(l->build, fill_in_identity, named);
    }
    return literal;
}

const struct np_literal *np_cilium_reserved_literal(struct np_lower *l, uint32_t number)
{
    const struct np_literal plain = {.kind = NP_LIT_RESERVED, .number = number};
    switch (number) {
    case NETPOL_IDENTITY_HEALTH:
        return addressed(l, number, "health");
    case NETPOL_IDENTITY_INGRESS:
        return addressed(l, number, "ingress");
    case NETPOL_IDENTITY_KUBE_APISERVER:
        return addressed(l, number, "kube-apiserver");
    default:
        return np_build_literal(l->build, &plain);
    }
}

const struct np_literal *np_cilium_apiserver_literal(struct np_lower *l)
{
    return np_cilium_reserved_literal(l, NETPOL_IDENTITY_KUBE_APISERVER);
}

/* ---- the set as a whole ---- */

/*
 * An element whose services nobody has is about every end where it has ports: of its peers nothing
 * is left (pkg/policy/k8s/service.go processRule, pkg/policy/l4.go createL4Filter).
 */
static const char *as_cilium_has_it(const struct np_rule *rule, np_str name)
{
    bool ports =
        rule->n_alternatives && (rule->alternatives[0].service || rule->alternatives[0].dst_ports);
    return ports && rule->action == NP_ACT_ALLOW &&
                   np_cilium_label_begins(np_str_slice(name), "Service", NULL)
               ? "; Cilium 1.20 opens these ports to everybody where no service of the element is known"
               : "";
}

static void say_missing(struct np_lower *l, const struct np_rule *rule, np_str name)
{
    const struct np_origin *origin = &rule->origin;
    struct np_place place = {.source = np_str_slice(origin->source).ptr,
                             .line = origin->line,
                             .column = origin->column,
                             .object = np_str_slice(origin->object).ptr,
                             .path = np_str_slice(origin->path).ptr};
    l->errors += l->strict;
    np_diag_full(l->diags, NP_CODE_2543, l->strict ? NETPOL_ERROR : -1, NULL, &place,
                 "nobody is known for %s, which matches nothing%s", name->text,
                 as_cilium_has_it(rule, name));
}

/* Each name once. false: no memory. */
static bool check_set(struct np_lower *l, const struct np_rule *rule, const struct np_set *set,
                      struct np_map *said)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            bool added = false;
            if (literal->kind != NP_LIT_NOTHING || !literal->name) {
                continue;
            }
            if (!np_map_add(said, np_str_slice(literal->name), &added)) {
                return false;
            }
            if (added) {
                say_missing(l, rule, literal->name);
            }
        }
    }
    return true;
}

static bool check_tier(struct np_lower *l, const struct np_tier *tier, uint8_t direction,
                       struct np_map *said)
{
    for (uint32_t i = 0; i < tier->n_walk[direction]; i++) {
        const struct np_rule *rule = tier->walk[direction][i];
        for (uint32_t a = 0; a < rule->n_alternatives; a++) {
            if (!check_set(l, rule, rule->alternatives[a].far, said)) {
                return false;
            }
        }
    }
    return true;
}

int np_cilium_check(struct np_lower *l, const struct np_model *model)
{
    struct np_map said;
    bool fine = true;
    np_map_init(&said, l->ctx);
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = model->checkpoints[c];
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            const struct np_stage *stage = checkpoint->stages[s];
            for (uint32_t t = 0; fine && t < stage->n_tiers; t++) {
                fine = check_tier(l, stage->tiers[t], checkpoint->direction, &said);
            }
        }
    }
    np_map_free(&said);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}
