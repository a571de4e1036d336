/* SPDX-License-Identifier: Apache-2.0 */
/* Uses the installed library: prints its version, fails unless it is the one of the headers. */
#include <netpol/base.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
    puts(netpol_version());
    return strcmp(netpol_version(), NETPOL_VERSION_STRING) != 0 || netpol_abi() != NETPOL_ABI;
}
