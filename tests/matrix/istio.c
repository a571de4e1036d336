/* SPDX-License-Identifier: Apache-2.0 */
/* Cases 33-43: Istio, and what happens between hops. */
#include "matrix/matrix.h"

static const char *const CLIENT = "spiffe://cluster.local/ns/x/sa/client";

/* The receiving proxy of every workload in a mode, with one stage that allows at its end. */
static struct np_stage *proxy(struct matrix *m, enum netpol_mesh_mode mode, const char *name)
{
    struct np_checkpoint *c = np_build_checkpoint(m->b, NP_CHECK_MESH, NP_INGRESS, name);
    c->mesh_mode = (uint8_t)mode;
    struct np_stage *stage = np_build_stage(m->b, c, name);
    stage->on_end = NP_ON_END_ALLOW;
    return stage;
}

static struct np_tier *mesh_tier(struct matrix *m, struct np_stage *stage, const char *name,
                                 double order)
{
    struct np_tier *t = np_build_tier(m->b, name, order, NP_BY_VERDICT);
    bool allow = strcmp(name, "ALLOW") == 0;
    t->end[NP_INGRESS] = allow ? NP_END_DENY : NP_END_PASS;
    t->end_if = allow ? NP_TIER_ISOLATED : NP_ALWAYS;
    np_build_add_tier(m->b, stage, t);
    return t;
}

static void meshed(struct matrix *m, bool naive)
{
    begin(m, naive);
    pod(m, "x", "client", "app=client", "10.0.0.9", NULL);
    pod(m, "a", "p", "app=p", "10.0.0.1", NULL);
}

static int from_client(struct matrix *m, const struct netpol_request *request)
{
    return ASK(m, .from = "x/client", .to = "a/p", .port = 80, .request = request);
}

static void http_field_on_tcp(struct matrix *m)
{
    meshed(m, false);
    struct np_stage *on_http = proxy(m, NETPOL_MESH_SIDECAR_HTTP, "http");
    struct np_stage *on_tcp = proxy(m, NETPOL_MESH_SIDECAR_TCP, "tcp");
    struct np_stage *on_ztunnel = proxy(m, NETPOL_MESH_ZTUNNEL, "ztunnel");
    struct np_tier *deny = mesh_tier(m, on_http, "DENY", 1);
    np_build_add_tier(m->b, on_tcp, deny);
    struct np_policy *p = policy(m, deny, "post", pods(m, "app=p"), 0);
    const struct np_set *space_x = only(m, principal(m, NP_PATTERN_CONTAINS, "/ns/x/"));
    struct np_match *match = rule(m, p, NP_INGRESS, NP_ACT_DENY);
    match->listener = NP_LISTENER_HTTP;
    match->far = space_x;
    match->request = atom(m, NP_VIEW_METHOD, "POST");
    match = np_build_alt(m->b, m->rule); /* the sidecar drops the atom: wider */
    match->listener = NP_LISTENER_TCP;
    match->far = space_x;
    /* ztunnel: the clause is false, the rule is left without an alternative */
    p = policy(m, mesh_tier(m, on_ztunnel, "DENY ztunnel", 1), "post", pods(m, "app=p"), 0);
    np_build_rule(m->b, p, NP_INGRESS, NP_ACT_DENY);
    seal(m);
    struct netpol_string client = str(CLIENT);
    struct netpol_request request = as(&client);
    static const struct {
        uint8_t mode;
        int right;
    } rows[] = {
        {NETPOL_MESH_SIDECAR_HTTP, NETPOL_INSPECT},
        {NETPOL_MESH_SIDECAR_TCP,  NETPOL_DENY   },
        {NETPOL_MESH_ZTUNNEL,      NETPOL_ALLOW  },
    };
    for (int i = 0; i < 3; i++) {
        EXPECT(m,
               ASK(m, .from = "x/client", .to = "a/p", .port = 80, .request = &request,
                   .point = {.plane = NETPOL_PLANE_MESH, .mode = rows[i].mode}),
               rows[i].right);
    }
}

