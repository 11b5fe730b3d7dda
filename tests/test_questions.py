"""This file reads the words that name archives."""

from __future__ import annotations

import pytest

from skyatlas.questions import archive_names


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("eso,mast", ["eso", "mast"]),
        (("eso, mast", "sdss"), ["eso", "mast", "sdss"]),
        ("vo", ["vo"]),
        ("eso,vo:https://x.org/tap?a=1,2", ["eso", "vo:https://x.org/tap?a=1,2"]),
        ("vo:ivo://a/b, vo:ivo://c/d", ["vo:ivo://a/b", "vo:ivo://c/d"]),
        ("", []),
    ],
)
def test_archives_are_named_in_one_text_or_in_several(words: object, found: list[str]) -> None:
    assert archive_names(words) == found  # type: ignore[arg-type]
