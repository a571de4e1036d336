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


if __name__ == "__main__":
    unittest.main()
