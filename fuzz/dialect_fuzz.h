/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_FUZZ_DIALECT_FUZZ_H
#define NP_FUZZ_DIALECT_FUZZ_H
/*
 * What the targets of the dialects share. An input is one byte of flags, then a manifest. It is
 * decoded twice, which must say the same; a document of it written as JSON must be accepted or
 * refused alike; what was accepted is lowered and sealed twice, and questions about it must get the
 * same answers from both. Lowering fails for memory only, and there is memory.
 */
#include <stddef.h>
#include <stdint.h>

int fuzz_dialect(const uint8_t *data, size_t size);
/* The same under engine=calico, where rules may ask for a request. */
int fuzz_calico_dialect(const uint8_t *data, size_t size);
/* And under engine=cilium, where they may also ask for authentication. */
int fuzz_cilium_dialect(const uint8_t *data, size_t size);
#endif
