"""Flaws on purpose: for each invariant that the simulator judges, hardened with a flaw that violates it."""
