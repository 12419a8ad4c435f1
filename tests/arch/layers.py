"""Holds the code to the layer table of docs/architecture.md.

Findings: an include of a module of the same or a higher layer; a private header included from another module; a module
that the table lacks; a row of the table without its folder; a DEPS list in a module's CMakeLists.txt that names such a
module or does not lead to one that the code includes; a list of modules in a CMake file that differs from the table.
"""
import re

import tree

TABLE_ROW = re.compile(r"^\|\s*(\d+)\s*\|\s*`(\w+)`\s*\|", re.M)
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', re.M)
PUBLIC = re.compile(r"fluxgate/(\w+)/")


def read_table(root):
    document = (root / "docs" / "architecture.md").read_text()
    return {name: int(layer) for layer, name in TABLE_ROW.findall(document)}


def arguments(text, function):
    """The words in the parentheses of each call of a CMake function."""
    text = re.sub(r"#[^\n]*", "", text)
    return [match.split() for match in re.findall(rf"\b{function}\s*\(([^)]*)\)", text)]


def declared_deps(tree_, module, findings):
    path = tree_.root / "src" / module / "CMakeLists.txt"
    if not path.is_file():
        return set()
    deps = set()
    for words in arguments(path.read_text(), "fluxgate_module"):
        if words[0] != module:
            findings.append(f"{tree_.name(path)}: declares module {words[0]}")
        keyword = None
        for word in words[1:]:
            if word in ("DEPS", "LIBS", "PCH"):
                keyword = word
            elif keyword == "DEPS":
                deps.add(word)
    return deps


def reachable(module, deps):
    found, todo = set(), [module]
    while todo:
        for dep in deps.get(todo.pop(), ()):
            if dep not in found:
                found.add(dep)
                todo.append(dep)
    return found


def check_folders(tree_, table, findings):
    present = set()
    for base in ("src", "include/fluxgate"):
        folder = tree_.root / base
        if folder.is_dir():
            present |= {p.name for p in folder.iterdir() if p.is_dir() and any(q.is_file() for q in p.rglob("*"))}
    findings += [f"docs/architecture.md: the table has no row for module {m}" for m in sorted(present - table.keys())]
    findings += [f"docs/architecture.md: module {m} has no folder" for m in sorted(table.keys() - present)]


def check_cmake_lists(tree_, table, findings):
    for name in ("CMakeLists.txt", "tests/unit/CMakeLists.txt"):
        path = tree_.root / name
        for words in arguments(path.read_text(), "foreach") if path.is_file() else ():
            if words[0] == "module" and set(words[1:]) != table.keys():
                difference = " ".join(sorted(set(words[1:]) ^ table.keys()))
                findings.append(f"{name}: its list of modules and the table differ in: {difference}")


def check(tree_):
    findings = []
    table = read_table(tree_.root)
    if not table:
        return ["docs/architecture.md: no layer table found"]
    check_folders(tree_, table, findings)
    check_cmake_lists(tree_, table, findings)

    deps = {module: declared_deps(tree_, module, findings) for module in table}
    for module in sorted(table):
        for dep in sorted(deps[module]):
            if table.get(dep, 99) >= table[module]:
                findings.append(f"src/{module}/CMakeLists.txt: DEPS {dep} is not of a lower layer than {module}")

    for path in tree_.files("src", "include"):
        module = tree_.module_of(path)
        if module is not None and module not in table:
            continue  # reported above
        text = path.read_text()
        for match in INCLUDE.finditer(tree.blank_literals(text, keep_strings=True)):
            included = match.group(1)
            where = f"{tree_.name(path)}:{tree.line_of(text, match.start(1))}"
            public = PUBLIC.match(included)
            if public is None:
                owner = included.split("/")[0] if "/" in included else module
                if path.is_relative_to(tree_.root / "include"):
                    findings.append(f"{where}: a public header includes the private {included}")
                elif owner != module:
                    findings.append(f"{where}: {included} is private to {owner}")
                continue
            used = public.group(1)
            if used not in table:
                findings.append(f"{where}: {included} is of a module that the table lacks")
            elif module is None or used == module:
                continue
            elif table[used] >= table[module]:
                findings.append(f"{where}: {module} (layer {table[module]}) includes {used} (layer {table[used]})")
            elif used not in reachable(module, deps):
                findings.append(f"{where}: uses {used}, which DEPS in src/{module}/CMakeLists.txt does not lead to")
    return findings


if __name__ == "__main__":
    tree.main(check, __doc__)
