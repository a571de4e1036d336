/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Embedding libnetpol: load manifests, compile them, evaluate one connection, say who decided.
 *     embed FOLDER NAMESPACE/POD NAMESPACE/POD PORT
 */
#include <netpol/netpol.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t find(const struct netpol_view *view, const char *text)
{
    char namespace_name[64] = "default";
    const char *slash = strchr(text, '/');
    if (slash) {
        snprintf(namespace_name, sizeof namespace_name, "%.*s", (int)(slash - text), text);
    }
    return netpol_view_find(view, namespace_name, slash ? slash + 1 : text);
}

int main(int argc, char **argv)
{
    struct netpol_ctx *ctx = NULL;
    struct netpol_store *store = NULL;
    struct netpol_matcher *matcher = NULL;
    struct netpol_view *view = NULL;
    struct netpol_compile_options options = {.size = sizeof options, .profile = "kubernetes"};
    int status = 3;
    if (argc == 5 && netpol_ctx_create(NULL, &ctx) == NETPOL_OK &&
        netpol_store_create(ctx, &store) == NETPOL_OK &&
        netpol_store_load_path(store, argv[1], NULL, NULL) == NETPOL_OK &&
        netpol_compile(store, &options, NULL, &matcher) == NETPOL_OK &&
        netpol_view_create(matcher, NULL, &view) == NETPOL_OK) {
        struct netpol_tuple tuple = {.src_ref = find(view, argv[2]),
                                     .dst_ref = find(view, argv[3]),
                                     .flags = NETPOL_TUPLE_SRC_REF | NETPOL_TUPLE_DST_REF,
                                     .protocol = 6,
                                     .dst_port = (uint16_t)atoi(argv[4])};
        struct netpol_verdict verdict;
        struct netpol_rule_info rule = {.policy = "no policy", .rule = "", .position = ""};
        netpol_eval(view, &tuple, &verdict);
        const struct netpol_part *part =
            verdict.side == NETPOL_SIDE_EGRESS ? &verdict.egress : &verdict.ingress;
        netpol_rule_describe(matcher, part->rule, verdict.generation, &rule);
        printf("%s: %s %s %s\n", netpol_action_text(verdict.action), rule.policy, rule.rule,
               rule.position);
        status = verdict.action == NETPOL_ALLOW ? 0 : 2;
    }
    netpol_view_destroy(view);
    netpol_matcher_unref(matcher);
    netpol_store_destroy(store);
    netpol_ctx_destroy(ctx);
    return status;
}
