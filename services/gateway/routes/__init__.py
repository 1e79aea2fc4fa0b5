"""The HTTP table as data, one file per service that answers."""
