"""Pictures of every page, for ``docs/tour.md``: `make tour` takes them all."""
