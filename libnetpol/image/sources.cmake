# SPDX-License-Identifier: Apache-2.0
netpol_room(
    image
    cut_none.c
    file.c
    image.c
    kinds.c
    project.c
    project_build.c
    trie_build.c
    trie_valid.c
    validate.c
    validate_cold.c
    validate_ends.c
    validate_ports.c
    write.c)
