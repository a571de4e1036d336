# SPDX-License-Identifier: Apache-2.0
# netpol_re2_oracle: libre2 behind a C interface, for the tests of regular expressions. It is the one
# piece of C++ here; without libre2-dev there is no such target. Included at directory scope.
if(NOT TARGET netpol_re2_oracle)
    find_package(PkgConfig REQUIRED)
    pkg_check_modules(NETPOL_RE2 QUIET re2)
endif()
if(NETPOL_RE2_FOUND)
    if(CMAKE_C_COMPILER_ID STREQUAL Clang AND NOT DEFINED CMAKE_CXX_COMPILER)
        # of one family: sanitizers and fuzzers link with it
        set(CMAKE_CXX_COMPILER clang++)
    endif()
    enable_language(CXX)
endif()
if(NETPOL_RE2_FOUND AND NOT TARGET netpol_re2_oracle)
    add_library(netpol_re2_oracle STATIC ${PROJECT_SOURCE_DIR}/tests/regex/re2_oracle.cc)
    target_compile_features(netpol_re2_oracle PRIVATE cxx_std_17)
    target_include_directories(netpol_re2_oracle PUBLIC ${PROJECT_SOURCE_DIR}/tests/regex
                                                        ${NETPOL_RE2_INCLUDE_DIRS})
    target_link_libraries(netpol_re2_oracle PUBLIC ${NETPOL_RE2_LINK_LIBRARIES})
endif()
