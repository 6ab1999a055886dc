from __future__ import annotations

import subprocess
from io import BytesIO
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from p4verify.targets.building.compilers import require
from p4verify.targets.machine.symbol_table import ObjectFile

SOURCE = "static int counter; extern int other;\nint shown(void) { return ++counter + other; }\n"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("symbols")
    (folder / "a.c").write_text(SOURCE)
    subprocess.run([*require().c, "-c", "a.c", "-o", "a.o"], cwd=folder, check=True, capture_output=True)
    return (folder / "a.o").read_bytes()


def test_it_reads_what_pyelftools_reads(data: bytes) -> None:
    table = ELFFile(BytesIO(data)).get_section_by_name(".symtab")
    assert isinstance(table, SymbolTableSection)
    wanted = [(s.name, s["st_value"], s["st_size"]) for s in table.iter_symbols() if s.entry["st_name"]]
    assert [(symbol.name, symbol.value, symbol.size) for symbol in ObjectFile.of(data).symbols()] == wanted
    assert {"counter", "other", "shown"} <= {name for name, _, _ in wanted}


def test_sections_have_their_names_and_bytes(data: bytes) -> None:
    elf, file = ELFFile(BytesIO(data)), ObjectFile.of(data)
    wanted = [(section.name, section["sh_flags"], section.data()) for section in elf.iter_sections()]
    shown = [(file.name_of(part), part.flags, file.content(part)) for part in file.sections]
    assert [one[:2] for one in shown] == [one[:2] for one in wanted]
    assert [one[2] for one in shown if one[0] == ".text"] == [one[2] for one in wanted if one[0] == ".text"]


def test_what_is_no_such_file_is_refused(data: bytes, tmp_path: Path) -> None:
    for wrong in (b"", b"#!/bin/sh\n", data[:4] + b"\1" + data[5:], data[:100]):
        (tmp_path / "a.o").write_bytes(wrong)
        with pytest.raises(ValueError, match=r"a\.o: .*ELF"):
            ObjectFile.read(tmp_path / "a.o")
