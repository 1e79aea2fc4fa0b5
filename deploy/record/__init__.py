"""Checking the record from outside: chains, anchors, and the stream as a witness."""
