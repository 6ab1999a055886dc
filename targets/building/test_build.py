from __future__ import annotations

import json
import resource
import shutil
import subprocess
from pathlib import Path

import pytest

from p4verify.targets.building.advice import redacted
from p4verify.targets.building.build import Build, BuildError, build_firmware, build_litmus, cache_folder
from p4verify.targets.building.compilers import Compiler, available, require
from p4verify.targets.building.manifest import MANIFEST, ManifestError, load
from p4verify.targets.building.plan import table_source

MANIFEST_TEXT = """\
[firmware]
name = "demo"
sources = ["components/*/*.c"]
include = ["components/*"]
adapters = ["verify/counter.c"]
defines = { STEP = 2 }
[config]
CONFIG_HMI_WIFI_PASSWORD = "hunter2hunter2"
CONFIG_DEPTH = 4
[probes]
"counter.bumped" = "bump"
"""
SOURCE = """\
#include "counter.h"
#include "sdkconfig.h"
static int s_count[CONFIG_DEPTH];
static void bump(int by) { s_count[0] += by; }
void counter_add(void) { bump(STEP); }
int counter_get(void) { return s_count[0]; }
"""
ADAPTER = """\
#include "counter.h"
#include "p4v_adapter.h"
static void add(p4v_reader *arguments, p4v_writer *results)
{
    (void)arguments;
    counter_add();
    p4v_put_uint(results, (uint64_t)counter_get(), 4);
}
static bool boot(void) { return true; }
static const p4v_operation operations[] = {{"counter.add", "", "count:u32", add}, {0}};
static p4v_observer *const observers[] = {NULL};
const p4v_adapter p4v_adapter_counter = {"counter", boot, operations, observers};
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        MANIFEST: MANIFEST_TEXT,
        "components/counter/counter.c": SOURCE,
        "components/counter/counter.h": "void counter_add(void);\nint counter_get(void);\n",
        "verify/counter.c": ADAPTER,
    }
    root = tmp_path / "tree"
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def build(tree: Path, said: list[str] | None = None) -> Build:
    return build_firmware(load(tree), progress=(said if said is not None else []).append)


def failure(tree: Path) -> str:
    with pytest.raises(BuildError) as caught:
        build(tree)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_a_tree_becomes_an_executable_once(tree: Path) -> None:
    first = build(tree)
    assert first.executable.is_file()
    assert first.name == "demo"
    assert first.symbols.code_of("bump")
    assert first.symbols.data(address_of(first, "s_count")) == "s_count[0]"
    assert first.audit == ()
    said: list[str] = []
    assert build(tree, said).executable == first.executable
    assert said == []


def address_of(built: Build, name: str) -> int:
    listed = built.symbols.variables.addresses(name)
    assert len(listed) == 1
    return listed[0]


def test_another_clone_is_the_same_build(tree: Path, tmp_path: Path) -> None:
    first = build(tree)
    clone = tmp_path / "another" / "place"
    shutil.copytree(tree, clone)
    said: list[str] = []
    second = build(clone, said)
    assert (second.identity, second.executable, said) == (first.identity, first.executable, [])


def test_another_clone_with_another_cache_makes_the_same_code(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(tree)
    clone = tmp_path / "another" / "place"
    shutil.copytree(tree, clone)
    monkeypatch.setenv("P4VERIFY_CACHE", str(tmp_path / "cache"))
    second = build(clone)
    assert second.identity == first.identity
    assert second.executable != first.executable
    assert second.symbols.code_of("bump") == first.symbols.code_of("bump")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("components/counter/counter.c", "+= by", "+= by + 1"),
        ("components/counter/counter.h", "int counter_get(void);", "int counter_get(void); /* . */"),
        ("verify/counter.c", "count:u32", "sum:u32"),
        (MANIFEST, "STEP = 2", "STEP = 3"),
        (MANIFEST, "CONFIG_DEPTH = 4", "CONFIG_DEPTH = 5"),
        (MANIFEST, '"demo"', '"demo2"'),
        (MANIFEST, '"counter.bumped" = "bump"', '"counter.bumped" = "counter_add"'),
    ],
)
def test_any_change_is_another_build(tree: Path, file: str, old: str, new: str) -> None:
    first = build(tree)
    replace(tree / file, old, new)
    assert build(tree).identity != first.identity


def test_a_damaged_build_is_linked_again(tree: Path) -> None:
    replace(tree / MANIFEST, '"demo"', '"damaged"')  # the cache is shared with the other tests
    first = build(tree)
    (first.executable.parent / "build.json").write_text("{")
    assert build(tree).identity == first.identity
    first.executable.unlink()
    assert build(tree).executable.is_file()


def test_what_does_not_compile_is_said_in_the_compilers_words(tree: Path) -> None:
    replace(tree / "components/counter/counter.c", "+= by", "+= by + undeclared")
    text = failure(tree)
    assert "components/counter/counter.c does not compile ([firmware] sources (p4verify.toml:3) lists it)" in text
    assert "undeclared" in text
    assert "command: " in text


def test_secrets_are_hidden(tree: Path) -> None:
    replace(tree / MANIFEST, "STEP = 2", 'STEP = 2, API_TOKEN = "it\'s hunter2"')
    replace(tree / "components/counter/counter.c", "+= by", "+= by + undeclared")
    assert "-DAPI_TOKEN=***" in failure(tree)
    assert redacted("CONFIG is hunter2hunter2.", load(tree)) == "CONFIG is ***."


def test_a_missing_header_is_searched_in_the_tree(tree: Path) -> None:
    (tree / "extra").mkdir()
    (tree / "extra/more.h").write_text("")
    replace(tree / "components/counter/counter.c", '#include "counter.h"', '#include "counter.h"\n#include "more.h"')
    assert 'to mend: add "extra" to [firmware] include (p4verify.toml:4)' in failure(tree)
    (tree / "extra/more.h").unlink()
    assert "neither the tree nor p4verify has more.h: write one" in failure(tree)


@pytest.mark.parametrize("compiler", available(), ids=lambda one: one.kind)
def test_a_config_value_that_nobody_gives_is_named_with_its_default(tree: Path, compiler: Compiler) -> None:
    kconfig = 'menu "x"\n  config PERIOD_MS\n    int "p"\n    default 250\nendmenu\n'
    (tree / "components/counter/Kconfig").write_text(kconfig)
    replace(tree / "components/counter/counter.c", "+= by", "+= by + CONFIG_PERIOD_MS + CONFIG_OTHER")
    with pytest.raises(BuildError) as caught:
        build_firmware(load(tree), compiler)
    where = "to [config] (p4verify.toml:7) or to the file of [firmware] sdkconfig"
    found = f"to mend: add CONFIG_PERIOD_MS {where} (components/counter/Kconfig has the default 250)"
    assert found in str(caught.value).splitlines()
    assert f"to mend: add CONFIG_OTHER {where}" in str(caught.value).splitlines()


def test_a_config_value_that_the_file_does_not_see_is_not_to_be_added_again(tree: Path) -> None:
    source = tree / "components/counter/counter.c"
    source.write_text("const char *counter_key(void) { return CONFIG_HMI_WIFI_PASSWORD; }\n" + source.read_text())
    said = failure(tree)
    assert 'to mend: the manifest gives CONFIG_HMI_WIFI_PASSWORD, but the file lacks #include "sdkconfig.h"' in said
    assert "to mend: add CONFIG" not in said


def test_a_call_without_declaration_is_an_error(tree: Path) -> None:
    replace(tree / "components/counter/counter.c", "bump(STEP)", "bump(STEP); undeclared_call()")
    assert "undeclared_call" in failure(tree)


def test_missing_symbols_are_listed_each_with_what_to_do(tree: Path) -> None:
    (tree / "spare").mkdir()
    (tree / "spare/helper.c").write_text("int helper(int x)\n{\n    return x;\n}\n")
    source = tree / "components/counter/counter.c"
    replace(source, "bump(STEP)", "bump(STEP); helper(1); esp_lcd_draw(); strange()")
    replace(source, "static int", "int helper(int); int esp_lcd_draw(void); int strange(void);\nstatic int")
    text = failure(tree)
    assert "3 symbols are defined nowhere" in text
    assert "helper: spare/helper.c defines it: add that file to [firmware] sources (p4verify.toml:3)" in text
    assert "esp_lcd_draw: an ESP-IDF or FreeRTOS call that p4verify does not offer: write a stub" in text
    assert "strange: add its source to [firmware] sources (p4verify.toml:3), or write a stub" in text


def test_a_symbol_defined_twice_is_named(tree: Path) -> None:
    (tree / "components/counter/again.c").write_text("int counter_get(void) { return 0; }\nint counter_get(void);\n")
    assert "counter_get is defined more than once" in failure(tree)


def test_an_adapter_of_another_name_is_named(tree: Path) -> None:
    replace(tree / "verify/counter.c", "p4v_adapter_counter", "p4v_adapter_other")
    assert "counter.c must define `const p4v_adapter p4v_adapter_counter`" in failure(tree)


def test_an_adapter_in_cxx_is_told_how_to_show_its_descriptor(tree: Path) -> None:
    adapter = tree / "verify/counter.cpp"
    (tree / "verify/counter.c").rename(adapter)
    replace(tree / MANIFEST, "verify/counter.c", "verify/counter.cpp")
    replace(adapter, "{0}}", "{}}")
    line = 'extern "C" const p4v_adapter p4v_adapter_counter = {'
    assert f"counter.cpp must define `{line}..}};`" in failure(tree)
    replace(adapter, "const p4v_adapter p4v_adapter_counter = {", line)
    text = failure(tree)
    assert "counter_add(): add its source to [firmware] sources" in text
    assert 'if it is a C function, declare it inside extern "C" { .. }' in text
    replace(adapter, '#include "counter.h"', 'extern "C" {\n#include "counter.h"\n}')
    assert build(tree).executable.is_file()


def test_a_probe_needs_its_function(tree: Path) -> None:
    replace(tree / MANIFEST, '"bump"', '"bumped"')
    assert "the firmware has no function 'bumped'" in failure(tree)


def test_stubs_and_wraps_are_linked(tree: Path) -> None:
    replace(tree / "components/counter/counter.c", "bump(STEP)", "bump(device_step())")
    replace(tree / "components/counter/counter.c", "static int", "int device_step(void);\nstatic int")
    replace(tree / MANIFEST, "adapters", 'stubs = ["verify/stub_*.c"]\nwrap = ["counter_get"]\nadapters')
    (tree / "verify/stub_device.c").write_text("int device_step(void) { return 3; }\n")
    wrapped = "int __wrap_counter_get(void) { return 7; }\nstatic bool boot"
    replace(tree / "verify/counter.c", "static bool boot", wrapped)
    built = build(tree)
    assert "verify/stub_device.c" in built.sources
    assert built.symbols.code_of("__wrap_counter_get")


@pytest.mark.parametrize(("name", "words"), [("counter_gte", "did you mean 'counter_get'?"), ("bump", "static")])
def test_a_wrap_of_what_nobody_defines_or_calls_is_an_error(tree: Path, name: str, words: str) -> None:
    replace(tree / MANIFEST, "adapters", f'wrap = ["{name}"]\nadapters')
    text = failure(tree)
    assert f"wrap: no object defines or calls '{name}'" in text
    assert words in text


def test_cxx_sources_are_built_without_the_cxx_library(tree: Path) -> None:
    (tree / "components/counter/more.cpp").write_text(
        '#include <array>\nstatic std::array<int, 3> values;\nextern "C" int more(void) { return values[1]++; }\n'
    )
    replace(tree / MANIFEST, '"components/*/*.c"', '"components/*/*.c*"')
    assert build(tree).symbols.code_of("more")


def test_cxx_needs_a_cxx_driver(tree: Path) -> None:
    (tree / "components/counter/more.cpp").write_text("")
    replace(tree / MANIFEST, '"components/*/*.c"', '"components/*/*.c*"')
    found = require()
    with pytest.raises(BuildError, match="has no C\\+\\+ driver"):
        build_firmware(load(tree), Compiler(found.kind, found.c, None, found.major, found.version))


@pytest.mark.parametrize("compiler", [one for one in available() if one.kind == "gcc"], ids=["gcc"])
def test_gcc_cannot_keep_thread_locals_apart(tmp_path: Path, compiler: Compiler) -> None:
    path = tmp_path / "local.c"
    path.write_text("_Thread_local int mine;\nint main(void) { return mine++; }\n")
    with pytest.raises(BuildError, match="thread-local variables"):
        build_litmus([path], compiler)


def test_litmus_files_are_built_with_defines_and_includes(tmp_path: Path) -> None:
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc/n.h").write_text("#define N 3\n")
    (tmp_path / "one.c").write_text('#include "n.h"\nint two(void);\nint main(void) { return two() + N + M; }\n')
    (tmp_path / "two.c").write_text("int shared;\nint two(void) { return shared++; }\n")
    files = [tmp_path / "one.c", tmp_path / "two.c"]
    built = build_litmus(files, defines={"M": "4"}, include=[tmp_path / "inc"])
    assert (built.name, built.sources) == ("one", frozenset({"one.c", "two.c"}))
    assert built.symbols.place(address(built, "two")).file == "two.c"


def address(built: Build, function: str) -> int:
    code = built.symbols.code_of(function)
    assert code
    return code[0]


def test_litmus_files_that_do_not_build_are_explained(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no such file"):
        build_litmus([tmp_path / "gone.c"])
    with pytest.raises(BuildError, match="no file was named"):
        build_litmus([])
    path = tmp_path / "bad.c"
    path.write_text('#include "gone.h"\n')
    with pytest.raises(BuildError, match=r"name the folder of gone\.h with --include"):
        build_litmus([path])
    path.write_text("int missing(void);\nint main(void) { return missing(); }\n")
    with pytest.raises(BuildError, match="missing: define it in one of the files"):
        build_litmus([path])


@pytest.mark.parametrize("compiler", available(), ids=[f"{one.kind}-{one.major}" for one in available()])
@pytest.mark.parametrize("name", ["as_found", "hardened"])
def test_the_bundled_firmwares_build_with_every_compiler(name: str, compiler: Compiler) -> None:
    """Only gcc leaves an access of theirs unannounced: the struct result of network_publisher_get_metrics."""
    built = build_firmware(load(name), compiler)
    functions = {spot.function for spot in built.audit}
    assert functions == ({"network_publisher_get_metrics"} if compiler.kind == "gcc" else set())


def test_an_audit_is_kept_with_its_build(tree: Path) -> None:
    replace(tree / MANIFEST, '"demo"', '"audited"')  # the cache is shared with the other tests
    first = build(tree)
    (first.executable.parent / "audit.json").write_text(
        json.dumps([{"file": "a.c", "line": 1, "function": "f", "access": "read", "size": 4}])
    )
    assert [str(spot) for spot in build(tree).audit] == ["a.c:1: f reads 4 bytes without a hook"]
    (first.executable.parent / "audit.json").write_text('[{"file": 3}]')
    assert build(tree).audit == ()


def test_a_cache_that_cannot_be_written_says_how_to_choose_another(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("P4VERIFY_CACHE", str(tmp_path / "file"))
    assert "P4VERIFY_CACHE names another folder" in failure(tree)


@pytest.mark.parametrize("compiler", available(), ids=lambda one: f"{one.kind}-{one.major}")
def test_a_full_disk_is_no_fault_of_the_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compiler: Compiler
) -> None:
    """Where no file may be larger than some bytes, whoever writes is stopped as on a full disk."""
    monkeypatch.setenv("P4VERIFY_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "fine.c"
    path.write_text("int main(void) { return 0; }\n")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(BuildError) as caught:
            build_litmus([path], compiler)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value).startswith("the disk of the cache is full: ")
    assert f"in {tmp_path / 'cache'} (" in str(caught.value)
    assert "name another folder by P4VERIFY_CACHE" in str(caught.value)


def test_where_builds_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P4VERIFY_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("P4VERIFY_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/p4verify")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder() == Path("/home/me/.cache/p4verify")


def test_the_table_lists_adapters_and_probes() -> None:
    text = table_source("demo", "abc", ("one", "two"), {"x.y": "f"})
    assert "{&p4v_adapter_one, &p4v_adapter_two, NULL}" in text
    assert '{{"x.y", "f"}, {NULL, NULL}}' in text
    assert 'p4v_build_id[] = "abc"' in text


def test_an_executable_starts(tree: Path) -> None:
    """It waits for frames on its standard input; at the end of that it ends."""
    program = build(tree).executable
    done = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)
    assert done.returncode >= 0, "it crashed"


def test_a_bad_manifest_never_reaches_the_compiler(tree: Path) -> None:
    replace(tree / MANIFEST, "sources", "source")
    with pytest.raises(ManifestError):
        build(tree)
