"""One question to every astronomical archive, one honest answer, and files that cannot lie.

    import skyatlas

    found = skyatlas.search("NGC 1068", archives="eso", kind="spectrum")
    files = skyatlas.fetch(found[:3], "data")
    spectrum = skyatlas.read(files.receipts[0])
    skyatlas.plot(spectrum)

Everything here is loaded when it is first used: `import skyatlas` itself costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from skyatlas.version import __version__ as __version__

if TYPE_CHECKING:
    from skyatlas.archive import Ask
    from skyatlas.journeys.look import describe, plot, read
    from skyatlas.observations import Observations
    from skyatlas.session import Session
    from skyatlas.settings import Settings

__all__ = [
    "Ask",
    "Observations",
    "Session",
    "Settings",
    "archives",
    "cutout",
    "describe",
    "fetch",
    "lightcurve",
    "login",
    "plot",
    "read",
    "resolve",
    "search",
    "services",
    "surveys",
    "verify",
]

_HOMES = {
    "Ask": "skyatlas.archive",
    "Observations": "skyatlas.observations",
    "Session": "skyatlas.session",
    "Settings": "skyatlas.settings",
    "describe": "skyatlas.journeys.look",
    "plot": "skyatlas.journeys.look",
    "read": "skyatlas.journeys.look",
}

_session: Session | None = None


def __getattr__(name: str) -> Any:
    if name == "archives":
        return import_module("skyatlas.archives")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'skyatlas' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*__all__, "__version__"})


def search(target: object = None, **filters: Any) -> Observations:
    """Ask the archives what exists of a target: see `Session.search`."""
    return _default().search(target, **filters)


def fetch(what: object, folder: Any = ".", **options: Any) -> Any:
    """Bring the files of observations home: see `Session.fetch`."""
    return _default().fetch(what, folder, **options)


def services(words: Any = "", **filters: Any) -> Any:
    """Find services of the Virtual Observatory: see `Session.services`."""
    return _default().services(words, **filters)


def surveys(words: str = "", **filters: Any) -> Any:
    """The surveys of images that `cutout` knows: see `Session.surveys`."""
    return _default().surveys(words, **filters)


def cutout(what: object, folder: Any = ".", **options: Any) -> Any:
    """Bring home pieces of images and cubes: see `Session.cutout`."""
    return _default().cutout(what, folder, **options)


def lightcurve(target: object, folder: Any = ".", **options: Any) -> Any:
    """Bring home the light curves of stars: see `Session.lightcurve`."""
    return _default().lightcurve(target, folder, **options)


def verify(folder: Any, **options: Any) -> Any:
    """Compare the files of a folder with their receipts: see `Session.verify`."""
    return _default().verify(folder, **options)


def resolve(*asked: object) -> Any:
    """Positions for names: see `Session.resolve`."""
    return _default().resolve(*asked)


def login(archive: str, username: str | None = None, password: str | None = None) -> str:
    """Log in at an archive: see `Session.login`."""
    return _default().login(archive, username, password)


def _default() -> Session:
    """The session of the module's own functions, made when first needed."""
    global _session
    if _session is None:
        from skyatlas.session import Session

        _session = Session()
    return _session
