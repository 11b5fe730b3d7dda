"""This file asks the sandbox's registries through unmodified pyvo: by every kind of constraint."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import astropy.units as u
import pytest
from pyvo import registry
from pyvo.registry import regtap, rtcons

from skyatlas.sandbox.publishers import everybody

if TYPE_CHECKING:
    from skyatlas.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("closed_sessions")

NEW, OLD = "reg.g-vo.org/tap", "registry.euro-vo.org/regtap/tap"
M_77 = (40.669629, -0.013281)
MERIDIAN, ZEPHYR = "ivo://meridian.example/sia2", "ivo://zephyr.example/tap"
SOURCES, PLATES = "ivo://austral.example/sources/scs", "ivo://boreal.example/plates/siap"
BANDS = {"radio", "millimeter", "infrared", "optical", "uv", "euv", "x-ray", "gamma-ray"}


@pytest.fixture
def choose(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    usual = regtap.REGISTRY_BASEURL
    # pyvo would fetch the vocabulary of messengers; its words are the standard's.
    monkeypatch.setattr(rtcons.Waveband, "_legal_terms", BANDS)
    yield lambda where: registry.choose_RegTAP_service(f"{box.url}/{where}")
    registry.choose_RegTAP_service(usual)


@pytest.fixture(params=[NEW, OLD], ids=["new", "old"])
def either(choose: Callable[[str], None], request: pytest.FixtureRequest) -> None:
    choose(request.param)


@pytest.fixture
def new(choose: Callable[[str], None]) -> None:
    choose(NEW)


def found(*constraints: Any, **more: Any) -> set[str]:
    return {record.ivoid for record in registry.search(*constraints, **more)}


def of(*protocols: str) -> set[str]:
    return {
        service.ivoid
        for publisher in everybody()
        for service in publisher.services
        if service.protocol in protocols
    }


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    ("servicetype", "more"),
    [
        ("sia1", {"ivo://boreal.example/plates/siap-2009", "ivo://doldrum.example/gone"}),
        ("sia2", set()),
        ("ssa", {"ivo://eso.org/ssap"}),
        ("scs", set()),
        ("tap", {"ivo://eso.org/tap_obs", "ivo://org.gavo.dc/rr/q", "ivo://esavo/regtap"}),
    ],
)
def test_a_kind_of_service_finds_those_who_offer_it(servicetype: str, more: set[str]) -> None:
    protocol = "sia" if servicetype == "sia1" else servicetype
    assert found(servicetype=servicetype) == of(protocol) | more


@pytest.mark.usefixtures("either")
def test_words_are_found_in_title_description_and_subject() -> None:
    assert found(keywords="DIGITISED") >= {PLATES}
    assert found(keywords="photographic plates") >= {PLATES}
    assert found(keywords=["galaxies", "DataLink"]) == {MERIDIAN}
    assert not found(keywords="digitis")
    # A subject is matched by its parts: pyvo writes ILIKE '%…%'.
    assert found(keywords="supernova") == {"ivo://tramontane.example/sia2"}


@pytest.mark.usefixtures("either")
def test_waveband_model_author_and_identifier_select() -> None:
    assert MERIDIAN in found(waveband="Radio")
    assert PLATES not in found(waveband="Radio")
    assert found(datamodel="obscore") == {ZEPHYR, "ivo://eso.org/tap_obs"}
    assert "ivo://registry.example/tap" in found(datamodel="regtap")
    assert found(author="Quispe%") == {SOURCES, "ivo://austral.example/wide/siap"}
    assert not found(author="quispe%")
    assert found(author="Ibáñez%") == {"ivo://levante.example/ssa"}
    assert found(ivoid="ivo://ZEPHYR.example/tap") == {ZEPHYR}
    assert SOURCES in found(ucd="phot.mag;em.opt.%")
    assert "ivo://ostro.example/stars/cone" in found(ucd="pos_eq_ra_main")


@pytest.mark.usefixtures("new")
def test_a_place_selects_those_who_have_data_there() -> None:
    somewhere, empty = (*M_77, 0.1), (200.0, 80.0, 0.5)
    assert SOURCES in found(spatial=somewhere)
    overlapping = rtcons.Spatial(somewhere, intersect="overlaps")
    assert found(overlapping) >= {MERIDIAN, ZEPHYR, SOURCES}
    assert found(spatial=M_77) >= {MERIDIAN, ZEPHYR, SOURCES}
    assert not found(spatial=empty)
    assert found(rtcons.Spatial(somewhere, intersect="enclosed")) == set()
    everywhere = rtcons.Spatial("0/0-11", intersect="enclosed")
    assert found(everywhere) >= {MERIDIAN, ZEPHYR, SOURCES}
    silent = found(rtcons.Spatial(empty, inclusive=True))
    assert PLATES in silent
    assert MERIDIAN not in silent


@pytest.mark.usefixtures("new")
def test_a_band_or_a_time_selects_those_who_have_data_then_and_there() -> None:
    line = found(spectral=21.0 * u.cm)
    assert line == {MERIDIAN}
    assert ZEPHYR in found(spectral=(2.0 * u.um, 2.2 * u.um))
    assert PLATES in found(rtcons.Spectral(21.0 * u.cm, inclusive=True))
    assert MERIDIAN in found(temporal=(57000.0, 58100.0))
    assert not found(temporal=30000.0)
    assert PLATES in found(rtcons.Temporal(30000.0, inclusive=True))


@pytest.mark.usefixtures("choose")
def test_an_old_registry_says_what_it_cannot(choose: Callable[[str], None]) -> None:
    choose(OLD)
    for constraint in ({"spatial": M_77}, {"spectral": 1e-19}, {"temporal": 57000.0}):
        with pytest.raises(rtcons.RegTAPFeatureMissing):
            found(**constraint)


@pytest.mark.usefixtures("new")
def test_a_collection_is_found_as_auxiliary_only() -> None:
    assert "ivo://zephyr.example/nir" not in found(servicetype="tap")
    with_auxiliary = registry.search(servicetype="tap", includeaux=True)
    record = with_auxiliary["ivo://zephyr.example/nir"]
    assert record.res_type == "vs:catalogresource"
    assert record["standard_ids"] == ["ivo://ivoa.net/std/tap#aux"]


@pytest.mark.usefixtures("new")
def test_a_record_tells_all_that_pyvo_asks() -> None:
    record = registry.search(ivoid=ZEPHYR)[ZEPHYR]
    assert record.access_modes() == {"tap", "web"}
    assert record.waveband == ["infrared"]
    assert record.creators == ["Maistros, K."]
    assert record.region_of_regard is None
    assert record.get_contact() == "Help desk of Zephyr Data Hub <help@zephyr.example>"
    assert record.get_alt_identifiers() == ["doi:10.5072/zephyr.tap"]
    tables = record.get_tables()
    assert set(tables) == {"ivoa.obscore", "zephyr.zephyr_stars"}
    assert "s_region" in {column.name for column in tables["ivoa.obscore"].columns}
    record.describe(verbose=True)


@pytest.mark.usefixtures("new")
def test_what_is_found_can_be_asked() -> None:
    both = registry.search(ivoid=MERIDIAN)[MERIDIAN]
    assert both.access_modes() == {"sia", "sia2", "web"}
    new_ones = both.get_service("sia2").search(pos=(*M_77, 0.05), maxrec=100)
    old_ones = both.get_service("sia").search(pos=M_77, size=0.05)
    assert len(new_ones) >= len(old_ones) > 0
    cone = registry.search(ivoid=SOURCES)[SOURCES].get_service("scs")
    assert len(cone.search(pos=M_77, radius=0.5)) > 0
    tap = registry.search(ivoid=ZEPHYR)[ZEPHYR].get_service("tap")
    assert len(tap.search("select top 3 * from ivoa.obscore")) == 3


@pytest.mark.usefixtures("choose")
def test_a_mirror_of_the_registry_answers_alike(choose: Callable[[str], None]) -> None:
    choose(NEW)
    here = found(servicetype="ssa")
    choose("mirror.registry.example/tap")
    assert found(servicetype="ssa") == here
