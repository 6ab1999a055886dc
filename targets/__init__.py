"""Builds firmware and runs programs on it: everything that executes. Imports verify, and nothing else of p4verify."""
