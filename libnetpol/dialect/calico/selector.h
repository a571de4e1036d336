/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_DIALECT_CALICO_SELECTOR_H
#define NP_DIALECT_CALICO_SELECTOR_H
/*
 * Calico's selector language (libcalico-go/lib/selector):
 *
 *   selector := "" | or            "" is all()
 *   or       := and {"||" and}
 *   and      := not {"&&" not}
 *   not      := {"!"} prim         binds to one prim: !a == "b" is !(a == "b")
 *   prim     := has(L) | all() | global() | "(" or ")" | L comparison
 *   L        := 1 to 512 of A-Z a-z 0-9 _ . / -
 *
 * Comparisons are == != contains "starts with" "ends with" with a string, and in, "not in" with a
 * set of strings in braces. Blanks are space and tab; those inside an operator may be left out. The
 * words of operators are names of labels where a label is expected. Of a label that an object does
 * not have != and "not in" are true, every other comparison is false.
 *
 * A selector is parsed once, at load, into the arena of its object; printing gives the text that
 * Calico itself calls the selector by, and of which the id of its IP set is made.
 */
#include "dialect/dialect.h"

enum {
    NP_CALICO_SELECTOR_DEPTH = 64, /* of parentheses, and of && inside || inside && */
    NP_CALICO_LABEL_MAX = 512,
    NP_CALICO_ID_SIZE = 41 /* "s:", 38 characters, NUL */
};
struct np_calico_selector; /* parsed tree, in the arena it was parsed into */
struct np_calico_selector_error {
    size_t offset; /* in the text; its length: something is missing at the end */
    const char *why;
};
/*
 * OK; ERR_INPUT with *error, *out untouched; ERR_MEMORY. Nothing of the text is referred to
 * afterwards. "" gives all(). O(n log n).
 */
int np_calico_selector_parse(struct np_arena *arena, struct np_slice text,
                             const struct np_calico_selector **out,
                             struct np_calico_selector_error *error);
/* global() anywhere. It judges like all(); what it means is up to where it stands. */
bool np_calico_selector_has_global(const struct np_calico_selector *s);
bool np_calico_selector_is_global(const struct np_calico_selector *s); /* it is the whole */
bool np_calico_selector_is_all(const struct np_calico_selector *s);    /* "" or all() */
/*
 * The canonical text: members of sets sorted and once each, double quotes where possible, every &&
 * and || in parentheses. Its parse judges as `s` does, and prints the same again unless it has "!!"
 * (of a negation in parentheses, which Calico keeps): that folds.
 */
void np_calico_selector_print(struct np_text *out, const struct np_calico_selector *s);
/*
 * What Felix names the IP set of a selector: "s:" and SHA-224 of the canonical text in base64url.
 * OK, ERR_MEMORY.
 */
int np_calico_selector_id(const struct netpol_ctx *ctx, const struct np_calico_selector *s,
                          char out[NP_CALICO_ID_SIZE]);

/*
 * The selectors of a policy of Calico's that was loaded, as fields, with their paths
 * ("spec.ingress[0].source.selector"; valid during the call); nothing of any other object, and of
 * an unreadable one.
 */
typedef void (*np_calico_selector_fn)(void *user, const char *path,
                                      const struct np_calico_selector *s);
void np_calico_selectors_of(const struct np_object *object, np_calico_selector_fn visit,
                            void *user);

/* Whose labels a name without prefix means. */
enum np_calico_labels { NP_CALICO_OBJECT, NP_CALICO_NAMESPACE, NP_CALICO_ACCOUNT };
/*
 * As a selector of the model; NULL: no memory. OBJECT: projectcalico.org/namespace, orchestrator
 * and serviceaccount are fields, pcns.X and pcsa.X are labels of the namespace and of the service
 * account. In those, projectcalico.org/name is the name.
 */
const struct np_selector *np_calico_selector_lower(struct np_lower *l,
                                                   const struct np_calico_selector *s,
                                                   enum np_calico_labels labels);
/* The same with another meaning of all(). */
const struct np_selector *np_calico_selector_lower_as(struct np_lower *l,
                                                      const struct np_calico_selector *s,
                                                      enum np_calico_labels labels,
                                                      const struct np_selector *all);
#endif
