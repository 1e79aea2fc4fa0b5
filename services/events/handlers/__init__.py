"""One method per command and consumed message: load, decide, store."""
