"""Journeys: the whole system as `lounge up` starts it, driven from outside as its users do."""
