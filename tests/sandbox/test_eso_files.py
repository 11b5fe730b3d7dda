"""ESO's portal in the box: tokens, files, ranges, headers and cut-outs."""

from __future__ import annotations

import base64
import io
import json
import time

import numpy as np
import pytest
import requests
from astropy.io import fits
from astropy.wcs import WCS

from skyatlas.sandbox import ACCOUNTS, Account, Sandbox, make_world

PI, VISITOR = ACCOUNTS
WORLD = make_world()
ITEMS = WORLD.items.values()
OPEN = next(item for item in ITEMS if item.table == "ivoa.ObsCore" and not item.proprietary)
CLOSED = next(i for i in ITEMS if i.table and i.proprietary and i.program in PI.programs)
HIDDEN = next(item for item in ITEMS if item.hidden and item.table)
RAW = next(item for item in ITEMS if item.filename.endswith(".fits.Z"))


def product(kind: str) -> object:
    return next(item for item in ITEMS if item.row.get("dataproduct_type") == kind)


def get(box: Sandbox, path: str, **headers: str) -> requests.Response:
    return requests.get(f"{box.url}/{path}", headers=headers, timeout=60)


def file(box: Sandbox, dp_id: str, **headers: str) -> requests.Response:
    return get(box, f"dataportal.eso.org/dataPortal/file/{dp_id}", **headers)


def login(box: Sandbox, account: Account, password: str | None = None) -> requests.Response:
    params = {
        "response_type": "id_token token",
        "grant_type": "password",
        "client_id": "clientid",
        "client_secret": "clientSecret",
        "username": account.username,
        "password": account.password if password is None else password,
    }
    return requests.get(f"{box.url}/www.eso.org/sso/oidc/token", params=params, timeout=30)


def bearer(box: Sandbox, account: Account = PI) -> str:
    return f"Bearer {login(box, account).json()['id_token']}"


def test_a_login_gives_a_token_that_says_when_it_ends(box: Sandbox) -> None:
    answer = login(box, PI)
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "id_token", "token_type", "expires_in", "scope"}
    assert answer.json()["expires_in"] == 28_800
    claims = answer.json()["id_token"].split(".")[1]
    expires = json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"]
    assert abs(expires - time.time() - 28_800) < 60


def test_a_wrong_password_is_refused_as_json(box: Sandbox) -> None:
    answer = login(box, PI, "wrong")
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_grant"
    nobody = requests.get(f"{box.url}/www.eso.org/sso/oidc/token", timeout=30)
    assert nobody.status_code == 400


def test_a_public_file_comes_whole_with_its_name(box: Sandbox) -> None:
    answer = file(box, OPEN.dp_id)
    assert answer.content == OPEN.make()
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{OPEN.filename}"'
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"].startswith('"')
    assert "Last-Modified" in answer.headers
    alias = get(box, f"dataportal.eso.org/dataportal_new/file/{OPEN.dp_id}")
    assert alias.content == answer.content


def test_head_gives_the_headers_alone(box: Sandbox) -> None:
    url = f"{box.url}/dataportal.eso.org/dataPortal/file/{OPEN.dp_id}"
    answer = requests.head(url, timeout=30)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["Content-Length"] == str(len(OPEN.make()))


def test_an_unknown_file_is_404_and_so_is_a_hidden_one_to_strangers(box: Sandbox) -> None:
    assert file(box, "ADP.1999-01-01T00:00:00.000").status_code == 404
    assert file(box, HIDDEN.dp_id).status_code == 404
    assert file(box, HIDDEN.dp_id, Authorization=bearer(box, VISITOR)).status_code == 404
    assert file(box, HIDDEN.dp_id, Authorization=bearer(box)).content == HIDDEN.make()


def test_a_proprietary_file_is_only_for_its_programme(box: Sandbox) -> None:
    answer = file(box, CLOSED.dp_id)
    assert answer.status_code == 401
    assert "Basic" in answer.headers["WWW-Authenticate"]
    assert file(box, CLOSED.dp_id, Authorization=bearer(box, VISITOR)).status_code == 401
    assert file(box, CLOSED.dp_id, Authorization=bearer(box)).content == CLOSED.make()
    basic = base64.b64encode(f"{PI.username}:{PI.password}".encode()).decode()
    assert file(box, CLOSED.dp_id, Authorization=f"Basic {basic}").status_code == 200
    assert file(box, CLOSED.dp_id, Authorization="Basic !!!").status_code == 401


def test_a_token_of_another_box_is_not_welcome(box: Sandbox) -> None:
    with Sandbox(world=WORLD) as other:
        foreign = bearer(other)
    assert file(box, CLOSED.dp_id, Authorization=foreign).status_code == 401
    assert file(box, OPEN.dp_id, Authorization=foreign).status_code == 401


def test_tokens_can_be_short(box: Sandbox) -> None:
    box.fault("short-tokens=-1", count=1)
    answer = login(box, PI)
    assert answer.json()["expires_in"] == -1
    old = f"Bearer {answer.json()['id_token']}"
    assert file(box, CLOSED.dp_id, Authorization=old).status_code == 401
    assert file(box, CLOSED.dp_id, Authorization=bearer(box)).status_code == 200


