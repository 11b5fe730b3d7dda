"""This file answers as SkyView: the form, images by `runquery.pl`, and files that soon are gone.

Invariant: an error is a page with status 200, as SkyView has no other word for it. The one 404 is
that of a temporary file (astroquery's issue 572: that of SDSS for a place it has not looked at).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from itertools import count

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from skyatlas.sandbox import skyview_image, skyview_pages, skyview_sia
from skyatlas.sandbox.asked import Asked
from skyatlas.sandbox.skyview_wanted import NoSense, Wanted, setting, wanted
from skyatlas.sandbox.state import State

KEPT = 60
"""Temporary images that are kept; an older one is gone."""
_FITS = {"fits", "batch"}
_JPEG = {"jpg", "jpeg"}


class SkyView:
    """One sandbox's SkyView, for as long as it runs. Safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = count(6_724_208_473_423)
        self._files: OrderedDict[str, Wanted] = OrderedDict()

    def form(self, _state: State, _asked: Asked) -> Response:
        """`/current/cgi/basicform.pl`: the form that astroquery reads."""
        return HTMLResponse(skyview_pages.form())

    def query(self, state: State, asked: Asked) -> Response:
        """`/current/cgi/runquery.pl`: the image itself where `Return` asks for it, else a page."""
        try:
            images = wanted(asked, state.world.objects)
        except NoSense as error:
            return HTMLResponse(skyview_pages.error(str(error)))
        kind = setting(asked, "return").lower()
        if kind in ("", "simple") or len(images) > 1:
            return self._page(images)
        if kind not in _FITS | _JPEG:
            return HTMLResponse(skyview_pages.error(f"Invalid return setting:{kind}"))
        stem = f"skv{next(self._numbers)}"
        return _sent(state, asked, images[0], stem, "fits" if kind in _FITS else "jpg")

    def _page(self, images: list[Wanted]) -> Response:
        number, found = next(self._numbers), []
        for place, want in enumerate(images, start=1):
            missing = want.survey.outside == "page" and not skyview_image.seen(want).any()
            found.append((want, "" if missing else f"skv{number}_{place}"))
        with self._lock:
            self._files |= {name: want for want, name in found if name}
            while len(self._files) > KEPT:
                self._files.popitem(last=False)
        return HTMLResponse(skyview_pages.results(found))

    def file(self, state: State, asked: Asked, name: str) -> Response:
        """`/tempspace/fits/skvNNN_k.fits`, or .jpg: for a while only."""
        stem, _, kind = name.rpartition(".")
        with self._lock:
            want = self._files.get(stem)
        if want is None or kind not in ("fits", "jpg") or asked.fault("gone") is not None:
            return _missing()
        return _sent(state, asked, want, stem, kind)


def _sent(state: State, asked: Asked, want: Wanted, stem: str, kind: str) -> Response:
    flags = skyview_image.seen(want)
    if not flags.any() and want.survey.outside == "404":
        return _missing()
    if not flags.any() and want.survey.outside == "page":
        return HTMLResponse(skyview_pages.error(skyview_pages.no_candidates(want)))
    if asked.fault("blank") is not None:
        flags[:] = False
    pixels = skyview_image.image(want, flags, state.world.seed)
    if kind == "jpg":
        return Response(skyview_image.jpeg_file(pixels), media_type="image/jpeg")
    body = skyview_image.fits_file(want, pixels)
    said = {"Content-Disposition": f"attachment; filename={stem}.fits"}
    return Response(body, media_type="image/fits", headers=said)


def _missing() -> Response:
    return PlainTextResponse("The requested URL was not found on this server.\n", 404)


def routes(_state: State) -> dict[str, Callable[..., Response]]:
    """Handlers that take the state and the request, by path: "/HOST/PATH"."""
    site, service = "/skyview.gsfc.nasa.gov", SkyView()
    return {
        f"{site}/current/cgi/basicform.pl": service.form,
        f"{site}/current/cgi/runquery.pl": service.query,
        f"{site}/current/cgi/vo/sia.pl": skyview_sia.query,
        f"{site}/tempspace/fits/{{name}}": service.file,
    }