static void external_decision(struct matrix *m)
{
    for (int also_denied = 0; also_denied < 2; also_denied++) {
        meshed(m, false);
        struct np_stage *stage = proxy(m, NETPOL_MESH_SIDECAR_HTTP, "sidecar");
        struct np_policy *p =
            policy(m, mesh_tier(m, stage, "CUSTOM", 1), "ask", pods(m, "app=p"), 0);
        rule(m, p, NP_INGRESS, NP_ACT_ASK)->request = atom(m, NP_VIEW_PATH_ISTIO, "/admin");
        m->rule->provider = text(m, "opa");
        if (also_denied) {
            rule(m, policy(m, mesh_tier(m, stage, "DENY", 2), "deny", pods(m, "app=p"), 0),
                 NP_INGRESS, NP_ACT_DENY);
        }
        seal(m);
        struct netpol_request admin = http("GET", "/admin?x=1");
        EXPECT(m, from_client(m, &admin), also_denied ? NETPOL_DENY : NETPOL_UNKNOWN);
        CHECK(m, also_denied || m->verdict.mesh.reason == NETPOL_REASON_EXTERNAL);
        struct netpol_pair said = {str("opa"), str("allow")};
        admin.decisions = &said;
        admin.n_decisions = 1;
        EXPECT(m, from_client(m, &admin), also_denied ? NETPOL_DENY : NETPOL_ALLOW);
        said.value = str("deny");
        EXPECT(m, from_client(m, &admin), NETPOL_DENY);
        struct netpol_request other = http("GET", "/other");
        EXPECT(m, from_client(m, &other), also_denied ? NETPOL_DENY : NETPOL_ALLOW);
    }
}

static void not_a_principal(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) { /* naive: a principal is there and is another */
        meshed(m, naive);
        struct np_stage *stage = proxy(m, NETPOL_MESH_SIDECAR_TCP, "sidecar");
        struct np_policy *p =
            policy(m, mesh_tier(m, stage, "DENY", 1), "not-a", pods(m, "app=p"), 0);
        const struct np_literal *a = principal(m, NP_PATTERN_EXACT, CLIENT);
        rule(m, p, NP_INGRESS, NP_ACT_DENY)->far =
            naive ? minus(m, principal(m, NP_PATTERN_PRESENT, NULL), a) : except(m, a);
        seal(m);
        struct netpol_string client = str(CLIENT);
        struct netpol_request plaintext = as(NULL);
        struct netpol_request mtls = as(&client);
        EXPECT(m, from_client(m, &plaintext), naive ? NETPOL_ALLOW : NETPOL_DENY);
        EXPECT(m, from_client(m, &mtls), NETPOL_ALLOW);
        EXPECT(m, from_client(m, NULL), NETPOL_INSPECT); /* says nothing of identity */
    }
}

static void header_given_twice(struct matrix *m)
{
    enum { JOINED, EACH, SAFE };
    static const int deny_not_admin[] = {NETPOL_DENY, NETPOL_ALLOW, NETPOL_DENY};
    static const int allow_user[] = {NETPOL_DENY, NETPOL_ALLOW, NETPOL_DENY};
    for (int reading = JOINED; reading <= SAFE; reading++) {
        for (int allow = 0; allow < 2; allow++) {
            meshed(m, reading == EACH);
            np_build_options(m->b)->header_reading = (uint8_t)reading;
            struct np_stage *stage = proxy(m, NETPOL_MESH_SIDECAR_HTTP, "sidecar");
            struct np_policy *p = policy(m, mesh_tier(m, stage, allow ? "ALLOW" : "DENY", 1), "x",
                                         pods(m, "app=p"), allow ? INGRESS : 0);
            rule(m, p, NP_INGRESS, allow ? NP_ACT_ALLOW : NP_ACT_DENY)->request =
                allow ? header(m, "x", "user") : not(m, header(m, "x", "admin"));
            seal(m);
            struct netpol_pair headers[] = {
                {str("x"), str("admin")},
                {str("X"), str("user") }
            };
            struct netpol_request get = http("GET", "/");
            get.headers = headers;
            get.n_headers = 2;
            EXPECT(m, from_client(m, &get), allow ? allow_user[reading] : deny_not_admin[reading]);
            get.n_headers = 1; /* once: every reading agrees */
            EXPECT(m, from_client(m, &get), allow ? NETPOL_DENY : NETPOL_ALLOW);
        }
    }
}

