"""Reads executables: blind spots out of machine code, source lines and variables out of DWARF."""
