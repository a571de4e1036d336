/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BOUNDARIES_H
#define BOUNDARIES_H
/*
 * Questions where answers change: what a model mentions, and what lies just beside it.
 *
 * Every prefix gives its first and last address and the two outside; every span of ports its ends
 * and their neighbours; every endpoint its reference. A tuple is drawn from these, its ends named
 * by reference, by address, by both or not at all, in either family or none.
 */
#include "differential/generator.h"

enum { BOUNDARY_ADDRESSES = 4096, BOUNDARY_REFS = 512, BOUNDARY_PORTS = 512 };
struct boundaries {
    const struct np_model *model;
    struct np_address four[BOUNDARY_ADDRESSES], six[BOUNDARY_ADDRESSES];
    uint64_t refs[BOUNDARY_REFS];
    uint16_t ports[BOUNDARY_PORTS];
    bool protocols[256];
    uint8_t protocol_list[256];
    uint32_t n_four, n_six, n_refs, n_ports, n_protocols;
};
void boundaries_of(const struct np_model *model, struct boundaries *out);
void boundaries_draw(const struct boundaries *b, struct gen_random *r, struct netpol_tuple *out);
#endif
