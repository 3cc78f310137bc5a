"""Doses recorded without network, in a real browser that keeps its profile."""
