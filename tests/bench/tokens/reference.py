"""tiktoken with the vocabularies of config/tokenizers, and the C++ program beside it."""
import base64
import hashlib
import pathlib
import struct
import subprocess
import tempfile

import tiktoken
from tiktoken_ext import openai_public

ROOT = pathlib.Path(__file__).resolve().parents[3]
ENCODINGS = ("o200k_base", "cl100k_base")


def vocabulary(name: str) -> dict[bytes, int]:
    """The ranks of a .bin; its format is in config/tokenizers/build.py."""
    data = (ROOT / "config/tokenizers" / f"{name}.bin").read_bytes()
    count, long_count, _ = struct.unpack_from("<III", data, 4)
    nibbles = data[16:16 + (count + 1) // 2]
    at = 16 + len(nibbles)
    long_lengths = iter(data[at:at + long_count])
    at += long_count
    ranks = {}
    for rank in range(count):
        length = nibbles[rank // 2] >> (rank % 2 * 4) & 15
        length = next(long_lengths) if length == 15 else length
        ranks[data[at:at + length]] = rank
        at += length
    return ranks


def reference(name: str) -> tiktoken.Encoding:
    """tiktoken's own encoding of that name, but for the download; the digest it expects of that is checked."""
    def load(_url: str, expected_hash: str) -> dict[bytes, int]:
        ranks = vocabulary(name)
        lines = b"".join(base64.b64encode(token) + b" %d\n" % rank for token, rank in ranks.items())
        assert hashlib.sha256(lines).hexdigest() == expected_hash
        return ranks

    openai_public.load_tiktoken_bpe = load
    return tiktoken.Encoding(**getattr(openai_public, name)())


def write_frames(texts: list[bytes], path: str) -> None:
    with open(path, "wb") as out:
        for text in texts:
            out.write(struct.pack("<I", len(text)) + text)


def run(program: str, what: str, encoding: str, texts: list[bytes]) -> list[str]:
    with tempfile.NamedTemporaryFile() as file:
        write_frames(texts, file.name)
        command = [program, what, encoding, file.name]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