def test_a_token_can_expire_after_some_uses_and_a_new_one_helps(box: Sandbox) -> None:
    box.fault("expired-token=2", "dataportal")
    old = bearer(box)
    statuses = [file(box, CLOSED.dp_id, Authorization=old).status_code for _ in range(3)]
    assert statuses == [200, 200, 401]
    assert file(box, CLOSED.dp_id, Authorization=bearer(box)).status_code == 200


@pytest.mark.parametrize(
    ("span", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-", 100, None),
        ("bytes=10-19", 10, 20),
        ("bytes=-7", -7, None),
    ],
)
def test_a_range_gives_its_part(box: Sandbox, span: str, start: int, stop: int | None) -> None:
    body = OPEN.make()
    answer = file(box, OPEN.dp_id, Range=span)
    assert answer.status_code == 206
    assert answer.content == body[start:stop]
    first = start % len(body)
    last = first + len(answer.content) - 1
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(body)}"


def test_a_range_beyond_the_end_is_416_with_the_true_length(box: Sandbox) -> None:
    size = len(OPEN.make())
    answer = file(box, OPEN.dp_id, Range=f"bytes={size}-")
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("span", ["bytes=5-2", "lines=1-2", "bytes=-", "bytes=0-1,5-6"])
def test_a_range_that_is_none_gives_everything(box: Sandbox, span: str) -> None:
    assert file(box, OPEN.dp_id, Range=span).status_code == 200


def test_if_range_gives_everything_where_the_file_is_another(box: Sandbox) -> None:
    first = file(box, OPEN.dp_id)
    same = file(box, OPEN.dp_id, **{"Range": "bytes=9-", "If-Range": first.headers["ETag"]})
    assert same.status_code == 206
    assert file(box, OPEN.dp_id, **{"Range": "bytes=9-", "If-Range": '"x"'}).status_code == 200


def test_the_header_of_a_compressed_raw_file_is_a_page_with_pre(box: Sandbox) -> None:
    answer = get(box, f"archive.eso.org/hdr?DpId={RAW.dp_id}")
    assert answer.headers["content-type"].startswith("text/html")
    lines = answer.text.split("<pre>\n")[1].split("\n</pre>")[0].splitlines()
    assert lines[0].startswith("SIMPLE  =")
    assert lines[-1] == "END"
    assert get(box, "archive.eso.org/hdr?DpId=NOTHING").status_code == 404


def test_a_product_has_a_page(box: Sandbox) -> None:
    assert OPEN.dp_id in get(box, f"archive.eso.org/dataset/{OPEN.dp_id}").text
    assert get(box, "archive.eso.org/dataset/NOTHING").status_code == 404


def cut(box: Sandbox, item: object, **params: str) -> requests.Response:
    url = f"{box.url}/dataportal.eso.org/dataPortal/soda/sync"
    return requests.get(url, params={"ID": item.dp_id, **params}, timeout=120)


def sky(hdus: fits.HDUList) -> tuple[WCS, np.ndarray]:
    hdu = next(h for h in hdus if h.is_image and h.data is not None and h.data.ndim >= 2)
    return WCS(hdu.header), hdu.data


def test_a_cutout_keeps_each_pixel_where_it_is_on_the_sky(box: Sandbox) -> None:
    item = product("cube")
    ra, dec = item.row["s_ra"], item.row["s_dec"]
    answer = cut(box, item, CIRCLE=f"{ra} {dec} 0.0007", PREFIX="mine_")
    assert answer.status_code == 200
    assert 'filename="mine_' in answer.headers["Content-Disposition"]
    with fits.open(io.BytesIO(item.make())) as whole, fits.open(io.BytesIO(answer.content)) as part:
        (old, before), (new, after) = sky(whole), sky(part)
        assert after.shape[0] == before.shape[0]
        assert after.shape[1] < before.shape[1]
        x, y = (round(float(v)) for v in new.celestial.all_world2pix(ra, dec, 0))
        far_x, far_y = (round(float(v)) for v in old.celestial.all_world2pix(ra, dec, 0))
        np.testing.assert_array_equal(after[:, y, x], before[:, far_y, far_x])


def test_a_band_cuts_a_cube_along_its_wavelengths(box: Sandbox) -> None:
    item = product("cube")
    low, high = item.row["em_min"], item.row["em_max"]
    first, last = low + (high - low) / 4, low + (high - low) / 2
    answer = cut(box, item, BAND=f"{first} {last}")
    with fits.open(io.BytesIO(answer.content)) as part:
        wcs, data = sky(part)
        waves = wcs.spectral.all_pix2world(np.arange(data.shape[0]), 0)[0]
        assert first <= waves.min() < waves.max() <= last


def test_a_cutout_off_the_image_has_no_content(box: Sandbox) -> None:
    item = product("image")
    assert cut(box, item, CIRCLE="10 80 0.001").status_code == 204
    assert cut(box, product("cube"), BAND="1 2").status_code == 204


def test_a_cutout_that_makes_no_sense_is_refused(box: Sandbox) -> None:
    assert cut(box, product("image"), CIRCLE="1 2").status_code == 400
    assert cut(box, product("image"), BAND="a b").status_code == 400
    url = f"{box.url}/dataportal.eso.org/dataPortal/soda/sync"
    assert requests.get(url, params={"ID": "NOTHING"}, timeout=30).status_code == 400
    assert requests.get(url, params={"ID": CLOSED.dp_id}, timeout=30).status_code == 401
