"""The matrix: what every URL answers to everybody, for every object and method, in one table.

A new URL: one line in ``table.PAGES`` (its parts are ``CLINIC``, ``PASSPORT``, ``SITE`` and
``ACCOUNTS``, and for programs ``table_api.API``), or one entry in ``table.MODELS`` for a model's
pages in the admin. ``Page.get`` and ``Page.post`` say who has the operation and what they are
answered, ``about`` which kind of object of ``world.World.objects`` its address names, ``seen``
whose. A URL with more than one argument names its ``address``. A new model with a rule in
``records.access`` needs a line in ``sight.EVERYTHING``, a new permission rule a mutation in
``rules``.
"""
