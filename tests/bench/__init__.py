"""Measurements at scale; run by `make bench`, not by `make test`."""
