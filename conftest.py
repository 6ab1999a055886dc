"""Makes pytest import every test beside the code under its real name, p4verify.<folder>.<module>.

Left to itself pytest imports `verify/test_x.py` as `verify.test_x`, and what the test imports would then be loaded a
second time as `p4verify.verify.x`: two classes of one name that never compare equal. What tests build is kept under
build/, not among the user's own builds. And Hypothesis draws no constants of the modules that happen to be loaded: with
them a derandomised test would depend on which tests ran before it. Nothing else belongs here.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis.internal.conjecture import providers

ROOT = Path(__file__).parent
os.environ.setdefault("P4VERIFY_CACHE", str(ROOT / "build" / "cache"))
# There is no setting for it. Should a later Hypothesis have another name for this, the line has no effect.
providers._get_local_constants = lambda: providers._local_constants  # noqa: SLF001


class P4verifyModule(pytest.Module):
    """A test module that is imported as part of the package p4verify."""

    def _getobj(self) -> ModuleType:
        name = ".".join(("p4verify", *self.path.relative_to(ROOT).with_suffix("").parts))
        try:
            module = importlib.import_module(name)
        except (ImportError, SyntaxError) as error:
            short = pytest.ExceptionInfo.from_exception(error).getrepr(style="short")
            raise self.CollectError(f"cannot import {name}\n{short}") from error
        self.config.pluginmanager.consider_module(module)
        return module


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    if not module_path.is_relative_to(ROOT):
        return None
    made: pytest.Module = P4verifyModule.from_parent(parent, path=module_path)
    return made
