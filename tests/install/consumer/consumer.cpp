/* SPDX-License-Identifier: Apache-2.0 */
/* The same program from C++: the headers declare C linkage and are valid there. */
#include "consumer.c"
