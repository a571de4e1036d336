#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the documentation shows of the command is what the command says.

An example is an indented line "$ netpol ..." about the examples; behind it stands what is printed,
whole lines in their order, "..." for some that are left out.
"""

import re
import shlex
import unittest

import tool

PAGES = ("README.md", "docs/calico.md", "docs/cilium.md")


def examples(page):
    """Pairs of a command and the lines shown behind it."""
    found = []
    for line in (tool.SOURCE / page).read_text().splitlines():
        command = re.match(r"    \$ netpol (.* examples/\S+)$", line)
        if command:
            found.append((command.group(1), []))
        elif re.match(r"    \$ |\S", line):
            found.append((None, []))  # prose, or a command of another kind
        elif found and line.strip():
            found[-1][1].append(line[4:])
    return [(command, lines) for command, lines in found if command]


class Docs(unittest.TestCase):
    def test_examples(self):
        for page in PAGES:
            asked = examples(page)
            self.assertGreater(len(asked), 0, page)
            for command, lines in asked:
                with self.subTest(page=page, command=command):
                    result = tool.run(*shlex.split(command))
                    rest = iter(result.out.splitlines() + result.err.splitlines())
                    for line in lines:
                        if line != "...":
                            self.assertIn(line, rest)  # from where the last one was on


if __name__ == "__main__":
    unittest.main()
