from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.targets.building.compilers import require
from p4verify.targets.building.objects import CompileError, ObjectCache, Roots, Unit, digest_of, parse_dependencies

COMPILER = require()


class Tree:
    """A source tree with one C file and a header, compiled with a cache of its own."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.cache = ObjectCache(cache, COMPILER.version)
        self.roots = Roots({"{tree}": folder})
        self.said: list[str] = []

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def unit(self, name: str = "a.c", *flags: str) -> Unit:
        includes = (f"-I{self.folder / 'first'}", f"-I{self.folder / 'second'}")
        names = (f"-ffile-prefix-map={self.folder}=.",)
        return Unit(self.folder / name, COMPILER.c, ("-O1", "-g", *names, *includes, *flags), "test", self.folder)

    def compile(self, *units: Unit) -> tuple[Path, ...]:
        self.said.clear()
        return self.cache.compile(units or (self.unit(),), self.roots, self.said.append)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    made = Tree(tmp_path / "tree", tmp_path / "cache")
    made.write("a.c", '#include "value.h"\nint f(void) { return VALUE; }\n')
    made.write("second/value.h", "#define VALUE 3\n")
    (made.folder / "first").mkdir()
    return made


def test_an_object_is_made_once(tree: Tree) -> None:
    (first,) = tree.compile()
    assert tree.said == ["compiling 1/1 a.c"]
    assert tree.compile() == (first,)
    assert tree.said == []


def test_a_changed_header_makes_another_and_the_old_one_is_found_again(tree: Tree) -> None:
    (first,) = tree.compile()
    tree.write("second/value.h", "#define VALUE 4444\n")
    (second,) = tree.compile()
    assert second != first
    tree.write("second/value.h", "#define VALUE 3\n")
    assert tree.compile() == (first,)
    assert tree.said == []


def test_flags_make_another(tree: Tree) -> None:
    assert tree.compile() != tree.compile(tree.unit("a.c", "-DOTHER"))


def test_a_header_that_hides_another_is_noticed(tree: Tree) -> None:
    (first,) = tree.compile()
    tree.write("first/value.h", "#define VALUE 5\n")
    assert tree.compile() != (first,)


def test_another_clone_finds_it_and_would_make_the_same(tree: Tree, tmp_path: Path) -> None:
    (first,) = tree.compile()
    clone = Tree(tmp_path / "elsewhere" / "clone", tmp_path / "cache")
    shutil.copytree(tree.folder, clone.folder)
    assert clone.compile() == (first,)
    assert clone.said == []
    stranger = Tree(clone.folder, tmp_path / "another cache")
    (made,) = stranger.compile()
    assert made.name == first.name
    assert made.read_bytes() == first.read_bytes()


def test_another_compiler_makes_another(tree: Tree) -> None:
    first = tree.compile()
    tree.cache = ObjectCache(tree.cache.objects.parent, "another compiler")
    assert tree.compile() != first


@pytest.mark.parametrize("damage", ["", "{", "[]", '[{"made": 3}]', "[1]", "null"])
def test_a_damaged_index_is_only_a_miss(tree: Tree, damage: str) -> None:
    first = tree.compile()
    for path in tree.cache.index.iterdir():
        path.write_text(damage)
    assert tree.compile() == first
    assert tree.said


def test_a_lost_object_is_made_again(tree: Tree) -> None:
    (first,) = tree.compile()
    first.unlink()
    assert tree.compile() == (first,)
    assert first.is_file()


def test_what_the_compiler_says_is_kept_and_the_first_error_counts(tree: Tree) -> None:
    tree.write("b.c", "int g(void) { return undeclared_b; }\n")
    tree.write("c.c", "int h(void) { return undeclared_c; }\n")
    with pytest.raises(CompileError) as caught:
        tree.compile(tree.unit(), tree.unit("b.c"), tree.unit("c.c"))
    assert "undeclared_b" in caught.value.words
    assert caught.value.unit.source.name == "b.c"
    assert str(caught.value.unit.source) in caught.value.command
    assert tree.cache.find([tree.unit()], tree.roots)[0] is not None


def test_a_compiler_that_is_gone_is_an_error_with_words(tree: Tree) -> None:
    unit = Unit(tree.folder / "a.c", ("/nowhere/cc",), (), "test", tree.folder)
    with pytest.raises(CompileError, match="cannot be started"):
        tree.compile(unit)


def test_two_at_once_agree(tree: Tree) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = [pool.submit(tree.cache.compile, [tree.unit()], tree.roots, tree.said.append) for _ in range(2)]
    assert made[0].result() == made[1].result()


NAMES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters="\\$:#"), min_size=1)


@given(st.lists(NAMES.filter(lambda name: name.strip() == name), min_size=1, unique=True))
def test_dependency_rules_are_read_back(names: list[str]) -> None:
    escaped = [name.replace(" ", "\\ ") for name in names]
    assert parse_dependencies("made.o: " + " \\\n  ".join(escaped) + "\n") == tuple(map(Path, dict.fromkeys(names)))


def test_dollars_and_hashes_in_names() -> None:
    assert parse_dependencies("made.o: a$$b.c c\\#d.h\n") == (Path("a$b.c"), Path("c#d.h"))


@given(st.lists(st.text()), st.lists(st.text()))
def test_digests_tell_lists_apart(one: list[str], other: list[str]) -> None:
    assert (digest_of(*one) == digest_of(*other)) == (one == other)


@given(st.text())
def test_roots_undo_themselves(rest: str) -> None:
    roots = Roots({"{tree}": Path("/a/b"), "{inner}": Path("/a/b/c")})
    for place in ("/a/b/x", "/a/b/c/y", "/other/z"):
        path = f"{place}{rest}".replace("\0", "")
        if "{" not in rest and "/a/b" not in rest:
            assert roots.concrete(roots.abstract(path)) == Path(path)
