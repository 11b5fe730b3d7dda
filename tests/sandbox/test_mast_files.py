"""This file fetches files from the sandbox's MAST, as strangers and as those they belong to."""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
import requests

from skyatlas.sandbox import MAST_TOKENS, Sandbox
from skyatlas.sandbox.mast_holdings import files, observations
from skyatlas.sandbox.mast_item import MastFile, MastObservation

SITE = "mast.stsci.edu"
DOWNLOAD = f"{SITE}/api/v0.1/Download"
PI, STRANGER, EXPIRED = (token.secret for token in MAST_TOKENS)


def _get(box: Sandbox, path: str, **more: object) -> requests.Response:
    return requests.get(f"{box.url}/{path}", timeout=30, **more)  # type: ignore[arg-type]


def _file(box: Sandbox, uri: str, **more: object) -> requests.Response:
    return _get(box, f"{DOWNLOAD}/file", params={"uri": uri}, **more)


def _public() -> MastFile:
    return next(
        file
        for file, owners in files(1).values()
        if file.cloud and not any(owner.exclusive for owner in owners)
    )


def _exclusive() -> MastFile:
    return next(
        file for file, owners in files(1).values() if all(owner.exclusive for owner in owners)
    )


def _owner(file: MastFile) -> MastObservation:
    return files(1)[file.uri][1][0]


def test_a_file_comes_with_its_name_its_length_and_a_tag(box: Sandbox) -> None:
    file = _public()
    answer = _file(box, file.uri)
    assert answer.status_code == 200
    assert answer.content == file.make()
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{file.filename}"'
    assert answer.headers["ETag"].strip('"') == hashlib.md5(answer.content).hexdigest()
    assert answer.headers["Content-Type"] == "application/fits"


def test_a_part_of_a_file_is_what_was_asked_for(box: Sandbox) -> None:
    file = _public()
    answer = _file(box, file.uri, headers={"Range": "bytes=100-199"})
    assert answer.status_code == 206
    assert answer.content == file.make()[100:200]


def test_head_says_the_length_and_sends_nothing(box: Sandbox) -> None:
    file = _public()
    url = f"{box.url}/{DOWNLOAD}/file?uri={file.uri}"
    answer = requests.head(url, timeout=30)
    assert answer.content == b""
    assert answer.headers["Content-Length"] == str(len(file.make()))


def test_what_is_not_there_is_404_and_a_page(box: Sandbox) -> None:
    answer = _file(box, "mast:HST/product/<b>nothing</b>.fits")
    assert answer.status_code == 404
    assert "text/html" in answer.headers["Content-Type"]
    assert b"<b>" not in answer.content


def test_without_a_uri_nothing_is_found(box: Sandbox) -> None:
    assert _get(box, f"{DOWNLOAD}/file").status_code == 400


def test_a_uri_cut_at_its_ampersand_gets_a_sentence_with_status_200(box: Sandbox) -> None:
    uri, file = next((uri, file) for uri, (file, _) in files(1).items() if "&" in uri)
    cut = _get(box, f"{DOWNLOAD}/file?uri={uri}")
    assert (cut.status_code, cut.text) == (200, "dataset parameter is required")
    whole = _file(box, uri)
    assert whole.content == file.make()
    assert "?" not in whole.headers["Content-Disposition"]


@pytest.mark.parametrize("secret", ["", "made up", EXPIRED])
def test_an_exclusive_file_is_401_and_a_page_for_strangers(box: Sandbox, secret: str) -> None:
    cookies = {"mast_token": secret} if secret else {}
    answer = _file(box, _exclusive().uri, cookies=cookies)
    assert answer.status_code == 401
    assert "text/html" in answer.headers["Content-Type"]


def test_an_exclusive_file_is_403_for_other_programmes(box: Sandbox) -> None:
    answer = _file(box, _exclusive().uri, cookies={"mast_token": STRANGER})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {"cookies": {"mast_token": PI}},
        {"headers": {"Authorization": f"token {PI}"}},
        {"headers": {"Authorization": f"Bearer {PI}"}},
    ],
)
def test_an_exclusive_file_is_there_for_its_programme(
    box: Sandbox, sent: dict[str, dict[str, str]]
) -> None:
    file = _exclusive()
    assert _file(box, file.uri, **sent).content == file.make()


def test_the_investigators_token_opens_all_that_is_exclusive() -> None:
    programs = {str(one.row["proposal_id"]) for one in observations(1).values() if one.exclusive}
    assert programs
    assert programs <= MAST_TOKENS[0].programs


def test_whoami_knows_good_tokens_and_calls_everybody_else_anonymous(box: Sandbox) -> None:
    nobody = _get(box, f"{SITE}/whoami").json()
    assert nobody["anon"] is True
    assert _get(box, f"{SITE}/whoami", cookies={"mast_token": EXPIRED}).json() == nobody
    somebody = _get(box, f"{SITE}/whoami", headers={"Authorization": f"token {PI}"}).json()
    assert somebody["anon"] is False
    assert somebody["attrib"]["display_name"] == MAST_TOKENS[0].display_name
    assert PI not in str(somebody)


