"""Sustained load by Locust, in a process of its own. Imports verify, targets and reports; never stateful."""
