"""The sandbox as a server: where it listens, what it remembers, how it fails and how it stops."""

from __future__ import annotations

import socket
import threading
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
import requests

from skyatlas.errors import BadInput
from skyatlas.sandbox import FAULTS, Fault, Sandbox, make_world
from skyatlas.sandbox.faults import parse

WORLD = make_world()
ITEM = next(item for item in WORLD.items.values() if item.table == "ivoa.ObsCore")
BODY = ITEM.make()
FILE = f"dataportal.eso.org/dataPortal/file/{ITEM.dp_id}"


def get(box: Sandbox, path: str = FILE, **more: object) -> requests.Response:
    return requests.get(f"{box.url}/{path}", **{"timeout": 30, **more})


def test_it_listens_on_loopback_only(box: Sandbox) -> None:
    host, port = box.url.removeprefix("http://").split(":")
    assert host == "127.0.0.1"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", int(port)), timeout=5)


def test_several_boxes_stand_side_by_side_and_each_has_its_own_key(box: Sandbox) -> None:
    with Sandbox(world=WORLD) as other:
        assert other.url != box.url
        assert get(other).content == get(box).content
        assert other.requests != box.requests


def test_a_stopped_box_lets_its_port_go() -> None:
    before = threading.active_count()
    with Sandbox(world=WORLD) as box:
        get(box)
    with pytest.raises(requests.ConnectionError):
        get(box)
    again = Sandbox(port=int(box.url.rpartition(":")[2]), world=WORLD)
    with again:
        assert get(again).ok
    again.stop()
    assert threading.active_count() <= before + 5  # the thread pool of the last may linger


def test_a_box_stops_though_somebody_waits_in_silence() -> None:
    answers: list[object] = []

    def wait(url: str) -> None:
        try:
            answers.append(requests.get(url, timeout=60).status_code)
        except requests.ConnectionError as error:
            answers.append(error)

    with Sandbox(world=WORLD, faults=["silent"]) as box:
        thread = threading.Thread(target=wait, args=(f"{box.url}/{FILE}",))
        thread.start()
        deadline = time.monotonic() + 30
        while not box.requests and time.monotonic() < deadline:
            threading.Event().wait(0.01)
    thread.join(30)
    assert len(answers) == 1


def test_what_nobody_serves_is_a_404_in_words(box: Sandbox) -> None:
    for path in ("nowhere.org/x", "archive.eso.org/nothing", "", "archive.eso.org/tap_obs/sync/"):
        answer = get(box, path)
        assert answer.status_code == 404
        assert answer.text == f"The sandbox has nothing at https://{path}.\n"


def test_requests_are_remembered_under_the_archives_own_names(box: Sandbox) -> None:
    form = {"dp_id": ["A:1", "B 2"], "mode": "Raw2Raw"}
    url = f"{box.url}/archive.eso.org/calselector/v1/associations?a=%3F"
    before = time.time()
    requests.post(url, data=form, headers={"X-Mine": "yes"}, timeout=30)
    asked = box.requests[-1]
    assert asked.method == "POST"
    assert asked.url == "https://archive.eso.org/calselector/v1/associations?a=%3F"
    assert asked.headers["x-mine"] == "yes"
    assert asked.body == b"dp_id=A%3A1&dp_id=B+2&mode=Raw2Raw"
    assert asked.form == [("dp_id", "A:1"), ("dp_id", "B 2"), ("mode", "Raw2Raw")]
    assert asked.query == [("a", "?")]
    assert before <= asked.time <= time.time()


def test_a_multipart_form_is_understood(box: Sandbox) -> None:
    url = f"{box.url}/archive.eso.org/tap_obs/sync"
    parts = {"QUERY": (None, "select 1 as one"), "LANG": (None, "ADQL")}
    assert "<TD>1</TD>" in requests.post(url, files=parts, timeout=30).text


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("slow", Fault("slow")),
        ("slow=2.5:tap_obs", Fault("slow", "2.5", "tap_obs")),
        ("429=5:dataportal*file:3", Fault("429", "5", "dataportal*file", 3)),
        (
            "reset=9:XSHOO.2014-01-02T03:04:05.678",
            Fault("reset", "9", "XSHOO.2014-01-02T03:04:05.678"),
        ),
        ("html:https://dataportal:1", Fault("html", "", "https://dataportal", 1)),
        ("html::2", Fault("html", "", "", 2)),
    ],
)
def test_a_fault_is_read_from_words(text: str, fault: Fault) -> None:
    assert parse(text) == fault


def test_an_unknown_fault_names_those_that_there_are() -> None:
    with pytest.raises(BadInput, match=r"'slwo'; there are: slow, silent"):
        parse("slwo")
    with pytest.raises(BadInput, match="needs a number"):
        Fault("slow", "much").number(1)


def test_a_fault_meets_only_its_own_requests_and_only_so_often(box: Sandbox) -> None:
    box.fault("503", "tap_obs*QUERY", count=2, after=1)
    query = "archive.eso.org/tap_obs/sync?QUERY=select+1"
    assert get(box).status_code == 200
    assert [get(box, query).status_code for _ in range(4)] == [200, 503, 503, 200]


def test_a_busy_archive_says_when_to_come_again(box: Sandbox) -> None:
    box.fault("429=7", count=1)
    answer = get(box)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    box.fault("429-date=100", count=1)
    answer = get(box)
    moment = parsedate_to_datetime(answer.headers["Retry-After"]).timestamp()
    assert 90 < moment - time.time() < 101
    box.fault("503", count=1)
    answer = get(box)
    assert answer.status_code == 503
    assert "Retry-After" not in answer.headers


