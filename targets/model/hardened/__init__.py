"""The hardened components: who does what is divided, and shared state is touched under a lock only."""
