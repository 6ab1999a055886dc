"""Sequential specifications, one component a file."""
