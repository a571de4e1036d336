/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RANDOM_SET_H
#define RANDOM_SET_H
/*
 * Random sets of resources of one language, beside an evaluator of their own: what such tests
 * share. A set is drawn as plain data and written as YAML; the library loads and compiles it; then
 * questions are put to the language's evaluator, to the reference and to every engine (engines.h).
 * Languages: calico_set.h, cilium_set.h.
 */
#include "differential/engines.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- text ---- */

enum { RANDOM_BYTES = 1 << 18, RANDOM_DOCUMENTS = 64 };
struct random_text {
    char bytes[RANDOM_BYTES];
    size_t len;
    size_t starts[RANDOM_DOCUMENTS + 1]; /* of each object, and the end */
    unsigned count;
    bool overflow;
};
__attribute__((format(printf, 2, 3))) void random_put(struct random_text *out, const char *format,
                                                      ...);
void random_begin(struct random_text *out); /* the next object */

/* ---- a set as the library has it ---- */

struct random_world {
    struct netpol_store *store;
    struct netpol_diags *diags;
    struct world world;
    bool ready; /* compiled */
};
/* false: no store. Close in any case. */
bool random_open(struct random_world *w, struct netpol_ctx *ctx);
/* shuffle 0: as written; else in another order, from several files. A status. */
int random_load(struct random_world *w, const struct random_text *text, uint64_t shuffle);
int random_compile(struct random_world *w, struct netpol_ctx *ctx, const char *profile,
                   const char *const *settings, size_t n_settings);
void random_close(struct random_world *w);
/* Why it is not ready: by the code of the first error. Static. */
const char *random_error(const struct random_world *w);
void random_print_errors(const struct random_world *w);

bool random_describe(const struct random_world *w, uint32_t reference,
                     struct netpol_rule_info *info);
/* request NULL: the tuple alone. Without the generation. */
void random_ask_reference(const struct random_world *w, const struct netpol_tuple *tuple,
                          const struct netpol_request *request, struct netpol_verdict *out);
void random_ask_matcher(const struct random_world *w, const struct netpol_tuple *tuple,
                        const struct netpol_request *request, struct netpol_verdict *out);
/* Do two loads of a set say the same by the same rules, of the same keys? */
bool random_same(const struct random_world *a, const struct netpol_verdict *x,
                 const struct random_world *b, const struct netpol_verdict *y);
/* An address at an edge of the range of so many bits: the first, the last, or one beyond. */
void random_edge(struct gen_random *r, const uint8_t bytes[16], unsigned bits, int family,
                 uint8_t out[16]);

/* ---- runs ---- */

/*
 * `set`, `asked` and `loaded` point to objects of the language, whose sizes it tells; a loaded one
 * begins with its struct random_world.
 */
struct random_language {
    size_t set_size, asked_size, loaded_size;
    unsigned features;   /* unless said otherwise */
    uint64_t everything; /* so many sets must have reached everything */
    void (*draw)(void *set, uint64_t seed, unsigned features);
    void (*draw_question)(const void *set, struct gen_random *r, void *asked);
    /* Takes the which-th part away; false: there are no more. *changed: it was there. */
    bool (*remove)(void *set, unsigned which, bool *changed);
    void (*write)(const void *set, struct random_text *out);
    void (*load)(void *loaded, struct netpol_ctx *ctx, const void *set, uint64_t shuffle);
    struct netpol_tuple (*tuple)(const void *loaded, const void *asked);
    /* NULL: evaluator, reference and matcher agree. tally: count what was reached. */
    const char *(*compare)(const void *loaded, const void *asked, bool tally);
    /* The same of more than the question; where not: *found. NULL: the language has no more. */
    const char *(*compare_more)(const void *loaded, const void *asked, bool tally, void *found);
    bool (*same)(const void *a, const void *b, const void *asked);
    void (*bare)(void *asked, const struct netpol_tuple *tuple); /* a question of the tuple alone */
    void (*show)(const void *loaded, const void *asked);
    /* Prints what was reached; how much was not that these features have. */
    unsigned (*report)(unsigned features, FILE *out);
    const char *excused; /* code of an error that refuses a set now and then; NULL: none does */
};
/*
 * usage: SETS [SEED [TUPLES [FEATURES [MOST]]]]. Set i has seed SEED + i; TUPLES questions at
 * boundaries are put to each; every fourth set is loaded once more, in another order and from
 * several files. A failure is made small and printed with its resources. FEATURES: what may be
 * drawn. The run ends at MOST failures, which are only named when it is more than 1.
 * Returns the exit code.
 */
int random_main(const struct random_language *language, int argc, char **argv);
#endif
