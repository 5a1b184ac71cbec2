"""The doctor on the way to the host: name, route, TCP, TLS, echo, sign-on, working keys, the host's clock."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address

from msgspec import structs

from iso8583 import derived_dialect
from terminal.acquirer.acquirer import Acquirer
from terminal.acquirer.link import SHUTDOWN_S, Endpoint, HostLink
from terminal.acquirer.request import Identity
from terminal.acquirer.sign_on import ManagementResult, echo, sign_on
from terminal.acquirer.tls import pinned
from terminal.acquirer.wire import MAC_SLOT, Wire
from terminal.clock import TerminalClock
from terminal.journal import InlineWriter
from terminal.screens.texts import Translator
from terminal.service.doctor import RUNNING, UNUSED, Found, NotTried, Patient, Step

__all__ = ["HOST_STEPS"]

_REFUSAL_S = 1.5
"""How long a host of TLS 1.3 is given to refuse the certificate it was shown; nothing of ours is sent meanwhile."""
_OFF_S = 300
_TLS_FAULTS = {
    "WRONG_VERSION_NUMBER": "no-tls",
    "RECORD_LAYER_FAILURE": "no-tls",
    "HTTP_REQUEST": "no-tls",
    "UNSUPPORTED_PROTOCOL": "tls-old",
    "TLSV1_ALERT_PROTOCOL_VERSION": "tls-old",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "client-certificate",
    "TLSV1_ALERT_UNKNOWN_CA": "client-certificate",
    "TLSV1_ALERT_ACCESS_DENIED": "client-certificate",
    "SSLV3_ALERT_BAD_CERTIFICATE": "client-certificate",
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": "client-certificate",
    "SSLV3_ALERT_CERTIFICATE_REVOKED": "client-certificate",
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": "client-certificate",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "client-certificate",
}
"""OpenSSL's reasons."""
_VERIFY_FAULTS = {
    9: "host-certificate-date",
    10: "host-certificate-date",
    62: "certificate-name",
    64: "certificate-name",
}
"""OpenSSL's X509_V_ERR numbers: not yet valid, expired, host name and IP address mismatch; every other: authority."""
_HTTP_STATUS = re.compile(r"HTTP status ([0-9]{3})")
_ECHO_FAULTS = {
    "reason.no-link": "host-closes",
    "reason.no-answer": "host-silent",
    "reason.link-lost": "host-closes",
    "reason.bad-reply": "host-garbled",
    "reason.no-keys": "no-keys",
    "reason.keys-refused": "master-key-wrong",
}


async def _each(patient: Patient, ways: tuple[Endpoint, ...], probe: Callable[[Endpoint], Awaitable[None]]) -> str:
    """Try every address, all at once: several that are silent take no longer than one.

    Those that fail are left out of what follows, and the first failure is told.
    """

    async def tried(way: Endpoint) -> Found | None:
        try:
            await probe(way)
        except Found as found:
            return found
        return None

    failures = await asyncio.gather(*(tried(way) for way in ways))
    patient.ways = tuple(way for way, found in zip(ways, failures, strict=True) if found is None)
    for found in failures:
        if found is not None:
            raise found
    return ", ".join(_text(way) for way in patient.ways)


def _text(way: Endpoint) -> str:
    return f"{way.host}:{way.port}"


async def _name(patient: Patient) -> str:
    async def look(way: Endpoint) -> None:
        await _addresses(way, patient.patience_s)

    return await _each(patient, tuple(Endpoint(*pair) for pair in patient.settings.host.endpoints), look)


