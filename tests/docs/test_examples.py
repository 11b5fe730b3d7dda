"""This file runs the examples of the README and of docs/: what they show is what happens.

Of each page, top to bottom in one empty folder at one sandbox: `python` blocks share a namespace;
an `output` block is what the `python` block above it prints; in `console` blocks `$ ` starts a
command, and a command that does not exit with 0 must be followed by `$ echo $?`. Shown lines must
come in this order, `…` stands for anything, seconds are not compared. `text` blocks are only shown.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skyatlas.sandbox import Sandbox, World

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *sorted(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md")))
ONLY_SHOWN = 5
"""So many `text` blocks, and no more, in all pages: logins by hand, a server that runs on."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    kind: str
    text: str
    line: int
    """Of its first line in the page, from 1."""


def blocks_of(page: str) -> list[Block]:
    return [
        Block(found[1], found[2], page[: found.start(2)].count("\n") + 1)
        for found in _FENCE.finditer(page)
    ]


class Reader:
    """Somebody who types a page's examples, one after the other."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.names: dict[str, object] = {"__name__": "page"}
        self.printed = ""
        self.code = 0

    def read(self, page: str) -> None:
        for block in blocks_of(page):
            if block.kind == "python":
                self.printed = self._python(block)
            elif block.kind == "output":
                self.compare(block.text.splitlines(), self.printed, block.line)
            elif block.kind == "console":
                self._console(block)

    def _python(self, block: Block) -> str:
        # Empty lines in front: a traceback then names the page and its own line.
        code = compile("\n" * (block.line - 1) + block.text, self.name, "exec")
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                exec(code, self.names)
            except BaseException as error:
                error.add_note(f"in the example at {self.name}:{block.line}")
                raise
        return out.getvalue()

    def _console(self, block: Block) -> None:
        text = block.text.replace("\\\n", "\0")
        line = block.line
        for entry in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = entry.partition("\n")
            below = line + 1 + command.count("\0")
            if command == "echo $?":
                self.compare(shown.splitlines(), str(self.code), below)
                self.code = 0
            else:
                assert self.code == 0, f"{self.name}:{line}: exit code {self.code} is not shown"
                self._command(command.replace("\0", " "), shown, below)
            line = below + shown.count("\n")
        assert self.code == 0, f"{self.name}:{line}: exit code {self.code} is not shown"

    def _command(self, command: str, shown: str, line: int) -> None:
        words = shlex.split(command)
        settings = {}
        while re.match(r"[A-Z_]+=", words[0]):
            name, _, settings[name] = words.pop(0).partition("=")
        words = [one for word in words for one in _files(word) or [word]]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            self.code, out = skyatlas(words[1:]) if words[0] == "skyatlas" else program(words)
        self.compare(shown.splitlines(), out, line)

    def compare(self, shown: list[str], out: str, line: int) -> None:
        """Every shown line stands in the output, in this order."""
        rest = iter([_loose(text) for text in out.splitlines()])
        for number, text in enumerate(shown, line):
            pattern = ".*".join(re.escape(part) for part in _loose(text).split("…"))
            found = not text.strip("… ") or any(re.fullmatch(pattern, one) for one in rest)
            assert found, f"{self.name}:{number}: not in the output: {text}\n{out}"


def _files(word: str) -> list[str]:
    return sorted(map(str, Path().glob(word))) if "*" in word else []


def _loose(text: str) -> str:
    return re.sub(r"\b\d+\.\d s\b", "SECONDS s", " ".join(text.split()))


def skyatlas(words: list[str]) -> tuple[int, str]:
    """The command line in this process; stdout and stderr as a terminal mixes them."""
    from skyatlas.cli import main

    out = io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        pytest.raises(SystemExit) as ended,
    ):
        main(words)
    out.seek(0)
    return int(ended.value.code or 0), out.read()


def program(words: list[str]) -> tuple[int, str]:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def box_of_pages(world: World) -> Iterator[Sandbox]:
    from skyatlas.sandbox import Sandbox

    with Sandbox(world=world) as running:
        yield running


@pytest.fixture
def at_the_sandbox(
    box_of_pages: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    import skyatlas

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SKYATLAS_SANDBOX", box_of_pages.url)
    monkeypatch.setattr(skyatlas, "_session", None)
    yield
    if skyatlas._session is not None:
        skyatlas._session.close()


@pytest.mark.parametrize("name", PAGES)
def test_the_examples_of_a_page_do_what_they_show(name: str, at_the_sandbox: None) -> None:
    Reader(name).read((ROOT / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [*PAGES, "CHANGELOG.md"])
def test_the_links_of_a_page_lead_to_files(name: str) -> None:
    page = (ROOT / name).read_text(encoding="utf-8")
    links = [link for link in _LINK.findall(page) if "://" not in link]
    assert [link for link in links if not ((ROOT / name).parent / link).exists()] == []


def test_few_examples_are_only_shown() -> None:
    shown = [
        f"{name}:{block.line}"
        for name in PAGES
        for block in blocks_of((ROOT / name).read_text(encoding="utf-8"))
        if block.kind not in ("python", "output", "console", "toml", "json")
    ]
    assert len(shown) <= ONLY_SHOWN, shown


WRONG = {
    "print": ("```python\nprint(1)\n```\n\n```output\n2\n```\n", "page.md:6: not in the output: 2"),
    "order": ("```python\nprint('a\\nb')\n```\n```output\nb\na\n```\n", "page.md:6"),
    "command": ("words\n\n```console\n$ echo a\nb\n```\n", "page.md:5: not in the output: b"),
    "code": ("```console\n$ skyatlas search\n```\n", "exit code 2 is not shown"),
    "shown code": ("```console\n$ skyatlas search\n$ echo $?\n3\n```\n", "not in the output: 3"),
}


@pytest.mark.parametrize(("page", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_example_is_found_with_page_and_line(
    page: str, said: str, at_the_sandbox: None
) -> None:
    with pytest.raises(AssertionError, match=re.escape(said)):
        Reader("page.md").read(page)


def test_an_example_that_raises_names_page_and_line(at_the_sandbox: None) -> None:
    with pytest.raises(ZeroDivisionError) as raised:
        Reader("page.md").read("words\n\n```python\n1 / 0\n```\n")
    assert raised.traceback[-1].lineno == 3
    assert raised.value.__notes__ == ["in the example at page.md:4"]
