from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from p4verify.targets.building.advice import of_link_error
from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.building.linking import Link, LinkError, functions_of, has_thread_locals, link, outside_reset
from p4verify.targets.building.plan import RUNTIME

COMPILERS = available()

FIRMWARE = """\
static int s_count = 3;
static const char *const fixed[] = {"a", "b"};
int cleared;
int bump(int x) { static int inner; s_count += x; cleared += inner++; return s_count + fixed[x & 1][0]; }
"""


class Bench:
    """Compiles and links small files with one compiler."""

    def __init__(self, folder: Path, compiler: Compiler) -> None:
        self.folder, self.compiler = folder, compiler

    def object(self, name: str, source: str | None = None) -> Path:
        suffix = "cpp" if "namespace" in (source or "") else "c"
        path = self.folder / f"{name}.{suffix}"
        path.write_text(source if source is not None else (RUNTIME / "sim" / f"{name}.c").read_text())
        driver = (self.compiler.cxx or ()) if suffix == "cpp" else self.compiler.c
        made = self.folder / f"{name}.o"
        command = [*driver, *self.compiler.plain(cxx=suffix == "cpp"), "-c", str(path), "-o", str(made)]
        subprocess.run(command, check=True, capture_output=True)
        return made

    def link(self, reset: list[Path], engine: list[Path], *wraps: str) -> Path:
        begin, end = self.object("reset_begin"), self.object("reset_end")
        main = self.object("main", "int bump(int);\nint main(void) { return bump(0) == 0; }\n")
        output = self.folder / "program"
        link(self.compiler, Link((begin, *reset, end), (*engine, main), wraps), output)
        return output


@pytest.fixture(params=COMPILERS, ids=[f"{one.kind}-{one.major}" for one in COMPILERS])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return Bench(tmp_path, request.param)


def test_what_lies_between_the_markers_is_reset(bench: Bench) -> None:
    firmware = bench.object("firmware", FIRMWARE)
    program = bench.link([firmware], [])
    assert outside_reset(program, [firmware]) == ()
    assert {"bump", "main"} <= functions_of(program)


def test_what_lies_outside_is_named(bench: Bench) -> None:
    firmware = bench.object("firmware", FIRMWARE)
    program = bench.link([], [firmware])
    lost = outside_reset(program, [firmware])
    assert {"s_count", "cleared"} <= set(lost)
    assert len(lost) == 3


def test_of_two_static_variables_of_one_name_both_must_lie_inside(bench: Bench) -> None:
    inside = bench.object("firmware", FIRMWARE)
    other = bench.object("other", FIRMWARE.replace("bump", "bump2").replace("int cleared", "static int cleared"))
    program = bench.link([inside], [other])
    assert "s_count" in outside_reset(program, [inside, other])
    assert outside_reset(program, [inside]) == ()


def test_inline_variables_of_cxx_are_linked_once(bench: Bench) -> None:
    source = 'namespace n { inline int counted = 3; }\nextern "C" int %s(int x) { return n::counted += x; }\n'
    one, two = bench.object("one", source % "bump"), bench.object("two", source % "bump2")
    assert outside_reset(bench.link([one, two], []), [one, two]) == ()


def test_an_executable_without_markers_is_refused(bench: Bench) -> None:
    output = bench.folder / "program"
    link(bench.compiler, Link((bench.object("main", "int main(void) { return 0; }\n"),), (), ()), output)
    with pytest.raises(ValueError, match="no marker"):
        outside_reset(output, [])


def test_undefined_symbols_are_named(bench: Bench) -> None:
    source = "int gone(void);\nint gone2(int);\nint bump(int x) { return gone() + gone2(x); }\n"
    with pytest.raises(LinkError) as caught:
        bench.link([], [bench.object("engine", source)])
    assert sorted(caught.value.undefined) == ["gone", "gone2"]


def test_symbols_defined_twice_are_named(bench: Bench) -> None:
    firmware = bench.object("firmware", FIRMWARE)
    with pytest.raises(LinkError) as caught:
        bench.link([firmware], [bench.object("again", "int bump(int x) { return x; }\n")])
    assert caught.value.twice == ("bump",)


def test_wraps_lead_elsewhere(bench: Bench) -> None:
    firmware = bench.object("firmware", FIRMWARE)
    wrap = bench.object("wrap", "int __real_bump(int);\nint __wrap_bump(int x) { return __real_bump(x) * 0; }\n")
    program = bench.link([firmware], [wrap], "bump")
    assert subprocess.run([program], check=False).returncode == 1


def test_thread_locals_are_noticed(bench: Bench) -> None:
    path = bench.object("local", "_Thread_local int mine;\nint *get(void) { return &mine; }\n")
    assert has_thread_locals(path)
    assert not has_thread_locals(bench.object("firmware", FIRMWARE))


def test_what_is_no_executable_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text"
    path.write_text("no ELF file")
    with pytest.raises(ValueError, match="text"):
        functions_of(path)


@pytest.mark.parametrize(
    ("names", "said"),
    [(("gone",), "one symbol is defined nowhere:"), (("gone", "gone2"), "2 symbols are defined nowhere:")],
)
def test_what_is_missing_is_counted_in_words(names: tuple[str, ...], said: str) -> None:
    error = LinkError("\n".join(f"undefined reference to `{name}'" for name in names))
    first, *each = of_link_error(error, None).splitlines()
    assert first == said
    assert [line.split(":")[0].strip() for line in each] == list(names)
