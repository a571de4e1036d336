# SPDX-License-Identifier: Apache-2.0
"""netpol eval --output hubble and hubble-compact: decisions as Hubble would show them.

Sources: api/v1/flow/flow.proto, hubble/pkg/printer/printer.go (WriteProtoFlow), pkg/hubble/parser
(threefour, seven), pkg/policy/correlation/correlation.go, bpf/lib/policy.h of cilium/cilium.
"""

import re
import tempfile
import unittest
import pathlib

from tool import run

CLUSTER = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {team: a}}
---
apiVersion: v1
kind: Node
metadata: {name: n1}
spec: {podCIDR: 10.0.0.0/24}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---
apiVersion: v1
kind: Node
metadata: {name: n2}
status: {addresses: [{type: InternalIP, address: 192.168.0.2}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: web-1
  namespace: shop
  labels: {app: web, pod-template-hash: abc}
  ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: web, uid: u, controller: true}]
spec: {nodeName: n1}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
spec: {nodeName: n2}
status: {podIP: 10.0.0.2}
---
apiVersion: v1
kind: Pod
metadata: {name: namer, namespace: shop, labels: {app: znamer}}
spec: {nodeName: n2}
status: {podIP: 10.0.0.3}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {clusterIP: 10.96.0.9, selector: {app: web}, ports: [{port: 8080, targetPort: 81}]}
---
"""
POLICIES = """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: cart}}]
      toPorts:
        - ports: [{port: "80", protocol: TCP}]
          rules: {http: [{method: GET, path: /pub/.*}]}
    - fromEndpoints: [{matchLabels: {app: cart}}]
      toPorts: [{ports: [{port: "81", protocol: TCP}]}]
    - toPorts: [{ports: [{port: "82", protocol: TCP}]}]
    - fromEndpoints: [{matchLabels: {app: cart}}]
      authentication: {mode: required}
      toPorts: [{ports: [{port: "90", protocol: TCP}]}]
    - fromCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.128/25]}]
    - icmps: [{fields: [{type: 8}, {type: 0}]}]
    - fromEndpoints: [{matchLabels: {app: cart}}]
      authentication: {mode: required}
      toPorts:
        - ports: [{port: "91", protocol: TCP}]
          rules: {http: [{}]}
    - fromEndpoints: [{matchLabels: {app: cart}}]
      toPorts: [{ports: [{port: "256", endPort: 511, protocol: TCP}]}]
  ingressDeny:
    - fromEndpoints: [{matchLabels: {app: cart}}]
      toPorts: [{ports: [{port: "66", protocol: TCP}]}]
  log: {value: web-policy}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: web-too, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: web}}
  ingress:
    - fromEndpoints: [{matchLabels: {app: cart}}]
      toPorts: [{ports: [{port: "81", protocol: TCP}, {port: "80", protocol: TCP}]}]
    - fromEntities: [all]
      toPorts: [{ports: [{port: "81", protocol: TCP}]}]
    - toPorts: [{ports: [{port: "300", protocol: TCP}]}]
  log: {value: too}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: cart, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: cart}}
  egress:
    - toEndpoints: [{}]
    - toPorts:
        - ports: [{port: "53", protocol: UDP}]
          rules: {dns: [{matchName: api.example.com}]}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: namer, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: znamer}}
  egress:
    - toFQDNs: [{matchName: api.example.com}]
