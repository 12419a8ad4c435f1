"""Proves that each architecture test can fail, on small trees made in a temporary folder."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import coroutines
import headers
import hygiene
import layers
import tree

GOOD = {
    "docs/architecture.md": "| layer | module | holds |\n|---|---|---|\n| 0 | `base` | x |\n| 1 | `json` | x |\n"
                            "| 1 | `sse` | x |\n| 2 | `api` | x |\n",
    "CMakeLists.txt": "foreach(module base json sse api)\nendforeach()\n",
    "src/base/CMakeLists.txt": "fluxgate_module(base LIBS Boost::headers)\n",
    "src/json/CMakeLists.txt": "fluxgate_module(json DEPS base LIBS simdjson)\n",
    "src/sse/CMakeLists.txt": "fluxgate_module(sse DEPS base PCH)\n",
    "src/api/CMakeLists.txt": "fluxgate_module(api DEPS json sse)\n",
    "include/fluxgate/base/text.hpp": "#pragma once\n#include <string>\ninline std::string text;\n",
    "src/json/scan.hpp": "#pragma once\n",
    "src/json/scan.cpp": '#include "json/scan.hpp"\n#include "fluxgate/base/text.hpp"\n',
    "src/api/plan.cpp": '// #include "fluxgate/app/x.hpp" in a comment\n#include "fluxgate/base/text.hpp"\n',
    "src/main.cpp": '#include "fluxgate/api/x.hpp"\n',
}


class InATree(unittest.TestCase):
    rule = None

    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="fluxgate-arch-"))
        self.addCleanup(shutil.rmtree, self.root)
        self.write(GOOD)

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def findings(self, files=()):
        self.write(dict(files))
        return type(self).rule(tree.Tree(self.root))

    def refuses(self, files, *words):
        found = self.findings(files)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])


class Layers(InATree):
    rule = staticmethod(layers.check)

    def test_good_tree(self):
        self.assertEqual(self.findings(), [])

    def test_upward_include(self):
        self.refuses({"src/json/up.cpp": '#include "fluxgate/api/x.hpp"\n'}, "src/json/up.cpp:1", "json (layer 1) includes api")

    def test_sideways_include(self):
        self.refuses({"include/fluxgate/json/side.hpp": '\n#include "fluxgate/sse/x.hpp"\n'}, "side.hpp:2", "includes sse")

    def test_private_header_of_another_module(self):
        self.refuses({"src/api/peek.cpp": '#include "json/scan.hpp"\n'}, "private to json")

    def test_private_header_in_a_public_one(self):
        self.refuses({"include/fluxgate/json/x.hpp": '#include "json/scan.hpp"\n'}, "public header")

    def test_folder_without_row(self):
        found = self.findings({"src/extra/x.cpp": ""})
        self.assertEqual(found, ["docs/architecture.md: the table has no row for module extra"])

    def test_row_without_folder(self):
        self.write({"docs/architecture.md": GOOD["docs/architecture.md"] + "| 3 | `ghost` | x |\n"})
        self.assertIn("docs/architecture.md: module ghost has no folder", self.findings())

    def test_include_of_an_unknown_module(self):
        self.refuses({"src/api/x.cpp": '#include "fluxgate/nowhere/x.hpp"\n'}, "the table lacks")

    def test_deps_upward(self):
        self.refuses({"src/sse/CMakeLists.txt": "fluxgate_module(sse DEPS base api)\n"}, "DEPS api")

    def test_deps_do_not_lead_to_an_include(self):
        self.refuses({"src/json/CMakeLists.txt": "fluxgate_module(json LIBS base)\n"}, "scan.cpp:2", "does not lead to")

    def test_cmake_list_differs(self):
        self.refuses({"CMakeLists.txt": "foreach(module base json api)\nendforeach()\n"}, "sse")

    def test_no_table(self):
        self.refuses({"docs/architecture.md": "nothing here\n"}, "no layer table")


class Coroutines(InATree):
    rule = staticmethod(coroutines.check)

    def body(self, statement):
        return {"src/api/co.cpp": "awaitable<void> f(Options o) {\n  if (ready) {\n    g();\n  }\n  " + statement + "\n}\n"}

    BAD = {
        "co_await f(Options{s1, s2});": "braced temporary",
        "co_await f({s1, s2});": "braced temporary",
        "auto r = co_await f(Opt{.name = name});": "braced temporary",
        "if (co_await f(Opt{})) g();": "braced temporary",
        "v.push_back(Agg{co_await f()});": "braced temporary",
        "co_await f(first,\n      Options{s1});": "braced temporary",
        "co_await f([s] { g(s); });": "lambda with captures",
        "co_await [c]() -> awaitable<void> { co_return; }();": "lambda with captures",
        "co_await co_spawn(ex, [&s] { return g(s); }, use_awaitable);": "lambda with captures",
        "auto r = b ? co_await make() : T(x);": "?:",
        "co_await f(b ? text : other);": "?:",
    }
    GOOD_STATEMENTS = [
        "Options o{s1, s2};\n  co_await f(std::move(o));",
        "co_await f(s1, s2);",
        "if (co_await f()) {\n    g(Options{s1});\n  }",
        "for (auto& x : list) {\n    co_await f(x);\n  }\n  Options o{s1};",
        "auto [ec, n] = co_await read(values[i]);",
        "co_await f(b ? 1 : 2);",
        "co_await f([](int x) { return x; });",
        "g([s] { h(s); });\n  co_await f();",
        "co_return Agg{s1, s2};",
        "switch (co_await f()) {\n    case 1: {\n      g(Agg{s});\n    }\n  }",
        "co_await f(std::chrono::milliseconds{5});",
        "// co_await f(Options{s1});",
        'log("co_await f(Options{s1})");',
        "co_await f(b ? text : other);  // coroutine-safe: both are string_view",
        "while (!co_await f()) {\n    x = {1, 2};\n  }",
    ]

    def test_refuses(self):
        for statement, word in self.BAD.items():
            with self.subTest(statement):
                self.refuses(self.body(statement), word)

    def test_accepts(self):
        for statement in self.GOOD_STATEMENTS:
            with self.subTest(statement):
                self.assertEqual(self.findings(self.body(statement)), [])

    def test_an_allowance_needs_a_reason(self):
        self.refuses(self.body("co_await f(Options{s1});  // coroutine-safe:"), "braced temporary")


class Hygiene(InATree):
    rule = staticmethod(hygiene.check)

    def test_good_tree(self):
        self.assertEqual(self.findings({"src/app/x.cpp": "std::cout << 1;\n", "src/json/n.cpp": "std::snprintf(a, 1, f);\n",
                                        "src/providers/x.cpp": "key.reveal();\n", "tests/x.cpp": "printf(f);\n"}), [])

    def test_refuses(self):
        self.refuses({"include/fluxgate/api/x.hpp": "int x;\n"}, "#pragma once")
        self.write({"include/fluxgate/api/x.hpp": "#pragma once\n"})
        self.refuses({"src/api/y.hpp": "#pragma once\nusing namespace std;\n"}, "y.hpp:2", "using namespace")
        self.write({"src/api/y.hpp": "#pragma once\n"})
        self.refuses({"src/api/z.cpp": '\nstd::cout << "x";\n'}, "z.cpp:2", "prints")
        self.refuses({"src/api/z.cpp": 'std::printf("x");\n'}, "z.cpp:1", "prints")
        self.refuses({"src/api/z.cpp": "use(key->reveal());\n"}, "reveals")
        self.refuses({"src/api/z.cpp": "// TO" "DO later\n"}, "unfinished")

    def test_long_files_are_told_but_pass(self):
        self.assertEqual(self.findings({"src/api/long.cpp": "\n" * 600}), [])


class Headers(InATree):
    rule = None

    def setUp(self):
        super().setUp()
        self.command = [os.environ.get("CXX") or "c++", "-std=c++20"]
        if shutil.which(self.command[0]) is None:
            self.fail(f"no compiler {self.command[0]}")

    def compile(self):
        return headers.check(tree.Tree(self.root), self.root / "out", self.command, 2)

    def test_good_tree(self):
        self.assertEqual(self.compile(), [])

    def test_a_header_that_relies_on_its_includer(self):
        self.write({"include/fluxgate/api/x.hpp": "#pragma once\ninline std::string name;\n"})
        found = self.compile()
        self.assertEqual(len(found), 1, found)
        self.assertIn("fluxgate/api/x.hpp does not compile alone", found[0])

    def test_no_headers(self):
        shutil.rmtree(self.root / "include")
        self.assertEqual(len(self.compile()), 1)


class Programs(InATree):
    """The scripts end with the exit code that ctest reads."""

    def run_rule(self, name):
        script = pathlib.Path(__file__).parent / name
        return subprocess.run([sys.executable, "-B", script, "--root", self.root], capture_output=True, text=True).returncode

    def test_exit_codes(self):
        for name in ("layers.py", "coroutines.py", "hygiene.py"):
            self.assertEqual(self.run_rule(name), 0, name)
        self.write({"src/json/bad.hpp": '#include "fluxgate/api/x.hpp"\nvoid f() { co_await g(A{s}); }\n'})
        for name in ("layers.py", "coroutines.py", "hygiene.py"):
            self.assertEqual(self.run_rule(name), 1, name)


if __name__ == "__main__":
    unittest.main()
