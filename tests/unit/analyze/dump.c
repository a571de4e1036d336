/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dumps: every lookup that is followed ends where the lookup itself ends, every address has one
 * place, and whatever fails is passed up.
 */
#include "diff_cluster.h"
#include <arpa/inet.h>
#include <jansson.h>

#include "compile/matcher.h"
#include "image/cut_layout.h"
#include "model/build.h"

struct sink {
    size_t len, capacity;
    char *text;
    size_t stop_at; /* calls until it stops; 0: never */
    size_t calls;
};

static int sink_take(void *user, const char *bytes, size_t size)
{
    struct sink *sink = user;
    if (++sink->calls == sink->stop_at) {
        return 1;
    }
    if (sink->len + size + 1 > sink->capacity) {
        sink->capacity = 2 * (sink->len + size + 1);
        sink->text = realloc(sink->text, sink->capacity);
        assert_non_null(sink->text);
    }
    memcpy(sink->text + sink->len, bytes, size);
    sink->len += size;
    sink->text[sink->len] = '\0';
    return 0;
}

static json_t *dump_json(const struct netpol_matcher *matcher, const struct netpol_tuple *tuple)
{
    struct sink sink = {0};
    json_error_t error;
    assert_int_equal(netpol_matcher_dump(matcher, NETPOL_DUMP_JSON, tuple, sink_take, &sink),
                     NETPOL_OK);
    json_t *json = json_loadb(sink.text, sink.len, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        fail_msg("line %d: %s", error.line, error.text);
    }
    free(sink.text);
    return json;
}

static void open_random(struct world *w, struct cluster *c, uint32_t seed)
{
    static struct text text;
    chance = seed * 2654435761u + 1;
    make_cluster(c);
    write_cluster(&text, c, 0);
    world_open(w);
    assert_int_equal(world_load(w, text.text), NETPOL_OK);
    world_compile(w);
}

/* ---- lookups ---- */

static void draw_end(struct world *w, const struct cluster *c, bool source,
                     struct netpol_tuple *tuple)
{
    static const char *const some[] = {"10.9.0.0",    "10.9.0.1", "10.0.0.40",
                                       "203.0.113.9", "8.8.8.8",  "10.255.0.1"};
    const struct pod *pod = &c->pods[draw(c->n_pods)];
    uint64_t ref = pod->here[0] ? netpol_view_find(w->view, pod->space, pod->name) : 0;
    const char *address = tuple->family == 6 ? pod->address6 : pod->address4;
    uint8_t *bytes = source ? tuple->src : tuple->dst;
    if (ref && draw(3) == 0) {
        *(source ? &tuple->src_ref : &tuple->dst_ref) = ref;
        tuple->flags |= source ? NETPOL_TUPLE_SRC_REF : NETPOL_TUPLE_DST_REF;
    } else if (draw(20) == 0) {
        tuple->flags |= source ? NETPOL_TUPLE_SRC_NO_ADDRESS : NETPOL_TUPLE_DST_NO_ADDRESS;
    } else {
        address = address[0] && draw(3) ? address : tuple->family == 6 ? "fd00::5:1" : ONE_OF(some);
        assert_int_equal(inet_pton(tuple->family == 6 ? AF_INET6 : AF_INET, address, bytes), 1);
    }
}

static struct netpol_tuple draw_tuple(struct world *w, const struct cluster *c)
{
    static const uint16_t ports[] = {1, 53, 79, 80, 443, 8080, 8091};
    static const uint8_t protocols[] = {6, 6, 17, 1, 47};
    struct netpol_tuple tuple = {.family = draw(4) ? 4 : 6,
                                 .protocol = protocols[draw(5)],
                                 .src_port = 1000,
                                 .dst_port = ports[draw(7)]};
    draw_end(w, c, true, &tuple);
    draw_end(w, c, false, &tuple);
    if (draw(10) == 0) {
        tuple.flags |= draw(2) ? NETPOL_TUPLE_LATER_FRAGMENT : NETPOL_TUPLE_NO_PORTS;
    }
    return tuple;
}

/* The action at the end of a side: "deny, isolated 12 ...". A side that judges nobody is not told.
 */
static int told_action(const json_t *pair, const char *side)
{
    const json_t *loads = json_object_get(pair, side);
    if (!loads) {
        return NETPOL_ALLOW;
    }
    const json_t *last = json_array_get(loads, json_array_size(loads) - 1);
    const char *load = json_string_value(json_object_get(last, "load"));
    const char *gives = json_string_value(json_object_get(last, "gives"));
    assert_int_equal(strncmp(load, "PARTS[", 6), 0);
    for (int action = 0; action < NETPOL_ACTION_COUNT; action++) {
        const char *text = netpol_action_text(action);
        if (strncmp(gives, text, strlen(text)) == 0 && gives[strlen(text)] == ',') {
            return action;
        }
    }
    fail_msg("no action: %s", gives);
    return -1;
}

