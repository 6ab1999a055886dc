"""The Python reference implementation: the firmware's components, as found and hardened, one atomic step at a time."""
