/* SPDX-License-Identifier: Apache-2.0 */
/* Growing tables in which the same content is there once. */
#include "compile/plan.h"

/* Where content lies, or where it is put: at `end`, which then grows. */
static uint32_t find(struct np_map *map, const void *content, size_t bytes, size_t end, bool *added)
{
    uint64_t *at = np_map_add(map, (struct np_slice){content, bytes}, added);
    if (!at || end > UINT32_MAX / 2) {
        return UINT32_MAX;
    }
    if (*added) {
        *at = end;
    }
    return (uint32_t)*at;
}

#define APPEND(tables, vector, items, count, map)                            \
    do {                                                                     \
        bool added;                                                          \
        uint32_t at = find(&(tables)->map, items, (count) * sizeof *(items), \
                           (tables)->vector.count, &added);                  \
        if (at == UINT32_MAX || !added) {                                    \
            return at;                                                       \
        }                                                                    \
        for (uint32_t i = 0; i < (count); i++) {                             \
            void *to = np_vec_push((tables)->ctx, &(tables)->vector);        \
            if (!to) {                                                       \
                return UINT32_MAX;                                           \
            }                                                                \
            memcpy(to, &(items)[i], sizeof *(items));                        \
        }                                                                    \
        return at;                                                           \
    } while (0)

uint32_t np_tables_cells(struct np_tables *tables, const uint16_t *cells, uint32_t count)
{
    APPEND(tables, cells, cells, count, cell_rows);
}

uint32_t np_tables_map(struct np_tables *tables, const uint16_t *map, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        tables->widest = map[i] >= tables->widest ? (uint32_t)map[i] + 1 : tables->widest;
    }
    APPEND(tables, maps, map, count, map_rows);
}

uint32_t np_tables_parts(struct np_tables *tables, const struct np_answer *parts, uint32_t count)
{
    APPEND(tables, parts, parts, count, part_lists);
}

np_truth np_members_find(const struct np_members *members, uint32_t signature)
{
    uint32_t low = 0, high = members->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (members->items[middle].signature == signature) {
            return members->items[middle].truth;
        }
        low = members->items[middle].signature < signature ? middle + 1 : low;
        high = members->items[middle].signature < signature ? high : middle;
    }
    return NP_NO;
}