static void check_lookup(struct world *w, const struct netpol_tuple *tuple)
{
    struct netpol_verdict verdict;
    int worst = NETPOL_ALLOW;
    assert_int_equal(netpol_eval(w->view, tuple, &verdict), NETPOL_OK);
    json_t *json = dump_json(w->matcher, tuple);
    const json_t *lookup = json_object_get(json, "lookup");
    const json_t *said = json_object_get(json_object_get(lookup, "verdict"), "action");
    assert_string_equal(json_string_value(said), netpol_action_text(verdict.action));
    const json_t *pairs = json_object_get(lookup, "pairs");
    for (size_t i = 0; i < json_array_size(pairs); i++) {
        int egress = told_action(json_array_get(pairs, i), "egress");
        int ingress = told_action(json_array_get(pairs, i), "ingress");
        worst = egress > worst ? egress : worst;
        worst = ingress > worst ? ingress : worst;
        if (json_array_size(pairs) == 1) {
            assert_int_equal(egress, verdict.egress.action);
            assert_int_equal(ingress, verdict.ingress.action);
        }
    }
    assert_true(json_array_size(pairs) > 0);
    assert_int_equal(worst, verdict.action);
    json_decref(json);
}

static void test_lookups_end_alike(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 15; seed++) {
        struct world w;
        struct cluster c;
        open_random(&w, &c, seed);
        for (int i = 0; i < 8; i++) {
            struct netpol_tuple tuple = draw_tuple(&w, &c);
            check_lookup(&w, &tuple);
        }
        world_close(&w);
    }
}

static void test_refusals_are_told(void **state)
{
    (void)state;
    struct world w;
    struct cluster c;
    open_random(&w, &c, 1);
    struct netpol_tuple tuples[] = {
        {.family = 5,       .protocol = 6                },
        { .family = 4, .protocol = 6, .src_ref = 99999, .flags = NETPOL_TUPLE_SRC_REF},
    };
    static const char *const told[] = {"the tuple cannot be", "an end that no compile has seen"};
    for (size_t i = 0; i < 2; i++) {
        json_t *json = dump_json(w.matcher, &tuples[i]);
        const json_t *lookup = json_object_get(json, "lookup");
        assert_string_equal(json_string_value(json_object_get(lookup, "refused")), told[i]);
        json_decref(json);
    }
    world_close(&w);
}

/* ---- places ---- */

/* Ranges told for IPv4 cover every address once, and each is where the matcher finds it. */
static void test_places_are_the_tries(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct world w;
        struct cluster c;
        uint64_t covered = 0;
        open_random(&w, &c, seed);
        json_t *json = dump_json(w.matcher, NULL);
        const json_t *signatures = json_object_get(json, "signatures");
        for (size_t s = 0; s < json_array_size(signatures); s++) {
            const json_t *members = json_object_get(json_array_get(signatures, s), "members");
            for (size_t m = 0; m < json_array_size(members); m++) {
                char text[256];
                uint8_t raw[4];
                snprintf(text, sizeof text, "%s", json_string_value(json_array_get(members, m)));
                char *slash = strchr(text, '/'), *dash = strchr(text, '-');
                if (strchr(text, ':') || strchr(text, '(') || !(slash || dash)) {
                    continue;
                }
                char *cut = dash ? dash : slash;
                char mark = *cut;
                *cut = '\0';
                if (inet_pton(AF_INET, text, raw) != 1) {
                    continue;
                }
                uint64_t first = (uint64_t)raw[0] << 24 | (uint64_t)raw[1] << 16 |
                                 (uint64_t)raw[2] << 8 | raw[3];
                if (mark == '/') {
                    int length = atoi(cut + 1);
                    covered += length < 32 ? UINT64_C(1) << (32 - length) : 0;
                } else {
                    assert_int_equal(inet_pton(AF_INET, cut + 1, raw), 1);
                    covered += ((uint64_t)raw[0] << 24 | (uint64_t)raw[1] << 16 |
                                (uint64_t)raw[2] << 8 | raw[3]) -
                               first + 1;
                }
            }
        }
        /* single addresses are also those of nodes, so these are counted out on both sides */
        assert_true(covered <= UINT64_C(1) << 32);
        assert_true(covered + 64 > UINT64_C(1) << 32);
        json_decref(json);
        world_close(&w);
    }
}

/* ---- a list of rules: residual trees ---- */

enum { RULES = 16 };