"""


class Hubble(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name) / "set.yaml"
        self.path.write_text(CLUSTER + POLICIES)

    def tearDown(self):
        self.folder.cleanup()

    def ask(self, src, dst, *more, output="hubble", profile="cilium"):
        return run("eval", "-q", "--profile", profile, "--output", output, "--from", src, "--to",
                   dst, *more, str(self.path))

    def flows(self, *question, **how):
        return [line["flow"] for line in self.ask(*question, **how).lines()]

    def lines(self, *question, **how):
        return self.ask(*question, output="hubble-compact", **how).out.splitlines()

    def names(self, flow, member):
        return [policy.get("name") or policy["labels"][0] for policy in flow.get(member, [])]

    def test_both_sides_of_an_allow(self):
        told = self.ask("shop/cart", "shop/web-1:81")
        self.assertEqual(told.code, 0)
        first, second = told.lines()
        self.assertEqual(first["node_name"], "default/n2")
        self.assertNotIn("time", first)
        flow = first["flow"]
        self.assertEqual(list(flow), [
            "uuid", "verdict", "IP", "l4", "source", "destination", "Type", "node_name",
            "event_type", "traffic_direction", "policy_match_type", "is_reply",
            "egress_allowed_by", "Summary"])
        self.assertEqual(flow["verdict"], "FORWARDED")
        self.assertEqual(flow["IP"], {"source": "10.0.0.2", "destination": "10.0.0.1",
                                      "ipVersion": "IPv4"})
        self.assertEqual(flow["l4"], {"TCP": {"destination_port": 81, "flags": {"SYN": True}}})
        self.assertEqual(flow["Type"], "L3_L4")
        self.assertEqual(flow["event_type"], {"type": 5})
        self.assertEqual(flow["traffic_direction"], "EGRESS")
        self.assertEqual(flow["policy_match_type"], 1)
        self.assertIs(flow["is_reply"], False)
        self.assertEqual(flow["egress_allowed_by"], [{
            "name": "cart", "namespace": "shop", "kind": "CiliumNetworkPolicy",
            "labels": ["k8s:io.cilium.k8s.policy.derived-from=CiliumNetworkPolicy",
                       "k8s:io.cilium.k8s.policy.name=cart",
                       "k8s:io.cilium.k8s.policy.namespace=shop"]}])
        self.assertEqual(flow["Summary"], "TCP Flags: SYN")
        self.assertEqual(second["flow"]["traffic_direction"], "INGRESS")
        self.assertEqual(second["netpol"]["verdict"], "allow")
        self.assertEqual(second["netpol"]["policy"], "CiliumNetworkPolicy/shop/web")
        self.assertRegex(second["netpol"]["position"], r"set\.yaml:\d+:\d+$")

    def test_an_end_is_an_identity(self):
        flow = self.flows("shop/cart", "shop/web-1:81")[1]
        self.assertEqual(flow["source"]["identity"], 256)
        self.assertEqual(flow["destination"], {
            "identity": 257, "cluster_name": "default", "namespace": "shop",
            "labels": ["k8s:app=web",
                       "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=shop",
                       "k8s:io.cilium.k8s.namespace.labels.team=a",
                       "k8s:io.cilium.k8s.policy.cluster=default",
                       "k8s:io.cilium.k8s.policy.serviceaccount=default",
                       "k8s:io.kubernetes.pod.namespace=shop"],
            "pod_name": "web-1", "workloads": [{"name": "web", "kind": "StatefulSet"}]})
        inside, = self.flows("203.0.113.1", "shop/web-1:7")
        self.assertEqual(inside["source"], {
            "identity": 16777217, "labels": ["cidr:203.0.113.0/24", "reserved:world"]})
        excepted, = self.flows("203.0.113.200", "shop/web-1:7")
        self.assertEqual(excepted["source"]["labels"][0], "cidr:203.0.113.128/25")
        own, = self.flows("192.168.0.1", "shop/web-1:7")
        self.assertEqual(own["source"], {"identity": 1, "labels": ["reserved:host"]})
        other, = self.flows("192.168.0.2", "shop/web-1:7")
        self.assertEqual(other["source"], {"identity": 6, "labels": ["reserved:remote-node"]})
        unlearnt, = self.flows("10.0.0.77", "shop/web-1:7")
        self.assertEqual(unlearnt["source"], {})  # of the pods' range, nobody's

    def test_policies_of_the_entry_that_answers(self):
        # two policies make the entry of the peer and the port; the one of the port alone is shorter
        flow = self.flows("shop/cart", "shop/web-1:81")[1]
        self.assertEqual(self.names(flow, "ingress_allowed_by"), ["web", "web-too"])
        self.assertEqual(flow["policy_match_type"], 2)
        self.assertEqual(flow["policy_log"], ["too", "web-policy"])  # in order, pkg/policy/origin.go
        flow, = self.flows("198.51.100.1", "shop/web-1:81")
        self.assertEqual(self.names(flow, "ingress_allowed_by"), ["web-too"])
        self.assertEqual(flow["policy_match_type"], 3)
        # a redirect outranks a plain allow of the same rank (CVE-2024-52529 was the other way)
        flow = self.flows("shop/cart", "shop/web-1:80")[1]
        self.assertEqual(self.names(flow, "ingress_allowed_by"), ["web"])
        self.assertEqual(flow["verdict"], "REDIRECTED")

    def test_why_it_is_dropped(self):
        explicit = self.flows("shop/cart", "shop/web-1:66")[1]
        self.assertEqual((explicit["verdict"], explicit["drop_reason"],
                          explicit["drop_reason_desc"]), ("DROPPED", 181, "POLICY_DENY"))
        self.assertEqual(self.names(explicit, "ingress_denied_by"), ["web"])
        nothing = self.flows("shop/cart", "shop/web-1:67")[1]
        self.assertEqual((nothing["drop_reason"], nothing["drop_reason_desc"]),
                         (133, "POLICY_DENIED"))
        self.assertNotIn("policy_match_type", nothing)
        self.assertNotIn("is_reply", nothing)  # threefour, decodeIsReply: not known of drops
        self.assertNotIn("ingress_denied_by", nothing)

    def test_what_is_not_passed_on_is_not_met_again(self):
        flow, = self.flows("shop/cart", "8.8.8.8:9")
        self.assertEqual((flow["verdict"], flow["traffic_direction"]), ("DROPPED", "EGRESS"))
        # an egress that may be denied ends the row as well: names are not known
        told = self.ask("shop/namer", "198.51.100.9:443")
        self.assertEqual(told.code, 2)
        line, = told.lines()
        self.assertEqual(line["flow"]["verdict"], "ERROR")
        self.assertEqual(line["netpol"]["missing"], ["names"])
        compact, = self.lines("shop/namer", "198.51.100.9:443")
        self.assertIn(" DENIED ", compact)

    def test_authentication(self):
        waiting = self.flows("shop/cart", "shop/web-1:90")[1]
        self.assertEqual((waiting["verdict"], waiting["drop_reason_desc"], waiting["auth_type"]),
                         ("DROPPED", "AUTH_REQUIRED", "SPIRE"))
        self.assertNotIn("ingress_denied_by", waiting)  # CorrelatePolicy: of policy drops only
        self.assertEqual(waiting["policy_match_type"], 2)
        done = self.flows("shop/cart", "shop/web-1:90", "--authenticated", "yes")[1]
        self.assertEqual((done["verdict"], done["auth_type"]), ("FORWARDED", "SPIRE"))
        line = self.lines("shop/cart", "shop/web-1:90", "--authenticated", "yes")[1]
        self.assertTrue(line.endswith(" ALLOWED (TCP Flags: SYN; Auth: SPIRE)"), line)

    def test_authentication_goes_before_a_proxy(self):
        # bpf/lib/policy.h, __policy_check: a redirect waits for authentication, too
        ask = ("shop/cart", "shop/web-1:91", "--http", "GET /", "--host", "web")
        waiting = self.flows(*ask)
        self.assertEqual(len(waiting), 2)  # the proxy sees nothing of it
        self.assertEqual(waiting[1]["drop_reason_desc"], "AUTH_REQUIRED")
        done = self.flows(*ask, "--authenticated", "yes")
        self.assertEqual([f["verdict"] for f in done], ["FORWARDED", "REDIRECTED", "FORWARDED"])
        self.assertEqual(done[1]["auth_type"], "SPIRE")
        self.assertNotIn("auth_type", done[2])  # flow.proto: on policy verdicts only
        self.assertNotIn("flags", done[2]["l4"]["TCP"])

    def test_the_longer_key_answers(self):
        # bpf/lib/policy.h: 8 bits of port (256-511) and the peer, all 16 bits of port and nobody
        flow = self.flows("shop/cart", "shop/web-1:300")[1]
        self.assertEqual((flow["policy_match_type"], self.names(flow, "ingress_allowed_by")),
                         (3, ["web-too"]))
        self.assertEqual(flow["policy_log"], ["too"])
        flow = self.flows("shop/cart", "shop/web-1:301")[1]
        self.assertEqual((flow["policy_match_type"], self.names(flow, "ingress_allowed_by")),
                         (2, ["web"]))

    def test_flows_without_port_or_type_name_no_policies(self):
        # pkg/policy/correlation/correlation.go, extractFlowKey: 0 is no key; pkg/policy/types/types.go,
        # WithPort: the key of type 0 has the protocol alone
        flow, = self.flows("192.168.0.2", "shop/web-1", "--icmp", "0/0")
        self.assertEqual((flow["verdict"], flow["policy_match_type"]), ("FORWARDED", 6))
        self.assertNotIn("ingress_allowed_by", flow)
        flow, = self.flows("192.168.0.2", "shop/web-1", "--icmp", "8/0")
        self.assertEqual(self.names(flow, "ingress_allowed_by"), ["web"])

    def test_requests_have_flows_of_their_own(self):
        told = self.flows("shop/cart", "shop/web-1:80", "--http", "GET /pub/a", "--host", "web",
                          "--header", "x-request-id: 7", "--header", "Accept: b")
        self.assertEqual([f["verdict"] for f in told], ["FORWARDED", "REDIRECTED", "FORWARDED"])
        request = told[2]
        self.assertEqual(request["Type"], "L7")
        self.assertEqual(request["event_type"], {"type": 129})
        self.assertEqual(request["l7"], {"type": "REQUEST", "http": {
            "method": "GET", "url": "http://web/pub/a", "protocol": "HTTP/1.1",
            "headers": [{"key": "Accept", "value": "b"}, {"key": "X-Request-Id", "value": "7"}]}})
        self.assertEqual(request["Summary"], "HTTP/1.1 GET http://web/pub/a")
        self.assertEqual(request["traffic_direction"], "INGRESS")

    def test_denied_requests(self):
        ask = ("shop/cart", "8.8.8.8:53", "--protocol", "UDP", "--dns")
        verdict, query = self.flows(*ask, "Evil.example.com")
        self.assertEqual(verdict["verdict"], "REDIRECTED")
        self.assertEqual(query["verdict"], "DROPPED")
        self.assertEqual(query["l7"]["dns"],
                         {"query": "evil.example.com.", "observation_source": "proxy"})
        self.assertEqual(self.flows(*ask, "api.example.com")[1]["verdict"], "FORWARDED")

    def test_server_names(self):
        self.path.write_text(CLUSTER + """\
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: tls, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: cart}}
  egress:
    - toPorts: [{ports: [{port: "443", protocol: TCP}], serverNames: [api.example.com]}]
