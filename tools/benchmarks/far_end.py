"""The far end of a terminal's wires, in a process of its own: a host that answers over TLS, a printer on the network.

``python -m tools.benchmarks.far_end FOLDER`` writes ``host.pem`` there, says ``ready TLS_PORT PRINTER_PORT`` and serves
until standard input ends.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from drivers.simulated_paper import PaperPath

__all__ = ["FarEnd", "exchange"]

HOST = "127.0.0.1"
MESSAGE_BYTES = 256
READY_S = 120


class FarEnd:
    """The process, as a context; ``context`` is what a client needs to trust the host."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.tls_port = self.printer_port = 0

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tools.benchmarks.far_end", str(self._folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        assert self._process.stdout is not None
        self.tls_port, self.printer_port = map(int, self._process.stdout.readline().split()[1:])
        self.context = ssl.create_default_context(cafile=self._folder / "host.pem")
        return self

    def __exit__(self, *error: object) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait(READY_S)


async def exchange(end: FarEnd) -> None:
    """Connect, shake hands, send a message, read as much back, hang up: what a sale does."""
    reader, writer = await asyncio.open_connection(HOST, end.tls_port, ssl=end.context, server_hostname="localhost")
    try:
        writer.write(bytes(MESSAGE_BYTES))
        await reader.readexactly(MESSAGE_BYTES)
    finally:
        writer.close()
        await writer.wait_closed()


def _certificate(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "host.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "host.key").write_bytes(secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "host.pem", folder / "host.key")
    return context


async def _serve(folder: Path) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def paper(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = PaperPath(writer.write)
        while data := await reader.read(65536):
            path.feed(data)
            path.output.clear()
        writer.close()

    tls = await asyncio.start_server(echo, HOST, 0, ssl=_certificate(folder))
    printer = await asyncio.start_server(paper, HOST, 0)
    print("ready", tls.sockets[0].getsockname()[1], printer.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
