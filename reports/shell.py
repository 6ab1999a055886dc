"""A shell command folded to a width, so that what was copied from a terminal still runs."""

from __future__ import annotations

import shlex

_INDENT = "  "


def folded(command: str, width: int) -> list[str]:
    """Lines of at most `width` columns that a POSIX shell reads as `command`.

    It breaks between words where it can; a word that is too long by itself is continued at the left margin. What
    cannot be split into words (an open quotation) is cut into lines as it is.
    """
    if len(command) + len(_INDENT) <= width:
        return [_INDENT + command]
    try:
        words = shlex.split(command)
    except ValueError:
        return [command[i : i + width] for i in range(0, len(command), width)]
    lines = [_INDENT]
    for word in words:
        _append(lines, word, width)
    return lines


def _append(lines: list[str], word: str, width: int) -> None:
    quoted = shlex.quote(word)
    space = "" if not lines[-1].strip() else " "
    if len(lines[-1]) + len(space) + len(quoted) + len(" \\") <= width:
        lines[-1] += space + quoted
        return
    pieces = _pieces(word, width - 2 * len(_INDENT) - len(" \\"))
    if space:
        lines[-1] += " \\"
        lines.append(2 * _INDENT)
    lines[-1] += pieces[0]
    for piece in pieces[1:]:
        lines[-1] += "\\"
        lines.append(piece)


def _pieces(word: str, room: int) -> list[str]:
    """The word in quoted pieces of at most `room` columns, which the shell joins again."""
    pieces: list[str] = []
    rest = word
    while rest or not pieces:
        length = len(rest)
        while length > 1 and len(shlex.quote(rest[:length])) > room:
            length -= 1
        pieces.append(shlex.quote(rest[:length]))
        rest = rest[length:]
    return pieces
