"""This file holds the answer to a question: one ObsCore table, and one report per archive asked.

Invariant: an archive that failed, or cut its answer, is in the reports; the answer never looks
complete when it is not known to be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from skyatlas.errors import ArchiveError, BadInput, Broken, IncompleteAnswer
from skyatlas.model import Interval, Note, Query, Report, Target, Why

if TYPE_CHECKING:
    from pathlib import Path

    from astropy.table import Table

    from skyatlas.samp import Sent

SHOWN = (
    "target",
    "archive",
    "instrument_name",
    "dataproduct_type",
    "calib_level",
    "target_name",
    "proposal_id",
    "t_min",
    "t_exptime",
    "em_min",
    "em_max",
    "distance",
    "access_estsize",
    "obs_release_date",
    "obs_id",
)
"""Columns that people see first; all others are in `.table`."""
REGISTRY = "registry"
"""What reports call the registry that named the other archives."""
_IN_ONE_LINE = 6
"""Archives that the line on completeness tells of one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class Observations:
    """What the archives answered; printed, it shows the table and ends with one line on it."""

    table: Table
    """astropy Table under ObsCore's own names; one row per observation and target."""
    reports: tuple[Report, ...] = ()
    queries: tuple[Query, ...] = ()

    @property
    def complete(self) -> bool | None:
        """True: all archives gave all. False: something is missing. None: it cannot be known."""
        states = [report.complete for report in self.reports]
        if False in states:
            return False
        return None if None in states else True

    @property
    def answered(self) -> bool:
        """Whether every archive gave all that it was asked for (a caller's limit is no fault)."""
        return all(report.answered for report in self.reports)

    @property
    def failures(self) -> tuple[Report, ...]:
        """Reports of the archives that did not answer."""
        return tuple(report for report in self.reports if report.error is not None)

    def require_complete(self) -> Observations:
        """Return self; raise IncompleteAnswer unless `complete` is True."""
        if self.complete is not True:
            raise IncompleteAnswer(self.completeness)
        return self

    @property
    def completeness(self) -> str:
        """One line that says what was asked, what answered, and what is missing."""
        return completeness_line(self.reports)

    @property
    def standings(self) -> tuple[str, ...]:
        """What each archive gave, or why it gave nothing: a line each, where there are too many
        for the one line of `completeness`.
        """
        if len(self.reports) <= _IN_ONE_LINE:
            return ()
        return tuple(_said_of(report) for report in self.reports)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Everything that the archives' reports want the caller to know, a sentence each."""
        return tuple(
            f"{report.archive}: {note.text}" for report in self.reports for note in report.notes
        )

    def __len__(self) -> int:
        return len(self.table)

    def __getitem__(self, key: Any) -> Any:
        """A column by name; or the observations of a slice, a mask, or row numbers."""
        if isinstance(key, str):
            return self.table[key]
        if isinstance(key, int):
            return self.table[key]
        return Observations(self.table[key], self.reports, self.queries)

    def where(self, **equal: Any) -> Observations:
        """The observations whose columns have these values, for example `where(calib_level=2)`."""
        import numpy as np

        keep = np.ones(len(self.table), dtype=bool)
        for name, value in equal.items():
            if name not in self.table.colnames:
                raise BadInput(f"no column {name!r}; there are: {', '.join(self.table.colnames)}")
            keep &= np.ma.filled(np.ma.asarray(self.table[name]) == value, fill_value=False)
        return Observations(self.table[keep], self.reports, self.queries)

    def __str__(self) -> str:
        shown = [name for name in SHOWN if name in self.table.colnames]
        lines = self.table[shown].pformat(max_lines=25, max_width=160) if len(self) else []
        return "\n".join((*lines, *self.standings, *self.remarks, self.completeness))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        shown = [name for name in SHOWN if name in self.table.colnames]
        table = self.table[shown]._repr_html_() if len(self) else ""
        said_of = "<br>".join(
            escape(text) for text in (*self.standings, *self.remarks, self.completeness)
        )
        return f"{table}<p>{said_of}</p>"

    def by_archive(self) -> Mapping[str, Table]:
        """The rows of each archive, in the order in which the archives first appear."""
        import numpy as np

        names = [str(name) for name in np.ma.filled(self.table["archive"], "").tolist()]
        return {
            name: self.table[[index for index, other in enumerate(names) if other == name]]
            for name in dict.fromkeys(names)
        }

    def broadcast(self, to: str | None = None, *, cache: Path | None = None) -> Sent:
        """Send the table to the desktop tools that run: see `skyatlas.samp.send` for `to`, errors.

        It goes as a VOTable, from the folder `cache` (None: the user's).
        """
        from skyatlas.samp import files, send

        asked = dict.fromkeys(one.target.asked for one in self.queries if one.target is not None)
        name = ", ".join(list(asked)[:3]) or "observations"
        path = files.of_table(self.table, name, cache)
        return send("table", path, name, to=to)

    def to_json(self) -> dict[str, Any]:
        """The saved search: plain values, NULLs left out. `from_json` reads it back."""
        from skyatlas.obscore import plain_values

        names = [name for name in self.table.colnames if name != "query"]
        columns = [plain_values(self.table[name]) for name in names]
        return {
            "query": [_query_json(query) for query in self.queries],
            "observations": [
                {name: v for name, v in zip(names, row, strict=True) if v is not None}
                for row in zip(*columns, strict=True)
            ],
            "reports": [report_json(report) for report in self.reports],
            "complete": self.complete,
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Observations:
        """Read what `to_json` wrote; BadInput where it is something else."""
        from astropy.table import Table

        from skyatlas.obscore import COLUMNS, conform

        try:
            rows = [dict(row) for row in saved["observations"]]
            reports = tuple(_report_of(report) for report in saved.get("reports", ()))
            queries = tuple(_query_of(query) for query in saved.get("query", ()))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(
                "this is not a saved search: it needs the keys observations, reports and query "
                "that `skyatlas search --format json` writes"
            ) from error
        schema = {column.name for column in COLUMNS}
        extra = sorted({name for row in rows for name in row} - schema)
        native = Table(
            {name: _column([row.get(name) for row in rows]) for name in (*schema, *extra)}
        )
        return cls(conform(native, {}, keep=extra), reports, queries)


def _column(values: Sequence[Any]) -> Any:
    import numpy as np

    mask = [value is None for value in values]
    plain: Any = np.array(values, dtype=object)
    if not all(mask):
        present = [value for value in values if value is not None]
        blank: Any = "" if isinstance(present[0], str) else 0
        plain = np.array([blank if value is None else value for value in values])
    return np.ma.MaskedArray(plain, mask=mask)


def completeness_line(reports: Sequence[Report]) -> str:
    """Say in one line what was asked, what answered in full, and what is missing."""
    if not reports:
        return "no archive was asked"
    states = [_state(report) for report in reports]
    counts = [f"{states.count(state)} {state}" for state in dict.fromkeys(states)]
    asked = f"{len(reports)} archive{'s' if len(reports) != 1 else ''} asked: {', '.join(counts)}"
    if len(reports) > _IN_ONE_LINE:
        rows = sum(report.rows for report in reports)
        return f"{asked}; {rows} row{'s' if rows != 1 else ''} in all"
    return "; ".join((asked, *(_said_of(report) for report in reports)))


def _state(report: Report) -> str:
    """One archive's standing, as it is counted in the completeness line."""
    if report.error is not None:
        return "failed"
    whys = {note.why for note in report.notes}
    for why, words in (
        (Why.TRUNCATED, "truncated"),
        (Why.UNANSWERED, "answered in part"),
        (Why.LIMITED, "cut at your limit"),
        (Why.HIDDEN, "complete for who is not logged in"),
    ):
        if why in whys:
            return words
    return "complete"


def _said_of(report: Report) -> str:
    if report.error is not None:
        words = str(report.error)
        who = "" if words.startswith(report.archive) else f"{report.archive}: "
        return f"{who}{words} (after {report.seconds:.1f} s)"
    if report.archive == REGISTRY:  # it names archives, and has no rows itself
        return f"{REGISTRY}: answered in {report.seconds:.1f} s"
    rows = f"{report.rows} row{'s' if report.rows != 1 else ''}"
    return f"{report.archive}: {rows} in {report.seconds:.1f} s"


def report_json(report: Report) -> dict[str, Any]:
    """One report as plain values."""
    error = report.error
    return {
        "archive": report.archive,
        "rows": report.rows,
        "seconds": round(report.seconds, 3),
        "complete": report.complete,
        "notes": [
            {"why": str(note.why), "text": note.text, "count": note.count} for note in report.notes
        ],
        "asked": list(report.asked),
        **({"mapping": dict(report.mapping)} if report.mapping else {}),
        "error": None
        if error is None
        else {
            "kind": type(error).__name__,
            "message": str(error),
            "again": error.again,
            "status": getattr(error, "status", None),
        },
    }


def _report_of(saved: Mapping[str, Any]) -> Report:
    error = saved.get("error")
    raised = None
    if error:
        kinds = {kind.__name__: kind for kind in _leaves(ArchiveError)}
        kind = kinds.get(error.get("kind", ""), Broken)
        raised = kind(error["message"], archive=saved["archive"], status=error.get("status"))
    notes = tuple(
        Note(Why(note["why"]), note["text"], note.get("count")) for note in saved.get("notes", ())
    )
    return Report(
        saved["archive"],
        saved["rows"],
        saved["seconds"],
        notes,
        raised,
        tuple(saved.get("asked", ())),
        dict(saved.get("mapping", {})),
    )


def _leaves(branch: type[ArchiveError]) -> list[type[ArchiveError]]:
    return [branch, *(leaf for kind in branch.__subclasses__() for leaf in _leaves(kind))]


def _query_json(query: Query) -> dict[str, Any]:
    """Only what was asked; a filter that was not given is left out."""
    plain: dict[str, Any] = {}
    for field in fields(query):
        value = getattr(query, field.name)
        if value in (None, (), frozenset(), False):
            continue
        if isinstance(value, Target):
            value = {
                "asked": value.asked,
                "ra": value.ra,
                "dec": value.dec,
                "name": value.name,
                "resolver": value.resolver,
                "said": value.said,
                "date": value.date,
                "ids": dict(value.ids),
            }
        elif isinstance(value, Interval):
            value = [value.low, value.high]
        elif isinstance(value, frozenset | tuple):
            value = sorted(value)
        plain[field.name] = value
    return plain


def _query_of(plain: Mapping[str, Any]) -> Query:
    values = dict(plain)
    if "target" in values:
        values["target"] = Target(**values["target"])
    for name in ("band", "time", "calib_level"):
        if name in values:
            values[name] = Interval(*values[name])
    for name in ("instruments", "programs", "collections"):
        if name in values:
            values[name] = tuple(values[name])
    if "parameters" in values:
        values["parameters"] = tuple((name, value) for name, value in values["parameters"])
    values["kinds"] = frozenset(values.get("kinds", ()))
    return Query(**values)
