"""This file hands our lists to the tools themselves, and compares the bytes that they bring."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "net"))

from fault_server import FaultServer, File, Line, Seen, redirect
from fault_server import Plan as Answer

from skyatlas.journeys.export import Form, exported
from skyatlas.journeys.fetch import Plan
from skyatlas.model import Product
from skyatlas.sandbox import Sandbox
from skyatlas.session import Session

FORMS = get_args(Form)
TOOLS = {
    "aria2": ["aria2c", "--no-conf", "-q", "--max-tries=1", "-i"],
    "wget": ["sh"],
    "curl": ["curl", "-sS", "-K"],
}
SESAME = "sesame-4711"


class Server(FaultServer):
    """Also answers HEAD, which wget asks where it does not know the name: headers, no body."""

    def next_plan(self, seen: Seen) -> Answer:
        plan = super().next_plan(seen)
        return _without_body(plan) if seen.method == "HEAD" else plan


def _without_body(plan: Answer) -> Answer:
    def answer(line: Line) -> None:
        whole = line.wfile
        line.wfile = io.BytesIO()
        plan(line)
        head, end, _ = line.wfile.getvalue().partition(b"\r\n\r\n")
        line.wfile = whole
        line.wfile.write(head + end)

    return answer


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with Server() as one:
        yield one


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two levels down, so that what escapes is seen."""
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    return inside


def run(form: str, text: str, folder: Path, **environment: str) -> int:
    """Give the list to its tool in `folder`; the exit code."""
    program = "wget" if form == "wget" else TOOLS[form][0]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    (folder / "LIST").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [*TOOLS[form], "LIST"],
        cwd=folder, env={**os.environ, **environment}, check=False, capture_output=True, timeout=60,
    )  # fmt: skip
    return done.returncode