def test_a_slow_archive_takes_its_time(box: Sandbox) -> None:
    box.fault("slow=0.3")
    start = time.monotonic()
    assert get(box).content == BODY
    assert time.monotonic() - start >= 0.3


def test_a_silent_archive_answers_when_released(box: Sandbox) -> None:
    box.fault("silent", count=1)
    with pytest.raises(requests.ReadTimeout):
        get(box, timeout=0.3)
    box.fault("silent", count=1)
    result: list[bytes] = []
    thread = threading.Thread(target=lambda: result.append(get(box).content))
    seen = len(box.requests)
    thread.start()
    while len(box.requests) == seen:
        threading.Event().wait(0.01)
    while thread.is_alive():  # the request is recorded a moment before it waits
        box.release()
        thread.join(0.05)
    assert result == [BODY]


def received(box: Sandbox) -> tuple[bytes, int, bool]:
    """Bytes that came, bytes that were promised, whether the line was reset."""
    port = int(box.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(f"GET /{FILE} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        data = b""
        try:
            while piece := line.recv(65536):
                data += piece
        except ConnectionResetError:
            return _body(data), len(BODY), True
    return _body(data), len(BODY), False


def _body(data: bytes) -> bytes:
    head, _, body = data.partition(b"\r\n\r\n")
    assert f"content-length: {len(BODY)}".encode() in head.lower()
    return body


def test_a_truncated_file_ends_before_its_promised_length(box: Sandbox) -> None:
    box.fault("truncated=1000")
    assert received(box) == (BODY[:1000], len(BODY), False)
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        get(box)


def test_a_reset_line_breaks_in_mid_file(box: Sandbox) -> None:
    box.fault("reset=1000")
    body, _, reset = received(box)
    assert reset
    assert BODY.startswith(body)
    assert len(body) <= 1000


def test_a_stalled_file_goes_on_when_released(box: Sandbox) -> None:
    box.fault("stall=1000")
    with requests.get(f"{box.url}/{FILE}", stream=True, timeout=30) as answer:
        pieces = answer.iter_content(500)
        assert next(pieces) + next(pieces) == BODY[:1000]
        box.release()
        assert b"".join(pieces) == BODY[1000:]


def test_a_short_file_agrees_with_its_wrong_length(box: Sandbox) -> None:
    box.fault("wrong-length=2880")
    answer = get(box)
    assert answer.headers["content-length"] == str(len(BODY) - 2880)
    assert answer.content == BODY[:-2880]


def test_a_login_page_comes_as_a_success(box: Sandbox) -> None:
    box.fault("html")
    answer = get(box)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "sign in" in answer.text


def test_a_dead_archive_breaks_the_line_without_a_word(box: Sandbox) -> None:
    box.fault("dead", count=1)
    with pytest.raises(requests.ConnectionError):
        get(box)
    assert get(box).content == BODY


def test_rubbish_comes_as_a_success(box: Sandbox) -> None:
    box.fault("rubbish")
    answer = get(box)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-votable+xml")
    assert b"<" not in answer.content[:8]
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


def test_an_archive_without_ranges_sends_everything(box: Sandbox) -> None:
    box.fault("no-range")
    answer = get(box, headers={"Range": "bytes=100-"})
    assert answer.status_code == 200
    assert "Accept-Ranges" not in answer.headers
    assert answer.content == BODY


def test_a_changed_file_does_not_match_its_old_etag(box: Sandbox) -> None:
    etag = get(box).headers["ETag"]
    whole = {"Range": "bytes=100-", "If-Range": etag}
    assert get(box, headers=whole).status_code == 206
    box.fault("etag")
    answers = [get(box, headers=whole) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert len({etag, *(answer.headers["ETag"] for answer in answers)}) == 3


def test_a_bad_name_is_sent_as_it_is(box: Sandbox) -> None:
    box.fault("bad-name")
    assert get(box).headers["Content-Disposition"] == 'attachment; filename="../../outside.fits"'
    box.heal()
    box.fault(Fault("bad-name", "a:b\\c.fits"))
    assert get(box).headers["Content-Disposition"] == 'attachment; filename="a:b\\c.fits"'


def test_a_redirect_leads_to_another_host_that_needs_no_token(box: Sandbox) -> None:
    box.fault("redirect")
    answer = get(box, headers={"Authorization": "Basic cGk6b3BlbiBzZXNhbWUgJiAxMDAlIHNlY3JldA=="})
    assert answer.content == BODY
    assert answer.url.startswith("http://localhost:")
    last = box.requests[-1]
    assert last.url.startswith(f"https://elsewhere.eso.org/dataPortal/file/{ITEM.dp_id}?ticket=")
    assert "authorization" not in last.headers
    own = get(box, headers={"X-Forwarded-Host": "dataportal.eso.org"}, allow_redirects=False)
    assert own.headers["location"].startswith("https://elsewhere.eso.org/dataPortal/file/")
    assert get(box, f"elsewhere.eso.org/dataPortal/file/{ITEM.dp_id}?ticket=x").status_code == 404


def test_an_error_document_can_come_with_status_200(box: Sandbox) -> None:
    box.fault("tap-error", "sync")
    answer = get(box, "archive.eso.org/tap_obs/sync?QUERY=select+1")
    assert answer.status_code == 200
    assert 'value="ERROR"' in answer.text


def test_every_fault_is_described_and_can_be_made() -> None:
    assert all(FAULTS.values())
    assert [Fault(name).name for name in FAULTS] == list(FAULTS)


def test_no_page_of_the_sandbox_names_a_folder_of_this_machine(box: Sandbox) -> None:
    assert str(Path.home()) not in get(box, "archive.eso.org/tap_obs/tables").text
