# SPDX-License-Identifier: Apache-2.0
netpol_room(
    match
    batch.c
    hot.c
    look.c
    matcher.c
    names.c
    relation.c
    tuple.c)
if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/match/cut.c)
    target_compile_definitions(netpol_room_match PRIVATE NP_MATCH_CUTS)
endif()
