"""This file counts what it takes to know the light curves of 1,000 stars: questions and seconds.

    python benchmarks/targets.py                    (1,000 stars; astroquery asks for 100 of them)
    python benchmarks/targets.py --targets 200 --peer 50
    python benchmarks/targets.py --delay 0.03       (each answer takes 30 ms to come)

At the sandbox's MAST, on loopback. Both find out which observations there are of each star, and
which files each has with their sizes; nothing is downloaded. The questions are those that the
sandbox saw.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence

from skyatlas.sandbox import Sandbox
from skyatlas.session import Session
from skyatlas.settings import Settings

FIRST = 900_000_001
"""The number of the first star of the sandbox's crowd."""


def by_number(box: Sandbox, names: Sequence[str]) -> dict[str, int]:
    """Files per star with skyatlas, by TIC number."""
    from skyatlas.journeys.curve_choice import Wanted

    with Session(Settings(sandbox=box.url)) as atlas:
        found = atlas.lightcurves(list(names), Wanted())
        todo = atlas.curves_plan(found, Wanted())
    assert found.complete is True, found.completeness
    return Counter(product.target for product in todo.products)


def by_place(box: Sandbox, names: Sequence[str]) -> dict[str, int]:
    """Files per star with skyatlas, by position."""
    from skyatlas.journeys.curve_choice import Wanted
    from skyatlas.sandbox.mast_holdings import observations

    rows = {str(one.row["target_name"]): one.row for one in observations(1).values()}
    places = []
    for name in names:
        row = rows[name.removeprefix("TIC ")]
        places.append(f"{row['s_ra']!r} {row['s_dec']!r}")
    with Session(Settings(sandbox=box.url)) as atlas:
        found = atlas.lightcurves(places, Wanted())
        todo = atlas.curves_plan(found, Wanted())
    assert found.complete is True, found.completeness
    return Counter(product.target for product in todo.products)


def astroquery(box: Sandbox, names: Sequence[str]) -> dict[str, int]:
    """Files per star with astroquery.mast, as its own notebooks loop."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from astroquery.mast import ObservationsClass, conf
        from astroquery.mast.discovery_portal import PortalAPI

        conf.server = f"{box.url}/mast.stsci.edu"
        conf.enable_cloud_dataset = False
        PortalAPI.MAST_REQUEST_URL = f"{conf.server}/api/v0/invoke"
        PortalAPI.COLUMNS_CONFIG_URL = f"{conf.server}/portal/Mashup/Mashup.asmx/columnsconfig"
        mast = ObservationsClass()
        files: dict[str, int] = {}
        for name in names:
            rows = mast.query_criteria(
                target_name=name.removeprefix("TIC "), project="TESS", dataproduct_type="timeseries"
            )
            products = mast.get_product_list(rows)
            wanted = mast.filter_products(products, extension="lc.fits")
            files[name] = len(wanted)
    return files


def run(
    what: str, work: Callable[[Sandbox, Sequence[str]], dict[str, int]], names: Sequence[str],
    delay: float,
) -> tuple[float, float]:  # fmt: skip
    """Print one line; questions and seconds per star."""
    with Sandbox() as box:
        if delay:
            box.fault(f"slow={delay}", "mast.stsci.edu")
        work(box, names[:1])  # what is loaded and made at first use does not count
        before = len(box.requests)
        began = time.perf_counter()
        files = work(box, names)
        seconds = time.perf_counter() - began
        asked = len(box.requests) - before
    print(
        f"{what:<28}{len(names):>8} stars {asked:>8} questions {seconds:>9.1f} s"
        f" {sum(files.values()):>8} files of {sum(1 for n in files.values() if n)} stars"
    )
    return asked / len(names), seconds / len(names)


def main() -> None:
    """Run all and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, default=1000)
    parser.add_argument("--peer", type=int, default=100, help="stars that astroquery asks for")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each answer")
    told = parser.parse_args()
    names = [f"TIC {FIRST + number}" for number in range(told.targets)]
    ours = run("skyatlas, by number", by_number, names, told.delay)
    place = run("skyatlas, by position", by_place, names, told.delay)
    peer = run("astroquery.mast, one by one", astroquery, names[: told.peer], told.delay)
    for what, mine in (("by number", ours), ("by position", place)):
        print(
            f"{what}: {peer[0] / mine[0]:.0f} times fewer questions per star, "
            f"{peer[1] / mine[1]:.0f} times faster"
        )


if __name__ == "__main__":
    main()
