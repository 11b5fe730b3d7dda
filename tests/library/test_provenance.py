"""The provenance of a folder is one valid document, whatever lies in it and however much."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from skyatlas import library
from skyatlas.errors import Unwritable
from skyatlas.library.sections import Sections
from skyatlas.model import Receipt

Leave = Callable[..., Receipt]


def told_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON lets a name come twice, and readers then keep one of the two without a word."""
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), names
    return dict(pairs)


def document_of(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(), object_pairs_hook=told_once)
    return document


def a_folder(leave: Leave, folder: Path) -> list[Receipt]:
    """A product twice, one without a programme, one packed, in folders below each other."""
    facts = {"proposal_id": "094.B-0321(A)", "obs_creator_name": "Somebody", "bands": ("J", "K")}
    return [
        leave(folder, "a.fits", product_id="a", facts=facts),
        leave(folder, "below/a.fits", product_id="a", facts=facts),
        leave(folder, "below/b.fits", product_id="b"),
        leave(folder, "below/c.fits.Z", product_id="c", facts=facts, unpacked="c.fits"),
    ]


def test_every_end_of_every_link_is_described_once(leave: Leave, tmp_path: Path) -> None:
    receipts = a_folder(leave, tmp_path)
    document = document_of(library.write_provenance(tmp_path, receipts, {"example": "Thank us."}))
    assert {name for name in document["entity"] if name.startswith("file:")} == {
        "file:a.fits", "file:below/a.fits", "file:below/b.fits", "file:below/c.fits.Z",
        "file:below/c.fits",
    }  # fmt: skip
    assert len(document["activity"]) == len(document["hadMember"]) == len(receipts)
    assert set(document["agent"]) == {
        "archive:example", "program:094.B-0321(A)", "skyatlas:software",
    }  # fmt: skip
    assert document["entity"]["archive:example/a"]["obscore:bands"] == ["J", "K"]
    assert document["entity"]["skyatlas:folder"]["skyatlas:acknowledgement"] == ["Thank us."]
    described = {*document["entity"], *document["activity"], *document["agent"]}
    links = [
        link
        for relation in document
        if relation.startswith(("was", "used", "had"))
        for link in document[relation].values()
    ]
    for link in links:
        assert {end for role, end in link.items() if role != "prov:type"} <= described


def test_the_reference_library_reads_a_folder_of_all_sorts(leave: Leave, tmp_path: Path) -> None:
    from prov.model import ProvActivity, ProvAgent, ProvDerivation, ProvDocument, ProvEntity

    path = library.write_provenance(tmp_path, a_folder(leave, tmp_path), {})
    document = ProvDocument.deserialize(str(path), format="json")
    counts = {
        kind: len(list(document.get_records(kind)))
        for kind in (ProvEntity, ProvActivity, ProvAgent, ProvDerivation)
    }
    # Five files, three sources, the folder; one link more than files from what was unpacked.
    assert counts == {ProvEntity: 9, ProvActivity: 4, ProvAgent: 3, ProvDerivation: 5}


def test_a_folder_without_files_has_a_provenance_too(tmp_path: Path) -> None:
    document = document_of(library.write_provenance(tmp_path, (), {}))
    assert list(document["entity"]) == ["skyatlas:folder"]
    assert set(document) == {"prefix", "entity"}


def test_the_thanks_may_be_found_out_while_the_receipts_are_told(
    leave: Leave, tmp_path: Path
) -> None:
    thanks: dict[str, str] = {}

    def telling() -> Iterator[Receipt]:
        for receipt in a_folder(leave, tmp_path):
            yield receipt
            thanks[receipt.product.archive] = f"Thank us for {receipt.path.name}."

    document = document_of(library.write_provenance(tmp_path, telling(), thanks))
    folder = document["entity"]["skyatlas:folder"]
    assert folder["skyatlas:acknowledgement"] == ["Thank us for c.fits.Z."]


def test_a_provenance_that_cannot_be_written_says_so(leave: Leave, tmp_path: Path) -> None:
    receipts = a_folder(leave, tmp_path)
    (tmp_path / "provenance.json").mkdir()
    with pytest.raises(Unwritable, match=r"provenance\.json"):
        library.write_provenance(tmp_path, receipts, {})


def test_a_long_document_is_whole_and_never_in_memory(tmp_path: Path) -> None:
    count, record = 30_000, {"text": "x" * 1000}
    size = 0
    tracemalloc.start()
    try:
        with Sections(tmp_path, ("odd", "even", "none")) as sections:
            for number in range(count):
                sections.put("odd" if number % 2 else "even", f"n{number}", record)
            with (tmp_path / "document.json").open("wb") as file:
                for piece in sections.pieces({"prefix": {"é": 1}}):
                    size += file.write(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < size / 2
    document = document_of(tmp_path / "document.json")
    assert list(document) == ["prefix", "odd", "even"]
    assert len(document["odd"]) + len(document["even"]) == count
    assert [one.name for one in tmp_path.iterdir()] == ["document.json"]
