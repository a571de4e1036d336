/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures on random models: every end that a question can name is found in the draft's tables,
 * and whatever the tables say of it is what the reference says. Ends with one signature must be
 * alike to every set, every portset and every other end.
 */
#include "np_cmocka.h"

#include "compile/draft.h"
#include "differential/generator.h"
#include "image/project.h"
#include "reference/internal.h"

#define NO_SIGNATURE UINT32_MAX
enum { ENDS_MAX = 4000, SETS_MAX = 4000, SEEDS = 40 };

struct test_end {
    struct np_end end;
    uint32_t signature, endpoint, node;
};
struct test {
    struct counting memory;
    struct netpol_ctx *ctx;
    struct gen gen;
    struct np_model *model;
    struct np_draft draft;
    struct test_end ends[ENDS_MAX];
    size_t n_ends;
    const struct np_set *sets[SETS_MAX];
    size_t n_sets;
    const struct np_portset *portsets[SETS_MAX];
    size_t n_portsets;
    uint64_t shared; /* ends that have the signature of another one; members in a shared list */
};

/* ---- the draft's tables, read in the simplest way ---- */

static uint32_t place_signature(const struct np_draft *draft, const struct np_address *address)
{
    uint32_t found = NO_SIGNATURE;
    uint32_t begin = address->family == NP_IPV4 ? 0 : draft->n_places4;
    uint32_t end = address->family == NP_IPV4 ? draft->n_places4 : draft->n_places;
    for (uint32_t i = begin; i < end; i++) {
        if (np_address_compare(&draft->places[i].first, address) <= 0) {
            found = draft->places[i].signature;
        }
    }
    return found;
}

static void add_end(struct test *t, const struct np_end *end, uint32_t signature, uint32_t endpoint,
                    uint32_t node)
{
    assert_true(t->n_ends < ENDS_MAX);
    assert_in_range(signature, 1, t->draft.n_sigs - 1);
    assert_int_not_equal(signature, NP_SIG_UNCOMPILED);
    t->ends[t->n_ends++] = (struct test_end){*end, signature, endpoint, node};
}

/* Checks the owners of an address one by one. */
static void add_address(struct test *t, struct np_address address)
{
    const struct np_draft *draft = &t->draft;
    const struct np_inventory *inventory = &t->model->inventory;
    uint32_t first = 0, last;
    while (first < draft->n_addresses &&
           !np_address_equal(&draft->addresses[first].address, &address)) {
        first++;
    }
    for (last = first; last < draft->n_addresses &&
                       np_address_equal(&draft->addresses[last].address, &address);) {
        last++;
    }
    uint32_t owners = 1;
    for (uint32_t which = 0; which < owners; which++) {
        struct np_end end;
        assert_true(np_inventory_end(inventory, &t->model->options, 0, &address, address.family,
                                     which, &end, &owners));
        if (first == last) {
            assert_int_equal(owners, 1);
            add_end(t, &end, place_signature(draft, &address), 0, 0);
            continue;
        }
        assert_int_equal(owners, last - first);
        const struct np_address_entry *entry = &draft->addresses[first + which];
        assert_int_equal(entry->endpoint, end.endpoint ? end.endpoint->index + 1 : 0);
        add_end(t, &end, entry->signature, entry->endpoint, entry->node);
    }
}

static struct np_address step(struct np_address address, int by)
{
    for (int i = address.family == NP_IPV4 ? 3 : 15; i >= 0; i--) {
        int sum = address.bytes[i] + by;
        address.bytes[i] = (uint8_t)sum;
        if (sum >= 0 && sum <= 255) {
            break;
        }
    }
    return address;
}

/* Where places begin and end, and around every address of the table. */
static void add_addresses(struct test *t)
{
    for (uint32_t i = 0; i < t->draft.n_places; i++) {
        add_address(t, t->draft.places[i].first);
        add_address(t, step(t->draft.places[i].first, -1));
        add_address(t, step(t->draft.places[i].first, 1));
    }
    for (uint32_t i = 0; i < t->draft.n_addresses; i++) {
        add_address(t, t->draft.addresses[i].address);
        add_address(t, step(t->draft.addresses[i].address, 1));
    }
}

