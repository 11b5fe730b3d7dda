"""This file holds the command that brings files home: fetch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from skyatlas.cli.arguments import targets
from skyatlas.cli.options import Code, common, filters, say, session, verbosity

if TYPE_CHECKING:
    from skyatlas.journeys.fetch import Fetched, Plan, Progress, State
    from skyatlas.model import Failure, Receipt
    from skyatlas.observations import Observations
    from skyatlas.session import Session


@click.command(
    epilog="""\b
Examples:
  skyatlas fetch "NGC 1068" --instrument MUSE --limit 1 -o data
  skyatlas fetch mine.json -o data                (a search saved with --format json)
  skyatlas fetch "NGC 1068" --calib-level 0 --instrument FORS2 --calibrations raw -o night
  skyatlas fetch --urls list.txt -o data          (URL [name] [sha256:…] per line)
  skyatlas fetch jwst.json --only extension=i2d.fits --only calib_level=3 --layout mast -o data
"""
)
@click.argument("target", nargs=-1)
@click.option(
    "--urls", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE"
)
@filters
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=".",
              metavar="DIR", help="Folder for the files.  [here]")  # fmt: skip
@click.option("--calibrations", type=click.Choice(["raw", "processed"]),
              help="Also the calibrations that the archive associates.")  # fmt: skip
@click.option("--ancillary", is_flag=True, help="Also the files that come with a product.")
@click.option("--previews", is_flag=True, help="Also previews.")
@click.option("--progenitors", is_flag=True, help="Also the raw frames that products were made of.")
@click.option("--only", multiple=True, metavar="NAME=VALUE[,VALUE]",
              help="Only such files of all that the archive lists, by its own words: "
              "productSubGroupDescription=LC, extension=fits, calib_level=2..; * is anything, "
              "! in front is anything else.")  # fmt: skip
@click.option("--everything", is_flag=True,
              help="All files, not only those that the archive recommends.")  # fmt: skip
@click.option("--cloud/--no-cloud", default=None,
              help="Ask for copies in a cloud, as second sources.  [of few files]")  # fmt: skip
@click.option("--layout", default="plain", metavar="LAYOUT",
              help="plain, mast (mastDownload/…, with a manifest.csv), or a template: "
              "'{target}/{instrument}/{filename}'.  [plain]")  # fmt: skip
@click.option("--at-once", type=click.IntRange(1, 256), metavar="N",
              help="Files at once from hosts that are no archive of ours.  [4]")  # fmt: skip
@click.option("--bandwidth", metavar="RATE", help="At most so much per second: 5MB, 500kB.")
@click.option("--check", is_flag=True, help="Hash the files that are here before keeping them.")
@click.option("--dry-run", is_flag=True, help="Say what would be fetched, and how large it is.")
@click.option("--export", type=click.Choice(["aria2", "wget", "curl"]),
              help="Print a list for another tool instead of fetching.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="The outcome of every file as JSON.")
@common
def fetch(
    target: tuple[str, ...],
    urls: Path | None,
    output: Path,
    *,
    dry_run: bool,
    export: str | None,
    as_json: bool,
    **options: Any,
) -> int:
    """Bring home the files of TARGET (names, positions, or a search saved as JSON).

    A file under its final name is whole and verified; its receipt with the provenance stands
    beside it. Run it again after an interruption: what is there is kept, the rest goes on.
    """
    from skyatlas.journeys import layout
    from skyatlas.journeys.fetch import listed, outcome_json

    check, how, ask = options.pop("check"), options.pop("layout"), _ask(options)
    layout.check(how)
    with session(**_pace(options)) as fetching:
        found = None
        if urls is not None:
            todo = listed(urls.read_text(encoding="utf-8"))
        else:
            found = observations(fetching, target, options)
            todo = fetching.plan(found, ask)
        todo = layout.laid_out(todo, how)
        for note in todo.notes:
            say(f"note: {note.text}")
        if export is not None:
            _export(fetching, todo, export)
            return _code_of_search(found)
        if dry_run:
            show_plan(todo, as_json=as_json)
            return _code_of_search(found)
        done = fetched(fetching, todo, output, check=check, layout=how)
    if as_json:
        click.echo(json.dumps(outcome_json(done), indent=1, ensure_ascii=False))
    else:
        show(done)
    for note in done.notes[len(todo.notes) :]:
        say(f"note: {note.text}")
    summary(done)
    return code(done, found)


def _pace(options: dict[str, Any]) -> dict[str, Any]:
    """What is said about speed, as settings."""
    from skyatlas.model import size_of

    bandwidth = options.pop("bandwidth")
    return {
        "files_at_once": options.pop("at_once"),
        "bandwidth": None if bandwidth is None else float(size_of(bandwidth)),
    }


def _export(fetching: Session, todo: Plan, form: str) -> None:
    from skyatlas.journeys.export import exported

    click.echo(exported(todo, form, door=fetching.street), nl=False)  # type: ignore[arg-type]


def _ask(options: dict[str, Any]) -> Any:
    from skyatlas.archive import Ask

    return Ask(
        calibrations=options.pop("calibrations"),
        ancillary=options.pop("ancillary"),
        previews=options.pop("previews"),
        progenitors=options.pop("progenitors"),
        only=_only(options.pop("only")),
        everything=options.pop("everything"),
        cloud=options.pop("cloud"),
    )


def _only(texts: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """NAME=VALUE[,VALUE] as `Ask.only` has it; a name that comes again adds values."""
    from skyatlas.errors import BadInput

    chosen: dict[str, tuple[str, ...]] = {}
    for text in texts:
        name, _, words = text.partition("=")
        values = tuple(filter(None, map(str.strip, words.split(","))))
        if not name.strip() or not values:
            raise BadInput(f"--only {text!r} is not NAME=VALUE, such as calib_level=3")
        chosen[name.strip()] = (*chosen.get(name.strip(), ()), *values)
    return tuple(chosen.items())


def observations(
    fetching: Session, target: tuple[str, ...], filters: dict[str, Any]
) -> Observations:
    """What is to be fetched or cut: a saved search, or one that is made now."""
    from skyatlas.errors import BadInput

    saved = [word for word in target if word.endswith(".json") and Path(word).is_file()]
    if not saved:
        found = fetching.search(targets(target) or None, **filters)
        for line in (*found.standings, *found.remarks, found.completeness):
            say(line)
        return found
    if len(target) > 1:
        raise BadInput("give either one saved search or targets, not both")
    if any(value is not None for value in filters.values()):
        raise BadInput("a saved search is fetched as it is; filters belong to the search")
    return _saved(Path(saved[0]))


def _saved(path: Path) -> Observations:
    from skyatlas.errors import BadInput
    from skyatlas.observations import Observations

    try:
        return Observations.from_json(json.loads(path.read_text(encoding="utf-8")))
    except ValueError as error:
        raise BadInput(f"{path}: {error}") from error
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}") from error


def fetched(
    fetching: Session, todo: Plan, output: Path, *, check: bool, layout: str = "plain"
) -> Fetched:
    """Fetch, with a bar on a terminal, and a line for each file with -v."""
    from skyatlas.journeys.progress import shown

    level = verbosity()
    with shown(len(todo.products) if level >= 0 else 0, each=level > 0) as bar:
        progress = _Told(bar) if level > 0 else bar or False
        return fetching.fetch(todo, output, progress=progress, check=check, layout=layout)


class _Told:
    """With -v: a line for each file that is done with, besides the bar."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar

    def at(self, state: State) -> None:
        """So far we are."""
        if self._bar is not None:
            self._bar.at(state)

    def end(self, outcome: Receipt | Failure) -> None:
        """A file is done with."""
        if self._bar is not None:
            self._bar.end(outcome)
        if outcome.status not in ("refused", "failed"):
            say(f"{outcome.status} {getattr(outcome, 'path', '')}")


