/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cilium's names with stars. FQDN: pkg/fqdn/matchpattern/matchpattern.go, whose patterns become
 * the anchored expressions that a case here can be read against. SNI: serverNames as the proxy
 * makes them an expression (cilium/proxy, network_policy.cc, SniPattern).
 */
#include "np_cmocka.h"

#include "regex/build/wildcard.h"

struct row {
    const char *pattern, *name;
    bool matches;
};

static const struct row fqdn_rows[] = {
  /* no star: the name itself, in any case, with the dot at the end or without */
    {"a.io",     "a.io",          true },
    {"a.io",     "a.io.",         true },
    {"a.io.",    "a.io",          true },
    {"A.iO",     "a.Io",          true },
    {"a.io",     "b.a.io",        false},
    {"a.io",     "aXio",          false},
    {"a.io",     "a.io..",        false},
    {"a.io",     "",              false},
    {".",        ".",             true },
    {".",        "",              false},
    {".",        "a",             false},
 /* a star within one label */
    {"*.x.io",   "a.x.io",        true },
    {"*.x.io",   "a.x.io.",       true },
    {"*.x.io",   "A-b_9.x.io",    true },
    {"*.x.io",   "x.io",          false},
    {"*.x.io",   "a.b.x.io",      false},
    {"*.x.io",   ".x.io",         true },
    {"*.x.io",   "a$.x.io",       false},
    {"*.x.io",   "\xc3\xa9.x.io", false},
    {"*x.io",    "x.io",          true },
    {"*x.io",    "ax.io",         true },
    {"*x.io",    "a.x.io",        false},
    {"a*.io",    "a.io",          true },
    {"a*.io",    "abc.io",        true },
    {"a*.io",    "a.b.io",        false},
    {"a*b*c.io", "abbc.io",       true },
    {"a*b*c.io", "axbxbxc.io",    true },
    {"a*b*c.io", "acb.io",        false},
    {"a.*.io",   "a.b.io",        true },
    {"a.*.io",   "a.b.c.io",      false},
    {"a.*",      "a.io",          true },
    {"a.*",      "a.",            false},
    {"*.*",      "a.b",           true },
    {"*.*",      "a.b.c",         false},
    {"*.*",      "a",             false},
 /* several stars are one, where they are not at the beginning before a dot */
    {"a.**.io",  "a.b.io",        true },
    {"a.**.io",  "a.b.c.io",      false},
    {"**x.io",   "ax.io",         true },
    {"**x.io",   "b.ax.io",       false},
    {"***x.io",  "b.ax.io",       false},
 /* "**." at the beginning: whole labels */
    {"**.x.io",  "a.x.io",        true },
    {"**.x.io",  "a.b.c.x.io.",   true },
    {"**.x.io",  "x.io",          false},
    {"**.x.io",  ".x.io",         false},
    {"**.x.io",  "a..x.io",       false},
    {"***.x.io", "a.b.x.io",      true },
    {"**.x.io",  "a.bx.io",       false},
    {"**.*.io",  "a.b.io",        true },
    {"**.*.io",  "a.b.c.d.io",    true },
    {"**.*.io",  "b.io",          false},
    {"**.",      "a.b",           true },
    {"**.",      ".",             true },
 /* stars alone, and with a dot (dnsWildcardRegex): any name, and the root */
    {"*",        "a",             true },
    {"*",        "a.b.c.",        true },
    {"*",        ".",             true },
    {"**",       ".",             true },
    {"****",     "a.b",           true },
    {"*",        "",              false},
    {"*",        "a..b",          false},
    {"*",        ".a",            false},
    {"*",        "a b",           false},
    {"*.",       "a",             true },
    {"*.",       "a.b",           true },
    {"*.",       ".",             true },
    {"***.",     "a.b.",          true },
    {"***.",     ".",             true },
    {"***.",     "a b",           false},
 /* a wrong pattern */
    {"a+b.io",   "a+b.io",        false},
    {"",         "",              false},
};

