from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p4verify.targets.building.manifest import (
    BUNDLED,
    MANIFEST,
    MAX_BYTES,
    ManifestError,
    bundled,
    line_of,
    load,
)
from p4verify.targets.building.sdkconfig import SdkconfigError, parse_sdkconfig, sdkconfig_header
from p4verify.verify.confidential import masked
from p4verify.verify.execution import Access, Race

GOOD = """\
[firmware]
name = "demo"
sources = ["components/*/*.c"]
exclude = ["components/net/skip.c"]
include = ["components/*"]
adapters = ["event_bus", "verify/mine.c"]
stubs = ["verify/stub_*.c"]
defines = { DEPTH = 4, NAME = "x" }
wrap = ["uart_read"]
sdkconfig = "sdkconfig.defaults"
[config]
CONFIG_PERIOD_MS = 1000
CONFIG_OFFLINE = false
[probes]
"np.built" = "build_point"
[limits]
settle_ms = 1500
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("components/net/net.c", "components/net/skip.c", "components/bus/bus.c", "verify/mine.c",
                 "verify/stub_a.c", "components/net/net.h"):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "sdkconfig.defaults").write_text('CONFIG_PERIOD_MS=5000\nCONFIG_PATH="/api"\n# CONFIG_X is not set\n')
    (tmp_path / MANIFEST).write_text(GOOD)
    return tmp_path


def test_a_manifest_becomes_a_value(tree: Path) -> None:
    manifest = load(tree)
    assert manifest.name == "demo"
    assert manifest.root == tree
    assert [path.relative_to(tree).as_posix() for path in manifest.sources] == [
        "components/bus/bus.c",
        "components/net/net.c",
    ]
    assert [path.name for path in manifest.include] == ["bus", "net"]
    assert [path.stem for path in manifest.adapters] == ["event_bus", "mine"]
    assert [path.name for path in manifest.stubs] == ["stub_a.c"]
    assert manifest.defines == {"DEPTH": "4", "NAME": "x"}
    assert manifest.config == {
        "CONFIG_PERIOD_MS": 1000, "CONFIG_PATH": "/api", "CONFIG_X": False, "CONFIG_OFFLINE": False,
    }  # fmt: skip
    assert manifest.probes == {"np.built": "build_point"}
    assert manifest.limits == {"settle_ms": 1500.0}
    assert (manifest.c_standard, manifest.cxx_standard) == ("gnu17", "gnu++20")


def test_the_file_itself_may_be_named(tree: Path) -> None:
    assert load(tree / MANIFEST) == load(tree)


@pytest.mark.parametrize("name", bundled())
def test_bundled_firmware_loads_by_name(name: str) -> None:
    assert load(name).root == (BUNDLED / name).resolve()


def test_both_bundled_firmwares_exist() -> None:
    assert {"as_found", "hardened"} <= set(bundled())


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("sources =", "source =", ":3: [firmware] source: is not a key of a manifest; did you mean 'sources'"),
        ("[limits]", "[limit]", "p4verify.toml:16: limit: is not a key of a manifest; did you mean 'limits'"),
        ('name = "demo"', "name = 3", "p4verify.toml:2: [firmware] name: must be a text in quotes, not a number"),
        ('name = "demo"', "", "[firmware] name: is missing"),
        ('name = "demo"', 'name = "a\\"b"', "[firmware] name: 'a\"b' is not of the form"),
        ('["components/*/*.c"]', '"components/*/*.c"', "[firmware] sources: must be a list of texts, not a text"),
        ('["components/*/*.c"]', '["componants/*.c"]', "[firmware] sources: the glob 'componants/*.c' matches no file"),
        ('["components/*/*.c"]', '["components/*/*"]', "net.h is neither C nor C++"),
        ('["components/*/*.c"]', "[]", "[firmware] sources: names no file"),
        ('["components/*/*.c"]', '["../*.c"]', "must be a path or glob inside"),
        ('["components/*/*.c"]', '["/etc/*.c"]', "must be a path or glob inside"),
        ('["components/*/*.c"]', '[""]', "must be a path or glob inside"),
        ('["components/*/*.c"]', '["components/\\u0000"]', "must not hold control characters"),
        ('["components/*/*.c"]', '["**components/*.c"]', "[firmware] sources: '**components/*.c'"),
        ('["components/*"]', '["components/net/net.c"]', "matches no folder"),
        ('"event_bus"', '"event_buss"', "'event_buss' is not bundled"),
        ('"verify/mine.c"', '"verify/*.c"', "must be one file"),
        ('"verify/mine.c"', '"event_bus"', "two of them have one name"),
        ('["event_bus", "verify/mine.c"]', "[]", "[firmware] adapters: names none"),
        ('["components/net/skip.c"]', '["components/net/gone.c"]', "[firmware] exclude: the glob"),
        ("DEPTH = 4", "2DEPTH = 4", "'2DEPTH' is not of the form"),
        ('NAME = "x"', "NAME = 1.5", "must be a text in quotes, not a fraction"),
        ('["uart_read"]', '["-Wl,x"]', "[firmware] wrap: '-Wl,x' is not of the form"),
        ('"sdkconfig.defaults"', '"sdkconfig.gone"', "[firmware] sdkconfig: 'sdkconfig.gone' must be one file"),
        ("CONFIG_PERIOD_MS = 1000", "CONFIG_PERIOD_MS = 1.5", "must be true, false, a whole number or a text"),
        ("CONFIG_PERIOD_MS = 1000", "PERIOD_MS = 1000", "[config] PERIOD_MS: 'PERIOD_MS' is not of the form"),
        ('"np.built" = "build_point"', '"np.built" = "build point"', "'build point' is not of the form"),
        ("settle_ms = 1500", "settle_ms = -1", "p4verify.toml:17: [limits] settle_ms: must be finite and not negative"),
        ("settle_ms = 1500", "settle_ms = nan", "must be finite and not negative"),
        ("settle_ms = 1500", "settle_ms = true", "must be a number, not true or false"),
        ("settle_ms = 1500", "settle = 1500", "did you mean 'settle_ms'"),
        ('name = "demo"', 'name = "demo"\nc_standard = "gnu++20"', "is a standard of the other language"),
        ('name = "demo"', 'name = "demo"\nc_standard = "17"', "[firmware] c_standard: '17' is not of the form"),
        ("[config]", "[config", "not valid TOML"),
        ("= 1000", "= " + "9" * 5000, "not valid TOML"),
        ("= 1000", "= " + "9" * 20, "does not fit into 64 bits"),
        ("[config]", "config = 3\n[other]", "config"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(tree: Path, old: str, new: str, complaint: str) -> None:
    assert old in GOOD
    (tree / MANIFEST).write_text(GOOD.replace(old, new))
    with pytest.raises(ManifestError) as caught:
        load(tree)
    assert complaint in str(caught.value)
    assert str(tree / MANIFEST) in str(caught.value)


def test_a_link_must_not_leave_the_tree(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.c"
    outside.write_text("")
    (tree / "components/net/link.c").symlink_to(outside)
    with pytest.raises(ManifestError, match="link that leaves"):
        load(tree)


def test_a_dangling_link_is_an_error_and_no_traceback(tree: Path) -> None:
    (tree / "components/net/link.c").symlink_to(tree / "gone.c")
    with pytest.raises(ManifestError, match=r"gone\.c"):
        load(tree)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a = " + b"[" * 100_000, b"#" * (MAX_BYTES + 1), b"", b"\x00"])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(ManifestError):
        load(tmp_path)


@pytest.mark.parametrize("where", ["nowhere", "\0", "x" * 5000])
def test_a_place_without_manifest_says_what_to_do(tmp_path: Path, where: str) -> None:
    with pytest.raises(ManifestError):
        load(f"{tmp_path}/{where}")


def test_a_manifest_never_prints_its_config(tree: Path) -> None:
    (tree / MANIFEST).write_text(GOOD.replace("[config]", '[config]\nCONFIG_HMI_WIFI_PASSWORD = "hunter2"'))
    assert "hunter2" not in repr(load(tree))


def test_an_sdkconfig_line_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(SdkconfigError, match="sdkconfig:3"):
        parse_sdkconfig("# comment\nCONFIG_A=y\nCONFIG_B 3\n", tmp_path / "sdkconfig")


def test_sdkconfig_values() -> None:
    text = 'CONFIG_A=y\nCONFIG_B=n\nCONFIG_C=0x1F\nCONFIG_D=-3\nCONFIG_E="a\\"b"\nCONFIG_F=007\nCONFIG_G=\n'
    assert parse_sdkconfig(text, Path("sdkconfig")) == {
        "CONFIG_A": True, "CONFIG_B": False, "CONFIG_C": 31, "CONFIG_D": -3, "CONFIG_E": 'a"b', "CONFIG_F": 7,
        "CONFIG_G": False,
    }  # fmt: skip


def test_the_header_defines_what_is_set() -> None:
    header = sdkconfig_header({"CONFIG_B": False, "CONFIG_A": True, "CONFIG_N": 5, "CONFIG_S": 'a"\\b??/'})
    assert header.splitlines() == [
        "#pragma once",
        "#define CONFIG_A 1",
        "#define CONFIG_N 5",
        r'#define CONFIG_S "a\"\\b\?\?/"',
    ]


def test_lines_are_found_in_their_table() -> None:
    text = "[a]\nx = 1\n[b]\n'x' = 2\ny.z = 3\n"
    assert [line_of(text, "a", "x"), line_of(text, "b", "x"), line_of(text, "b", "y")] == [2, 4, 5]
    assert line_of(text, "", "b") == 3
    assert line_of(text, "a", "y") is None


@given(st.text())
def test_any_text_loads_or_is_refused(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / MANIFEST).write_bytes(text.encode(errors="replace"))
    with pytest.raises(ManifestError):
        load(folder)


@given(st.text() | st.from_regex(r"-?[0-9]+"), st.booleans())
def test_any_sdkconfig_parses_or_is_refused(text: str, prefixed: bool) -> None:
    try:
        values = parse_sdkconfig(f"CONFIG_A={text}" if prefixed else text, Path("sdkconfig"))
    except SdkconfigError as error:
        assert str(error).startswith("sdkconfig:")  # noqa: PT017 (either outcome is right)
    else:
        assert all(name.startswith("CONFIG_") for name in values)


SUPPRESS = """
[[suppress]]
variable = "s_state.*"
function = "on_*"
reason = "the dispatcher is the only writer"
"""


def test_a_race_is_suppressed_by_pattern_and_for_a_reason(tree: Path) -> None:
    (tree / MANIFEST).write_text(GOOD + SUPPRESS)
    (suppression,) = load(tree).suppressions

    def race(variable: str, function: str) -> Race:
        accesses = (Access("t", True, False, "a.c", 1, name) for name in ("other", function))
        return Race(variable, *accesses)

    assert suppression.covers(race("s_state.flag", "on_event"))
    assert not suppression.covers(race("s_other", "on_event"))
    assert not suppression.covers(race("s_state.flag", "poll"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('variable = "x"', "reason: is missing"),
        ('variable = "x"\nreason = " "', "reason: is missing"),
        ('reason = "all of them"', "suppresses every race"),
        ('varaible = "x"\nreason = "r"', "did you mean 'variable'"),
        ("variable = 3\nreason = 'r'", "must be a text"),
    ],
)
def test_a_suppression_that_says_too_little_is_refused(tree: Path, text: str, words: str) -> None:
    (tree / MANIFEST).write_text(GOOD + f"[[suppress]]\n{text}\n")
    with pytest.raises(ManifestError, match=words):
        load(tree)


def test_what_a_manifest_holds_that_is_secret_is_known_from_then_on(tree: Path) -> None:
    text = GOOD.replace("[config]", '[config]\nCONFIG_HMI_WIFI_PASSWORD = "tulip-garden-7"')
    (tree / MANIFEST).write_text(text)
    load(tree)
    assert masked("it is tulip-garden-7") == "it is (hidden)"


def test_a_byte_order_mark_is_no_error(tree: Path) -> None:
    (tree / MANIFEST).write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(tree).sources


@pytest.mark.parametrize(
    ("table", "line", "problem"),
    [
        ('variable = "y"\nreason = ""', 5, "reason: is missing"),
        ('variable = "y"', 3, "reason: is missing"),
        ('reason = "x"', 4, "suppresses every race"),
        ('reason = "x"\nvarible = "y"', 5, "is not a key"),
        ('reason = "x"\nfile = 3', 5, "must be a text"),
    ],
)
def test_errors_of_a_suppression_say_on_which_line(tree: Path, table: str, line: int, problem: str) -> None:
    first = '[[suppress]]\nreason = "first"\nvariable = "x"\n\n'
    (tree / MANIFEST).write_text(GOOD + "\n" + first + "[[suppress]]\n" + table)
    begin = len((GOOD + "\n" + first).splitlines()) - 2
    with pytest.raises(ManifestError, match=problem) as caught:
        load(tree)
    assert str(caught.value).startswith(f"{tree / MANIFEST}:{begin + line}: [suppress] ")
