#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""netpol diff: exit codes, formats, and rows against netpol eval on both sets."""

import csv
import io
import pathlib
import shutil
import sys
import tempfile
import unittest

import tool

POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: pay, namespace: shop}
spec:
  podSelector: {matchLabels: {app: pay}}
  ingress:
  - from: [{podSelector: {matchLabels: {app: cart}}}]
    ports: [{protocol: TCP, port: %s}]
"""
POD = """apiVersion: v1
kind: Pod
metadata: {name: %s, namespace: shop, labels: {app: %s}}
spec: {containers: [{name: c, image: i}]}
status: {podIP: %s}
---
"""
PODS = POD % ("cart", "cart", "10.0.0.1") + POD % ("pay", "pay", "10.0.0.2")


class Diff(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        for name, port in (("old", "80"), ("new", "90"), ("same", "80")):
            (self.folder / f"{name}.yaml").write_text(PODS + POLICY % port)

    def diff(self, *args, **more):
        return tool.run("diff", "--quiet", *args, cwd=self.folder, **more)

    def test_equal(self):
        result = self.diff("old.yaml", "same.yaml")
        self.assertEqual((result.code, result.out), (0, "No verdict changes.\n"))
        result = self.diff("--output", "json", "old.yaml", "same.yaml")
        self.assertEqual(result.code, 0)
        self.assertEqual(result.json(), {"version": 1, "equal": True, "incomplete": False,
                                         "changes": []})

    def test_text(self):
        result = self.diff("old.yaml", "new.yaml")
        self.assertEqual(result.code, 2)
        self.assertEqual(result.out, """Opens:
  shop/cart -> shop/pay  TCP 90
      deny -> allow, e.g. 10.0.0.1 -> 10.0.0.2 TCP 90
      was: ingress NetworkPolicy/shop/pay spec (old.yaml:17:3)
      now: ingress NetworkPolicy/shop/pay spec.ingress[0] (new.yaml:19:5)

Closes:
  shop/cart -> shop/pay  TCP 80
      allow -> deny, e.g. 10.0.0.1 -> 10.0.0.2 TCP 80
      was: ingress NetworkPolicy/shop/pay spec.ingress[0] (old.yaml:19:5)
      now: ingress NetworkPolicy/shop/pay spec (new.yaml:17:3)

2 changes: 1 open, 1 close, 0 other
""")

    def test_json(self):
        result = self.diff("-o", "json", "old.yaml", "new.yaml")
        self.assertEqual(result.code, 2)
        closed, opened = result.json()["changes"]
        rule = {"policy": "NetworkPolicy/shop/pay", "rule": "spec.ingress[0]",
                "position": "old.yaml:19:5", "option": ""}
        self.assertEqual(closed, {
            "src": "shop/cart", "dst": "shop/pay", "self": False, "family": 0, "all": False,
            "others": False, "protocol": "TCP", "first": 80, "last": 80, "before": "allow",
            "after": "deny", "pairs": 1, "before_rules": {"ingress": rule},
            "after_rules": {"ingress": dict(rule, rule="spec", position="new.yaml:17:3")},
            "witness": {"src": "10.0.0.1", "dst": "10.0.0.2", "protocol": 6, "port": 80}})
        self.assertEqual((opened["first"], opened["before"], opened["after"]),
                         (90, "deny", "allow"))

    def test_csv(self):
        result = self.diff("-o", "csv", "old.yaml", "new.yaml")
        rows = list(csv.DictReader(io.StringIO(result.out)))
        self.assertEqual(result.code, 2)
        self.assertEqual([(r["src"], r["protocol"], r["first"], r["before"], r["after"])
                          for r in rows],
                         [("shop/cart", "TCP", "80", "allow", "deny"),
                          ("shop/cart", "TCP", "90", "deny", "allow")])
        self.assertEqual(rows[0]["before_policy"], "NetworkPolicy/shop/pay")

    def test_rules(self):
        renamed = (self.folder / "old.yaml").read_text().replace("name: pay, namespace: shop}\nspec:\n  pod",
                                                                 "name: other, namespace: shop}\nspec:\n  pod")
        (self.folder / "renamed.yaml").write_text(renamed)
        self.assertEqual(self.diff("old.yaml", "renamed.yaml").code, 0)
        result = self.diff("--rules", "-o", "json", "old.yaml", "renamed.yaml")
        self.assertEqual(result.code, 2)
        for change in result.json()["changes"]:
            self.assertEqual(change["before"], change["after"])
            self.assertEqual(change["before_rules"]["ingress"]["policy"], "NetworkPolicy/shop/pay")
            self.assertEqual(change["after_rules"]["ingress"]["policy"],
                             "NetworkPolicy/shop/other")

    def test_a_pod_that_goes(self):
        alone = POD % ("pay", "pay", "10.0.0.2") + POLICY % "80"
        result = self.diff("-o", "json", "old.yaml", "-", stdin=alone)
        self.assertEqual([(c["src"], c["dst"], c["before"], c["after"])
                          for c in result.json()["changes"]],
                         [("shop/cart", "shop/pay", "allow", "deny")])

    def test_isolation_of_a_later_tier(self):
        """Under engine=cilium the end of tier Default denies; who isolates is named all the same."""
        policy = """apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: pay, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: pay}}
  ingress:
  - toPorts: [{ports: [{port: "%s", protocol: TCP}]}]
