"""This file holds what the package promises under its own name."""

from __future__ import annotations

import pytest

import skyatlas
from skyatlas import errors


@pytest.mark.parametrize("name", skyatlas.__all__)
def test_every_promised_name_is_there(name: str) -> None:
    assert getattr(skyatlas, name) is not None
    assert name in dir(skyatlas)


def test_the_verbs_stay_functions_after_they_were_used() -> None:
    import skyatlas.journeys.fetch
    import skyatlas.journeys.search

    assert callable(skyatlas.search)
    assert callable(skyatlas.fetch)


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        skyatlas.nonsense  # noqa: B018


def test_the_error_tree_is_listed_whole_and_every_leaf_says_when_it_is_raised() -> None:
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    }
    assert set(kinds) == set(errors.__all__)
    for name, kind in kinds.items():
        assert issubclass(kind, errors.AtlasError)
        assert kind.__doc__
        assert name in (errors.__doc__ or "")
