/* SPDX-License-Identifier: Apache-2.0 */
/* Which identities a model has, and the numbers that they keep or get. */
#include "compile/internal.h"
#include "dialect/cilium/identity.h"

#include <stdlib.h>

/* ---- a list of what is distinct ---- */

struct finding {
    struct np_whole *whole;
    struct np_map places; /* labels -> index + 1 in found */
    np_vec(struct np_identity) found;
    bool failed;
};

static void begin(struct finding *f, struct np_whole *whole)
{
    *f = (struct finding){.whole = whole};
    np_map_init(&f->places, whole->ctx);
}

/* The place of an identity, from 0; it is added when it is new. */
static uint32_t find_or_add(struct finding *f, const struct np_text *labels,
                            const struct np_prefix *prefix)
{
    bool added = false;
    uint64_t *place =
        labels->failed
            ? NULL
            : np_map_add(&f->places, (struct np_slice){labels->ptr, labels->len}, &added);
    if (place && added) {
        struct np_identity *item = np_vec_push(f->whole->ctx, &f->found);
        const struct np_slice text = {labels->ptr, labels->len};
        *place = f->found.count;
        if (item) {
            *item = (struct np_identity){.labels = np_arena_slice(&f->whole->arena, text)};
            item->prefix = prefix ? *prefix : item->prefix;
        }
        f->failed = f->failed || !item || !item->labels.ptr;
    }
    f->failed = f->failed || !place;
    return place ? (uint32_t)*place - 1 : 0;
}

static int by_labels(const void *a, const void *b)
{
    const struct np_identity *x = *(const struct np_identity *const *)a,
                             *y = *(const struct np_identity *const *)b;
    return np_slice_compare(x->labels, y->labels);
}

/* Into the arena, sorted; to[old place] = new place (to may be NULL). */
static int end(struct finding *f, struct np_identity_list *out, uint32_t *to)
{
    uint32_t n = (uint32_t)f->found.count;
    const struct np_identity **order = np_arena_array(&f->whole->arena, n, sizeof *order);
    out->items = np_arena_array(&f->whole->arena, n, sizeof *out->items);
    out->count = n;
    bool fine = !f->failed && order && out->items;
    for (uint32_t i = 0; fine && i < n; i++) {
        order[i] = &f->found.items[i];
    }
    if (fine && n > 1) {
        qsort(order, n, sizeof *order, by_labels);
    }
    for (uint32_t i = 0; fine && i < n; i++) {
        out->items[i] = *order[i];
        if (to) {
            to[order[i] - f->found.items] = i;
        }
    }
    np_vec_free(f->whole->ctx, &f->found);
    np_map_free(&f->places);
    return fine ? NETPOL_OK : NETPOL_ERR_MEMORY;
}

/* ---- label sets ---- */

static bool has_identity(const struct np_endpoint *endpoint)
{
    return endpoint->kind == NP_OBJ_WORKLOAD && !endpoint->host_network;
}

static int find_pods(struct np_whole *whole)
{
    const bool all = whole->model->options.identity_labels;
    const struct np_inventory *inventory = &whole->model->inventory;
    uint32_t n = inventory->n_endpoints;
    uint32_t *of = np_arena_array(&whole->arena, n, sizeof *of);
    uint32_t *to = np_arena_array(&whole->arena, n, sizeof *to);
    struct finding f;
    struct np_text labels np_auto(np_text_free);
    np_text_init(&labels, whole->ctx);
    begin(&f, whole);
    f.failed = !of || !to;
    for (uint32_t i = 0; !f.failed && i < n; i++) {
        labels.len = 0;
        if (has_identity(inventory->endpoints[i])) {
            np_cilium_pod_labels(inventory, inventory->endpoints[i], all, &labels);
            of[i] = find_or_add(&f, &labels, NULL) + 1;
        }
    }
    int status = end(&f, &whole->identities.pods, to);
    for (uint32_t i = 0; status == NETPOL_OK && i < n; i++) {
        of[i] = of[i] ? to[of[i] - 1] + 1 : 0;
    }
    whole->identities.of_endpoint = of;
    return status;
}

/* ---- prefixes ---- */

static void find_prefix(struct finding *f, const struct np_prefix *prefix)
{
    if (prefix->length == 0) {
        return; /* the world itself */
    }
    struct np_text labels np_auto(np_text_free);
    np_text_init(&labels, f->whole->ctx);
    np_cilium_cidr_labels(prefix, f->whole->identities.dual, &labels);
    (void)find_or_add(f, &labels, prefix);
}

static void find_in_set(struct finding *f, const struct np_set *set)
{
    for (uint32_t c = 0; set && c < set->count; c++) {
        for (uint32_t i = 0; i < set->clauses[c].count; i++) {
            const struct np_literal *literal = set->clauses[c].items[i].literal;
            if (literal->kind == NP_LIT_CIDR) {
                find_prefix(f, &literal->prefix);
            }
            /* with a number it is a reserved identity by the addresses that it has */
            bool fed = literal->kind == NP_LIT_FED_SET && literal->number == 0;
            for (uint32_t k = 0; fed && k < literal->n_prefixes; k++) {
                find_prefix(f, &literal->prefixes[k]);
            }
        }
    }
}

