"""Real servers that play the outside: a package index, a git host and an npm registry over TLS of a CA of our own."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import ssl
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

NAMES = ("index.example", "git.example", "npm.example", "private.example")


@dataclass(frozen=True)
class Authority:
    """A certificate authority and one certificate of it for `NAMES` and 127.0.0.1, in files."""

    ca: Path
    chain: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.chain, self.key)
        return context


def make_authority(folder: Path) -> Authority:
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test Company CA")])
    now = datetime.now(UTC)

    def builder(subject: x509.Name, public: Any) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(ca_name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=2))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
        )

    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    ca = (
        builder(ca_name, ca_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names = [x509.DNSName(name) for name in NAMES] + [x509.IPAddress(ip_address("127.0.0.1"))]
    leaf = (
        builder(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAMES[0])]), key.public_key())
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    files = Authority(folder / "ca.pem", folder / "chain.pem", folder / "key.pem")
    files.ca.write_bytes(ca.public_bytes(serialization.Encoding.PEM))
    files.chain.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@dataclass
class Site:
    """One running server. `wants`: the Authorization header that it asks for, "" for none."""

    root: Path
    port: int = 0
    wants: str = ""
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    do_HEAD = do_GET  # noqa: N815 - the library's form

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's form
        """Quiet."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.site.seen.append((self.command, self.path, {name.lower(): text for name, text in self.headers.items()}))
        if self.site.wants and self.headers.get("Authorization") != self.site.wants:
            self._send(401, b"who are you?", "text/plain", {"WWW-Authenticate": "Basic realm=x"})
        elif self.path.startswith("/echo"):
            self._send(200, json.dumps(dict(self.headers.items())).encode(), "application/json")
        elif self.path.startswith("/away"):
            self._send(302, b"", "text/plain", {"Location": "https://elsewhere.example/", "Set-Cookie": "a=b"})
        elif self.path.startswith("/git/"):
            self._git(body)
        else:
            self._file()

    def _file(self) -> None:
        path = self.site.root / self.path.partition("?")[0].strip("/")
        path = path / "index.html" if path.is_dir() else path
        if not path.is_file():
            self._send(404, b"nothing here", "text/plain")
            return
        kinds = {".html": "text/html", ".json": "application/json"}
        self._send(200, path.read_bytes(), kinds.get(path.suffix, "application/octet-stream"))

    def _git(self, body: bytes) -> None:
        path, _, query = self.path.removeprefix("/git").partition("?")
        environment = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.site.root / "git"), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "tester",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "CONTENT_LENGTH": str(len(body)),
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*",
        }  # fmt: skip
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
            environment["CONTENT_LENGTH"] = str(len(body))
        done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=True)
        head, _, data = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200 OK").split()[0])
        self._send(status, data, headers.pop("Content-Type", "text/plain"))

    def _send(self, status: int, data: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, text in {**(headers or {}), "Content-Type": kind, "Content-Length": str(len(data))}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


@contextmanager
def serving(root: Path, authority: Authority | None) -> Iterator[Site]:
    """Serve a folder, and `/git/` through git's own http-backend; over TLS if there is an authority."""
    site = Site(root)

    handler = type("Handler", (_Handler,), {"site": site})
    server = _Server(("127.0.0.1", 0), handler)
    if authority is not None:
        server.tls = authority.context()
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    """Speaks TLS in the connection's own thread, so that a slow handshake holds up nobody else."""

    daemon_threads = False
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(20)
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        try:
            secure = self.tls.wrap_socket(request, server_side=True)
        except OSError:
            return
        with secure:
            super().finish_request(secure, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error here."""


def fill(root: Path) -> None:
    """A wheel, a git repository and an npm package, all called `tiny`."""
    files = root / "files"
    files.mkdir(parents=True)
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tiny_thing.py", "GREETING = 'from the index'\n")
        archive.writestr("tiny_thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny-thing\nVersion: 1.0\n")
        archive.writestr(
            "tiny_thing-1.0.dist-info/WHEEL",
            "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr("tiny_thing-1.0.dist-info/RECORD", "")
    (files / "tiny_thing-1.0-py3-none-any.whl").write_bytes(wheel.getvalue())
    page = root / "simple" / "tiny-thing"
    page.mkdir(parents=True)
    (page / "index.html").write_text(
        "<!DOCTYPE html><html><body><a href='../../files/tiny_thing-1.0-py3-none-any.whl'>"
        "tiny_thing-1.0-py3-none-any.whl</a></body></html>"
    )
    _fill_git(root)
    _fill_npm(root)


def _fill_git(root: Path) -> None:
    work = root / "work"
    work.mkdir()
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(root), "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org",
        "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org",
    }  # fmt: skip
    (work / "README").write_text("from the git host\n")
    bare = root / "git" / "tiny.git"
    for command in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["commit", "-qm", "first"],
        ["clone", "-q", "--bare", ".", str(bare)],
        ["-C", str(bare), "config", "http.receivepack", "true"],
    ):
        subprocess.run(["git", *command], cwd=work, env=environment, check=True, capture_output=True)


def _fill_npm(root: Path) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in {
            "package/package.json": '{"name": "tiny-pkg", "version": "1.0.0", "main": "index.js"}',
            "package/index.js": "module.exports = 'from the registry'\n",
        }.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    (root / "tiny-pkg-1.0.0.tgz").write_bytes(data.getvalue())


def npm_page(site: Site, origin: str) -> None:
    """The registry's page of `tiny-pkg`; its link to the package is absolute, as registries' are."""
    tarball = (site.root / "tiny-pkg-1.0.0.tgz").read_bytes()
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(tarball).digest()).decode()
    dist = {"tarball": f"{origin}/tiny-pkg-1.0.0.tgz", "integrity": integrity}
    version = {"name": "tiny-pkg", "version": "1.0.0", "main": "index.js", "dist": dist}
    page = {"name": "tiny-pkg", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
    folder = site.root / "tiny-pkg"
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(json.dumps(page))
