"""This file knows DataLink's words, and which of them is a kind of which, without asking anybody.

Invariant: a word of another vocabulary is itself and nothing else.
Source: http://www.ivoa.net/rdf/datalink/core, as of 2022-01-27 (VEP-011); looked up 2026-11-21 in
the IVOA's own repository of vocabularies, where nothing was added since.
"""

from __future__ import annotations

_CORE = "www.ivoa.net/rdf/datalink/core#"

_WIDER = {
    "#weight": "#auxiliary",
    "#error": "#auxiliary",
    "#noise": "#auxiliary",
    "#bias": "#calibration",
    "#dark": "#calibration",
    "#flat": "#calibration",
    "#preview-image": "#preview",
    "#preview-plot": "#preview",
    "#thumbnail": "#preview",
    "#cutout": "#proc",
    "#detached-header": "#documentation",
}
"""A word, and the one that it is a kind of. The words on top are #this, #progenitor, #derivation,
#auxiliary, #calibration, #preview, #proc, #documentation, #coderived, #counterpart, #package."""


def term(text: str) -> str:
    """A word as the core vocabulary writes it in short; others stay as they are."""
    _, is_core, word = text.strip().partition(_CORE)
    return f"#{word}" if is_core else text.strip()


def is_a(word: str, wider: str) -> bool:
    """Whether a word is the other, or a kind of it."""
    return word == wider or _WIDER.get(word) == wider
