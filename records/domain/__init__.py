"""Every write and every rule of the record store.

Each function is keyword-only, takes ``by=`` (a user, never None), runs in one transaction and
leaves the row, its history, an audit entry and an outbox event behind, or raises and leaves
nothing: ``PermissionDenied``, ``OutOfSight``, ``ValidationError`` (naming each field),
``ConfirmationRequired`` or ``StaleVersion``.
"""
