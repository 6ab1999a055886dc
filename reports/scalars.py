"""What accesses read or wrote, scalar by scalar and as the source would say it: true, LINK_UP, 42.1, "p4 core".

Words of one scalar (a double, a text) that one task touched one after the other are put together again; what is not
there whole says so. It shows bits as the type has them, and guesses nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

from p4verify.reports import values
from p4verify.verify.confidential import HIDDEN, is_secret, is_secret_text
from p4verify.verify.schedule import Encoding, Part, Step

_WORD: Final = 32
_FLOATS: Final = {32: ("<f", "<I"), 64: ("<d", "<Q")}
_ESCAPES: Final = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


class Piece(NamedTuple):
    """Some bits of a scalar."""

    part: Part
    value: int

    @property
    def whole(self) -> bool:
        """Whether these are all of its bits."""
        return self.part.bits == self.part.width


def pieces(steps: Iterable[Step]) -> list[Piece]:
    """What these accesses hold, in order and each once; padding is nothing."""
    found: list[Piece] = []
    for step in steps:
        for part in step.parts:
            if part.encoding is Encoding.PADDING:
                continue
            piece = Piece(part, step.value >> part.shift & ((1 << part.bits) - 1))
            at = next((i for i, other in enumerate(found) if _continues(other, piece)), None)
            if at is not None:
                found[at] = _joined(found[at], piece)
            elif piece not in found:
                found.append(piece)
    return found


def _continues(one: Piece, other: Piece) -> bool:
    return one.part.name == other.part.name and one.part.first + one.part.bits == other.part.first


def _joined(one: Piece, other: Piece) -> Piece:
    part = replace(one.part, bits=one.part.bits + other.part.bits)
    return Piece(part, one.value | other.value << one.part.bits)


def name_of(piece: Piece) -> str:
    """The name, with which bytes or bits of it these are where they are not all."""
    part = piece.part
    if piece.whole:
        return part.name
    first, last = part.first, part.first + part.bits - 1
    if part.encoding is Encoding.TEXT:
        return f"{part.name}[{first // 8}..{last // 8}]" if part.bits > 8 else f"{part.name}[{first // 8}]"
    if part.width == 2 * _WORD and part.bits == _WORD and first % _WORD == 0:
        return f"{part.name} ({'high' if first else 'low'} word)"
    return f"{part.name} (bits {first} to {last})"


def value_of(piece: Piece) -> str:
    """The value as the source would say it."""
    part, value = piece
    if is_secret(part.name):
        return HIDDEN
    if part.encoding is Encoding.TEXT:
        return _text(part.name, value, part.bits // 8, alone=part.width == 8)
    if not piece.whole:
        return f"{value:#x}"
    match part.encoding:
        case Encoding.BOOL if value < 2:
            return "true" if value else "false"
        case Encoding.FLOAT if part.width in _FLOATS:
            return _float(value, part.width)
        case Encoding.SIGNED:
            return str(value - (value >> (part.width - 1) << part.width))
        case Encoding.POINTER:
            return f"{value:#x}" if value else "NULL"
        case Encoding.ENUM:
            return values.printable(dict(part.names).get(value, str(value)))
    return str(value) if value < 1 << _WORD else f"{value:#x}"


def _float(value: int, width: int) -> str:
    real, bits = _FLOATS[width]
    (number,) = struct.unpack(real, struct.pack(bits, value))
    return values.number(float(number)) if width == _WORD else f"{number:.15g}"


def _text(name: str, value: int, length: int, *, alone: bool) -> str:
    shown = value.to_bytes(length, "little").partition(bytes(1))[0]
    if shown and (is_secret_text(name) or values.gives_away(shown)):
        return HIDDEN
    if alone:
        return f"'{_letters(shown)}'" if shown else "0"
    return f'"{_letters(shown)}"'


def _letters(raw: bytes) -> str:
    return "".join(
        _ESCAPES.get(letter, letter if letter.isascii() and letter.isprintable() else f"\\x{ord(letter):02x}")
        for letter in raw.decode("latin-1")
    )


def token_of(piece: Piece) -> int | None:
    """The token that a measurement came from."""
    return values.token_of(piece.part.name, piece.part.bits // 8, piece.value) if piece.whole else None
