/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_COMPILE_PLAN_H
#define NP_COMPILE_PLAN_H
/*
 * What lies between signatures (draft.h) and the image: port classes, groups, far classes, rows.
 *
 * - sides.c: which checkpoints judge at which end, and what their rules look at at all
 * - ports*.c: which ports no rule tells apart: port classes, each with a representative point
 * - far.c: which signatures no rule tells apart as the far end: classes
 * - groups.c: which signatures no rule tells apart as the near end of a side: groups
 * - grouping.c: numbers for classes and groups, which stay when they are refined
 * - focus.c: the model as one group sees it: only the policies and rules that can matter
 * - rows.c: a group's rows: for each part of the classes and each column of ports the reference is
 *   asked once for what can differ (ask.c, truths*.c); answers become ordinals of its parts
 * - far_parts.c: what a group sees of the classes, and rows as a default and exceptions
 * - lists.c: imported lists of rules become residual trees instead
 * - plan.c: the stations in order; plan_update.c: the same when policies came or went
 * - comb.c: rows of classes laid over each other; emit*.c: all of it written as an image
 */
#include "compile/draft.h"
#include "compile/partition.h"

/* ---- ports.c ---- */
struct np_side_plan;
struct np_port_point {
    uint8_t family; /* 4, 6, 0 */
    uint8_t kind;   /* enum np_port_kind */
    uint8_t protocol;
    uint16_t port; /* KNOWN; ICMP: type << 8 | code */
};
struct np_ports {
    const struct netpol_ctx *ctx;
    struct np_port_point *points; /* every interval of every protocol, family and kind */
    uint32_t n_points, capacity;
    uint32_t *classes;     /* of each point */
    uint32_t *first_point; /* of each class */
    uint32_t n_classes;
    bool by_family;                           /* some rule exists for one family only */
    bool names_used, source_axes, auth, list; /* what else tells points apart */
    struct np_map known;                      /* content of services */
    struct np_map names;                      /* in use, by address of the string: 1, 2 source */
    uint16_t *sources; /* source ports that stand for an interval each; [0] is 0 */
    uint32_t n_sources;
    uint32_t *starts[8]; /* by directory: first ports of its intervals, sorted */
    uint32_t n_starts[8];
    uint32_t n_families; /* 1: every family is alike */
};
/* OK, ERR_MEMORY, ERR_LIMIT (over 65,535 classes). */
int np_ports_make(struct np_draft *draft, const struct np_side_plan *sides, struct np_ports *out);
/*
 * Refines classes by the policies of `fresh`. parents: class -> class that it split from, of the
 * arena; NULL where all is as it was. *outgrown: more than spans of ports is new, nothing was done.
 * OK, ERR_MEMORY.
 */
int np_ports_refine(struct np_draft *draft, const struct np_side_plan *fresh,
                    struct np_ports *ports, struct np_arena *arena, const uint32_t **parents,
                    bool *outgrown);
void np_ports_free(struct np_ports *ports);
/* The class of a point. */
uint32_t np_ports_class(const struct np_ports *ports, const struct np_port_point *point);
/* The port behind the interval of a KNOWN point. */
uint32_t np_ports_end(const struct np_ports *ports, const struct np_port_point *point);
/* Protocols whose packets have ports (or an ICMP type), in the order of their directories. */
enum { NP_PORT_PROTOCOLS = 7 };
extern const uint8_t np_port_protocols[NP_PORT_PROTOCOLS];

/* ---- ports_reach.c: what services say of classes ---- */
struct np_port_truth {
    uint32_t class;
    np_truth truth; /* not NP_NO */
};
struct np_port_list {
    const struct np_port_truth *items;
    uint32_t count;
    uint32_t user; /* who looked at it last; 0: nobody */
};
struct np_port_lists { /* of the classes as they are: made anew when these are refined */
    const struct np_ports *ports;
    struct np_arena arena;
    struct np_map known; /* content of a service -> its number */
    np_vec(struct np_port_list) lists;
    np_vec(struct np_port_truth) found;
    uint32_t *stamp, stamps;
    bool failed;
};
bool np_port_lists_init(struct np_port_lists *lists, const struct np_ports *ports);
void np_port_lists_free(struct np_port_lists *lists);
/* The number of the content of a service, an index into lists. UINT32_MAX: no memory. */
uint32_t np_port_lists_number(struct np_port_lists *lists, const struct np_service *service);

