/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the two ends of a hop stand to each other, from their numbers and what their signatures say
 * of them. It is the reference's possible_relations (reference/relation.c) line by line, each set
 * of possible relations having a name here; symmetric in the two ends.
 */
#include "match/look.h"
#include "base/defect.h"

struct end {
    uint32_t endpoint, node, bits;
};

static struct end end_of(const struct np_hot *hot, struct np_party party)
{
    return (struct end){.endpoint = (uint32_t)(party.who >> 32),
                        .node = (uint32_t)party.who,
                        .bits = hot->sig_class[party.signature] >> 24};
}

/* A pod whose address is not known, and an address whose pod is not known. */
static bool may_be_same(const struct end *a, const struct end *b)
{
    return a->endpoint && (a->bits & NP_SIG_NO_ADDRESS) && !b->endpoint &&
           (b->bits & NP_SIG_MISSING);
}

enum np_relation np_relation_of(const struct np_hot *hot, struct np_party src, struct np_party dst,
                                bool same_address)
{
    struct end a = end_of(hot, src), b = end_of(hot, dst);
    bool a_node = a.bits & NP_SIG_NODE, b_node = b.bits & NP_SIG_NODE;
    bool same_node = a.node && a.node == b.node;
    /* one endpoint; of two ends without one, whoever has the address */
    bool same = a.endpoint || b.endpoint ? a.endpoint == b.endpoint : same_address;
    if (np_defect(SELF_IS_OTHER) && same) {
        return NP_RELATION_OTHER;
    }
    if (same || (a_node && b_node && same_node)) {
        return NP_RELATION_SELF;
    }
    if (!np_defect(MAYBE_SELF_IS_OTHER) && (may_be_same(&a, &b) || may_be_same(&b, &a))) {
        uint32_t address = a.endpoint ? b.bits : a.bits;
        return address & NP_SIG_SERVICE ? NP_RELATION_MAYBE_TRANSLATED : NP_RELATION_MAYBE_UNLEARNT;
    }
    if (a_node == b_node) {
        return NP_RELATION_OTHER;
    }
    if (a.node && b.node) {
        bool own = same_node && !np_defect(OWN_NODE_IS_OTHER);
        return own ? NP_RELATION_OWN_NODE : NP_RELATION_OTHER;
    }
    const struct end *guest = a_node ? &b : &a;
    if (!guest->endpoint && !(guest->bits & NP_SIG_MISSING)) {
        return NP_RELATION_OTHER; /* something outside runs on no node */
    }
    return np_defect(MAYBE_NODE_IS_OTHER) ? NP_RELATION_OTHER : NP_RELATION_MAYBE_NODE;
}
