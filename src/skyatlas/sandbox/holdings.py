"""This file collects the files of an archive: each exposure, each product and what lies beside it.

Invariant: no two files have one identifier, and a product's rows, links and bytes come from one
`Shot`. Raw frames enter before the product that is made of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from skyatlas.sandbox import calibrations, draw, rows, spectra
from skyatlas.sandbox import catalogue as known
from skyatlas.sandbox.calibrations import CalibrationSet, frame_item
from skyatlas.sandbox.clock import iso, snap
from skyatlas.sandbox.deliver import pdf
from skyatlas.sandbox.item import Association, Item, Link, NamedObject
from skyatlas.sandbox.plan import Frame, Instrument, Programme, Recipe, Shot
from skyatlas.sandbox.sky import OBJECTS, chance, shifted

_MILLISECOND = 1.0 / 86_400_000.0
_READ_OUT = 0.0005  # days between two exposures of one template
_PAINTERS: dict[str, tuple[Callable[[Shot], bytes], Callable[[Shot], bytes] | None]] = {
    "spectrum": (spectra.spectrum_file, spectra.spectrum_preview),
    "image": (draw.image_file, draw.image_preview),
    "cube": (draw.cube_file, draw.cube_preview),
    "measurements": (draw.sources_file, None),
}
_TYPES = {"png": "image/png", "tar": "application/x-tar", "pdf": "application/pdf"}


@dataclass(slots=True)
class Holdings:
    """What is being collected, in the order in which it was made."""

    seed: int
    items: dict[str, Item] = field(default_factory=dict)
    raw2raw: dict[str, Association] = field(default_factory=dict)
    raw2master: dict[str, Association] = field(default_factory=dict)
    frames: dict[str, Frame] = field(default_factory=dict)
    """Plans of the raw frames of the sky, by dp_id."""
    shots: dict[str, Shot] = field(default_factory=dict)
    """Plans of the reduced products, by dp_id: the truth behind the rows."""
    sets: dict[str, CalibrationSet] = field(default_factory=dict)
    """Calibrations by the instrument's name."""

    def add(self, item: Item) -> None:
        """Put one file in."""
        if item.dp_id in self.items:
            raise ValueError(f"two files are called {item.dp_id}")
        self.items[item.dp_id] = item

    def free(self, prefix: str, moment: float) -> float:
        """The first millisecond from `moment` on that no file of that prefix is named after."""
        moment = snap(moment)
        while f"{prefix}.{iso(moment)}" in self.items:
            moment = snap(moment + _MILLISECOND)
        return moment


@dataclass(frozen=True, slots=True)
class Order:
    """Exposures of one template: of what, with what, for whom."""

    target: NamedObject
    instrument: Instrument
    programme: Programme
    type: str = "OBJECT"
    """DPR TYPE."""
    seconds: float = 120.0
    count: int = 1
    name: str = ""
    """As the observer typed it; "" for the usual way."""


def expose(made: Holdings, order: Order) -> tuple[str, ...]:
    """Take raw frames, with their calibration trees; gives their dp_ids."""
    random = chance(made.seed, order.target.name, order.instrument.name, len(made.items))
    night = int(random.integers(0, 178)) + float(random.uniform(0.0, 0.38))
    moment = order.programme.start + night
    taken = []
    for number in range(1, order.count + 1):
        moment = made.free(order.instrument.prefix, moment)
        # Jitter of a few arcseconds; a sky field lies well beside the target.
        reach = 0.15 if order.type == "SKY" else 0.001
        east, north = (float(x) for x in random.uniform(-reach, reach, 2))
        ra, dec = shifted((order.target.ra, order.target.dec), east, north)
        frame = Frame(
            dp_id=f"{order.instrument.prefix}.{iso(moment)}",
            instrument=order.instrument,
            programme=order.programme,
            start=moment,
            ra=round(ra, 8),
            dec=round(dec, 8),
            name=order.name or typed(order.target, order.instrument.name),
            category="ACQUISITION" if order.type == "ACQUISITION" else "SCIENCE",
            type="OBJECT" if order.type == "ACQUISITION" else order.type,
            seconds=order.seconds,
            number=number,
            of=order.count,
            seed=made.seed,
        )
        taken.append(frame.dp_id)
        _enter(made, frame)
        moment += order.seconds / 86400.0 + _READ_OUT
    return tuple(taken)


def _enter(made: Holdings, frame: Frame) -> None:
    made.add(frame_item(frame))
    made.frames[frame.dp_id] = frame
    if frame.category != "SCIENCE":
        return  # CalSelector supports science frames only
    shelf = made.sets[frame.instrument.name]
    made.raw2raw[frame.dp_id] = calibrations.raw_tree(frame, shelf)
    processed = calibrations.master_tree(frame, shelf)
    if processed is not None:
        made.raw2master[frame.dp_id] = processed


def typed(target: NamedObject, instrument: str) -> str:
    """The target's name as observers of that instrument type it: hardly twice the same way."""
    plain = " ".join((target.aliases or (target.name,))[0].split())
    if instrument == "VIRCAM":
        return f"b{300 + OBJECTS.index(target)}"
    if instrument in {"MUSE", "XSHOOTER"}:
        return plain.replace(" ", "")
    return plain.replace(" ", "-") if instrument == "HAWKI" else plain


