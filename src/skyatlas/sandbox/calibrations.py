"""This file holds calibration frames and the trees that tie them to science frames (CalSelector).

Invariant: every file that a tree names is an item, and all of them are public: ESO gives
calibrations away even where the science frame is proprietary.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from skyatlas.sandbox import raw, rows
from skyatlas.sandbox.catalogue import CALIBRATION_PLAN, INSTRUMENTS
from skyatlas.sandbox.clock import iso, snap
from skyatlas.sandbox.item import Association, Item
from skyatlas.sandbox.plan import Frame, Instrument
from skyatlas.sandbox.sky import chance

UNPACKED_TYPE = "application/fits"
PACKED_TYPE = "application/x-fits"

# Category in CalSelector's words, DPR TYPE, how many, seconds.
_KINDS = (
    ("BIAS", "BIAS", 5, 0.0),
    ("FLAT", "LAMP,FLAT", 3, 12.0),
    ("ARC", "LAMP,WAVE", 2, 20.0),
    ("STD", "STD", 1, 60.0),
)
_STANDARD_STAR = (189.947917, 12.675, "EG 274")
_EVENING, _STEP = 0.85, 0.004  # days: calibrations are taken before noon


@dataclass(frozen=True, slots=True)
class CalibrationSet:
    """The calibration frames of one instrument, shared by all its science frames."""

    instrument: Instrument
    frames: tuple[tuple[str, str], ...]
    """(category, dp_id) of raw calibrations."""
    masters: tuple[tuple[str, str], ...]
    """(category, dp_id) of processed ones and of static tables."""

    def raw(self, category: str) -> tuple[tuple[str, str], ...]:
        """The frames of one category."""
        return tuple(pair for pair in self.frames if pair[0] == category)

    def master(self, category: str) -> tuple[tuple[str, str], ...]:
        """The processed calibration of one category."""
        return tuple(pair for pair in self.masters if pair[0] == category)


def frame_item(frame: Frame) -> Item:
    """A raw frame as an item with its row."""
    return Item(
        archive="eso",
        dp_id=frame.dp_id,
        filename=f"{frame.dp_id}.fits{frame.instrument.packing}",
        content_type=PACKED_TYPE,
        make=partial(raw.frame_file, frame),
        table="dbo.raw",
        row=rows.raw(frame),
        extra=rows.instrument_extra(frame),
        program=frame.programme.identifier,
        proprietary=frame.programme.proprietary,
        hidden=frame.programme.hidden,
        category=frame.category,
    )


def calibration_items(seed: int) -> tuple[list[Item], dict[str, CalibrationSet]]:
    """All calibration files, and what belongs to which instrument (by its name)."""
    items: list[Item] = []
    sets: dict[str, CalibrationSet] = {}
    for instrument in INSTRUMENTS:
        frames = list(_frames(instrument, seed))
        items += [frame_item(frame) for _, frame in frames]
        masters = list(_masters(instrument, frames[0][1].start, seed))
        items += [item for _, item in masters]
        sets[instrument.name] = CalibrationSet(
            instrument,
            tuple((category, frame.dp_id) for category, frame in frames),
            tuple((category, item.dp_id) for category, item in masters),
        )
    return items, sets


def _frames(instrument: Instrument, seed: int) -> Iterable[tuple[str, Frame]]:
    random = chance(seed, "calibrations", instrument.name)
    start = 56800.0 + int(random.integers(0, 1500)) + _EVENING - 0.5
    for category, kind, count, seconds in _KINDS:
        for number in range(1, count + 1):
            start = snap(start + _STEP + float(random.uniform(0.0, 0.001)))
            standard = category == "STD"
            yield (
                category,
                Frame(
                    dp_id=f"{instrument.prefix}.{iso(start)}",
                    instrument=instrument,
                    programme=CALIBRATION_PLAN,
                    start=start,
                    ra=_STANDARD_STAR[0] if standard else rows.NOWHERE,
                    dec=_STANDARD_STAR[1] if standard else rows.NOWHERE,
                    name=_STANDARD_STAR[2] if standard else kind,
                    category="CALIB",
                    type=kind,
                    seconds=seconds,
                    number=number,
                    of=count,
                    seed=seed,
                ),
            )


def _masters(instrument: Instrument, start: float, seed: int) -> Iterable[tuple[str, Item]]:
    """Processed calibrations have no row in any table; a static table exists for everyone."""
    categories = ["STATIC_TABLE"]
    if instrument.masters:
        categories += ["MASTER_BIAS", "MASTER_FLAT", "MASTER_RESPONSE"]
    for number, category in enumerate(categories):
        when = snap(start + 1.0 + 0.01 * number)
        frame = Frame(
            dp_id=f"M.{instrument.name}.{iso(when)}", instrument=instrument,
            programme=CALIBRATION_PLAN, start=when, ra=rows.NOWHERE, dec=rows.NOWHERE,
            name=category, category="CALIB", type=category, seconds=0.0, seed=seed,
        )  # fmt: skip
        yield (
            category,
            Item(
                archive="eso",
                dp_id=frame.dp_id,
                filename=f"{frame.dp_id}.fits",
                content_type=UNPACKED_TYPE,
                make=partial(raw.master_file, frame),
                program=CALIBRATION_PLAN.identifier,
                category=category,
            ),
        )


def raw_tree(frame: Frame, known: CalibrationSet) -> Association:
    """Raw calibrations of a science frame: flats, arcs and a standard star, each with its own."""
    bias = _node("BIAS", known.raw("BIAS"))
    flat = _node("FLAT", known.raw("FLAT"), bias)
    standard = _node(
        "STD", known.raw("STD"), flat, _node("STATIC_TABLE", known.master("STATIC_TABLE"))
    )
    children = (flat, _node("ARC", known.raw("ARC"), bias), standard, bias)
    return _root(frame, children)


def master_tree(frame: Frame, known: CalibrationSet) -> Association | None:
    """Processed calibrations of a science frame; None where the archive has none."""
    if not known.instrument.masters:
        return None
    bias = _node("MASTER_BIAS", known.master("MASTER_BIAS"))
    flat = _node("MASTER_FLAT", known.master("MASTER_FLAT"), bias)
    static = _node("STATIC_TABLE", known.master("STATIC_TABLE"))
    response = _node("MASTER_RESPONSE", known.master("MASTER_RESPONSE"), static)
    children = (flat, bias, response)
    return _root(frame, children)


def _root(frame: Frame, children: tuple[Association, ...]) -> Association:
    kind = f"{frame.type}_{frame.instrument.tech.partition(',')[0]}"
    return Association(f"SCI_{frame.instrument.mode}", ((kind, frame.dp_id),), children)


def _node(category: str, files: tuple[tuple[str, str], ...], *children: Association) -> Association:
    return Association(category, files, children, match="calib_plan")
