/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_NAMES_H
#define NETPOL_NAMES_H
/*
 * Names learnt at run time: what DNS answered, told as it happens, so that rules about names
 * (Cilium's toFQDNs, Calico's domains, domainNames of a ClusterNetworkPolicy) hold for addresses.
 *
 * An answer says: this name has this address for so long. An address that no pod and no node has,
 * and for which at least one name is live, is judged as one whose names are all known: exactly the
 * live ones. What else is true of the address (prefixes that hold it, that it is outside) stays
 * true. For an address without a live name option unlearnt_names speaks. Addresses of pods and
 * nodes have no names: what is learnt for one counts once it is nobody's any more. Reserved pod
 * ranges and addresses of services stay what they are, names or not.
 *
 * Nothing is compiled again. Readers never wait: an address's names change by one store. Names
 * belong to the endpoints, and netpol_endpoints_advance takes them along; who is still inside a
 * view of older endpoints sees what these were told.
 *
 * These calls are the only ones that know of time. Its unit is the caller's (milliseconds, say),
 * the same in all calls for one endpoints; it must come from a clock that does not jump. They may
 * come from any thread, and wait for each other and for other writers of the same endpoints.
 */
#include <netpol/change.h>

#ifdef __cplusplus
extern "C" {
#endif

#define NETPOL_NAMES_FOREVER UINT64_MAX /* as ttl: until it is forgotten */

/*
 * From now on the name has the address, until now + ttl or until a later learn's end, whichever is
 * later; each pair of name and address by itself. It is over at its end exactly, and counts no more
 * once netpol_names_advance was told of that moment. What is over already (ttl 0; an end that
 * advance was told of before, when clocks disagree) is not learnt: that is OK, too. A lower bound
 * for ttl is the caller's affair.
 *
 * name: not NULL; as DNS writes it, case and a trailing dot do not matter; copied. family 4 or 6,
 * address as in netpol_tuple (a mapped IPv4 address is IPv4).
 * OK; ERR_ARGUMENT (also: no name, or one of more than 255 bytes); ERR_UNSUPPORTED: the matcher has
 * no model (an opened image, or compiled without one); ERR_MEMORY, ERR_LIMIT (a million
 * combinations of conditions were met): nothing was learnt. Writers of one endpoints take turns;
 * readers are not held up. O(log n) in what is live. The first time that a combination of
 * conditions on names is met, the reference is asked about what is new in it; this is remembered
 * for as long as the endpoints live.
 */
NETPOL_API int netpol_names_learn(struct netpol_endpoints *endpoints, const char *name,
                                  uint8_t family, const uint8_t address[16], uint64_t ttl,
                                  uint64_t now);
/*
 * It is now at least `now`: what is over counts no more when this returns. Telling an earlier time
 * than before changes nothing. OK, ERR_ARGUMENT; ERR_MEMORY, ERR_LIMIT: what is over is over all
 * the same, but addresses that could not be told what is left are UNKNOWN until another call
 * succeeds. O(n log m) in what is over and in what is live.
 */
NETPOL_API int netpol_names_advance(struct netpol_endpoints *endpoints, uint64_t now);
/*
 * Takes back what was learnt: a name of an address; with name NULL all of the address's (family and
 * address as above), with family 0 the name at every address, with both everything. OK,
 * ERR_ARGUMENT, ERR_NOT_FOUND; ERR_MEMORY and ERR_LIMIT as for advance. Linear in what is live,
 * where not one pair is meant.
 */
NETPOL_API int netpol_names_forget(struct netpol_endpoints *endpoints, const char *name,
                                   uint8_t family, const uint8_t address[16]);

/*
 * Learns what a file tells (docs/names.md): entries {"name": "a.example", "addresses":
 * ["192.0.2.1"], "ttl": 60}, one a line or a list of them, in JSON or YAML; "-" is standard input.
 * An entry without ttl lasts until it is forgotten; with lasting 1 every one does. Nothing is
 * learnt from a file with errors. OK, ERR_ARGUMENT, ERR_IO, ERR_INPUT (diagnostics NP51xx; diags
 * may be NULL), ERR_UNSUPPORTED; ERR_LIMIT and ERR_MEMORY, then what was read first may have been
 * learnt. Not in libnetpol-runtime.
 */
NETPOL_API int netpol_names_load(struct netpol_endpoints *endpoints, const char *path, uint64_t now,
                                 int lasting, struct netpol_diags *diags);

struct netpol_names_stats {
    size_t size;                        /* sizeof(struct netpol_names_stats) */
    uint64_t names, addresses, entries; /* live; entries: pairs of both */
    uint64_t next_end;                  /* when the first of them is over; FOREVER: none is */
    uint64_t now;                       /* the latest that advance was told */
    uint64_t combinations;              /* of conditions on names, met so far */
    uint64_t evaluated;                 /* answers of the reference for these */
    uint64_t unsettled;                 /* addresses that are UNKNOWN for want of memory */
    uint64_t bytes;                     /* held for all of it */
};
/* OK, ERR_ARGUMENT (also another size). Linear in what is unsettled, as a rule nothing. */
NETPOL_API int netpol_names_stats(const struct netpol_endpoints *endpoints,
                                  struct netpol_names_stats *out);

#ifdef __cplusplus
}
#endif
#endif
