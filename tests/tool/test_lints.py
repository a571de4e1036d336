#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every lint finds what it is for, at the right line and object, and passes over a near miss.

tests/lints/NAME/{found,near-miss}[-PROFILE]: case.yaml and expected.txt, a line "CODE file:line
object" for each finding of the lint that NAME is the name of.
"""

import json
import pathlib
import unittest

import tool

LINTS = tool.SOURCE / "tests/lints"


def codes():
    listed = tool.run("check", "--list", "--output", "json").json()["codes"]
    return {code["name"]: code for code in listed}


def findings(folder, code):
    engine = folder.name.rsplit("-", 1)[-1]
    profile = ("--profile", engine) if engine in ("calico", "cilium") else ()
    result = tool.run("check", "--quiet", "--fail-on", "never", "--output", "json", *profile,
                      str(folder))
    lines = []
    for diag in result.json()["diagnostics"]:
        if diag["code"] == code:
            name = pathlib.Path(diag["source"]).name
            lines.append(f"{code} {name}:{diag['line']} {diag['object']}")
    return result, sorted(lines)


class Lints(unittest.TestCase):
    def test_cases(self):
        catalogue = codes()
        for folder in sorted(LINTS.iterdir()):
            code = catalogue[folder.name]["code"]
            kinds = sorted(kind.name for kind in folder.iterdir())
            for kind in kinds:
                with self.subTest(lint=folder.name, kind=kind):
                    opposite = kind.replace("found", "near-miss") if "found" in kind else \
                        kind.replace("near-miss", "found")
                    self.assertIn(opposite, kinds)
                    result, found = findings(folder / kind, code)
                    expected = (folder / kind / "expected.txt").read_text().splitlines()
                    self.assertEqual(kind.startswith("found"), bool(expected))
                    self.assertEqual(result.code, 0, result.err)
                    self.assertEqual(found, sorted(expected))

    def test_every_lint_has_a_case(self):
        wanted = {name for name, code in codes().items()
                  if code["code"].startswith("NP41") and code["code"] != "NP4100"}
        self.assertEqual(wanted, {folder.name for folder in LINTS.iterdir()})

    def test_host_network(self):
        """A selector that only a pod of the host network satisfies selects nobody, and says so."""
        pod = ("apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: x, labels: {app: %s}}\n"
               "spec: {hostNetwork: %s, nodeName: n1, containers: [{name: c}]}\n---\n")
        policy = ("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                  "metadata: {name: p, namespace: x}\nspec:\n  podSelector: {matchLabels: {app: a}}\n")
        both = pod % ("a", "a", "true") + pod % ("b", "b", "false") + policy
        found = tool.run("check", "-q", "-", stdin=both)
        self.assertEqual(found.code, 4)
        self.assertIn("app=a in namespace=x (pods of the host network do not count", found.out)
        plain = tool.run("check", "-q", "-", stdin=both.replace("labels: {app: a}", "labels: {app: z}"))
        self.assertNotIn("host network", plain.out)
        as_pods = tool.run("check", "-q", "--set", "host_network=pod", "-", stdin=both)
        self.assertEqual(as_pods.code, 0, as_pods.out)

    def test_disabled(self):
        folder = str(LINTS / "one-sided-allow/found")
        self.assertEqual(tool.run("check", "--quiet", folder).code, 4)
        for name in ("NP4115", "one-sided-allow"):
            result = tool.run("check", "--quiet", "--disable", name, "--disable",
                              "dns-egress-missing", folder)
            self.assertEqual(result.code, 0, result.out)
            self.assertNotIn("NP4115", result.out)

    def test_work_is_bounded(self):
        """A policy of many peers on many pods: the lint stops in time, and says that it did."""
        pods = "".join(f"apiVersion: v1\nkind: Pod\nmetadata: {{name: p{i}, namespace: x, "
                       f"labels: {{app: a{i}}}}}\nspec: {{containers: [{{name: c}}]}}\n---\n"
                       for i in range(100))
        peers = ", ".join(f"{{ipBlock: {{cidr: 20.{i // 250}.{i % 250}.0/24}}}}"
                          for i in range(1000))
        named = ", ".join(f"{{podSelector: {{matchLabels: {{app: a{i}}}}}}}" for i in range(100))
        policy = ("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
                  "metadata: {name: p, namespace: x}\nspec:\n  podSelector: {}\n"
                  "  policyTypes: [Ingress, Egress]\n"
                  f"  ingress: [{{from: [{peers}]}}]\n  egress: [{{to: [{named}]}}]\n")
        result = tool.run("check", "-q", "--output", "json", "-", stdin=pods + policy)
        self.assertIn("NP4100", [d["code"] for d in result.json()["diagnostics"]])

    def test_seed_traps(self):
        """The two traps of the article: DNS forgotten, and the frontend that may not get out."""
        seeds = tool.SHARED / "seed-cases"
        if not seeds.is_dir():
            self.skipTest(f"{seeds} is not here")
        for name, dns in (("kubernetes", False), ("kubernetes-dns-outage", True)):
            diags = tool.run("check", "--output", "json", str(seeds / name)).json()["diagnostics"]
            one_sided = [d for d in diags if d["code"] == "NP4115" and
                         "production/frontend -> production/backend-api" in d["message"]]
            self.assertEqual(len(one_sided), 1, json.dumps(diags, indent=1))
            self.assertIn("allow-frontend-to-backend", one_sided[0]["object"])
            found = [d for d in diags if d["code"] == "NP4101"]
            self.assertEqual(bool(found), dns, json.dumps(found, indent=1))
            for diag in found:
                self.assertIn("default-deny-all", diag["object"])


if __name__ == "__main__":
    unittest.main()
