"""This file is where things are put together: words, archives, door, and the four verbs.

Invariant: a session owns its door; closing it closes connections and the sandbox it started. It
is safe for several threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from skyatlas import archives as registry
from skyatlas import words
from skyatlas.archive import Archive, Ask
from skyatlas.errors import ArchiveError, AtlasError, BadInput, Refused
from skyatlas.model import Product, Query, Target
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from threading import Event
    from types import TracebackType

    from astropy.table import Table

    from skyatlas.dataset import Contents, Cube, Image, Spectrum, SpectrumList
    from skyatlas.journeys.fetch import Fetched, Plan, Progress
    from skyatlas.model import Receipt
    from skyatlas.net.door import StreetDoor
    from skyatlas.observations import Observations

DEFAULT_RADIUS = 1.0 / 60.0
"""Degrees: 1 arcmin, said in every answer; archives' own defaults go from 2 arcsec to 12 arcmin."""


class Session:
    """One user at work: settings, logins, connections."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()
        self._lock = threading.RLock()
        self._door: StreetDoor | None = None
        self._sandbox: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close connections, and the sandbox where this session started one."""
        with self._lock:
            if self._door is not None:
                self._door.close()
            if self._sandbox is not None:
                self._sandbox.__exit__(None, None, None)
            self._door = self._sandbox = None

    @property
    def door(self) -> StreetDoor:
        """The door to the street; opened when it is first used."""
        with self._lock:
            if self._door is None:
                self._door = self._opened()
            return self._door

    def archives(self, names: str | Iterable[str] | None = None) -> list[Archive]:
        """The archives of these names ("eso,mast" or a list); all of them where None."""
        if names is None:
            chosen: Sequence[str] = registry.names()
        else:
            chosen = _list(names)
        return [registry.archive(name) for name in dict.fromkeys(chosen)]

    def resolve(self, *asked: object) -> list[Target | AtlasError]:
        """A position for each name or position, in order; what went wrong stands in its place.

        UnknownTarget (nobody knows it), AmbiguousTarget and ArchiveError (a resolver failed) are
        three different answers.
        """
        from skyatlas.names import resolve

        return resolve(
            asked,
            None if self.settings.offline else self.door,
            offline=self.settings.offline,
            cache=self._names_cache(),
        )

    def query(self, target: object = None, **filters: Any) -> list[Query]:
        """Turn words into questions: one per target. See `search` for the filters."""
        targets: list[Target | None] = [None]
        if target is not None:
            asked = list(target) if isinstance(target, list | tuple | set) else [target]
            if isinstance(target, tuple) and len(target) == 2 and _numbers(target):
                asked = [target]
            resolved = self.resolve(*asked)
            wrong = [answer for answer in resolved if isinstance(answer, AtlasError)]
            if wrong:
                raise wrong[0]
            targets = [answer for answer in resolved if isinstance(answer, Target)]
        template, radius = _filters(filters)
        if targets == [None]:
            _need_something(template)
            return [template]
        return [replace(template, target=one, radius=radius) for one in targets]

    def search(
        self,
        target: object = None,
        *,
        archives: str | Iterable[str] | None = None,
        **filters: Any,
    ) -> Observations:
        """Ask the archives what exists of a target.

        Parameters
        ----------
        target
            A name, a position ("12:30:49.4 +12:23:28", (187.7, 12.4), a SkyCoord), a list of
            them, or None for a question by other filters only.
        archives
            Names of archives; all where None.
        filters
            `radius` ("2 arcmin" or a Quantity; 1 arcmin where not given), `kind`, `instrument`,
            `program`, `pi`, `target_name`, `collection`, `band` ("500nm..700nm", "K"), `time`
            ("2015..2020-06"), `calib_level` ("2.."), `public` (True: only what anybody may
            download), `limit` (rows per archive and target), `table` (an archive's own table).

        Returns
        -------
        Observations
            The table and one report per archive. An archive that failed is in the reports.

        Raises
        ------
        BadInput
            The words make no sense, or a name is unknown; nothing was asked.
        ArchiveError
            The name resolver failed.
        """
        from skyatlas.journeys.search import search

        chosen = self.archives(archives)
        queries = self.query(target, **filters)
        for archive in chosen:
            self._sign_in_if_known(archive)
        return search(queries, chosen, self.door)

    def plan(self, what: object, ask: Ask | None = None) -> Plan:
        """What a fetch of these observations (or tables, URLs, products) would bring."""
        from skyatlas.journeys.fetch import Plan, each_once, plan

        ask = ask or Ask()
        if isinstance(what, Plan):
            return what
        if isinstance(what, str):
            what = [what]
        if isinstance(what, list | tuple):
            products = [_product(one) for one in what]
            return Plan(each_once(products), context={"asked": ["a list of URLs"]})
        observations = self._observations(what)
        for name in observations.by_archive():
            self._sign_in_if_known(registry.archive(name))
        return plan(observations, registry.archive, self.door, ask)

    def fetch(
        self,
        what: object,
        folder: str | Path = ".",
        *,
        ask: Ask | None = None,
        progress: Progress | None = None,
        stop: Event | None = None,
    ) -> Fetched:
        """Bring the files of observations home.

        `what` is an Observations, a Table (also one from astroquery), a Plan, or URLs. Every file
        ends in `.receipts` or in `.failures`; `.retry()` tries the failures again. Raises
        Unwritable where the folder cannot take them, ArchiveError where a login fails.
        """
        from skyatlas.journeys.fetch import fetch

        todo = self.plan(what, ask)
        for name in dict.fromkeys(product.archive for product in todo.products if product.archive):
            self._sign_in_if_known(registry.archive(name))
        done = fetch(todo, Path(folder), registry.archive, self.door, progress=progress, stop=stop)
        return replace(
            done,
            again=lambda products: self.fetch(
                replace(todo, products=tuple(products)), folder, progress=progress, stop=stop
            ),
        )

    def login(
        self,
        archive: str,
        username: str | None = None,
        password: str | None = None,
        *,
        prompt: Callable[[str], str] | None = None,
        save: bool = False,
    ) -> str:
        """Log in now; the username. With `save`, the password goes into the keyring.

        Raises Refused (wrong password), BadInput (no login known), ArchiveError.
        """
        from skyatlas.net.passwords import save_password

        chosen = registry.archive(archive)
        known = self._password(chosen, username, password, prompt)
        if known is None:
            raise BadInput(
                f"no password for {archive} was found: give a username, set "
                f"SKYATLAS_{archive.upper()}_USERNAME and SKYATLAS_{archive.upper()}_PASSWORD, "
                "or use a keyring or ~/.netrc"
            )
        source = self._token_source(chosen, known.username, known.password)
        source.header()
        self.door.credentials.add(chosen.hosts, source)
        if save and not save_password(chosen.name, known.username, known.password):
            raise BadInput(
                "the login works, but this machine has no keyring to keep the password in: "
                f"use SKYATLAS_{archive.upper()}_USERNAME and _PASSWORD, or ~/.netrc"
            )
        return str(known.username)

    def logout(self, archive: str) -> bool:
        """Forget the token and the saved password; False where none was saved."""
        from skyatlas.net.passwords import forget_password

        chosen = registry.archive(archive)
        known = self._password(chosen, None, None, None)
        self.door.credentials.remove(chosen.hosts)
        return known is not None and forget_password(chosen.name, known.username)

    def whoami(self, archive: str) -> tuple[str, str] | None:
        """(username, where the password is kept), or None where no login is known."""
        known = self._password(registry.archive(archive), None, None, None)
        return (known.username, known.found) if known else None

    def _observations(self, what: object) -> Observations:
        from astropy.table import Row, Table

        from skyatlas.observations import Observations

        if isinstance(what, Observations):
            return what
        if isinstance(what, Row):
            what = Table(what)
        if not isinstance(what, Table):
            raise BadInput(
                f"cannot fetch a {type(what).__name__}; give observations, a table, or URLs"
            )
        if "archive" in what.colnames and "access_url" in what.colnames:
            return Observations(what)
        return Observations(_adopted(what))

    def _opened(self) -> StreetDoor:
        from skyatlas.net.door import Host, StreetDoor

        hosts = {}
        for archive in self.archives():
            for host in archive.hosts:
                hosts[host] = Host(archive.name, archive.pace, login=bool(archive.login_hint))
        return StreetDoor(
            hosts,
            sandbox=self._sandbox_url(),
            offline=self.settings.offline,
            ca_bundle=self.settings.environment.get("SSL_CERT_FILE"),
        )

    def _sandbox_url(self) -> str | None:
        if self.settings.sandbox != "":
            return self.settings.sandbox
        from skyatlas.sandbox import Sandbox

        self._sandbox = Sandbox(folders=self.settings.holdings, faults=self.settings.faults)
        self._sandbox.__enter__()
        return str(self._sandbox.url)

    def _names_cache(self) -> Path | None:
        # What the sandbox makes up must not be taken for the sky later.
        if self.settings.sandbox is not None:
            return None
        return self.settings.cache_folder / "names.sqlite"

    def _sign_in_if_known(self, archive: Archive) -> None:
        """Use a login that the user keeps for this archive; none is no error."""
        if self.settings.offline or not archive.login_hint:
            return
        if self.door.logged_in(f"https://{archive.hosts[0]}/"):
            return
        known = self._password(archive, None, None, None)
        if known is None:
            return
        source = self._token_source(archive, known.username, known.password)
        try:
            source.header()
        except Refused as error:
            raise Refused(
                f"{archive.name} refused the login of {known.username} found in the {known.found}: "
                f"correct it with `skyatlas login {archive.name}`, or remove it",
                archive=archive.name,
                status=error.status,
                login=True,
            ) from None
        except ArchiveError:
            return  # the archive's own report will say that it cannot be reached
        self.door.credentials.add(archive.hosts, source)

    def _token_source(self, archive: Archive, username: str, password: str) -> Any:
        from skyatlas.net.redaction import hide
        from skyatlas.net.secrets import PasswordToken

        hide(password)
        return PasswordToken(lambda: archive.sign_in(username, password, self.door))

    def _password(
        self,
        archive: Archive,
        username: str | None,
        password: str | None,
        prompt: Callable[[str], str] | None,
    ) -> Any:
        from skyatlas.net.passwords import find_password

        return find_password(
            archive.name,
            username,
            archive.password_service,
            password=password,
            hosts=archive.hosts,
            environment=self.settings.environment,
            prompt=prompt,
        )


