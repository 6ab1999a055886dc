"""The pytest plugin: `pytest --p4verify-firmware=DIR` runs the machines against that firmware.

With the options it collects ready-made tests (the kept regressions, one test per machine, one per criterion); the
fixtures serve tests of your own. Without them it does nothing, and imports nothing but this file: everything else is
imported when it is needed. It never imports gevent or Locust, which patch the process.
"""

from __future__ import annotations

import argparse
import math
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from p4verify.stateful.collected import Session
    from p4verify.stateful.opened import AnyBuild
    from p4verify.stateful.subject import Subject
    from p4verify.targets.model.target import ModelTarget
    from p4verify.targets.sim import SimTarget

TARGETS = ("sim",)
SESSION: pytest.StashKey[Session] = pytest.StashKey()
REGRESSIONS = ".p4verify/regressions"
LARGEST_SEED = 2**63
SEEDS = "0 to 2^63"


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len(str(LARGEST_SEED)) or int(text) > LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"must be a whole number from {SEEDS}, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds, 0 or more, not {text!r}")
    return seconds


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, and where regressions are kept."""
    group = parser.getgroup("p4verify", "concurrency of ESP32-P4 firmware")
    group.addoption("--p4verify-target", choices=TARGETS, help="where programs run: sim, the controlled scheduler")
    group.addoption("--p4verify-firmware", metavar="DIR", help="a tree with a p4verify.toml, or as_found, hardened")
    group.addoption(
        "--p4verify-seed", type=_seed, default=0, metavar="N", help=f"decides programs, schedules ({SEEDS}; default 0)"
    )
    group.addoption(
        "--p4verify-budget", type=_seconds, default=45.0, metavar="SECONDS",
        help="shared by all ready-made tests (default 45; 0: one short round each)",
    )  # fmt: skip
    parser.addini("p4verify_regressions", "the folder of regression files", default=REGRESSIONS)


def wanted(config: pytest.Config) -> bool:
    """Whether this run is to use p4verify."""
    return bool(config.getoption("p4verify_firmware") or config.getoption("p4verify_target"))


def pytest_configure(config: pytest.Config) -> None:
    """Refuses a firmware that is none, before anything is collected."""
    if wanted(config):
        from p4verify.stateful.collected import Session

        config.stash[SESSION] = Session.of(config)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Ends the simulator."""
    session = config.stash.get(SESSION, None)
    if session is not None:
        session.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the ready-made tests before the others, regressions first."""
    if wanted(config):
        from p4verify.stateful.collected import ready_made

        items[:0] = ready_made(session, config.stash[SESSION])


@pytest.fixture(scope="session")
def p4verify_subject(pytestconfig: pytest.Config) -> Subject:
    """The firmware of `--p4verify-firmware` with its simulator and invariants; one process per worker."""
    session = pytestconfig.stash.get(SESSION, None)
    if session is None:
        pytest.skip("needs --p4verify-firmware=DIR")
    return session.subject_or_fail()


@pytest.fixture(scope="session")
def p4verify_target(p4verify_subject: Subject) -> SimTarget | ModelTarget:
    """The simulator of the firmware."""
    return p4verify_subject.target


@pytest.fixture(scope="session")
def p4verify_build(p4verify_target: SimTarget | ModelTarget) -> AnyBuild:
    """What was built."""
    return p4verify_target.build
