"""The matrix's world, shown in a browser."""

from tests.matrix.conftest import _django_db_helper, world

__all__ = ["_django_db_helper", "world"]
