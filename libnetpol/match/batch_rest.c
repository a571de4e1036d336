/* SPDX-License-Identifier: Apache-2.0 */
/* What is left of a batch: residual trees, asked for many tuples at once, and what is missing. */
#include "match/batch.h"

static uint32_t *part_of(struct np_found *found, enum np_side_of_hop side)
{
    return side == NP_SIDE_EGRESS    ? &found->egress
           : side == NP_SIDE_INGRESS ? &found->ingress
                                     : &found->mesh;
}

/* One tree, for all lanes of the list whose part it stands for; the others stay on the list. */
static size_t ask_tree(const struct np_hot *hot, enum np_side_of_hop side, struct np_rest *rest,
                       uint8_t *list, size_t n)
{
    struct np_cut_key keys[NP_REST] = {{.family = 0}};
    uint32_t values[NP_REST], root = hot->parts[*part_of(&rest->found[list[0]], side)].rule;
    uint8_t asked[NP_REST];
    size_t n_asked = 0, left = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t k = list[i];
        if (hot->parts[*part_of(&rest->found[k], side)].rule == root) {
            keys[n_asked] = np_look_key(&rest->tuples[rest->lane[k]]);
            asked[n_asked++] = k;
        } else {
            list[left++] = k;
        }
    }
    np_cut_find_batch(hot->image, root, keys, values, n_asked);
    for (size_t i = 0; i < n_asked; i++) {
        uint8_t k = asked[i];
        uint32_t near = side == NP_SIDE_EGRESS ? rest->src[k] : rest->dst[k];
        uint32_t first = hot->side[side][np_near(hot, near)].parts;
        *part_of(&rest->found[k], side) = np_tree_part(hot, first, values[i]);
    }
    return left;
}

void np_batch_rest(const struct np_hot *hot, struct np_shape shape, struct np_rest *rest)
{
    for (int s = 0; s < NP_SIDES; s++) {
        enum np_side_of_hop side = (enum np_side_of_hop)s;
        uint8_t list[NP_REST];
        size_t n = 0;
        for (size_t k = 0; (shape.sides >> s & 1) && k < rest->count; k++) {
            const struct netpol_part *part = &hot->parts[*part_of(&rest->found[k], side)];
            if (np_is_tree(part)) {
                list[n++] = (uint8_t)k;
            }
        }
        while (n > 0) {
            n = ask_tree(hot, side, rest, list, n);
        }
    }
    for (size_t k = 0; k < rest->count; k++) {
        np_look_finish(hot, shape, rest->found[k], &rest->out[rest->lane[k]]);
    }
}
