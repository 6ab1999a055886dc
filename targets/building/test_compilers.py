from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from p4verify.targets.building.compilers import Compiler, CompilerError, Kind, available, require


def fake(folder: Path, name: str, macros: str, version: str = "fake 1") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\ncase \"$*\" in\n*--version) echo '{version}';;\n*) printf '{macros}';;\nesac\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def clang(major: int) -> str:
    return rf"#define __x86_64__ 1\n#define __linux__ 1\n#define __clang_major__ {major}\n#define __GNUC__ 4\n"


def gcc(major: int) -> str:
    return rf"#define __x86_64__ 1\n#define __linux__ 1\n#define __GNUC__ {major}\n"


@pytest.fixture
def kinds() -> dict[Kind, Compiler]:
    """One compiler of each kind, whether or not this machine has it: flags are asked for, nothing is run."""
    names: tuple[Kind, ...] = ("gcc", "clang", "zig")
    return {kind: Compiler(kind, ("cc",), None, 20, "") for kind in names}


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty PATH (but for the shell), and neither a wheel nor a wish."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("P4VERIFY_CC", raising=False)
    monkeypatch.setitem(sys.modules, "ziglang", None)
    monkeypatch.setattr("p4verify.targets.building.compilers._zig_of_the_wheel", lambda: None)
    return tmp_path


def test_a_new_clang_is_preferred_and_its_twin_found(path: Path) -> None:
    fake(path, "clang-17", clang(17), "clang 17")
    new = fake(path, "clang-19", clang(19), "clang 19")
    twin = fake(path, "clang++-19", clang(19), "clang 19")
    fake(path, "gcc", gcc(13), "gcc 13")
    assert require() == Compiler("clang", (str(new),), (str(twin),), 19, "clang 19")


def test_the_wheel_is_preferred_to_an_old_clang(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zig = fake(path, "zig", clang(20), "clang 20 of zig")
    monkeypatch.setattr("p4verify.targets.building.compilers._zig_of_the_wheel", lambda: str(zig))
    fake(path, "clang-14", clang(14), "clang 14")
    assert require() == Compiler("zig", (str(zig), "cc"), (str(zig), "c++"), 20, "clang 20 of zig")
    assert require("zig") == require("zig cc") == require()


def test_an_old_clang_is_preferred_to_gcc(path: Path) -> None:
    fake(path, "clang-14", clang(14), "clang 14")
    fake(path, "gcc", gcc(13), "gcc 13")
    assert require().describe().startswith("clang 14")


def test_gcc_will_do_without_a_twin(path: Path) -> None:
    fake(path, "gcc", gcc(13), "gcc 13")
    assert (require().kind, require().cxx) == ("gcc", None)


@pytest.mark.usefixtures("path")
def test_no_compiler_says_how_to_get_one() -> None:
    assert available() == ()
    with pytest.raises(CompilerError, match="pip install ziglang"):
        require()


@pytest.mark.parametrize(
    ("macros", "complaint"),
    [
        (gcc(9), "too old"),
        (clang(13), "too old"),
        (gcc(13).replace("x86_64", "aarch64"), "does not build for x86-64"),
        (gcc(13).replace("linux", "APPLE"), "does not build for x86-64"),
        ("", "does not build for x86-64"),
    ],
)
def test_a_named_compiler_that_will_not_do_says_why(path: Path, macros: str, complaint: str) -> None:
    fake(path, "mycc", macros)
    with pytest.raises(CompilerError, match=complaint):
        require("mycc")


@pytest.mark.parametrize("choice", ["nowhere", "'", "./nowhere/cc", "zig"])
@pytest.mark.usefixtures("path")
def test_a_name_without_compiler_says_how_to_get_one(choice: str) -> None:
    with pytest.raises(CompilerError, match=r"there is no compiler|names no compiler"):
        require(choice)


def test_a_compiler_that_fails_is_no_traceback(path: Path) -> None:
    fake(path, "mycc", "").write_text("#!/bin/sh\nexit 3\n")
    with pytest.raises(CompilerError, match="does not run as a C compiler"):
        require("mycc")


def test_the_environment_names_one_and_an_argument_wins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(path, "gcc", gcc(13), "gcc 13")
    one, two = fake(path, "one", gcc(11), "one"), fake(path, "two", gcc(12), "two")
    monkeypatch.setenv("P4VERIFY_CC", str(one))
    assert require().version == "one"
    assert require(str(two)).version == "two"


def test_flags_fit_the_kind(kinds: dict[Kind, Compiler]) -> None:
    assert "-femulated-tls" not in kinds["gcc"].instrumented()
    assert "-tsan-instrument-read-before-write=1" in kinds["clang"].instrumented()
    assert "-fPIC" in kinds["zig"].instrumented()
    assert "-fno-pie" in kinds["clang"].engine
    assert "-fno-exceptions" in kinds["gcc"].plain(cxx=True)
    assert all("-no-pie" in one.link and "-fsanitize=thread" not in one.plain() for one in kinds.values())


def test_this_machine_has_a_compiler() -> None:
    assert all(os.access(compiler.c[0], os.X_OK) for compiler in available())
    assert available()


def test_assertions_of_adapters_and_of_firmware_stay(kinds: dict[Kind, Compiler]) -> None:
    """zig takes them out when it optimises."""
    assert all("-UNDEBUG" in one.plain() and "-UNDEBUG" in one.instrumented() for one in kinds.values())
