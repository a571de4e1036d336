/* SPDX-License-Identifier: Apache-2.0 */
/* A lookup where names were learnt for an end: a side whose rules look at the names of its far end
 * is answered by the column of the combination, every other one as for the bare address. */
#include "match/named.h"

struct answer {
    const struct netpol_part *part;
    uint32_t missing;
};

/* Of a side for which nothing was folded. */
static const struct netpol_part not_known = {
    .action = NETPOL_UNKNOWN, .reason = NETPOL_REASON_MISSING, .flags = NETPOL_PART_JUDGED};

static const struct np_named_column *column_of(const struct np_named *named, uint32_t group)
{
    uint32_t low = 0, high = named->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (named->groups[middle] < group) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool own = low < named->count && named->groups[low] == group;
    return own ? named->columns[low] : named->others[group];
}

/* The span that a source port is in. */
static uint32_t source_of(const struct np_namer_group *group, uint16_t port)
{
    uint32_t low = 0, high = group->n_sources;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (group->sources[middle] <= port) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct answer folded(const struct np_namer_group *group,
                            const struct np_named_column *column, uint32_t bond, uint32_t at,
                            uint16_t src_port)
{
    uint8_t block = column->block[bond / 2];
    if (block == NP_NAMED_NO_BLOCK || at >= group->n_columns) {
        return (struct answer){&not_known, NETPOL_MISSING_NAMES};
    }
    size_t first = ((size_t)block * group->n_columns + at) * group->n_sources;
    const struct np_named_part *part = &column->parts[first + source_of(group, src_port)];
    return (struct answer){&part->part, part->missing};
}

/* The hop as its sides see it. */
struct hop {
    const struct np_hot *hot;
    struct np_shape shape;
    uint32_t signature[2];               /* of the bare addresses: source, destination */
    const struct np_named *const *named; /* the same */
    uint32_t bond, port_class;
    const struct np_ask *ask;
};

static struct answer answer_of(const struct hop *h, enum np_side_of_hop side)
{
    unsigned near = side != NP_SIDE_EGRESS, far = !near;
    const struct np_named *combination = h->named[far];
    const struct np_namer *namer = (h->named[0] ? h->named[0] : h->named[1])->namer;
    uint32_t at = np_near(h->hot, h->signature[near]), group = 0;
    if (h->named[near] && namer->near_looks[side] && namer->near_looks[side][at]) {
        return (struct answer){&not_known, NETPOL_MISSING_NAMES};
    }
    if (combination && namer->group_of[side]) {
        group = namer->group_of[side][at];
    }
    if (group) {
        size_t map = h->hot->side[side][at].ports;
        uint32_t column = np_look_column(h->hot, h->shape, map + h->port_class);
        return folded(&namer->groups[group - 1], column_of(combination, group - 1), h->bond, column,
                      h->ask->ports.src_port);
    }
    uint32_t index = np_look_part(h->hot, h->shape, side, h->signature[near], h->signature[far],
                                  h->bond, h->port_class);
    index = np_look_through(h->hot, side, h->signature[near], index, NULL, h->ask);
    return (struct answer){&h->hot->parts[index], np_look_missing(h->hot, index)};
}

void np_look_named(const struct np_hot *hot, struct np_shape shape, struct np_party src,
                   struct np_party dst, const struct np_named *const named[2], uint32_t port_class,
                   const struct np_ask *ask, struct netpol_verdict *out)
{
    const struct np_ask asked = *ask; /* of which the compiler knows that it is there */
    const struct hop h = {
        .hot = hot,
        .shape = shape,
        .signature = {src.signature, dst.signature},
        .named = named,
        .bond = np_look_bond(hot, shape, src, dst, NULL, &asked),
        .port_class = port_class,
        .ask = &asked
    };
    struct netpol_part *parts[NP_SIDES] = {&out->egress, &out->ingress, &out->mesh};
    uint32_t code = 0, missing = 0;
    for (int s = 0; s < NP_SIDES; s++) {
        if (!(shape.sides >> s & 1)) {
            *parts[s] = hot->derived->silent[s];
            continue;
        }
        struct answer answer = answer_of(&h, (enum np_side_of_hop)s);
        *parts[s] = *answer.part;
        code |= np_part_code(np_part_word(answer.part)) << 3 * s;
        missing |= answer.missing;
    }
    const struct np_verdict_head *head = &hot->derived->heads[code];
    out->action = head->action;
    out->plane = head->plane;
    out->side = head->side;
    out->flags = head->flags;
    out->missing = head->action == NETPOL_UNKNOWN ? missing : 0;
    out->generation = hot->generation;
}
