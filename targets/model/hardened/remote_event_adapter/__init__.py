"""The remote event adapter, hardened; races in any of its files are the adapter's."""
