"""Plumbing without domain words: NATS, MongoDB, relay, ticker, retries, health, logging, settings."""