static struct netpol_matcher *compile_list(struct world *w)
{
    struct np_build *b = np_build_create(w->ctx);
    struct np_model *model = NULL;
    struct netpol_matcher *matcher = NULL;
    assert_non_null(b);
    struct np_checkpoint *checkpoint = np_build_checkpoint(b, NP_CHECK_LIST, NP_INGRESS, "list");
    struct np_stage *stage = np_build_stage(b, checkpoint, "list");
    struct np_tier *tier = np_build_tier(b, "list", 1, NP_LISTED);
    np_build_add_tier(b, stage, tier);
    tier->end[NP_INGRESS] = NP_END_DENY;
    struct np_policy *policy = np_build_policy(b, tier, "List", NULL, np_build_text(b, "list"));
    struct np_literal any = {
        .kind = NP_LIT_CIDR, .domain = NP_DOMAIN_ALL, .prefix = {.address = {.family = NP_IPV4}}};
    policy->subjects[NP_INGRESS] = np_build_set_of(b, np_build_literal(b, &any));
    for (uint8_t i = 0; i < RULES; i++) {
        struct np_rule *rule =
            np_build_rule(b, policy, NP_INGRESS, i % 3 ? NP_ACT_ALLOW : NP_ACT_DENY);
        struct np_match *match = np_build_alt(b, rule);
        struct np_literal near = any, far = any;
        struct np_port_span span = {.protocol = 6, .ports = true, .first = i, .last = 1000};
        near.prefix.length = far.prefix.length = 24;
        near.prefix.address.bytes[0] = far.prefix.address.bytes[0] = 10;
        near.prefix.address.bytes[2] = (uint8_t)(i * 7);
        far.prefix.address.bytes[2] = (uint8_t)(i * 5);
        match->near = np_build_set_of(b, np_build_literal(b, &near));
        match->far = np_build_set_of(b, np_build_literal(b, &far));
        match->service = np_build_service(b, &span, 1, false);
        match->src_service = np_build_service(b, &span, 1, false);
    }
    assert_int_equal(np_build_seal(b, &model), NETPOL_OK);
    np_build_destroy(b);
    assert_int_equal(np_compile_model(w->ctx, model, &matcher), NETPOL_OK);
    return matcher;
}

static void test_residual_trees(void **state)
{
    (void)state;
    struct world w;
    world_open(&w);
    w.matcher = compile_list(&w);
    assert_int_equal(netpol_view_create(w.matcher, NULL, &w.view), NETPOL_OK);
    bool any = w.matcher->image.count[NP_SECTION_CUT_ROOTS] > 0;
    chance = 5;
    for (int i = 0; i < 8; i++) {
        struct netpol_tuple tuple = {.family = 4,
                                     .protocol = 6,
                                     .src_port = (uint16_t)draw(80),
                                     .dst_port = (uint16_t)draw(80)};
        uint8_t rule = (uint8_t)draw(RULES);
        tuple.src[0] = tuple.dst[0] = 10;
        tuple.src[2] = (uint8_t)(rule * 5);
        tuple.dst[2] = (uint8_t)(rule * 7);
        check_lookup(&w, &tuple);
    }
    json_t *json = dump_json(w.matcher, NULL);
    assert_int_equal(json_array_size(json_object_get(json, "residual_trees")) > 0, any);
    assert_true(any);
    json_decref(json);
    world_close(&w);
}

/* ---- failures ---- */

static void test_arguments(void **state)
{
    (void)state;
    struct world w;
    struct cluster c;
    struct sink sink = {0};
    open_random(&w, &c, 2);
    assert_int_equal(netpol_matcher_dump(NULL, NETPOL_DUMP_TEXT, NULL, sink_take, &sink),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_matcher_dump(w.matcher, NETPOL_DUMP_TEXT, NULL, NULL, &sink),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_matcher_dump(w.matcher, 3, NULL, sink_take, &sink),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_matcher_dump(w.matcher, -1, NULL, sink_take, &sink),
                     NETPOL_ERR_ARGUMENT);
    assert_int_equal(sink.calls, 0);
    for (int format = NETPOL_DUMP_TEXT; format <= NETPOL_DUMP_JSON; format++) {
        struct sink stopped = {.stop_at = 5};
        assert_int_equal(netpol_matcher_dump(w.matcher, format, NULL, sink_take, &stopped),
                         NETPOL_ERR_IO);
        assert_int_equal(stopped.calls, 5);
        free(stopped.text);
    }
    world_close(&w);
}

static void test_memory_runs_out(void **state)
{
    (void)state;
    struct world w;
    struct cluster c;
    open_random(&w, &c, 3);
    struct netpol_tuple tuple = draw_tuple(&w, &c);
    for (int format = NETPOL_DUMP_TEXT; format <= NETPOL_DUMP_JSON; format++) {
        size_t failed = 0;
        int status = NETPOL_ERR_MEMORY;
        for (size_t i = 1; i < 10000 && status != NETPOL_OK; i++) {
            struct sink sink = {0};
            size_t held = w.memory.blocks;
            w.memory.fail_at = w.memory.calls + i;
            status = netpol_matcher_dump(w.matcher, format, &tuple, sink_take, &sink);
            w.memory.fail_at = 0;
            assert_true(status == NETPOL_OK || status == NETPOL_ERR_MEMORY);
            assert_int_equal(w.memory.blocks, held);
            failed += status == NETPOL_ERR_MEMORY;
            free(sink.text);
        }
        assert_int_equal(status, NETPOL_OK);
        assert_true(failed > 10);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lookups_end_alike),
        cmocka_unit_test(test_refusals_are_told),
        cmocka_unit_test(test_places_are_the_tries),
        cmocka_unit_test(test_residual_trees),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
