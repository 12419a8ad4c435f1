"""Flags what g++ 12 miscompiles: temporaries that are destroyed twice in a full expression with co_await.

In such an expression it finds a braced temporary (`f(Options{...})`, `f({a, b})`), a lambda with captures, and a `?:`
whose arms are not plain numbers. It reads text, not types, so it can be wrong: a trailing comment
`// coroutine-safe: <reason>` on a line of the statement lets it pass. The safe form is always to name the object first.
"""
import re

import tree

OPEN = {"(": ")", "[": "]", "{": "}"}
CONTROL = {"if", "while", "for", "switch", "constexpr", "catch"}
BEFORE_BLOCK = {"else", "do", "try", "const", "noexcept", "override", "final", "mutable"}
TYPE_WORDS = re.compile(r"\b(struct|class|union|enum|namespace)\b[^;{}()=]*$")
TRAILING_RETURN = re.compile(r"\)[^;{}]*->[^;{}()]*(\([^()]*\))?[^;{}()]*$")
TRIVIAL = re.compile(r"\b(hours|minutes|seconds|milliseconds|microseconds|nanoseconds|size_t|u?int\d*_t|int|bool|char|double|string_view)\s*$")
NUMBER_ARMS = re.compile(r"\?\s*[-\w.']*\b\d[\w.']*\s*:\s*[-\w.']*\d|\?\s*(true|false)\s*:\s*(true|false)")
ALLOW = re.compile(r"//\s*coroutine-safe:\s*\S")
MARK = "co_await"


class Source:
    """One file's brackets: what matches what, what encloses what, and which braces are blocks."""

    def __init__(self, text):
        self.raw = text
        self.text = tree.blank_literals(text)
        self.text = re.sub(r"^[ \t]*#[^\n]*", lambda m: " " * len(m.group(0)), self.text, flags=re.M)
        self.close = {}
        self.parent = {}
        self.blocks = set()
        stack = []
        for i, c in enumerate(self.text):
            if c in OPEN:
                self.parent[i] = stack[-1] if stack else -1
                if c == "{" and self._is_block(i, stack):
                    self.blocks.add(i)
                stack.append(i)
            elif c in ")]}" and stack:
                self.close[stack.pop()] = i

    def _word_before(self, i):
        before = self.text[max(0, i - 200):i].rstrip()
        word = re.search(r"\w+$", before)
        return (word.group(0) if word else ""), (before[-1] if before else "")

    def _is_block(self, i, stack):
        word, last = self._word_before(i)
        if last in ("", ")", "]", ";", "{", "}", ":") or word in BEFORE_BLOCK:
            return not (last in ("{", "}") and stack and self.text[stack[-1]] == "{" and stack[-1] not in self.blocks)
        head = self.text[max(0, i - 400):i]
        return bool(TYPE_WORDS.search(head) or TRAILING_RETURN.search(head))

    def is_control(self, i):
        return self.text[i] == "(" and self._word_before(i)[0] in CONTROL

    def enclosing(self, position):
        """The innermost open bracket around a position, -1 for none."""
        best = -1
        for i, end in self.close.items():
            if best < i < position < end:
                best = i
        return best

    def container(self, position):
        """The block, or the parenthesis of a control statement, whose statement the position belongs to."""
        i = self.enclosing(position)
        while i != -1 and i not in self.blocks and not self.is_control(i):
            i = self.parent[i]
        return i

    def statement(self, position, container):
        """The bounds of the full expression around a position. Nested blocks end statements, but a lambda's does not."""
        start = container + 1
        end = self.close.get(container, len(self.text))
        i = start
        while i < end:
            c = self.text[i]
            if c in OPEN:
                i = self.close.get(i, end)
                if c == "{" and self._ends_statement(i):
                    if i >= position:
                        return start, i
                    start = i + 1
            elif c == ";":
                if i >= position:
                    return start, i
                start = i + 1
            i += 1
        return start, end

    def _ends_statement(self, closing):
        after = self.text[closing + 1:closing + 40].lstrip()
        return not after.startswith((")", ",", ";", "(", ".", "->", "]", "}", "?", ":")) or after.startswith("}")

    def own_level(self, i, container):
        """True if no block stands between a position's bracket and the container: the same full expression."""
        i = self.parent.get(i, -1)
        while i != container:
            if i == -1 or i in self.blocks:
                return False
            i = self.parent[i]
        return True


def lambda_captures(source, i):
    """The capture list that begins at '[', or None if it is a subscript or an attribute."""
    word, last = source._word_before(i)
    if source.text.startswith("[[", i) or source.text[i - 1] == "[":
        return None
    subscript = last in (")", "]") or (last and (last.isalnum() or last == "_") and word not in ("return", "co_return", "co_await"))
    if subscript:
        return None
    end = source.close.get(i)
    follows = source.text[end + 1:end + 30].lstrip() if end else ""
    if not follows.startswith(("(", "{", "<", "mutable", "->")):
        return None
    if re.search(r"\bauto\s*[&]*\s*$", source.text[max(0, i - 20):i]):
        return None  # a structured binding
    return source.text[i + 1:end].strip()


def faults(source, position):
    container = source.container(position)
    start, end = source.statement(position, container)
    lines = source.raw[source.raw.rfind("\n", 0, start) + 1:]
    lines = source.raw[start:max(end, source.raw.find("\n", end))]
    if ALLOW.search(lines):
        return
    for i in range(start, end):
        c = source.text[i]
        if c == "{" and i not in source.blocks and source.own_level(i, container):
            if not TRIVIAL.search(source.text[max(start, i - 60):i]):
                yield "a braced temporary"
        elif c == "[" and i in source.close and source.own_level(i, container) and lambda_captures(source, i):
            yield "a lambda with captures"
        elif c == "?" and not NUMBER_ARMS.match(source.text[i:i + 80]):
            if source.container(i) == container:
                yield "a ?: whose arms may be of class type"


def check(tree_):
    findings = []
    for path in tree_.files("src", "include", "tests"):
        text = path.read_text()
        if MARK not in text:
            continue
        source = Source(text)
        seen = set()
        for match in re.finditer(rf"\b{MARK}\b", source.text):
            for fault in faults(source, match.start()):
                finding = f"{tree_.name(path)}:{tree.line_of(text, match.start())}: {fault} beside co_await"
                if finding not in seen:
                    seen.add(finding)
                    findings.append(finding)
    return findings


if __name__ == "__main__":
    tree.main(check, __doc__)
