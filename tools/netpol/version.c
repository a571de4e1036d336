/* SPDX-License-Identifier: Apache-2.0 */
/* netpol version: of the command as built, and of the library it runs with. */
#include "tool.h"

int run_version(const struct args *args)
{
    if (args->n_operands) {
        complain("version takes no operands");
        return EXIT_INVALID;
    }
    if (args_is(args, OPTION_OUTPUT, "json")) {
        printf("{\"version\":1,\"command\":\"%s\",\"library\":\"%s\",\"abi\":%u}\n",
               NETPOL_VERSION_STRING, netpol_version(), netpol_abi());
        return EXIT_FINE;
    }
    if (args_has(args, OPTION_OUTPUT) && !args_is(args, OPTION_OUTPUT, "text")) {
        complain("version: --output is text or json");
        return EXIT_INVALID;
    }
    printf("netpol %s (libnetpol %s, ABI %u)\n", NETPOL_VERSION_STRING, netpol_version(),
           netpol_abi());
    return EXIT_FINE;
}
