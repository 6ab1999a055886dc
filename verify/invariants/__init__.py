"""Predicates over histories, one component a file."""
