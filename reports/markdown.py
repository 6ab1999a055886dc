"""GitHub's Markdown from texts that nobody vouches for: names and messages of a firmware stay text, whatever they hold.

It knows no report. Nothing that passes through here opens a tag, a link, a mention, an image or another table cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from p4verify.reports import values

_STRUCTURE: Final = re.compile(r"([\\`*_{}\[\]<>|~])")
_LINKED: Final = re.compile(r"(?<=[@#])(?=\w)|(?<=:)(?=//)|(?<=\b[wW]{3})(?=\.)|(?<=\$)|(?<=\bGH)(?=-\d)")
_PLAIN: Final = re.compile(r"[\w.,/:+*-]([\w.,/:+* -]*[\w.,/:+*-])?")
_NOTHING: Final = "<!-- -->"
"""Shown as nothing; it parts what GitHub would link: @name, #123, http://, www., and the $ of formulas."""
_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]~$@#!:&<>|]")
_RUNS_OF_TICKS: Final = re.compile(r"`+")
LEAST_TICKS: Final = 3


def text(raw: str) -> str:
    """Running text, in a paragraph or in a table's cell."""
    shown = values.printable(" ".join(raw.split())).replace("&", "&amp;")
    return _LINKED.sub(_NOTHING, _STRUCTURE.sub(r"\\\1", shown))


def code(raw: str) -> str:
    """A name in typewriter letters, also in a table's cell. Plain ones stay legible in the file itself."""
    shown = values.printable(" ".join(raw.split()))
    if _PLAIN.fullmatch(shown):
        return f"`{shown}`"
    return f"<code>{_SPECIAL.sub(lambda found: f'&#{ord(found[0])};', shown)}</code>"


def block(lines: Iterable[str], language: str = "") -> list[str]:
    """Lines as they are, in a fence that none of them can close."""
    inside = [line.rstrip() for line in lines]
    longest = max((len(run) for line in inside for run in _RUNS_OF_TICKS.findall(line)), default=0)
    fence = "`" * max(LEAST_TICKS, longest + 1)
    return [fence + language, *inside, fence]


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> list[str]:
    """Cells are Markdown already. `align` has a letter for each column: l (the default) or r."""
    letters = align.ljust(len(head), "l")
    rule = ["--:" if letter == "r" else ":--" for letter in letters[: len(head)]]
    return [_row(head), _row(rule), *map(_row, rows)]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def folded(summary: str, lines: Iterable[str]) -> list[str]:
    """What is shown when somebody asks for it. `summary` is Markdown for a line, and tags in it are kept."""
    return ["<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]