static void note_on_a_denied_request(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) { /* naive: the note is looked at after the denial */
        meshed(m, naive);
        struct np_stage *stage = proxy(m, NETPOL_MESH_SIDECAR_HTTP, "sidecar");
        struct np_policy *p =
            policy(m, mesh_tier(m, stage, "AUDIT", naive ? 9 : 1), "audit", pods(m, "app=p"), 0);
        rule(m, p, NP_INGRESS, NP_ACT_NOTE)->request = atom(m, NP_VIEW_PATH_ISTIO, "/admin");
        p = policy(m, mesh_tier(m, stage, "DENY", 2), "deny", pods(m, "app=p"), 0);
        rule(m, p, NP_INGRESS, NP_ACT_DENY)->far = only(m, cidr(m, "10.0.0.0/24", NP_DOMAIN_ALL));
        seal(m);
        struct netpol_request admin = http("GET", "/admin");
        struct netpol_request other = http("GET", "/other");
        EXPECT(m, from_client(m, &admin), NETPOL_DENY);
        EXPECT(m, !!(m->verdict.mesh.flags & NETPOL_PART_AUDIT), !naive);
        EXPECT(m, from_client(m, &other), NETPOL_DENY);
        EXPECT(m, !!(m->verdict.mesh.flags & NETPOL_PART_AUDIT), 0);
        /* without a request: denied already, and yet something to observe */
        struct np_hop hop = {.family = 4, .protocol = TCP, .has_ports = true, .dst_port = 80};
        uint32_t owners;
        struct np_address client = prefix("10.0.0.9").address;
        struct np_address server = prefix("10.0.0.1").address;
        np_inventory_end(&m->model->inventory, &m->model->options, 0, &client, 4, 0, &hop.src,
                         &owners);
        np_inventory_end(&m->model->inventory, &m->model->options, 0, &server, 4, 0, &hop.dst,
                         &owners);
        struct np_result result;
        np_reference_checkpoint(m->model, m->model->checkpoints[0], &hop, NULL, &result);
        EXPECT(m, result.action, NETPOL_DENY);
        EXPECT(m, result.observe, !naive);
    }
}

