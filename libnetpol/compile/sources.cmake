# SPDX-License-Identifier: Apache-2.0
netpol_room(
    compile
    compile.c
    describe.c
    ends.c
    ends_ports.c
    ends_sort.c
    ends_table.c
    ends_words.c
    members.c
    options.c
    places.c
    project.c
    project_mentions.c
    project_nodes.c)