""")
        for name, answer in (("api.example.com", "allow"), ("evil.example.com", "deny")):
            line, = self.ask("shop/cart", "8.8.8.8:443", "--sni", name).lines()
            self.assertEqual(line["flow"]["verdict"], "REDIRECTED")
            self.assertEqual(line["netpol"]["answer"], answer)

    def test_compact_lines(self):
        for question, lines in (
            (("shop/cart", "shop/web-1:81"), [
                "N/A [default/n2]: shop/cart (ID:256) -> shop/web-1:81 (ID:257) "
                "policy-verdict:L3-Only EGRESS ALLOWED (TCP Flags: SYN)",
                "N/A [default/n1]: shop/cart (ID:256) -> shop/web-1:81 (ID:257) "
                "policy-verdict:L3-L4 INGRESS ALLOWED (TCP Flags: SYN)"]),
            (("203.0.113.200", "shop/web-1:7"), [
                "N/A [default/n1]: 203.0.113.200 (ID:16777218) <> shop/web-1:7 (ID:257) "
                "policy-verdict:none INGRESS DENIED (TCP Flags: SYN)"]),
            (("192.168.0.1", "shop/web-1", "--icmp", "8/0"), [
                "N/A [default/n1]: 192.168.0.1 (host) -> shop/web-1 (ID:257) "
                "policy-verdict:L4-Only INGRESS ALLOWED (ICMPv4 EchoRequest)"]),
            (("8.8.8.8", "shop/web-1:82"), [
                "N/A [default/n1]: 8.8.8.8 (world) -> shop/web-1:82 (ID:257) "
                "policy-verdict:L4-Only INGRESS ALLOWED (TCP Flags: SYN)"]),
        ):
            with self.subTest(question=question):
                self.assertEqual(self.lines(*question), lines)

    def test_requests_in_compact_lines(self):
        last = self.lines("shop/cart", "shop/web-1:80", "--http", "GET /pub/a", "--host", "web")[-1]
        self.assertTrue(last.endswith("http-request FORWARDED (HTTP/1.1 GET http://web/pub/a)"))
        last = self.lines("shop/cart", "8.8.8.8:53", "--protocol", "UDP", "--dns", "x.example")[-1]
        self.assertTrue(last.endswith("dns-request proxy DROPPED (DNS Query x.example.)"))

    def test_times(self):
        for time in ("2026-01-31T23:59:59Z", "1970-01-01T00:00:00Z", "2000-02-29T12:00:00Z",
                     "2100-03-01T00:00:00Z"):
            line = self.ask("8.8.8.8", "shop/web-1:82", "--time", time).lines()[0]
            self.assertEqual((line["time"], line["flow"]["time"]), (time, time))
            self.assertTrue(self.lines("8.8.8.8", "shop/web-1:82", "--time", time)[0]
                            .startswith(time + " [default/n1]: "))
        line = self.ask("8.8.8.8", "shop/web-1:82", "--time", "2026-01-31T23:59:59.25Z").lines()[0]
        self.assertEqual(line["time"], "2026-01-31T23:59:59.250000000Z")
        for time in ("2026-02-29T00:00:00Z", "2026-01-31", "2026-01-31T24:00:00Z", "now",
                     "2026-01-31T23:59:59+01:00"):
            self.assertEqual(self.ask("8.8.8.8", "shop/web-1:82", "--time", time).code, 3, time)

    def test_the_same_question_has_the_same_uuid(self):
        def uuids(*question):
            return [flow["uuid"] for flow in self.flows(*question)]
        seen = uuids("shop/cart", "shop/web-1:81")
        self.assertEqual(seen, uuids("shop/cart", "shop/web-1:81"))
        self.assertEqual(len(set(seen + uuids("shop/cart", "shop/web-1:82"))), 4)
        for uuid in seen:
            self.assertTrue(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}"
                                         r"-[0-9a-f]{12}", uuid), uuid)

    def test_services_and_names(self):
        flow = self.flows("shop/cart", "svc/shop/web:8080")[1]
        self.assertEqual(flow["l4"]["TCP"]["destination_port"], 81)
        self.assertEqual(flow["destination_service"], {"name": "web", "namespace": "shop"})
        line = self.lines("shop/cart", "svc/shop/web:8080")[1]
        self.assertIn(" -> shop/web-1:81 (ID:257) ", line)
        line, = self.lines("shop/namer", "198.51.100.9:443", "--dst-names",
                           "api.example.com,b.example.com")
        self.assertIn(" -> api.example.com,b.example.com:443 (world) ", line)
        flow, = self.flows("shop/namer", "198.51.100.9:443", "--dst-names", "api.example.com")
        self.assertEqual((flow["verdict"], flow["destination_names"]),
                         ("FORWARDED", ["api.example.com"]))

    def test_other_engines(self):
        self.path.write_text(CLUSTER + """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  ingress: [{ports: [{port: 80}]}]
