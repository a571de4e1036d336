/* SPDX-License-Identifier: Apache-2.0 */
/* Port classes, as a lookup finds them: by family, by whether there are ports, by protocol, by
 * port. Neighbours of one class are one entry. */
#include "analyze/dump.h"

static const char *const families[] = {"IPv4", "IPv6", "no family"};
static const char *const kinds[NP_PORT_KINDS] = {"ports", "no ports", "ports not given"};

static uint32_t class_of(const struct np_dump *dump, uint32_t directory, uint32_t port)
{
    uint32_t page = dump->hot->port_dirs[directory << 8 | port >> 8];
    return dump->hot->port_pages[page << 8 | (port & 0xff)];
}

static void write_spans(const struct np_dump *dump, uint32_t directory, struct np_outline *out)
{
    uint32_t first = 0, class = class_of(dump, directory, 0);
    np_outline_list(out, "classes", true);
    for (uint32_t port = 1; port <= UINT16_MAX + 1u; port++) {
        uint32_t here = port <= UINT16_MAX ? class_of(dump, directory, port) : UINT32_MAX;
        if (here != class) {
            np_outline_textf(out, NULL, "%u-%u: %u", first, port - 1, class);
            first = port;
            class = here;
        }
    }
    np_outline_close(out);
}

static void write_protocols(const struct np_dump *dump, unsigned family, unsigned kind,
                            const uint16_t *entries, struct np_outline *out)
{
    for (uint32_t from = 0, to; from < 256; from = to) {
        for (to = from + 1; to < 256 && entries[to] == entries[from]; to++) {
        }
        np_outline_map(out, NULL, true);
        np_outline_text(out, "family", families[family]);
        np_outline_text(out, "has", kinds[kind]);
        np_outline_textf(out, "protocols", to - from > 1 ? "%u-%u" : "%u", from, to - 1);
        if (kind == NP_PORT_KNOWN && !(entries[from] & NP_PORT_DIRECT)) {
            np_outline_number(out, "directory", entries[from]);
            write_spans(dump, entries[from], out);
        } else {
            np_outline_number(out, "class", entries[from] & (NP_PORT_DIRECT - 1u));
        }
        np_outline_close(out);
    }
}

void np_dump_ports(const struct np_dump *dump, struct np_outline *out)
{
    np_outline_list(out, "port classes", false);
    for (unsigned family = 0; family < 3; family++) {
        for (unsigned kind = 0; kind < NP_PORT_KINDS; kind++) {
            write_protocols(dump, family, kind,
                            dump->hot->port_kinds + (family * NP_PORT_KINDS + kind) * 256, out);
        }
    }
    np_outline_close(out);
}
