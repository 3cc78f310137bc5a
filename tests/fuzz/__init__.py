"""Requests by chance: as the OpenAPI document declares them, broken, and undeclared.

    python -m tests.fuzz [cases] [actor …]

sends so many cases (10,000) as each role to the program in this process and prints what is
wrong. The suite sends a few of each.
"""