static const struct row sni_rows[] = {
    {"a.io",     "a.io",        true },
    {"a.io",     "A.IO",        true },
    {"A.io",     "a.io",        true },
    {"a.io",     "a.io.",       false},
    {"a.io.",    "a.io",        false},
    {"a.io",     "b.a.io",      false},
    {"a.io",     "",            false},
 /* one star: of one label, also the whole of it, also nothing */
    {"*.a.io",   "b.a.io",      true },
    {"*.a.io",   "c.b.a.io",    false},
    {"*.a.io",   "a.io",        false},
    {"*.a.io",   ".a.io",       true },
    {"b*.a.io",  "b.a.io",      true },
    {"b*.a.io",  "bcd.a.io",    true },
    {"b*.a.io",  "b.c.a.io",    false},
    {"b.*.io",   "b.c.io",      true },
    {"b.*.io",   "b.c.d.io",    false},
    {"*.a.io",   "b$.a.io",     false},
 /* two stars: whole labels, anywhere */
    {"**.a.io",  "b.a.io",      true },
    {"**.a.io",  "c.b.a.io",    true },
    {"**.a.io",  "a.io",        false},
    {"**.a.io",  ".a.io",       false},
    {"**.a.io",  "c..a.io",     false},
    {"b.**.io",  "b.c.d.io",    true },
    {"b.**.io",  "b.io",        false},
    {"b.**",     "b.c.d",       true },
    {"**.b.**",  "a.b.c",       true },
    {"**.b.**",  "a.b.b.c.d",   true },
    {"**.b.**",  "b.c",         false},
 /* alone: any name */
    {"*",        "a",           true },
    {"*",        "a.b.c",       true },
    {"**",       "a.b-c.d_e.9", true },
    {"*",        "",            false},
    {"**",       "",            false},
    {"*",        "a.",          false},
    {"*",        ".a",          false},
    {"*",        "a..b",        false},
    {"*",        "a b",         false},
    {"*",        "\xff",        false},
    {"***.a.io", "b.a.io",      false},
    {"***",      "b",           false},
};

static void compare(const struct row *row, bool got)
{
    if (got != row->matches) {
        fail_msg("'%s' and '%s': %d", row->pattern, row->name, got);
    }
}

static void fqdn(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof fqdn_rows / sizeof *fqdn_rows; i++) {
        const struct row *row = &fqdn_rows[i];
        compare(row, np_fqdn_match(np_slice_of(row->pattern), np_slice_of(row->name)));
    }
}

static void sni(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sni_rows / sizeof *sni_rows; i++) {
        const struct row *row = &sni_rows[i];
        compare(row, np_sni_match(np_slice_of(row->pattern), np_slice_of(row->name)));
    }
}

static void wrong(void **state)
{
    char longest[NP_WILDCARD_MAX + 2];
    (void)state;
    memset(longest, '*', sizeof longest);
    assert_null(np_fqdn_pattern_wrong((struct np_slice){longest, NP_WILDCARD_MAX}));
    assert_non_null(np_fqdn_pattern_wrong((struct np_slice){longest, NP_WILDCARD_MAX + 1}));
    assert_true(np_fqdn_match((struct np_slice){longest, NP_WILDCARD_MAX}, np_slice_of("a.b")));
    memset(longest, 'a', sizeof longest);
    assert_null(np_sni_pattern_wrong((struct np_slice){longest, NP_WILDCARD_MAX}));
    assert_non_null(np_sni_pattern_wrong((struct np_slice){longest, NP_WILDCARD_MAX + 1}));
    assert_null(np_fqdn_pattern_wrong(np_slice_of("A-z_0.9*.io")));
    assert_null(np_sni_pattern_wrong(np_slice_of("A-z_0.9*.**.io")));
    static const char *const bad[] = {"", "a b", "a/b", "a[b]", "a,b", "\xc3\xa9", "a:1", "a?"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_non_null(np_fqdn_pattern_wrong(np_slice_of(bad[i])));
        assert_non_null(np_sni_pattern_wrong(np_slice_of(bad[i])));
    }
    assert_non_null(np_fqdn_pattern_wrong((struct np_slice){"a\0b", 3}));
    assert_null(np_fqdn_pattern_wrong(np_slice_of("***.io")));
    assert_non_null(np_sni_pattern_wrong(np_slice_of("***.io")));
    assert_non_null(np_sni_pattern_wrong(np_slice_of("a.***")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fqdn),
        cmocka_unit_test(sni),
        cmocka_unit_test(wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
