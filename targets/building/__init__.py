"""From a firmware tree to an executable: the manifest, the compilers, what is compiled, cached and linked."""
