/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inputs and what is said about them. A file holds blocks: a title ("### ..."), lines that begin
 * with "@ " (line:column, code, path; all errors and warnings in order, none left out), then the
 * document. `inputs --print FILE` writes the file as it would have to be, to be read and compared.
 */
#include "np_cmocka.h"

#include "dialect/dialect.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof *(a))

static const struct {
    const char *word, *text;
} preambles[] = {
    {"%policy",  "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                "metadata: {name: p, namespace: ns}\nspec:\n"                            },
    {"%np3",     "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\n"
             "metadata: {name: p, namespace: ns}\nspec:\n"                                  },
    {"%gnp",     "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n"
             "metadata: {name: p}\nspec:\n"                                                 },
    {"%snp",     "apiVersion: projectcalico.org/v3\nkind: StagedNetworkPolicy\n"
             "metadata: {name: p, namespace: ns}\nspec:\n"                                  },
    {"%sgnp",    "apiVersion: projectcalico.org/v3\nkind: StagedGlobalNetworkPolicy\n"
              "metadata: {name: p}\nspec:\n"                                               },
    {"%sknp",    "apiVersion: projectcalico.org/v3\nkind: StagedKubernetesNetworkPolicy\n"
              "metadata: {name: p, namespace: ns}\nspec:\n"                                },
    {"%cnp",     "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\n"
             "metadata: {name: p}\nspec:\n"                                                 },
    {"%anp",     "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n"
             "metadata: {name: p}\nspec:\n"                                                 },
    {"%cilium",  "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
                "metadata: {name: p, namespace: ns}\nspec:\n"                            },
    {"%ccnp",    "apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\n"
              "metadata: {name: p}\nspec:\n"                                               },
    {"%port",
     "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
     "metadata: {name: p, namespace: ns}\nspec: {endpointSelector: {}, ingress: [{toPorts: [{ports: [\n"},
    {"%in",      "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
            "metadata: {name: p, namespace: ns}\nspec: {endpointSelector: {}, ingress: [{\n" },
    {"%out",     "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
             "metadata: {name: p, namespace: ns}\nspec: {endpointSelector: {}, egress: [{\n"},
    {"%outdeny",
     "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
     "metadata: {name: p, namespace: ns}\nspec: {endpointSelector: {}, egressDeny: [{\n"                },
    {"%banp",    "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\n"
              "metadata: {name: default}\nspec:\n"                                         },
};

struct block {
    char title[128], expected[1024];
    char text[1 << 15];
};

static char *read_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/tests/unit/dialect/%s", NETPOL_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = calloc(1, 1 << 18);
    assert_non_null(bytes);
    size_t size = fread(bytes, 1, (1 << 18) - 1, file);
    assert_true(size > 0 && feof(file));
    fclose(file);
    return bytes;
}

static void append(char *out, size_t size, const char *text, size_t len)
{
    size_t used = strlen(out);
    assert_true(used + len < size);
    memcpy(out + used, text, len);
    out[used + len] = '\0';
}

static void add_line(struct block *block, const char *line, size_t len)
{
    if (strncmp(line, "@ ", 2) == 0) {
        append(block->expected, sizeof block->expected, line, len);
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(preambles); i++) {
        size_t word = strlen(preambles[i].word);
        if (len == word + 1 && strncmp(line, preambles[i].word, word) == 0) {
            line = preambles[i].text;
            len = strlen(line);
        }
    }
    append(block->text, sizeof block->text, line, len);
}

/* The next block of *at; false: no more. */
static bool next_block(const char **at, struct block *block)
{
    const char *start = strstr(*at, "### ");
    memset(block, 0, sizeof *block);
    if (!start) {
        return false;
    }
    for (const char *line = start; *line;) {
        const char *end = strchr(line, '\n');
        assert_non_null(end);
        size_t len = (size_t)(end + 1 - line);
        if (line == start) {
            append(block->title, sizeof block->title, line + 4, len - 5);
        } else if (strncmp(line, "### ", 4) == 0) {
            *at = line;
            return true;
        } else {
            add_line(block, line, len);
        }
        line = end + 1;
        *at = line;
    }
    return true;
}

struct load {
    struct netpol_ctx *ctx;
    struct netpol_diags *diags;
    unsigned objects, skipped, refused;
    bool failed;
};

