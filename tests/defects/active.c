/* SPDX-License-Identifier: Apache-2.0 */
/* Which seeded defect is on: NETPOL_DEFECT in the environment names it. Not part of any library. */
#include "base/defect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum np_defect np_defect_active = NP_DEFECT_NONE;

/* Before main: programs under test know nothing of this. */
__attribute__((constructor)) static void choose(void)
{
    static const char *const names[] = {
        [NP_DEFECT_NONE] = "",
#define NP_DEFECT(name, what) [NP_DEFECT_##name] = #name,
#include "base/defect.def"
#undef NP_DEFECT
    };
    const char *wanted = getenv("NETPOL_DEFECT");
    for (int i = 0; wanted && i < NP_DEFECT_COUNT; i++) {
        if (strcmp(names[i], wanted) == 0) {
            np_defect_active = (enum np_defect)i;
            return;
        }
    }
    if (wanted) {
        fprintf(stderr, "NETPOL_DEFECT: there is no %s\n", wanted);
        _Exit(2);
    }
}
