from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.machine.audit import BlindSpot, audit

COMPILERS = available()

DECLARED = """\
#include <stdint.h>
#include <string.h>
struct batt { float soc, soh, v, a; int flags[18]; };
struct odd { char bytes[28]; };
struct state {
    struct batt last, copy, rows[4]; struct odd odd, odder;
    unsigned f1 : 3, f2 : 7; uint64_t big; volatile int flag; int n; struct batt *p; const char *name; unsigned char b;
};
struct state s;
static const int table[5] = {3, 1, 4, 1, 5};
void sink(struct batt b);
void sinkp(struct batt *b);
int other(int x);
"""

SEEN = {
    "assignment": "void f(struct batt *o) { s.last = *o; }",
    "both sides shared": "void f(void) { s.copy = s.last; }",
    "an odd size, copied by overlapping moves": "void f(struct odd *o) { s.odd = *o; s.odder = s.odd; }",
    "memcpy": "void f(struct batt *o) { memcpy(&s.last, o, sizeof *o); }",
    "bitfields": "void f(int x) { s.f1 = x; s.f2++; }",
    "64 bits": "void f(void) { s.big += 3; s.big = ~s.big; }",
    "volatile": "void f(void) { s.flag = s.flag + 1; while (s.flag < 3) { } }",
    "a pointer loaded once": "void f(int k) { for (int i = 0; i < k; i++) s.p->flags[i] += s.n; }",
    "an index kept in a register": (
        "int f(int k) { int t = 0; for (int i = 0; i < k; i++) t += s.rows[i].flags[i]; return t; }"
    ),
    "nested loops over a frame": (
        "int f(int k) { struct batt b[4]; memset(b, 0, sizeof b); int t = 0; for (int i = 0; i < k; i++)"
        " for (int j = 0; j < 18; j++) { b[i & 3].flags[j] += s.n; t += b[j & 3].flags[i]; } sinkp(b); return t; }"
    ),
    "a constant table": (
        "int f(int x) { int t = 0; for (int i = 0; i < 5; i++) t += table[i] * x; return t + table[x]; }"
    ),
    "a switch": (
        "int f(int x) { switch (x) { case 0: return s.n; case 1: s.n = 2; break; case 2: return 7;"
        " case 3: s.n = 8; break; case 4: s.flag = 2; case 5: s.n = 9; break; case 6: s.b = 1; } return other(x); }"
    ),
    "many values at once": (
        "int f(int a, int b, int c, int d, int e) { int t = s.n; for (int i = a; i < b; i++)"
        " { t += s.rows[i].flags[c] * d + other(t); s.rows[i].flags[e] = t; s.p->soc = t + a * b; s.b = s.b | t; }"
        " return t; }"
    ),
    "strings": "int f(void) { int n = 0; for (const char *c = s.name; *c; c++) n += *c == 'x'; return n; }",
    "byte by byte": "void f(unsigned char *from, int n) { while (n-- > 0) s.b ^= *from++; }",
    "conditional": "void f(int x) { int *to = x ? &s.n : &s.rows[1].flags[2]; *to = *to + 1; }",
    "atomics": "int f(void) { __atomic_fetch_add(&s.n, 1, 5); return __atomic_load_n(&s.n, 2); }",
    "a function pointer": "int f(int (**g)(int)) { return (*g)(s.n) + g[1](2); }",
    "floats": "float f(void) { s.last.soc += 0.5f; return s.last.soc * s.last.v; }",
}

CXX_SEEN = {
    "array": "std::array<int, 40> a, b; int f() { b = a; return b[3]; }",
    "optional": "std::optional<long> o; long f() { o = 4; return o.value_or(2); }",
    "virtual calls": (
        "struct A { virtual int g() { return 1; } virtual int h() { return 2; } int x; };"
        " struct B : A { int g() override { return x; } }; A *p; int f() { return p->g() + p->h() * 2; }"
    ),
    "a static inside a function": "struct C { C(); int x; }; int f() { static C once; return once.x; }",
}


def linked(folder: Path, compiler: Compiler, source: str, suffix: str = ".c") -> Path:
    """An executable of `source` in which every undefined function is an empty stand-in."""
    cxx = suffix != ".c"
    (folder / f"code{suffix}").write_text(source)
    driver = (compiler.cxx or ()) if cxx else compiler.c
    flags = (*compiler.instrumented(cxx=cxx), f"-std=gnu{'++20' if cxx else '17'}", f"-ffile-prefix-map={folder}=.")
    run(folder, *driver, *flags, "-c", f"./code{suffix}", "-o", "code.o")
    names = [name for name in undefined(folder / "code.o") if re.fullmatch(r"\w+", name)]
    stand_ins = "\n".join(f"void {name}(void) {{}}" for name in names if not name.startswith(("mem", "_GLOBAL")))
    (folder / "rest.c").write_text(f"{stand_ins}\nint main(void) {{ return 0; }}\n")
    run(folder, *compiler.c, *compiler.position, "-w", "-fno-builtin", "-c", "rest.c", "-o", "rest.o")
    run(folder, *compiler.c, *compiler.link, "code.o", "rest.o", "-o", "program")
    return folder / "program"


