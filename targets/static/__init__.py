"""Reviews C and C++ sources without running them: which accesses of shared state happen without its lock."""
