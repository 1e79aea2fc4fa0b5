"""Back-up of every service's database at one instant, and restoring it (docs/operations/backup.md)."""