def brought(folder: Path) -> dict[str, bytes]:
    """Every file below, by relative path, without the list and the tools' own notes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("LIST", ".fetched")
    }


def private(url: str) -> Product:
    return Product(url, archive="eso", provenance={"data_rights": "proprietary"})


@pytest.mark.parametrize("form", FORMS)
def test_a_tool_brings_the_bytes_under_our_names_and_folders(
    form: Form, server: FaultServer, folder: Path
) -> None:
    one, two = b"one" * 1000, b"two" * 1000
    plan = Plan((
        Product(server.on("/1", File(one)), name="one.fits", folder="raw/night"),
        Product(server.on("/2", File(two)), name="two.fits"),
    ))  # fmt: skip
    assert run(form, exported(plan, form), folder) == 0
    assert brought(folder) == {"raw/night/one.fits": one, "two.fits": two}
    assert server.seen
    assert all(seen.headers["user-agent"].startswith("skyatlas/") for seen in server.seen)


@pytest.mark.parametrize("form", FORMS)
def test_a_name_that_is_not_known_is_the_archives(
    form: Form, server: FaultServer, folder: Path
) -> None:
    said = {"content_disposition": 'attachment; filename="ADP.1.fits"'}
    plan = Plan((
        Product(server.on("/1", File(b"bytes", headers=said)), folder="raw"),
        Product(server.on("/2.fits", File(b"others"))),
    ))  # fmt: skip
    assert run(form, exported(plan, form), folder) == 0
    assert brought(folder) == {"raw/ADP.1.fits": b"bytes", "2.fits": b"others"}


@pytest.mark.parametrize("form", FORMS)
def test_a_name_from_the_archive_never_touches_a_file_that_is_there(
    form: Form, server: FaultServer, folder: Path
) -> None:
    said = {"content_disposition": 'attachment; filename="result.fits"'}
    url = server.on("/1", File(b"longer than mine", headers=said))
    (folder / "result.fits").write_bytes(b"mine")
    run(form, exported(Plan((Product(url),)), form), folder)
    assert (folder / "result.fits").read_bytes() == b"mine"


@pytest.mark.parametrize("form", FORMS)
def test_two_files_of_one_name_are_never_mixed(
    form: Form, server: FaultServer, folder: Path
) -> None:
    said = {"content_disposition": 'attachment; filename="result.fits"'}
    short, long = b"s" * 100, b"l" * 1000
    short_url = server.on("/1", File(short, headers=said))
    long_url = server.on("/2", File(long, headers=said))
    run(form, exported(Plan((Product(short_url), Product(long_url))), form), folder)
    come = brought(folder)
    assert come["result.fits"] in (short, long)
    assert set(come.values()) <= {short, long}
    named = Plan((Product(short_url, name="x.fits"), Product(long_url, name="X.fits")))
    assert run(form, exported(named, form), folder) == 0
    assert sorted(value for name, value in brought(folder).items() if "x" in name.lower()) == [
        long, short,
    ]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "name",
    [
        "../../escaped.fits",
        "..\\..\\escaped.fits",
        "/etc/escaped.fits",
        "$(touch escaped).fits",
        "`touch escaped`.fits",
        "'; touch escaped; '.fits",
        '"; touch escaped; ".fits',
        "a\n out=escaped\n\r\toutput = escaped.fits",
        "${HOME}.fits",
        "-O escaped.fits",
        "#1 {a,b}[1-2].fits",
        "\\\" # x.fits",
        "END",
    ],
)  # fmt: skip
def test_no_name_or_folder_can_escape(
    form: Form, name: str, server: FaultServer, tmp_path: Path, folder: Path
) -> None:
    digest = hashlib.sha256(b"bytes").hexdigest()
    url = server.on("/1", File(b"bytes"))
    plan = Plan((Product(url, name=name, folder=name, checksum=f"sha256:{digest}"),))
    assert run(form, exported(plan, form), folder) == 0
    ((path, data),) = brought(tmp_path).items()
    assert data == b"bytes"
    assert path.startswith("a/b/")
    assert ".." not in Path(path).parts
    assert brought(Path(os.environ["HOME"])) == {}
    if "/" not in name and "\\" not in name:
        kept = name.replace("$", "_") if form == "aria2" else name
        assert Path(path).name == "".join(letter for letter in kept if letter.isprintable())


@pytest.mark.parametrize("form", FORMS)
def test_no_address_can_escape(form: Form, server: FaultServer, folder: Path) -> None:
    server.on("/x", File(b"bytes"))
    hostile = (
        "?'; touch escaped; '",
        '?"\noutput = "escaped"\nurl = "',
        "?\n out=escaped\n",
        "?$(touch escaped)`touch escaped`",
        "?{a,b}[1-3]\t\\",
        "?${HOME}",
    )
    plan = Plan(tuple(Product(f"{server.url}/x{end}", name=f"{number}")
                      for number, end in enumerate(hostile)))  # fmt: skip
    assert run(form, exported(plan, form), folder) == 0
    assert brought(folder) == {str(number): b"bytes" for number in range(len(hostile))}
    assert len(server.asked("/x")) == len(hostile)


@pytest.mark.parametrize("form", FORMS)
def test_a_name_from_the_archive_stays_in_its_folder(
    form: Form, server: FaultServer, tmp_path: Path, folder: Path
) -> None:
    said = {"content_disposition": 'attachment; filename="../../../escaped.fits"'}
    run(form, exported(Plan((Product(server.on("/1", File(b"x", headers=said))),)), form), folder)
    assert all(path.startswith("a/b/") for path in brought(tmp_path))


@pytest.mark.parametrize("form", FORMS)
def test_only_the_web_is_listed(form: Form, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "private").write_text("not yours")
    urls = (f"file://{tmp_path}/private", "ftp://127.0.0.1/x", "magnet:?xt=1", "https://[", "-x")
    text = exported(Plan(tuple(map(Product, urls))), form)
    assert text.count("# left out: ") == len(urls)
    run(form, text, folder)
    assert brought(folder) == {}


@pytest.mark.parametrize("form", FORMS)
def test_an_address_that_holds_a_secret_is_left_out_and_named(form: Form) -> None:
    plan = Plan((
        Product(f"https://a.b/x.fits?X-Amz-Signature={SESAME}", mirrors=("https://m.n/x.fits",)),
        Product(f"https://me:{SESAME}@a.b/y.fits"),
        Product("https://a.b/z.fits", mirrors=(f"https://m.n/z.fits?token={SESAME}",)),
    ))  # fmt: skip
    text = exported(plan, form)
    assert SESAME not in text
    assert "# left out: https://a.b/x.fits?X-Amz-Signature=REDACTED" in text
    assert "# left out: https://REDACTED@a.b/y.fits" in text
    assert "https://a.b/z.fits" in text


@pytest.mark.parametrize("form", FORMS)
def test_a_file_that_needs_a_login_comes_with_a_token_from_the_environment(
    form: Form, server: FaultServer, folder: Path
) -> None:
    url = server.on("/private.fits", File(b"mine"))
    public = Product(server.on("/public.fits", File(b"all")))
    text = exported(Plan((private(url), public)), form)
    run(form, text, folder, ESO_TOKEN=SESAME)
    if form == "curl":
        (command,) = (line[1:] for line in text.splitlines() if "| curl -K -" in line)
        subprocess.run(["sh", "-c", command], cwd=folder, check=True,
                       env={**os.environ, "ESO_TOKEN": SESAME})  # fmt: skip
    sent = {seen.path: seen.headers.get("authorization") for seen in server.seen}
    assert sent["/public.fits"] is None
    if form == "aria2":
        assert "/private.fits" not in sent
        assert "need a login at eso" in text
    else:
        assert sent["/private.fits"] == f"Bearer {SESAME}"
        assert brought(folder) == {"public.fits": b"all", "private.fits": b"mine"}
    assert SESAME not in (folder / "LIST").read_text()


@pytest.mark.parametrize("form", ["wget", "curl"])
def test_the_token_stays_with_its_host_on_a_redirect(
    form: Form, server: FaultServer, folder: Path
) -> None:
    with Server() as other:
        target = other.on("/file", File(b"elsewhere")).replace("127.0.0.1", "localhost")
        text = exported(Plan((private(server.on("/x", redirect(target))),)), form)
        run(form, text, folder, ESO_TOKEN=SESAME)
        if form == "curl":
            (command,) = (line[1:] for line in text.splitlines() if "| curl -K -" in line)
            subprocess.run(["sh", "-c", command], cwd=folder, check=True,
                           env={**os.environ, "ESO_TOKEN": SESAME})  # fmt: skip
        assert server.seen[-1].headers["authorization"] == f"Bearer {SESAME}"
        assert all("authorization" not in seen.headers for seen in other.seen)


@pytest.mark.parametrize("checksum", ["sha256", "md5"])
@pytest.mark.parametrize("form", FORMS)
def test_checksums_go_along(form: Form, checksum: str, server: FaultServer, folder: Path) -> None:
    good, bad = (hashlib.new(checksum, data).hexdigest() for data in (b"bytes", b"other"))
    url = server.on("/1", File(b"bytes"))

    def listed(digest: str, name: str) -> str:
        return exported(Plan((Product(url, name=name, checksum=f"{checksum}:{digest}"),)), form)

    def code(text: str) -> int:
        code = run(form, text, folder)
        if form == "curl":
            (command,) = (
                one.partition(": ")[2] for one in text.splitlines() if "# To check" in one
            )
            code = subprocess.run(["sh", "-c", command], cwd=folder, check=False).returncode
        return code

    assert code(listed(good, "good one.fits")) == 0
    assert code(listed(bad, "bad one.fits")) != 0


@pytest.mark.parametrize("form", ["aria2", "wget"])
def test_the_mirror_is_tried_where_the_archive_fails(
    form: Form, server: FaultServer, folder: Path
) -> None:
    mirror = server.on("/mirror", File(b"bytes"))
    plan = Plan((Product(f"{server.url}/gone", name="x.fits", mirrors=(mirror,)),))
    assert run(form, exported(plan, form), folder) == 0
    assert brought(folder) == {"x.fits": b"bytes"}


@pytest.mark.parametrize("form", FORMS)
def test_a_failure_is_an_exit_code_and_no_file(
    form: Form, server: FaultServer, folder: Path
) -> None:
    plan = Plan((
        Product(server.on("/1", File(b"bytes")), name="y.fits"),
        Product(f"{server.url}/gone", name="x.fits"),
    ))  # fmt: skip
    assert run(form, exported(plan, form), folder) != 0
    assert brought(folder) == {"y.fits": b"bytes"}


def test_a_cut_file_of_wget_never_has_its_name(server: FaultServer, folder: Path) -> None:
    whole = File(b"x" * 100_000)
    server.on("/1", *[whole.cut(50_000, rst=False)] * 25, whole)
    text = exported(Plan((Product(f"{server.url}/1", name="x.fits"),)), "wget")
    text = text.replace("wget -nv", "wget -nv --tries=1")
    assert run("wget", text, folder) != 0
    assert brought(folder) == {"x.fits.part": b"x" * 50_000}
    server.on("/1", whole)
    assert run("wget", text, folder) == 0
    assert brought(folder) == {"x.fits": whole.data}
    assert server.seen[-1].headers["range"] == "bytes=50000-"
    before = len(server.seen)
    assert run("wget", text, folder) == 0
    assert len(server.seen) == before  # what is there is kept


@pytest.mark.parametrize("form", FORMS)
def test_at_the_sandbox_the_list_leads_to_the_sandbox(
    form: Form, box: Sandbox, atlas: Session, folder: Path
) -> None:
    found = atlas.search((40.669629, -0.013281), instrument="MUSE", kind="cube",
                         calib_level="1..", public=True)  # fmt: skip
    plan = atlas.plan(found)
    text = exported(plan, form, door=atlas.door)
    assert "Made up" in text
    assert run(form, text, folder) == 0
    ours = atlas.fetch(plan, folder / "ours").receipts
    assert {name: data for name, data in brought(folder).items() if "/" not in name} == {
        one.path.name: one.path.read_bytes() for one in ours
    }
