/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry point of files of names. */
#include "analyze/names_file.h"

int netpol_names_load(struct netpol_endpoints *endpoints, const char *path, uint64_t now,
                      int lasting, struct netpol_diags *diags)
{
    return endpoints && path && (lasting == 0 || lasting == 1)
               ? np_names_load(endpoints, path, now, lasting, diags)
               : NETPOL_ERR_ARGUMENT;
}
