"""This file answers as ESO's CalSelector: which calibrations belong to a raw frame.

The trees are shaped like the recorded answers in astroquery's tests. Whoever asks for processed
calibrations that do not exist is given raw ones, and only the tree's `mode` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import PlainTextResponse, Response

from skyatlas.sandbox import votable
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.datalink import COLUMNS, FILE, LINKS, did
from skyatlas.sandbox.item import Association
from skyatlas.sandbox.state import State
from skyatlas.sandbox.votable import Sheet

_MODES = {"raw2raw": "Raw2Raw", "raw2master": "Raw2Master"}
_TREE_TYPE = "application/xml;content=calselector"
_BOUNDARY = "--uFQlfs9nBIDEAIoz0_ZM-O2SXKsZ2iSd4h7H"
"""As in the recorded answer: it begins with two dashes of its own."""
_UNSUPPORTED = "No association could be established: this file type is not supported"


@dataclass(frozen=True, slots=True)
class Tree:
    """The calibrations of one frame, as they were found."""

    dp_id: str
    root: Association
    mode: str
    """The mode that was carried out; it may not be the one that was asked for."""

    @property
    def filename(self) -> str:
        """As the archive names it: "FORS2.….533_raw2raw.xml"."""
        return f"{self.dp_id}_{self.mode.lower()}.xml"


def associations(state: State, asked: Asked) -> Response:
    """`/calselector/v1/associations`: one tree, several in parts, or a DataLink table."""
    dp_ids = list(dict.fromkeys(asked.all("dp_id")))
    mode = _MODES.get(asked.one("mode", "Raw2Raw").lower())
    if not dp_ids:
        return PlainTextResponse("The parameter dp_id is missing.\n", 400)
    if mode is None:
        return PlainTextResponse("The mode is either Raw2Raw or Raw2Master.\n", 400)
    trees = [tree(state, asked, dp_id, mode) for dp_id in dp_ids]
    if asked.one("responseformat").lower() == "votable":
        return _table(state, asked, trees)
    if len(trees) == 1:
        return _one(trees[0])
    return _parts(trees)


def tree(state: State, asked: Asked, dp_id: str, mode: str) -> Tree:
    """The calibrations of a frame: processed ones only where there are some."""
    masters = {} if asked.fault("mode-fallback") else state.world.raw2master
    if mode == "Raw2Master" and dp_id in masters:
        return Tree(dp_id, masters[dp_id], mode)
    if dp_id in state.world.raw2raw:
        return Tree(dp_id, state.world.raw2raw[dp_id], "Raw2Raw")
    nothing = Association("", (), complete=False, messages=(_UNSUPPORTED,))
    return Tree(dp_id, nothing, mode)


def tree_file(state: State, asked: Asked, name: str) -> Response:
    """A tree under the name that `filename` gives it, as the portal delivers it too."""
    dp_id, _, mode = name.removesuffix(".xml").rpartition("_")
    if mode not in _MODES or dp_id not in state.world.raw2raw:
        return PlainTextResponse(f"The file {name} does not exist.\n", 404)
    return _one(tree(state, asked, dp_id, _MODES[mode]))


def _disposition(tree: Tree) -> str:
    return f'attachment; filename="{tree.filename}"'


def _one(tree: Tree) -> Response:
    return Response(document(tree), 200, {"Content-Disposition": _disposition(tree)}, _TREE_TYPE)


def _parts(trees: list[Tree]) -> Response:
    body = bytearray()
    for one in trees:
        content = document(one)
        body += (
            f"--{_BOUNDARY}\r\nContent-Disposition: {_disposition(one)}\r\n"
            f"Content-Type: {_TREE_TYPE}\r\nContent-Length: {len(content)}\r\n\r\n"
        ).encode()
        body += content + b"\r\n"
    body += f"--{_BOUNDARY}--\r\n".encode()
    return Response(bytes(body), media_type=f'multipart/form-data; boundary="{_BOUNDARY}"')


def document(tree: Tree) -> bytes:
    """The tree as CalSelector writes it."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *_node(tree.root, "", tree.mode)]
    return ("\n".join(lines) + "\n").encode()


def _said(value: bool) -> str:
    return "true" if value else "false"


def _node(node: Association, indent: str, mode: str = "") -> Iterator[str]:
    facts = votable.attributes(
        category=node.category,
        certified=_said(node.certified),
        complete=_said(node.complete),
        match=node.match,
        mode=mode,
        type="main",
    )
    inner = f"{indent}    "
    yield f"{indent}<association{facts}>"
    yield from _list(
        "mainFiles",
        inner,
        (
            f"{inner}    <file category={quoteattr(category)} name={quoteattr(name)}/>"
            for category, name in node.files
        ),
    )
    texts = (f"{inner}    <message>{escape(text)}</message>" for text in node.messages)
    yield from _list("messages", inner, texts)
    children = (line for child in node.children for line in _node(child, f"{inner}    "))
    yield from _list("associatedFiles", inner, children)
    yield f"{indent}</association>"


def _list(name: str, indent: str, lines: Iterator[str]) -> Iterator[str]:
    inside = list(lines)
    if not inside:
        yield f"{indent}<{name}/>"
        return
    yield f"{indent}<{name}>"
    yield from inside
    yield f"{indent}</{name}>"


def _files(node: Association) -> Iterator[tuple[str, str]]:
    for child in node.children:
        yield from child.files
        yield from _files(child)


def _table(state: State, asked: Asked, trees: list[Tree]) -> Response:
    rows = [row for tree in trees for row in _rows(state, asked, tree)]
    return Response(votable.votable(Sheet(COLUMNS, rows)), media_type=LINKS)


def _rows(state: State, asked: Asked, tree: Tree) -> Iterator[tuple[object, ...]]:
    """DataLink rows: the frame, each calibration once, and where the tree itself is."""
    root = tree.root
    about = (
        f'category="{root.category}" complete="{_said(root.complete)}" '
        f'certified="{_said(root.certified)}" mode="{tree.mode}" '
        f'messages="{"; ".join(root.messages)}"'
    )
    frame = did(tree.dp_id)
    category = root.files[0][0] if root.files else None
    item = state.item(tree.dp_id)
    kind = item.content_type if item else None
    url = asked.link(FILE + tree.dp_id)
    yield (frame, url, None, None, "#this", about, kind, None, category, None, None)
    for category, dp_id in dict.fromkeys(_files(root)):
        known = state.item(dp_id)
        yield (
            frame,
            asked.link(FILE + dp_id),
            None,
            None,
            "#calibration",
            None,
            known.content_type if known else None,
            None,
            category,
            asked.link(f"https://archive.eso.org/datalink/links?ID={quote(did(dp_id), safe=':/')}"),
            known.filename if known else None,
        )
    if root.files:
        word = f"http://archive.eso.org/rdf/datalink/eso#calSelector_{tree.mode.lower()}"
        xml = asked.link(FILE + tree.filename)
        yield (frame, xml, None, None, word, None, _TREE_TYPE, None, "ASSOCIATION_TREE", None, None)
