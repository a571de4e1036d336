/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_BASE_DEFECT_H
#define NP_BASE_DEFECT_H
/*
 * Seeded defects: does the suite notice when the library is wrong?
 *
 * At some places that decide verdicts a known mistake is written beside the right code
 * (base/defect.def lists them). A library never contains any of it: np_defect() is the constant
 * false. The build with NETPOL_SEEDED_DEFECTS switches on one of them for a whole process
 * (tests/defects), and every one must be caught by some test.
 */
#ifdef NETPOL_SEEDED_DEFECTS
enum np_defect {
    NP_DEFECT_NONE,
#define NP_DEFECT(name, what) NP_DEFECT_##name,
#include "base/defect.def"
#undef NP_DEFECT
    NP_DEFECT_COUNT
};
extern enum np_defect np_defect_active; /* tests/defects/active.c */
#define np_defect(name) (np_defect_active == NP_DEFECT_##name)
#else
#define np_defect(name) false
#endif
#endif
