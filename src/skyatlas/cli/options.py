"""This file holds the options that several commands share, and the exit codes."""

from __future__ import annotations

from enum import IntEnum
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from skyatlas.session import Session
    from skyatlas.settings import Settings

    Decorator = Callable[[Any], Any]

F = TypeVar("F")


class Code(IntEnum):
    """Exit codes of the command line."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    LOGIN = 4
    SOME_FAILED = 5


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    """Global options count before and after the command's name."""
    if value not in (None, False, 0, ()):
        ctx.find_root().ensure_object(dict)[parameter.name] = value


def _option(*names: str, **how: Any) -> Decorator:
    return click.option(*names, expose_value=False, callback=_keep, **how)


_COMMON: tuple[Decorator, ...] = (
    _option("--sandbox", is_flag=True, help="Ask made-up archives; nothing leaves this machine."),
    _option(
        "--holdings",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="With --sandbox: add the FITS files of a folder to its sky.",
    ),
    _option(
        "--fault",
        multiple=True,
        metavar="NAME[=VALUE][:URL[:N]]",
        help="With --sandbox: misbehave.",
    ),
    _option("--offline", is_flag=True, help="Ask nobody; what is on this machine answers."),
    _option(
        "--cache",
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="Keep what is remembered here.",
    ),
    _option("-v", "--verbose", count=True, help="Say more, also what goes over the line."),
    _option("-q", "--quiet", is_flag=True, help="Say only errors."),
)


def _none_for_nothing(
    ctx: click.Context, parameter: click.Parameter, value: tuple[str, ...]
) -> tuple[str, ...] | None:
    """A list that nobody gave, like every filter that nobody gave."""
    del ctx, parameter
    return value or None


_FILTERS: tuple[Decorator, ...] = (
    click.option(
        "-a",
        "--archive",
        "archives",
        multiple=True,
        metavar="NAMES",
        callback=_none_for_nothing,
        help="eso,…; vo:ivo://… or vo:https://… is any service of the Virtual Observatory, vo all "
        "that a registry knows for the question.  [all but vo]",
    ),
    click.option(
        "-k", "--kind", metavar="KINDS", help="image, spectrum, cube, timeseries, visibility …"
    ),
    click.option("-r", "--radius", metavar="ANGLE", help="2arcmin, 30arcsec, 0.1deg  [1arcmin]"),
    click.option("-i", "--instrument", metavar="NAMES", help="X-SHOOTER,MUSE …"),
    click.option("--program", metavar="IDS", help="Proposal: 091.B-0088(B), 112.25R7 …"),
    click.option("--pi", metavar="NAME", help="Part of the principal investigator's name."),
    click.option(
        "--target-name", metavar="NAME", help="The observer's name of the target; * is any."
    ),
    click.option("--collection", metavar="NAMES", help="Data collections, for example VVV."),
    click.option("--band", metavar="BAND", help="500nm..700nm, 230GHz, or a name such as K."),
    click.option("--time", metavar="RANGE", help="2015..2020-06, MJD 57000..57010 …"),
    click.option("--calib-level", metavar="LEVELS", help="0 raw … 4: 2.. or ..1  [all]"),
    click.option("--public", is_flag=True, default=None, help="Only what anybody may download."),
    click.option("-n", "--limit", type=int, metavar="N", help="Rows per archive and target."),
    click.option("--table", metavar="NAME", help="An archive's own table: ist.xshooter, ssap …"),
    click.option(
        "--param",
        "parameters",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_none_for_nothing,
        help="A service's own parameter, sent as it is: EXPTIME='100 500' …",
    ),
    click.option(
        "--waveband", metavar="WORDS", help="With -a vo: optical, infrared, x-ray, radio …"
    ),
    click.option(
        "--services", type=int, metavar="N", help="With -a vo: ask so many at most.  [20]"
    ),
    click.option(
        "--budget",
        type=float,
        metavar="SECONDS",
        help="For all archives together; who is late is named.  [60 with -a vo]",
    ),
)


def common(command: F) -> F:
    """Add the global options."""
    return reduce(lambda made, add: add(made), reversed(_COMMON), command)


def filters(command: F) -> F:
    """Add the filters of a search; they arrive as keyword arguments named as `Session.search`'s."""
    return reduce(lambda made, add: add(made), reversed(_FILTERS), command)


def settings() -> Settings:
    """The environment's settings, overruled by the command line's."""
    from dataclasses import replace

    from skyatlas.settings import Settings

    told = _told()
    found = Settings.from_environment()
    if told.get("sandbox") or told.get("holdings") or told.get("fault"):
        found = replace(
            found,
            sandbox="",
            holdings=tuple(told.get("holdings", ())),
            faults=tuple(told.get("fault", ())),
        )
    if told.get("offline"):
        found = replace(found, offline=True)
    if told.get("cache"):
        found = replace(found, cache=told["cache"])
    return found


def session(**more: Any) -> Session:
    """A session as the command line wants it; with logging where -v asks for it.

    `more` are further settings.
    """
    from dataclasses import replace

    from skyatlas.session import Session

    _log(verbosity())
    return Session(replace(settings(), **more))


def verbosity() -> int:
    """-1 quiet, 0 usual, 1 and more verbose."""
    told = _told()
    return -1 if told.get("quiet") else int(told.get("verbose", 0))


def say(text: str) -> None:
    """Talk: to stderr, unless quiet."""
    if verbosity() >= 0:
        click.echo(text, err=True)


def _told() -> dict[str, Any]:
    told: dict[str, Any] = click.get_current_context().find_root().ensure_object(dict)
    return told


def _log(level: int) -> None:
    """Let the package's log be talk: waits always, every question with -v."""
    import logging

    class Talk(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            click.echo(self.format(record), err=True)

    logger = logging.getLogger("skyatlas")
    logger.setLevel({-1: logging.ERROR, 0: logging.INFO}.get(level, logging.DEBUG))
    if not logger.handlers:
        logger.addHandler(Talk())