static void find_in_policy(struct finding *f, const struct np_policy *policy)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
            const struct np_rule *rule = &policy->rules[d][r];
            for (uint32_t a = 0; a < rule->n_alternatives; a++) {
                find_in_set(f, rule->alternatives[a].far);
            }
        }
    }
}

static int find_prefixes(struct np_whole *whole)
{
    const struct np_model *model = whole->model;
    struct finding f;
    begin(&f, whole);
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        for (uint32_t s = 0; s < model->checkpoints[c]->n_stages; s++) {
            const struct np_stage *stage = model->checkpoints[c]->stages[s];
            for (uint32_t t = 0; t < stage->n_tiers; t++) {
                for (uint32_t p = 0; p < stage->tiers[t]->n_policies; p++) {
                    find_in_policy(&f, stage->tiers[t]->policies[p]);
                }
            }
        }
    }
    return end(&f, &whole->identities.prefixes, NULL);
}

/* ---- the ledger ---- */

/* What has a number there: labels -> number. Of a prefix they are what they would be now. */
static bool read_ledger(const struct np_whole *whole, const struct np_image *ledger, uint8_t kind,
                        struct np_map *numbers)
{
    const struct np_identity_record *records = ledger->section[NP_SECTION_IDENTITIES];
    const uint32_t *labels = ledger->section[NP_SECTION_IDENTITY_LABELS];
    const char *strings = ledger->section[NP_SECTION_STRINGS];
    struct np_text key np_auto(np_text_free);
    np_text_init(&key, whole->ctx);
    bool fine = true;
    for (uint32_t i = 0; fine && i < ledger->count[NP_SECTION_IDENTITIES]; i++) {
        const struct np_identity_record *record = &records[i];
        struct np_prefix prefix = {.address = {.family = record->family}, .length = record->length};
        memcpy(prefix.address.bytes, record->address, sizeof prefix.address.bytes);
        if (record->kind != kind) {
            continue;
        }
        key.len = 0;
        for (uint32_t k = 0; kind == NETPOL_IDENTITY_LABELS && k < record->n_labels; k++) {
            const char *text = strings + labels[record->labels + k];
            np_text_add(&key, text, strlen(text) + 1);
        }
        if (kind == NETPOL_IDENTITY_PREFIX) {
            np_cilium_cidr_labels(&prefix, whole->identities.dual, &key);
        }
        bool added;
        uint64_t *number =
            key.failed ? NULL : np_map_add(numbers, (struct np_slice){key.ptr, key.len}, &added);
        fine = number != NULL;
        if (fine) {
            *number = record->number;
        }
    }
    return fine;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

uint32_t np_identity_numbers(struct np_identity_list *list, const uint32_t *kept, uint32_t n_kept,
                             uint32_t first, uint32_t last)
{
    uint32_t number = list->next ? list->next : first, left = last - first + 1, at = 0, without = 0;
    while (at < n_kept && kept[at] < number) {
        at++;
    }
    for (uint32_t i = 0; i < list->count; i++) {
        bool found = list->items[i].number != 0;
        for (; !found && left; left--) {
            bool used = at < n_kept && kept[at] == number;
            if (!used) {
                list->items[i].number = number;
                found = true;
            }
            at += used;
            at = number == last ? 0 : at;
            number = number == last ? first : number + 1;
        }
        without += !found;
    }
    list->next = number;
    return without;
}

/* ---- numbers that the cluster gave ---- */

struct given {
    struct np_map numbers; /* labels -> number */
    uint32_t *taken;       /* all of them, sorted; in the arena */
    uint32_t count;
};

/* Of labels that several have, the lowest. */
static bool give(struct np_whole *whole, const struct np_address_set *set, struct np_text *key,
                 struct given *given)
{
    uint32_t number = np_cilium_number_of(np_str_slice(set->name));
    bool added = false;
    key->len = 0;
    for (uint32_t i = 0; i < set->labels.count; i++) {
        const struct np_label *label = &set->labels.items[i];
        np_text_addf(key, "%s=%s", label->key->text, label->value->text);
        np_text_add(key, "", 1);
    }
    uint64_t *known =
        key->failed ? NULL
                    : np_map_add(&given->numbers, (struct np_slice){key->ptr, key->len}, &added);
    if (known) {
        *known = added || number < *known ? number : *known;
        whole->identities.doubled += !added;
        given->taken[given->count++] = number;
    }
    return known != NULL;
}

static bool read_given(struct np_whole *whole, struct given *given)
{
    const struct np_inventory *inventory = &whole->model->inventory;
    struct np_text key np_auto(np_text_free);
    np_text_init(&key, whole->ctx);
    given->taken = np_arena_array(&whole->arena, inventory->n_address_sets, sizeof *given->taken);
    bool fine = given->taken != NULL;
    for (uint32_t i = 0; fine && i < inventory->n_address_sets; i++) {
        const struct np_address_set *set = inventory->address_sets[i];
        if (strcmp(set->kind->text, NP_CILIUM_NUMBERED) == 0) {
            fine = give(whole, set, &key, given);
        }
    }
    if (given->count > 1) {
        qsort(given->taken, given->count, sizeof *given->taken, by_number);
    }
    return fine;
}

static bool is_taken(const struct given *given, uint32_t number)
{
    return given->count && bsearch(&number, given->taken, given->count, sizeof number, by_number);
}

/* The cluster's number, else the ledger's, unless the cluster gave that to other labels. */
static uint32_t known_number(const struct given *given, const struct np_map *ledger,
                             struct np_slice labels)
{
    const uint64_t *told = np_map_find(&given->numbers, labels);
    const uint64_t *kept = told ? told : np_map_find(ledger, labels);
    return told                                        ? (uint32_t)*told
           : kept && !is_taken(given, (uint32_t)*kept) ? (uint32_t)*kept
                                                       : NETPOL_IDENTITY_UNKNOWN;
}

/* Numbers of a list: those that the cluster gave and those of the ledger, then new ones. */
static int number(struct np_whole *whole, const struct np_image *ledger, uint8_t kind,
                  struct np_identity_list *list)
{
    bool prefix = kind == NETPOL_IDENTITY_PREFIX;
    uint32_t first = prefix ? NETPOL_IDENTITY_FIRST_LOCAL + 1 : NETPOL_IDENTITY_FIRST,
             last = prefix ? 2 * NETPOL_IDENTITY_FIRST_LOCAL - 1 : NETPOL_IDENTITY_LAST, n = 0;
    struct given given = {.count = 0};
    struct np_map numbers;
    np_map_init(&numbers, whole->ctx);
    np_map_init(&given.numbers, whole->ctx);
    bool fine = (prefix || read_given(whole, &given)) &&
                (!ledger || read_ledger(whole, ledger, kind, &numbers));
    uint32_t *kept = np_arena_array(&whole->arena, (size_t)list->count + given.count, sizeof *kept);
    fine = fine && kept;
    for (uint32_t i = 0; fine && i < given.count; i++) {
        kept[n++] = given.taken[i];
    }
    for (uint32_t i = 0; fine && i < list->count; i++) {
        list->items[i].number = known_number(&given, &numbers, list->items[i].labels);
        if (list->items[i].number && !is_taken(&given, list->items[i].number)) {
            kept[n++] = list->items[i].number;
        }
    }
    np_map_free(&numbers);
    np_map_free(&given.numbers);
    if (!fine) {
        return NETPOL_ERR_MEMORY;
    }
    if (ledger) {
        list->next = prefix ? ledger->header->next_prefix : ledger->header->next_identity;
    }
    if (n > 1) {
        qsort(kept, n, sizeof *kept, by_number);
    }
    whole->identities.without += np_identity_numbers(list, kept, n, first, last);
    return NETPOL_OK;
}

/* ---- all of them ---- */

/* Have pods, or the ranges they are given addresses from, both families? */
static bool is_dual(const struct np_inventory *inventory)
{
    bool four = false, six = false;
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        const struct np_endpoint *endpoint = inventory->endpoints[i];
        for (uint32_t k = 0; has_identity(endpoint) && k < endpoint->n_prefixes; k++) {
            four = four || endpoint->prefixes[k].address.family == NP_IPV4;
            six = six || endpoint->prefixes[k].address.family == NP_IPV6;
        }
    }
    for (uint32_t i = 0; i < inventory->n_pod_cidrs; i++) {
        four = four || inventory->pod_cidrs[i].address.family == NP_IPV4;
        six = six || inventory->pod_cidrs[i].address.family == NP_IPV6;
    }
    return four && six;
}

