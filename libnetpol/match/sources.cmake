# SPDX-License-Identifier: Apache-2.0
netpol_room(
    match
    batch.c
    batch_avx2.c
    batch_avx512.c
    batch_rest.c
    batch_scalar.c
    cut.c
    cut_avx2.c
    cut_avx512.c
    cut_neon.c
    cut_scalar.c
    hot.c
    identity.c
    journal.c
    learn.c
    learn_book.c
    look.c
    look_named.c
    matcher.c
    named_write.c
    names.c
    reader.c
    relation.c
    simd.c
    slot.c
    table.c
    table_change.c
    table_open.c
    table_room.c
    table_spec.c
    tuple.c)
# Loads that depend on loads: compilers that make vectors of them lose.
set(lookups -fno-tree-vectorize -fno-tree-slp-vectorize)
set_source_files_properties(match/batch_scalar.c PROPERTIES COMPILE_OPTIONS "${lookups}")
# Each for its instruction set and empty elsewhere; simd.c asks the processor.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$")
    set(avx2 -mavx2 -mbmi -mbmi2 -mpopcnt)
    set_source_files_properties(match/cut_avx2.c PROPERTIES COMPILE_OPTIONS "${avx2}")
    set_source_files_properties(match/batch_avx2.c PROPERTIES COMPILE_OPTIONS "${avx2};${lookups}")
    # GCC's intrinsics are macros when it does not optimise, and convert as they like
    set(avx512 ${avx2} -Wno-sign-conversion -mavx512f -mavx512bw -mavx512dq -mavx512vl)
    if(NETPOL_SANITIZE MATCHES address AND CMAKE_C_COMPILER_ID STREQUAL GNU)
        # GCC aligns the frames that detect stack use after return to 32 bytes only, also where a
        # variable needs 64 (GCC bug 110027): the aligned stores then fault.
        list(APPEND avx512 --param=asan-stack=0 -Wno-maybe-uninitialized)
    endif()
    set_source_files_properties(match/cut_avx512.c PROPERTIES COMPILE_OPTIONS "${avx512}")
    set_source_files_properties(match/batch_avx512.c PROPERTIES COMPILE_OPTIONS
                                                                "${avx512};${lookups}")
endif()
