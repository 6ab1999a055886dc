"""For tests: C sources compiled with a driver that answers lines of text, so that Python can put them to the question.

A driver reads a line, works, prints any number of lines and then "."; it is never told to stop but by the end of its
input. Whatever sanitizers the compiler can link are on, and a driver that dies fails the test with what it said.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from p4verify.targets.building.compilers import Compiler

C: Final = Path(__file__).parent / "c"
_STRICT: Final = ("-std=gnu17", "-Wall", "-Wextra", "-Werror", "-g")
_SANITIZERS: Final = (("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"), ("-O1",))
# zig has no address sanitizer. Whatever else differs from how the simulator is linked, -O1 too, would make it compile
# another C runtime, or the one that words undefined behaviour, which takes half a minute.
_SANITIZERS_OF_ZIG: Final = (("-no-pie", "-mcpu=baseline", "-fsanitize=undefined", "-fsanitize-trap=undefined"),)


def compile_driver(compiler: Compiler, sources: Sequence[Path], output: Path, *flags: str) -> Path:
    """The executable `output`; RuntimeError with the compiler's words when it cannot be made."""
    words = ""
    for sanitizers in _SANITIZERS_OF_ZIG if compiler.kind == "zig" else _SANITIZERS:
        command = [*compiler.c, *_STRICT, *flags, *sanitizers, *map(str, sources), "-o", str(output)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return output
        words = done.stderr
    raise RuntimeError(f"{compiler.describe()} could not compile the driver:\n{words}")


class Driver:
    """A running driver."""

    def __init__(self, executable: Path) -> None:
        self._process = subprocess.Popen(
            [executable], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="backslashreplace",  # of damaged bytes that it quotes
        )  # fmt: skip

    def ask(self, question: str) -> list[str]:
        """The lines of the answer; RuntimeError when the driver died of the question."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(question + "\n")
        self._process.stdin.flush()
        answer: list[str] = []
        for line in self._process.stdout:
            if line == ".\n":
                return answer
            answer.append(line.rstrip("\n"))
        raise RuntimeError(f"the driver died of {question[:200]!r}:\n{self._process.communicate()[1]}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()