int np_identities_find(struct np_whole *whole, const struct np_image *ledger, bool same_pods)
{
    struct np_identities *identities = &whole->identities;
    *identities = (struct np_identities){.any = whole->model->options.engine == NP_ENGINE_CILIUM,
                                         .same_pods = same_pods};
    if (!identities->any) {
        return NETPOL_OK;
    }
    identities->dual = same_pods ? (ledger->header->flags & NP_IMAGE_DUAL_WORLD) != 0
                                 : is_dual(&whole->model->inventory);
    int status = NETPOL_OK;
    if (same_pods) {
        identities->pods.next = ledger->header->next_identity;
    } else {
        status = find_pods(whole);
        status = status == NETPOL_OK
                     ? number(whole, ledger, NETPOL_IDENTITY_LABELS, &identities->pods)
                     : status;
    }
    status = status == NETPOL_OK ? find_prefixes(whole) : status;
    return status == NETPOL_OK
               ? number(whole, ledger, NETPOL_IDENTITY_PREFIX, &identities->prefixes)
               : status;
}

uint32_t np_identity_of_endpoint(const struct np_identities *identities, uint32_t index)
{
    uint32_t place = identities->of_endpoint ? identities->of_endpoint[index] : 0;
    return place ? identities->pods.items[place - 1].number : 0;
}