/* ---- sides ---- */
struct np_side_plan {
    enum np_side_of_hop side;
    const struct np_checkpoint **checkpoints;
    uint32_t n_checkpoints;
    const struct np_policy **policies; /* of all tiers, each once */
    uint32_t n_policies;
    bool near_is_source; /* whose role the near end has */
    bool host;           /* a host checkpoint is among them */
    bool hosts_look;     /* whether a host endpoint is selected depends on the far end */
    bool relations;      /* some answer may depend on how the ends stand to each other */
    bool routes;         /* some rule or stage looks at the route */
    bool source_axes;    /* some rule looks at source ports */
    bool redirects, auth;
    bool list; /* one imported list (lists.c): nothing of it is seen by ends, classes and groups */
};
/* arena: of their lists. OK, ERR_MEMORY. */
int np_sides_make(const struct np_model *model, struct np_arena *arena,
                  struct np_side_plan sides[NP_SIDES]);
/* Calls visit for every alternative of every rule of the side, in order. */
void np_side_each(const struct np_side_plan *side,
                  void (*visit)(void *user, const struct np_rule *rule,
                                const struct np_match *match),
                  void *user);

/* ---- far.c, groups.c: partitions of the signatures ---- */
struct np_grouping {
    struct np_partition partition;
    uint32_t *of;    /* signature -> number */
    uint32_t *first; /* number -> a signature that stands for it */
    uint32_t count;
    np_vec(uint32_t) numbers; /* part -> number */
    np_vec(uint32_t) firsts;
    np_vec(uint32_t) parents; /* number -> what it split from when last refined, else itself */
};
/*
 * Numbers the parts by their first signature; those that have a number keep it, new ones follow.
 * The special signatures are in none of their own. OK, ERR_MEMORY.
 */
int np_grouping_number(struct np_draft *draft, struct np_grouping *grouping);
void np_grouping_free(struct np_draft *draft, struct np_grouping *grouping);
/* The number that a number split from when the grouping was refined last; else itself. */
uint32_t np_grouping_parent(const struct np_grouping *grouping, uint32_t number);
/*
 * Splits by what each host endpoint sees of an end: is it on its node? Items are signatures, or
 * what `first` gives for each.
 */
void np_partition_by_hosts(const struct np_draft *draft, struct np_partition *p,
                           const uint32_t *first, uint32_t count);
/* Splits off the ends whose address is not known. */
void np_partition_by_address(const struct np_draft *draft, struct np_partition *p);
/* Classes: what no rule of any side tells apart as the far end. OK, ERR_MEMORY, ERR_LIMIT. */
int np_far_classes(struct np_draft *draft, const struct np_side_plan sides[NP_SIDES],
                   struct np_grouping *out);
/* Refines classes by the policies of `fresh`. The same statuses. */
int np_far_refine(struct np_draft *draft, const struct np_side_plan fresh[NP_SIDES],
                  struct np_grouping *classes);
/*
 * Groups of one side; policies: per group, those that may select it, in the order of the side's
 * list. judged: false where no checkpoint exists.
 */
struct np_groups {
    struct np_grouping grouping;
    bool *judged;           /* by group */
    bool *exists;           /* by signature: some checkpoint may exist there */
    uint32_t *policies;     /* indices into side->policies, group after group */
    uint32_t *first_policy; /* by group; [count] is the end */
};
int np_groups_make(struct np_draft *draft, const struct np_side_plan *side, struct np_groups *out);
/* Refines groups by the policies of `fresh`; policies of groups are not listed anew. */
int np_groups_refine(struct np_draft *draft, const struct np_side_plan *fresh,
                     struct np_groups *groups);
/*
 * Lists policies for the groups of which wanted[group] is true (NULL: all), none for the others.
 * arena: of the lists. OK, ERR_MEMORY.
 */
int np_groups_list(struct np_draft *draft, const struct np_side_plan *side, const bool *wanted,
                   struct np_arena *arena, struct np_groups *groups);