def read(what: str | Path | Receipt) -> Image | Cube | Spectrum | SpectrumList:
    """Open a file: FITS images, cubes and spectra, also packed. Raises FormatError."""
    from skyatlas.formats import read as read_file

    return read_file(_path(what))


def describe(what: str | Path | Receipt) -> Contents:
    """Say what a file is, whatever it is; with a receipt beside it, also where it came from."""
    from skyatlas import library
    from skyatlas.dataset import Contents
    from skyatlas.formats import describe as describe_file

    path = _path(what)
    contents = describe_file(path)
    receipt = library.receipt_of(path)
    return Contents(contents.kind, (*contents.lines, *(library.told(receipt) if receipt else ())))


def plot(what: Any, ax: Any = None) -> Any:
    """Draw a file or what `read` gave; returns the matplotlib Figure (or the Axes given)."""
    from skyatlas import plots

    data = read(what) if isinstance(what, str | Path) or hasattr(what, "readable") else what
    return plots.figure_of(data) if ax is None else plots.draw(data, ax)


def _path(what: str | Path | Receipt) -> Path:
    return Path(what) if isinstance(what, str | Path) else what.readable


def _product(what: object) -> Product:
    if isinstance(what, Product):
        return what
    if isinstance(what, str) and what.startswith(("https://", "http://")):
        return Product(url=what)
    raise BadInput(f"cannot fetch {what!r}; a URL starts with https://")