static int take(void *user, const struct np_document *document)
{
    struct load *load = user;
    struct np_object *object = NULL;
    int status = np_decode_object(load->ctx, document, 0, NULL, &object);
    load->failed |= status != NETPOL_OK;
    load->objects += object != NULL;
    load->skipped += status == NETPOL_OK && !object;
    load->refused += status == NETPOL_ERR_INPUT;
    assert_true(status == NETPOL_OK || (status == NETPOL_ERR_INPUT && !object));
    np_object_unref(object);
    return NETPOL_OK;
}

static void say(const struct netpol_diags *diags, char *out, size_t size, bool *errors)
{
    *errors = false;
    for (size_t i = 0; i < netpol_diags_count(diags); i++) {
        const struct netpol_diag *diag = netpol_diags_at(diags, i);
        char line[512];
        if (diag->severity == NETPOL_INFO) {
            continue;
        }
        *errors |= diag->severity == NETPOL_ERROR;
        snprintf(line, sizeof line, "@ %u:%u %s%s %s\n", diag->line, diag->column, diag->code,
                 diag->severity == NETPOL_WARNING ? " warning" : "", diag->path);
        append(out, size, line, strlen(line));
    }
}

/* What is said of a block; the objects are refused exactly when an error was said. */
static void judge(const struct block *block, char *said, size_t size)
{
    struct load load = {0};
    bool errors;
    assert_int_equal(netpol_ctx_create(NULL, &load.ctx), NETPOL_OK);
    assert_int_equal(netpol_diags_create(load.ctx, &load.diags), NETPOL_OK);
    int status = np_source_read(load.ctx, block->text, strlen(block->text), "input", NP_FORMAT_AUTO,
                                load.diags, take, &load);
    say(load.diags, said, size, &errors);
    if (errors != (load.failed || status != NETPOL_OK)) {
        fail_msg("%s: errors and statuses disagree", block->title);
    }
    netpol_diags_destroy(load.diags);
    netpol_ctx_destroy(load.ctx);
}

static unsigned check_file(const char *name, unsigned *json)
{
    char *bytes = read_file(name);
    const char *at = bytes;
    static struct block block;
    unsigned refused = 0;
    while (next_block(&at, &block)) {
        char said[1024] = "";
        judge(&block, said, sizeof said);
        if (strcmp(said, block.expected) != 0) {
            fail_msg("%s: %s\nexpected\n%ssaid\n%s", name, block.title, block.expected, said);
        }
        bool error = said[0] && !strstr(said, " warning ");
        refused += error;
        *json += error && block.text[0] == '{';
    }
    free(bytes);
    return refused;
}

static void every_input_gets_exactly_these_messages(void **state)
{
    (void)state;
    unsigned json = 0;
    unsigned kubernetes = check_file("kubernetes_inputs.txt", &json);
    unsigned cluster = check_file("cnp_inputs.txt", &json);
    unsigned core = check_file("core_inputs.txt", &json);
    unsigned calico = check_file("calico_inputs.txt", &json);
    unsigned inventory = check_file("calico_inventory_inputs.txt", &json);
    unsigned cilium = check_file("cilium_inputs.txt", &json);
    unsigned peers = check_file("cilium_peer_inputs.txt", &json);
    unsigned requests = check_file("cilium_l7_inputs.txt", &json);
    unsigned groups = check_file("cilium_inventory_inputs.txt", &json);
    /* The tables shall not shrink by accident. */
    assert_true(kubernetes >= 90);
    assert_true(cluster >= 50);
    assert_true(core >= 45);
    assert_true(calico >= 130);
    assert_true(inventory >= 28);
    assert_true(cilium >= 40);
    assert_true(peers >= 50);
    assert_true(requests >= 16);
    assert_true(groups >= 6);
    assert_true(json >= 20);
}

static int print(const char *name)
{
    char *bytes = read_file(name);
    const char *at = strstr(bytes, "### ");
    static struct block block;
    printf("%.*s", (int)(at - bytes), bytes);
    for (const char *start = at; next_block(&at, &block); start = at) {
        char said[1024] = "";
        judge(&block, said, sizeof said);
        const char *body = strchr(start, '\n') + 1;
        printf("### %s\n%s", block.title, said);
        while (strncmp(body, "@ ", 2) == 0) {
            body = strchr(body, '\n') + 1;
        }
        printf("%.*s", (int)(at - body), body);
    }
    free(bytes);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_input_gets_exactly_these_messages),
    };
    if (argc == 3 && strcmp(argv[1], "--print") == 0) {
        return print(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
