/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses an installed library from outside: loads two pods and a policy, asks whether one may reach
 * the other, and prints the library's version; with an argument it leaves the compiled image in
 * that file, for runtime.c. Compiled as C11 and, included by consumer.cpp, as C++.
 */
#include <netpol/netpol.h>
#include <stdio.h>
#include <string.h>

static const char manifests[] = "apiVersion: v1\n"
                                "kind: Pod\n"
                                "metadata: {name: web, namespace: shop, labels: {app: web}}\n"
                                "status: {podIP: 10.0.0.1}\n"
                                "---\n"
                                "apiVersion: v1\n"
                                "kind: Pod\n"
                                "metadata: {name: db, namespace: shop, labels: {app: db}}\n"
                                "status: {podIP: 10.0.0.2}\n"
                                "---\n"
                                "apiVersion: networking.k8s.io/v1\n"
                                "kind: NetworkPolicy\n"
                                "metadata: {name: db, namespace: shop}\n"
                                "spec:\n"
                                "  podSelector: {matchLabels: {app: db}}\n"
                                "  ingress: [{ports: [{port: 5432}]}]\n";

static int write_bytes(void *user, const char *bytes, size_t size)
{
    return fwrite(bytes, 1, size, (FILE *)user) == size ? 0 : -1;
}

static int save(const struct netpol_matcher *matcher, const char *path)
{
    FILE *file = path ? fopen(path, "wb") : NULL;
    int status = path && !file ? NETPOL_ERR_IO : NETPOL_OK;

    if (file) {
        status = netpol_matcher_save(matcher, write_bytes, file);
        if (fclose(file) != 0)
            status = NETPOL_ERR_IO;
    }
    return status;
}

/* The action for web -> db on a port; -1 when anything fails. */
static int decide(struct netpol_ctx *ctx, unsigned short port, const char *path)
{
    struct netpol_compile_options options;
    struct netpol_store *store = NULL;
    struct netpol_matcher *matcher = NULL;
    struct netpol_view *view = NULL;
    struct netpol_verdict verdict;
    struct netpol_tuple tuple;
    int action = -1;

    memset(&options, 0, sizeof options);
    options.size = sizeof options;
    options.profile = "kubernetes";
    memset(&tuple, 0, sizeof tuple);
    tuple.family = 4;
    tuple.protocol = 6;
    tuple.src[0] = tuple.dst[0] = 10;
    tuple.src[3] = 1;
    tuple.dst[3] = 2;
    tuple.dst_port = port;
    if (netpol_store_create(ctx, &store) == NETPOL_OK &&
        netpol_store_load_buffer(store, manifests, sizeof manifests - 1, "manifests", NULL, NULL) ==
            NETPOL_OK &&
        netpol_compile(store, &options, NULL, &matcher) == NETPOL_OK &&
        netpol_view_create(matcher, NULL, &view) == NETPOL_OK &&
        netpol_eval(view, &tuple, &verdict) == NETPOL_OK && save(matcher, path) == NETPOL_OK)
        action = verdict.action;
    netpol_view_destroy(view);
    netpol_matcher_unref(matcher);
    netpol_store_destroy(store);
    return action;
}

int main(int argc, char **argv)
{
    const char *path = argc > 1 ? argv[1] : NULL;
    struct netpol_ctx *ctx = NULL;
    int wrong;

    if (netpol_ctx_create(NULL, &ctx) != NETPOL_OK)
        return 1;
    wrong = decide(ctx, 5432, path) != NETPOL_ALLOW || decide(ctx, 5433, NULL) != NETPOL_DENY;
    netpol_ctx_destroy(ctx);
    puts(netpol_version());
    return wrong || strcmp(netpol_version(), NETPOL_VERSION_STRING) != 0 ||
           netpol_abi() != NETPOL_ABI;
}
