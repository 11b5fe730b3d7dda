"""This file is where things are put together: words, archives, door, and the four verbs.

Invariant: a session owns its door; closing it closes connections and the sandbox it started. It
is safe for several threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from skyatlas import archives as registry
from skyatlas.accounts import Accounts
from skyatlas.archive import Archive, Ask
from skyatlas.errors import AtlasError
from skyatlas.model import Query, Report, Target
from skyatlas.roster import Roster
from skyatlas.settings import Settings

if TYPE_CHECKING:
    from types import TracebackType

    from skyatlas.journeys.curve_choice import Wanted
    from skyatlas.journeys.fetch import Fetched, Plan
    from skyatlas.journeys.lightcurve import Curves
    from skyatlas.journeys.verify import Progress as VerifyProgress
    from skyatlas.journeys.verify import Verified
    from skyatlas.net.door import StreetDoor
    from skyatlas.net.street import Street
    from skyatlas.observations import Observations
    from skyatlas.protocols.registry import Listing
    from skyatlas.stamp import Survey


class Session:
    """One user at work: settings, logins, connections."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings.from_environment()
        self._lock = threading.RLock()
        self._accounts = Accounts(self.settings.environment)
        self.roster = Roster(self.settings.archives_folder)
        """Who can be asked."""
        self._street: Street | None = None
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
            for one in (self._door, self._street):
                if one is not None:
                    one.close()
            if self._sandbox is not None:
                self._sandbox.__exit__(None, None, None)
            self._door = self._street = self._sandbox = None

    @property
    def street(self) -> Street:
        """What questions and files share: turns, logins, the way out."""
        with self._lock:
            if self._street is None:
                from skyatlas.opening import opened

                url = self._sandbox_url()
                self._street = opened(self.settings, self.roster.usual(), url)
            return self._street

    @property
    def door(self) -> StreetDoor:
        """The door for questions; opened when it is first used."""
        with self._lock:
            if self._door is None:
                from skyatlas.net.door import StreetDoor

                self._door = StreetDoor(street=self.street)
            return self._door

    def archives(self, names: str | Iterable[str] | None = None) -> list[Archive]:
        """The archives of these names ("eso,mast" or a list); all of them where None."""
        if names is None:
            return self.roster.usual(made_up=self.settings.sandbox is not None)
        from skyatlas.questions import archive_names

        return self.roster.named(archive_names(names))

    def resolve(self, *asked: object) -> list[Target | AtlasError]:
        """A position for each name or position, in order; what went wrong stands in its place.

        UnknownTarget (nobody knows it), AmbiguousTarget and ArchiveError (a resolver failed) are
        three different answers.
        """
        from skyatlas.names.resolver import resolve

        return resolve(
            asked,
            None if self.settings.offline else self.door,
            offline=self.settings.offline,
            cache=self._names_cache(),
        )

    def query(self, target: object = None, **filters: Any) -> list[Query]:
        """Turn words into questions: one per target. See `search` for the filters."""
        from skyatlas import questions

        asked = questions.filters(filters)
        if target is None:
            return asked.anywhere()
        resolved = self.resolve(*questions.listed(target))
        for answer in resolved:
            if isinstance(answer, AtlasError):
                raise answer
        return asked.around([one for one in resolved if isinstance(one, Target)])

    def search(
        self,
        target: object = None,
        *,
        archives: str | Iterable[str] | None = None,
        waveband: str | Iterable[str] | None = None,
        services: int | None = None,
        budget: float | None = None,
        **filters: Any,
    ) -> Observations:
        """Ask the archives what exists of a target.

        Parameters
        ----------
        target
            A name, a position ("12:30:49.4 +12:23:28", (187.7, 12.4), a SkyCoord), a list of
            them, or None for a question by other filters only.
        archives
            Names of archives; all of our own where None. "vo:ivo://…" and "vo:https://…" are any
            service of the Virtual Observatory, "vo" all those that a registry knows for it.
        waveband
            With "vo": only services of these wavebands ("optical", "x-ray", … VODataService 1.2).
        services
            With "vo": so many services at most; 20 where None.
        budget
            Seconds for all archives together; 60 with "vo", otherwise none. Who has not answered
            by then is a failure in the reports.
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
        from skyatlas.journeys import discovery
        from skyatlas.journeys.search import search

        chosen = self.archives(archives)
        if archives is None and filters.get("table") is not None:
            chosen = self.roster.with_table(str(filters["table"]), chosen)
        how = discovery.asked(chosen, waveband, services, budget)
        queries = self.query(target, **filters)
        before: Sequence[Report] = ()
        door = self.door
        if how is not None:
            budget = how.budget
            door = door.within(budget)
            found, before = discovery.discover(queries, how, door)
            chosen = [one for one in chosen if one.name != registry.EVERYWHERE] + found
        return search(
            queries,
            chosen,
            door,
            sign_in=self._sign_in_if_known,
            budget=budget,
            before=before,
        )

    def services(self, words: str | Iterable[str] = "", **filters: Any) -> Listing:
        """Find services of the Virtual Observatory in the registries.

        Parameters
        ----------
        words
            Each must be in a service's title, description or subjects.
        filters
            `type` ("sia2", "sia", "ssa", "scs", "tap", "datalink", "soda"), `waveband`
            ("optical"), `ucd` ("phot.mag%"), `datamodel` ("obscore"), `publisher`, `author`,
            `target` with `radius` (coverage of the sky), `band`, `time`, `ivoid`, `limit`.

        Raises
        ------
        BadInput
            The words make no sense.
        ArchiveError
            No registry answered, and none has before.
        """
        from skyatlas.protocols import registry
        from skyatlas.protocols.wanted import from_words

        target = filters.pop("target", None)
        place = None if target is None else self.query(target)[0].target
        return registry.find(self.door, from_words(words, place, filters))

    def plan(self, what: object, ask: Ask | None = None) -> Plan:
        """What a fetch of these observations (or tables, URLs, products) would bring."""
        from skyatlas.handed import observations_of, product_of
        from skyatlas.journeys.fetch import Plan, each_once, plan

        ask = ask or Ask()
        if isinstance(what, Plan):
            return what
        if isinstance(what, str):
            what = [what]
        if isinstance(what, list | tuple):
            products = [product_of(one) for one in what]
            return Plan(each_once(products), context={"asked": ["a list of URLs"]})
        observations = observations_of(what)
        for name in observations.by_archive():
            self._sign_in_if_known(self.roster.archive(name))
        return plan(observations, self.roster.archive, self.door, ask)

    def fetch(
        self,
        what: object,
        folder: str | Path = ".",
        *,
        ask: Ask | None = None,
        **how: Any,
    ) -> Fetched:
        """Bring the files of observations home, many at once.

        Parameters
        ----------
        what
            An Observations, a Table (also one from astroquery), a Plan, or URLs.
        folder
            Made where it is missing.
        ask
            Which files; without it the science files, or what the archive recommends.
        how
            `progress` (True: a bar on a terminal, a line in a notebook, silence elsewhere; False;
            or a `journeys.fetch.Progress`, which hears all it hears in this thread),
            `stop` (a threading.Event: set it, and the rest ends as Incomplete), `check` (True:
            hash what is there already, instead of trusting size and modification time), `layout`
            ("plain", "mast", or a template: "{archive}/{target}/{instrument}/{filename}").

        Returns
        -------
        Fetched
            Every file ends in `.receipts` or in `.failures`; `.retry()` tries the failures again.

        Raises
        ------
        BadInput
            The words make no sense; nothing was asked.
        Unwritable
            The folder cannot take the files.
        ArchiveError
            A login fails.
        """
        from skyatlas.journeys import layout
        from skyatlas.journeys.fetch import fetch
        from skyatlas.journeys.making import made
        from skyatlas.journeys.progress import shown

        layout.check(how.get("layout", layout.PLAIN))
        todo = self.plan(what, ask)
        for name in dict.fromkeys(product.archive for product in todo.products if product.archive):
            self._sign_in_if_known(self.roster.archive(name))
        progress = how.pop("progress", True)
        with shown(len(todo.products) if progress is True else 0) as bar:
            hears = bar if progress is True else progress or None

            def bring(plan: Plan, place: Path) -> Fetched:
                return fetch(plan, place, self.roster.archive, self.street, progress=hears, **how)

            more = {name: how[name] for name in ("check", "stop") if name in how}
            done = made(todo, Path(folder), bring, self.door, **more)
        how["progress"] = progress
        how.pop("stop", None)  # it may be set by now
        return replace(
            done,
            again=lambda products: self.fetch(
                replace(todo, products=tuple(products)), folder, **how
            ),
        )

    def cutout(
        self,
        what: object,
        folder: str | Path = ".",
        *,
        size: object,
        survey: str | Iterable[str] | None = None,
        bands: str | None = None,
        how: Mapping[str, Any] | None = None,
        **wanted: Any,
    ) -> Fetched:
        """Bring home pieces of images and cubes; only the pieces come, or what they are made of.

        Parameters
        ----------
        what
            A target (or several) as in `search`, or Observations.
        folder
            Made where it is missing.
        size
            Full width of a piece, "1 arcmin" or a Quantity; or width and height: "10 x 5 arcmin".
        survey
            "sdss", "ps1", "DSS2 Red" … (`surveys`), or several: an image of each target from each.
        bands
            "gri" or "J,Ks": without `survey`, one image of each target in each band, from whoever
            has it: archives that cut, then surveys, then ranges of remote files, then SkyView.
        how
            What `fetch` takes: progress, stop, check.
        wanted
            With `survey` or `bands`: `pixels` (columns, rows), `projection`, `sampler` (of surveys
            that resample anyway), `whole` (True: the whole images that touch the piece),
            `picture` (True: a colour JPEG of three bands). Without: `square` (True: ask for a
            square, not for a circle), `archives` and the filters of `search`; without `kind` images
            and cubes, without `calib_level` no raw frames, without `radius` what touches the piece.
            `band` also cuts cubes.

        Returns
        -------
        Fetched
            What has no piece is in `.notes`; a whole file never comes in a piece's place. The
            receipts say where the pixels are from, and whether they are original or resampled.

        Raises
        ------
        BadInput
            The words make no sense, or an observation has no target.
        """
        todo, _ = self.cutouts(what, folder, size=size, survey=survey, bands=bands, **wanted)
        return self.settled(self.fetch(todo, folder, **(how or {})))

    def cutouts(
        self,
        what: object,
        folder: str | Path = ".",
        *,
        size: object,
        survey: str | Iterable[str] | None = None,
        bands: str | None = None,
        **wanted: Any,
    ) -> tuple[Plan, Observations | None]:
        """What `cutout` would fetch into the folder, and the search before it where there was one.

        `jobs` (False): no service is asked to cut in a job.
        """
        from skyatlas import library
        from skyatlas.journeys import routes

        shelf = library.Shelf(Path(folder))
        made_up = self.settings.sandbox is not None
        means = routes.Means(
            targets=lambda words: [one.target for one in self.query(words) if one.target],
            search=self.search,
            archives=self.archives,
            archive=self.roster.archive,
            door=self.door,
            known=lambda key: shelf.find(key, made_up=made_up),
        )
        return routes.plan(means, what, size=size, survey=survey, bands=bands, **wanted)

    def settled(self, done: Fetched) -> Fetched:
        """What `cutout` fetched, with images of nothing told as what they are: no failures."""
        from skyatlas.journeys.nothing import settled

        return settled(done, self.roster.archive, lambda plan, place: self.fetch(plan, place))

    def surveys(self, words: str = "", **filters: Any) -> list[Survey]:
        """The surveys of images that `cutout` knows, by words in their names and titles.

        `filters` are `archives`, `waveband` ("optical", "x-ray" …) and `band` ("K", "500nm").
        """
        from skyatlas.journeys.surveys import listed

        chosen = self.archives(filters.pop("archives", None))
        return listed(chosen, words, memory=self.door.memory, **filters)

    def lightcurve(
        self,
        target: object,
        folder: str | Path = ".",
        *,
        tesscut: int | None = None,
        how: Mapping[str, Any] | None = None,
        **wanted: Any,
    ) -> Curves:
        """Bring home the light curves of stars from TESS, Kepler and K2: the sensible ones first.

        Parameters
        ----------
        target
            "TIC 261136679", "KIC 11904151", "EPIC 201912552", a name or a position; or a list.
        folder
            Made where it is missing.
        tesscut
            Of targets without a light curve, cut so many pixels (width and height) of TESS's full
            frames.
        how
            What `fetch` takes: progress, stop, check, layout.
        wanted
            `mission` ("TESS", "Kepler", "K2"), `author` ("SPOC", "QLP" … in that order where not
            given: see `journeys.curve_choice.AUTHORS`), `cadence` ("120", "20s", "long"),
            `sector`, `quarter`, `campaign` ("1,4,8..11"), `every` (True: all authors and
            cadences), `pixels` (True: target pixel files).

        Returns
        -------
        Curves
            `.found` are the rows, `.fetched` the files, `.read()` opens them.

        Raises
        ------
        BadInput
            The words make no sense, or no name is known.
        """
        from skyatlas.journeys import curve_choice, lightcurve

        wish = curve_choice.wanted(wanted)
        found = self.lightcurves(target, wish)
        done = self.fetch(self.curves_plan(found, wish, tesscut), folder, **(how or {}))
        return lightcurve.Curves(found, done)

    def lightcurves(self, target: object, wish: Wanted) -> Observations:
        """The rows of `lightcurve`, nothing fetched."""
        from skyatlas import questions
        from skyatlas.journeys import lightcurve
        from skyatlas.journeys.search import search

        def ask(queries: Sequence[Query]) -> Observations:
            who = [self.roster.archive(lightcurve.ARCHIVE)]
            return search(queries, who, self.door, sign_in=self._sign_in_if_known)

        return lightcurve.find(questions.listed(target), wish, self.resolve, ask)

    def curves_plan(self, found: Observations, wish: Wanted, tesscut: int | None = None) -> Plan:
        """The files of `lightcurve`, nothing fetched."""
        from skyatlas.journeys import lightcurve

        todo = lightcurve.in_quarters(self.plan(found, lightcurve.ask_for(wish)), wish)
        todo = replace(todo, manifested=True)
        if tesscut is None:
            return todo
        stars = lightcurve.without(found)
        products, notes = lightcurve.cut_out(stars, wish, self.resolve, self.door, tesscut)
        return replace(todo, products=(*todo.products, *products), notes=(*todo.notes, *notes))

    def verify(
        self,
        folder: str | Path,
        *,
        remote: bool = False,
        repair: bool = False,
        progress: VerifyProgress | None = None,
    ) -> Verified:
        """Read every file of a folder, and below, again and compare it with its receipt.

        With `remote` the archives are asked whether they have other files by now; with `repair`
        what is damaged or missing is fetched again. Raises ArchiveError where a login fails.
        """
        from skyatlas.journeys.compare import compared
        from skyatlas.journeys.repair import repaired
        from skyatlas.journeys.verify import verify

        found = verify(Path(folder), progress=progress)
        if remote:
            names = {one.receipt.product.archive for one in found.findings if one.receipt}
            for name in sorted(names & set(registry.names())):
                self._sign_in_if_known(self.roster.archive(name))
            found = compared(found, self.door)
        if repair:
            found = repaired(found, self.fetch, made_up=self.settings.sandbox is not None)
        return found

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
        chosen = self.roster.archive(archive)
        return self._accounts.login(chosen, self.door, username, password, prompt=prompt, save=save)

    def logout(self, archive: str) -> bool:
        """Forget the token and the saved password; False where none was saved."""
        return self._accounts.logout(self.roster.archive(archive), self.door)

    def whoami(self, archive: str) -> tuple[str, str] | None:
        """(name there, where the password or token is kept), or None where no login is known."""
        return self._accounts.whoami(self.roster.archive(archive), self.door)

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
        if not self.settings.offline:
            self._accounts.sign_in_if_known(archive, self.door)
