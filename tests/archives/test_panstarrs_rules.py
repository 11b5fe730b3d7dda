"""This file holds PS1's adapter to the rules that every archive keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from skyatlas.archives.panstarrs import PanStarrs
from skyatlas.testing import Answer, ArchiveRules, Request, relay

if TYPE_CHECKING:
    from collections.abc import Callable

    from skyatlas.sandbox import Sandbox


class TestPanStarrs(ArchiveRules):
    archive = PanStarrs()
    target = (202.469575, 47.195258)
    nowhere = (80.89, -69.75)
    error_document = Answer(b"<html><body><h2>Error</h2></body></html>", "text/html")

    @pytest.fixture
    def answering(self, box: Sandbox) -> Callable[[Request], Answer]:
        return relay(box.url)
