"""The nats-server of an installation: its configuration, its keys, and one running instance."""
