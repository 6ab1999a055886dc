"""Firmware that parses JSON: whose cJSON it gets, and that the library's trees live in the firmware's heap."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from p4verify.targets.building import cjson
from p4verify.targets.building.build import Build, BuildError, build_firmware
from p4verify.targets.building.compilers import Compiler, available
from p4verify.targets.building.manifest import MANIFEST, Manifest, load
from p4verify.targets.sim import SimTarget
from p4verify.targets.target import Exploration, Found
from p4verify.verify.execution import Ending, Outcome
from p4verify.verify.program import Invocation, Program, Task

MANIFEST_TEXT = """\
[firmware]
name = "parser"
sources = ["main/*.c"]
include = ["main"]
adapters = ["verify/parser.c"]
"""
SOURCE = """\
#include "parser.h"
#include "cJSON.h"
int parse(const char *text, int deleted)
{
    cJSON *root = cJSON_Parse(text);
    int number = cJSON_IsNumber(root) ? (int)root->valuedouble : -1;
    for (int i = 0; i < deleted; i++)
        cJSON_Delete(root);
    return deleted ? number : root->valueint;
}
"""
ADAPTER = """\
#include "parser.h"
#include "p4v_adapter.h"
static void run(p4v_reader *arguments, p4v_writer *results)
{
    p4v_put_uint(results, (uint64_t)parse("42", (int)p4v_get_uint(arguments, 1)), 4);
}
static bool boot(void) { return true; }
static const p4v_operation operations[] = {{"parse", "deleted:u8", "number:u32", run}, {0}};
static p4v_observer *const observers[] = {NULL};
const p4v_adapter p4v_adapter_parser = {"parser", boot, operations, observers};
"""
OWN_HEADER = """\
typedef struct cJSON { int valueint; double valuedouble; } cJSON;
cJSON *cJSON_Parse(const char *text);
void cJSON_Delete(cJSON *item);
int cJSON_IsNumber(const cJSON *item);
"""
OWN_SOURCE = """\
#include "cJSON.h"
static cJSON seven = {7, 7.0};
cJSON *cJSON_Parse(const char *text) { (void)text; return &seven; }
void cJSON_Delete(cJSON *item) { (void)item; }
int cJSON_IsNumber(const cJSON *item) { return item != 0; }
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("IDF_PATH", raising=False)
    header = "int parse(const char *text, int deleted);\n"
    files = {"main/parser.c": SOURCE, "main/parser.h": header, "verify/parser.c": ADAPTER}
    return plant(tmp_path / "tree", {MANIFEST: MANIFEST_TEXT, **files})


def plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def own_copy(folder: Path) -> Path:
    return plant(folder, {"cJSON.h": OWN_HEADER, "cJSON.c": OWN_SOURCE}) / "cJSON.c"


def ending(build: Build, deleted: int) -> tuple[Ending, object]:
    seen: list[Found] = []

    def keep(one: Found) -> bool:
        seen.append(one)
        return True

    program = Program((Task("t", (Invocation("parse", (deleted,)),)),))
    with SimTarget(build) as target:
        target.explore(program, Exploration("random", executions=1), keep)
    (operation,) = seen[0].execution.history.operations
    return seen[0].execution.ending, (operation.results or {}).get("number")


def found(manifest: Manifest, prefixes: tuple[Path, ...] = ()) -> cjson.CJson:
    what = cjson.find(manifest, prefixes)
    assert what is not None
    return what


def installed(prefix: Path) -> cjson.CJson:
    plant(prefix, {"include/cjson/cJSON.h": "", "lib/libcjson.so": ""})
    return cjson.CJson((prefix / "include/cjson",), library=prefix / "lib/libcjson.so")


def test_who_does_not_include_it_gets_none(tree: Path) -> None:
    (tree / "main/parser.c").write_text('// #include "cJSON.h"\nint parse(void) { return 0; }\n')
    assert cjson.find(load(tree)) is None


def test_a_header_of_the_firmware_includes_it_for_others(tree: Path, tmp_path: Path) -> None:
    (tree / "main/parser.c").write_text('#include "parser.h"\n')
    (tree / "main/parser.h").write_text("#  include <cJSON.h>\n")
    library = installed(tmp_path)
    assert found(load(tree), (tmp_path,)) == library


def test_a_source_of_the_tree_wins_over_esp_idf_and_the_library(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = installed(tmp_path / "usr")
    assert found(load(tree), (tmp_path / "usr",)) == library
    theirs = own_copy(tmp_path / "idf/components/json/cJSON")
    monkeypatch.setenv("IDF_PATH", str(tmp_path / "idf"))
    assert found(load(tree), (tmp_path / "usr",)) == cjson.CJson((theirs.parent,), source=theirs)
    ours = own_copy(tree / "managed_components/espressif__cjson/cJSON")
    assert found(load(tree), (tmp_path / "usr",)) == cjson.CJson((ours.parent,), source=ours)


def test_a_source_that_the_manifest_lists_is_compiled_once(tree: Path) -> None:
    own_copy(tree / "main")
    assert found(load(tree)) == cjson.CJson((tree / "main",))
    assert ending(build_firmware(load(tree)), 1) == (Ending(Outcome.COMPLETED), 7)


def test_where_there_is_none_the_message_says_how_to_get_it(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(cjson.CJsonMissing, match=r"parser\.c includes cJSON\.h, .*apt-get install libcjson-dev"):
        cjson.find(load(tree), ())
    monkeypatch.setattr(cjson, "_LIBRARY_FOLDERS", ())
    with pytest.raises(BuildError, match="apt-get install libcjson-dev"):
        build_firmware(load(tree))


def test_a_source_outside_of_the_tree_is_instrumented_and_named(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_copy(tmp_path / "idf/components/json/cJSON")
    monkeypatch.setenv("IDF_PATH", str(tmp_path / "idf"))
    build = build_firmware(load(tree))
    assert build.sources == {"main/parser.c", "cJSON/cJSON.c"}
    assert ending(build, 1) == (Ending(Outcome.COMPLETED), 7)
    shutil.copytree(tmp_path / "idf", tmp_path / "elsewhere")
    monkeypatch.setenv("IDF_PATH", str(tmp_path / "elsewhere"))
    assert build_firmware(load(tree)).identity == build.identity


@pytest.mark.skipif(cjson.of_system() is None, reason=f"needs the library: {cjson.HOW_TO_GET_IT}")
@pytest.mark.parametrize("compiler", available(), ids=lambda compiler: compiler.kind)
def test_trees_of_the_library_live_in_the_firmwares_heap(tree: Path, compiler: Compiler) -> None:
    build = build_firmware(load(tree), compiler)
    assert ending(build, 1) == (Ending(Outcome.COMPLETED), 42)
    twice, _ = ending(build, 2)
    assert twice.outcome is Outcome.MEMORY
    assert "free" in twice.detail