def _adopted(table: Table) -> Table:
    for name in registry.names():
        adopted = registry.archive(name).adopt(table)
        if adopted is not None:
            return adopted
    raise BadInput(
        "no archive recognises this table as its own; it needs the columns archive and "
        "access_url, or for ESO dp_id"
    )


def _filters(given: dict[str, Any]) -> tuple[Query, float]:
    """One Query without a target, and the radius in degrees; BadInput for what makes no sense."""
    known = {
        "radius", "kind", "instrument", "program", "pi", "target_name", "collection",
        "band", "time", "calib_level", "public", "limit", "table",
    }  # fmt: skip
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadInput(f"no filter {unknown[0]!r}; there are: {', '.join(sorted(known))}")
    said = {name: value for name, value in given.items() if value is not None}
    readers: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "kind": ("kinds", words.kinds),
        "instrument": ("instruments", lambda value: tuple(_list(value))),
        "program": ("programs", lambda value: tuple(_list(value))),
        "collection": ("collections", lambda value: tuple(_list(value))),
        "band": ("band", words.band),
        "time": ("time", words.time),
        "calib_level": ("calib_level", words.calib_level),
    }
    values: dict[str, Any] = {}
    for name, value in said.items():
        if name in readers:
            field, reader = readers[name]
            values[field] = reader(value)
        elif name != "radius":
            values[name] = value
    radius = words.radius(said["radius"]) if "radius" in said else DEFAULT_RADIUS
    return Query(**values), radius


def _need_something(query: Query) -> None:
    if query == Query(limit=query.limit, public=query.public):
        raise BadInput("nothing was asked: give a target, or a filter such as an instrument")


def _list(words_given: str | Iterable[str]) -> list[str]:
    given = words_given.split(",") if isinstance(words_given, str) else list(words_given)
    return [str(word).strip() for word in given if str(word).strip()]


def _numbers(pair: Sequence[object]) -> bool:
    return all(isinstance(one, int | float) for one in pair)
