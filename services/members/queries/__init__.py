"""Reads: document → contract view, past the domain; who may see what stands in the filter."""
