"""This file asks the real registries, each for itself: `pytest -m live` with a network.

It settles that the addresses in `REGISTRIES` hold and that each takes our questions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skyatlas.model import Interval, Why
from skyatlas.protocols.registry import REGISTRIES, Registry, Wanted, find
from skyatlas.session import Session
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.live,
    pytest.mark.parametrize("registry", REGISTRIES, ids=[one.name for one in REGISTRIES]),
]


@pytest.fixture
def atlas(tmp_path: Path) -> Iterator[Session]:
    with Session(Settings(cache=tmp_path)) as session:
        yield session


def test_a_registry_knows_image_services(atlas: Session, registry: Registry) -> None:
    """Settles `regtap.services` (aggregates, joins, mirrors) and the address."""
    found = find(atlas.door, Wanted(types=("sia2",)), registries=(registry,))
    assert len(found) > 10
    assert all("sia2" in record.types for record in found)
    assert not any(note.why is Why.UNANSWERED for note in found.notes)


def test_a_registry_knows_who_has_obscore(atlas: Session, registry: Registry) -> None:
    """Settles the spellings in `regtap._MODELS` and `regtap.facts`."""
    wanted = Wanted(types=("tap",), datamodels=("obscore",))
    found = find(atlas.door, wanted, registries=(registry,))
    assert len([one for one in found if one.service("tap").table == "ivoa.obscore"]) > 20


def test_a_registry_takes_questions_about_coverage_or_refuses_them_as_we_expect(
    atlas: Session, registry: Registry
) -> None:
    """Settles `Grade`: an older registry answers without coverage, and it is said."""
    wanted = Wanted(
        types=("ssa",), position=(83.6, 22.0, 0.1), band=Interval(5e-7, 6e-7), keywords=("star",)
    )
    assert len(find(atlas.door, wanted, registries=(registry,))) > 0


def test_a_registry_gives_all_cone_searches_or_says_that_it_cut(
    atlas: Session, registry: Registry
) -> None:
    """Settles `_MOST` and `_SILENT_CUT`: there are more than 20,000."""
    found = find(atlas.door, Wanted(types=("scs",)), registries=(registry,))
    assert len(found) > 20_000 or not found.complete
