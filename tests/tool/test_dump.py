#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""netpol dump tells enough to follow lookups by hand.

The hand is this program: it answers questions with nothing but the tables of the dump, and netpol
eval must say the same. The lookup that dump follows itself must end there, too.
"""

import base64
import hashlib
import ipaddress
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

import tool

PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}


def span_holds(text, number):
    first, _, last = text.partition("-")
    return int(first) <= number <= int(last or first)


class Tables:
    """Lookups with the tables of a dump."""

    def __init__(self, dump):
        self.dump = dump
        self.signatures = {}
        self.places = []
        for row in dump["signatures"]:
            for member in row["members"]:
                first, _, last = member.partition("-")
                try:
                    network = ipaddress.ip_network(first)
                    last = ipaddress.ip_address(last) if last else network[-1]
                    self.places.append((network[0], last, row))
                except ValueError:
                    self.signatures[member] = row
        self.groups = {group["group"]: group for group in dump["groups"]}

    def signature(self, name):
        if name in self.signatures:
            return self.signatures[name]
        address = ipaddress.ip_address(name)
        fits = [(int(last) - int(first), row) for first, last, row in self.places
                if first.version == address.version and first <= address <= last]
        return min(fits, key=lambda fit: fit[0])[1]

    def port_class(self, protocol, port):
        for entry in self.dump["port_classes"]:
            if entry["family"] == "IPv4" and entry["has"] == "ports" and \
                    span_holds(entry["protocols"], protocol):
                if "class" in entry:
                    return entry["class"]
                for span in entry["classes"]:
                    ports, number = span.split(": ")
                    if span_holds(ports, port):
                        return int(number)
        raise AssertionError("no port class")

    def side(self, side, near, far, protocol, port):
        group = self.groups[f"{side} {near[side]}"]
        ports = self.port_class(protocol, port)
        column = next(c["column"] for c in group["columns"] if ports in c["port_classes"])
        rows = next(r for r in group["rows"] if r["relation"] == "other")
        ordinals = next((r["ordinals"] for r in rows["others"] if far["class"] in r["classes"]),
                        rows["most_classes"]["ordinals"])
        return next(p["says"] for p in group["parts"] if p["ordinal"] == ordinals[column])


class Dump(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)
        self.image = str(self.folder / "image")
        self.assertEqual(tool.run("compile", "--quiet", "-o", self.image, tool.CLUSTER).code, 0)

    def test_by_hand(self):
        tables = Tables(tool.run("dump", "--quiet", "--format", "json", tool.CLUSTER).json())
        pods = sorted(name for name in tables.signatures
                      if "/" in name and "(" not in name and
                      "IPv4" in tables.signatures[name]["bits"])
        ends = pods + ["203.0.113.9", "198.51.100.7", "8.8.8.8"]
        self.assertGreater(len(pods), 5)
        questions, told = [], []
        for src in ends:
            for dst in ends:
                if src == dst or (src not in pods and dst not in pods):
                    continue
                for protocol, port in (("TCP", 5432), ("TCP", 9090), ("TCP", 8443), ("UDP", 53),
                                       ("TCP", 8080), ("SCTP", 1), ("TCP", 65535)):
                    questions.append(json.dumps({
                        "src": {"pod" if src in pods else "ip": src},
                        "dst": {"pod" if dst in pods else "ip": dst},
                        "protocol": protocol, "port": port}))
                    near, far = tables.signature(src), tables.signature(dst)
                    number = PROTOCOLS[protocol]
                    told.append([tables.side("egress", near, far, number, port).split(",")[0],
                                 tables.side("ingress", far, near, number, port).split(",")[0]])
        answers = tool.run("eval", "-q", "--requests", "-", tool.CLUSTER,
                           stdin="\n".join(questions)).lines()
        self.assertEqual(len(answers), len(questions))
        order = ["allow", "inspect", "unknown", "deny"]
        for question, parts, answer in zip(questions, told, answers):
            self.assertEqual(max(parts, key=order.index), answer["verdict"], question)
        self.assertEqual({part for parts in told for part in parts} >= {"allow", "deny"}, True)

    def test_image_is_the_same(self):
        for form in ("text", "json", "dot"):
            lookup = ("--format", form, "--from", "shop/cart", "--to", "data/postgres", "--port",
                      "5432")
            one = tool.run("dump", "--quiet", *lookup, tool.CLUSTER)
            other = tool.run("dump", "--quiet", *lookup, "--image", self.image)
            self.assertEqual((one.code, other.code), (0, 0), one.err + other.err)
            self.assertEqual(one.out, other.out)
            self.assertGreater(len(one.out), 1000)

    def test_selectors(self):
        """Every selector of Calico's policies, canonical, with the id that Felix gives to it."""
        manifest = self.folder / "calico.yaml"
        manifest.write_text("""
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: web}
spec:
  selector: app=='web'
  namespaceSelector: team in {'b', "a",}
  serviceAccountSelector: all( )
  ingress:
  - action: Allow
    source: {selector: has( a ) && ! has(b), notSelector: c startswith 'd'}
    destination: {namespaceSelector: global()}
  - action: Deny
  egress:
  - action: Allow
    destination: {serviceAccounts: {selector: "role notin{'x'}"}}
---
apiVersion: projectcalico.org/v3
kind: StagedNetworkPolicy
metadata: {name: later, namespace: shop}
spec: {selector: "e != 'f' || g == '\\"'"}
""")
        wanted = [
            ("GlobalNetworkPolicy/web", "spec.selector", 'app == "web"'),
            ("GlobalNetworkPolicy/web", "spec.namespaceSelector", 'team in {"a", "b"}'),
            ("GlobalNetworkPolicy/web", "spec.serviceAccountSelector", "all()"),
            ("GlobalNetworkPolicy/web", "spec.ingress[0].source.selector", "(has(a) && !has(b))"),
            ("GlobalNetworkPolicy/web", "spec.ingress[0].source.notSelector", 'c starts with "d"'),
            ("GlobalNetworkPolicy/web", "spec.ingress[0].destination.namespaceSelector",
             "global()"),
            ("GlobalNetworkPolicy/web", "spec.egress[0].destination.serviceAccounts.selector",
             'role not in {"x"}'),
            ("StagedNetworkPolicy/shop/later", "spec.selector", "(e != \"f\" || g == '\"')"),
        ]
        for text in ("json", "text"):
            dump = tool.run("dump", "-q", "--profile", "calico", "--format", text, str(manifest))
            self.assertEqual(dump.code, 0, dump.err)
            if text == "json":
                told = dump.json()["selectors"]
        self.assertEqual([(s["object"], s["path"], s["selector"]) for s in told], wanted)
        for selector in told:
            digest = hashlib.sha224(selector["selector"].encode()).digest()
            code = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            self.assertEqual(selector["id"], f"s:{code}")
            self.assertIn(f"id s:{code}  selector {selector['selector']}\n", dump.out)
        image = str(self.folder / "calico.image")
        made = tool.run("compile", "-q", "--profile", "calico", "-o", image, str(manifest))
        self.assertEqual(made.code, 0, made.err)
        self.assertNotIn("selectors:", tool.run("dump", "-q", "--image", image).out)

    def test_lookup(self):
        for src, dst, port in (("shop/cart", "data/postgres", 5432), ("shop/cart", "8.8.8.8", 53),
                               ("203.0.113.9", "shop/storefront", 8080),
                               ("monitoring/prometheus", "shop/cart", 9090)):
            lookup = tool.run("dump", "--image", self.image, "--format", "json", "--from", src,
                              "--to", dst, "--port", str(port)).json()["lookup"]
            action = lookup["verdict"]["action"]
            self.assertEqual(tool.run("eval", "-q", "--from", src, "--to", dst, "--port",
                                      str(port), "--expect", action, tool.CLUSTER).code, 0)
            ends = [lookup["pairs"][0][side][-1] for side in ("egress", "ingress")]
            self.assertTrue(all(end["load"].startswith("PARTS[") for end in ends))
            self.assertIn(action, [end["gives"].split(",")[0] for end in ends])

    def test_text(self):
        text = tool.run("dump", "--image", self.image, "--from", "shop/cart", "--to",
                        "data/postgres", "--port", "5432").out
        for part in ("lookup:\n  source:\n    load REFS[", "load COMB[", "gives port class ",
                     "deny, isolated", "NetworkPolicy/shop/cart spec",
                     "members shop/storefront-6d5f-x1, shop/storefront-6d5f-x2"):
            self.assertIn(part, text)

    def test_dot(self):
        dot = tool.run("dump", "--image", self.image, "--format", "dot", "--from", "10.20.0.12",
                       "--to", "10.20.1.21", "--port", "5432").out
        self.assertTrue(dot.startswith("digraph image {"))
        self.assertTrue(dot.endswith("}\n"))
        self.assertGreaterEqual(dot.count("color=red"), 8)
        self.assertEqual(dot.count('"') % 2 - dot.count('\\"') % 2, 0)

    def test_identities(self):
        pods = "".join(f"""\
apiVersion: v1
kind: Pod
metadata: {{name: {name}, namespace: shop, labels: {{app: {name}}}}}
status: {{podIP: 10.0.0.{i}}}
---
""" for i, name in enumerate(("web", "cart", "aaa"), 1))
        policy = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.1.0.0/16}}]}]}
