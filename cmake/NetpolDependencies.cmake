# SPDX-License-Identifier: Apache-2.0
# What the library links: libyaml and jansson (room source), libmd (room dialect), libcidr (room
# model, optional), and the headers of xxHash, used inline so that no library of it is needed at run
# time. The runtime library needs only these headers.
find_path(NETPOL_XXHASH_INCLUDE_DIR xxhash.h REQUIRED)
mark_as_advanced(NETPOL_XXHASH_INCLUDE_DIR)
if(NETPOL_RUNTIME_ONLY)
    return()
endif()
find_package(PkgConfig REQUIRED)
pkg_check_modules(NETPOL_YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(NETPOL_JANSSON REQUIRED IMPORTED_TARGET jansson>=2.14)
pkg_check_modules(NETPOL_MD REQUIRED IMPORTED_TARGET libmd)
if(NETPOL_WITH_LIBCIDR)
    find_package(Cidr REQUIRED)
endif()
