"""The review finds what is unlocked and nothing else: every source in `fixtures`, with and without its flaw.

The lines that must be found in the flawed variant end in a comment UNLOCKED, or UNCLEAR where the review must say that
it cannot tell.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from p4verify.targets.building.compilers import Compiler, available, require
from p4verify.targets.building.manifest import Manifest, load
from p4verify.targets.static.review import component_sources, review
from p4verify.verify.static_review import StaticReview

FIXTURES = Path(__file__).parent / "fixtures"
SOURCES = sorted(path.name for path in FIXTURES.iterdir() if path.suffix in (".c", ".cpp"))


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return require()


def tree(folder: Path, *names: str, **defines: str) -> Manifest:
    sources = tuple(folder / name for name in names)
    return Manifest(folder / "p4verify.toml", "fixture", sources, (), include=(folder, FIXTURES), defines=defines)


def written(folder: Path, name: str, text: str) -> Manifest:
    (folder / name).write_text(text)
    return tree(folder, name)


def marked(name: str, mark: str) -> set[int]:
    lines = (FIXTURES / name).read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if f" {mark}" in line}


def lines_of(found: StaticReview) -> tuple[set[int], set[int]]:
    return {one.place.line for one in found.unlocked}, {one.place.line for one in found.unclear}


@pytest.mark.parametrize("name", SOURCES)
def test_a_flaw_is_found_where_it_is_and_nothing_else(name: str, compiler: Compiler) -> None:
    found = review(tree(FIXTURES, name, FLAWED="1"), compiler)
    assert lines_of(found) == (marked(name, "UNLOCKED"), marked(name, "UNCLEAR"))


@pytest.mark.parametrize("name", SOURCES)
def test_without_the_flaw_there_is_nothing_to_find(name: str, compiler: Compiler) -> None:
    found = review(tree(FIXTURES, name), compiler)
    assert (found.unlocked, found.unclear) == ((), ())


@pytest.mark.parametrize("compiler", available(), ids=lambda one: one.kind)
def test_a_tree_may_lie_in_any_folder(tmp_path: Path, compiler: Compiler) -> None:
    """Compilers escape what is not ASCII where they say which file a line is from."""
    folder = tmp_path / 'a "clöne" \\303'
    shutil.copytree(FIXTURES, folder)
    name = SOURCES[0]
    assert lines_of(review(tree(folder, name, FLAWED="1"), compiler))[0] == marked(name, "UNLOCKED") != set()


# ---- the bundled firmware ----


def lines_with(manifest: Manifest, *texts: str) -> set[int]:
    source = manifest.root / "components/network/network_publisher.c"
    lines = source.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if any(text in line for text in texts)}


def test_the_firmware_as_found_calls_its_buffer_and_touches_its_state_without_any_lock(compiler: Compiler) -> None:
    manifest = load("as_found")
    found = review(manifest, compiler)
    calls = {one.place.line for one in found.unlocked if one.does.startswith("calls buffer_")}
    assert calls == lines_with(manifest, "buffer_push(&", "buffer_peek(&", "        buffer_pop();")
    writes = {one.place.line for one in found.unlocked if one.does.startswith("writes s_state.last_batt")}
    assert writes == lines_with(manifest, "s_state.last_batt = *")
    assert {one.lock for one in found.unlocked} == {""}
    assert found.unclear == ()


def test_the_hardened_firmware_holds_one_lock_everywhere(compiler: Compiler) -> None:
    found = review(load("hardened"), compiler)
    assert (found.unlocked, found.unclear) == ((), ())
    assert {one.lock for one in found.guarded} == {"s_state_lock"}
    assert {one.variable for one in found.guarded} >= {"s_state.buffer", "s_state.count", "s_state.metrics"}
    assert found.buffer_calls == 7


@pytest.mark.parametrize("number", range(8))
def test_each_lock_taken_out_of_the_hardened_firmware_is_missed(
    number: int, compiler: Compiler, tmp_path: Path
) -> None:
    manifest = load("hardened")
    parts = (manifest.root / "components/network/network_publisher.c").read_text().split("with_state_lock() {")
    assert len(parts) == 9
    mutant = "with_state_lock() {".join(parts[: number + 1]) + "{" + "with_state_lock() {".join(parts[number + 1 :])
    source = tmp_path / "network_publisher.c"
    source.write_text(mutant)
    changed = Manifest(
        tmp_path / "p4verify.toml", "mutant", (source,), (), include=manifest.include, config=manifest.config
    )
    assert review(changed, compiler).unlocked


# ---- trees as they come ----

WITH_LOCK = """#include "publisher.h"
void state_lock(void);
void state_unlock(void);
static uint32_t s_count;
static void on_battery(event_bus_t *bus, const event_t *event, void *ctx)
{
    (void)bus; (void)event; (void)ctx;
    state_lock();
    s_count++;
    state_unlock();
}
uint32_t network_publisher_get_count(void) { state_lock(); uint32_t n = s_count; state_unlock(); return n; }
esp_err_t network_publisher_init(event_bus_t *bus) { return event_bus_subscribe(bus, 1, on_battery, NULL) ? 0 : -1; }
"""
HELPERS = """#include "publisher.h"
static SemaphoreHandle_t s_count;
void state_lock(void) { xSemaphoreTake(s_count, portMAX_DELAY); }
void state_unlock(void) { xSemaphoreGive(s_count); }
"""


def test_lock_helpers_of_another_component_are_read_and_equal_names_kept_apart(
    compiler: Compiler, tmp_path: Path
) -> None:
    (tmp_path / "network").mkdir()
    (tmp_path / "locking").mkdir()
    (tmp_path / "network" / "publisher.c").write_text(WITH_LOCK)
    (tmp_path / "locking" / "locking.c").write_text(HELPERS)
    found = review(tree(tmp_path, "network/publisher.c", "locking/locking.c"), compiler)
    assert (found.unlocked, found.unclear) == ((), ())
    assert [one.variable for one in found.guarded] == ["s_count"]
    assert len(found.files) == 2


def test_a_lock_whose_source_is_in_no_tree_is_unclear(compiler: Compiler, tmp_path: Path) -> None:
    found = review(written(tmp_path, "publisher.c", WITH_LOCK), compiler)
    assert found.unlocked == ()
    assert "state_lock is called at publisher.c:8" in found.unclear[0].reason


def test_what_cannot_be_parsed_is_unclear_at_its_place(compiler: Compiler, tmp_path: Path) -> None:
    torn = HELPERS + WITH_LOCK.replace("    s_count++;\n", "    s_count + + = ] 3;\n")
    found = review(written(tmp_path, "publisher.c", torn.replace("static SemaphoreHandle_t s_count", "static "
                   "SemaphoreHandle_t s_mutex").replace("(s_count", "(s_mutex")), compiler)  # fmt: skip
    assert any(one.place.line == 13 for one in found.unclear)


def test_a_missing_header_is_unclear_with_the_words_of_the_compiler(compiler: Compiler, tmp_path: Path) -> None:
    found = review(written(tmp_path, "publisher.c", '#include "nowhere.h"\n' + WITH_LOCK), compiler)
    assert "nowhere.h" in found.unclear[0].reason
    assert found.places == 0


def test_sources_nested_beyond_all_measure_are_unclear(compiler: Compiler, tmp_path: Path) -> None:
    deep = WITH_LOCK.replace("s_count++", f"s_count = {'(' * 2000}s_count{')' * 2000}")
    found = review(written(tmp_path, "publisher.c", deep), compiler)
    assert found.unclear


def test_a_tree_without_the_component_has_nothing_to_review(compiler: Compiler, tmp_path: Path) -> None:
    (tmp_path / "other.c").write_text("int network_publisher_init(void *bus);\n")
    manifest = tree(tmp_path, "other.c")
    assert component_sources(manifest.sources, "network_publisher") == ()
    assert review(manifest, compiler).files == ()


def test_a_publisher_that_is_switched_off_has_no_shared_state(compiler: Compiler, tmp_path: Path) -> None:
    source = load("hardened").root / "components/network/network_publisher.c"
    include = (*load("hardened").include, FIXTURES)
    target = tmp_path / "network_publisher.c"
    target.write_text(source.read_text())
    found = review(Manifest(tmp_path / "p4verify.toml", "off", (target,), (), include=include), compiler)
    assert (found.places, found.unlocked, found.unclear) == (0, (), ())
