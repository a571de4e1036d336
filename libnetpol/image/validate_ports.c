/* SPDX-License-Identifier: Apache-2.0 */
/* The port tables: kinds lead to classes or directories, directories to pages, pages to classes. */
#include "image/layout.h"

enum { FAMILIES = 3, PROTOCOLS = 256, KINDS = FAMILIES * NP_PORT_KINDS * PROTOCOLS, LINE = 256 };

static bool are_below(const struct np_image *image, enum np_section section, uint32_t limit)
{
    const uint16_t *items = image->section[section];
    bool below = true;
    for (uint32_t i = 0; i < image->count[section]; i++) {
        below &= items[i] < limit;
    }
    return below;
}

const char *np_validate_ports(const struct np_image *image)
{
    const uint16_t *kinds = image->section[NP_SECTION_PORT_KINDS];
    uint32_t classes = image->header->n_port_classes;
    uint32_t directories = image->count[NP_SECTION_PORT_DIRS] / LINE;
    uint32_t pages = image->count[NP_SECTION_PORT_PAGES] / LINE;
    if (image->count[NP_SECTION_PORT_KINDS] != KINDS || classes > UINT16_MAX + 1u ||
        image->count[NP_SECTION_PORT_DIRS] != directories * LINE ||
        image->count[NP_SECTION_PORT_PAGES] != pages * LINE) {
        return "a table of ports has an impossible length";
    }
    for (uint32_t i = 0; i < KINDS; i++) {
        bool known = i / PROTOCOLS % NP_PORT_KINDS == NP_PORT_KNOWN;
        bool direct = !known || (kinds[i] & NP_PORT_DIRECT);
        if ((uint32_t)(kinds[i] & (NP_PORT_DIRECT - 1)) >= (direct ? classes : directories)) {
            return "a protocol's ports are outside";
        }
    }
    if (!are_below(image, NP_SECTION_PORT_DIRS, pages) ||
        !are_below(image, NP_SECTION_PORT_PAGES, classes)) {
        return "a port's class is outside";
    }
    return NULL;
}
