/* SPDX-License-Identifier: Apache-2.0 */
/* The same from C++: the headers declare C linkage. */
#include <cstring>
#include <iostream>
#include <netpol/base.h>

int main()
{
    std::cout << netpol_version() << '\n';
    return std::strcmp(netpol_version(), NETPOL_VERSION_STRING) != 0 || netpol_abi() != NETPOL_ABI;
}
