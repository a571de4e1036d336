/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_MATCH_NAMES_H
#define NP_MATCH_NAMES_H
/* The cold sections of an image, read: what decisions are called, what endpoints are called. */
#include "image/image.h"

/* How many decisions there are; numbers have gaps. O(rules). */
uint64_t np_names_count(const struct np_image *image);
/* false: no decision has this number. The texts are the image's. */
bool np_names_rule(const struct np_image *image, uint32_t number, struct netpol_rule_info *out);
/* false: there is no such program. The texts are the image's. */
bool np_names_program(const struct np_image *image, uint32_t program,
                      struct netpol_program_info *out);
/* The value of an option; NULL: there is no such option. */
const char *np_names_option(const struct np_image *image, const char *name);
/* The reference of the endpoint of a name, else of the first of the workload of that name; 0: none.
 * The former is a binary search, the latter linear in the namespace. */
uint64_t np_names_find(const struct np_image *image, struct np_slice namespace_name,
                       struct np_slice name);
#endif