async def _addresses(way: Endpoint, patience_s: float) -> list[tuple[int, str]]:
    """Family and address of each. Raises Found. In a thread that nobody waits for: a resolver may take minutes."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[tuple[int, str]]] = loop.create_future()

    def tell(result: list[tuple[int, str]] | OSError) -> None:
        if answer.done():
            return
        if isinstance(result, OSError):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    def ask() -> None:
        result: list[tuple[int, str]] | OSError
        try:
            rows = socket.getaddrinfo(way.host, way.port, type=socket.SOCK_STREAM)
            result = [(row[0], str(row[4][0])) for row in rows]
        except OSError as error:
            result = error
        except UnicodeError:
            result = socket.gaierror(socket.EAI_NONAME, "is no name")
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, result)

    threading.Thread(target=ask, daemon=True).start()
    try:
        async with asyncio.timeout(patience_s):
            return await answer
    except socket.gaierror as error:
        late = error.errno in (socket.EAI_AGAIN, socket.EAI_FAIL)
        raise Found("no-name-server" if late else "no-name", way.host) from None
    except (OSError, TimeoutError):
        raise Found("no-name-server", way.host) from None


async def _route(patient: Patient) -> str:
    async def look(way: Endpoint) -> None:
        addresses = await _addresses(way, patient.patience_s)
        if not any(_has_route(family, address, way.port) for family, address in addresses):
            raise Found("no-route", _text(way))

    _needs_way(patient)
    return await _each(patient, patient.ways, look)


def _has_route(family: int, address: str, port: int) -> bool:
    """The kernel chooses a way for a datagram socket without sending anything."""
    if ip_address(address.partition("%")[0]).is_loopback:
        return True
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        try:
            one.connect((address, port))
        except OSError:
            return False
    return True


async def _connect(patient: Patient) -> str:
    async def look(way: Endpoint) -> None:
        try:
            async with asyncio.timeout(patient.patience_s):
                _, writer = await asyncio.open_connection(way.host, way.port)
        except ConnectionRefusedError:
            raise Found("refused", _text(way)) from None
        except TimeoutError:
            raise Found("connect-silent", _text(way)) from None
        except OSError:
            raise Found("no-route", _text(way)) from None
        writer.close()

    _needs_way(patient)
    return await _each(patient, patient.ways, look)


async def _tls(patient: Patient) -> str:
    if patient.settings.host.tls is None:
        raise NotTried(UNUSED)
    _needs_way(patient)
    if patient.context is None:
        patient.ways = ()
        raise NotTried
    return await _each(patient, patient.ways, lambda way: _handshake(patient, way))


async def _handshake(patient: Patient, way: Endpoint) -> None:
    tls = patient.settings.host.tls
    assert tls is not None
    try:
        async with asyncio.timeout(patient.patience_s):
            reader, writer = await asyncio.open_connection(
                way.host,
                way.port,
                ssl=patient.context,
                server_hostname=tls.name or way.host,
                ssl_handshake_timeout=patient.patience_s,
                ssl_shutdown_timeout=SHUTDOWN_S,
            )
    except (OSError, TimeoutError) as error:
        raise Found(_tls_fault(error, tls.certificate is not None), _text(way)) from None
    try:
        if not pinned(writer, tls.pins):
            raise Found("pin", _text(way))
        with suppress(TimeoutError):  # silence is right: the host waits for a request
            async with asyncio.timeout(_REFUSAL_S):
                await reader.read(1)
    except OSError as error:
        raise Found(_tls_fault(error, tls.certificate is not None), _text(way)) from None
    finally:
        writer.close()


def _tls_fault(error: OSError | TimeoutError, shows_certificate: bool) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _VERIFY_FAULTS.get(error.verify_code, "authority")
    if isinstance(error, ssl.SSLError):
        if error.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE" and not shows_certificate:
            return "client-certificate"
        return _TLS_FAULTS.get(error.reason, "handshake")
    return "handshake"


def _needs_way(patient: Patient) -> None:
    if not patient.ways:
        raise NotTried


async def _echo(patient: Patient) -> str:
    patient.acquirer = _acquirer(patient)
    async with patient.acquirer.turn:
        result = await echo(patient.acquirer)
    if not result.done:
        found = _refused(patient, result, "echo-declined")
        if not result.reason.startswith("response."):
            patient.ways = ()  # a host that does not answer this would not answer a sign-on
        raise found
    return ""


async def _sign_on(patient: Patient) -> str:
    acquirer = patient.acquirer = _acquirer(patient)
    if patient.at_counter and acquirer.signed_on and acquirer.vault.has(MAC_SLOT):
        return ""  # its working keys are good: the echo test was signed with them
    async with acquirer.turn:
        result = await sign_on(acquirer)
    if not result.done:
        raise _refused(patient, result, "sign-on-declined")
    acquirer.signed_on = True
    return ", ".join(f"{slot} {value}" for slot, value in result.check_values)


def _refused(patient: Patient, result: ManagementResult, declined: str) -> Found:
    """An answer code by its words in the merchant's language, else why there is no answer."""
    texts = Translator(patient.settings.terminal.language)
    if result.reason.startswith("response."):
        code = result.reason.removeprefix("response.")
        return Found(declined, f"{code} {texts.text(result.reason)}")
    tls = patient.settings.host.tls is not None
    if tls and result.reason == "reason.link-lost" and "SSLError" in result.detail:
        # A busy host may have refused the certificate only after the handshake's probe had gone.
        return Found("client-certificate", _text(patient.ways[0]))
    if result.reason == "reason.bad-reply" and (status := _HTTP_STATUS.search(result.detail)):
        return Found("host-http", status[1])
    return Found(_ECHO_FAULTS.get(result.reason, "host-closes"))


def _acquirer(patient: Patient) -> Acquirer:
    """The terminal's own side of the acquirer, with the doctor's patience. Raises NotTried."""
    if patient.running:
        raise NotTried(RUNNING)
    _needs_way(patient)
    if patient.acquirer is not None:
        return patient.acquirer
    if patient.journal is None or patient.vault is None:
        raise NotTried
    settings = patient.settings
    profile = structs.replace(
        settings.acquirer_profile,
        response_s=min(settings.acquirer_profile.response_s, patient.patience_s),
    )
    terminal = settings.terminal
    return Acquirer(
        profile=profile,
        identity=Identity(terminal.id, terminal.merchant_id, terminal.serial_number),
        journal=patient.journal,
        vault=patient.vault,
        wire=Wire(
            derived_dialect("acquirer", profile.dialect, profile.dialect_changes),
            patient.vault,
            profile,
            lambda direction, message: None,
        ),
        link=HostLink.of(  # a connection for each step: none is left behind
            structs.replace(settings.host, connection="transaction"), patient.patience_s, endpoints=patient.ways
        ),
        clock=TerminalClock(patient.wall),
        writer=InlineWriter(),
    )


async def _host_clock(patient: Patient) -> str:
    """What the sign-on said; its message has no year, so whole years are found by other means."""
    if patient.acquirer is None or not patient.acquirer.signed_on:
        raise NotTried(RUNNING) if patient.running else NotTried
    off = patient.acquirer.clock.offset_s
    if abs(off) > _OFF_S:
        days, rest = divmod(abs(off), 86_400)
        raise Found("clock-host", f"{days} d {rest // 3600} h {rest % 3600 // 60} min")
    return f"{off:+d} s"


HOST_STEPS = (
    Step("host", "name", _name),
    Step("host", "route", _route),
    Step("host", "connect", _connect),
    Step("host", "tls", _tls),
    Step("host", "echo", _echo),
    Step("host", "sign-on", _sign_on),
    Step("host", "host-clock", _host_clock),
)
