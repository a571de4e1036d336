#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""netpol list says of every pair, port by port, what netpol eval says.

Each side of the comparison goes its own way through the library: list judges classes of pods on
intervals of ports, eval one question at a time. Asked are the ends of every interval, their
neighbours and random ports, on the example cluster and (where it is at hand) the conformance corpus.
"""

import ipaddress
import json
import random
import sys
import tempfile
import unittest

import tool

PROTOCOLS = {"TCP": 6, "UDP": 17, "SCTP": 132}
CORPUS = tool.SHARED / "conformance/np-guard"


def first_address(text):
    if "-" in text and "/" not in text:
        return text.split("-")
    try:
        network = ipaddress.ip_network(text)
    except ValueError:
        return None
    return [str(network[0]), str(network[-1])]


def allowed(row, protocol, port):
    if row["all"]:
        return True
    return any(span["protocol"] == protocol and span["first"] <= port <= span["last"]
               for span in row["ports"])


class Lists(unittest.TestCase):
    def compare(self, folder, *options):
        rows = tool.run("list", "--quiet", "--output", "json", "--addresses", *options,
                        folder).json()["connections"]
        table, ends = {}, set()
        for row in rows:
            key = (row["src"], row["dst"])
            table.setdefault(key, {})[row["certain"]] = row
            ends.update(key)
        pods = sorted(end for end in ends if first_address(end) is None)
        ports = {1, 80, 443, 65535}
        for row in rows:
            for span in row["ports"]:
                for port in (span["first"], span["last"]):
                    ports.update(p for p in (port - 1, port, port + 1) if 0 < p < 65536)
        chance = random.Random(folder)
        questions, answers = [], []
        for src in pods:
            for dst in pods:
                if src == dst:
                    continue
                entry = table.get((src, dst), {})
                for _ in range(12):
                    protocol = chance.choice(sorted(PROTOCOLS))
                    port = chance.choice(sorted(ports)) if chance.random() < .7 else \
                        chance.randrange(1, 65536)
                    questions.append({"src": {"pod": src}, "dst": {"pod": dst},
                                      "protocol": protocol, "port": port})
                    answers.append(self.expected(entry, protocol, port))
        for (src, dst), entry in table.items():
            outside = first_address(src) or first_address(dst)
            for address in outside or []:
                protocol, port = chance.choice(sorted(PROTOCOLS)), chance.choice(sorted(ports))
                one = {"src": {"ip": address} if first_address(src) else {"pod": src},
                       "dst": {"ip": address} if first_address(dst) else {"pod": dst},
                       "protocol": protocol, "port": port}
                questions.append(one)
                answers.append(self.expected(entry, protocol, port))
        self.ask(folder, options, questions, answers)
        return len(questions)

    @staticmethod
    def expected(entry, protocol, port):
        if True in entry and allowed(entry[True], protocol, port):
            return "allow"
        if False in entry and allowed(entry[False], protocol, port):
            return "unknown"
        return "deny"

    def ask(self, folder, options, questions, answers):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write("".join(json.dumps(question) + "\n" for question in questions))
            file.flush()
            result = tool.run("eval", "--quiet", *options, "--requests", file.name, folder)
        self.assertEqual(result.code, 0, result.err)
        for question, expected, answer in zip(questions, answers, result.lines(), strict=True):
            self.assertEqual(answer["verdict"], expected, (folder, question, answer))

    def test_example_cluster(self):
        self.assertGreater(self.compare(tool.CLUSTER), 300)

    def test_corpus(self):
        if not CORPUS.is_dir():
            self.skipTest(f"{CORPUS} is not here")
        asked = 0
        for folder in sorted(CORPUS.iterdir()):
            with self.subTest(folder=folder.name):
                asked += self.compare(str(folder), "--profile", "np-guard")
        self.assertGreater(asked, 40000)

    def test_denied_is_the_rest(self):
        """A pair and port is allowed, denied or not known, and never two of them."""
        def spans(*options):
            rows = tool.run("list", "--quiet", "--output", "json", *options,
                            tool.CLUSTER).json()["connections"]
            return {(row["src"], row["dst"]): row for row in rows if row["certain"]}
        allow, deny = spans(), spans("--denied")
        self.assertTrue(allow and deny)
        for key in set(allow) | set(deny):
            for port in (1, 53, 80, 5432, 7070, 8080, 8443, 9090, 65535):
                says = [key in table and allowed(table[key], "TCP", port) for table in (allow, deny)]
                self.assertEqual(sum(says), 1, (key, port))

    def test_words(self):
        """A row says when the request decides, and which messages of ICMP pass."""
        folder = "examples/cilium"
        text = tool.run("list", "-q", "--from", "shop/", "--to", "shop/cart", folder).out
        self.assertEqual([line.split(maxsplit=3) for line in text.splitlines()], [
            ["shop/debug", "->", "shop/cart", "ICMP 3/4,8"],
            ["shop/storefront", "->", "shop/cart", "ICMP 3/4"],
            ["shop/storefront", "->", "shop/cart", "TCP 7070 (request decides)"]])
        rows = tool.run("list", "-q", "-o", "json", "--from", "shop/storefront", "--to",
                        "shop/cart", folder).json()["connections"]
        self.assertEqual([(row["certain"], row["request"]) for row in rows],
                         [(True, False), (False, True)])

    def test_filters(self):
        everything = tool.run("list", "-q", "-o", "json", tool.CLUSTER).json()["connections"]
        part = tool.run("list", "-q", "-o", "json", "--from", "shop/", "--to", "data/postgres",
                        tool.CLUSTER).json()["connections"]
        self.assertEqual(part, [row for row in everything if row["src"].startswith("shop/") and
                                row["dst"] == "data/postgres"])
        self.assertEqual([(row["src"], row["ports"]) for row in part],
                         [("shop/payments", [{"protocol": "TCP", "first": 5432, "last": 5432}])])
        one = tool.run("list", "-q", "-o", "json", "--from", "198.51.100.7", "--to",
                       "shop/storefront", tool.CLUSTER).json()["connections"]
        self.assertEqual([(row["src"], row["ports"][0]["first"]) for row in one],
                         [("198.51.100.7/32", 8080)])
        self.assertEqual(tool.run("list", "-q", "--from", "shop/nobody", tool.CLUSTER).code, 3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