def show_plan(todo: Plan, *, as_json: bool) -> None:
    """Say what would be fetched, and how large it is."""
    from skyatlas.cli.tables import print_table
    from skyatlas.model import size_text

    if as_json:
        files = [
            {"url": p.url, "size": p.size, "archive": p.archive, "obs_id": p.obs_id,
             "target": p.target, "semantics": p.semantics, "category": p.category}
            for p in todo.products
        ]  # fmt: skip
        click.echo(json.dumps({"files": files, "size": todo.size}, indent=1, ensure_ascii=False))
        return
    if todo.products:
        print_table(
            [
                ("size", [size_text(p.size) if p.size is not None else "?" for p in todo.products]),
                ("what", [p.category or p.semantics for p in todo.products]),
                ("from", [p.url for p in todo.products]),
            ]
        )
    unknown = f", {todo.unsized} of unknown size" if todo.unsized else ""
    count = f"{len(todo.products)} file{'s' if len(todo.products) != 1 else ''}"
    say(f"{count}, {size_text(todo.size)}{unknown}; --dry-run: nothing fetched")


def show(done: Fetched) -> None:
    """One line per file on stdout: the path to open."""
    for receipt in done.receipts:
        click.echo(str(receipt.readable))


def summary(done: Fetched) -> None:
    """Talk: what failed and why, how much came, whom to acknowledge."""
    from skyatlas.model import size_text

    for failure in done.failures:
        click.echo(f"{failure.status}: {failure.product.url}: {failure.error}", err=True)
    size = sum(receipt.size for receipt in done.receipts)
    counts = [
        f"{sum(r.status == status for r in done.receipts)} {status}"
        for status in ("fetched", "resumed", "kept")
        if any(r.status == status for r in done.receipts)
    ]
    if done.failures:
        counts.append(f"{len(done.failures)} not")
    say(f"{', '.join(counts) or 'no files'}: {size_text(size)} in {done.folder}")
    for text in done.acknowledgements.values():
        say(f"to acknowledge: {text}")


def _code_of_search(found: Observations | None) -> int:
    from skyatlas.cli.asking import code_of

    return Code.DONE if found is None else code_of(found)


def code(done: Fetched, found: Observations | None) -> int:
    """The exit code of what was fetched, and of the search before it."""
    if done.failures:
        only_logins = all(failure.needs_login for failure in done.failures)
        return Code.LOGIN if only_logins else Code.SOME_FAILED
    if not done.complete:
        return Code.INCOMPLETE
    return _code_of_search(found)
