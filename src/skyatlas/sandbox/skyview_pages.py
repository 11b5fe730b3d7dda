"""This file writes SkyView's pages: the form, the page of results, and the page of an error.

The fields of the form and the wording of the links are those of the pages that astroquery recorded
(query_page.html, results.html); whoever scrapes them finds the same here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby

from skyatlas.sandbox.skyview_surveys import surveys
from skyatlas.sandbox.skyview_wanted import COORDINATES, PROJECTIONS, SCALINGS, Wanted

_RESOLVERS = ("NED only", "SIMBAD only", "NED-SIMBAD", "SIMBAD-NED")
_SAMPLERS = (("_skip_", "Default (usually NN)"), ("LI", "Bi-linear (LI)"), ("Lanczos3", "Lanczos3"),
             ("Spline", "Spline3"), ("Clip", "Clip"))  # fmt: skip
_DEEDGERS = (("_skip_", "Survey default"), ("skyview.process.Deedger", "Yes"), ("null", "No"))


def form() -> str:
    """The query form without JavaScript: what `basicform.pl` answers."""
    groups = groupby(surveys().values(), key=lambda survey: survey.group)
    boxes = "".join(
        f"<p><label for='{group}'>{group}</label><br>\n"
        f"<select multiple size=7 NAME='survey' id='{group}'>\n"
        f"{''.join(f'<option>{escape(one.name)}</option>' for one in members)}</select></p>\n"
        for group, members in groups
    )
    overlays = "".join(
        f"<select NAME='survey' id='overlay_{colour}'><option selected value='_skip_'>None</option>"
        "</select>\n"
        for colour in ("red", "green", "blue")
    )
    return _page(
        "SkyView Query Form",
        '<form name="query" action="runquery.pl" method="GET">\n'
        '<input type="submit" value="Submit"> <input type="reset" value="Reset">\n'
        '<p>Coordinates or source: <input name="Position" size=30 id="object"></p>\n'
        f"<h2>Surveys</h2>\n{boxes}<h2>Options</h2>\n"
        f"{_select('coordinates', [(one, one) for one in COORDINATES], 'J2000')}"
        "<input type='text' name='coordinates' value='' size=6>\n"
        f"{_select('projection', [(one, one) for one in PROJECTIONS], 'Tan')}"
        "<input type='text' name='pixels' Value='300' size=11>\n"
        "<input type='text' name='size' size=10>\n"
        "<input type=checkbox name='float' id='float' checked> 4-byte floating point values\n"
        f"{_select('scaling', [(one, one) for one in SCALINGS], 'Log')}"
        f"{_select('resolver', [(one, one) for one in _RESOLVERS], 'SIMBAD-NED')}"
        f"{_select('Sampler', _SAMPLERS, '_skip_')}{_select('Deedger', _DEEDGERS, '_skip_')}"
        "<input type='radio' name='lut' value='colortables/b-w-linear.bin' checked> Black & white\n"
        f"{overlays}</form>\n",
    )


def _select(name: str, options: Iterable[tuple[str, str]], chosen: str) -> str:
    inside = "".join(
        f"<option{' selected' * (value == chosen)} value='{value}'>{text}</option>"
        for value, text in options
    )
    return f"<select name='{name}'>{inside}</select>\n"


def results(found: Sequence[tuple[Wanted, str]]) -> str:
    """The page of a request: each image with the name of its file, or "" where there is none."""
    blocks = (_result(number, *one) for number, one in enumerate(found, start=1))
    return _page("SkyView images", "".join(blocks))


def _result(number: int, want: Wanted, name: str) -> str:
    title = f"<h2 id=survey{number}>{escape(want.survey.name)}</h2>\n"
    if not name:
        return f"{title}<p><b>Error</b>: {escape(no_candidates(want))}</p>\n"
    (width, height), (columns, rows) = want.size, want.pixels
    link = f"../../tempspace/fits/{name}"
    return (
        f"{title}<img alt='Quicklook image' src='{link}.jpg'>\n"
        f"<span>Download <a href={link}.fits>FITS</a> or "
        f"<a href={link}.jpg>quick look jpeg </a> image.</span>\n"
        f"<table><tr><th>Image size(degrees):</th><td>{width} x {height}</td></tr>\n"
        f"<tr><th>Image size(pixels):</th><td>{columns} x {rows}</td></tr>\n"
        f"<tr><th>Requested Center:</th><td>{escape(want.position)}</td></tr>\n"
        f"<tr><th>Coordinate System:</th><td>{want.coordinates}</td></tr>\n"
        f"<tr><th>Map projection:</th><td>{want.projection}</td></tr></table>\n"
    )


def no_candidates(want: Wanted) -> str:
    """SkyView's words for a place that a survey has not looked at."""
    return (
        f"Survey: {want.survey.name} No candidate images were found in the region.  "
        "Position may be outside the coverage area."
    )


def error(reason: str) -> str:
    """The page that stands for every error; it comes with status 200."""
    return _page(
        "SkyView images",
        "<h2> Exception encountered</h2>\n"
        f"An irrecoverable error terminated the request.<p>Reason: {escape(reason)}<p>\n",
    )


def _page(title: str, body: str) -> str:
    head = f"<html>\n<head><title>{title}</title></head>\n"
    return f"{head}<body>\n<h1>{title}</h1>\n{body}</body></html>\n"
