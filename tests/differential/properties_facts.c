/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of what is known, and of how it is given: facts, addresses, nodes, ranges, reasons. */
#include "differential/generator_internal.h"
#include "differential/properties.h"
#include "match/look.h"
#include "match/matcher.h"

enum { CLASS_PAIRS = 100 };

/* 3, 13. What is certain stays so when everything else is filled in at random. */
void completion(struct run *run)
{
    struct gen_tweak full = {.complete = true, .learn = true, .resolve = 1};
    full.resolve += (int)gen_below(&run->random, 2);
    /* where the mode says nothing, the listener follows the question by definition (lowering 4.5)
     */
    run->gen.mesh_mode = (uint8_t)(1 + run->gen.mesh_mode % NETPOL_MESH_ZTUNNEL);
    struct built open = build(run, &as_drawn);
    struct built closed = build(run, &full);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict before, after;
        draw(run, &q);
        ask(run, &open, &q, &as_drawn, &before);
        gen_question_complete(&q, &run->random);
        ask(run, &closed, &q, &full, &after);
        bool certain = before.action == NETPOL_ALLOW || before.action == NETPOL_DENY;
        run->bite += !certain;
        if (certain && after.action != before.action) {
            fail(run, &q, &before, &after);
        }
        if (after.action == NETPOL_UNKNOWN) { /* 21: nothing is missing any more */
            fail(run, &q, &before, &after);
        }
    }
    unbuild(&open);
    unbuild(&closed);
}

/* 10. Prefixes, port ranges and rules may be given in pieces. */
void refined(struct run *run)
{
    struct gen *g = &run->gen;
    for (int i = 0; i < g->n_policies; i++) { /* authentication looks at specificity */
        for (int d = 0; d < NP_DIRECTIONS; d++) {
            for (int k = 0; k < GEN_RULES; k++) {
                g->policies[i].rules[d][k].auth_mode = 0;
                g->policies[i].rules[d][k].auth_explicit = false;
            }
        }
    }
    struct gen_tweak pieces = {.split = true};
    compare(run, &as_drawn, &pieces, same_action);
}

/* 12. The same in IPv6; and IPv4 named by its mapped address. */
void in_six(struct run *run)
{
    struct gen_tweak six = {.six = true};
    compare(run, &as_drawn, &six, same_whole);
}

void mapped(struct run *run)
{
    run->gen.options.mapped_v6 = 0;
    struct built model = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict plain, as_mapped;
        draw(run, &q);
        ask(run, &model, &q, &as_drawn, &plain);
        q.mapped = true;
        ask(run, &model, &q, &as_drawn, &as_mapped);
        if (!same_whole(&plain, &as_mapped)) {
            fail(run, &q, &plain, &as_mapped);
        }
    }
    unbuild(&model);
}

