"""This file asks SDSS for images, spectra and objects: answers as told, and the sandbox's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sdss_answers import answered, field, opened, scan, skyserver, spectrum, sql_of

from skyatlas.archive import Archive, Ask, Pace
from skyatlas.archives.sdss import Sdss
from skyatlas.archives.sdss.products import COLUMNS
from skyatlas.errors import BadInput, Unreadable
from skyatlas.model import Note, Product, Query, Target, Why
from skyatlas.net.door import Host, Patience, StreetDoor
from skyatlas.obscore import plain_values
from skyatlas.sandbox import Sandbox
from skyatlas.sandbox.sdss_footprint import fields
from skyatlas.sky import separation, touches
from skyatlas.testing import Answer, ArchiveRules, Request, relay
from skyatlas.testing.form import check_form, check_values

M51 = (202.469575, 47.195258)
HERE = (150.0, 2.0)


def at(place: tuple[float, float], radius: float = 0.01, **filters: Any) -> Query:
    return Query(Target("here", *place), radius, **filters)


def parts(door: StreetDoor, *queries: Query) -> tuple[list[Any], list[Note]]:
    found = list(Sdss().search(queries, door))
    notes = [part for part in found if isinstance(part, Note)]
    return [part for part in found if not isinstance(part, Note)], notes


def found(answer: Callable[[Request], Answer], *queries: Query) -> tuple[list[Any], list[Note]]:
    with opened(answer) as (_, door):
        return parts(door, *queries)


@pytest.fixture
def door(box: Sandbox) -> Iterator[StreetDoor]:
    hosts = {host: Host("sdss", Pace(at_once=2, per_second=0)) for host in Sdss.hosts}
    patience = Patience(connect=10, silence=30, total=60, tries=1)
    with StreetDoor(hosts, sandbox=box.url, patience=patience) as one:
        yield one


class TestSdss(ArchiveRules):
    archive: Archive = Sdss()
    target = HERE
    error_document = answered({"error_message": "Incorrect syntax near 'FORM'."})

    @pytest.fixture
    def answering(self) -> Callable[[Request], Answer]:
        return skyserver(
            Field=[*scan(*HERE, 4), field(20.0, 2.0)],
            SpecObjAll=[spectrum(*HERE), spectrum(150.0, 2.001, fiberID=161), spectrum(20.0, 2.0)],
        )


class TestSandbox(ArchiveRules):
    archive: Archive = Sdss()
    target = M51
    error_document = answered({"error_message": "Incorrect syntax near 'FORM'."})

    @pytest.fixture
    def answering(self, box: Sandbox) -> Callable[[Request], Answer]:
        return relay(box.url)


def test_sixty_questions_a_minute_are_not_exceeded() -> None:
    assert Sdss.pace.per_second <= 1.0


def test_a_field_is_five_images() -> None:
    (images,), notes = found(skyserver(Field=[field(*HERE)]), at(HERE))
    check_form(images, 1)
    for row in images:
        check_values(row)
    assert not notes
    assert plain_values(images["band"]) == ["u", "g", "r", "i", "z"]
    assert plain_values(images["obs_id"])[2] == "frame-r-001000-3-0100"
    assert_allclose(images["em_min"][1], 4.1e-7)
    # Read at MJD 52000.25 TAI, 32 s ahead of UTC, after 53.9 s on the chip.
    assert_allclose((images["t_min"][0] - 52000.25) * 86400, -32 - 53.907456, atol=1e-4)
    assert_allclose((images["t_max"] - images["t_min"]) * 86400, 53.907456 + 39.193, atol=1e-2)
    assert images["access_url"][0] == (
        "https://data.sdss.org/sas/dr17/eboss/photoObj/frames/301/1000/3/"
        "frame-u-001000-3-0100.fits.bz2"
    )
    assert images["obs_publisher_did"][0] == "sdss:dr17/frame-u-001000-3-0100"


def test_only_fields_whose_own_outline_touches_are_found() -> None:
    tilted = field(150.0, 2.0, node=105.0, incl=45.0)
    (images,), _ = found(skyserver(Field=[tilted]), at((150.05, 2.05), 0.001))
    assert touches(images["s_region"][0], 150.05, 2.05, 0.001)
    # In the box of right ascension and declination around it (0.1375 deg to each side), not on it.
    assert found(skyserver(Field=[tilted]), at((150.12, 2.12), 0.001)) == ([], [])
    assert found(skyserver(Field=[tilted]), at((150.12, 1.88), 0.001)) == ([], [])


def test_a_spectrum_keeps_its_own_columns_and_its_reduction() -> None:
    rows = [spectrum(*HERE), spectrum(*HERE, run2d="v5_13_2", instrument="BOSS", fiberID=7)]
    (spectra,), _ = found(skyserver(SpecObjAll=rows), at(HERE, kinds=frozenset({"spectrum"})))
    check_form(spectra, 1)
    first, second = spectra
    assert first["specObjID"] == 845594848269461504
    assert (first["z"], first["class"], first["plate"]) == (0.04559058, "GALAXY", 751)
    assert first["obs_id"] == "spec-0751-52251-0160"
    assert "/sdss/spectro/redux/26/spectra/lite/0751/" in first["access_url"]
    assert "/eboss/spectro/redux/v5_13_2/spectra/lite/0751/" in second["access_url"]
    assert_allclose(first["em_max"], 9.2e-7)
    assert_allclose(second["em_max"], 1.04e-6)
    assert first["t_min"] < 52251 < first["t_max"]
    assert second["instrument_name"] == "BOSS spectrograph"


def test_instruments_choose_what_is_asked() -> None:
    rows = [spectrum(*HERE), spectrum(*HERE, instrument="BOSS", fiberID=7)]
    answer = skyserver(Field=[field(*HERE)], SpecObjAll=rows)
    (images,), _ = found(answer, at(HERE, instruments=("camera",)))
    assert set(images["dataproduct_type"]) == {"image"}
    (spectra,), _ = found(answer, at(HERE, instruments=("boss",)))
    assert plain_values(spectra["fiberID"]) == [7]
    assert found(answer, at(HERE, instruments=("MUSE",))) == ([], [])


def test_kinds_are_asked_for_only_when_wanted() -> None:
    with opened(skyserver(Field=[], SpecObjAll=[])) as (server, door):
        parts(door, at(HERE, kinds=frozenset({"image"})))
        assert ["FROM Field" in sql_of(one) for one in server.seen] == [True]
        parts(door, at(HERE, kinds=frozenset({"spectrum"})))
        assert "FROM SpecObjAll" in sql_of(server.seen[1])
        assert "FROM apogeeStar" in sql_of(server.seen[2])
        parts(door, at(HERE, kinds=frozenset({"cube"})), at(M51, kinds=frozenset({"cube"})))
    assert len(server.seen) == 3


def test_a_release_is_asked_by_its_number() -> None:
    with opened(skyserver(Field=[field(*HERE)])) as (server, door):
        tables, _ = parts(door, at(HERE, parameters=(("data_release", "DR13"),)))
    assert server.seen[0].path.startswith("/dr13/SkyServerWS/SearchTools/SqlSearch?")
    assert set(tables[0]["obs_collection"]) == {"SDSS DR13"}
    assert "/dr13/eboss/photoObj/" in tables[0]["access_url"][0]


def test_sdss5_has_a_table_of_its_own() -> None:
    row = {
        "specobjid": 1, "sdss_id": 2, "catalogid": 4375924285, "field": 15000, "mjd": 59146,
        "run2d": "v6_1_3", "class": "QSO", "z": 2.1, "ra": HERE[0], "dec": HERE[1],
    }  # fmt: skip
    query = at(HERE, parameters=(("data_release", "19"),))
    (spectra,), _ = found(skyserver(spAll=[row]), query)
    assert spectra["obs_id"][0] == "spec-015000-59146-4375924285"
    assert spectra["catalogid"][0] == 4375924285
    (one,) = Sdss().products(spectra, None, Ask())  # type: ignore[arg-type]
    assert isinstance(one, Product)
    assert one.url.endswith("/lite/015000/59146/spec-015000-59146-4375924285.fits")
    _, (note,) = found(skyserver(), at(HERE, parameters=(("data_release", "18"),)))
    assert "SDSS-V" in note.text


@pytest.mark.parametrize(
    ("filters", "notes"),
    [
        ({"pi": "Szalay"}, 0), ({"programs": ("legacy",)}, 0), ({"target_name": "M*"}, 0),
        ({"instruments": ("MUSE",), "target": None}, 0),
        ({"parameters": (("provenance_name", "SPOC"),)}, 1),
    ],
)  # fmt: skip
def test_what_nothing_of_sdss_has_is_not_asked_for(filters: dict[str, Any], notes: int) -> None:
    with opened(skyserver(Field=[field(*HERE)])) as (server, door):
        tables, found = parts(door, replace(at(HERE), **filters))
    assert not tables
    assert not server.seen
    assert [note.why for note in found] == [Why.ASSUMED] * notes


def test_a_question_without_a_place_is_said() -> None:
    answer = skyserver(Field=[field(*HERE)])
    (images,), (note,) = found(answer, Query(), at(HERE))
    assert note.why is Why.UNANSWERED
    assert set(plain_values(images["query"])) == {1}


def test_other_collections_are_not_here() -> None:
    answer = skyserver(Field=[field(*HERE)])
    assert found(answer, at(HERE, collections=("HST",))) == ([], [])
    assert len(found(answer, at(HERE, collections=("SDSS",)))[0]) == 1


def test_users_words_never_become_sql() -> None:
    evil = "x'; DROP TABLE Field --"
    with opened(skyserver(Field=[field(*HERE)])) as (server, door):
        parts(door, at(HERE, instruments=(evil, "camera"), collections=("sdss", evil)))
        for query in (at(HERE, table=evil), at(HERE, parameters=(("data_release", evil),))):
            with pytest.raises(BadInput):
                parts(door, query)
    assert not [request for request in server.seen if "DROP" in request.words]


def test_rows_without_a_place_are_unreadable() -> None:
    row = spectrum(*HERE)
    del row["ra"]
    with pytest.raises(Unreadable, match="no place"):
        found(skyserver(SpecObjAll=[row]), at(HERE))


def test_objects_come_by_one_upload_with_their_columns() -> None:
    rows = [
        {"objID": 1237652943176138868 + n, "ra": ra, "dec": 2.0, "psfMag_r": 17.5, "type": 6}
        for n, ra in enumerate((150.0, 150.001, 150.3))
    ]
    with opened(skyserver(upload=rows)) as (server, door):
        queries = [at(place, 0.01, table="photoobj") for place in (HERE, (150.3, 2.0), M51)]
        (objects,), notes = parts(door, *queries)
    assert len(server.seen) == 1
    assert not notes
    check_form(objects, 3)
    assert set(objects["dataproduct_type"]) == {"measurements"}
    assert plain_values(objects["query"]) == [0, 0, 1]
    assert plain_values(objects["objID"]) == [row["objID"] for row in rows]
    assert plain_values(objects["psfMag_r"]) == [17.5] * 3
    (note,) = Sdss().products(objects, None, Ask())  # type: ignore[arg-type]
    assert isinstance(note, Note)


def test_objects_beyond_the_form_s_reach_are_asked_in_sql() -> None:
    with opened(skyserver()) as (server, door):
        parts(door, at(HERE, 0.1, table="PhotoObj"))
    assert "dbo.fGetNearbyObjAllEq(150.0, 2.0, 6.0)" in sql_of(server.seen[0])


def products(table: Any, **ask: Any) -> list[Product]:
    given = list(Sdss().products(table, None, Ask(**ask)))  # type: ignore[arg-type]
    return [one for one in given if isinstance(one, Product)]


def test_spectra_come_without_their_exposures_unless_asked() -> None:
    (spectra,), _ = found(skyserver(SpecObjAll=[spectrum(*HERE)]), at(HERE))
    (lite,) = products(spectra)
    assert lite.name == "spec-0751-52251-0160.fits"
    assert "/lite/" in lite.url
    both = products(spectra, everything=True)
    assert [one.category for one in both] == ["spec-lite", "spec-full"]
    assert len({one.name for one in both}) == len({one.key for one in both}) == 2
    (full,) = products(spectra, only=(("size", ("full",)),))
    assert full.url.endswith("/26/spectra/0751/spec-0751-52251-0160.fits")
    assert [one.split("/spectra/")[1] for one in full.mirrors] == [
        "full/0751/spec-0751-52251-0160.fits"
    ]
    assert products(spectra, only=(("run2d", ("!26",)),)) == []
    assert Sdss.product_columns == COLUMNS


def test_frames_are_chosen_by_band_and_have_all_their_addresses() -> None:
    query = at(HERE, parameters=(("data_release", "18"),))
    (images,), _ = found(skyserver(Field=[field(*HERE)]), query)
    (one,) = products(images, only=(("band", ("r",)),))
    assert one.name == "frame-r-001000-3-0100.fits.bz2"
    assert "/dr18/prior-surveys/sdss4-dr17-eboss/photoObj/" in one.url
    assert ["/dr17/eboss/photoObj/" in url for url in one.mirrors] == [True]
    assert one.provenance["data_release"] == 18
    assert "Survey V" in Sdss().acknowledgement([one])


@pytest.mark.parametrize("place", [M51, (0.001, 0.001), (359.999, -0.3), (120.0, 89.9)])
def test_the_sandbox_s_fields_are_found_everywhere(
    door: StreetDoor, place: tuple[float, float]
) -> None:
    (images,), _ = parts(door, at(place, 1e-6, kinds=frozenset({"image"})))
    truth = {
        f"frame-r-{one.run:06d}-{one.camcol}-{one.number:04d}"
        for one in fields().values()
        if one.holds(*place)
    }
    assert truth
    here = images[np.asarray(images["band"]) == "r"]
    assert set(here["obs_id"]) == truth


def test_the_sandbox_s_objects_and_spectra_are_found(door: StreetDoor) -> None:
    tables, _ = parts(door, at(M51, 0.02, kinds=frozenset({"spectrum"})))
    assert tables
    assert (tables[0]["s_ra"] > 202.3).all()
    for radius in (0.03, 0.1):
        (objects,), _ = parts(door, at(M51, radius, table="photoobj"))
        distances = separation(objects["s_ra"], objects["s_dec"], *M51)
        assert len(objects) > 3
        assert (distances <= radius).all()
    (spectra,), _ = parts(door, at(M51, 0.1, table="specobj"))
    assert set(spectra["dataproduct_type"]) == {"measurements"}