static void add_refs(struct test *t)
{
    static const uint8_t families[] = {NP_IPV4, NP_IPV6, 0};
    const struct np_inventory *inventory = &t->model->inventory;
    uint32_t ends = 0;
    for (uint32_t i = 0; i < inventory->n_endpoints; i++) {
        ends += np_endpoint_is_end(inventory->endpoints[i]);
    }
    assert_int_equal(t->draft.n_refs, ends);
    for (uint32_t i = 0; i < t->draft.n_refs; i++) {
        const struct np_ref_entry_draft *entry = &t->draft.refs[i];
        assert_true(i == 0 || t->draft.refs[i - 1].ref < entry->ref);
        for (unsigned f = 0; f < 3; f++) {
            struct np_end end;
            uint32_t owners;
            assert_true(np_inventory_end(inventory, &t->model->options, entry->ref, NULL,
                                         families[f], 0, &end, &owners));
            assert_int_equal(entry->endpoint, end.endpoint->index + 1);
            if (f < 2) {
                assert_int_equal(entry->own[f].family, end.address.family);
                assert_memory_equal(&entry->own[f], &end.address, sizeof end.address);
            } else {
                assert_int_equal(entry->first_family, end.address.family);
            }
            add_end(t, &end, entry->signature[f], entry->endpoint, entry->node);
        }
    }
}

static void add_nowhere(struct test *t)
{
    struct np_end end;
    uint32_t owners;
    assert_true(
        np_inventory_end(&t->model->inventory, &t->model->options, 0, NULL, 0, 0, &end, &owners));
    add_end(t, &end, NP_SIG_NOWHERE, 0, 0);
}

/* ---- everything that looks at one end ---- */

static void add_set(struct test *t, const struct np_set *set)
{
    if (set) {
        assert_true(t->n_sets < SETS_MAX);
        t->sets[t->n_sets++] = set;
    }
}

static void add_portset(struct test *t, const struct np_portset *portset)
{
    if (portset) {
        assert_true(t->n_portsets < SETS_MAX);
        t->portsets[t->n_portsets++] = portset;
    }
}

static void add_policy(struct test *t, const struct np_policy *policy)
{
    for (int d = 0; d < NP_DIRECTIONS; d++) {
        add_set(t, policy->subjects[d]);
        for (uint32_t r = 0; r < policy->n_rules[d]; r++) {
            for (uint32_t a = 0; a < policy->rules[d][r].n_alternatives; a++) {
                const struct np_match *match = &policy->rules[d][r].alternatives[a];
                add_set(t, match->near);
                add_set(t, match->far);
                add_portset(t, match->dst_ports);
                add_portset(t, match->src_ports);
            }
        }
    }
}

static void add_conditions(struct test *t)
{
    for (uint32_t c = 0; c < t->model->n_checkpoints; c++) {
        const struct np_checkpoint *checkpoint = t->model->checkpoints[c];
        add_set(t, checkpoint->subjects);
        for (uint32_t s = 0; s < checkpoint->n_stages; s++) {
            for (uint32_t i = 0; i < checkpoint->stages[s]->n_tiers; i++) {
                const struct np_tier *tier = checkpoint->stages[s]->tiers[i];
                for (uint32_t p = 0; p < tier->n_policies; p++) {
                    add_policy(t, tier->policies[p]);
                }
            }
        }
    }
}

/* ---- one model ---- */

static bool has_host(const struct np_model *model)
{
    for (uint32_t c = 0; c < model->n_checkpoints; c++) {
        if (model->checkpoints[c]->kind == NP_CHECK_HOST) {
            return true;
        }
    }
    return false;
}

static void draft_begin(struct test *t)
{
    t->draft = (struct np_draft){.ctx = t->ctx, .model = t->model, .host = has_host(t->model)};
    np_arena_init(&t->draft.arena, t->ctx, 4096);
}

