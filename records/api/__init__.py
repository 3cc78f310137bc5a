"""The REST API: thin views in front of the domain (docs/api.md)."""
