/* SPDX-License-Identifier: Apache-2.0 */
#ifndef NP_TESTS_UNIT_COMPILE_IDENTITIES_H
#define NP_TESTS_UNIT_COMPILE_IDENTITIES_H
/* A small cluster under engine=cilium, compiled again and again: for tests of identities. */
#include "compile/identities.h"
#include "compile/matcher.h"
#include "dialect/cilium/identity.h"
#include "np_world.h"

#define SPACE "apiVersion: v1\nkind: Namespace\nmetadata: {name: ns, labels: {team: a}}\n---\n"
#define NODE(name, address)                                    \
    "apiVersion: v1\nkind: Node\nmetadata: {name: " name "}\n" \
    "spec: {podCIDR: 10.0.0.0/16}\n"                           \
    "status: {addresses: [{type: InternalIP, address: " address "}]}\n---\n"
#define POD(name, app, address)                                           \
    "apiVersion: v1\nkind: Pod\n"                                         \
    "metadata: {name: " name ", namespace: ns, labels: {app: " app "}}\n" \
    "spec: {nodeName: n1, containers: [{name: c, image: i}]}\n"           \
    "status: {podIP: " address "}\n---\n"
#define BLOCK(name, cidr, except)                             \
    "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n" \
    "metadata: {name: " name ", namespace: ns}\n"             \
    "spec:\n  podSelector: {}\n  egress:\n"                   \
    "  - to: [{ipBlock: {cidr: " cidr ", except: [" except "]}}]\n---\n"

static const char cluster[] = SPACE NODE("n1", "192.168.0.1") NODE("n2", "192.168.0.2")
    POD("a", "web", "10.0.0.1") POD("b", "cart", "10.0.0.2") POD("c", "web", "10.0.0.3");

static inline int compile_from(struct world *w, struct netpol_matcher *previous,
                               const char *profile, struct netpol_matcher **out)
{
    struct netpol_compile_options options = {
        .size = sizeof options, .profile = profile, .previous = previous};
    return netpol_compile(w->store, &options, w->diags, out);
}

static inline void use(struct world *w, struct netpol_matcher *matcher)
{
    world_forget(w);
    w->matcher = matcher;
    assert_int_equal(netpol_view_create(matcher, NULL, &w->view), NETPOL_OK);
}

static inline void compile_next(struct world *w)
{
    struct netpol_matcher *next = NULL;
    assert_int_equal(compile_from(w, w->matcher, "cilium", &next), NETPOL_OK);
    use(w, next);
}

static inline void open_cluster(struct world *w)
{
    world_open(w);
    assert_int_equal(world_load(w, cluster), NETPOL_OK);
    compile_next(w);
}

/* The same matcher by way of its image, which has no model. */
static inline struct netpol_matcher *reopened(struct world *w, const struct netpol_matcher *matcher)
{
    struct netpol_matcher *opened = NULL;
    size_t size;
    const void *bytes = netpol_matcher_image(matcher, &size);
    assert_int_equal(netpol_matcher_open(w->ctx, bytes, size, 0, NULL, &opened), NETPOL_OK);
    return opened;
}

/* Its labels, one after the other: "k8s:app=web;...". */
static inline void labels_of(const struct netpol_matcher *matcher, size_t i, char *out, size_t room)
{
    const char *label;
    size_t len = 0;
    for (size_t k = 0; (label = netpol_identity_label(matcher, i, k)) != NULL; k++) {
        len += (size_t)snprintf(out + len, room - len, "%s;", label);
    }
}

/* The number of the identity whose labels hold a text; 0: none. */
static inline uint32_t number_of(const struct netpol_matcher *matcher, const char *part)
{
    for (size_t i = 0; i < netpol_identity_count(matcher); i++) {
        struct netpol_identity identity;
        char labels[1024] = "";
        labels_of(matcher, i, labels, sizeof labels);
        assert_int_equal(netpol_identity_at(matcher, i, &identity), NETPOL_OK);
        if (strstr(labels, part)) {
            return identity.number;
        }
    }
    return 0;
}

static inline uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 16) % below;
}
#endif