"""
        for port in ("80", "90"):
            (self.folder / f"{port}.yaml").write_text(PODS + policy % port)
        result = self.diff("80.yaml", "90.yaml")
        self.assertIn("      was: ingress CiliumNetworkPolicy/shop/pay spec (80.yaml:17:3)\n",
                      result.out)
        self.assertNotIn("no policy applies", result.out)

    def test_requests(self):
        """Another path for the same connection is no silent "no change"."""
        policy = """apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: pay, namespace: shop}
spec:
  endpointSelector: {matchLabels: {app: pay}}
  ingress:
  - toPorts:
    - ports: [{port: "80", protocol: TCP}]
      rules: {http: [{path: "%s"}]}
"""
        for name, path in (("one", "/a"), ("all", "/.*")):
            (self.folder / f"{name}.yaml").write_text(PODS + policy % path)
        result = self.diff("one.yaml", "all.yaml")
        self.assertEqual(result.code, 2)
        self.assertIn("which requests pass may", result.out)
        self.assertIn("all.yaml:17:3: warning[NP4002]", result.err)
        result = self.diff("-o", "json", "one.yaml", "all.yaml")
        self.assertEqual(result.json(), {"version": 1, "equal": False, "incomplete": False,
                                         "requestsNotCompared": True, "changes": []})
        result = self.diff("one.yaml", "one.yaml")
        self.assertEqual((result.code, result.out, result.err), (0, "No verdict changes.\n", ""))

    def test_wrong_lines(self):
        for args in ((), ("old.yaml",), ("old.yaml", "new.yaml", "same.yaml"), ("-", "-"),
                     ("-o", "dot", "old.yaml", "new.yaml"), ("old.yaml", "missing.yaml"),
                     ("--profile", "none", "old.yaml", "new.yaml")):
            result = self.diff(*args)
            self.assertIn(result.code, (1, 3), args)
            self.assertEqual(result.out, "", args)
            self.assertNotEqual(result.err, "", args)

    def test_options_of_both(self):
        """--set is for both sets."""
        self.assertEqual(self.diff("--set", "self_traffic=judge", "old.yaml", "same.yaml").code, 0)

    def test_example(self):
        """Every row of a changed example, asked with eval on both sides."""
        shutil.copytree(tool.SOURCE / tool.CLUSTER, self.folder / "cluster")
        changed = 0
        for path in (self.folder / "cluster/policies").glob("*.yaml"):
            text = path.read_text()
            path.write_text(text.replace("port: 9090", "port: 9191").replace("app: cart", "app: card"))
            changed += path.read_text() != text
        self.assertGreater(changed, 0)
        sets = (str(tool.SOURCE / tool.CLUSTER), str(self.folder / "cluster"))
        changes = self.diff("-o", "json", *sets).json()["changes"]
        self.assertGreater(len(changes), 10)
        asked = 0
        for change in changes:
            if "protocol" not in change or change["protocol"] not in ("TCP", "UDP"):
                continue
            ends = []
            for name in (change["src"], change["dst"]):
                address = name.replace("-", "/").split("/")[0]
                ends.append(address if address.count(".") == 3 else name)
            for side, expect in zip(sets, (change["before"], change["after"])):
                result = tool.run("eval", "--quiet", "--from", ends[0], "--to", ends[1], "--port",
                                  str(change["last"]), "--protocol", change["protocol"], "--expect",
                                  expect, side)
                self.assertEqual(result.code, 0, (change, side, result.out, result.err))
                asked += 1
        self.assertGreater(asked, 10)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