def test_a_token_may_be_used_up(box: Sandbox) -> None:
    box.fault("expired-token=1", "whoami")
    said = [_get(box, f"{SITE}/whoami", cookies={"mast_token": PI}).json() for _ in range(2)]
    assert [one["anon"] for one in said] == [False, True]


def test_the_page_for_tokens_is_a_page(box: Sandbox) -> None:
    answer = _get(box, "auth.mast.stsci.edu/token?suggested_name=skyatlas")
    assert answer.status_code == 200
    assert "text/html" in answer.headers["Content-Type"]


def test_the_cloud_path_leads_to_the_same_file_in_the_bucket(box: Sandbox) -> None:
    file = _public()
    asked = {"uri": [file.uri, "mast:HST/product/nothing.fits"], "use_cloud_path": "true"}
    found = _get(box, f"{SITE}/api/v0.1/path_lookup/", params=asked).json()
    assert found == {
        file.uri: {"status_code": 200, "path": file.cloud},
        "mast:HST/product/nothing.fits": {"status_code": 404, "path": None},
    }
    for bucket in ("s3.amazonaws.com/stpubdata", "stpubdata.s3.amazonaws.com"):
        answer = _get(box, f"{bucket}{file.cloud}")
        assert answer.content == file.make()
        assert answer.headers["ETag"] == _file(box, file.uri).headers["ETag"]
        assert "Content-Disposition" not in answer.headers


def test_exclusive_files_are_not_in_the_bucket(box: Sandbox) -> None:
    closed = [file for file, owners in files(1).values() if all(one.exclusive for one in owners)]
    assert {file.cloud for file in closed} == {""}
    asked = {"uri": closed[0].uri, "use_cloud_path": "true"}
    found = _get(box, f"{SITE}/api/v0.1/path_lookup/", params=asked).json()
    assert found == {closed[0].uri: {"status_code": 404, "path": None}}


def test_the_bucket_says_that_there_is_no_such_key(box: Sandbox) -> None:
    answer = _get(box, "s3.amazonaws.com/stpubdata/hst/nothing.fits")
    assert answer.status_code == 404
    assert b"<Code>NoSuchKey</Code>" in answer.content


def test_forty_paths_are_looked_up_and_not_one_more(box: Sandbox) -> None:
    uris = [f"mast:HST/product/{number}.fits" for number in range(41)]
    url = f"{SITE}/api/v0.1/path_lookup/"
    assert len(_get(box, url, params={"uri": uris[:40]}).json()) == 40
    assert _get(box, url, params={"uri": uris}).status_code == 414


def _bundle(box: Sandbox, path: str, uris: list[str], **more: object) -> requests.Response:
    url = f"{box.url}/{DOWNLOAD}/{path}"
    return requests.post(url, data={"uri": uris}, timeout=30, **more)  # type: ignore[arg-type]


def test_a_bundle_has_the_files_where_mast_puts_them(box: Sandbox) -> None:
    file, owner = _public(), _owner(_public())
    name = f"mastDownload/{owner.collection}/{owner.obs_id}/{file.filename}"
    packed = _bundle(box, "bundle.zip", [file.uri]).content
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        assert set(opened.namelist()) == {name, "mastDownload/MANIFEST.HTML"}
        assert opened.read(name) == file.make()
    packed = gzip.decompress(_bundle(box, "bundle.tar.gz", [file.uri]).content)
    with tarfile.open(fileobj=io.BytesIO(packed)) as opened_tar:
        member = opened_tar.extractfile(name)
        assert member is not None
        assert member.read() == file.make()


def test_a_bundle_may_be_announced_first(box: Sandbox) -> None:
    file, missing, closed = _public().uri, "mast:HST/product/nothing.fits", _exclusive().uri
    said = _bundle(box, "bundle", [file, missing, closed]).json()
    assert said["status"] == "COMPLETE"
    assert said["statusList"] == {file: "COMPLETE", missing: "ERROR", closed: "ERROR"}
    with zipfile.ZipFile(io.BytesIO(requests.get(said["url"], timeout=30).content)) as opened:
        assert len(opened.namelist()) == 2
    assert file in requests.get(said["manifestUrl"], timeout=30).text
    elsewhere = said["url"].replace("public/", "public/0")
    assert requests.get(elsewhere, timeout=30).status_code == 404


def test_the_token_opens_a_bundle_too(box: Sandbox) -> None:
    uri = _exclusive().uri
    said = _bundle(box, "bundle", [uri], cookies={"mast_token": PI}).json()
    assert said["statusList"] == {uri: "COMPLETE"}


def test_an_empty_bundle_is_refused(box: Sandbox) -> None:
    assert _bundle(box, "bundle", []).status_code == 400
    assert _bundle(box, "bundle.zip", []).status_code == 400


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_the_script_fetches_the_files(box: Sandbox, tmp_path: Path) -> None:
    file, owner = _public(), _owner(_public())
    script = tmp_path / "fetch.sh"
    script.write_bytes(_bundle(box, "bundle.sh", [file.uri]).content)
    command = ["/bin/bash", str(script)]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=60)
    place = tmp_path / "mastDownload" / owner.collection / owner.obs_id / file.filename
    assert place.read_bytes() == file.make()
