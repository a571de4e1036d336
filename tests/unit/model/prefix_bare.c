/* SPDX-License-Identifier: Apache-2.0 */
/* The gate once more, built without libcidr under other names, so that one program has both. */
#undef NETPOL_WITH_LIBCIDR
#define NETPOL_WITH_LIBCIDR  0
#define np_prefix_parse      bare_prefix_parse
#define np_address_parse     bare_address_parse
#define np_prefix_error_text bare_prefix_error_text
#include "model/prefix.c"