""")
        for profile in ("kubernetes", "calico"):
            egress, ingress = self.flows("shop/cart", "shop/web-1:80", profile=profile)
            self.assertNotIn("identity", ingress["destination"])
            self.assertNotIn("cluster_name", ingress["destination"])
            self.assertEqual(ingress["node_name"], "n1")
            self.assertEqual(self.names(ingress, "ingress_allowed_by"), ["web"])
            self.assertEqual(egress["verdict"], "FORWARDED")
        self.assertEqual(self.flows("shop/cart", "shop/web-1:81", profile="kubernetes")[1]["verdict"],
                         "DROPPED")

    def test_where_nothing_is_said(self):
        self.path.write_text(CLUSTER)
        egress, ingress = self.flows("shop/cart", "shop/web-1:80")
        self.assertEqual(self.names(egress, "egress_allowed_by"),
                         ["reserved:io.cilium.policy.derived-from=allow-any-egress"])
        self.assertEqual(self.names(ingress, "ingress_allowed_by"),
                         ["reserved:io.cilium.policy.derived-from=allow-any-ingress"])
        self.assertEqual(ingress["policy_match_type"], 4)
        self.assertEqual(self.ask("8.8.8.8", "9.9.9.9:80").out, "")  # nobody judges

    def test_an_own_node_is_let_in(self):
        flow, = self.flows("192.168.0.1", "shop/web-1:7")
        self.assertEqual(self.names(flow, "ingress_allowed_by"),
                         ["reserved:io.cilium.policy.derived-from=allow-localhost-ingress"])

    def test_ends_that_are_neither_pods_nor_nodes(self):
        # pkg/identity/identity.go, LookupReservedIdentityByLabels: one reserved label is its number
        self.path.write_text(CLUSTER + """\
apiVersion: cilium.io/v2
kind: CiliumNode
metadata: {name: n1}
spec: {health: {ipv4: 10.0.0.250}, ingress: {ipv4: 10.0.0.251}}
""")
        for address, number, label in (("10.0.0.250", 4, "reserved:health"),
                                       ("10.0.0.251", 8, "reserved:ingress")):
            flow, = self.flows(address, "shop/web-1:80")
            self.assertEqual(flow["source"], {"identity": number, "labels": [label]})

    def test_many_questions(self):
        told = run("eval", "-q", "--profile", "cilium", "--output", "hubble-compact",
                   "--requests", "-", str(self.path),
                   stdin='{"src":{"pod":"shop/cart"},"dst":{"pod":"shop/web-1"},"port":81}\n'
                         '{"src":{"pod":"shop/cart"},"dst":{"pod":"shop/web-1"},"port":67}\n')
        self.assertEqual(len(told.out.splitlines()), 4, told.err)

    def test_what_does_not_go_together(self):
        self.assertEqual(self.ask("shop/cart", "shop/web-1:81", "--explain").code, 3)
        for command in ("check", "list"):
            self.assertEqual(run(command, "--output", "hubble", str(self.path)).code, 3)


if __name__ == "__main__":
    unittest.main()
