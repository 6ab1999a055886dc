"""What people and machines read afterwards. Imports verify, and nothing else of p4verify."""