static void through_a_waypoint(struct matrix *m)
{
    meshed(m, false);
    pod(m, "a", "waypoint", "app=waypoint", "10.0.0.7", NULL);
    struct np_stage *stage = proxy(m, NETPOL_MESH_ZTUNNEL, "ztunnel");
    struct np_policy *p =
        policy(m, mesh_tier(m, stage, "ALLOW", 1), "client", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->far = only(m, principal(m, NP_PATTERN_EXACT, CLIENT));
    seal(m);
    struct netpol_string client = str(CLIENT);
    struct netpol_string waypoint = str("spiffe://cluster.local/ns/a/sa/waypoint");
    struct netpol_request first = as(&client);
    struct netpol_request second = as(&waypoint);
    struct netpol_verdict hops[2];
    EXPECT(m, ASK(m, .from = "x/client", .to = "a/waypoint", .port = 80, .request = &first),
           NETPOL_ALLOW);
    hops[0] = m->verdict;
    EXPECT(m, ASK(m, .from = "a/waypoint", .to = "a/p", .port = 80, .request = &second),
           NETPOL_DENY);
    hops[1] = m->verdict;
    struct netpol_verdict path;
    np_reference_combine(hops, 2, &path);
    EXPECT(m, path.action, NETPOL_DENY);
    EXPECT(m, path.mesh.rule, hops[1].mesh.rule);
    EXPECT(m, from_client(m, &first), NETPOL_ALLOW); /* naive: one hop */
}

static void tunnelled_port(struct matrix *m)
{
    meshed(m, false);
    struct np_policy *p = policy(m, kubernetes_tier(m), "web", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->service = port(m, TCP, 8080);
    proxy(m, NETPOL_MESH_ZTUNNEL, "ztunnel");
    seal(m);
    struct netpol_string client = str(CLIENT);
    struct netpol_request request = as(&client);
    request.payload = NETPOL_PAYLOAD_HBONE;
    struct netpol_verdict planes[2];
    EXPECT(m,
           ASK(m, .from = "x/client", .to = "a/p", .port = 15008, .request = &request,
               .point = {.plane = NETPOL_PLANE_NETWORK}),
           NETPOL_DENY);
    planes[0] = m->verdict;
    EXPECT(m,
           ASK(m, .from = "x/client", .to = "a/p", .port = 8080, .request = &request,
               .point = {.plane = NETPOL_PLANE_MESH}),
           NETPOL_ALLOW);
    planes[1] = m->verdict;
    struct netpol_verdict hop;
    np_reference_combine(planes, 2, &hop);
    EXPECT(m, hop.action, NETPOL_DENY);
    /* naive: the port that the application sees */
    EXPECT(m, ASK(m, .from = "x/client", .to = "a/p", .port = 8080, .request = &request),
           NETPOL_ALLOW);
}

static void allow_with_nothing_in_it(struct matrix *m)
{
    enum { ABSENT, DROPPED };
    for (int rules = ABSENT; rules <= DROPPED; rules++) {
        for (int naive = 0; naive < 2; naive++) {
            meshed(m, naive);
            struct np_stage *stage = proxy(m, NETPOL_MESH_SIDECAR_TCP, "sidecar");
            struct np_policy *p = policy(m, mesh_tier(m, stage, "ALLOW", 1), "allow",
                                         pods(m, "app=p"), naive ? 0 : INGRESS);
            if (rules == DROPPED) { /* an HTTP rule does not exist on a TCP listener */
                rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->listener = NP_LISTENER_HTTP;
            }
            seal(m);
            EXPECT(m, from_client(m, NULL), naive ? NETPOL_ALLOW : NETPOL_DENY);
        }
    }
}

static void dry_run(struct matrix *m)
{
    for (int naive = 0; naive < 2; naive++) {
        meshed(m, naive);
        struct np_stage *stage = proxy(m, NETPOL_MESH_SIDECAR_TCP, "sidecar");
        struct np_policy *p =
            policy(m, mesh_tier(m, stage, "ALLOW", 1), "dry", pods(m, "app=p"), INGRESS);
        p->state = naive ? NP_ENFORCED : NP_DRY_RUN;
        rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->service = port(m, TCP, 9999);
        seal(m);
        EXPECT(m, from_client(m, NULL), naive ? NETPOL_DENY : NETPOL_ALLOW);
        CHECK(m, naive || (m->verdict.mesh.flags & NETPOL_PART_WOULD_DENY));
        CHECK(m, naive || m->verdict.mesh.staged != 0);
    }
}

static void plaintext_and_mtls(struct matrix *m)
{
    meshed(m, false);
    struct np_stage *stage = proxy(m, NETPOL_MESH_SIDECAR_TCP, "sidecar");
    struct np_policy *p =
        policy(m, mesh_tier(m, stage, "PeerAuthentication", 0), "strict", pods(m, "app=p"), 0);
    rule(m, p, NP_INGRESS, NP_ACT_DENY)->request = not(m, atom(m, NP_VIEW_MTLS, NULL));
    seal(m);
    struct netpol_string client = str(CLIENT);
    struct netpol_request mtls = as(&client);
    struct netpol_request plaintext = as(NULL);
    EXPECT(m, from_client(m, &plaintext), NETPOL_DENY);
    EXPECT(m, from_client(m, &mtls), NETPOL_ALLOW);
    EXPECT(m, from_client(m, NULL), NETPOL_INSPECT); /* the address alone cannot tell */
}

static void http_rule_on_an_encrypted_hop(struct matrix *m)
{
    meshed(m, false);
    struct np_policy *p = policy(m, kubernetes_tier(m), "l7", pods(m, "app=p"), INGRESS);
    rule(m, p, NP_INGRESS, NP_ACT_ALLOW)->request = atom(m, NP_VIEW_METHOD, "GET");
    m->rule->redirect_parser = NP_PARSER_HTTP;
    struct np_stage *stage = proxy(m, NETPOL_MESH_SIDECAR_HTTP, "sidecar");
    p = policy(m, mesh_tier(m, stage, "DENY", 1), "admin", pods(m, "app=p"), 0);
    rule(m, p, NP_INGRESS, NP_ACT_DENY)->request = atom(m, NP_VIEW_PATH_ISTIO, "/admin");
    seal(m);
    struct netpol_request get = http("GET", "/");
    EXPECT(m, from_client(m, NULL), NETPOL_INSPECT);      /* naive: the payload is not looked at */
    EXPECT(m, m->verdict.ingress.action, NETPOL_INSPECT); /* each checkpoint its own program */
    EXPECT(m, m->verdict.mesh.action, NETPOL_INSPECT);
    EXPECT(m, from_client(m, &get), NETPOL_ALLOW);
    get.payload = NETPOL_PAYLOAD_TLS;
    EXPECT(m, from_client(m, &get), NETPOL_DENY);
    EXPECT(m, m->verdict.ingress.reason, NETPOL_REASON_PROTOCOL);
    EXPECT(m, m->verdict.mesh.action, NETPOL_ALLOW); /* the proxy that ends TLS can read it */
}

const struct matrix_case istio_cases[] = {
    {33, "HTTP fields on HTTP, TCP and ztunnel",    http_field_on_tcp            },
    {34, "CUSTOM without a decision",               external_decision            },
    {35, "notPrincipals, plaintext, nothing said",  not_a_principal              },
    {36, "a header given twice",                    header_given_twice           },
    {37, "AUDIT of a request denied by address",    note_on_a_denied_request     },
    {38, "a principal behind a waypoint",           through_a_waypoint           },
    {39, "ambient, and a policy on the inner port", tunnelled_port               },
    {40, "an ALLOW policy with nothing in it",      allow_with_nothing_in_it     },
    {41, "dry-run as the only ALLOW",               dry_run                      },
    {42, "plaintext and mTLS of one pod",           plaintext_and_mtls           },
    {43, "an HTTP rule on a hop the mesh encrypts", http_rule_on_an_encrypted_hop},
    {0,  NULL,                                      NULL                         },
};
