"""One predicate per invariant id of the acceptance criteria, grouped by component."""
