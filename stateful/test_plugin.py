"""The pytest plugin, run as its users run it: in a folder of their own, by a pytest of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "stateful" / "README.md"
MODULES = """
import sys
def test_modules():
    absent = {"gevent", "locust", "p4verify.targets.sim", "p4verify.stateful.collected", "hypothesis"}
    assert "p4verify.stateful.plugin" in sys.modules
    assert not absent & set(sys.modules)
"""
WITHOUT_SHRINKING = """
from hypothesis import Phase, settings
settings.register_profile("found", derandomize=True, phases=[Phase.generate])
settings.load_profile("found")
"""


def run(folder: Path, *arguments: str, plugins: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """A pytest with our plugin and these others only; CI is set, as it is where it matters most."""
    environment = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "1"}
    environment.pop("PYTEST_ADDOPTS", None)
    names = ("p4verify.stateful.plugin", *plugins)
    chosen = [part for name in (*names, "no:cacheprovider") for part in ("-p", name)]
    command = [sys.executable, "-m", "pytest", *chosen, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=110, check=False
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def test_it_is_registered_as_an_entry_point() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"p4verify": "p4verify.stateful.plugin"}


def test_a_run_without_it_is_left_alone(folder: Path) -> None:
    (folder / "test_modules.py").write_text(MODULES)
    done = run(folder)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_a_run_with_it_imports_no_gevent(folder: Path) -> None:
    check = "import sys\ndef test_it(p4verify_build):\n    assert not {'gevent', 'locust'} & set(sys.modules)\n"
    (folder / "test_it.py").write_text(check)
    done = run(folder, "--p4verify-firmware=hardened", "--p4verify-budget=0", "-k", "test_it or NP-3")
    assert done.returncode == 0, done.stdout
    assert "2 passed" in done.stdout


def test_everything_is_collected_without_a_build(folder: Path) -> None:
    done = run(folder, "--p4verify-firmware=hardened", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout
    machines = ("publisher", "telemetry", "system", "gateway", "client", "whole")
    expected = (*(f"stepwise[{name}]" for name in machines), "batch[NP-3]", "batch[SYS-1]")
    assert all(f"p4verify::{name}" in done.stdout for name in expected), done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--p4verify-firmware=nowhere",), "there is no such manifest"),
        (("--p4verify-target=sim",), "--p4verify-firmware=DIR is missing"),
        (("--p4verify-firmware=hardened", "--p4verify-budget=-1"), "must be a number of seconds"),
        (("--p4verify-firmware=hardened", "--p4verify-budget=nan"), "must be a number of seconds"),
        (("--p4verify-firmware=hardened", "--p4verify-budget=soon"), "a number of seconds, 0 or more, not 'soon'"),
        (("--p4verify-seed=x",), "must be a whole number from 0 to 2^63, not 'x'"),
        (("--p4verify-seed=-1",), "must be a whole number from 0 to 2^63, not '-1'"),
        (("--p4verify-seed=9223372036854775809",), "must be a whole number from 0 to 2^63"),
        (("--p4verify-firmware=hardened", "--p4verify-target=moon"), "invalid choice"),
    ],
)
def test_nonsense_is_a_usage_error(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(folder, *arguments)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert words in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_a_firmware_that_does_not_build_is_said_without_a_traceback(folder: Path) -> None:
    shutil.copytree(ROOT / "targets" / "firmware" / "hardened", folder / "firmware")
    source = folder / "firmware" / "components" / "event_bus" / "event_bus.c"
    source.write_text(source.read_text() + "\nint broken(\n")
    (folder / "test_it.py").write_text("def test_it(p4verify_subject):\n    pass\n")
    done = run(folder, "--p4verify-firmware=firmware", "--p4verify-budget=0", "-k", "NP-3 or test_it")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert done.stdout.count("event_bus.c") >= 2
    assert "Traceback" not in done.stdout
    assert "collected.py" not in done.stdout


def test_the_folders_own_manifest_will_do_and_two_workers_share_the_work(folder: Path) -> None:
    shutil.copytree(ROOT / "targets" / "firmware" / "hardened", folder, dirs_exist_ok=True)
    chosen = "NP-3 or TM-1 or TM-3"
    done = run(
        folder, "--p4verify-target=sim", "--p4verify-budget=0", "-k", chosen, "-n", "2", plugins=("xdist.plugin",)
    )
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout


def test_a_finding_is_kept_and_replayed_first(folder: Path) -> None:
    """Although CI is set: Hypothesis' own profile for CI would keep nothing."""
    arguments = ("--p4verify-firmware=as_found", "--p4verify-budget=0", "--p4verify-seed=1")
    done = run(folder, *arguments, "-k", "TM-1")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, done.stdout
    assert re.search(r"^tm\.[a-z-]+: ", done.stdout, re.MULTILINE), done.stdout
    assert "Traceback" not in done.stdout
    kept = sorted((folder / ".p4verify" / "regressions").glob("tm.*.json"))
    assert kept
    examples = folder / ".hypothesis" / "p4verify" / "batch-TM-1"
    assert any(path.is_file() for path in examples.rglob("*"))
    again = run(folder, *arguments, "-v", "-k", "regression")
    assert again.returncode == pytest.ExitCode.TESTS_FAILED
    assert f"p4verify::regression[{kept[0].stem}] FAILED" in again.stdout
    assert f"{len(kept)} failed" in again.stdout
    assert "still there" in again.stdout
    listed = run(folder, *arguments, "--collect-only", "-q").stdout.splitlines()
    assert listed[0].startswith("p4verify::regression[")


def test_a_damaged_regression_fails_by_its_name(folder: Path) -> None:
    kept = folder / "kept"
    kept.mkdir()
    (kept / "np.fifo-0.json").write_text("{")
    (folder / "pytest.ini").write_text("[pytest]\np4verify_regressions = kept\n")
    done = run(folder, "--p4verify-firmware=hardened", "-k", "regression")
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "np.fifo-0.json" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_fixture_without_a_firmware_skips(folder: Path) -> None:
    (folder / "test_it.py").write_text("def test_it(p4verify_target):\n    pass\n")
    done = run(folder, "-rs")
    assert done.returncode == 0
    assert "needs --p4verify-firmware=DIR" in done.stdout


def test_the_example_of_the_readme_runs(folder: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    (example,) = [block for block in blocks if "class" in block]
    (folder / "test_example.py").write_text(example)
    done = run(folder, "--p4verify-firmware=hardened", "-k", "test_cells_meet_mode_switches")
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
    (folder / "conftest.py").write_text(WITHOUT_SHRINKING)  # which takes half a minute, and is shown in test_machines
    found = run(folder, "--p4verify-firmware=as_found", "-k", "test_cells_meet_mode_switches")
    assert found.returncode == pytest.ExitCode.TESTS_FAILED
    assert "Violated" in found.stdout
