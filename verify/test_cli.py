"""The command line as a user meets it: messages, exit statuses, and never a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from p4verify.verify.record import load_counterexample, read_run

if TYPE_CHECKING:
    from p4verify.verify.conftest import Run

ADAPTER = """
#include "p4v_adapter.h"
void component_start(void);
static bool boot(void) { component_start(); return true; }
static void poke(p4v_reader *a, p4v_writer *r) { (void)r; (void)p4v_get_uint(a, 1); }
static const p4v_operation operations[] = {{"mine.poke", "times:u8", "", poke}, {0}};
static p4v_observer *const observers[] = {NULL};
const p4v_adapter p4v_adapter_mine = {"mine", boot, operations, observers};
"""
MANIFEST = '[firmware]\nname = "mine"\nsources = ["component.c"]\nadapters = ["mine.c"]\n'


def firmware(folder: Path, component: str, manifest: str = MANIFEST) -> Path:
    folder.mkdir()
    (folder / "component.c").write_text(component)
    (folder / "mine.c").write_text(ADAPTER)
    (folder / "p4verify.toml").write_text(manifest)
    return folder


# ---- what every command has ----


@pytest.mark.parametrize("command", ["check", "replay", "litmus", "bench", "doctor"])
def test_every_command_has_help_with_an_example(p4verify: Run, command: str) -> None:
    status, out, _ = p4verify(command, "--help")
    assert status == 0
    assert f"  p4verify {command}" in out


def test_what_is_replayed_without_being_named_is_told(p4verify: Run) -> None:
    _, out, _ = p4verify("replay", "--help")
    assert "default: that in which it was found" in " ".join(out.split())


def test_the_version_and_nothing_else(p4verify: Run) -> None:
    status, out, _ = p4verify("--version")
    assert (status, out.split()[0], len(out.split())) == (0, "p4verify", 2)


def test_the_list_names_what_nothing_judges_yet(p4verify: Run) -> None:
    status, out, _ = p4verify("check", "--list")
    assert status == 0
    assert "np.point-intact" in out
    assert "not available" in out
    _, out, _ = p4verify("check", "--list", "--only", "np.fifo")
    assert [line.split()[0] for line in out.splitlines()] == ["NP-4", "np.fifo"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("nonsense", "No such command"),
        ("check", "there is no p4verify.toml in this folder"),
        ("check --firmware nowhere", "there is no such manifest"),
        ("check --firmware as_found --only NP-3,XY-1", "no such criterion or invariant: XY-1"),
        ("check --firmware as_found --expect NP-3", "not an expectation"),
        ("check --firmware as_found --expect violation:XY", "no such criterion or invariant: XY"),
        ("check --firmware as_found --target serial", "sim and model are built so far"),
        ("check --firmware mine --target model", "name it by --firmware as_found or hardened"),
        ("check --firmware as_found --target mars", "there is no target 'mars'"),
        ("check --firmware as_found --budget nan", "--budget"),
        ("check --firmware as_found --budget inf", "must be a number of seconds"),
        ("check --firmware as_found --seed -1", "--seed"),
        ("check --firmware as_found --json /proc/none/file", "cannot be written to"),
        ("check --firmware as_found --json .", "it is a folder"),
        ("check --firmware as_found --markdown gone/report.md", "there is no folder gone"),
        ("check --firmware as_found --json - --markdown -", "name a file for one of them"),
        ("check --firmware as_found --run-dir /proc/none", "name a folder you may write to"),
        ("check --firmware as_found --only ,", "--only ',' names nothing"),
        ("check --firmware as_found --only=", "--only '' names nothing"),
        ("check --firmware as_found --run-dir=", "--run-dir names nothing"),
        ("check --firmware=", "names nothing: leave it out, or name a tree"),
        ("replay found.json --firmware=", "names nothing: leave it out, or name a tree"),
        ("check --list --only XY-1", "no such criterion or invariant: XY-1"),
        ("check --firmware as_found --cc nonsense", "there is no compiler 'nonsense'"),
        ("replay nothing.json", "No such file"),
        ("replay .", "Is a directory"),
        ("litmus nothing.c", "there is no such file"),
        ("litmus nothing.c --strategy luck", "there is no strategy 'luck'"),
        ("litmus nothing.c -D 1=2", "write NAME or NAME=VALUE"),
        ("bench --only nothing", "no figure matches"),
        ("doctor --json /proc/none/file", "cannot be written to"),
    ],
)
def test_what_the_user_can_mend_is_said(p4verify: Run, arguments: str, words: str) -> None:
    status, out, err = p4verify(*arguments.split())
    assert status == 2
    assert words in err
    assert out == ""


def test_a_machine_without_compiler_is_told_how_to_get_one(p4verify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.delenv("P4VERIFY_CC", raising=False)
    monkeypatch.setattr("p4verify.targets.building.compilers._zig_of_the_wheel", lambda: None)
    status, _, err = p4verify("check", "--firmware", "as_found")
    assert status == 2
    assert "pip install ziglang" in err
    status, out, _ = p4verify("doctor")
    assert status == 2
    assert "pip install ziglang" in out


# ---- doctor ----


def test_the_doctor_proves_that_it_works_here(p4verify: Run) -> None:
    status, out, _ = p4verify("doctor", "--json", "-")
    assert status == 0
    found = json.loads(out)
    by_name = {check["name"]: check for check in found["checks"]}
    assert found["ok"] is True
    assert {"python", "platform", "cache", "address space", "compiler", "chosen", "build", "explore"} <= set(by_name)
    assert "lost update is found" in by_name["explore"]["found"]


def test_the_doctor_says_what_is_wrong_with_the_cache(
    p4verify: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("P4VERIFY_CACHE", str(tmp_path / "file" / "cache"))
    status, out, _ = p4verify("doctor")
    assert status == 2
    assert "P4VERIFY_CACHE" in out


# ---- firmware that is not as it should be ----


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("", "name"),
        ("firmware = 3", "must be a table"),
        ("[firmware", "not valid TOML"),
        ("\x00", "not valid TOML"),
        (MANIFEST.replace("sources", "sauces"), "did you mean 'sources'"),
        (MANIFEST.replace("component.c", "../*.c"), "without '..'"),
        (MANIFEST.replace("component.c", "absent.c"), "matches no file"),
        (MANIFEST.replace("mine.c", "theirs"), "is not bundled"),
        (MANIFEST + "[limits]\nsettle_ms = -1\n", "not negative"),
        (MANIFEST + '[probes]\n"a.b" = "absent_function"\n', "no function 'absent_function'"),
    ],
)
def test_a_malformed_manifest_is_refused_with_its_place(
    p4verify: Run, tmp_path: Path, manifest: str, words: str
) -> None:
    tree = firmware(tmp_path / "tree", "void component_start(void) {}\n", manifest)
    status, _, err = p4verify("check", "--firmware", tree)
    assert status == 2
    assert words in err
    assert "p4verify.toml" in err or "absent_function" in err


@pytest.mark.parametrize(
    ("component", "words"),
    [
        ("void component_start(void) { int x = ; }", "component.c:1"),
        ("void esp_frobnicate(void); void component_start(void) { esp_frobnicate(); }", "esp_frobnicate"),
        (
            "__attribute__((constructor)) void c(void) { *(volatile int *)8 = 1; } void component_start(void) {}",
            "static constructors",
        ),
    ],
)
def test_a_firmware_that_cannot_start_is_said(p4verify: Run, tmp_path: Path, component: str, words: str) -> None:
    tree = firmware(tmp_path / "tree [bold]", component + "\n")
    status, _, err = p4verify("check", "--firmware", tree)
    assert status == 2
    assert words in err
    assert not (tmp_path / ".p4verify").exists() or not list((tmp_path / ".p4verify").rglob("run.jsonl"))


@pytest.mark.parametrize(
    "body",
    [
        "*(volatile int *)8 = 1;",
        "volatile int on = 1; while (on) {}",
        "vQueueDelete(NULL);",
        "char *p = malloc(8); memset(p, 1, 4096); free(p); free(p);",
        "exit(3);",
    ],
)
def test_a_firmware_that_fails_at_boot_is_a_finding(p4verify: Run, tmp_path: Path, body: str) -> None:
    headers = '#include "freertos/FreeRTOS.h"\n#include "freertos/queue.h"\n#include <stdlib.h>\n#include <string.h>\n'
    tree = firmware(tmp_path / "tree", f"{headers}void component_start(void) {{ {body} }}\n")
    status, out, _ = p4verify("check", "--firmware", tree, "--budget", 1, "--only", "SYS-1", "--json", "-")
    assert status == 1
    assert "violation" in {part["verdict"] for part in json.loads(out)["criteria"][0]["invariants"]}


# ---- a run ----


def test_a_run_says_json_only_and_leaves_a_run_that_can_be_replayed(p4verify: Run, tmp_path: Path) -> None:
    status, out, err = p4verify(
        "check", "--firmware", "as_found", "--only", "tm.delta-publish", "--budget", 4, "--run-dir", "run",
        "--json", "-", "--markdown", "report.md",
    )  # fmt: skip
    assert status == 1
    verdicts = json.loads(out)
    assert verdicts["schema"] == 1
    assert [criterion["id"] for criterion in verdicts["criteria"]] == ["TM-4"]
    (invariant,) = verdicts["criteria"][0]["invariants"]
    assert invariant["verdict"] == "violation"
    assert "tm.delta-publish" in err
    assert invariant["figures"][0].keys() == {"name", "value", "unit", "merged"}
    assert read_run(tmp_path / "run" / "run.jsonl").complete
    report = (tmp_path / "run" / "acceptance.md").read_text()
    assert (tmp_path / "report.md").read_text() == report
    assert report.startswith("# Acceptance of `as_found`\n\n**0 ok, 1 violated, 0 unknown**")
    assert "p4verify replay counterexamples/tm.delta-publish.json" in report
    assert str(tmp_path) not in report
    status, out, _ = p4verify("replay", invariant["counterexample"])
    assert status == 1
    assert "violated in 100 of 100 replays" in out


def test_a_tree_is_told_by_its_name_and_found_by_its_manifest(
    p4verify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "#include <stdlib.h>\nvoid component_start(void) { exit(3); }\n"
    tree = firmware(tmp_path / "tree", body, MANIFEST.replace('name = "mine"', 'name = "hardened"'))
    monkeypatch.chdir(tree)
    status, out, err = p4verify("check", "--budget", 1, "--only", "SYS-1", "--run-dir", "run", "--json", "-")
    assert status == 1
    assert json.loads(out)["firmware"] == "."
    assert "firmware hardened ·" in err
    (found,) = (tree / "run" / "counterexamples").iterdir()
    assert load_counterexample(found).firmware == "hardened"
    monkeypatch.chdir(tmp_path)
    status, out, _ = p4verify("replay", found, "--times", 2)
    assert (status, "violated in 2 of 2 replays" in out) == (1, True), "in this tree, not in the bundled one"


def test_the_report_alone_is_on_the_standard_output(p4verify: Run, tmp_path: Path) -> None:
    tree = firmware(tmp_path / "tree", "void component_start(void) {}\n")
    status, out, err = p4verify("check", "--firmware", tree, "--budget", 1, "--markdown", "-", "--run-dir", "run")
    assert status in (0, 3)
    assert out == (tmp_path / "run" / "acceptance.md").read_text()
    assert out.startswith("# Acceptance of `mine`")
    assert str(tmp_path) not in out
    assert "criterion" in err


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_built(
    p4verify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("p4verify.stateful.preparing.prepared", lambda *_arguments: pytest.fail("it was built first"))
    (tmp_path / "file").touch()
    status, _, err = p4verify("check", "--firmware", "as_found", "--run-dir", "file/run")
    assert status == 2
    assert f"--run-dir file/run: {tmp_path / 'file'} is a file: name a folder you may write to" in err
    monkeypatch.setattr("os.access", lambda *_arguments: False)
    status, _, err = p4verify("check", "--firmware", "as_found", "--run-dir", "run")
    assert status == 2
    assert f"you may not write to {tmp_path}" in err


def test_what_was_expected_is_a_success_and_anything_else_is_not(p4verify: Run) -> None:
    told = ("check", "--firmware", "as_found", "--only", "tm.delta-publish", "--budget", 4, "--quiet", "--expect")
    assert p4verify(*told, "violation:TM-4")[0] == 0
    status, _, err = p4verify(*told, "violation:")
    assert status == 1
    assert "not as expected" in err


# ---- around it ----


def test_a_reader_that_has_gone_is_no_verdict(p4verify: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_arguments: object, **_named: object) -> None:
        raise BrokenPipeError(32, os.strerror(32))

    monkeypatch.setattr("typer.echo", gone)
    assert p4verify("check", "--list")[0] == 141


def test_a_closed_pipe_ends_it_quietly_and_the_run_stays_readable(tmp_path: Path) -> None:
    """As `| head -1` does, but sooner: nobody reads a word."""
    reading, writing = os.pipe()
    os.close(reading)
    told = ("check", "--firmware", "as_found", "--only", "tm.delta-publish", "--budget", "1", "--run-dir", "run")
    command = (sys.executable, "-m", "p4verify.verify.cli", *told)
    done = subprocess.run(command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert done.returncode == 141
    assert "roken" not in done.stderr
    assert "Traceback" not in done.stderr
    assert read_run(tmp_path / "run" / "run.jsonl").begins.firmware == "as_found"


def test_a_folder_whose_name_cannot_be_printed_is_refused(p4verify: Run) -> None:
    status, _, err = p4verify("check", "--firmware", "as_found", "--run-dir", "two\nlines")
    assert status == 2
    assert "--run-dir two·lines: there is a newline" in err


def test_a_litmus_finding_shows_its_source_from_any_folder(p4verify: Run, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    file = tmp_path / "elsewhere" / "fails.c"
    file.write_text("#include <assert.h>\nvolatile int shared;\n" + TWO_TASKS)
    status, out, _ = p4verify("litmus", file, "--executions", 2000)
    assert status == 1
    assert "shared = 2;" in out


TWO_TASKS = """
#include <pthread.h>
static void *other(void *unused) {
    shared = 2;
    return unused;
}
int main(void) {
    pthread_t thread;
    shared = 1;
    pthread_create(&thread, NULL, other, NULL);
    int first = shared;
    int second = shared;
    assert(first == second);
    pthread_join(thread, NULL);
}
"""
