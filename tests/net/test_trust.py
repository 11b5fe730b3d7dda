"""This file meets certificates, proxies and HTTP/2: whom the engine trusts, and by which way."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

import pytest
from fault_server import FaultServer, File

from skyatlas.errors import Unreachable
from skyatlas.model import Product
from skyatlas.net.door import Patience, StreetDoor
from skyatlas.net.pace import Clock
from skyatlas.net.transfer import fetch_one
from skyatlas.session import Session
from skyatlas.settings import Settings

DATA = bytes(range(256)) * 4000
PATIENCE = Patience(connect=2, silence=2, tries=3)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for this machine, with its key in one file."""
    pytest.importorskip("cryptography")
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "an archive of the tests")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("trust") / "certificate.pem"
    encoding = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(
            encoding,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(encoding)
    )
    return path


@pytest.fixture
def secure(server: FaultServer, certificate: Path) -> FaultServer:
    """The server speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server._http.socket = context.wrap_socket(  # the listener; handshakes are made by readers
        server._http.socket, server_side=True, do_handshake_on_connect=False
    )
    server.url = server.url.replace("http:", "https:")
    server.on("/x", File(DATA))
    return server


def test_a_certificate_of_nobody_is_refused_at_once(
    secure: FaultServer, clock: Clock, tmp_path: Path
) -> None:
    with (
        StreetDoor(clock=clock, patience=PATIENCE) as door,
        pytest.raises(Unreachable, match="certificate that this machine does not trust") as caught,
    ):
        fetch_one(Product(f"{secure.url}/x"), tmp_path, door=door)
    assert not caught.value.again
    assert secure.seen == []
    assert clock.waits == []  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


def test_a_certificate_that_the_user_trusts_is_good(
    secure: FaultServer, certificate: Path, clock: Clock, tmp_path: Path
) -> None:
    with StreetDoor(clock=clock, ca_bundle=str(certificate)) as door:
        receipt = fetch_one(Product(f"{secure.url}/x"), tmp_path, door=door)
    assert receipt.path.read_bytes() == DATA


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_environment_names_the_certificates(
    secure: FaultServer,
    certificate: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, str(certificate))
    environment = {name: str(certificate)} if name == "SSL_CERT_FILE" else {}
    with Session(Settings(environment=environment)) as session:
        fetched = session.fetch([f"{secure.url}/x"], tmp_path)
    assert fetched.complete, str(fetched)
    assert (tmp_path / "x").read_bytes() == DATA


def test_a_certificate_of_another_host_is_refused(
    secure: FaultServer, certificate: Path, clock: Clock, tmp_path: Path
) -> None:
    there = secure.url.replace("127.0.0.1", "127.0.0.2")
    with (
        StreetDoor(clock=clock, ca_bundle=str(certificate), patience=PATIENCE) as door,
        pytest.raises(Unreachable),
    ):
        fetch_one(Product(f"{there}/x"), tmp_path, door=door)
    assert secure.seen == []


def test_a_file_of_certificates_that_is_missing_is_told(
    secure: FaultServer, clock: Clock, tmp_path: Path
) -> None:
    with (
        StreetDoor(clock=clock, ca_bundle=str(tmp_path / "none.pem"), patience=PATIENCE) as door,
        pytest.raises(Unreachable, match="file of certificates cannot be read"),
    ):
        fetch_one(Product(f"{secure.url}/x"), tmp_path / "files", door=door)


@contextmanager
def proxy(answers: bytes) -> Iterator[tuple[str, list[str]]]:
    """A proxy that answers everything itself; its address, and what it was asked."""
    asked: list[str] = []

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode())
            while self.rfile.readline().strip():
                pass
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(answers)}\r\n\r\n"
            self.wfile.write(head.encode() + answers)

    class Server(ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as one:
        thread = threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{one.server_address[1]}", asked
        one.shutdown()
        thread.join(5)


def test_the_proxy_of_the_environment_is_used(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(DATA) as (address, asked), StreetDoor(clock=clock) as door:
        monkeypatch.setenv("http_proxy", address)
        receipt = fetch_one(Product("http://archive.example/x"), tmp_path, door=door)
        assert receipt.path.read_bytes() == DATA
        assert asked == ["GET http://archive.example/x HTTP/1.1\r\n"]


def test_no_proxy_stands_between_us_and_the_hosts_that_are_named(
    server: FaultServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """127.0.0.2 is no loopback name that is known to us: it is asked directly by `no_proxy`."""
    port = urlsplit(server.url).port
    monkeypatch.delenv("NO_PROXY", raising=False)
    with proxy(DATA) as (address, asked), StreetDoor(clock=clock, patience=PATIENCE) as door:
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.setenv("no_proxy", "127.0.0.2")
        with pytest.raises(Unreachable):  # nobody listens there
            fetch_one(Product(f"http://127.0.0.2:{port}/x"), tmp_path, door=door)
        assert asked == []
        monkeypatch.setenv("no_proxy", "")
        fetch_one(Product(f"http://127.0.0.2:{port}/x"), tmp_path, door=door)
        assert asked == [f"GET http://127.0.0.2:{port}/x HTTP/1.1\r\n"]


def test_this_machine_and_the_sandbox_are_never_asked_through_a_proxy(
    server: FaultServer, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.delenv("NO_PROXY", raising=False)
    server.on("/archive.example/x", File(DATA))
    server.on("/y", File(DATA))
    with StreetDoor(clock=clock, sandbox=server.url) as door:
        fetch_one(Product("https://archive.example/x"), tmp_path, door=door)
    with StreetDoor(clock=clock) as door:
        fetch_one(Product(f"{server.url}/y"), tmp_path, door=door)
    assert len(server.seen) == 2


class Http2:
    """One HTTP/2 connection: DATA for every path; `seen` notes the paths."""

    def __init__(self, client: ssl.SSLSocket, seen: list[str]) -> None:
        from h2.config import H2Configuration
        from h2.connection import H2Connection

        self._client = client
        self._seen = seen
        self._talk = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._left: dict[int, memoryview] = {}

    def run(self) -> None:
        self._talk.initiate_connection()
        with contextlib.suppress(OSError):
            while True:
                self._client.sendall(self._talk.data_to_send())
                data = self._client.recv(65_536)
                if not data:
                    return
                self._hear(data)
                for stream in tuple(self._left):
                    self._send(stream)

    def _hear(self, data: bytes) -> None:
        from h2.events import RequestReceived

        for event in self._talk.receive_data(data):
            if isinstance(event, RequestReceived):
                self._seen.append(dict(event.headers)[":path"])
                said = [(":status", "200"), ("content-length", str(len(DATA)))]
                self._talk.send_headers(event.stream_id, said)
                self._left[event.stream_id] = memoryview(DATA)

    def _send(self, stream: int) -> None:
        """As much as the client has room for."""
        rest = self._left[stream]
        while rest:
            room = self._talk.local_flow_control_window(stream)
            piece = rest[: min(room, self._talk.max_outbound_frame_size)]
            if not piece:
                break
            rest = rest[len(piece) :]
            self._talk.send_data(stream, bytes(piece), end_stream=not rest)
        self._left[stream] = rest
        if not rest:
            del self._left[stream]


def serve_http2(listener: ssl.SSLSocket, seen: list[list[str]]) -> None:
    """One connection after the other, until the listener is closed."""
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        seen.append([])
        with client:
            Http2(client, seen[-1]).run()


def test_files_of_one_host_share_an_http2_connection(
    certificate: Path, tmp_path: Path, clock: Clock
) -> None:
    pytest.importorskip("h2")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    seen: list[list[str]] = []
    listener = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
    thread = threading.Thread(target=serve_http2, args=(listener, seen), daemon=True)
    thread.start()
    with Session(Settings(environment={"SSL_CERT_FILE": str(certificate)})) as session:
        port = listener.getsockname()[1]
        urls = [f"https://127.0.0.1:{port}/{name}" for name in range(12)]
        fetched = session.fetch(urls, tmp_path)
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    assert fetched.complete, str(fetched)
    assert all(receipt.path.read_bytes() == DATA for receipt in fetched.receipts)
    assert [len(paths) for paths in seen] == [12]  # twelve files, one connection
