# SPDX-License-Identifier: Apache-2.0
"""netpol eval and list with --names: what DNS answered, from a file."""

import pathlib
import tempfile
import unittest

from tool import run

CLUSTER = """\
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i}]}
status: {podIPs: [{ip: 10.0.0.1}, {ip: "fd00::1"}]}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: names}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {}}
  egress:
  - action: Accept
    to: [{domainNames: [www.example.com]}]
  - action: Deny
    to: [{networks: [0.0.0.0/0, "::/0"]}]
"""
LINES = """\
{"name": "WWW.example.com.", "addresses": ["192.0.2.1", "2001:db8::1"], "ttl": 60}
{"name": "else.test", "addresses": ["192.0.2.2"]}
"""
YAML = """\
- name: www.example.com
  addresses: [192.0.2.1]
- {name: else.test, addresses: ["192.0.2.2"], ttl: 0}
"""


class Names(unittest.TestCase):
    def ask(self, names, *args, cluster=CLUSTER):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "cluster.yaml").write_text(cluster, encoding="utf-8")
            (path / "names").write_text(names, encoding="utf-8")
            return run("eval", "-q", "--names", path / "names", "--from", "shop/web", *args,
                       path / "cluster.yaml")

    def verdict(self, names, address, *args):
        shown = self.ask(names, "--to", address, "--output", "json", *args)
        self.assertEqual(shown.err, "")
        return shown.json()["verdict"]

    def test_lines(self):
        self.assertEqual(self.verdict(LINES, "192.0.2.1:443"), "allow")
        self.assertEqual(self.verdict(LINES, "[2001:db8::1]:443"), "allow")
        self.assertEqual(self.verdict(LINES, "192.0.2.2:443"), "deny")
        self.assertEqual(self.verdict(LINES, "192.0.2.3:443"), "unknown")

    def test_yaml(self):
        self.assertEqual(self.verdict(YAML, "192.0.2.1:443"), "allow")
        self.assertEqual(self.verdict(YAML, "192.0.2.2:443"), "deny")  # its ttl is not looked at

    def test_time(self):
        self.assertEqual(self.verdict(LINES, "192.0.2.1:443", "--now", "59"), "allow")
        self.assertEqual(self.verdict(LINES, "192.0.2.1:443", "--now", "60"), "unknown")
        self.assertEqual(self.verdict(LINES, "192.0.2.2:443", "--now", "60"), "deny")
        self.assertEqual(self.verdict(YAML, "192.0.2.2:443", "--now", "0"), "unknown")

    def test_own_names_prevail(self):
        shown = self.ask(LINES, "--dst-names", "else.test", "--to", "192.0.2.1:443")
        self.assertEqual(shown.code, 2)
        self.assertIn("deny", shown.out)

    def test_explained(self):
        shown = self.ask(LINES, "--explain", "--to", "192.0.2.1:443")
        self.assertEqual(shown.code, 0)
        self.assertIn("yes   spec.egress[0]  allow", shown.out)

    def test_errors(self):
        shown = self.ask("- {name: b, adresses: [1.2.3.4], ttl: -1}\n"
                         "- {name: '.', addresses: [192.0.2.300, 7]}\n- 5\n", "--to", "192.0.2.1:1")
        self.assertEqual(shown.code, 3)
        for part in ("names:1:13: error[NP5102]: an entry of names has no member 'adresses'",
                     "Did you mean 'addresses'?", "in [0].ttl", "error[NP5103]: an entry of names needs",
                     "names:2:10: error[NP5104]: '.' is no DNS name",
                     "'192.0.2.300' is no address", "in [1].addresses[1]",
                     "error[NP5101]: an object is expected, not integer"):
            self.assertIn(part, shown.err)
        self.assertEqual(shown.out, "")

    def test_command_line(self):
        self.assertIn("--now is for --names", run("eval", "--now", "1", "--from", "a/b", "--to",
                                                  "a/b", "x").err)
        shown = self.ask(LINES, "--to", "192.0.2.1:443", "--now", "soon")
        self.assertEqual(shown.code, 3)
        self.assertIn("is not a whole number", shown.err)
        self.assertEqual(run("eval", "--names", "/nowhere", "--from", "a/b", "--to", "a/b",
                             "examples/cluster").code, 1)

    def rows(self, *args):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "cluster.yaml").write_text(CLUSTER, encoding="utf-8")
            (path / "names").write_text(LINES, encoding="utf-8")
            shown = run("list", "-q", "--names", path / "names", "--output", "csv", *args,
                        path / "cluster.yaml")
            self.assertEqual(shown.err, "")
            return [line.split(",") for line in shown.out.split()[1:]]

    def test_list(self):
        rows = self.rows("--addresses", "--from", "shop/web")
        certain = {row[1] for row in rows if row[5] == "1"}
        self.assertEqual(certain, {"192.0.2.1/32", "2001:db8::1/128"})  # rest: names not known
        self.assertNotIn("192.0.2.2/32", {row[1] for row in rows})  # denied
        rows = self.rows("--addresses", "--denied", "--from", "shop/web")
        self.assertEqual({row[1] for row in rows if row[5] == "1"}, {"192.0.2.2/32"})
        self.assertEqual([row[5] for row in self.rows("--from", "shop/web", "--to", "192.0.2.1")],
                         ["1"])
        self.assertEqual(self.rows("--now", "60", "--addresses", "--denied", "--from", "shop/web")
                         [0][5], "0")


if __name__ == "__main__":
    unittest.main()
