/* SPDX-License-Identifier: Apache-2.0 */
/* Public entry point of the dump of an image. */
#include "analyze/dump.h"

int netpol_matcher_dump(const struct netpol_matcher *matcher, int format,
                        const struct netpol_tuple *tuple, netpol_sink_fn sink, void *user)
{
    if (!matcher || !sink || format < NETPOL_DUMP_TEXT || format > NETPOL_DUMP_JSON) {
        return NETPOL_ERR_ARGUMENT;
    }
    return np_dump_run(matcher, format, tuple, sink, user);
}
