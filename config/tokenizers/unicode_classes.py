#!/usr/bin/env python3
"""Makes unicode_classes.bin: for every code point the class that the pre-tokenizer patterns tell apart.

    pip install tiktoken==0.14.0 && python3 unicode_classes.py

The classes are asked of tiktoken's own regex engine, whose Unicode version is neither Python's nor a fixed one.

Format: 8704 bytes, one for each block of 128 code points: the number of its row; then the rows, 64 bytes each, 4 bits a
code point, low half of a byte first. The numbers are those of CharClass in src/tokens/unicode.hpp.
"""
import pathlib

import tiktoken

CLASSES = {
    1: r"[\p{Lu}\p{Lt}]", 2: r"\p{Ll}", 3: r"[\p{Lm}\p{Lo}]", 4: r"\p{M}", 5: r"\p{N}", 6: r"[\s--[\r\n]]", 7: r"[\r\n]",
}
BLOCK = 128
EVERYTHING = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000)


def members(pattern: str) -> str:
    """All characters that match. Text that a pattern leaves out is dropped by tiktoken."""
    bytes_only = {bytes([byte]): byte for byte in range(256)}
    encoding = tiktoken.Encoding("classes", pat_str=pattern, mergeable_ranks=bytes_only, special_tokens={})
    return bytes(encoding.encode_ordinary(EVERYTHING)).decode()


def main() -> None:
    classes = bytearray(0x110000)
    for number, pattern in CLASSES.items():
        for char in members(pattern):
            assert classes[ord(char)] == 0, f"U+{ord(char):04X} is in two classes"
            classes[ord(char)] = number
    rows: dict[bytes, int] = {}
    index = bytearray()
    for begin in range(0, len(classes), BLOCK):
        block = classes[begin:begin + BLOCK]
        row = bytes(low | high << 4 for low, high in zip(block[::2], block[1::2]))
        index.append(rows.setdefault(row, len(rows)))
    path = pathlib.Path(__file__).parent / "unicode_classes.bin"
    path.write_bytes(bytes(index) + b"".join(rows))
    print(f"{path.name}: {len(rows)} rows, {path.stat().st_size} bytes, tiktoken {tiktoken.__version__}")


if __name__ == "__main__":
    main()
