"""The components as they were found: state that tasks share without a lock."""
