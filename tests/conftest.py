"""This file keeps every test on this machine: loopback only, no user's files, no user's secrets."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox, World
    from skyatlas.session import Session

# libcurl does not use Python's sockets: whatever is not loopback goes to a proxy that refuses.
os.environ["http_proxy"] = os.environ["https_proxy"] = "http://127.0.0.1:9"
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1,localhost,::1"
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
os.environ["MPLBACKEND"] = "Agg"
for name in [name for name in os.environ if name.startswith("SKYATLAS_")]:
    if name not in ("SKYATLAS_DACHS", "SKYATLAS_DACHS_FILES", "SKYATLAS_TEST_DATA"):
        del os.environ[name]

# How long an example takes is this machine's business, not a property.
settings.register_profile("any speed", deadline=None)
settings.load_profile("any speed")

_LOOPBACK = ("127.", "localhost", "::1", "/")
_connect = socket.socket.connect


def _connect_to_loopback_only(self: socket.socket, address: Any) -> None:
    host = address if isinstance(address, str | bytes) else address[0]
    if not str(host).startswith(_LOOPBACK):
        raise PermissionError(f"a test tried to reach {host}; only loopback is allowed")
    _connect(self, address)


socket.socket.connect = _connect_to_loopback_only  # type: ignore[method-assign]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """One line for each reason to skip, however many tests it is."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = str(report.longrepr[2]).removeprefix("Skipped: ")
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in reasons.items():
        terminalreporter.write_line(f"skipped {count} tests: {reason}")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a home of its own: no user's netrc, cache, settings or keyring is touched."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for name in ("CACHE", "CONFIG", "DATA", "STATE"):
        (home / name.lower()).mkdir()
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    (home / "runtime").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(home / "runtime"))
    monkeypatch.delenv("NETRC", raising=False)


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """What the command line does to the log in this process ends with the test."""
    logger = logging.getLogger("skyatlas")
    level, handlers = logger.level, list(logger.handlers)
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers


@pytest.fixture
def closed_sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close what pyvo and astroquery open: they leave sessions, and answers that they did not read
    to the end, to the garbage collector, whose warning then hits whichever test is running.
    """
    import requests

    opened: list[requests.Session | requests.Response] = []
    begin, send = requests.Session.__init__, requests.Session.send

    def remember(self: requests.Session) -> None:
        begin(self)
        opened.append(self)

    def sent(self: requests.Session, *arguments: Any, **options: Any) -> requests.Response:
        answer = send(self, *arguments, **options)
        opened.append(answer)
        return answer

    monkeypatch.setattr(requests.Session, "__init__", remember)
    monkeypatch.setattr(requests.Session, "send", sent)
    yield
    for one in reversed(opened):
        one.close()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real files and recorded answers, kept outside the repository."""
    default = Path(__file__).parents[1].parent / "shared" / "data"
    folder = Path(os.environ.get("SKYATLAS_TEST_DATA", default))
    if not (folder / "MANIFEST.csv").is_file():
        pytest.skip(f"no real data at {folder}; set SKYATLAS_TEST_DATA to have these tests run")
    return folder


@pytest.fixture(scope="session")
def world() -> World:
    """What the sandbox's archives hold; the same for every test."""
    from skyatlas.sandbox import make_world

    return make_world()


@pytest.fixture
def box(world: World) -> Iterator[Sandbox]:
    """A sandbox for one test: its faults and its record of requests are nobody else's."""
    from skyatlas.sandbox import Sandbox

    with Sandbox(world=world) as running:
        yield running


@pytest.fixture
def atlas(box: Sandbox) -> Iterator[Session]:
    """A session at the sandbox; nobody is logged in."""
    from skyatlas.session import Session
    from skyatlas.settings import Settings

    with Session(Settings(sandbox=box.url)) as session:
        yield session


@pytest.fixture
def pi_atlas(box: Sandbox) -> Iterator[Session]:
    """A session at the sandbox of somebody whose login is in the environment."""
    from skyatlas.sandbox import ACCOUNTS
    from skyatlas.session import Session
    from skyatlas.settings import Settings

    environment = {
        "SKYATLAS_ESO_USERNAME": ACCOUNTS[0].username,
        "SKYATLAS_ESO_PASSWORD": ACCOUNTS[0].password,
    }
    with Session(Settings(sandbox=box.url, environment=environment)) as session:
        yield session
