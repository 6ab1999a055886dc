"""The TinyBMS client, hardened; races in any of its files are the client's."""
