# SPDX-License-Identifier: Apache-2.0
"""netpol eval --output calico and --staged: flow records, and what staged policies would do."""

import pathlib
import tempfile
import unittest

from tool import run

POLICIES = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
status: {podIP: 10.0.0.2}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: platform}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  ingress:
    - {action: Deny, from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: bad}}}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - ports: [{port: 22}]
    - ports: [{port: 80}]
"""
CALICO = """\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
status: {podIP: 10.0.0.1}
---
apiVersion: v1
kind: Pod
metadata: {name: cart, namespace: shop, labels: {app: cart}}
status: {podIP: 10.0.0.2}
---
apiVersion: projectcalico.org/v3
kind: Tier
metadata: {name: security}
spec: {order: 10}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: base}
spec:
  tier: security
  order: 1
  selector: app == 'web'
  types: [Ingress]
  ingress:
    - {action: Deny, protocol: TCP, destination: {ports: [22]}}
    - {action: Pass}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  order: 10
  selector: app == 'web'
  types: [Ingress]
  ingress:
    - {action: Log}
    - {action: Allow, protocol: TCP, destination: {ports: [80]}, http: {methods: [GET], paths: [{prefix: /pub/}]}}
    - {action: Allow, protocol: TCP, destination: {ports: [81]}}
---
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: stricter, namespace: shop}
spec:
  order: 5
  selector: app == 'web'
  types: [Ingress]
  ingress:
    - {action: Deny, protocol: TCP, destination: {ports: [81]}}
    - {action: Allow, protocol: TCP, destination: {ports: [90]}}
    - {action: Pass, protocol: TCP, destination: {ports: [91]}}
---
apiVersion: projectcalico.org/v3
kind: StagedGlobalNetworkPolicy
metadata: {name: cart}
spec: {order: 5, selector: app == 'cart', types: [Egress]}
---
apiVersion: projectcalico.org/v3
kind: StagedKubernetesNetworkPolicy
metadata: {name: kube, namespace: shop}
spec:
  podSelector: {matchLabels: {app: cart}}
  policyTypes: [Ingress]
  ingress: [{ports: [{port: 99}]}]
"""
HOST = """\
apiVersion: v1
kind: Node
metadata: {name: n1}
status: {addresses: [{type: InternalIP, address: 192.168.0.1}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {nodeName: n1}
status: {podIP: 10.0.0.1, hostIP: 192.168.0.1}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: n1-eth0, labels: {role: node}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [192.168.0.1]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: host}
spec:
  order: 1
  selector: role == 'node'
  types: [Ingress]
  ingress:
    - {action: Allow, protocol: TCP, destination: {ports: [9100]}}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: fwd}
spec:
  order: 2
  selector: role == 'node'
  applyOnForward: true
  types: [Ingress]
  ingress:
    - {action: Deny, protocol: TCP, destination: {ports: [80]}}
    - {action: Allow}
