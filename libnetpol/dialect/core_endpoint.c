/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoints without a document: the pod path of a CNI. The same checks as for a Pod, the same
 * object out of it; the path of a message names the member of the structure.
 */
#include "dialect/core.h"

#include <stdlib.h>

static struct np_slice member(const char *text)
{
    return np_slice_of(text ? text : "");
}

static bool report_if(struct np_decode *d, enum np_code code, const char *wrong, const char *what,
                      struct np_slice text)
{
    if (wrong) {
        np_decode_report(d, code, NULL, "%s \"%.*s\" %s", what,
                         (int)(text.len < 100 ? text.len : 100), text.ptr, wrong);
    }
    return !wrong;
}

static void check(struct np_decode *d, enum np_code code, const char *what, struct np_slice text,
                  np_syntax_fn syntax)
{
    size_t mark = np_path_key(d, what);
    report_if(d, code, syntax(text), what, text);
    np_path_end(d, mark);
}

static int compare_keys(const void *a, const void *b)
{
    const struct np_label_text *x = a;
    const struct np_label_text *y = b;
    return np_slice_compare(x->key, y->key);
}

static void read_labels(struct np_decode *d, const struct netpol_endpoint_spec *spec,
                        struct np_core_pod *pod)
{
    struct np_label_text *items = np_decode_alloc(d, spec->n_labels, sizeof *items);
    if (!items || spec->n_labels > UINT32_MAX) {
        return;
    }
    for (size_t i = 0; i < spec->n_labels; i++) {
        size_t mark = np_path_key(d, "labels");
        np_path_index(d, i);
        struct np_slice key = member(spec->labels[i].key), value = member(spec->labels[i].value);
        report_if(d, NP_CODE_2024, np_syntax_label_key(key), "label key", key);
        report_if(d, NP_CODE_2025, np_syntax_label_value(value), "label value", value);
        items[i] = (struct np_label_text){np_core_keep(d, key), np_core_keep(d, value)};
        np_path_end(d, mark);
    }
    if (d->no_memory || spec->n_labels == 0) {
        return;
    }
    qsort(items, spec->n_labels, sizeof *items, compare_keys);
    for (size_t i = 1; i < spec->n_labels; i++) {
        if (np_slice_equal(items[i - 1].key, items[i].key)) {
            size_t mark = np_path_key(d, "labels");
            report_if(d, NP_CODE_2311, "is given twice", "label key", items[i].key);
            np_path_end(d, mark);
        }
    }
    pod->labels = (struct np_label_list){items, (uint32_t)spec->n_labels};
}

static void read_addresses(struct np_decode *d, const struct netpol_endpoint_spec *spec,
                           struct np_core_pod *pod)
{
    struct np_address *addresses = np_decode_alloc(d, spec->n_addresses, sizeof *addresses);
    for (size_t i = 0; addresses && i < spec->n_addresses; i++) {
        struct np_slice text = member(spec->addresses[i]);
        struct np_address address;
        unsigned oddities = 0;
        size_t mark = np_path_key(d, "addresses");
        np_path_index(d, i);
        enum np_prefix_error error = np_address_parse(text, &address, &oddities);
        if (report_if(d, NP_CODE_2304, error ? np_prefix_error_text(error) : NULL, "address",
                      text)) {
            np_core_keep_address(addresses, &pod->n_addresses, &address);
        }
        np_path_end(d, mark);
    }
    pod->addresses = addresses;
}

static void read_ports(struct np_decode *d, const struct netpol_endpoint_spec *spec,
                       struct np_core_pod *pod)
{
    struct np_core_port *ports = np_decode_alloc(d, spec->n_ports, sizeof *ports);
    if (!ports || spec->n_ports > UINT32_MAX) {
        return;
    }
    for (size_t i = 0; i < spec->n_ports; i++) {
        const struct netpol_port_name *from = &spec->ports[i];
        struct np_slice name = member(from->name);
        size_t mark = np_path_key(d, "ports");
        np_path_index(d, i);
        report_if(d, NP_CODE_2303, name.len ? np_syntax_port_name(name) : NULL, "port name", name);
        if (from->port == 0) {
            np_decode_report(d, NP_CODE_2301, NULL, "port is 0, must be 1 to 65535");
        }
        if (from->protocol != 6 && from->protocol != 17 && from->protocol != 132) {
            np_decode_report(d, NP_CODE_2302, NULL,
                             "protocol %u is none of 6 (TCP), 17 (UDP) and 132 (SCTP)",
                             from->protocol);
        }
        np_path_end(d, mark);
        ports[i] = (struct np_core_port){np_core_keep(d, name), from->protocol, from->port};
    }
    pod->ports = ports;
    pod->n_ports = (uint32_t)spec->n_ports;
}

static void read_pod(struct np_decode *d, const struct netpol_endpoint_spec *spec)
{
    struct np_object *object = d->object;
    struct np_core_pod *pod = np_decode_alloc(d, 1, sizeof *pod);
    object->namespace_name = np_core_keep(d, member(spec->namespace_name));
    object->name = np_core_keep(d, member(spec->name));
    object->api_version = np_slice_of("v1");
    object->kind = np_slice_of("Pod");
    object->spec = pod;
    if (!pod || !np_object_name_it(object)) {
        d->no_memory = true;
        return;
    }
    check(d, NP_CODE_2052, "namespace_name", object->namespace_name, np_syntax_label);
    check(d, NP_CODE_2051, "name", object->name, np_syntax_subdomain);
    struct np_slice account = member(spec->service_account), node = member(spec->node);
    if (account.len) {
        check(d, NP_CODE_2305, "service_account", account, np_syntax_subdomain);
    }
    if (node.len) {
        check(d, NP_CODE_2306, "node", node, np_syntax_subdomain);
    }
    pod->service_account = account.len ? np_core_keep(d, account) : np_slice_of("default");
    pod->node_name = np_core_keep(d, node);
    pod->host_network = spec->host_network != 0;
    read_labels(d, spec, pod);
    read_addresses(d, spec, pod);
    read_ports(d, spec, pod);
}

int np_decode_endpoint(struct netpol_ctx *ctx, const struct netpol_endpoint_spec *spec,
                       struct netpol_diags *diags, struct np_object **out)
{
    const struct np_reader *reader = np_reader_find(np_slice_of("v1"), np_slice_of("Pod"));
    const struct np_document document = {.source = "", .path_prefix = "", .diags = diags};
    struct np_decode d = {.ctx = ctx, .document = &document, .diags = diags};
    d.object = np_object_create(ctx, reader);
    if (!d.object) {
        return NETPOL_ERR_MEMORY;
    }
    np_text_init(&d.path, ctx);
    read_pod(&d, spec);
    bool no_memory = d.no_memory || d.path.failed;
    np_text_free(&d.path);
    if (no_memory || d.errors) {
        np_object_unref(d.object);
        return no_memory ? NETPOL_ERR_MEMORY : NETPOL_ERR_INPUT;
    }
    *out = d.object;
    return NETPOL_OK;
}