static void draft_end(struct test *t)
{
    np_draft_ends_free(&t->draft);
    np_arena_free(&t->draft.arena);
}

static void open_model(struct test *t, uint64_t seed)
{
    static const struct gen_tweak none = {0};
    memset(&t->memory, 0, sizeof t->memory);
    t->n_ends = t->n_sets = t->n_portsets = 0;
    t->ctx = counting_ctx(&t->memory, NULL);
    assert_non_null(t->ctx);
    gen_make(&t->gen, seed, (unsigned)GEN_ALL & ~(unsigned)GEN_CROWD);
    t->model = gen_build(t->ctx, &t->gen, &none);
    assert_non_null(t->model);
}

static void open_seed(struct test *t, uint64_t seed)
{
    open_model(t, seed);
    draft_begin(t);
    assert_int_equal(np_draft_ends(&t->draft), NETPOL_OK);
    add_nowhere(t);
    add_addresses(t);
    add_refs(t);
    add_conditions(t);
}

static void close_model(struct test *t)
{
    np_model_destroy(t->model);
    netpol_ctx_destroy(t->ctx);
    assert_int_equal(t->memory.blocks, 0);
    assert_int_equal(t->memory.bad_size, 0);
}

static void close_seed(struct test *t)
{
    draft_end(t);
    close_model(t);
}

static struct test *test_new(void)
{
    struct test *t = calloc(1, sizeof *t);
    assert_non_null(t);
    return t;
}

/* ---- properties ---- */

static np_truth truth_in(const struct np_members *members, uint32_t signature)
{
    for (uint32_t i = 0; i < members->count; i++) {
        if (members->items[i].signature == signature) {
            return members->items[i].truth;
        }
    }
    return NP_NO;
}

static void check_members(struct test *t, const struct np_set *set, bool source,
                          enum np_relation relation)
{
    struct np_members members = np_draft_members(&t->draft, set, source, relation);
    assert_int_not_equal(members.count, UINT32_MAX);
    for (uint32_t i = 0; i < members.count; i++) {
        np_truth truth;
        assert_int_not_equal(members.items[i].truth, NP_NO);
        assert_true(i == 0 || members.items[i - 1].signature < members.items[i].signature);
        assert_int_equal(
            np_draft_member(&t->draft, set, source, relation, members.items[i].signature, &truth),
            NETPOL_OK);
        assert_int_equal(truth, members.items[i].truth);
    }
    struct np_members rest;
    struct np_members own = np_draft_members_parts(&t->draft, set, source, relation, &rest);
    assert_int_equal(own.count + rest.count, members.count);
    t->shared += rest.count;
    for (size_t e = 0; e < t->n_ends; e++) {
        struct np_hop hop = {.src = t->ends[e].end, .dst = t->ends[e].end};
        np_draft_relate(relation, &hop.src, &hop.dst);
        np_truth truth = np_reference_set(t->model, set, &hop, source ? &hop.src : &hop.dst);
        if (truth != truth_in(&members, t->ends[e].signature)) {
            print_message("seed %llu end %zu signature %u source %d relation %d: %x, not %x\n",
                          (unsigned long long)t->gen.seed, e, t->ends[e].signature, source,
                          relation, truth, truth_in(&members, t->ends[e].signature));
            fail();
        }
    }
}

/* Every set says of every end what it says of the end's signature. */
static void test_members(void **state)
{
    struct test *t = test_new();
    uint64_t relative = 0, members = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        open_seed(t, seed);
        for (size_t i = 0; i < t->n_sets; i++) {
            bool all = np_set_is_relative(t->sets[i]);
            relative += all;
            for (int relation = 0; relation < (all ? NP_RELATIONS : 1); relation++) {
                check_members(t, t->sets[i], true, (enum np_relation)relation);
                check_members(t, t->sets[i], false, (enum np_relation)relation);
            }
            members += np_draft_members(&t->draft, t->sets[i], true, NP_RELATION_OTHER).count;
        }
        close_seed(t);
    }
    assert_true(relative > 0 && members > 0 && t->shared > 0);
    free(t);
}

