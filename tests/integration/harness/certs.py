"""Certificates for the TLS tests, made with the openssl command at test time."""

from __future__ import annotations

import subprocess
from pathlib import Path


def _openssl(*arguments: str) -> None:
    result = subprocess.run(["openssl", *arguments], capture_output=True, text=True)
    assert result.returncode == 0, f"openssl {' '.join(arguments)}: {result.stderr}"


class Authority:
    """A certificate authority in a folder; `issue` makes leaf certificates."""

    def __init__(self, folder: Path, name: str = "test authority"):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate, self._key = folder / "ca.pem", folder / "ca.key"
        _openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-days",
            "2",
            "-keyout",
            str(self._key),
            "-out",
            str(self.certificate),
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign",
        )

    def issue(self, label: str, names: str, days: int = 2) -> tuple[Path, Path]:
        """Certificate and key for `names`, e.g. "DNS:localhost,IP:127.0.0.1"."""
        key, request = self.folder / f"{label}.key", self.folder / f"{label}.csr"
        certificate, extensions = self.folder / f"{label}.pem", self.folder / f"{label}.ext"
        _openssl(
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            f"/CN={label}",
            "-keyout",
            str(key),
            "-out",
            str(request),
        )
        extensions.write_text(
            f"subjectAltName={names}\nbasicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth,clientAuth\n"
        )
        _openssl(
            "x509",
            "-req",
            "-in",
            str(request),
            "-CA",
            str(self.certificate),
            "-CAkey",
            str(self._key),
            "-CAcreateserial",
            "-days",
            str(days),
            "-extfile",
            str(extensions),
            "-out",
            str(certificate),
        )
        return certificate, key
