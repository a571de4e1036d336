/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the names and members of a portset are at one end: a list of ports, each with a truth. Equal
 * lists are one number; whatever the port of a question is, such ends agree on it.
 */
#include "compile/ends_internal.h"

#include <stdlib.h>

/* Protocol (-1: any) and port, or every port of the protocol; how true; in or out. */
static uint64_t item_of(const struct np_port_member *member, int16_t protocol, bool every,
                        uint16_t port, np_truth truth)
{
    return (uint64_t)truth << 32 | (uint64_t)member->excluded << 26 |
           (uint64_t)((protocol + 1) & 0x1ff) << 17 | (uint64_t)every << 16 | port;
}

/* As name_truth of the reference. */
static bool add_named(struct np_ends_state *state, const struct np_port_member *member,
                      const struct np_end *end)
{
    bool fine = true;
    if (!end->endpoint) {
        return !np_is_maybe(end->missing) ||
               np_project_put(state, item_of(member, member->protocol, true, 0, end->missing));
    }
    for (uint32_t i = 0;
         fine && end->endpoint->kind != NP_OBJ_HOST_NET_WORKLOAD && i < end->endpoint->n_ports;
         i++) {
        const struct np_named_port *port = &end->endpoint->ports[i];
        if (port->name == member->name &&
            (member->protocol < 0 || member->protocol == port->protocol)) {
            fine =
                np_project_put(state, item_of(member, port->protocol, false, port->port, NP_YES));
        }
    }
    return fine;
}

/* As triple_truth. */
static bool add_triple(struct np_ends_state *state, const struct np_port_member *member,
                       const struct np_end *end)
{
    np_truth here;
    if (member->endpoint) {
        here = np_truth_of(end->endpoint && end->endpoint->ref == member->endpoint);
        here = !end->endpoint && np_is_maybe(end->missing) ? end->missing : here;
    } else if (end->address.family == 0) {
        here = np_is_maybe(end->missing_address) ? end->missing_address : NP_NO;
    } else {
        here = np_truth_of(np_address_equal(&end->address, &member->address));
    }
    return here == NP_NO ||
           np_project_put(state, item_of(member, member->protocol, false, member->port, here));
}

static int compare_items(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint32_t np_draft_port_names(struct np_draft *draft, const struct np_portset *portset,
                             uint32_t signature)
{
    struct np_ends_state *state = draft->ends;
    const struct np_end *end = &draft->sigs[signature].end;
    bool fine = true;
    state->scratch.count = 0;
    for (uint32_t i = 0; i < portset->count && fine; i++) {
        const struct np_port_member *member = &portset->members[i];
        fine = member->name ? add_named(state, member, end) : add_triple(state, member, end);
    }
    size_t count = state->scratch.count;
    if (fine && count == 0) {
        return 0;
    }
    if (fine && count > 1) {
        size_t kept = 1;
        uint64_t *items = state->scratch.items;
        qsort(items, count, sizeof *items, compare_items);
        for (size_t i = 1; i < count; i++) {
            if (items[i] != items[kept - 1]) {
                items[kept++] = items[i];
            }
        }
        count = kept;
    }
    uint32_t number =
        fine ? np_words_add(&state->port_lists, state->scratch.items, (uint32_t)count) : 0;
    return number ? number : UINT32_MAX;
}
