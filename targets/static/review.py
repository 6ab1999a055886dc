"""Reviews a component of a firmware tree: reads its sources, walks them from its interface, says what is unlocked.

Rules of this review, beside those of guards.py:
- The interface is every function whose name begins with the component's, and every function without `static` that some
  file outside of the component's folder names. Anybody may call these, with no lock held.
- In a function named `..._init` (and what it calls) accesses before the first subscription, task or thread are exempt:
  nobody else exists yet. Where init starts nobody, the same holds for `..._start`.
- Functions of other folders are read when the component calls them and the tree defines them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from p4verify.targets.building.build import cache_folder
from p4verify.targets.building.compilers import Compiler
from p4verify.targets.building.manifest import C_SUFFIXES, CXX_SUFFIXES, Manifest
from p4verify.targets.building.objects import Unit
from p4verify.targets.building.plan import firmware_plan
from p4verify.targets.static import syntax
from p4verify.targets.static.guards import ANYBODY, SET_UP, review_of
from p4verify.targets.static.preprocessed import UnreadableError, preprocess
from p4verify.targets.static.primitives import LOCK_CALLS, REGISTRATIONS
from p4verify.targets.static.program import Function, Program
from p4verify.targets.static.syntax import SourceFile
from p4verify.targets.static.values import Callee
from p4verify.targets.static.walk import Entry, Walk
from p4verify.verify.static_review import Place, StaticReview, Unclear

PUBLISHER = "network_publisher"
BUFFER_FUNCTION = re.compile(r"buffer(_|[A-Z])|Buffer[A-Z_]")
"""Functions that must be called under the lock, or take it themselves."""
_SET_UP = re.compile(r"(^|_|::)(init|start|stop|deinit)$", re.IGNORECASE)
_INIT, _START = re.compile(r"(^|_)init$", re.IGNORECASE), re.compile(r"(^|_)start$", re.IGNORECASE)
LARGEST, LONGEST_HEAD = 1 << 20, 500
"""Bytes of a file that is looked into for names; and characters between a function's parentheses."""
MOST_ROUNDS = 4
"""Of reading more files because a function of theirs is called."""


def review(manifest: Manifest, compiler: Compiler, component: str = PUBLISHER) -> StaticReview:
    """Reviews the component that defines `<component>_init`. What cannot be read or told is among `unclear`."""
    sources = component_sources(manifest.sources, component)
    if not sources:
        return StaticReview(component, ())
    plan = firmware_plan(manifest, compiler, cache_folder() / "generated")
    units = {unit.source: unit for unit in plan.instrumented}
    return _Review(manifest, component, sources, units).run()


def component_sources(sources: Iterable[Path], component: str) -> tuple[Path, ...]:
    """The sources in the folder of the file that defines `<component>_init`; none when no file does."""
    every = tuple(sources)
    folders = {path.parent for path in every if _defines([f"{component}_init"], _text(path))}
    return tuple(path for path in every if path.parent in folders)


def _defines(names: Iterable[str], text: str) -> bool:
    """Whether a source may define one of these functions; a block after a call looks the same, which does no harm."""
    either = "|".join(map(re.escape, names))
    head = rf"\b(?:{either})\s{{0,20}}\([^;{{}}]{{0,{LONGEST_HEAD}}}\)\s{{0,20}}(?:noexcept\s{{0,20}})?\{{"
    return bool(re.search(head, text))


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace") if path.stat().st_size <= LARGEST else ""
    except OSError:
        return ""


def _sources_under(root: Path) -> list[Path]:
    """The tree's own C and C++ files: not what was built, nor what is hidden."""
    found = (path for path in root.rglob("*") if path.suffix in C_SUFFIXES | CXX_SUFFIXES)
    parts = ((path, path.relative_to(root).parts) for path in found)
    own = (path for path, names in parts if "build" not in names and not any(name.startswith(".") for name in names))
    return sorted(own)


