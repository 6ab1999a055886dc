"""What must not be shown: which names say so, and the texts that this process has learnt under such names.

The one place that knows a run's secrets: whoever loads a manifest tells it, whoever shows or writes text asks it. A
text shorter than four letters cannot be told from other text and stays; a number is never a secret. It refuses to
remember what was given under any other name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from p4verify.verify.program import Value

HIDDEN: Final = "(hidden)"
SHORTEST: Final = 4
"""Letters of a text that can be told from other text."""
SHORTEST_PART: Final = 3
"""Letters of a piece of memory that are taken for a part of a secret where they occur in one."""
_SECRET: Final = re.compile(r"passw|passphrase|secret|credential|psk$|token_?key|api_?key|private_?key", re.IGNORECASE)
_SECRET_TEXT: Final = re.compile(r"(?<![A-Za-z])(?:pw|pwd|psk|token)(?![A-Za-z])", re.IGNORECASE)
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


def is_secret(name: str) -> bool:
    """Whether a variable, field or member of this name must never be shown."""
    return bool(_SECRET.search(name))


def is_secret_text(name: str) -> bool:
    """The same of one that holds a text: there pw, psk and token are secrets too, which as numbers are none."""
    return is_secret(name) or bool(_SECRET_TEXT.search(_CAMEL.sub("_", name)))


class Secrets:
    """The texts that are hidden wherever they occur, as they are and as C and JSON write them."""

    def __init__(self) -> None:
        self._texts: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def learn(self, settings: Mapping[str, Value]) -> None:
        """Remembers what texts under secret names say; a define's own quotes are none of it."""
        named = (v for k, v in settings.items() if isinstance(v, str) and is_secret_text(k))
        found = {text for text in map(_unquoted, named) if len(text) >= SHORTEST}
        self._texts |= found | {text.replace("\\", "\\\\").replace('"', '\\"') for text in found}
        longest_first = sorted(self._texts, key=lambda text: (-len(text), text))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def forget(self) -> None:
        """As at the beginning."""
        self._texts, self._pattern = frozenset(), None

    def masked(self, text: str) -> str:
        """The text without any secret."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def partly_in(self, text: str) -> bool:
        """Whether a piece of memory gives some of a secret away: it is a part of one, or one begins in it."""
        return any(
            (len(text) >= SHORTEST_PART and text in secret) or secret[:SHORTEST] in text for secret in self._texts
        )


def _unquoted(text: str) -> str:
    inner = text.strip("\"'\\") if text.startswith(('"', "'", '\\"')) else text
    return inner.strip()


KNOWN: Final = Secrets()
"""Those of this process."""


def masked(text: str) -> str:
    """The text without any secret that this process knows."""
    return KNOWN.masked(text)
