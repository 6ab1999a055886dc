from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.machine.source_lines import readable
from p4verify.targets.machine.symbols import Symbols
from p4verify.targets.machine.variables import Variables

COMPILERS = available()

C_SOURCE = """\
#include <stdint.h>
typedef struct { float soc, soh; } batt_t;
typedef struct { uint64_t stamp; batt_t b; } point_t;
struct state {
    int head;
    struct { int inner; union { int u1; float u2; }; };
    const batt_t last;
    point_t buffer[4];
    unsigned f1 : 3, f2 : 5;
    char grid[2][3];
    int *pointer;
};
static volatile struct state s_state;
volatile int plain = 3;
static const char *volatile names[2];
static int next(void)
{
    static volatile int count;
    return ++count + s_state.head + (names[0] != 0);
}
int main(void)
{
    return next() + plain;
}
"""

PATHS = {
    0: "s_state.head",
    4: "s_state.inner",
    8: "s_state.u1",
    12: "s_state.last.soc",
    16: "s_state.last.soh",
    17: "s_state.last.soh",
    24: "s_state.buffer[0].stamp",
    28: "s_state.buffer[0].stamp",
    32: "s_state.buffer[0].b.soc",
    84: "s_state.buffer[3].b.soh",
    88: "s_state",
    89: "s_state.grid[0][0]",
    94: "s_state.grid[1][2]",
    96: "s_state.pointer",
    20: "s_state",
}

CXX_SOURCE = """\
#include <array>
namespace ns {
struct Base { int b; };
struct Derived : Base { std::array<short, 4> values; static int shared; };
int Derived::shared = 3;
volatile int touched;
Derived thing;
}
int main() { ns::touched = ns::Derived::shared; return ns::thing.values[1]; }
"""


Linked = tuple[Symbols, dict[str, int]]


def program(folder: Path, compiler: Compiler, source: str, suffix: str, level: str = "-O0") -> Linked:
    """The symbols of a compiled source, and the addresses of its ELF symbols."""
    driver = (compiler.cxx or ()) if suffix == ".cpp" else compiler.c
    (folder / f"code{suffix}").write_text(source)
    flags = (level, "-g", *compiler.position, f"-ffile-prefix-map={folder}=.")
    for command in (
        [*driver, *flags, "-c", f"{folder}/code{suffix}", "-o", "code.o"],
        [*compiler.c, *compiler.link, "code.o", "-o", "program"],
    ):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    with (folder / "program").open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        addresses = {symbol.name: int(symbol["st_value"]) for symbol in table.iter_symbols()}
    return Symbols(folder / "program"), addresses


@pytest.fixture(params=COMPILERS, ids=[f"{one.kind}-{one.major}" for one in COMPILERS])
def compiler(request: pytest.FixtureRequest) -> Compiler:
    found = request.param
    assert isinstance(found, Compiler)
    return found


def test_c_names_and_lines(tmp_path: Path, compiler: Compiler) -> None:
    symbols, addresses = program(tmp_path, compiler, C_SOURCE, ".c")
    base = addresses["s_state"]
    assert {offset: symbols.data(base + offset) for offset in PATHS} == PATHS
    assert symbols.data(addresses["plain"]) == "plain"
    assert symbols.data(addresses["names"] + 8) == "names[1]"
    static = next(address for name, address in addresses.items() if name.startswith(("count", "next.count")))
    assert symbols.data(static) == "next::count"
    assert [symbols.data(address) for address in (0, base - 1_000_000, 1 << 40)] == ["", "", ""]

    place = symbols.place(addresses["main"])
    assert (place.file, place.line, place.function) == ("code.c", 22, "main")
    code = symbols.code_of("next")
    assert code is not None
    assert symbols.call_place(code[1]).function == "next"
    assert str(symbols.place(code[0])) == "code.c:17"
    assert symbols.code_of("nowhere") is None
    assert str(symbols.place(4)) == "unknown place"


RECORD = """\
#include <stdbool.h>
#include <stdint.h>
typedef enum { LINK_DOWN, LINK_UP = 3, LINK_BAD = -1 } link_t;
typedef union { uint64_t all; struct { void *owner; int count; } part; } spinlock_t;
volatile struct status {
    bool bms_ok, wifi; uint16_t port; link_t link; float soc; double volts; int mode : 3; unsigned fault : 5;
    char name[7];
    uint8_t flags[2][2]; union { int32_t signed_one; uint32_t other; }; struct { char *text; } inner; spinlock_t lock;
} s_status;
int main(void) { return s_status.port; }
"""
PARTS = {
    (0, 4): ["bms_ok bool 8/0+8@0", "wifi bool 8/0+8@8", "port unsigned 16/0+16@16"],
    (4, 4): ["link enum 32/0+32@0"],
    (8, 4): ["soc float 32/0+32@0"],
    (12, 4): [" padding 32/0+32@0"],
    (16, 8): ["volts float 64/0+64@0"],
    (20, 4): ["volts float 64/32+32@0"],
    (24, 4): ["mode signed 3/0+3@0", "fault unsigned 5/0+5@3", "name text 56/0+24@8"],
    (28, 4): ["name text 56/24+32@0"],
    (30, 1): ["name text 56/40+8@0"],
    (32, 4): [f"flags[{i}][{j}] unsigned 8/0+8@{16 * i + 8 * j}" for i in (0, 1) for j in (0, 1)],
    (36, 4): ["signed_one signed 32/0+32@0"],
    (40, 8): ["inner.text pointer 64/0+64@0"],
    (48, 4): ["lock unsigned 128/0+32@0"],
}


