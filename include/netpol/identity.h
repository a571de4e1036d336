/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NETPOL_IDENTITY_H
#define NETPOL_IDENTITY_H
/*
 * Security identities (engine=cilium): a number for each label set that pods have, and for each
 * prefix that policies name.
 *
 * The table stands in the image, which is also the ledger: a compile with a previous matcher (also
 * one that was opened from an image) gives what is still there the number it had, and anything new
 * one that was never used; only when the range has been used up are free ones given again. Policies
 * have no say in the numbers of pods. docs/identities.md says what makes a label set.
 *
 * All calls are thread-safe and allocate nothing. Texts live as long as the matcher.
 */
#include <netpol/eval.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reserved numbers, as Cilium's; and where the others begin. */
enum netpol_identity_number {
    NETPOL_IDENTITY_UNKNOWN = 0,
    NETPOL_IDENTITY_HOST = 1,
    NETPOL_IDENTITY_WORLD = 2,
    NETPOL_IDENTITY_UNMANAGED = 3,
    NETPOL_IDENTITY_HEALTH = 4,
    NETPOL_IDENTITY_INIT = 5,
    NETPOL_IDENTITY_REMOTE_NODE = 6,
    NETPOL_IDENTITY_KUBE_APISERVER = 7,
    NETPOL_IDENTITY_INGRESS = 8,
    NETPOL_IDENTITY_WORLD_IPV4 = 9,
    NETPOL_IDENTITY_WORLD_IPV6 = 10,
    NETPOL_IDENTITY_FIRST = 256,          /* of label sets */
    NETPOL_IDENTITY_LAST = 65535,         /* ... but for those that CiliumIdentities give */
    NETPOL_IDENTITY_FIRST_LOCAL = 1 << 24 /* of prefixes: from this + 1 to twice this - 1 */
};
enum netpol_identity_kind {
    NETPOL_IDENTITY_RESERVED, /* a number that every cluster has */
    NETPOL_IDENTITY_LABELS,   /* a label set of pods */
    NETPOL_IDENTITY_PREFIX,   /* an address range that some policy names */
    NETPOL_IDENTITY_KIND_COUNT
};
/* "reserved", "labels", "prefix": static, "?" for values out of range. */
NETPOL_API const char *netpol_identity_kind_text(int kind);

struct netpol_identity {
    uint32_t number;
    uint32_t n_labels;   /* see netpol_identity_label */
    uint8_t kind;        /* enum netpol_identity_kind */
    uint8_t family;      /* of a prefix: 4, 6; else 0 */
    uint8_t length;      /* of a prefix */
    uint8_t reserved;    /* 0 */
    uint8_t address[16]; /* of a prefix, as in netpol_tuple */
};
/* How many there are: 0 under another engine and for NULL. Constant time. */
NETPOL_API size_t netpol_identity_count(const struct netpol_matcher *matcher);
/* The i-th by number. OK, ERR_ARGUMENT, ERR_NOT_FOUND (i is too large). Constant time. */
NETPOL_API int netpol_identity_at(const struct netpol_matcher *matcher, size_t i,
                                  struct netpol_identity *out);
/* Its k-th label ("k8s:app=web", "cidr:10.0.0.0/8", "reserved:world"), sorted by key; NULL: there
 * is none. Constant time. */
NETPOL_API const char *netpol_identity_label(const struct netpol_matcher *matcher, size_t i,
                                             size_t k);
/* Where a number stands. OK, ERR_ARGUMENT, ERR_NOT_FOUND. Logarithmic. */
NETPOL_API int netpol_identity_find(const struct netpol_matcher *matcher, uint32_t number,
                                    size_t *i);

/*
 * The identities of both ends of a tuple as the node sees them where one of its ends is judged:
 * side NETPOL_SIDE_EGRESS, the source's node; INGRESS, the destination's; NONE: some other node. A
 * pod has that of its label set; a node is the host on itself and a remote node elsewhere; an
 * address outside has that of the longest prefix that holds it, else the world's.
 *
 * 0, NETPOL_IDENTITY_UNKNOWN: it cannot be told. So of an address of the pods' range that no pod is
 * known to have, of a service's address, of health endpoints and ingress proxies, of an address
 * that pods of different identities have, of an endpoint that was written (change.h) since the
 * compile, of a node or address when it is not known which node looks, and when there were more
 * label sets than numbers. OK, ERR_ARGUMENT (also a tuple that cannot be), ERR_UNSUPPORTED (another
 * engine). Logarithmic in the prefixes.
 */
NETPOL_API int netpol_identity_ends(const struct netpol_view *view,
                                    const struct netpol_tuple *tuple, int side, uint32_t *src,
                                    uint32_t *dst);
/* Of one end alone, by reference (netpol_view_find) or, with ref 0, by address, as some other node
 * sees it. As above. */
NETPOL_API int netpol_identity_of(const struct netpol_view *view, uint64_t ref, uint8_t family,
                                  const uint8_t address[16], uint32_t *number);

#ifdef __cplusplus
}
#endif
#endif
