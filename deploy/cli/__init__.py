"""The `lounge` command."""