class _Review:
    """One review."""

    def __init__(self, manifest: Manifest, component: str, sources: Sequence[Path], units: dict[Path, Unit]) -> None:
        self.root, self.component, self.sources, self.units = manifest.root, component, sources, units
        self.files: dict[Path, SourceFile] = {}
        self.unreadable: list[Unclear] = []
        folders = {path.parent for path in sources}
        elsewhere = [path for path in _sources_under(manifest.root) if path.parent not in folders]
        self.elsewhere = {path: _text(path) for path in elsewhere}

    def run(self) -> StaticReview:
        for path in self.sources:
            self._read(path)
        try:
            return self._reviewed()
        except RecursionError:
            place = Place(self.sources[0].relative_to(self.root).as_posix(), 1)
            deep = Unclear(place, "the sources are nested too deeply to be reviewed")
            return StaticReview(self.component, self._names(), unclear=(deep,))

    def _reviewed(self) -> StaticReview:
        walk = self._walk()
        for _ in range(MOST_ROUNDS):
            more = self._defining(set(walk.found.missing))
            if not more:
                break
            for path in more:
                self._read(path)
            walk = self._walk()
        broken = [(file, node) for file, node in walk.program.broken if self._own(file)]
        unclear = [Unclear(file.place(syntax.broken(node) or node), "this cannot be parsed") for file, node in broken]
        return review_of(self.component, self._names(), walk.found, walk.program, [*self.unreadable, *unclear])

    def _names(self) -> tuple[str, ...]:
        return tuple(path.relative_to(self.root).as_posix() for path in self.files)

    def _own(self, file: SourceFile) -> bool:
        return any(path in self.sources for path, known in self.files.items() if known is file)

    def _read(self, path: Path) -> None:
        name = path.relative_to(self.root).as_posix()
        if path in self.files or path not in self.units:
            return
        try:
            text = preprocess(self.units[path], self.root)
        except UnreadableError as error:
            self.unreadable.append(Unclear(Place(name, 1), str(error)))
            return
        self.files[path] = syntax.parse(name, text, cxx=path.suffix in CXX_SUFFIXES)

    def _defining(self, missing: set[str]) -> list[Path]:
        """Sources that are not read yet and define what is called; known functions are not looked for."""
        wanted = sorted(name for name in missing - REGISTRATIONS.keys() - LOCK_CALLS.keys() if name.isidentifier())
        unread = [path for path in self.elsewhere if path in self.units and path not in self.files]
        return [path for path in unread if wanted and _defines(wanted, self.elsewhere[path])]

    # ---- entries ----

    def _walk(self) -> Walk:
        """Init first, because who is started there decides what may be exempt later."""
        program = Program(self.files.values())
        walk = Walk(program, BUFFER_FUNCTION)
        interface = self._interface(program)
        begin = 0
        for chosen in (_INIT, _START, re.compile("")):
            alone = chosen is _INIT or (chosen is _START and not walk.found.started)
            for function in [one for one in interface if chosen.search(one.name)]:
                interface.remove(function)
                context = SET_UP if _SET_UP.search(function.name) else f"{ANYBODY}{function.name}"
                walk.enter(Entry(function, context, alone=alone and chosen.pattern != ""))
            begin = walk.run(begin)
        for callee in self._given_away(program):
            walk.enter(Entry(callee.function, f"callback {callee.function.qualified}"))
        walk.run(begin)
        return walk

    def _interface(self, program: Program) -> list[Function]:
        outside = " ".join(self.elsewhere.values())
        named = frozenset(re.findall(r"\w+", outside))
        found = [one for several in program.functions.values() for one in several if self._own(one.file)]
        public = [one for one in found if not one.static and (one.name.startswith(self.component) or one.name in named)]
        return sorted(public, key=lambda one: one.place)

    def _given_away(self, program: Program) -> list[Callee]:
        """Functions in the initial values of variables: tables of callbacks."""
        found = []
        for variable in program.variables.values():
            if variable.initial is None or variable.file is None or not self._own(variable.file):
                continue
            for node in syntax.walk(variable.initial):
                functions = program.function(syntax.text_of(node), variable.file) if node.type == "identifier" else ()
                found += [Callee(function) for function in functions[:1]]
        return found
