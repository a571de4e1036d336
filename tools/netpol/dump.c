/* SPDX-License-Identifier: Apache-2.0 */
/* netpol dump: the tables of a compiled set, and one lookup through them, load by load. */
#include "tool.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* ---- the lookup ---- */

static bool read_number(const char *text, unsigned long most, unsigned long *out)
{
    char *end = NULL;
    if (*text < '0' || *text > '9')
        return false;
    *out = strtoul(text, &end, 10);
    return *end == '\0' && *out <= most;
}

static bool read_protocol(const char *text, uint8_t *out)
{
    static const uint8_t numbers[] = {1, 6, 17, 58, 132};
    unsigned long number;
    char room[8];
    for (size_t i = 0; i < sizeof numbers; i++) {
        if (strcmp(text, protocol_text(numbers[i], room)) == 0) {
            *out = numbers[i];
            return true;
        }
    }
    if (!read_number(text, 255, &number))
        return false;
    *out = (uint8_t)number;
    return true;
}

/* A pod or workload by name, or an address. */
static bool read_end(const struct session *session, const char *text, bool source,
                     struct netpol_tuple *tuple)
{
    uint8_t bytes[16] = {0};
    const char *slash = strchr(text, '/');
    if (slash) {
        char *space = strndup(text, (size_t)(slash - text));
        uint64_t ref = space ? netpol_view_find(session->view, space, slash + 1) : 0;
        free(space);
        *(source ? &tuple->src_ref : &tuple->dst_ref) = ref;
        tuple->flags |= source ? NETPOL_TUPLE_SRC_REF : NETPOL_TUPLE_DST_REF;
        return ref != 0;
    }
    uint8_t family = inet_pton(AF_INET, text, bytes) == 1    ? 4
                     : inet_pton(AF_INET6, text, bytes) == 1 ? 6
                                                             : 0;
    memcpy(source ? tuple->src : tuple->dst, bytes, sizeof bytes);
    if (family == 0 || (tuple->family && tuple->family != family))
        return false;
    tuple->family = family;
    return true;
}

/* EXIT_FINE with *asked false: no lookup was asked for. */
static int read_lookup(const struct session *session, struct netpol_tuple *tuple, bool *asked)
{
    const struct args *args = session->args;
    const char *from = args_value(args, OPTION_FROM), *to = args_value(args, OPTION_TO);
    const char *port = args_value(args, OPTION_PORT), *protocol = args_value(args, OPTION_PROTOCOL);
    unsigned long number = 0;
    *tuple = (struct netpol_tuple){.protocol = 6};
    *asked = from || to || port || protocol;
    if (!*asked)
        return EXIT_FINE;
    if (!from || !to) {
        complain("dump: a lookup needs --from and --to");
        return EXIT_INVALID;
    }
    if ((port && !read_number(port, 65535, &number)) ||
        (protocol && !read_protocol(protocol, &tuple->protocol))) {
        complain("dump: --port is a number, --protocol TCP, UDP, SCTP, ICMP, ICMPv6 or a number");
        return EXIT_INVALID;
    }
    tuple->dst_port = (uint16_t)number;
    if (!read_end(session, from, true, tuple) || !read_end(session, to, false, tuple)) {
        complain("dump: --from and --to are pods or workloads of the set (shop/cart) or addresses "
                 "of one family");
        return EXIT_INVALID;
    }
    if (tuple->family == 0) /* two names: the family that both have; IPv4 where it is not known */
        tuple->family = args_is(args, OPTION_FAMILY, "6") ? 6 : 4;
    return EXIT_FINE;
}

/* ---- the image ---- */

static int open_image(struct session *session, const char *path)
{
    const char *why = "";
    int status = netpol_ctx_create(NULL, &session->ctx);
    if (status == NETPOL_OK)
        status = netpol_matcher_map(session->ctx, path, 0, &why, &session->matcher);
    if (status == NETPOL_ERR_INPUT || status == NETPOL_ERR_UNSUPPORTED || status == NETPOL_ERR_IO) {
        complain("%s: %s", path, why);
        return status == NETPOL_ERR_IO ? EXIT_TROUBLE : EXIT_INVALID;
    }
    if (status == NETPOL_OK)
        status = netpol_view_create(session->matcher, NULL, &session->view);
    return status_exit(status, "open the image");
}

static int open_set(struct session *session, const struct args *args)
{
    int code = session_open(session, args);
    if (code == EXIT_FINE)
        code = session_load(session);
    return code == EXIT_FINE ? session_compile(session) : code;
}

static int write_dump(const struct session *session)
{
    static const struct {
        const char *name;
        int format;
    } formats[] = {
        {"text", NETPOL_DUMP_TEXT},
        {"json", NETPOL_DUMP_JSON},
        {"dot",  NETPOL_DUMP_DOT },
    };
    struct netpol_tuple tuple;
    bool asked = false;
    int format = NETPOL_DUMP_TEXT;
    const char *wanted = args_value(session->args, OPTION_FORMAT);
    int code = read_lookup(session, &tuple, &asked);
    if (code != EXIT_FINE)
        return code;
    for (size_t i = 0; wanted && i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(wanted, formats[i].name) == 0)
            format = formats[i].format;
    }
    int status =
        netpol_matcher_dump(session->matcher, format, asked ? &tuple : NULL, file_sink, stdout);
    return status_exit(status, "dump");
}

int run_dump(const struct args *args)
{
    struct session session = {.args = args};
    const char *image = args_value(args, OPTION_IMAGE);
    if ((image != NULL) == (args->n_operands > 0)) {
        complain("dump: needs either PATHs or --image FILE, see netpol dump --help");
        return EXIT_INVALID;
    }
    int code = image ? open_image(&session, image) : open_set(&session, args);
    session.args = args;
    if (code == EXIT_FINE)
        code = write_dump(&session);
    session_close(&session);
    return code;
}
