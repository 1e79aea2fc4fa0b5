"""Booking: its domain, its one write, its handlers, on the wire."""
