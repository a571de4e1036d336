#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The contracts of the command: exit codes, streams, formats, help, completion, manual page.

test_command.py --update rewrites the golden texts.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import tool
from tool import CLUSTER, run

GOLDEN = pathlib.Path(__file__).resolve().parent / "golden"
UPDATE = "--update" in sys.argv
COMMANDS = ("check", "eval", "list", "compile", "version", "completion", "help")

BROKEN = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {}
  ingress:
    - from:
        - podselector: {}
      ports:
        - port: 70000
"""
POD = """\
apiVersion: v1
kind: Pod
metadata:
  name: %s
  namespace: shop
  labels:
    app: %s
spec:
  containers:
    - name: main
"""
POLICY = """\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress:
    - from:
        - podSelector:
            matchLabels:
              app: api
"""
SMALL = "---\n".join([POD % ("web", "web"), POD % ("api", "api"), POLICY])


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return str(path)

    def golden(self, name, text):
        path = GOLDEN / name
        if UPDATE:
            path.write_text(text)
        self.assertEqual(text, path.read_text(), f"{path}; rewrite with --update if this is meant")

    # ---- exit codes ----

    def test_exit_0(self):
        self.assertEqual(run("eval", "--from", "shop/storefront", "--to", "shop/cart:7070",
                             CLUSTER).code, 0)
        self.assertEqual(run("check", "-", stdin=SMALL).code, 0)
        self.assertEqual(run("version").code, 0)

    def test_exit_1(self):
        self.assertEqual(run("check", "/nowhere/at/all").code, 1)
        self.assertEqual(run("eval", "--requests", "/nowhere/at/all", CLUSTER).code, 1)
        with open("/dev/full", "w") as full:
            process = subprocess.run([tool.NETPOL, "help"], stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(process.returncode, 1)
        self.assertIn(b"standard output", process.stderr)

    def test_exit_2(self):
        denied = run("eval", "--from", "shop/cart", "--to", "data/postgres:5432", CLUSTER)
        self.assertEqual(denied.code, 2)
        self.assertIn("deny", denied.out)
        self.assertIn("NetworkPolicy/shop/cart", denied.out)
        self.assertEqual(run("eval", "--from", "shop/cart", "--to", "data/postgres:5432",
                             "--expect", "deny", CLUSTER).code, 0)
        self.assertEqual(run("eval", "--from", "shop/storefront", "--to", "shop/cart:7070",
                             "--expect", "deny", CLUSTER).code, 2)
        unknown = run("eval", "--from", "shop/payments", "--to", "10.20.1.200:443", "--set",
                      "unlearnt_pod_address=unknown", "-o", "json", CLUSTER)
        self.assertIn(unknown.json()["verdict"], ("deny", "unknown"))
        self.assertEqual(unknown.code, 2)

    def test_exit_3_input(self):
        self.assertEqual(run("check", "-", stdin=BROKEN).code, 3)
        self.assertEqual(run("eval", "--from", "shop/web", "--to", "shop/api:80", "-",
                             stdin=BROKEN).code, 3)
        wrong = run("eval", "--from", "shop/carrt", "--to", "shop/payments:1", CLUSTER)
        self.assertEqual((wrong.code, wrong.out), (3, ""))
        self.assertIn("shop/carrt", wrong.err)
        foreign = run("check", "-", stdin="apiVersion: security.istio.io/v1\n"
                                          "kind: AuthorizationPolicy\n"
                                          "metadata: {name: x, namespace: shop}\n")
        self.assertEqual(foreign.code, 3)

    def test_sets_of_addresses(self):
        """Sets that policies name come from files of their own; what nobody has fed is told."""
        policies = self.write("groups.yaml", """
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: ns}
spec: {containers: [{name: c, image: i}]}
status: {podIP: 10.0.0.1}
---
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: {name: p, namespace: ns}
spec: {endpointSelector: {}, egress: [{toGroups: [{aws: {securityGroupsIds: [sg-1]}}]}]}
""")
        sets = self.write("sets.yaml", "aws;ids=sg-1: [203.0.113.0/24]\n")
        wrong = self.write("wrong.yaml", "aws;ids=sg-1: [203.0.113/24]\n")
        ask = ("eval", "--from", "ns/a", "--to", "203.0.113.9", "--port", "443")
        alone = run(*ask, policies)
        self.assertEqual(alone.code, 2)
        self.assertIn("profile cilium (auto: there are objects of Cilium)", alone.err)
        self.assertIn("set aws;ids=sg-1", alone.err)
        fed = run(*ask, "--sets", sets, policies)
        self.assertEqual(fed.code, 0)
        self.assertNotIn("NP2543", fed.err)
        refused = run(*ask, "--sets", wrong, policies)
        self.assertEqual(refused.code, 3)
        self.assertIn("wrong.yaml:1:16", refused.err)

    def test_exit_3_command_line(self):
        ends = ("--from", "shop/cart", "--to", "shop/payments")
        for args, says in (
                ((), "Usage"),
                (("chekc",), "did you mean check?"),
                (("eval", "--form", "x", CLUSTER), "did you mean --from?"),
                (("eval", "--bogus", CLUSTER), "unknown option --bogus"),
                (("eval", "-Z", CLUSTER), "unknown option -Z"),
                (("eval", CLUSTER), "--from and --to"),
                (("eval", *ends), "no PATH"),
                (("eval", *ends, "--port"), "--port needs a value"),
                (("eval", *ends, "--port", "70000", CLUSTER), "0 to 65535"),
                (("eval", *ends, "--port", "http", CLUSTER), "http"),
                (("eval", *ends, "--explain=1", CLUSTER), "takes no value"),
                (("eval", *ends, "--output", "yaml", CLUSTER), "text|json|csv|dot"),
                (("eval", *ends, "--output", "csv", CLUSTER), "text, json, calico, hits, hubble or hubble-compact"),
                (("eval", *ends, "--output", "calico", "--explain", CLUSTER), "--explain"),
                (("list", "--output", "calico", CLUSTER), "csv and dot"),
                (("diff", "--output", "calico", CLUSTER, CLUSTER), "json and csv"),
                (("eval", *ends, "--profile", "kubernets", CLUSTER), "did you mean kubernetes?"),
                (("eval", *ends, "--set", "self_trafic=allow", CLUSTER), "did you mean self_traffic"),
                (("eval", *ends, "--set", "self_traffic=maybe", CLUSTER), "judge|allow"),
                (("eval", *ends, "--pod-range", "10/8", CLUSTER), "10/8"),
                (("eval", *ends, "--http", "GET", CLUSTER), "METHOD PATH"),
                (("eval", *ends, "--header", "a: b", CLUSTER), "--http"),
                (("eval", *ends, "--icmp", "300", CLUSTER), "TYPE"),
                (("eval", *ends, "--at", "moon", CLUSTER), "PLANE"),
                (("eval", *ends, "--expect", "yes", CLUSTER), "allow|deny"),
                (("eval", "--from", "cart", "--to", "shop/payments", CLUSTER), "ns/name"),
                (("eval", "--from", "shop/cart:1", "--to", "shop/payments", CLUSTER), "--src-port"),
                (("eval", *ends, "--requests", "x", CLUSTER), "together"),
                (("eval", "--requests", "-", "-"), "only once"),
                (("check", "--disable", "NP9999", CLUSTER), "NP9999"),
                (("check", "--explain", "dns-egress-mising"), "dns-egress-missing"),
                (("check", "--fail-on", "always", CLUSTER), "info|warning|error|never"),
                (("completion", "tcsh"), "bash, zsh, fish"),
                (("help", "evla"), "did you mean eval?"),
                (("list", "--from", "nobody", CLUSTER), "nobody")):
            with self.subTest(args=args):
                result = run(*args)
                self.assertEqual((result.code, result.out), (3, ""), result.err)
                self.assertIn(says, result.err)

    def test_exit_4(self):
        found = run("check", CLUSTER)
        self.assertEqual(found.code, 4)
        self.assertIn("NP4115", found.out)
        self.assertIn("shop/cart -> data/postgres", found.out)
        for level, code in (("error", 0), ("never", 0), ("warning", 4), ("info", 4)):
            self.assertEqual(run("check", "--fail-on", level, CLUSTER).code, code, level)
        self.assertEqual(run("check", "--disable", "one-sided-allow", CLUSTER).code, 0)

    # ---- input ----

    def test_paths_are_one_set(self):
        self.write("a/pod.yaml", POD % ("web", "web"))
        self.write("a/deep/er/pod.yml", POD % ("api", "api"))
        self.write("b/policy.yaml", POLICY)
        self.write("a/notes.txt", "{{{ not read")
        ask = ("eval", "--from", "shop/api", "--to", "shop/web:80", "-q")
        self.assertEqual(run(*ask, f"{self.folder}/a", f"{self.folder}/b").code, 0)
        turned = ("eval", "--from", "shop/web", "--to", "shop/api:80", "-q")
        self.assertEqual(run(*turned, f"{self.folder}/a", f"{self.folder}/b").code, 2)
        self.assertEqual(run(*turned, f"{self.folder}/a").code, 0)
        self.assertEqual(run(*turned, f"{self.folder}/a", "-", stdin=POLICY).code, 2)

    def test_one_error_loads_nothing(self):
        good, bad = self.write("good.yaml", SMALL), self.write("bad.yaml", BROKEN)
        ask = ("eval", "--from", "shop/api", "--to", "shop/web:80")
        result = run(*ask, good, bad)
        self.assertEqual((result.code, result.out), (3, ""))
        kept = run(*ask, "--keep-going", "-o", "json", good, bad)
        self.assertIn("incomplete", kept.err)
        self.assertNotEqual(kept.json()["verdict"], "", kept.out)
        self.assertIn("incomplete", kept.out)
        listed = run("check", "--keep-going", "-o", "json", good, bad)
        self.assertEqual((listed.code, listed.json()["incomplete"]), (3, True))

    def test_two_engines(self):
        """The auto profile refuses Cilium and Calico kinds together, also with --keep-going."""
        kinds = ("apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n"
                 "metadata: {name: x, namespace: shop}\n"
                 "spec: {endpointSelector: {}, ingress: [{}]}\n",
                 "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n"
                 "metadata: {name: x}\n")
        for some, refused in ((kinds, True), (kinds[:1], False), (kinds[1:], False)):
            text = "---\n".join((SMALL, *some))
            result = run("list", "-k", "-", stdin=text)
            self.assertEqual((result.code, "of Cilium and of Calico" in result.err),
                             (3, True) if refused else (0, False), result.err)
            named = run("list", "-k", "--profile", "kubernetes", "-", stdin=text)
            self.assertEqual(named.code, 0, named.err)

    def test_auto_profile(self):
        """The auto profile is Calico's where there are objects of Calico, and says so."""
        calico = ("apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\n"
                  "metadata: {name: x}\nspec: {types: [Ingress]}\n")
        pod = POD % ("web", "web") + "---\n"
        for text, profile, verdict in ((pod, "kubernetes", 0), (pod + calico, "calico", 2)):
            result = run("eval", "--from", "10.9.9.9", "--to", "shop/web:80", "-", stdin=text)
            self.assertIn(f"profile {profile} (auto", result.err)
            self.assertEqual(result.code, verdict, result.out)
        host = ("apiVersion: projectcalico.org/v3\nkind: HostEndpoint\nmetadata: {name: h}\n"
                "spec: {node: n1, interfaceName: '*', expectedIPs: [192.168.0.1]}\n")
        closed = run("eval", "--from", "10.9.9.9", "--to", "192.168.0.1:80", "-", stdin=host)
        self.assertIn("profile calico (auto", closed.err)
        self.assertEqual(closed.code, 2, "without a policy a host endpoint is closed")
        named = run("eval", "--from", "10.9.9.9", "--to", "shop/web:80", "--profile", "kubernetes",
                    "-", stdin=pod + calico)
        self.assertEqual(named.code, 0)
        self.assertIn("NP3106", named.err)

    def test_same_object_twice(self):
        result = run("check", "-", stdin=SMALL + "---\n" + POLICY)
        self.assertEqual(result.code, 3)
        self.assertIn("-:37:1", result.out)

    def test_namespace(self):
        pod = (POD % ("web", "web")).replace("  namespace: shop\n", "")
        ask = ("eval", "-q", "--to", "10.0.0.1:80")
        self.assertEqual(run(*ask, "--from", "default/web", "-", stdin=pod).code, 0)
        self.assertEqual(run(*ask, "--from", "lab/web", "-n", "lab", "-", stdin=pod).code, 0)

    def test_lenient(self):
        pod = (POD % ("web", "on"))
        self.assertEqual(run("check", "-", stdin=pod).code, 3)
        self.assertEqual(run("check", "--lenient", "--fail-on", "never", "-", stdin=pod).code, 0)

    def test_strict(self):
        other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\n"
        self.assertEqual(run("check", "-", stdin=SMALL + "---\n" + other).code, 0)
        self.assertEqual(run("check", "--strict", "-", stdin=SMALL + "---\n" + other).code, 3)

    # ---- questions ----

    def test_requests_of_the_example(self):
        result = run("eval", "--requests", f"{CLUSTER}/requests.jsonl", CLUSTER)
        wrong = [answer for answer in result.lines() if answer.get("ok") is not True]
        self.assertEqual((result.code, wrong), (0, []))
        count = len((tool.SOURCE / CLUSTER / "requests.jsonl").read_text().splitlines())
        self.assertEqual(len(result.lines()), count)
        self.assertIn(f"{count} of {count} as expected", result.err)

    def test_requests_keep_their_order(self):
        questions = [{"src": {"pod": "shop/cart"}, "dst": {"pod": "shop/payments"}, "port": port,
                      "protocol": "TCP"} for port in (8443, 1, 8443)]
        questions.append({"src": {"pod": "shop/nobody"}, "dst": {"pod": "shop/cart"},
                          "protocol": "TCP", "port": 1})
        text = "".join(json.dumps(question) + "\n" for question in questions)
        result = run("eval", "--requests", "-", CLUSTER, stdin=text)
        self.assertEqual([line.get("verdict", "-") for line in result.lines()],
                         ["allow", "deny", "allow", "-"])
        self.assertEqual(result.code, 3)
        self.assertIn("shop/nobody", result.lines()[3]["error"])

    def test_requests_expectations(self):
        question = {"src": {"pod": "shop/cart"}, "dst": {"pod": "shop/payments"}, "port": 8443,
                    "protocol": "TCP", "expect": "deny"}
        result = run("eval", "--requests", "-", CLUSTER, stdin=json.dumps(question))
        self.assertEqual((result.code, result.lines()[0]["ok"]), (2, False))
        self.assertIn("0 of 1 as expected", result.err)

    def test_requests_that_are_none(self):
        result = run("eval", "--requests", "-", CLUSTER,
                     stdin='{"src":{"pod":"shop/cart"}}\n\n{"sorce":1}\nnot json\n')
        self.assertEqual((result.code, result.out), (3, ""))
        for place in ("-:1:", "-:3:", "-:4:"):
            self.assertIn(place, result.err)

    def test_flags_are_the_question(self):
        """Every kind of end, and what may follow them."""
        for args, code in (
                (("--from", "192.0.2.200", "--to", "svc/shop/storefront:80"), 0),
                (("--from", "192.0.2.200", "--to", "service/shop/storefront", "--port", "80"), 0),
                (("--from", "203.0.113.9", "--to", "svc/shop/storefront:80"), 2),
                (("--from", "pod/shop/cart", "--to", "10.20.1.13:8443"), 0),
                (("--from", "shop/app=cart", "--to", "shop/payments:8443"), 0),
                (("--from", "shop/app=cart,handles=cards", "--to", "198.51.100.9:443"), 0),
                (("--from", "shop/app=cart", "--to", "198.51.100.9:443"), 2),
                (("--from", "[2001:db8::1]", "--to", "[2001:db8::2]:80"), 0),
                (("--from", "sandbox/toolbox", "--to", "name:bank.example", "-p", "443"), 0),
                (("--from", "192.0.2.200", "--to", "shop/storefront", "--icmp", "8/0"), 2),
                (("--from", "192.0.2.200", "--to", "shop/storefront", "--fragment"), 2),
                (("--from", "shop/cart", "--to", "data/postgres:5432", "--at",
                  "network/ingress"), 0),
                (("--from", "shop/cart", "--to", "data/postgres:5432", "--at",
                  "network/egress"), 2),
                (("--from", "shop/storefront", "--to", "kube-system/coredns:53",
                  "--protocol", "udp"), 0),
                (("--from", "shop/storefront", "--to", "kube-system/coredns:53",
                  "--protocol", "17", "--src-port", "4000"), 0),
                (("--from", "shop/storefront", "--to", "shop/cart:7070", "--http", "GET /cart?x=1",
                  "--header", "a: b", "-H", "a: c", "--host", "cart", "--principal", "?",
                  "--sni", "cart", "--token", "valid", "--claim", "iss=x", "--payload", "plain",
                  "--remote-ip", "192.0.2.1", "--decision", "p=allow", "--authenticated",
                  "no"), 0)):
            with self.subTest(args=args):
                result = run("eval", "-q", *args, CLUSTER)
                self.assertEqual(result.code, code, result.out + result.err)

    def test_explain(self):
        ask = ("eval", "-q", "--from", "shop/cart", "--to", "data/postgres:5432", CLUSTER)
        plain, walk = run(*ask), run(*ask, "--explain")
        self.assertGreater(len(walk.out), len(plain.out))
        for word in ("NetworkPolicy/shop/default-deny", "NetworkPolicy/shop/cart", "policies/shop.yaml:"):
            self.assertIn(word, walk.out)
        run(*ask, "--explain", "-o", "json").json()

    # ---- images ----

    def test_compile_writes_a_whole_image_or_nothing(self):
        image = self.folder / "cluster.netpol"
        image.write_text("what was there before")
        failed = run("compile", "-q", "-o", str(image), self.write("bad.yaml", BROKEN))
        self.assertEqual((failed.code, image.read_text()), (3, "what was there before"))
        result = run("compile", "-q", "-o", str(image), CLUSTER)
        self.assertEqual((result.code, result.out), (0, ""), result.err)
        first = image.read_bytes()
        self.assertTrue(first.startswith(b"NETPOL\r\n"))
        self.assertEqual(image.stat().st_mode & 0o777, 0o666 & ~self.umask())
        self.assertEqual([path.name for path in self.folder.iterdir() if "netpol" in path.name],
                         ["cluster.netpol"])
        piped = subprocess.run([tool.NETPOL, "compile", "-q", "-o", "-", CLUSTER],
                               cwd=tool.SOURCE, capture_output=True, timeout=300)
        self.assertEqual((piped.returncode, piped.stdout), (0, first))

    @staticmethod
    def umask():
        mask = os.umask(0)
        os.umask(mask)
        return mask

    def test_compile_counts(self):
        figures = run("compile", "-q", "--stats", "json", CLUSTER).json()
        image = self.folder / "x"
        run("compile", "-q", "-o", str(image), CLUSTER)
        self.assertEqual(figures["image_bytes"], image.stat().st_size)
        self.assertEqual((figures["version"], figures["policies"]), (1, 9))
        self.assertLess(figures["hot_bytes"], figures["image_bytes"])
        text = run("compile", "-q", "--stats", "text", CLUSTER)
        self.assertEqual(text.code, 0)
        self.assertRegex(text.out, r"(?m)^ +9  policies$")

    def test_compile_refuses(self):
        for args in ((), ("-o", "-", "--stats", "text"), ("--stats", "csv"), ("-o",)):
            with self.subTest(args=args):
                result = run("compile", CLUSTER, *args)
                self.assertEqual((result.code, result.out), (3, ""))
        result = run("compile", "-q", "-o", "/nowhere/x", CLUSTER)
        self.assertEqual(result.code, 1)
        self.assertIn("/nowhere/x", result.err)

    # ---- output ----

    def test_json(self):
        for args in (("check", CLUSTER), ("list", CLUSTER), ("version",), ("check", "--list"),
                     ("check", "/nowhere")):
            with self.subTest(args=args):
                self.assertEqual(run(*args, "--output", "json").json()["version"], 1)

    def test_formats_of_list(self):
        csv = run("list", "-q", "-o", "csv", CLUSTER).out.splitlines()
        self.assertEqual(csv[0], "src,dst,protocol,first,last,certain")
        self.assertIn("shop/cart,shop/payments,TCP,8443,8443,1", csv)
        dot = run("list", "-q", "-o", "dot", CLUSTER).out
        self.assertTrue(dot.startswith("digraph") and dot.endswith("}\n"))
        self.assertIn('"shop/cart" -> "shop/payments" [label="TCP 8443"', dot)

    def test_all_but_one_port(self):
        """A Deny of an ordered tier leaves everything else, and the list says what that is."""
        deny = ("apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n"
                "metadata: {name: x}\nspec:\n  priority: 1\n  subject: {namespaces: {}}\n"
                "  ingress:\n  - action: Deny\n    from: [{namespaces: {}}]\n"
                "    ports: [{portNumber: {protocol: TCP, port: 80}}]\n")
        pods = "---\n".join((POD % ("web", "web"), POD % ("api", "api"), deny))
        ask = ("list", "-q", "--from", "shop/web", "-")
        self.assertEqual(run(*ask, stdin=pods).out.split("shop/api")[1].strip(),
                         "TCP 1-79,81-65535; UDP all; SCTP all; ICMP all; other protocols")
        row, = run(*ask, "-o", "json", stdin=pods).json()["connections"]
        self.assertEqual((row["all"], row["others"]), (False, True))
        self.assertIn("shop/web,shop/api,other,,,1", run(*ask, "-o", "csv", stdin=pods).out)
        denied = run("list", "-q", "--denied", "--from", "shop/web", "-", stdin=pods).out
        self.assertEqual(denied.split("shop/api")[1].strip(), "TCP 80")

    def test_findings_show_their_line(self):
        shown = run("check", CLUSTER).out
        self.assertRegex(shown, r"data.yaml:13:7: warning\[NP4115\].*\n.*\n +13 \|     - from:\n +\|       \^")
        diags = run("check", "-o", "json", CLUSTER).json()["diagnostics"]
        self.assertEqual([d["excerpt"] for d in diags if d["code"] == "NP4115"], ["    - from:"])

    def test_colour(self):
        ask = ("check", "-")
        self.assertNotIn("\x1b", run(*ask, stdin=BROKEN).out)
        self.assertIn("\x1b[", run(*ask, "--color", "always", stdin=BROKEN).out)
        self.assertIn("\x1b[", run(*ask, "--color=always", stdin=BROKEN, env={"NO_COLOR": "1"}).out)

    def test_colour_on_a_terminal(self):
        script = shutil.which("script")
        if not script:
            self.skipTest("script(1) is missing")
        path = self.write("broken.yaml", BROKEN)
        command = f"'{tool.NETPOL}' check '{path}'"
        for extra, colour in (("", True), ("NO_COLOR=1 ", False), ("TERM=dumb ", False)):
            shown = subprocess.run([script, "-qec", f"env TERM=xterm {extra}{command}", "/dev/null"],
                                   capture_output=True, stdin=subprocess.DEVNULL).stdout
            self.assertEqual(b"\x1b[" in shown, colour, (extra, shown))

    def test_progress(self):
        """On a terminal, after two seconds, and nowhere else."""
        script = shutil.which("script")
        if not script:
            self.skipTest("script(1) is missing")
        pods = self.write("pods.yaml", "---\n".join(POD % (f"p{i}", "web") for i in range(2000)))
        feed = f"(cat '{pods}'; sleep 2.2) | '{tool.NETPOL}' check --fail-on never -"
        for extra, shown in (("", True), (" -q", False), (" 2>/dev/null", False)):
            out = subprocess.run([script, "-qec", feed + extra, "/dev/null"], capture_output=True,
                                 stdin=subprocess.DEVNULL).stdout
            self.assertEqual(b" objects, 0 MB" in out, shown, extra)
        quick = f"'{tool.NETPOL}' check --fail-on never '{pods}'"
        out = subprocess.run([script, "-qec", quick, "/dev/null"], capture_output=True,
                             stdin=subprocess.DEVNULL).stdout
        self.assertNotIn(b" objects, 0 MB", out)

    def test_streams(self):
        result = run("eval", "--from", "shop/storefront", "--to", "shop/cart:7070", "-o", "json",
                     CLUSTER)
        result.json()
        self.assertIn("profile kubernetes (auto", result.err)
        quiet = run("eval", "-q", "--from", "shop/storefront", "--to", "shop/cart:7070", CLUSTER)
        self.assertEqual(quiet.err, "")
        named = run("eval", "--profile", "kubernetes", "--from", "shop/storefront", "--to",
                    "shop/cart:7070", CLUSTER)
        self.assertNotIn("profile", named.err)

    def test_diagnostics_text(self):
        self.golden("broken.txt", run("check", "-", stdin=BROKEN).out)
        self.golden("cluster.txt", run("check", CLUSTER).out)
        self.golden("list.txt", run("list", "-q", "--addresses", CLUSTER).out)

    # ---- help, completion, manual page ----

    def test_help(self):
        self.golden("help.txt", run("--help").out)
        for command in COMMANDS:
            shown = run(command, "--help")
            self.assertEqual(shown.code, 0)
            self.golden(f"help-{command}.txt", shown.out)
            self.assertEqual(shown.out, run("help", command).out)
            for line in shown.out.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_examples_of_the_help(self):
        """Examples that name the example cluster run; none has a typing error."""
        for command in ("check", "eval", "list"):
            for line in run(command, "--help").out.split("Examples:")[1].splitlines():
                words = line.split()
                if words[:1] == ["netpol"] and words[-1] == "cluster/" and "|" not in words:
                    words = [CLUSTER if word == "cluster/" else word for word in words[1:]]
                    words = [f"{CLUSTER}/{word}" if word == "requests.jsonl" else word
                             for word in words]
                    with self.subTest(line=line):
                        self.assertIn(run(*words).code, (0, 2), line)

    def test_completion(self):
        for shell in ("bash", "zsh", "fish"):
            script = run("completion", shell).out
            for word in ("--requests" if shell != "fish" else "-l requests", "eval", "np-guard",
                         "self_traffic=", "NP4101"):
                self.assertIn(word, script, shell)
            if shutil.which(shell):
                path = self.write(f"complete.{shell}", script)
                check = subprocess.run([shell, "-n", path], capture_output=True, text=True)
                self.assertEqual((check.returncode, check.stderr), (0, ""), shell)

    def test_completion_in_bash(self):
        if not shutil.which("bash"):
            self.skipTest("bash is missing")
        path = self.write("complete.bash", run("completion", "bash").out)
        for words, wanted in ((["netpol", "ev"], "eval"), (["netpol", "eval", "--requ"], "--requests"),
                              (["netpol", "check", "--fail-on", "w"], "warning"),
                              (["netpol", "list", "--profile", "np"], "np-guard")):
            quoted = " ".join(f"'{word}'" for word in words)
            shown = subprocess.run(
                ["bash", "-c", f"source {path}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; "
                               f"_netpol 2>/dev/null; echo \"${{COMPREPLY[@]}}\""],
                capture_output=True, text=True)
            self.assertEqual(shown.stdout.split(), [wanted], shown)

    def test_manual_page(self):
        page = run("help", "--man").out
        for command in COMMANDS:
            self.assertIn(f".SS netpol {command} ", page)
        if not shutil.which("groff"):
            self.skipTest("groff is missing")
        path = self.write("netpol.1", page)
        shown = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", path],
                               capture_output=True, text=True)
        self.assertEqual((shown.returncode, shown.stderr), (0, ""))

    def test_codes(self):
        codes = run("check", "--list", "-o", "json").json()["codes"]
        self.assertEqual(len({code["code"] for code in codes}), len(codes))
        self.assertEqual(len({code["name"] for code in codes}), len(codes))
        for code in codes:
            self.assertTrue(code["why"] and code["fix"])
        told = run("check", "--explain", "NP4101").out
        self.assertEqual(told, run("check", "--explain", "dns-egress-missing").out)
        self.assertIn("Fix: ", told)


class DefaultNamespace(unittest.TestCase):
    def test_must_be_a_name(self):
        """--namespace puts nothing into a namespace that no API server would have."""
        pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c}]}\n"
        good = tool.run("check", "-q", "-n", "shop", "-", stdin=pod)
        self.assertEqual(good.code, 0, good.out)
        bad = tool.run("check", "-q", "-n", "BAD NS", "-", stdin=pod)
        self.assertEqual(bad.code, 3, bad.out)
        self.assertIn("NP2052", bad.out)


if __name__ == "__main__":
    unittest.main(argv=[word for word in sys.argv if word != "--update"])