static bool same_part(const struct netpol_part *a, const struct netpol_part *b)
{
    return a->action == b->action && a->reason == b->reason && a->rule == b->rule &&
           a->staged == b->staged && a->flags == b->flags;
}

static bool same_verdict(const struct netpol_verdict *a, const struct netpol_verdict *b)
{
    return a->action == b->action && a->missing == b->missing &&
           same_part(&a->egress, &b->egress) && same_part(&a->ingress, &b->ingress) &&
           same_part(&a->mesh, &b->mesh);
}

static void judge(const struct test *t, const struct np_end *a, const struct np_end *b,
                  enum np_relation relation, uint16_t port, struct netpol_verdict *out)
{
    struct np_hop hop = {.src = *a,
                         .dst = *b,
                         .family = a->address.family ? a->address.family : b->address.family,
                         .protocol = port & 1 ? 17 : 6,
                         .has_ports = port != 0,
                         .src_port = 1000,
                         .dst_port = port};
    np_draft_relate(relation, &hop.src, &hop.dst);
    hop.original = hop.dst;
    hop.original_port = hop.dst_port;
    np_reference_hop(t->model, &hop, NULL, NULL, out);
}

static void check_alike(struct test *t, const struct np_end *a, const struct np_end *b,
                        struct gen_random *r)
{
    static const uint16_t ports[] = {80, 53, 81, 443, 0};
    const struct np_end *other = &t->ends[gen_below(r, (uint32_t)t->n_ends)].end;
    if (other->address.family && a->address.family && other->address.family != a->address.family) {
        return;
    }
    enum np_relation relation = (enum np_relation)gen_below(r, NP_RELATIONS);
    uint16_t port = ports[gen_below(r, 5)];
    struct netpol_verdict x, y;
    judge(t, a, other, relation, port, &x);
    judge(t, b, other, relation, port, &y);
    assert_true(same_verdict(&x, &y));
    judge(t, other, a, relation, port, &x);
    judge(t, other, b, relation, port, &y);
    assert_true(same_verdict(&x, &y));
}

/* Two ends of one signature get one verdict with any third end (lowering: class invariance). */
static void test_invariance(void **state)
{
    struct test *t = test_new();
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct gen_random r = {seed};
        open_seed(t, seed);
        for (size_t i = 0; i < t->n_ends; i++) {
            const struct np_end *representative = &t->draft.sigs[t->ends[i].signature].end;
            t->shared += representative->endpoint != t->ends[i].end.endpoint;
            for (int n = 0; n < 4; n++) {
                check_alike(t, representative, &t->ends[i].end, &r);
            }
        }
        close_seed(t);
    }
    assert_true(t->shared > 0);
    free(t);
}

/* What a lookup reads from the tables to tell how two ends stand to each other. */
static void test_relation_facts(void **state)
{
    struct test *t = test_new();
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        open_seed(t, seed);
        for (size_t i = 0; i < t->n_ends; i++) {
            const struct np_end *end = &t->ends[i].end;
            const struct np_sig *sig = &t->draft.sigs[t->ends[i].signature];
            bool missing = !end->endpoint && np_is_maybe(end->missing);
            assert_int_equal(!!(sig->bits & NP_SIG_NODE), np_end_is_node(end));
            assert_int_equal(!!(sig->bits & NP_SIG_MISSING), missing);
            assert_int_equal(!!(sig->bits & NP_SIG_SERVICE),
                             missing && (end->missing & NP_FACT_SERVICE_ADDRESS));
            assert_int_equal(!!(sig->bits & NP_SIG_NO_ADDRESS),
                             end->endpoint && !end->address.family);
            assert_int_equal(sig->family, end->address.family);
            assert_int_equal(sig->place == UINT32_MAX, end->address.family == 0);
            np_str name = np_end_node_name(end);
            assert_ptr_equal(t->ends[i].node ? t->draft.nodes[t->ends[i].node - 1] : NULL, name);
        }
        for (uint32_t i = 0; i < t->model->inventory.n_nodes; i++) {
            assert_ptr_equal(t->draft.nodes[i], t->model->inventory.nodes[i]->name);
        }
        for (uint32_t i = 0; i < t->draft.n_nodes; i++) {
            for (uint32_t k = 0; k < i; k++) {
                assert_ptr_not_equal(t->draft.nodes[i], t->draft.nodes[k]);
            }
        }
        close_seed(t);
    }
    free(t);
}

