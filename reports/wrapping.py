"""Styled text folded to a number of columns, with an indentation of its own for the lines that follow."""

from __future__ import annotations

from io import StringIO
from typing import Final

from rich.console import Console
from rich.text import Text

NARROWEST, WIDEST = 60, 120
"""Columns of what is shown; a terminal in between is used in full."""
JOINT: Final = "\ue000"
"""Stands for a space at which no line is broken; it becomes one when the text is wrapped."""
_MEASURE: Final = Console(file=StringIO(), width=100)
_ASCII: Final = str.maketrans("│─━╌┼▼▲✗✓▸…·→", "|-=-+v^x+>..>")


def page_width(console: Console) -> int:
    """As wide as the console, within NARROWEST to WIDEST columns."""
    return min(max(console.width, NARROWEST), WIDEST)


def wrapped(text: Text, width: int, indent: int = 0, hang: int = 0) -> list[Text]:
    """Lines of at most `width` columns: the first indented by `indent`, the others by `hang`. Never no line."""
    lines: list[Text] = []
    rest = text
    while rest.plain or not lines:
        margin = min(hang if lines else indent, width - 2)
        head, rest = _cut(rest, width - margin)
        head.plain = head.plain.replace(JOINT, " ")
        lines.append(Text(" " * margin) + head)
    return lines


def _cut(text: Text, room: int) -> tuple[Text, Text]:
    """As much as fits into a line, and the rest without the spaces at which it was cut."""
    head = next(iter(text.wrap(_MEASURE, room, overflow="fold")), Text(""))
    used = max(1, len(head.plain))
    spaces = len(text.plain[used:]) - len(text.plain[used:].lstrip(" "))
    head, _, rest = (*text.divide([used, used + spaces]), Text(""), Text(""))[:3]
    head.rstrip()
    return head, rest


def ruled(text: Text, width: int, rule: str) -> list[Text]:
    """A line that crosses the page, with `text` in it; text that does not fit goes on below, indented."""
    style = text.style
    first, *more = wrapped(text, width - 8, 0, 2)
    line = Text.assemble((f"{rule * 2} ", style), first, " ")
    line.append(rule * (width - line.cell_len), style)
    return [line, *(Text("   ") + other for other in more)]


def put(console: Console, line: Text) -> None:
    """Prints a line as it is; a terminal that knows ASCII only gets nothing else."""
    if console.options.ascii_only:
        line.plain = line.plain.translate(_ASCII).encode("ascii", "replace").decode("ascii")
    console.print(line, soft_wrap=True, highlight=False, markup=False)