void np_groups_free(struct np_draft *draft, struct np_groups *groups);

/* ---- focus.c: the model as one group sees it ---- */
struct np_focus_tier {
    struct np_focus_tier *next;
    struct np_tier *tier; /* a copy */
    const struct np_rule *const *whole;
    const struct np_rule **narrow;
    uint32_t count, first; /* first: of its rules in the list of all */
    uint32_t behind;       /* the first rule in the list behind its stage */
    enum np_direction direction;
};
struct np_focus {
    struct np_model model; /* its checkpoints are those of the side, filtered; the rest is shared */
    struct np_arena arena;
    struct np_focus_tier *tiers, **last;
    const struct np_rule **rules; /* all that are left; a tier in two stages is there twice */
    uint32_t *staying;            /* those that are never left out, ascending */
    uint32_t n_rules, n_staying;
};
/* false: no memory. Free also then. */
bool np_focus_make(const struct np_draft *draft, const struct np_side_plan *side,
                   const uint32_t *policies, uint32_t n_policies, struct np_focus *out);
/* Leaves out all rules but those in `kept` (ascending), until narrowed again; some stay for what
 * they tell. */
void np_focus_narrow(struct np_focus *focus, const uint32_t *kept, size_t count);
/* That policies select is told by this rule alone: no other needs to stay. */
void np_focus_stay(struct np_focus *focus, uint32_t rule);
void np_focus_free(struct np_focus *focus);

/* ---- rows.c: answers ---- */
struct np_answer { /* of one side of one hop */
    struct netpol_part part;
    uint32_t missing;
};
struct np_row_draft {
    uint32_t row;             /* of most classes: first cell */
    uint32_t *classes, *rows; /* the exceptions, by class */
    uint32_t count;
};
struct np_group_plan {
    uint32_t ports, parts; /* offsets in the sections */
    struct np_row_draft rows[NP_VARIANTS];
};
struct np_tables { /* what becomes hot sections, each deduplicated */
    const struct netpol_ctx *ctx;
    struct np_arena arena;
    np_vec(uint16_t) cells;
    np_vec(uint16_t) maps; /* port maps; one byte each in the image when all fit */
    np_vec(struct np_answer) parts;
    struct np_map cell_rows, map_rows, part_lists; /* content -> offset */
    uint32_t widest;                               /* columns of the widest map */
    struct np_cut_build *cuts;
    uint32_t n_cuts;
    uint64_t evaluated; /* questions put to the reference */
};
struct np_plan {
    struct np_draft draft;
    struct np_ports ports;
    struct np_side_plan sides[NP_SIDES];
    struct np_side_plan lists[NP_SIDES]; /* with those that sides leaves to residual trees */
    struct np_grouping classes;
    struct np_groups groups[NP_SIDES];
    struct np_group_plan *planned[NP_SIDES]; /* by group */
    struct np_tables tables;
    bool relations;          /* on some side */
    struct np_arena passing; /* of sides and lists, which every update makes anew */
    struct np_plan_size {
        size_t classes, ports, groups, cells, parts, maps;
    } made; /* how large it was before updates */
};
/* The truth of a signature in sorted members. */
np_truth np_members_find(const struct np_members *members, uint32_t signature);
/*
 * Fills planned for the groups of one side of which wanted[group] is true (NULL: all). OK,
 * ERR_MEMORY, ERR_LIMIT.
 */
int np_rows_make(struct np_plan *plan, enum np_side_of_hop side, const bool *wanted);
/* ---- lists.c ---- */
/* Is this side one large imported list, fit for a residual tree? */
bool np_list_fits(const struct np_side_plan *side);
/* Fills planned for such a side; side: as the model has it. OK, ERR_MEMORY, ERR_LIMIT. */
int np_list_make(struct np_plan *plan, const struct np_side_plan *side, enum np_side_of_hop which);

/* ---- tables.c ---- */
/* Offsets of content that is there once; UINT32_MAX: no memory. */
uint32_t np_tables_cells(struct np_tables *tables, const uint16_t *cells, uint32_t count);
uint32_t np_tables_map(struct np_tables *tables, const uint16_t *map, uint32_t count);
uint32_t np_tables_parts(struct np_tables *tables, const struct np_answer *parts, uint32_t count);
/* The hop that is asked about. */
struct np_hop np_ask_hop(const struct np_plan *plan, const struct np_side_plan *side, uint32_t near,
                         uint32_t far, enum np_relation relation, const struct np_port_point *point,
                         uint16_t source_port);
