#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of scripts/checks can fail: each is shown a clean tree, then one fault at a time."""

import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HEAD = "/* SPDX-License-Identifier: Apache-2.0 */\n"
SHORT = "int np_x(void)\n{\n    return 1;\n}\n"


def function(lines):
    """A function of so many lines."""
    return "int np_long(int a,\n            int b)\n{\n" + "    a++;\n" * (lines - 4) + "}\n"


class Checks(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.root)
        self.write("libnetpol/CMakeLists.txt",
                   "# SPDX-License-Identifier: Apache-2.0\n"
                   "set(NETPOL_ROOMS base image regex source model match api)\n")
        self.write("include/netpol/base.h", HEAD + "#include <stdint.h>\n")
        self.write("libnetpol/base/base.h", HEAD + "#include <netpol/base.h>\n#include \"x.def\"\n")
        self.write("libnetpol/base/x.def", HEAD)
        self.write("libnetpol/base/hash.c", HEAD + "#include <xxhash.h>\n")
        self.write("libnetpol/source/yaml.c",
                   HEAD + "#include \"base/base.h\"\n#include <yaml.h>\n" + function(80))
        self.write("libnetpol/match/match.c", HEAD + "#include \"image/image.h\"\n")
        self.write("tools/netpol/main.c", HEAD + "#include \"main.h\"\n#include <netpol/base.h>\n")
        self.write("tools/netpol/main.h", HEAD)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run_check(self, name):
        done = subprocess.run([sys.executable, SOURCE / "scripts/checks" / f"{name}.py", self.root],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def assert_clean(self, name):
        status, output = self.run_check(name)
        self.assertEqual(status, 0, output)
        self.assertIn("0 findings", output)

    def assert_found(self, name, finding):
        status, output = self.run_check(name)
        self.assertEqual(status, 1, output)
        self.assertIn(finding, output)
        self.assertIn(" 1 findings", output)

    def test_clean_tree_passes(self):
        for name in ("rooms", "sizes", "spdx"):
            self.assert_clean(name)

    def test_nothing_to_look_at_fails(self):
        for folder in ("include", "tools", "libnetpol/base", "libnetpol/source",
                       "libnetpol/match"):
            shutil.rmtree(self.root / folder)
        for name in ("rooms", "sizes"):
            status, output = self.run_check(name)
            self.assertEqual(status, 1, output)
            self.assertIn("nothing to look at", output)

    def test_room_below_must_not_know_room_above(self):
        self.write("libnetpol/base/alloc.c", HEAD + "\n#include \"source/node.h\"\n")
        self.assert_found("rooms", "libnetpol/base/alloc.c:3: source/node.h: room base must not")

    def test_match_sees_less_than_its_place_allows(self):
        self.write("libnetpol/match/match.c", HEAD + "#  include \"model/model.h\"\n")
        self.assert_found("rooms", "room match must not know room model")

    def test_unknown_room(self):
        self.write("libnetpol/cellar/wine.c", HEAD)
        self.assert_found("rooms", "cellar is not a listed room")

    def test_include_of_no_room(self):
        self.write("libnetpol/api/api.c", HEAD + "#include \"attic/box.h\"\n")
        self.assert_found("rooms", "attic is not a room")

    def test_include_without_room(self):
        self.write("libnetpol/api/api.c", HEAD + "#include \"base.h\"\n")
        self.assert_found("rooms", "write the room")

    def test_library_of_another_room(self):
        self.write("libnetpol/model/model.c", HEAD + "#include <yaml.h>\n")
        self.assert_found("rooms", "<yaml.h> belongs to room source")

    def test_public_header_with_quotes(self):
        self.write("include/netpol/store.h", HEAD + "#include \"base.h\"\n")
        self.assert_found("rooms", "a public header includes with <>")

    def test_command_reaches_inside(self):
        self.write("tools/netpol/eval.c", HEAD + "#include \"base/base.h\"\n")
        self.assert_found("rooms", "only public headers")

    def test_long_function(self):
        self.write("libnetpol/base/a.c", HEAD + SHORT + "\n" + function(81) + SHORT)
        self.assert_found("sizes", "libnetpol/base/a.c:7: np_long() has 81 lines")

    def test_long_file(self):
        self.write("libnetpol/base/a.c", HEAD + "\n" * 799)
        self.assert_clean("sizes")
        self.write("libnetpol/base/a.c", HEAD + "\n" * 800)
        self.assert_found("sizes", "801 lines, the cap is 800")

    def test_rather_long_file_is_named(self):
        self.write("libnetpol/base/a.c", HEAD + "\n" * 500)
        status, output = self.run_check("sizes")
        self.assertEqual(status, 0)
        self.assertIn("note: libnetpol/base/a.c: 501 lines", output)

    def test_licence_is_missing(self):
        for name, text in (("libnetpol/base/a.c", "int x;\n"), ("libnetpol/base/b.def", "\n"),
                           ("cmake/CMakeLists.txt", "\n"), ("scripts/run", "#!/bin/sh\n")):
            self.write(name, text)
            self.assert_found("spdx", f"{name}:1:")
            (self.root / name).unlink()
        self.write("docs/page.md", "words\n")
        self.assert_clean("spdx")

    @unittest.skipUnless(shutil.which("clang-format"), "clang-format is missing")
    def test_format(self):
        shutil.copy(SOURCE / ".clang-format", self.root)
        self.write("libnetpol/source/yaml.c", HEAD + SHORT)
        for text, status, said in ((SHORT, 0, " 0 places"), ("int  x ;\n", 1, " 2 places")):
            self.write("libnetpol/base/a.c", HEAD + text)
            done = subprocess.run([SOURCE / "scripts/checks/format.sh", self.root],
                                  capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, status, done.stdout)
            self.assertIn(said, done.stdout)

    def write_coverage(self, row_of_second, extra=""):
        self.write("spec/words.md", "## 1. One\n- first\n  goes on\n- second\n\n"
                                    "### 1.1 Deeper\n| a | b |\n|---|---|\n| third | x |\n\n"
                                    "Fourth is\nprose. Fifth too.\n\n## 2. Two\n- not covered\n")
        self.write("tests/unit/dialect/rules.c", HEAD + "static void first_rule(void **state)\n")
        self.write("docs/coverage/README.md", "| 1/1 | an example | wrong |\n")
        self.write("docs/coverage/words.md",
                   "<!-- covers: words.md 1 -->\n| item | says | proof |\n|---|---|---|\n"
                   "| 1/1 | first | `tests/unit/dialect/rules.c#first_rule` |\n"
                   f"{row_of_second}\n"
                   "| 1.1/1 | third | none: the interface has no such field |\n"
                   "| 1.1/2 | fourth | later: the matcher of a later version |\n"
                   f"| 1.1/3 | fifth | `tests/unit` |\n{extra}")

    def run_check_coverage(self):
        done = subprocess.run([sys.executable, SOURCE / "scripts/checks/coverage.py", self.root,
                               self.root / "spec"], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def assert_coverage(self, finding, row="| 1/2 | second | `tests/unit` |", extra=""):
        self.write_coverage(row, extra)
        status, output = self.run_check_coverage()
        self.assertEqual(status, 1 if finding else 0, output)
        self.assertIn(finding or "1 files, 0 findings", output)

    def test_coverage(self):
        self.assert_coverage(None)
        self.assert_coverage("1/2 is not covered: second", "")
        self.assert_coverage("1/2: neither a test nor a reason", "| 1/2 | second | |")
        self.assert_coverage("1/2: neither a test nor a reason", "| 1/2 | second | none: no |")
        self.assert_coverage("tests/gone is not a test", "| 1/2 | second | `tests/gone` |")
        self.assert_coverage("docs/coverage/words.md is not a test",
                             "| 1/2 | second | `docs/coverage/words.md` |")
        self.assert_coverage("has no third_rule",
                             "| 1/2 | second | `tests/unit/dialect/rules.c#third_rule` |")
        self.assert_coverage("words.md has no 1/3", extra="| 1/3 | ninth | `tests/unit` |\n")
        self.assert_coverage("1/1 stands twice", extra="| 1/1 | first | `tests/unit` |\n")
        self.assert_coverage("words.md 1/2 has changed, is now ~",
                             "| 1/2~0000 | second | `tests/unit` |")
        self.assert_coverage(None, "| 1/2~7600 | second | `tests/unit` |")
        self.assert_coverage("not a row of a map", extra="| one | first | `tests/unit` |\n")

    def test_coverage_without_maps(self):
        status, output = self.run_check_coverage()
        self.assertEqual(status, 1)
        self.assertIn("nothing to look at", output)


if __name__ == "__main__":
    unittest.main()
