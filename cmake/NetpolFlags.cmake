# SPDX-License-Identifier: Apache-2.0
# netpol_flags: what every target of ours compiles and links with. Nothing here is global, so a
# project that embeds libnetpol keeps its own flags.
add_library(netpol_flags INTERFACE)
target_compile_features(netpol_flags INTERFACE c_std_11)
target_compile_definitions(netpol_flags INTERFACE _POSIX_C_SOURCE=200809L
                                                  $<$<BOOL:${NETPOL_SEEDED_DEFECTS}>:NETPOL_SEEDED_DEFECTS>)
target_compile_options(
    netpol_flags
    INTERFACE -Wall
              -Wextra
              -Wpedantic
              -Wconversion
              -Wshadow
              -Wstrict-prototypes
              -Wvla
              -Wcast-qual
              -fstack-protector-strong
              $<$<NOT:$<CONFIG:Debug>>:-ffile-prefix-map=${PROJECT_SOURCE_DIR}/=>
              $<$<BOOL:${NETPOL_WERROR}>:-Werror>)
target_link_options(netpol_flags INTERFACE LINKER:-z,relro,-z,now)

if(NETPOL_SANITIZE)
    target_compile_options(netpol_flags INTERFACE -fsanitize=${NETPOL_SANITIZE}
                                                  -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(netpol_flags INTERFACE -fsanitize=${NETPOL_SANITIZE})
else()
    # Sanitizers bring their own checks and, with clang, symbols that only the program resolves.
    target_compile_definitions(netpol_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=3>)
    target_link_options(netpol_flags INTERFACE LINKER:-z,defs)
endif()
if(NETPOL_LIBFUZZER)
    target_compile_options(netpol_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(NETPOL_COVERAGE)
    target_compile_options(netpol_flags INTERFACE --coverage)
    target_link_options(netpol_flags INTERFACE --coverage)
endif()

if(PROJECT_IS_TOP_LEVEL AND NOT DEFINED CMAKE_C_COMPILER_LAUNCHER)
    find_program(NETPOL_CCACHE ccache)
    mark_as_advanced(NETPOL_CCACHE)
    if(NETPOL_CCACHE)
        set(CMAKE_C_COMPILER_LAUNCHER ${NETPOL_CCACHE})
    endif()
endif()

# What every target that compiles our C shares; hidden visibility, strict C11.
function(netpol_target_defaults target)
    set_target_properties(
        ${target}
        PROPERTIES C_STANDARD 11
                   C_STANDARD_REQUIRED ON
                   C_EXTENSIONS OFF
                   C_VISIBILITY_PRESET hidden
                   POSITION_INDEPENDENT_CODE ON)
    target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:netpol_flags>)
endfunction()