static np_truth ports_truth(const struct test *t, const struct np_portset *portset,
                            const struct np_end *end, uint8_t protocol, int port)
{
    struct np_hop hop = {.dst = *end,
                         .protocol = protocol,
                         .has_ports = port >= 0,
                         .ports_unknown = port == -2,
                         .dst_port = (uint16_t)(port < 0 ? 0 : port)};
    const struct np_match match = {.families = NP_FAMILY_ANY,
                                   .relations = NP_REL_ANY,
                                   .routes = NP_ROUTE_ANY,
                                   .dst_ports = portset};
    const char *axis;
    return np_reference_match(t->model, &match, &hop, t->model->checkpoints[0],
                              t->model->checkpoints[0]->stages[0], &axis);
}

/* Of an end at which no member is anything. */
static np_truth truth_of_none(const struct np_portset *portset, uint8_t protocol, int port)
{
    int kind = port >= 0 ? NP_PORT_KNOWN : port == -1 ? NP_PORT_NONE : NP_PORT_UNKNOWN;
    if (!portset->complement || !portset->within) {
        return np_truth_of(portset->complement);
    }
    return np_reference_service(portset->within, kind, protocol, (uint16_t)(port < 0 ? 0 : port));
}

static void check_ports(struct test *t, const struct np_portset *portset, size_t a, size_t b)
{
    static const uint8_t protocols[] = {6, 17, 1};
    static const int ports[] = {80, 81, 53, 443, -1, -2};
    uint32_t x = np_draft_port_names(&t->draft, portset, t->ends[a].signature);
    uint32_t y = np_draft_port_names(&t->draft, portset, t->ends[b].signature);
    assert_true(x != UINT32_MAX && y != UINT32_MAX);
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < 6; i++) {
            np_truth one = ports_truth(t, portset, &t->ends[a].end, protocols[p], ports[i]);
            np_truth two = ports_truth(t, portset, &t->ends[b].end, protocols[p], ports[i]);
            assert_true(x != y || one == two);
            assert_true(x != 0 || one == truth_of_none(portset, protocols[p], ports[i]));
        }
    }
}

static void test_port_names(void **state)
{
    struct test *t = test_new();
    uint64_t some = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct gen_random r = {seed};
        open_seed(t, seed);
        for (size_t i = 0; i < t->n_portsets; i++) {
            for (int n = 0; n < 100; n++) {
                check_ports(t, t->portsets[i], gen_below(&r, (uint32_t)t->n_ends),
                            gen_below(&r, (uint32_t)t->n_ends));
            }
            for (uint32_t s = NP_SIG_FIRST; s < t->draft.n_sigs; s++) {
                some += np_draft_port_names(&t->draft, t->portsets[i], s) != 0;
            }
        }
        close_seed(t);
    }
    assert_true(some > 0);
    free(t);
}

/* ---- what comes later ---- */

