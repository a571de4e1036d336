/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_REGEX_BUILD_WILDCARD_H
#define NP_REGEX_BUILD_WILDCARD_H
/*
 * Cilium's two languages of names with stars. A label is of letters, digits, '-' and '_'; case is
 * ignored in both, and a name with any other byte matches nothing.
 *
 * FQDN (matchPattern, pkg/fqdn/matchpattern): a pattern of stars alone, or with a dot behind them,
 * is any name, and the root "."; "**." at the beginning (two stars or more) is one or more whole
 * labels; any other run of stars is zero or more characters of one label. A dot at the end of
 * pattern or name is as none.
 *
 * SNI (serverNames): "*" is zero or more characters of one label, "**" one or more labels wherever
 * it stands, "*" alone is what "**" is. An empty name never matches, and no dot at the end is
 * ignored.
 */
#include "base/base.h"

enum { NP_WILDCARD_MAX = 255 }; /* bytes of a pattern */

/* NULL: fine; else what is wrong, static. */
const char *np_fqdn_pattern_wrong(struct np_slice pattern);
const char *np_sni_pattern_wrong(struct np_slice pattern);

/* Is it stars alone, or with a dot behind them? */
bool np_fqdn_pattern_is_any(struct np_slice pattern);

/* No pattern that is wrong matches anything. Time: pattern times name. */
bool np_fqdn_match(struct np_slice pattern, struct np_slice name);
bool np_sni_match(struct np_slice pattern, struct np_slice name);
#endif
