/* SPDX-License-Identifier: Apache-2.0 */
#include "compile/partition.h"

#define NOWHERE_YET UINT32_MAX

struct np_marked {
    uint32_t thing, mark;
};
struct np_moved {
    uint32_t stamp; /* of the split it belongs to; older ones are free */
    uint32_t part, mark, to;
};

static unsigned bits_for(uint32_t n)
{
    unsigned bits = 4;
    while ((1ull << bits) < 2ull * n) {
        bits++;
    }
    return bits;
}

bool np_partition_init(const struct netpol_ctx *ctx, struct np_partition *p, uint32_t n)
{
    *p = (struct np_partition){
        .ctx = ctx, .n = n, .n_parts = 1, .n_settled = 1, .moved_bits = bits_for(n)};
    size_t room = n ? n : 1;
    p->part = np_zalloc(ctx, room * sizeof *p->part);
    p->sizes = np_zalloc(ctx, (room + 1) * sizeof *p->sizes);
    p->settled = np_zalloc(ctx, room * sizeof *p->settled);
    p->settled_sizes = np_zalloc(ctx, (room + 1) * sizeof *p->settled_sizes);
    p->touched = np_alloc(ctx, room * sizeof *p->touched);
    p->marked = np_alloc(ctx, room * sizeof *p->marked);
    p->moved = np_zalloc(ctx, sizeof *p->moved << p->moved_bits);
    p->leaving = np_zalloc(ctx, (room + 1) * sizeof *p->leaving);
    if (!p->settled || !p->settled_sizes || !p->leaving || !p->part || !p->sizes || !p->touched ||
        !p->marked || !p->moved) {
        np_partition_free(p);
        return false;
    }
    p->sizes[0] = p->settled_sizes[0] = n;
    return true;
}

void np_partition_free(struct np_partition *p)
{
    size_t room = p->n ? p->n : 1;
    np_free(p->ctx, p->part, room * sizeof *p->part);
    np_free(p->ctx, p->sizes, (room + 1) * sizeof *p->sizes);
    np_free(p->ctx, p->settled, room * sizeof *p->settled);
    np_free(p->ctx, p->settled_sizes, (room + 1) * sizeof *p->settled_sizes);
    np_free(p->ctx, p->touched, room * sizeof *p->touched);
    np_free(p->ctx, p->marked, room * sizeof *p->marked);
    np_free(p->ctx, p->moved, sizeof *p->moved << p->moved_bits);
    np_free(p->ctx, p->leaving, (room + 1) * sizeof *p->leaving);
    *p = (struct np_partition){0};
}

void np_partition_reset(struct np_partition *p)
{
    for (uint32_t i = 0; i < p->n_touched; i++) {
        p->part[p->touched[i]] = p->settled[p->touched[i]];
    }
    p->n_touched = 0;
    memset(p->sizes, 0, p->n_parts * sizeof *p->sizes);
    memcpy(p->sizes, p->settled_sizes, p->n_settled * sizeof *p->sizes);
    p->n_parts = p->n_settled;
    p->n_marked = 0;
}

void np_partition_settle(struct np_partition *p)
{
    memcpy(p->settled, p->part, p->n * sizeof *p->part);
    memcpy(p->settled_sizes, p->sizes, p->n_parts * sizeof *p->sizes);
    p->n_settled = p->n_parts;
    p->n_touched = 0;
}

void np_partition_mark(struct np_partition *p, uint32_t thing, uint32_t mark)
{
    p->marked[p->n_marked++] = (struct np_marked){thing, mark};
}

static struct np_moved *moved_at(struct np_partition *p, uint32_t part, uint32_t mark)
{
    uint64_t hash = (part * 0x9e3779b97f4a7c15ull ^ mark) * 0x9e3779b97f4a7c15ull;
    uint32_t mask = (1u << p->moved_bits) - 1;
    uint32_t at = (uint32_t)(hash >> (64 - p->moved_bits));
    while (p->moved[at].stamp == p->stamp &&
           (p->moved[at].part != part || p->moved[at].mark != mark)) {
        at = (at + 1) & mask;
    }
    return &p->moved[at];
}

/*
 * Where all of a part is marked, the mark met first keeps its number: so there is never a part
 * without things, and never more parts than things.
 */
void np_partition_split(struct np_partition *p)
{
    p->stamp++;
    for (uint32_t i = 0; i < p->n_marked; i++) {
        uint32_t part = p->part[p->marked[i].thing];
        struct np_moved *m = moved_at(p, part, p->marked[i].mark);
        *m = (struct np_moved){p->stamp, part, p->marked[i].mark, NOWHERE_YET};
        p->leaving[part]++;
    }
    for (uint32_t i = 0; i < p->n_marked; i++) {
        uint32_t thing = p->marked[i].thing;
        uint32_t part = p->part[thing];
        struct np_moved *m = moved_at(p, part, p->marked[i].mark);
        if (m->to == NOWHERE_YET) {
            m->to = p->leaving[part] == p->sizes[part] ? part : p->n_parts++;
            p->leaving[part] = 0; /* decided, with its first mark */
        }
        if (m->to == part) {
            continue;
        }
        if (part < p->n_settled) {
            p->touched[p->n_touched++] = thing;
        }
        p->part[thing] = m->to;
        p->sizes[part]--;
        p->sizes[m->to]++;
    }
    p->n_marked = 0;
}