def reduce(made: Holdings, target: NamedObject, recipe: Recipe, programme: Programme) -> Shot:
    """Make one reduced product with its raw frames, its preview and what else comes with it."""
    random = chance(made.seed, target.name, recipe.name, programme.identifier, len(made.items))
    count = 1 if recipe.instrument.name in {"HARPS", "UVES", "NIRPS"} else 2
    if recipe.kind == "measurements":
        raws = next(reversed(made.shots.values())).raws  # the list of the tile before it
    else:
        order = Order(
            target, recipe.instrument, programme, seconds=recipe.seconds / count, count=count
        )
        raws = expose(made, order)
    start = made.frames[raws[0]].start
    created = made.free("ADP", start + 120.0 + float(random.uniform(0.0, 1.0)))
    blur = recipe.field / 20.0
    east, north = (float(x) for x in random.uniform(-blur, blur, 2))
    ra, dec = shifted((target.ra, target.dec), east, north)
    shot = Shot(
        dp_id=f"ADP.{iso(created)}",
        recipe=recipe,
        target=target,
        name=typed(target, recipe.instrument.name),
        programme=programme,
        start=start,
        ra=round(ra, 6),
        dec=round(dec, 6),
        seed=made.seed,
        rotation=27.0 if target.name == "NGC   253" and recipe.kind == "image" else 0.0,
        snr=round(float(random.uniform(25.0, 90.0)), 2),
        raws=raws,
        created=created,
    )
    return _deliver(made, shot)


def _deliver(made: Holdings, shot: Shot) -> Shot:
    """Put a product and the files around it into the archive."""
    recipe = shot.recipe
    links = [Link("#progenitor", raw, "Raw science frame", "SCIENCE") for raw in shot.raws]
    painter, previewer = _PAINTERS[recipe.kind]
    if previewer is not None:
        links.append(_beside(made, shot, "png", partial(previewer, shot), "#preview"))
    if recipe.collection == "HARPS":
        links.append(_beside(made, shot, "tar", partial(spectra.harps_tar, shot), "#auxiliary"))
        shot = replace(shot, sibling=made.items[links[-1].dp_id].filename)
    if recipe is known.MUSE_CUBE:
        white = _white(made, shot)
        links.append(Link("#auxiliary", white.dp_id, "White-light image", white.recipe.category))
        shot = replace(shot, sibling=white.origfile)
    if recipe is known.VVV_J:
        text = f"Release description of {recipe.collection}"
        links.append(_beside(made, shot, "pdf", partial(pdf, text), "#documentation"))
    _shelve(made, shot, partial(painter, shot), links)
    return shot


_BESIDE = {
    "png": ("ANCILLARY.PREVIEW", "Preview"),
    "tar": ("ANCILLARY.HARPSTAR", "Cross-correlation function and bisector"),
    "pdf": ("ANCILLARY.DOC", "Release description"),
}


def _beside(
    made: Holdings, shot: Shot, ending: str, make: Callable[[], bytes], semantics: str
) -> Link:
    """A file without a row of its own; its identifier is the product's, some milliseconds later."""
    moment = made.free("ADP", shot.created + _MILLISECOND)
    category, description = _BESIDE[ending]
    name = shot.origfile.removesuffix(".fz").removesuffix(".fits")
    made.add(
        Item(
            archive="eso",
            dp_id=f"ADP.{iso(moment)}",
            filename=f"{name}.{ending}",
            content_type=_TYPES[ending],
            make=make,
            program=shot.programme.identifier,
            proprietary=shot.programme.proprietary,
            hidden=shot.programme.hidden,
            category=category,
        )
    )
    return Link(semantics, f"ADP.{iso(moment)}", description, category)


def _white(made: Holdings, cube: Shot) -> Shot:
    """The cube's white-light image: in the tables like any image, and linked from the cube."""
    moment = made.free("ADP", cube.created + _MILLISECOND)
    shot = replace(cube, dp_id=f"ADP.{iso(moment)}", recipe=known.MUSE_WHITE, created=moment)
    links = [Link("#progenitor", raw, "Raw science frame", "SCIENCE") for raw in shot.raws]
    _shelve(made, shot, partial(draw.image_file, shot), links)
    return shot


def _shelve(made: Holdings, shot: Shot, make: Callable[[], bytes], links: list[Link]) -> None:
    programme = shot.programme
    made.shots[shot.dp_id] = shot
    made.add(
        Item(
            archive="eso",
            dp_id=shot.dp_id,
            filename=f"{shot.dp_id}.fits{shot.recipe.packing}",
            content_type=calibrations.UNPACKED_TYPE,
            make=make,
            table="ivoa.ObsCore",
            row=rows.obscore(shot),
            program=programme.identifier,
            proprietary=programme.proprietary,
            hidden=programme.hidden,
            category=shot.recipe.category,
            links=tuple(links),
        )
    )