"""
        with tempfile.TemporaryDirectory() as folder:
            image = f"{folder}/before.image"
            two = pods[:pods.rindex("apiVersion")] + policy

            def dump(text, *more):
                told = tool.run("dump", "-q", "--profile", "cilium", *more, "-", stdin=text)
                self.assertEqual(told.code, 0, told.err)
                return told

            def numbers(text, *more):
                return {row["labels"][0]: row["identity"] for row in
                        dump(text, "--format", "json", *more).json()["identities"]}

            first = numbers(two)
            self.assertEqual((first["k8s:app=cart"], first["k8s:app=web"],
                              first["cidr:10.1.0.0/16"], first["reserved:host"]),
                             (256, 257, 16777217, 1))
            self.assertIn("  identity 16777217  kind prefix  labels cidr:10.1.0.0/16, "
                          "reserved:world\n", dump(two).out)
            self.assertEqual(tool.run("compile", "-q", "--profile", "cilium", "-o", image, "-",
                                      stdin=two).code, 0)
            self.assertEqual(numbers(pods)["k8s:app=aaa"], 256)
            kept = numbers(pods, "--ledger", image)
            self.assertEqual((kept["k8s:app=aaa"], kept["k8s:app=cart"], kept["k8s:app=web"]),
                             (258, 256, 257))
            for ledger, code in ((f"{folder}/nowhere", 1), (str(tool.SOURCE / "README.md"), 3)):
                self.assertEqual(tool.run("dump", "--ledger", ledger, "-", stdin=two).code, code)

    def test_wrong_lines(self):
        for args in ((), ("--image", self.image, tool.CLUSTER), ("--image", "/nowhere"),
                     ("--image", str(tool.SOURCE / "README.md")),
                     ("--image", self.image, "--from", "shop/cart"),
                     ("--image", self.image, "--from", "shop/nobody", "--to", "8.8.8.8"),
                     ("--image", self.image, "--from", "::1", "--to", "8.8.8.8"),
                     ("--image", self.image, "--from", "shop/cart", "--to", "8.8.8.8", "--port",
                      "65536"),
                     ("--image", self.image, "--format", "yaml")):
            result = tool.run("dump", *args)
            self.assertIn(result.code, (1, 3), args)
            self.assertEqual(result.out, "", args)
            self.assertNotEqual(result.err, "", args)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