/* Asks the reference about one side. near, far: signatures. */
struct np_answer np_ask(struct np_plan *plan, const struct np_side_plan *side,
                        const struct np_model *focus, uint32_t near, uint32_t far,
                        enum np_relation relation, const struct np_port_point *point,
                        uint16_t source_port);

/* What of a relation is possible, and why more than one. */
struct np_relation_view {
    uint8_t possible; /* NP_REL_* */
    np_truth cause;
};
extern const struct np_relation_view np_relation_views[NP_RELATIONS];

/* ---- comb.c ---- */
struct np_comb_build {
    const struct netpol_ctx *ctx;
    np_vec(struct np_comb) slots;
    struct np_map placed;       /* exceptions -> base */
    struct np_bits bases, used; /* bases that rows have; slots */
    uint32_t n_classes;
    size_t from[32]; /* by binary logarithm of a row's exceptions: below, there is hardly room */
};
enum {
    NP_COMB_FREE = 0,
    NP_COMB_NOBODY = 1
}; /* base of rows without exceptions: never in a slot */
bool np_comb_begin(const struct netpol_ctx *ctx, uint32_t n_classes, struct np_comb_build *out);
void np_comb_free(struct np_comb_build *comb);
/* The base of a row with these exceptions; UINT32_MAX: no memory. */
uint32_t np_comb_place(struct np_comb_build *comb, const struct np_row_draft *row);
bool np_comb_finish(struct np_comb_build *comb); /* pads to the highest base + n_classes */

/* ---- the whole ---- */
int np_plan_make(const struct netpol_ctx *ctx, const struct np_model *model, struct np_plan *plan);
void np_plan_free(struct np_plan *plan);
struct np_plan_size np_plan_size_of(const struct np_plan *plan);
/* ---- plan_update.c ---- */
struct np_plan_change { /* what is different from the model that the plan was made for */
    const struct np_policy *const *dropped; /* as that model has them */
    size_t n_dropped;
    const struct np_policy *const *added;
    size_t n_added;
};
/*
 * The plan for a model made upon the one it was made for (model/build.h): only groups that a
 * dropped or an added policy may select are planned anew; *replanned: how many. *outgrown: the
 * change needs a plan from nothing, and this one is of no more use; so it is also after a failure.
 * OK, ERR_MEMORY, ERR_LIMIT.
 */
int np_plan_update(struct np_plan *plan, const struct np_model *model,
                   const struct np_plan_change *change, uint64_t *replanned, bool *outgrown);
/* ---- emit*.c: the plan as an image ---- */
struct np_emit {
    struct np_plan *plan;
    struct np_arena arena; /* what sections borrow until they are written */
    struct np_image_writer writer;
    uint32_t *number; /* signature of the draft -> of the image */
    uint32_t *order;  /* the other way round */
};
/* Numbers signatures; adds sides, rows, ports, parts. OK, ERR_MEMORY, ERR_LIMIT. */
int np_emit_begin(struct np_plan *plan, struct np_emit *out);
/* Tables of endpoints, tries and what leads to signatures as the image before has them: good where
 * signatures have the numbers they had there. */
void np_emit_ends_again(struct np_emit *emit, const struct np_image *before);
/* Adds tables of endpoints and tries. */
int np_emit_ends(struct np_emit *emit);
/* Adds what leads from labels to signatures. OK, ERR_MEMORY, ERR_LIMIT. */
int np_emit_projection(struct np_emit *emit);
void np_emit_section(struct np_emit *emit, enum np_section section, const void *items,
                     uint64_t bytes);
/* A section as the image before has it. */
void np_emit_again(struct np_emit *emit, const struct np_image *before, enum np_section section);
/* Memory of the emit; NULL: none left. */
void *np_emit_alloc(struct np_emit *emit, size_t count, size_t element);
void np_emit_free(struct np_emit *emit);
#endif
