"""This file holds the VO as an archive to the rules of all archives, protocol by protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skyatlas.archive import Ask
from skyatlas.archives.vo import Vo
from skyatlas.journeys.search import search
from skyatlas.model import Note
from skyatlas.protocols.service import Service
from skyatlas.testing import Answer, ArchiveRules, Request, relay

if TYPE_CHECKING:
    from collections.abc import Callable

    from skyatlas.net.door import StreetDoor
    from skyatlas.protocols.service import Protocol
    from skyatlas.sandbox import Sandbox

M77 = (40.6696292, -0.0132806)


def vo(protocol: Protocol, url: str, table: str = "") -> Vo:
    name = f"vo:{url}"
    return Vo(name, [Service(url, protocol, name, title="A service", table=table)])


class Rules(ArchiveRules):
    target = M77
    __test__ = False

    @pytest.fixture
    def answering(self, box: Sandbox) -> Callable[[Request], Answer]:
        return relay(box.url)


class TestSia(Rules):
    __test__ = True
    archive = vo("sia", "https://dc.austral.example/wide/q/siap.xml")


class TestSiaWithOldWords(Rules):
    __test__ = True
    archive = vo("sia", "https://vo.boreal.example/cgi-bin/siap.pl")


class TestSia2(Rules):
    __test__ = True
    archive = vo("sia2", "https://archive.meridian.example/sia2/query")


class TestSsa(Rules):
    __test__ = True
    archive = vo("ssa", "https://spectra.levante.example/ssap")


class TestSsaOfADraft(Rules):
    __test__ = True
    archive = vo("ssa", "https://vo.ostro.example/echelle/ssa.php")


class TestCone(Rules):
    __test__ = True
    archive = vo("scs", "https://dc.austral.example/sources/q/scs.xml")

    def test_products_come_once_and_have_addresses(self, door: StreetDoor) -> None:
        """Rows of a catalogue have no files, and that is said once."""
        table = search([self._query(M77)], [self.archive], door).table
        (note,) = self.archive.products(table, door, Ask())
        assert isinstance(note, Note)
        assert str(len(table)) in note.text


class TestObsTap(Rules):
    __test__ = True
    archive = vo("tap", "https://tap.zephyr.example/tap", "ivoa.obscore")
