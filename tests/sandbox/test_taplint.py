"""STILTS's taplint asks each TAP service of the sandbox all that it knows, and finds no error.

The schemas of the XML documents come with STILTS, so nothing needs the network.
"""

from __future__ import annotations

import shutil
import subprocess

import pytest

from skyatlas.sandbox import Sandbox, World
from skyatlas.sandbox.tap_services import tap_services

pytestmark = pytest.mark.skipif(
    not (shutil.which("stilts") and shutil.which("java")),
    reason="stilts (Debian's package of that name) is not here: taplint was not run",
)

# ObsLocTAP is for planned observations: none of the services has any.
STAGES = "-LOC"


def services(world: World) -> dict[str, str]:
    """Path by name; a mirror is the same service again."""
    return {service.name: service.path for service in reversed(tap_services(world))}


@pytest.mark.parametrize(
    "name",
    ["eso/tap_obs", "eso/tap_cat", "mast/caom", "registry/new", "registry/old", "zephyr/tap"],
)
def test_taplint_finds_no_error(box: Sandbox, name: str) -> None:
    command = ["stilts", "taplint", f"tapurl={box.url}{services(box.world)[name]}"]
    ran = subprocess.run(
        [*command, f"stages={STAGES}", "report=EWFS", "maxrepeat=3"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    lines = ran.stdout.splitlines()
    assert not [line for line in lines if line.startswith("E-")]
    assert any(line.startswith("Totals: Errors: 0;") for line in lines), ran.stderr
    asked = {request.path.rpartition("/")[2] for request in box.requests}
    assert {"sync", "async", "tables", "capabilities", "availability", "examples"} <= asked


def test_every_tap_service_is_looked_at(world: World) -> None:
    assert set(services(world)) == {
        "eso/tap_obs",
        "eso/tap_cat",
        "mast/caom",
        "registry/new",
        "registry/old",
        "zephyr/tap",
    }
