"""This file decides what the sandbox's ESO archive holds: who observed what, with which instrument.

Everything follows from the seed. M 77 has one of everything, the other objects a few products
each, and the Galactic centre more raw frames than an answer of a thousand rows can show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from skyatlas.sandbox import catalogue as c
from skyatlas.sandbox.calibrations import calibration_items
from skyatlas.sandbox.holdings import Holdings, Order, expose, reduce
from skyatlas.sandbox.item import Link, NamedObject
from skyatlas.sandbox.light import shines
from skyatlas.sandbox.plan import Programme, Recipe, Shot
from skyatlas.sandbox.sky import NEBULAE, OBJECTS

DEMO = "M  77"
CENTRE = "NAME Sgr A*"
MISSING = "XSHOO.2015-10-09T06:22:11.999"
"""A raw frame that a DataLink document names and the archive does not have."""
CROWD = 1230
"""Raw frames at the Galactic centre."""
_EDGES = frozenset({"NAME WLM Galaxy", "*  27 Psc", "NGC  2573", "NGC  3172"})
"""Objects at ra = 0 and at the poles: they get wide pictures, whose footprints are awkward."""


def eso_holdings(seed: int) -> Holdings:
    """Everything that the ESO archive of this seed holds."""
    made = Holdings(seed)
    items, made.sets = calibration_items(seed)
    for item in items:
        made.add(item)
    for target in OBJECTS:
        for recipe, programme in _observed(target):
            reduce(made, target, recipe, programme)
        for order in _only_raw(target):
            expose(made, order)
    _spoil_links(made)
    _spoil_trees(made)
    return made


def _observed(target: NamedObject) -> Iterator[tuple[Recipe, Programme]]:
    """What was observed of one object, and in which programme."""
    which = OBJECTS.index(target)
    somebody, another = c.OPEN[which % 4], c.OPEN[(which + 1) % 4]
    if target.name == DEMO:
        yield from _everything()
    elif target.object_type == "QSO":
        yield from ((c.XQ100, c.QUASARS), (c.XSHOOTER_VIS, somebody), (c.XSHOOTER_NIR, somebody))
    elif target.object_type in NEBULAE:
        yield from ((c.VVV_J, c.SURVEY), (c.VVV_SOURCES, c.SURVEY), (c.MUSE_CUBE, another))
    elif shines(target):
        yield from ((c.XSHOOTER_VIS, somebody), (c.MUSE_CUBE, another), (c.HAWKI_KS, somebody))
    elif target.name == CENTRE:
        yield from ((c.VVV_J, c.SURVEY), (c.SINFONI_CUBE, c.GALACTIC_CENTRE))
    else:
        yield from ((c.HARPS_S1D, c.STARS), (c.HARPS_S1D, c.STARS), (c.UVES_RED, somebody))
    if target.object_type == "PM*":
        yield from ((c.SPHERE_H, c.GUARANTEED), (c.NIRPS_S1D, c.GUARANTEED))
    if target.name in _EDGES:
        yield c.VHS_KS, c.SURVEY


def _everything() -> Iterator[tuple[Recipe, Programme]]:
    arms = (c.XSHOOTER_UVB, c.XSHOOTER_VIS, c.XSHOOTER_NIR)
    for recipe in (*arms, c.MUSE_CUBE, c.SINFONI_CUBE):
        yield recipe, c.QUOTED
    yield from ((c.HAWKI_KS, c.OPEN[0]), (c.HAWKI_KS, c.OPEN[1]), (c.UVES_RED, c.OPEN[2]))
    yield from ((c.VVV_J, c.SURVEY), (c.VVV_SOURCES, c.SURVEY), (c.HARPS_S1D, c.STARS))
    for recipe in (*arms, c.MUSE_CUBE):
        yield recipe, c.PROPRIETARY
    yield c.SPHERE_H, c.GUARANTEED


def _only_raw(target: NamedObject) -> Iterator[Order]:
    """Raw frames that no product was made of."""
    which = OBJECTS.index(target)
    if target.name == DEMO:
        yield Order(target, c.FORS2, c.OPEN[1], count=3)
        yield Order(target, c.FORS2, c.OPEN[1], "ACQUISITION", seconds=5.0)
        yield Order(target, c.XSHOOTER, c.QUOTED, "ACQUISITION", seconds=2.0)
        yield Order(target, c.SINFONI, c.QUOTED, "SKY", count=2)
        yield Order(target, c.GRAVITY, c.PROPRIETARY, count=2)
    elif target.name == CENTRE:
        for number in range(CROWD // 10):
            instrument = (c.SINFONI, c.NACO, c.GRAVITY)[number % 3]
            kind = "SKY" if number % 5 == 4 else "OBJECT"
            yield Order(target, instrument, c.GALACTIC_CENTRE, kind, 60.0, 10, "SGR A")
    elif which % 3 == 0:
        yield Order(target, c.FORS2, c.OPEN[which % 4])


def _demo(made: Holdings, recipe: Recipe, programme: Programme) -> Shot:
    return next(
        shot
        for shot in made.shots.values()
        if shot.target.name == DEMO and shot.recipe is recipe and shot.programme is programme
    )


def _spoil_links(made: Holdings) -> None:
    """Two more links of the demo's first spectrum: to a lost file and to a closed one."""
    first = _demo(made, c.XSHOOTER_UVB, c.QUOTED)
    closed = _demo(made, c.XSHOOTER_UVB, c.PROPRIETARY)
    item = made.items[first.dp_id]
    spoilt = (
        Link("#progenitor", MISSING, "Raw science frame", "SCIENCE"),
        Link("#progenitor", closed.raws[0], "Raw science frame", "SCIENCE"),
    )
    made.items[first.dp_id] = replace(item, links=item.links + spoilt)


def _spoil_trees(made: Holdings) -> None:
    """One frame's calibrations are not complete, and those of a new one not yet certified."""
    lacking = _demo(made, c.MUSE_CUBE, c.QUOTED).raws[1]
    tree = made.raw2raw[lacking]
    without = tuple(child for child in tree.children if child.category != "STD")
    made.raw2raw[lacking] = replace(
        tree,
        children=without,
        complete=False,
        messages=("Mandatory calibration STD is missing: no standard star within 3 days.",),
    )
    fresh = _demo(made, c.MUSE_CUBE, c.PROPRIETARY).raws[0]
    made.raw2raw[fresh] = replace(
        made.raw2raw[fresh],
        certified=False,
        messages=("This association is younger than two working days and may change.",),
    )
