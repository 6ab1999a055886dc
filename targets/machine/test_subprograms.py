"""What a header of the toolchain brings is told by its name, and where it was inlined, by the call in the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.machine.source_lines import Place
from p4verify.targets.machine.test_symbols import program

COMPILERS = [compiler for compiler in available() if compiler.cxx]

HEADER = """\
namespace lib { inline namespace __1 {
template <class T> struct vessel {
    T value;
    vessel &operator=(const T &other) { value = other; return *this; }
    bool operator<(const vessel &other) const { return value < other.value; }
    template <class U> bool operator<<(const U &other) const { return value < other; }
    __attribute__((always_inline)) inline T get() const { return value; }
};
} }
"""
SOURCE = """\
#include "HEADER"
namespace {
struct Lock {
    int held;
    explicit Lock(int number) : held(number) {}
};
int use(lib::vessel<int> &one)
{
    one = 3;
    return one < one || one << 7 ? 1 :
        one.get();
}
}
lib::vessel<int> kept;
int main()
{
    Lock lock(2);
    auto twice = [](int number) { return 2 * number; };
    return use(kept) + twice(lock.held);
}
"""


@pytest.fixture(params=COMPILERS, ids=[f"{one.kind}-{one.major}" for one in COMPILERS])
def places(request: pytest.FixtureRequest, tmp_path: Path) -> set[Place]:
    """Of all the code of a source in a tree, whose header lies outside of it."""
    compiler: Compiler = request.param
    (tmp_path / "tree").mkdir()
    (tmp_path / "toolchain").mkdir()
    header = tmp_path / "toolchain" / "vessel"
    header.write_text(HEADER)
    lines = program(tmp_path / "tree", compiler, SOURCE.replace("HEADER", str(header)), ".cpp")[0].lines
    code = (one for one in lines.functions if lines.unit(one.start) == "code.cpp")
    return {lines.place(address) for one in code for address in range(one.start, one.stop)}


def test_functions_have_the_names_of_the_source(places: set[Place]) -> None:
    own = {"main", "use", "Lock::Lock", "main::lambda::operator()"}
    assert {place.function for place in places if place.file == "code.cpp"} == own


def test_a_header_of_the_toolchain_is_told_by_its_name_alone(places: set[Place]) -> None:
    found = {str(place): place.function for place in places if place.is_foreign}
    assert found == {
        "<vessel>:4": "lib::vessel::operator=",
        "<vessel>:5": "lib::vessel::operator<",
        "<vessel>:6": "lib::vessel::operator<<",
    }


def test_what_was_inlined_is_where_it_was_called(places: set[Place]) -> None:
    assert Place("code.cpp", 11, "use") in places
    assert {place.file for place in places} == {"code.cpp", "<vessel>"}
