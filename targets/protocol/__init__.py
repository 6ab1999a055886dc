"""What host and agent say to each other, byte for byte. Only `link` does any I/O."""
