"""The jobs that make an installation of containers: its secrets, its servers' contents, its demonstration."""