static uint32_t number_of(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static enum np_relation relation_of(const struct netpol_matcher *m, struct np_party src,
                                    struct np_party dst, const struct netpol_tuple *t)
{
    return np_relation_of(&m->hot, src, dst, memcmp(t->src, t->dst, sizeof t->src) == 0);
}

/* Have both sources one signature, and the same relation to the destination? */
static bool look_alike(const struct netpol_matcher *m, const struct netpol_tuple *one,
                       const struct netpol_tuple *other)
{
    struct np_party a = np_party_search4(&m->hot, &m->frozen, number_of(one->src));
    struct np_party b = np_party_search4(&m->hot, &m->frozen, number_of(other->src));
    struct np_party dst = np_party_search4(&m->hot, &m->frozen, number_of(one->dst));
    return a.signature == b.signature && np_is_single(a.signature) && np_is_single(dst.signature) &&
           relation_of(m, a, dst, one) == relation_of(m, b, dst, other);
}

static void turn(struct netpol_tuple *t)
{
    uint8_t src[16];
    memcpy(src, t->src, 16);
    memcpy(t->src, t->dst, 16);
    memcpy(t->dst, src, 16);
}

/*
 * 14. Two addresses of one signature give equal answers in every question in which they stand in
 * the same relation to the other end. Of the matcher alone: the definition knows no signatures.
 */
void class_invariance(struct run *run)
{
    struct built b = build(run, &as_drawn);
    const struct netpol_matcher *image = b.world.opened;
    for (int i = 0; i < CLASS_PAIRS; i++) {
        struct netpol_tuple one, other;
        struct netpol_verdict first, second;
        struct gen_question q;
        draw(run, &q);
        q.by_address = true;
        q.asked = q.six = false;
        gen_tuple(b.model, &q, &as_drawn, &one);
        other = one;
        draw(run, &q);
        memcpy(other.src, gen_pool[q.src], 4);
        if (one.flags & (NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_DST_REF) || one.family != NP_IPV4 ||
            !look_alike(image, &one, &other)) {
            continue;
        }
        for (int turned = 0; turned < 2; turned++) {
            np_reference_eval(b.model, &one, NULL, NULL, NULL, &first);
            np_reference_eval(b.model, &other, NULL, NULL, NULL, &second);
            run->asked++;
            run->actions[first.action]++;
            run->bite += memcmp(one.src, other.src, 4) != 0 || memcmp(one.dst, other.dst, 4) != 0;
            if (!same_whole(&first, &second)) {
                fail(run, &q, &first, &second);
            }
            turn(&one);
            turn(&other);
        }
    }
    unbuild(&b);
}

/* 16. What the nodes are called does not matter. */
void node_names(struct run *run)
{
    struct gen_tweak swapped = {.swap_nodes = true};
    compare(run, &as_drawn, &swapped, same_whole);
}

/* 16. A pod reaches itself whatever its labels, when that is allowed first; nobody else gains. */
void self(struct run *run)
{
    struct gen_tweak first = {.self_first = true};
    struct built model = build(run, &as_drawn);
    struct built with = build(run, &first);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict plain, allowed;
        draw(run, &q);
        q.asked = false;
        if (i % 2 == 0) {
            q.dst = q.src;
        }
        ask(run, &model, &q, &as_drawn, &plain);
        ask(run, &with, &q, &first, &allowed);
        bool itself = q.src == q.dst && gen_end_is_pod(&run->gen, q.src);
        if (itself ? allowed.action != NETPOL_ALLOW : allowed.action != plain.action) {
            fail(run, &q, &plain, &allowed);
        }
    }
    unbuild(&model);
    unbuild(&with);
}

/* What a reference means: of the definition, and of the image that holds no model. */
static bool is_named(const struct built *b, uint32_t rule)
{
    struct netpol_rule_info info;
    bool named = rule > 0 && rule < b->model->n_decisions && b->model->decisions[rule].checkpoint;
    return named &&
           (!b->world.opened ||
            netpol_rule_describe(b->world.opened, rule, netpol_matcher_generation(b->world.opened),
                                 &info) == NETPOL_OK);
}

/* 21. Every refusal says what refused. */
void accounted(struct run *run)
{
    struct built model = build(run, &as_drawn);
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict v;
        draw(run, &q);
        ask(run, &model, &q, &as_drawn, &v);
        const struct netpol_part *parts[] = {&v.egress, &v.ingress, &v.mesh};
        for (int p = 0; p < 3; p++) {
            if (parts[p]->action != NETPOL_ALLOW && !is_named(&model, parts[p]->rule)) {
                fail(run, &q, &v, &v);
            }
        }
        bool says_why = v.missing || v.egress.reason == NETPOL_REASON_EXTERNAL ||
                        v.ingress.reason == NETPOL_REASON_EXTERNAL ||
                        v.mesh.reason == NETPOL_REASON_EXTERNAL;
        if ((v.action == NETPOL_UNKNOWN && !says_why) ||
            (v.action != NETPOL_UNKNOWN && v.missing)) {
            fail(run, &q, &v, &v);
        }
    }
    unbuild(&model);
}

/* 19. What `safe` allows, the other readings of headers allow as well. */
void safe_readings(struct run *run)
{
    struct built models[3];
    for (uint8_t i = 0; i < 3; i++) {
        run->gen.options.header_reading = i;
        models[i] = build(run, &as_drawn);
    }
    for (int i = 0; i < QUESTIONS; i++) {
        struct gen_question q;
        struct netpol_verdict joined, each, safe;
        draw(run, &q);
        ask(run, &models[0], &q, &as_drawn, &joined);
        ask(run, &models[1], &q, &as_drawn, &each);
        ask(run, &models[2], &q, &as_drawn, &safe);
        run->bite += joined.action != each.action;
        if (safe.action == NETPOL_ALLOW &&
            (joined.action != NETPOL_ALLOW || each.action != NETPOL_ALLOW)) {
            fail(run, &q, &safe, joined.action == NETPOL_ALLOW ? &each : &joined);
        }
    }
    for (int i = 0; i < 3; i++) {
        unbuild(&models[i]);
    }
}