static uint32_t kind_by_labels(const struct test *t, const struct np_endpoint *e)
{
    uint64_t words[256];
    struct np_projection projection;
    struct np_kinds kinds;
    struct np_projector p;
    assert_true(np_projection_open(t->draft.projection, t->draft.n_projection, &projection));
    assert_true(np_kinds_open(t->draft.kinds, t->draft.kinds_bytes, &kinds));
    assert_true(np_project_room(&projection, e->labels.count, e->n_ports) <= 256);
    np_project_begin(
        &p, &projection, words, 256, np_str_slice(e->namespace_name), np_str_slice(e->name),
        e->service_account ? np_str_slice(e->service_account) : (struct np_slice){NULL, 0},
        e->host_network);
    for (uint32_t i = e->labels.count; i-- > 0;) {
        np_project_label(&p, np_str_slice(e->labels.items[i].key),
                         np_str_slice(e->labels.items[i].value));
    }
    for (uint32_t i = 0; i < e->n_ports; i++) {
        np_project_port(&p, np_str_slice(e->ports[i].name), e->ports[i].protocol, e->ports[i].port);
    }
    np_project_end(&p);
    return p.unseen ? 0 : np_kinds_find(&kinds, words, p.count);
}

static uint32_t combined(const struct np_draft *draft, uint32_t kind, uint32_t place, uint32_t node)
{
    uint32_t found = NP_SIG_UNCOMPILED;
    for (uint32_t i = 0; i < draft->n_combos; i++) {
        const struct np_combo *combo = &draft->combos[i];
        if (combo->kind == kind && combo->place == place && combo->node == node) {
            assert_int_equal(found, NP_SIG_UNCOMPILED); /* once */
            found = combo->signature;
        }
    }
    return found;
}

/* The way over labels, kind and place leads every pod to the signature that compile gave it. */
static void test_projection(void **state)
{
    struct test *t = test_new();
    uint64_t found = 0, opaque = 0;
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        open_seed(t, seed);
        const struct np_draft *draft = &t->draft;
        opaque += draft->n_projection == 0;
        for (size_t i = 0; i < t->n_ends; i++) {
            const struct np_endpoint *e = t->ends[i].end.endpoint;
            const struct np_address *address = &t->ends[i].end.address;
            if (!e || !(e->kind & (NP_OBJ_WORKLOAD | NP_OBJ_HOST_NET_WORKLOAD))) {
                continue;
            }
            uint32_t kind = kind_by_labels(t, e);
            bool by_node = draft->host || e->kind == NP_OBJ_HOST_NET_WORKLOAD;
            uint32_t place =
                address->family ? place_signature(draft, address) : (uint32_t)NP_SIG_NOWHERE;
            assert_int_equal(kind == 0, draft->n_projection == 0);
            if (kind) {
                assert_int_equal(combined(draft, kind, place, by_node ? t->ends[i].node : 0),
                                 t->ends[i].signature);
                found++;
            }
        }
        close_seed(t);
    }
    assert_true(found > opaque && opaque > 0);
    free(t);
}

/* Whenever memory runs out, all is given back. */
static void test_memory(void **state)
{
    struct test *t = test_new();
    uint64_t failures = 0;
    (void)state;
    for (uint64_t seed = 3; seed < 5; seed++) {
        int status = NETPOL_ERR_MEMORY;
        open_model(t, seed);
        add_conditions(t);
        for (size_t at = 1; status != NETPOL_OK; at++) {
            draft_begin(t);
            t->memory.calls = 0;
            t->memory.fail_at = at;
            status = np_draft_ends(&t->draft);
            for (size_t i = 0; status == NETPOL_OK && i < t->n_sets; i++) {
                struct np_members m =
                    np_draft_members(&t->draft, t->sets[i], true, NP_RELATION_OTHER);
                status = m.count == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
            }
            for (size_t i = 0; status == NETPOL_OK && i < t->n_portsets; i++) {
                uint32_t n = np_draft_port_names(&t->draft, t->portsets[i], NP_SIG_FIRST);
                status = n == UINT32_MAX ? NETPOL_ERR_MEMORY : NETPOL_OK;
            }
            t->memory.fail_at = 0;
            failures += status != NETPOL_OK;
            draft_end(t);
        }
        close_model(t);
    }
    assert_true(failures > 20);
    free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),        cmocka_unit_test(test_invariance),
        cmocka_unit_test(test_relation_facts), cmocka_unit_test(test_port_names),
        cmocka_unit_test(test_projection),     cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
