"""The mongod of an installation: its arguments, users and indexes, and one running instance."""
