/* SPDX-License-Identifier: Apache-2.0 */
/* Reading hits, as goldmane/proto/methods.go writes them and as older releases did. */
#include "np_cmocka.h"

#include <netpol/flow.h>

struct row {
    const char *text;
    int kind; /* -1: refused */
    int policy_index;
    const char *tier, *space, *name;
    int action, rule_index;
};
#define ALLOW NETPOL_HIT_ALLOW
#define DENY  NETPOL_HIT_DENY
#define PASS  NETPOL_HIT_PASS
#define REFUSED(text)                       \
    {                                       \
        text, -1, 0, NULL, NULL, NULL, 0, 0 \
    }
static const struct row rows[] = {
  /* as they are now */
    {"0|default|np:shop/allow-web|allow|2",        NETPOL_HIT_CALICO,            0,         "default",            "shop", "allow-web",
     ALLOW,                                                                                                                                   2 },
    {"1|security|gnp:base|pass|10",                NETPOL_HIT_CALICO_GLOBAL,     1,         "security",           "",     "base",      PASS,  10},
    {"2|t|snp:ns/a.b|deny|0",                      NETPOL_HIT_STAGED,            2,         "t",                  "ns",   "a.b",       DENY,  0 },
    {"3|t|sgnp:t.a|deny|-1",                       NETPOL_HIT_STAGED_GLOBAL,     3,         "t",                  "",     "t.a",       DENY,  -1},
    {"0|default|sknp:ns/a|allow|0",                NETPOL_HIT_STAGED_KUBERNETES, 0,         "default",            "ns",   "a",         ALLOW,
     0                                                                                                                                          },
    {"0|default|knp:ns/a|allow|0",                 NETPOL_HIT_KUBERNETES,        0,         "default",            "ns",   "a",         ALLOW, 0 },
    {"0|kube-admin|kcnp:a|deny|0",                 NETPOL_HIT_CLUSTER,           0,         "kube-admin",         "",     "a",         DENY,  0 },
    {"0|adminnetworkpolicy|kanp:a|deny|0",         NETPOL_HIT_ADMIN,             0,         "adminnetworkpolicy", "",     "a",         DENY,
     0                                                                                                                                          },
    {"0|x|kbanp:a|deny|0",                         NETPOL_HIT_BASELINE_ADMIN,    0,         "x",                  "",     "a",         DENY,  0 },
    {"123456789|__PROFILE__|pro:kns.shop|allow|0", NETPOL_HIT_PROFILE,           123456789, "__PROFILE__",        "",
     "kns.shop",                                                                                                                       ALLOW, 0 },
    {"0|__PROFILE__|pro:__NO_MATCH__|deny|-1",     NETPOL_HIT_PROFILE,           0,         "__PROFILE__",        "",
     "__NO_MATCH__",                                                                                                                   DENY,  -1},
 /* as they were: the tier before the name, the kind by what stands around it */
    {"0|default|ns/default.a|allow|1",             NETPOL_HIT_CALICO,            0,         "default",            "ns",   "a",         ALLOW, 1 },
    {"0|default|default.a|allow|1",                NETPOL_HIT_CALICO_GLOBAL,     0,         "default",            "",     "a",         ALLOW, 1 },
    {"0|tier1|ns/tier1.staged:a|deny|0",           NETPOL_HIT_STAGED,            0,         "tier1",              "ns",   "a",         DENY,  0 },
    {"0|tier1|tier1.staged:a|deny|0",              NETPOL_HIT_STAGED_GLOBAL,     0,         "tier1",              "",     "a",         DENY,  0 },
    {"0|default|ns/knp.default.a|allow|0",         NETPOL_HIT_KUBERNETES,        0,         "default",            "ns",   "a",         ALLOW,
     0                                                                                                                                          },
    {"0|default|ns/staged:knp.default.a|allow|0",  NETPOL_HIT_STAGED_KUBERNETES, 0,         "default",            "ns",
     "a",                                                                                                                              ALLOW, 0 },
    {"1|__PROFILE__|__PROFILE__.kns.shop|allow|0", NETPOL_HIT_PROFILE,           1,         "__PROFILE__",        "",
     "kns.shop",                                                                                                                       ALLOW, 0 },
    {"0|a|ns/a.a.b|pass|-1",                       NETPOL_HIT_CALICO,            0,         "a",                  "ns",   "a.b",       PASS,  -1},
 /* neither */
    REFUSED(""),
    REFUSED("|"),
    REFUSED("0|default|np:shop/a|allow"),
    REFUSED("0|default|np:shop/a|allow|"),
    REFUSED("0|default|np:shop/a|allow|2|3"),
    REFUSED("0|default|np:shop/a|log|2"),
    REFUSED("0|default|np:shop/a|Allow|2"),
    REFUSED("0|default|np:shop/|allow|2"),
    REFUSED("0|default|np:/a|allow|2"),
    REFUSED("0|default|np:|allow|2"),
    REFUSED("0|default||allow|2"),
    REFUSED("0||np:shop/a|allow|2"),
    REFUSED("|default|np:shop/a|allow|2"),
    REFUSED("-1|default|np:shop/a|allow|2"),
    REFUSED("x|default|np:shop/a|allow|2"),
    REFUSED("0|default|np:shop/a|allow|-2"),
    REFUSED("0|default|np:shop/a|allow|1234567890"),
    REFUSED("0|default|npp:shop/a|allow|2"),
    REFUSED("0|default|shop/a|allow|2"),
    REFUSED("0|default|a|allow|2"),
    REFUSED("0|default|knp.default.a|allow|0"),
    REFUSED("0|default|other.a|allow|0"),
};

