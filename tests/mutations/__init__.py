"""Mutations of valid codes, which no verifier may take for what was signed.

    python -m tests.mutations [count]

makes cards and certificates, changes each in every way that a forger or a bad camera could
(``shc``, ``hcert``), and reads the result as a verifier does: a code counts only while header and
payload are those that were signed. Ends with status 1 when one was taken that should not, when
something other than ``Malformed`` was raised, or when reading one took much memory.
"""
