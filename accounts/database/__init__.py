"""Accounts and roles of MariaDB itself, made from the models and the table of roles."""
