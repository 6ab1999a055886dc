"""The walk has one direction: who may import whom, read from every module, and what the package holds."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("verify", "targets", "stateful", "stress", "reports")
ALLOWED = {
    "verify": {"verify"},
    "targets": {"targets", "verify"},
    "reports": {"reports", "verify"},
    "stateful": {"stateful", "verify", "targets", "reports"},
    "stress": {"stress", "verify", "targets", "reports"},
}
CLI = "verify/cli.py"
LOADED_BY_THE_CLI = {"typer", "rich"}
SHARED_BY_COMMANDS = "p4verify.reports.command_line"
"""What the composition root may load at once: a command's own needs come in with the command."""


def modules() -> list[str]:
    names = (path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return sorted(name for name in names if "/esp32p4/" not in name)


def imports(tree: ast.Module, *, lazy: bool) -> Iterator[str]:
    """Imported module names, of the module's own level or (lazy) of the bodies of its functions."""
    inside = {
        node
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if (node in inside) is lazy:
            yield from named(node)


def named(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "relative imports load modules twice under pytest"
        module = node.module or ""
        yield from (f"{module}.{alias.name}" for alias in node.names) if module == "p4verify" else (module,)


def all_imports(source: str) -> set[str]:
    tree = ast.parse(source)
    return {*imports(tree, lazy=False), *imports(tree, lazy=True)}


def complaints(name: str, source: str) -> list[str]:
    """What is wrong with the imports of module `name` ("verify/record.py")."""
    folder = name.split("/", 1)[0]
    is_test = Path(name).name.startswith("test_") or Path(name).name == "conftest.py"
    found = []
    for imported in sorted(all_imports(source)):
        package, _, rest = imported.partition(".")
        if imported == "p4verify.verify.cli" and not (is_test and folder == "verify"):
            found.append(f"{name} imports the command line, which is the root of the composition")
        if package == "p4verify":
            if rest.split(".")[0] not in ALLOWED[folder] and name != CLI:
                found.append(f"{name} imports {imported}: {folder} may import {sorted(ALLOWED[folder])} only")
        elif folder == "verify" and name != CLI and not is_test and package not in sys.stdlib_module_names:
            found.append(f"{name} imports {imported}, which is not of the standard library")
        if package in FOLDERS:
            found.append(f"{name} imports {imported} without `p4verify.`: it would be loaded twice")
    return found + (eager_complaints(source) if name == CLI else [])


def eager_complaints(source: str) -> list[str]:
    tree = ast.parse(source)
    for node in ast.walk(tree):  # what only a type checker sees is never loaded
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    early = {imported for imported in imports(tree, lazy=False) if imported != "__future__"}
    allowed = {*sys.stdlib_module_names, *LOADED_BY_THE_CLI}
    return [
        f"{CLI} imports {imported} before a command needs it"
        for imported in sorted(early)
        if imported.split(".")[0] not in allowed
        and imported != SHARED_BY_COMMANDS
        and not imported.startswith("p4verify.verify.")
    ]


@pytest.mark.parametrize("name", modules())
def test_imports_follow_the_walk(name: str) -> None:
    assert complaints(name, (ROOT / name).read_text()) == []


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("verify/record.py", "import p4verify.targets.sim", "verify may import"),
        ("verify/record.py", "def f():\n    from p4verify import reports", "verify may import"),
        ("verify/record.py", "import msgspec", "not of the standard library"),
        ("targets/sim.py", "from p4verify.reports.lanes import draw", "targets may import"),
        ("reports/lanes.py", "import p4verify.targets.building.build", "reports may import"),
        ("stress/users.py", "import p4verify.stateful.strategies", "stress may import"),
        ("stateful/plugin.py", "from p4verify import stress", "stateful may import"),
        ("targets/sim.py", "from p4verify.verify.cli import main", "root of the composition"),
        ("targets/sim.py", "from verify import record", "loaded twice"),
        (CLI, "import p4verify.targets.building.build", "before a command needs it"),
        (CLI, "import hypothesis", "before a command needs it"),
        (CLI, "if sys.argv:\n    import hypothesis", "before a command needs it"),
    ],
)
def test_a_forbidden_import_is_noticed(name: str, source: str, expected: str) -> None:
    assert any(expected in complaint for complaint in complaints(name, source))


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("targets/sim.py", "import elftools\nfrom p4verify.verify.program import Program"),
        ("stateful/plugin.py", "import p4verify.reports.lanes"),
        (CLI, "import typer\ndef check():\n    import p4verify.targets.building.build, hypothesis"),
        (CLI, "if TYPE_CHECKING:\n    from p4verify.targets.building.build import Build"),
        ("verify/test_record.py", "import hypothesis\nfrom p4verify.verify.cli import main"),
    ],
)
def test_an_allowed_import_is_not_complained_about(name: str, source: str) -> None:
    assert complaints(name, source) == []


def packaged() -> dict[str, object]:
    settings: dict[str, dict[str, dict[str, object]]] = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return settings["tool"]["setuptools"]


def test_the_package_list_equals_the_folders() -> None:
    found = (path.parent.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("__init__.py"))
    names = sorted(".".join(("p4verify", *path.parts)) for path in found)
    assert packaged()["packages"] == names


def test_everything_a_build_needs_is_package_data() -> None:
    """A wheel without one header would build nothing, and only on the user's machine."""
    data = packaged()["package-data"]
    assert isinstance(data, dict)
    listed = {path for glob in data["p4verify.targets"] for path in (ROOT / "targets").glob(glob) if path.is_file()}
    needed = {
        path
        for path in (ROOT / "targets").rglob("*")
        if re.fullmatch(r"\.(c|cpp|h|hpp|S|txt|toml|json)|", path.suffix) and path.is_file()
    }
    assert needed
    assert sorted(path for path in needed - listed if "__pycache__" not in path.parts) == []


def test_the_checkers_see_the_real_modules() -> None:
    assert {"verify/program.py", "targets/building/build.py", "verify/test_layers.py"} <= set(modules())
