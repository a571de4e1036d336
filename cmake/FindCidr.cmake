# SPDX-License-Identifier: Apache-2.0
# Finds libcidr, which ships neither a pkg-config file nor a CMake package: target Cidr::Cidr.
find_path(Cidr_INCLUDE_DIR libcidr.h)
find_library(Cidr_LIBRARY cidr)
mark_as_advanced(Cidr_INCLUDE_DIR Cidr_LIBRARY)

if(Cidr_INCLUDE_DIR AND EXISTS ${Cidr_INCLUDE_DIR}/libcidr.h)
    file(STRINGS ${Cidr_INCLUDE_DIR}/libcidr.h Cidr_VERSION REGEX "define CIDR_VERSION \"")
    string(REGEX MATCH "[0-9]+(\\.[0-9]+)+" Cidr_VERSION "${Cidr_VERSION}")
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
    Cidr
    REQUIRED_VARS Cidr_LIBRARY Cidr_INCLUDE_DIR
    VERSION_VAR Cidr_VERSION)

if(Cidr_FOUND AND NOT TARGET Cidr::Cidr)
    add_library(Cidr::Cidr UNKNOWN IMPORTED)
    set_target_properties(Cidr::Cidr PROPERTIES IMPORTED_LOCATION ${Cidr_LIBRARY}
                                                INTERFACE_INCLUDE_DIRECTORIES ${Cidr_INCLUDE_DIR})
endif()
