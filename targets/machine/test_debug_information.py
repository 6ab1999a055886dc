from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from elftools.elf.elffile import ELFFile

from p4verify.targets.building.build import build_litmus
from p4verify.targets.building.plan import RUNTIME
from p4verify.targets.machine.debug_information import debug_information


@pytest.fixture(scope="module")
def executable() -> bytes:
    return build_litmus([RUNTIME / "sim" / "litmus" / "struct_copy.c"]).executable.read_bytes()


def test_it_says_what_pyelftools_says(executable: bytes) -> None:
    mine, theirs = debug_information(ELFFile(BytesIO(executable))), ELFFile(BytesIO(executable)).get_dwarf_info()
    assert entries(mine) == entries(theirs)
    assert len(entries(mine)) > 1000


def entries(dwarf: Any) -> list[tuple[Any, ...]]:
    """Every entry of the simulator's own units and of the litmus file's, as text."""
    units = [unit for unit in dwarf.iter_CUs() if unit.get_top_DIE().attributes["DW_AT_name"].value.endswith(b".c")]
    return [(die.offset, die.tag, die.has_children, str(die.attributes)) for one in units for die in one.iter_DIEs()]


def test_a_table_is_read_no_further_than_it_is_asked_for(executable: bytes) -> None:
    dwarf = debug_information(ELFFile(BytesIO(executable)))
    (unit, *_) = dwarf.iter_CUs()
    unit.get_top_DIE()
    table = dwarf.get_abbrev_table(unit["debug_abbrev_offset"])
    before = len(table._known)
    with pytest.raises(KeyError):
        table.get_abbrev(1 << 40)
    assert 0 < before < len(table._known)
    assert table.get_abbrev(max(table._known))["tag"]
