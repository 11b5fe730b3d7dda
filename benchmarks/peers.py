"""This file holds the peers: how each of them is asked, at its best, to bring a list of files home.

    python benchmarks/peers.py NAME AT_ONCE LIST FOLDER       (what transfer.py runs)

LIST is a file with one URL a line. Invariant: a peer is used through what it publishes, silent,
with the settings that its own documentation offers; an empty list costs what its start costs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PIECE = 1024 * 1024
"""Bytes that the peers are given to write at once, where they let us choose."""


def name_of(url: str) -> str:
    """The last word of a URL."""
    return url.rpartition("/")[2]


class BarePycurl:
    """libcurl's multi interface on epoll, bytes written as they come: what can be had in Python.

    Nothing is checked: not the length, not the status. This is a floor, not a downloader. Next to
    `CurlMulti.select` it takes the same time at 16 connections and two thirds at 64; a receive
    buffer of 256 KiB instead of 16 saves about a fifth of the processor time.
    """

    BUFFER = 256 * 1024

    def __init__(self, urls: list[str], folder: Path, at_once: int) -> None:
        import select
        import time

        import pycurl

        self.select, self.curl, self.now = select, pycurl, time.monotonic
        self.todo = iter(urls)
        self.folder = folder
        self.epoll = select.epoll()
        self.known: set[int] = set()
        self.due: float | None = None
        self.multi = pycurl.CurlMulti()
        self.multi.setopt(pycurl.M_SOCKETFUNCTION, self.watch)
        self.multi.setopt(pycurl.M_TIMERFUNCTION, self.set_timer)
        self.multi.setopt(pycurl.M_MAXCONNECTS, at_once)
        self.files: dict[Any, Any] = {}
        for _ in range(min(at_once, len(urls))):
            easy = pycurl.Curl()
            easy.setopt(pycurl.NOSIGNAL, 1)
            easy.setopt(pycurl.BUFFERSIZE, self.BUFFER)
            self.start(easy)

    def start(self, easy: Any) -> None:
        """Give the handle the next URL, if there is one."""
        if url := next(self.todo, None):
            file = (self.folder / name_of(url)).open("wb", buffering=0)
            self.files[easy] = file
            easy.setopt(self.curl.URL, url)
            easy.setopt(self.curl.WRITEFUNCTION, file.write)
            self.multi.add_handle(easy)

    def watch(self, what: int, socket: int, _multi: object, _data: object) -> None:
        """libcurl's wish which sockets are watched."""
        if what == self.curl.POLL_REMOVE:
            if socket in self.known:
                self.known.remove(socket)
                self.epoll.unregister(socket)
            return
        wanted = self.select.EPOLLIN * bool(what & self.curl.POLL_IN)
        wanted |= self.select.EPOLLOUT * bool(what & self.curl.POLL_OUT)
        (self.epoll.modify if socket in self.known else self.epoll.register)(socket, wanted)
        self.known.add(socket)

    def set_timer(self, milliseconds: int) -> None:
        """libcurl's wish when to be called at the latest."""
        self.due = None if milliseconds < 0 else self.now() + milliseconds / 1e3

    def run(self) -> None:
        """Until nothing is under way."""
        while self.files:
            wait = -1 if self.due is None else max(0.0, self.due - self.now())
            for socket, event in self.epoll.poll(wait):
                ready = self.curl.CSELECT_IN * bool(event & ~self.select.EPOLLOUT)
                ready |= self.curl.CSELECT_OUT * bool(event & self.select.EPOLLOUT)
                self.multi.socket_action(socket, ready)
            if self.due is not None and self.due <= self.now():
                self.due = None
                self.multi.socket_action(self.curl.SOCKET_TIMEOUT, 0)
            self.reap()

    def reap(self) -> None:
        """Close the files that are done, and start the next on the same handles."""
        left = 1
        while left:
            left, done, failed = self.multi.info_read()
            if failed:
                sys.exit(f"pycurl: {failed[0][2]}")
            for easy in done:
                self.multi.remove_handle(easy)
                self.files.pop(easy).close()
                self.start(easy)


def bare_pycurl(urls: list[str], folder: Path, at_once: int) -> None:
    BarePycurl(urls, folder, at_once).run()


def requests_threads(urls: list[str], folder: Path, at_once: int) -> None:
    """What people write who know requests: threads, one session with a pool as large."""
    from concurrent.futures import ThreadPoolExecutor

    import requests

    session = requests.Session()
    session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=at_once))

    def bring(url: str) -> None:
        with session.get(url, stream=True, timeout=60) as answer:
            answer.raise_for_status()
            with (folder / name_of(url)).open("wb") as file:
                for piece in answer.iter_content(PIECE):
                    file.write(piece)

    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(bring, urls))


def _parfive(urls: list[str], folder: Path, **settings: int) -> None:
    from parfive import Downloader

    downloader = Downloader(progress=False, **settings)
    for url in urls:
        downloader.enqueue_file(url, path=folder)
    if urls and (errors := downloader.download().errors):
        sys.exit(f"parfive: {errors[0]}")


def parfive_default(urls: list[str], folder: Path, _: int) -> None:
    _parfive(urls, folder)


def parfive_files(urls: list[str], folder: Path, at_once: int) -> None:
    """So many files at once, each over one connection."""
    _parfive(urls, folder, max_conn=at_once, max_splits=1)


def parfive_splits(urls: list[str], folder: Path, at_once: int) -> None:
    """Each file over so many connections."""
    _parfive(urls, folder, max_splits=at_once)


def astropy_one_by_one(urls: list[str], folder: Path, _: int) -> None:
    from astropy.utils.data import download_file

    for url in urls:
        Path(download_file(url, cache=False, show_progress=False)).rename(folder / name_of(url))


def astropy_in_parallel(urls: list[str], folder: Path, _: int) -> None:
    """It cannot do without astropy's cache: ours is in the folder, and the files are moved out."""
    from astropy.config import set_temp_cache
    from astropy.utils.data import download_files_in_parallel

    cache = folder / ".astropy"
    cache.mkdir()
    with set_temp_cache(cache):
        if urls:
            files = download_files_in_parallel(urls, show_progress=False)
            for url, file in zip(urls, files, strict=True):
                Path(file).rename(folder / name_of(url))


def astroquery_loop(urls: list[str], folder: Path, _: int) -> None:
    """What every `download_products` of astroquery ends in."""
    from astroquery.query import BaseQuery

    class Query(BaseQuery):
        pass

    query = Query()
    for url in urls:
        query._download_file(url, str(folder / name_of(url)), verbose=False)


def skyatlas_python(urls: list[str], folder: Path, at_once: int) -> None:
    """Ours, from Python."""
    import inspect

    import skyatlas

    told = {"at_once": at_once}
    if "at_once" not in inspect.signature(skyatlas.Session.fetch).parameters:
        told = {}
    if urls and not skyatlas.fetch(urls, folder, **told).complete:
        sys.exit("skyatlas: not complete")


IN_PYTHON: dict[str, Callable[[list[str], Path, int], None]] = {
    "pycurl": bare_pycurl,
    "requests": requests_threads,
    "parfive-default": parfive_default,
    "parfive-files": parfive_files,
    "parfive-splits": parfive_splits,
    "astropy": astropy_one_by_one,
    "astropy-parallel": astropy_in_parallel,
    "astroquery": astroquery_loop,
    "skyatlas": skyatlas_python,
}


def main() -> None:
    """Run one of them."""
    name, at_once, listed, folder = sys.argv[1:]
    IN_PYTHON[name](Path(listed).read_text().split(), Path(folder), int(at_once))


if __name__ == "__main__":
    main()
