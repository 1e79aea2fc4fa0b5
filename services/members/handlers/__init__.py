"""One method per command: load, decide, store."""
