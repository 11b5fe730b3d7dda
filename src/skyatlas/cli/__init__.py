"""This room is the command line: it parses words, calls a session, and shows; no logic.

Contract: data on stdout, talk on stderr, progress only on a terminal. Exit codes: 0 done, 1 failed,
2 usage, 3 incomplete, 4 login needed, 5 some files failed. `skyatlas --help` loads nothing but
this file, so that it answers at once.
"""

from __future__ import annotations

import sys

COMMANDS = {
    "search": ("asking", "Ask the archives what exists of a target."),
    "fetch": ("fetching", "Bring files home: whole, verified, with provenance."),
    "cutout": ("cutting", "Bring pieces of images and cubes home."),
    "lightcurve": ("lightcurves", "Bring light curves of TESS, Kepler and K2 home."),
    "verify": ("verifying", "Read files again and compare them with their receipts."),
    "show": ("looking", "Say what a file is."),
    "plot": ("plotting", "Draw images, spectra and light curves."),
    "resolve": ("asking", "Say where a name is on the sky, and who says so."),
    "archives": ("about", "List the archives that can be asked."),
    "surveys": ("surveys", "List the surveys of images that can be cut."),
    "instruments": ("about", "List the instruments of an archive."),
    "services": ("services", "Find services of the Virtual Observatory."),
    "hosts": ("hosts", "Say how things stand at each host: turns, waits, trouble."),
    "login": ("accounts", "Log in at an archive."),
    "logout": ("accounts", "Forget a login."),
    "whoami": ("accounts", "Say who is logged in at an archive."),
    "cache": ("about", "Show or clear what is remembered of earlier questions."),
    "config": ("about", "Show the settings in force."),
    "sandbox": ("playing", "Serve made-up archives on this machine."),
}
"""Command → (module, what it does): `--help` loads none of them."""

_LISTED = "\n".join(f"  {name:<13}{text}" for name, (_, text) in COMMANDS.items())

HELP = f"""\
Usage: skyatlas [OPTIONS] COMMAND [ARGUMENTS]…

  One question to every astronomical archive, one honest answer, files that cannot lie.

Commands (each has --help with examples):
{_LISTED}

Options, before or after the command:
  --sandbox                      Ask made-up archives; nothing leaves this machine.
  --holdings DIR                 With --sandbox: add the FITS files of a folder to its sky.
  --fault NAME[=VALUE][:URL[:N]] With --sandbox: misbehave (docs/sandbox.md lists how).
  --offline                      Ask nobody; what is on this machine answers.
  --cache DIR                    Keep what is remembered here.
  -v, --verbose                  Say more, also what goes over the line.
  -q, --quiet                    Say only errors.
  --version                      Say the version.
  -h, --help                     Say this.

Examples:
  skyatlas search "NGC 1068" --archive eso --kind spectrum
  skyatlas fetch "NGC 1068" --instrument X-SHOOTER --limit 1 -o data
  skyatlas plot data/*.fits -o pictures
  skyatlas verify data --repair
  skyatlas search "NGC 1068" --sandbox

Exit codes: 0 done, 1 failed, 2 usage, 3 incomplete, 4 login needed, 5 some files failed."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words in ([], ["--help"], ["-h"]):
        sys.stdout.write(HELP + "\n")
        sys.exit(0)
    from skyatlas.cli.commands import run

    sys.exit(run(words))