"""


def eval_(*args, text=POLICIES):
    return run("eval", "-q", "--profile", "calico", *args, "-", stdin=text)


class Flows(unittest.TestCase):
    def hits(self, *args, text=POLICIES, reporter="Dst", which="enforced"):
        """[(kind, name, tier, action, rule, trigger)] of one reporter."""
        result = eval_("-o", "calico", *args, text=text)
        for record in result.lines():
            if record["reporter"] == reporter:
                hits = record["policies"][which]
                self.assertEqual([hit["policy_index"] for hit in hits], list(range(len(hits))))
                return [(hit["kind"], hit["name"], hit["tier"], hit["action"], hit["rule_index"],
                         hit["trigger"] and hit["trigger"]["name"]) for hit in hits]
        self.fail(result.out + result.err)
        return None

    def test_one_record_a_side(self):
        result = eval_("-o", "calico", "--from", "shop/cart", "--to", "shop/web:80")
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual([record["reporter"] for record in result.lines()], ["Src", "Dst"])
        inside = eval_("-o", "calico", "--from", "192.0.2.1", "--to", "shop/web:80").lines()
        self.assertEqual([record["reporter"] for record in inside], ["Dst"])
        self.assertEqual((inside[0]["source_name"], inside[0]["dest_name"],
                          inside[0]["dest_namespace"], inside[0]["dest_labels"],
                          inside[0]["protocol"], inside[0]["dest_port"]),
                         ("pub", "web", "shop", "app=web", "tcp", 80))

    def test_the_exit_code_is_that_of_the_verdict(self):
        ask = ("-o", "calico", "--from", "shop/cart", "--to")
        self.assertEqual(eval_(*ask, "shop/web:80").code, 0)
        self.assertEqual(eval_(*ask, "shop/web:81").code, 2)

    def test_sequences(self):
        passed = ("EndOfTier", "", "kube-admin", "Pass", -1, "platform")
        for port, last in (
                ("80", ("NetworkPolicy", "web", "default", "Allow", 1, None)),
                ("81", ("EndOfTier", "", "default", "Deny", -1, "web"))):
            with self.subTest(port=port):
                self.assertEqual(self.hits("--from", "192.0.2.1", "--to", f"shop/web:{port}"),
                                 [passed, last])
        self.assertEqual(self.hits("--from", "192.0.2.1", "--to", "shop/cart:80"),
                         [passed, ("Profile", "kns.shop", "__PROFILE__", "Allow", 0, None)])
        self.assertEqual(self.hits("--from", "shop/cart", "--to", "shop/web:80", reporter="Src"),
                         [("Profile", "kns.shop", "__PROFILE__", "Allow", 0, None)])

    def test_many_questions(self):
        asked = '{"src":{"pod":"shop/cart"},"dst":{"pod":"shop/web"},"port":80}\n'
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "set.yaml"
            path.write_text(POLICIES)
            result = run("eval", "-q", "--profile", "calico", "-o", "calico", "--requests", "-",
                         str(path), stdin=asked * 2)
        self.assertEqual(result.code, 0, result.err)
        self.assertEqual(len(result.lines()), 4)

    # ---- Calico's own kinds, and what is staged ----

    def test_staged_sequences(self):
        passed = ("GlobalNetworkPolicy", "base", "security", "Pass", 1, None)
        denied = ("EndOfTier", "", "default", "Deny", -1, "web")
        profile = ("Profile", "kns.shop", "__PROFILE__", "Allow", 0, None)
        staged = "StagedNetworkPolicy"
        for port, enforced, pending in (
                ("22", [passed[:3] + ("Deny", 0, None)], [passed[:3] + ("Deny", 0, None)]),
                # the rule as written: Log and the rule with http count
                ("81", [passed, ("CalicoNetworkPolicy", "web", "default", "Allow", 2, None)],
                 [passed, (staged, "stricter", "default", "Deny", 0, None)]),
                ("90", [passed, denied],
                 [passed, (staged, "stricter", "default", "Allow", 1, None)]),
                ("91", [passed, denied],
                 [passed, (staged, "stricter", "default", "Pass", 2, None), profile]),
                # the trigger is the first that applies, staged or not
                ("92", [passed, denied],
                 [passed, ("EndOfTier", "", "default", "Deny", -1, "stricter")])):
            with self.subTest(port=port):
                ask = ("--from", "192.0.2.1", "--to", f"shop/web:{port}")
                self.assertEqual(self.hits(*ask, text=CALICO), enforced)
                self.assertEqual(self.hits(*ask, text=CALICO, which="pending"), pending)
        # a tier that has staged policies only is skipped with its end, but for the pending walk
        ask = ("--from", "shop/cart", "--to", "192.0.2.1:80")
        self.assertEqual(self.hits(*ask, text=CALICO, reporter="Src"), [profile])
        self.assertEqual(self.hits(*ask, text=CALICO, reporter="Src", which="pending"),
                         [("EndOfTier", "", "default", "Deny", -1, "cart")])
        ask = ("--from", "192.0.2.1", "--to", "shop/cart:99")
        self.assertEqual(self.hits(*ask, text=CALICO, which="pending"),
                         [("StagedKubernetesNetworkPolicy", "kube", "default", "Allow", 0, None)])

    def test_hits_as_text(self):
        told = eval_("-o", "hits", "--from", "shop/cart", "--to", "shop/web:81", text=CALICO)
        self.assertEqual([tuple(line.split()) for line in told.out.splitlines()], [
            ("Src", "enforced", "0|__PROFILE__|pro:kns.shop|allow|0"),
            ("Src", "pending", "0|default|sgnp:cart|deny|-1"),
            ("Dst", "enforced", "0|security|gnp:base|pass|1"),
            ("Dst", "enforced", "1|default|np:shop/web|allow|2"),
            ("Dst", "pending", "0|security|gnp:base|pass|1"),
            ("Dst", "pending", "1|default|snp:shop/stricter|deny|0")])
        told = eval_("-o", "hits", "--from", "192.0.2.1", "--to", "shop/web:80", text=CALICO)
        self.assertIn("Dst  enforced  ...", told.out)

    def test_host_endpoints(self):
        for to, hit in (
                ("192.168.0.1:9100", "0|default|gnp:host|allow|0"),
                ("192.168.0.1:22", None),  # a failsafe port: an option decides
                # forwarded: the stricter of the host endpoint and the pod, else the pod
                ("shop/web:80", "0|default|gnp:fwd|deny|0"),
                ("shop/web:81", "0|__PROFILE__|pro:kns.shop|allow|0")):
            with self.subTest(to=to):
                ask = ("--from", "192.0.2.1", "--to", to)
                told = eval_("-o", "hits", *ask, text=HOST).out.split()
                self.assertEqual(told[2:3], [hit] if hit else [])
                record = eval_("-o", "calico", *ask, text=HOST).lines()[0]
                self.assertEqual(record["dest_name"], "web" if "web" in to else "n1-eth0")

    def test_open_until_the_request(self):
        ask = ("--from", "192.0.2.1", "--to", "shop/web:80")
        passed = ("GlobalNetworkPolicy", "base", "security", "Pass", 1, None)
        records = eval_("-o", "calico", *ask, text=CALICO).lines()
        self.assertEqual(records[0]["action"], "ActionUnspecified")
        self.assertEqual(self.hits(*ask, text=CALICO), [passed])
        self.assertEqual(self.hits(*ask, "--http", "GET /pub/%2e", text=CALICO),
                         [passed, ("CalicoNetworkPolicy", "web", "default", "Allow", 1, None)])

    def test_request_refused(self):
        ask = ("-o", "json", "--from", "192.0.2.1", "--to", "shop/web:80", "--http")
        for request, verdict, reason in (
                ("GET /pub/a", "allow", "rule"), ("GET /public", "deny", "isolated"),
                ("GET *", "deny", "invalid"), ("PUT *", "deny", "isolated"),
                ("GET /pub/%252e", "deny", "isolated")):
            with self.subTest(request=request):
                answer = eval_(*ask, request, text=CALICO).json()
                self.assertEqual((answer["verdict"], answer["reason"]), (verdict, reason))

    def test_staged_answers(self):
        for ends, now, then, policy in (
                (("shop/cart", "shop/web:81"), "allow", "deny", "StagedGlobalNetworkPolicy/cart"),
                (("192.0.2.1", "shop/web:81"), "allow", "deny",
                 "StagedNetworkPolicy/shop/stricter"),
                (("192.0.2.1", "shop/web:90"), "deny", "allow",
                 "StagedNetworkPolicy/shop/stricter"),
                (("192.0.2.1", "shop/web:22"), "deny", "deny", "GlobalNetworkPolicy/base")):
            with self.subTest(ends=ends):
                ask = ("--from", ends[0], "--to", ends[1])
                both = eval_("--staged", "-o", "json", *ask, text=CALICO)
                answer = both.json()
                self.assertEqual((answer["verdict"], answer["pending"]["verdict"],
                                  answer["pending"]["policy"]), (now, then, policy))
                self.assertEqual(both.code, 0 if then == "allow" else 2)
                plain = eval_("-o", "json", *ask, text=CALICO)
                self.assertEqual(plain.code, 0 if now == "allow" else 2)
                self.assertNotIn("pending", plain.json())
                flags = [flag for part in plain.json()["parts"] for flag in part.get("flags", [])]
                self.assertEqual(f"staged-{then}" in flags, now != then)
                text = eval_("--staged", *ask, text=CALICO).out
                self.assertIn(f"{then}: with staged policies enforced", text)
                self.assertIn(policy, text)

    def test_staged_expectations(self):
        ask = ("--from", "192.0.2.1", "--to", "shop/web:90", "--expect")
        self.assertEqual(eval_("--staged", *ask, "allow", text=CALICO).code, 0)
        self.assertEqual(eval_("--staged", *ask, "deny", text=CALICO).code, 2)
        self.assertEqual(eval_(*ask, "deny", text=CALICO).code, 0)


if __name__ == "__main__":
    unittest.main()
