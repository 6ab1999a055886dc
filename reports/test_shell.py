"""A folded command is still the command."""

from __future__ import annotations

import shlex
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from p4verify.reports.shell import folded

words = st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=200), min_size=1)


@given(words, st.integers(40, 100))
def test_it_fits_and_means_the_same(command: list[str], width: int) -> None:
    lines = folded(shlex.join(command), width)
    assert all(len(line) <= width for line in lines)
    assert shlex.split("\n".join(lines).replace("\\\n", "")) == command


def test_a_shell_reads_it_back() -> None:
    command = ["printf", "%s|", "a b", "it's", "x" * 150, "/a path/" + "y" * 120]
    text = "\n".join(folded(shlex.join(command), 60))
    done = subprocess.run(["/bin/sh", "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "|".join([*command[2:], ""])


def test_an_open_quotation_is_shown_as_it_is() -> None:
    assert folded("echo 'open " + "x" * 60, 40)[0] == "echo 'open " + "x" * 29