def test_an_access_is_told_scalar_by_scalar(tmp_path: Path, compiler: Compiler) -> None:
    symbols, addresses = program(tmp_path, compiler, RECORD, ".c")
    base = addresses["s_status"]
    found = {
        (offset, size): [
            f"{part.name.removeprefix('s_status').removeprefix('.')} {part.encoding.value} "
            f"{part.width}/{part.first}+{part.bits}@{part.shift}"
            for part in symbols.variables.parts(base + offset, size)
        ]
        for offset, size in PARTS
    }
    assert found == PARTS
    (link,) = symbols.variables.parts(base + 4, 4)
    assert dict(link.names) == {0: "LINK_DOWN", 3: "LINK_UP", 0xFFFFFFFF: "LINK_BAD"}
    assert symbols.variables.parts(4, 4) == ()
    assert symbols.data(base + 48) == "s_status.lock"


def test_cxx_names(tmp_path: Path, compiler: Compiler) -> None:
    symbols, addresses = program(tmp_path, compiler, CXX_SOURCE, ".cpp")
    thing = addresses["_ZN2ns5thingE"]
    assert symbols.data(thing) == "ns::thing.b"
    assert symbols.data(thing + 6).startswith("ns::thing.values.")
    assert symbols.data(thing + 6).endswith("[1]")
    assert symbols.data(addresses["_ZN2ns7Derived6sharedE"]) == "ns::Derived::shared"


def test_parts_of_a_split_struct_keep_their_names(tmp_path: Path, compiler: Compiler) -> None:
    """At -O1 clang keeps only the members that are used, each a variable of its own."""
    source = (
        "static struct { int first[3]; struct { long a, b; } second; } s_parts;\n"
        "__attribute__((noinline)) void set(int x) { s_parts.first[1] += x; s_parts.second.b += x; }\n"
        "__attribute__((noinline)) long get(void) { return s_parts.first[1] * s_parts.second.b; }\n"
        "int main(int argc, char **argv) { (void)argv; set(argc); return (int)get(); }\n"
    )
    symbols, _ = program(tmp_path, compiler, source, ".c", "-O1")
    places = symbols.variables.addresses("s_parts")
    found = {symbols.data(place + offset) for place in places for offset in range(0, 32, 4)}
    assert {"s_parts.first[1]", "s_parts.second.b"} <= found


@pytest.mark.parametrize(
    ("symbol", "name"),
    [
        ("main", "main"),
        ("_Z4nextv", "next"),
        ("_ZN2ns5Thing3getEv", "ns::Thing::get"),
        ("_ZNK2ns5Thing3getEv", "ns::Thing::get"),
        ("_ZdlPv", "_ZdlPv"),
        ("_Z", "_Z"),
        ("_Z99x", "x"),
    ],
)
def test_readable_names(symbol: str, name: str) -> None:
    assert readable(symbol) == name


OPTIONAL = """\
struct Nothing {};
struct Point { float x, y; };
struct Maybe : Nothing { union { char none; Point value; }; bool engaged; };
volatile Maybe box;
int main() { return box.engaged; }
"""


def test_an_optional_is_told_by_its_value(tmp_path: Path, compiler: Compiler) -> None:
    """Not by the byte that stands in for its absence, nor by the empty classes that it derives from."""
    symbols, addresses = program(tmp_path, compiler, OPTIONAL, ".cpp")
    parts = symbols.variables.parts(addresses["box"], 12)
    assert [part.name for part in parts][:3] == ["box.value.x", "box.value.y", "box.engaged"]
    assert symbols.data(addresses["box"]) == "box.value.x"


OWN = '#include "other.h"\nint own;\nint main(void) { return own + other; }\n'


def test_what_is_not_of_the_named_sources_is_found_too(tmp_path: Path, compiler: Compiler) -> None:
    (tmp_path / "other.h").write_text("extern int other;\n")
    (tmp_path / "other.c").write_text("int other;\nstatic int own;\nint *hidden(void) { return &own; }\n")
    (tmp_path / "own.c").write_text(OWN)
    for name in ("own", "other"):
        compile_only = [*compiler.c, "-g", *compiler.position, "-c", f"{name}.c", "-o", f"{name}.o"]
        subprocess.run(compile_only, cwd=tmp_path, check=True, capture_output=True)
    link = [*compiler.c, *compiler.link, "own.o", "other.o", "-o", "program"]
    subprocess.run(link, cwd=tmp_path, check=True, capture_output=True)
    every = Variables(tmp_path / "program")
    found = Variables(tmp_path / "program", frozenset({"own.c"}))
    for name in ("own", "other"):
        assert sorted(found.addresses(name)) == sorted(every.addresses(name))
        assert [found.name(address) for address in found.addresses(name)] == [name] * len(every.addresses(name))
    assert len(every.addresses("own")) == 2
    assert found.name(0) == found.name(1 << 40) == ""