static void same(struct netpol_string got, const char *want)
{
    assert_int_equal(got.len, strlen(want));
    assert_memory_equal(got.ptr, want, got.len);
}

static void every_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        struct netpol_hit_text hit = {.kind = -7};
        /* of its own size, so that reading beyond it is seen */
        size_t size = strlen(row->text);
        char *text = malloc(size + !size);
        assert_non_null(text);
        memcpy(text, row->text, size);
        int status = netpol_hit_parse(text, size, &hit);
        if (status != (row->kind < 0 ? NETPOL_ERR_INPUT : NETPOL_OK)) {
            fail_msg("'%s': %d", row->text, status);
        }
        if (row->kind < 0) {
            assert_int_equal(hit.kind, -7);
        } else {
            assert_int_equal(hit.kind, row->kind);
            assert_int_equal(hit.policy_index, row->policy_index);
            assert_int_equal(hit.rule_index, row->rule_index);
            assert_int_equal(hit.action, row->action);
            same(hit.tier, row->tier);
            same(hit.namespace_name, row->space);
            same(hit.name, row->name);
        }
        free(text);
    }
}

/* Every text cut short, and with every byte replaced: never read beyond, never half an answer. */
static void mangled(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t size = strlen(rows[i].text);
        for (size_t cut = 0; cut < size; cut++) {
            char *text = malloc(size);
            struct netpol_hit_text hit;
            assert_non_null(text);
            memcpy(text, rows[i].text, size);
            (void)netpol_hit_parse(text, cut, &hit);
            for (const char *c = "|/:.-0a"; *c; c++) {
                text[cut] = *c;
                if (netpol_hit_parse(text, size, &hit) == NETPOL_OK) {
                    assert_true(hit.kind > NETPOL_HIT_UNKNOWN && hit.name.len && hit.tier.len);
                }
            }
            free(text);
        }
    }
}

static void arguments(void **state)
{
    (void)state;
    struct netpol_hit_text hit;
    assert_int_equal(netpol_hit_parse(NULL, 0, &hit), NETPOL_ERR_ARGUMENT);
    assert_int_equal(netpol_hit_parse("0|a|gnp:b|deny|0", 16, NULL), NETPOL_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row),
        cmocka_unit_test(mangled),
        cmocka_unit_test(arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
