"""Hypothesis writes the programs and shrinks them. Imports verify, targets and reports; never stress."""
