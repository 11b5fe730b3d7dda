"""This file holds the commands that tell what there is: archives, instruments, cache, config."""

from __future__ import annotations

import click

from skyatlas.cli.options import common, say, settings


@click.command()
@common
def archives() -> None:
    """List the archives that can be asked."""
    from skyatlas.cli.tables import print_table
    from skyatlas.errors import AtlasError
    from skyatlas.roster import Roster

    roster = Roster(settings().archives_folder)
    known = [*roster.usual(), roster.archive("vo")]
    print_table(
        [
            ("archive", [archive.name for archive in known]),
            ("title", [archive.title for archive in known]),
            ("kinds", [", ".join(sorted(archive.kinds)) for archive in known]),
            ("a login is good for", [archive.login_hint for archive in known]),
        ]
    )
    for name, own in roster.own.items():
        if isinstance(own, AtlasError):
            say(f"{name} cannot be asked: {own}")
    say("vo:ivo://… and vo:https://… are any service; `skyatlas services` finds them")


@click.command(
    epilog="""\b
Example:
  skyatlas instruments eso
"""
)
@click.argument("archive")
@common
def instruments(archive: str) -> None:
    """List the instruments of ARCHIVE: modes, wavelengths, resolving power, and the source."""
    from skyatlas import archives as registry
    from skyatlas.cli.tables import print_table

    rows = registry.archive(archive).instruments()
    names = list(rows[0]) if rows else []
    print_table([(name, [row[name] for row in rows]) for name in names])
    say("--instrument takes any of these names, however they are written: X-Shooter, XSHOO …")


@click.command()
@click.argument("action", type=click.Choice(["info", "clear", "path"]))
@common
def cache(action: str) -> None:
    """Show (info, path) or clear what is remembered of earlier questions: resolved names."""
    folder = settings().cache_folder
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    if action == "path":
        click.echo(str(folder))
    elif action == "clear":
        for path in files:
            path.unlink(missing_ok=True)
        say(f"{len(files)} files removed from {folder}")
    else:
        size = sum(path.stat().st_size for path in files)
        click.echo(f"{folder}: {len(files)} files, {size} bytes")


@click.command()
@click.argument("action", type=click.Choice(["show"]), default="show")
@common
def config(action: str) -> None:
    """Show the settings in force, and which environment variable sets each."""
    from skyatlas.cli.tables import print_table

    del action
    now = settings()
    sandbox = "in this process" if now.sandbox == "" else now.sandbox or "no: the real archives"
    print_table(
        [
            ("setting", ["sandbox", "offline", "cache", "archives"]),
            (
                "value",
                [
                    sandbox,
                    "yes" if now.offline else "no",
                    str(now.cache_folder),
                    str(now.archives_folder),
                ],
            ),
            (
                "environment",
                ["SKYATLAS_SANDBOX", "SKYATLAS_OFFLINE", "SKYATLAS_CACHE", "SKYATLAS_ARCHIVES"],
            ),
        ]
    )