def undefined(path: Path) -> list[str]:
    with path.open("rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        assert isinstance(table, SymbolTableSection)
        return [symbol.name for symbol in table.iter_symbols() if symbol["st_shndx"] == "SHN_UNDEF" and symbol.name]


def run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
    assert done.returncode == 0, done.stderr


def audited(folder: Path, compiler: Compiler, source: str, suffix: str = ".c") -> tuple[BlindSpot, ...]:
    return audit(linked(folder, compiler, source, suffix), frozenset({f"code{suffix}"}))


@pytest.fixture(params=COMPILERS, ids=[f"{one.kind}-{one.major}" for one in COMPILERS])
def compiler(request: pytest.FixtureRequest) -> Compiler:
    found = request.param
    assert isinstance(found, Compiler)
    return found


def test_no_false_alarm(tmp_path: Path, compiler: Compiler) -> None:
    """One file with every form, each in a function and on a line of its own."""
    bodies = (re.sub(r"\bf\(", f"f{number}(", body, count=1) for number, body in enumerate(SEEN.values()))
    source = DECLARED + "\n".join(bodies) + "\n"
    assert [str(spot) for spot in audited(tmp_path, compiler, source)] == []


@pytest.mark.parametrize("form", CXX_SEEN)
def test_no_false_alarm_in_cxx(tmp_path: Path, compiler: Compiler, form: str) -> None:
    source = f"#include <array>\n#include <optional>\n{CXX_SEEN[form]}\n"
    assert [str(spot) for spot in audited(tmp_path, compiler, source, ".cpp")] == []


def test_a_struct_passed_by_value_is_named(tmp_path: Path, compiler: Compiler) -> None:
    spots = audited(tmp_path, compiler, DECLARED + "void pass(void)\n{\n    sink(s.last);\n}\n")
    line = DECLARED.count("\n") + 3
    assert spots == (BlindSpot("code.c", line, "pass", "read", 88),)


def test_gccs_struct_result_is_named(tmp_path: Path, compiler: Compiler) -> None:
    spots = audited(tmp_path, compiler, DECLARED + "struct batt result(void) { return s.last; }\n")
    line = DECLARED.count("\n") + 1
    assert spots == ((BlindSpot("code.c", line, "result", "write", 88),) if compiler.kind == "gcc" else ())


UNSEEN = {
    "a read": ("int f(void) { return s.n; }", {("read", 4)}),
    "a write": ("void f(void) { s.b = 1; }", {("write", 1)}),
    "an update": ("void f(void) { s.big++; }", {("read", 8), ("write", 8)}),
    "through a pointer": ("int f(void) { return other(1) + s.p->flags[2]; }", {("read", 12)}),
    "in a loop": ("int f(int k) { int t = 0; while (k--) t += s.rows[k].flags[0]; return t; }", {("read", 4)}),
}


@pytest.mark.parametrize("form", UNSEEN)
def test_without_hooks_everything_shared_is_named(tmp_path: Path, compiler: Compiler, form: str) -> None:
    body, expected = UNSEEN[form]
    source = DECLARED + f'__attribute__((no_sanitize("thread"))) {body}\n'
    spots = audited(tmp_path, compiler, source)
    assert {(spot.access, spot.size) for spot in spots} == expected
    assert {spot.function for spot in spots} == {"f"}


ESCAPED = {
    "given to a call": ("int x = 1; otherp(&x); return x;", {("read", 4)}),
    "stored": ("int x[3]; x[1] = 7; kept = x; other(1); return x[1];", {("write", 8), ("read", 4)}),
    "only a field's address": ("struct batt b; b.soh = 1; otherp(b.flags); return (int)b.soh;", {("read", 4)}),
    "stored in another local": (
        "int x = 1; struct state t; t.p = (void *)&x; sinkp((void *)&t); return x;", {("read", 4)}),
    "by a function of the same file": ("int x = 1; keep(&x); other(0); return x;", {("read", 4)}),
    "by a function that it calls": ("int x = 1; pass_on(&x); return x;", {("read", 4)}),
    "an element": ("int x[4]; otherp(x); return x[other(1) & 3];", {("read", 4)}),
}  # fmt: skip
PRIVATE = {
    "never given away": "volatile int x = 1; return x + x;",
    "before it was given away": "volatile int x = 1; int y = x + x; otherp((int *)&x); return y;",
    "given to a function that copies": "int x = 1; xQueueReceive(&x); return x;",
    "to one of the same file that keeps nothing": "int x = 1; look(&x); return x;",
    "to a recursive one": "int x = 3; count(&x); return x;",
    "another variable was": "int x = 1; volatile int y = 2; otherp(&x); return y;",
}
KEEPERS = """\
int *kept;
void otherp(int *p);
int xQueueReceive(int *p);
__attribute__((noinline, no_sanitize("thread"))) static void keep(int *p) { kept = p; }
__attribute__((noinline, no_sanitize("thread"))) static void pass_on(int *p) { keep(p + 0); other(0); }
__attribute__((noinline, no_sanitize("thread"))) static int look(int *p) { return other(p[0]); }
__attribute__((noinline, no_sanitize("thread"))) static void count(int *p) { if (--*p) count(p); other(0); }
"""


def frame_spots(folder: Path, compiler: Compiler, body: str) -> set[tuple[str, int]]:
    """The blind spots of a function without hooks that uses nothing but its own frame."""
    source = DECLARED + KEEPERS + f'__attribute__((no_sanitize("thread"))) int f(void) {{ {body} }}\n'
    return {(spot.access, spot.size) for spot in audited(folder, compiler, source) if spot.function == "f"}


@pytest.mark.parametrize("form", ESCAPED)
def test_a_local_that_others_may_reach_is_named(tmp_path: Path, compiler: Compiler, form: str) -> None:
    body, expected = ESCAPED[form]
    assert frame_spots(tmp_path, compiler, body) == expected


@pytest.mark.parametrize("form", PRIVATE)
def test_a_local_that_nobody_else_reaches_is_not(tmp_path: Path, compiler: Compiler, form: str) -> None:
    assert frame_spots(tmp_path, compiler, PRIVATE[form]) == set()


@pytest.mark.parametrize("hook", ["__tsan_read4", "__tsan_write4"])
def test_a_hook_of_another_place_covers_nothing(tmp_path: Path, compiler: Compiler, hook: str) -> None:
    """The same code, but the announced address is off by four, or the hook is of the other kind."""
    off = "(char *)&s.n + 4" if hook == "__tsan_read4" else "&s.n"
    kind, body = ("read", "return s.n;") if hook == "__tsan_read4" else ("write", "s.n = 3; return 0;")
    plain = '__attribute__((no_sanitize("thread")))'
    wrong = f"void {hook}(void *);\n{plain} int f(void) {{ {hook}({off if kind == 'read' else '&s.flag'}); {body} }}\n"
    right = f"void {hook}(void *);\n{plain} int f(void) {{ {hook}(&s.n); {body} }}\n"
    assert [spot.access for spot in audited(tmp_path, compiler, DECLARED + wrong)] == [kind]
    assert audited(tmp_path, compiler, DECLARED + right) == ()


def test_a_hook_on_one_path_only_covers_nothing(tmp_path: Path, compiler: Compiler) -> None:
    source = DECLARED + (
        "void __tsan_read4(void *);\n"
        '__attribute__((no_sanitize("thread"))) int f(int x) { if (x) __tsan_read4(&s.n); return s.n; }\n'
    )
    assert [(spot.access, spot.size) for spot in audited(tmp_path, compiler, source)] == [("read", 4)]


def test_a_call_ends_what_was_announced(tmp_path: Path, compiler: Compiler) -> None:
    source = DECLARED + (
        "void __tsan_read4(void *);\n"
        '__attribute__((no_sanitize("thread"))) int f(int x) { __tsan_read4(&s.n); x = other(x); return x + s.n; }\n'
    )
    assert [(spot.access, spot.size) for spot in audited(tmp_path, compiler, source)] == [("read", 4)]


def test_only_the_named_sources_are_audited(tmp_path: Path, compiler: Compiler) -> None:
    program = linked(tmp_path, compiler, DECLARED + "void pass(void) { sink(s.last); }\n")
    assert audit(program, frozenset({"elsewhere.c"})) == ()


def test_a_spot_reads_as_a_sentence() -> None:
    spot = BlindSpot("net/pub.c", 8, "publish", "read", 88)
    assert str(spot) == "net/pub.c:8: publish reads 88 bytes without a hook"
