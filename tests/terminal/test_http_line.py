"""The line in HTTP against others: Python's http.server and http.client, openssl s_server."""

import asyncio
import http.client
import json
import shutil
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from msgspec.structs import replace

from config import Host
from iso8583 import FramingError
from iso8583.framing import UnionPayFrame, UnionPayFraming
from iso8583.http_framing import HttpFault, HttpRefused
from terminal.acquirer.link import SHUTDOWN_S, Endpoint, HostLink, LinkDown, LinkLost
from tests.terminal.test_tls import ANSWER, PATIENCE_S, REQUEST, tls

PATH = "/unp/webtrans/WPOS"
SETTINGS = Host(address=("tcp:127.0.0.1:8583",), transport="http", path=PATH)
FRAME = UnionPayFraming().pack(ANSWER)


class Server(ThreadingHTTPServer):
    """What comes in, and what is answered."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, answer, protocol="HTTP/1.1"):
        handler = type("Handler", (Handler,), {"protocol_version": protocol})
        super().__init__(("127.0.0.1", 0), handler)
        self.answer = answer
        self.seen = []
        self.connections = 0

    def get_request(self):
        self.connections += 1
        return super().get_request()


class Handler(BaseHTTPRequestHandler):
    """Reads a request as Python's own server does."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.path, dict(self.headers.items()), body))
        self.server.answer(self)

    def log_message(self, *arguments):
        pass

    def reply(self, status=200, body=FRAME, **headers):
        self.send_response(status)
        lines = {"Content_Type": "x-ISO-TPDU/x-auth", "Content_Length": len(body), **headers}
        for name, value in lines.items():
            if value is not None:
                self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(answer, context=None, **options):
    server = Server(answer, **options)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server, Endpoint("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def talk(endpoint, count=1, **changes):
    """So many requests one after the other: their answers, or what the link raises."""

    async def conversations():
        link = HostLink.of(replace(SETTINGS, **changes), PATIENCE_S, endpoints=[endpoint])
        found = []
        try:
            for _ in range(count):
                async with asyncio.timeout(30), link.open() as channel:
                    await channel.send(REQUEST)
                    found.append(await channel.receive())
                    channel.answered()
        finally:
            link.close()
            await asyncio.sleep(SHUTDOWN_S + 0.2 if changes.get("tls") else 0)  # the goodbye of TLS
        return found

    return asyncio.run(conversations())


@pytest.mark.parametrize(("connection", "connections"), [("transaction", 3), ("persistent", 1)])
def test_another_server_understands_the_requests_and_is_understood(connection, connections):
    with serving(Handler.reply) as (server, endpoint):
        assert talk(endpoint, 3, connection=connection) == [ANSWER] * 3
    assert server.connections == connections
    for path, headers, body in server.seen:
        assert (path, body) == (PATH, UnionPayFraming().pack(REQUEST))
        assert headers["Content-Type"] == "x-ISO-TPDU/x-auth"
        assert headers["HOST"] == str(endpoint)
        assert (headers.get("Connection") == "close") is (connection == "transaction")


@pytest.mark.parametrize(
    "says",
    [{"protocol": "HTTP/1.0"}, {"headers": {"Connection": "close"}}],
)
def test_a_server_that_ends_the_connection_is_asked_on_a_new_one(says):
    headers = says.pop("headers", {})
    with serving(lambda handler: handler.reply(**headers), **says) as (server, endpoint):
        assert talk(endpoint, 2, connection="persistent") == [ANSWER] * 2
    assert server.connections == 2


def chunked(handler):
    handler.reply(body=b"%x\r\n%s\r\n0\r\n\r\n" % (len(FRAME), FRAME), Transfer_Encoding="chunked", Content_Length=None)


REFUSED = {
    "busy": (lambda handler: handler.reply(503), HttpFault.STATUS),
    "not found": (lambda handler: handler.reply(404), HttpFault.STATUS),
    "moved": (lambda handler: handler.reply(301, b"x", Location="/"), HttpFault.REDIRECT),
    "see other": (lambda handler: handler.reply(303, b"x", Location="/"), HttpFault.REDIRECT),
    "a page": (lambda handler: handler.reply(body=b"<p>Hello</p>", Content_Type="text/html"), HttpFault.TYPE),
    "chunks": (chunked, HttpFault.CODED),
    "too long": (lambda handler: handler.reply(body=bytes(5000)), HttpFault.LENGTH),
    "no length": (lambda handler: handler.reply(Content_Length=None), HttpFault.LENGTH),
    "an endless header": (lambda handler: handler.reply(X="a" * 20_000), HttpFault.HEAD),
}


@pytest.mark.parametrize("connection", ["transaction", "persistent"])
@pytest.mark.parametrize("case", REFUSED)
def test_an_answer_that_is_none_is_refused_by_name_and_leads_nowhere_else(case, connection):
    answer, fault = REFUSED[case]
    with serving(answer) as (server, endpoint):
        with pytest.raises(HttpRefused) as refused:
            talk(endpoint, connection=connection)
        assert refused.value.fault is fault
        assert len(server.seen) == 1


@pytest.mark.parametrize("body", [FRAME + FRAME, FRAME[:-1], b""])
def test_two_frames_or_half_a_frame_in_one_answer_are_refused(body):
    with serving(lambda handler: handler.reply(body=body)) as (_, endpoint), pytest.raises(FramingError):
        talk(endpoint)


def cut_off(handler):
    handler.reply(body=FRAME[:-3], Content_Length=len(FRAME), Connection="close")


@pytest.mark.parametrize("connection", ["transaction", "persistent"])
def test_an_answer_that_ends_too_early_means_unknown(connection):
    with serving(cut_off) as (_, endpoint), pytest.raises(LinkLost):
        talk(endpoint, connection=connection)


# --- TLS -------------------------------------------------------------------------------------

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.mark.parametrize("connection", ["transaction", "persistent"])
def test_with_tls_it_is_https_with_both_certificates(people, connection):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(people.file("host.pem"), people.file("host.key"))
    context.load_verify_locations(people.file("authority.pem"))
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(Handler.reply, context) as (server, endpoint):
        secure = tls(people, pins=(people.pin(people.host),))
        assert talk(endpoint, 2, connection=connection, tls=secure) == [ANSWER] * 2
    assert server.connections == (2 if connection == "transaction" else 1)


@needs_openssl
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_https_with_openssl(people, server, version):
    port = server("host", version, "-Verify", "1", "-verify_return_error")
    head = b"HTTP/1.1 200 OK\r\nServer: Access-Guard-1000-Software\r\nContent-Length: %d\r\n\r\n" % len(FRAME)
    came = []

    def answer(process):
        asked = b""
        while REQUEST.body not in asked:
            asked += process.stdout.read1(4096)
        came.append(asked)
        process.stdin.write(head + FRAME)
        process.stdin.flush()

    answering = threading.Thread(target=answer, args=(server.process,), daemon=True)
    answering.start()
    assert talk(Endpoint("127.0.0.1", port), tls=tls(people)) == [ANSWER]
    answering.join()
    assert came[0].startswith(b"POST /unp/webtrans/WPOS HTTP/1.1\r\n")


@needs_openssl
def test_https_to_another_authority_is_no_line(people, server):
    with pytest.raises(LinkDown, match="does not verify"):
        talk(Endpoint("127.0.0.1", server("strange-host")), tls=tls(people))


# --- the host simulator ------------------------------------------------------------------------


@pytest.fixture
def simulator(tmp_path):
    """A request to the host simulator by Python's own client: its responses."""
    from tests.terminal.counter.conftest import Bank, Clock
    from tools.host.door import HttpDoor

    def ask(*requests):
        async def go():
            bank = Bank(tmp_path / "bank", Clock(), HttpDoor(PATH))
            port = await bank.server.listen("127.0.0.1", 0)
            try:
                return await asyncio.to_thread(asked, port)
            finally:
                await bank.server.close()
                bank.book.close()

        def asked(port):
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            found = []
            for method, path, body, headers in requests:
                client.request(method, path, body, headers)
                response = client.getresponse()
                found.append(
                    (response.status, response.getheader("Content-Type"), response.read(), response.will_close)
                )
            client.close()
            return found

        return asyncio.run(go())

    return ask


MESSAGES = Path(__file__).parents[1] / "vectors" / "messages.json"
PUBLISHED = next(
    bytes.fromhex(each["hex"])
    for each in json.loads(MESSAGES.read_text("utf-8"))
    if each["name"] == "signon_req_newland_http"
)
"""A terminal's sign-on, as it came in HTTP (facts/unionpay.md §1)."""
TYPE = {"Content-Type": "x-ISO-TPDU/x-auth"}


def test_another_client_gets_answers_of_the_simulator_on_one_connection(simulator):
    requests = [("POST", PATH, PUBLISHED, TYPE), ("POST", PATH, PUBLISHED, {**TYPE, "Connection": "close"})]
    for (status, type, body, closes), last in zip(simulator(*requests), (False, True), strict=True):
        assert (status, type) == (200, "x-ISO-TPDU/x-auth")
        (frame,) = UnionPayFraming().feed(body)
        assert isinstance(frame, UnionPayFrame)
        assert frame.body[:2] == b"\x08\x10"
        assert closes is False or last


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", "/other", TYPE, 404),
        ("GET", PATH, {}, 405),
        ("POST", PATH, {"Content-Type": "text/plain"}, 415),
        ("POST", PATH, {**TYPE, "Transfer-Encoding": "chunked"}, 400),
    ],
)
def test_the_simulator_says_what_it_does_not_take_and_hangs_up(simulator, method, path, headers, status):
    ((found, _, _, closes),) = simulator((method, path, None if method == "GET" else PUBLISHED, headers))
    assert (found, closes) == (status, True)


def test_the_simulator_says_that_a_request_is_too_long(simulator):
    ((found, _, _, _),) = simulator(("POST", PATH, bytes(5000), TYPE))
    assert found == 413
