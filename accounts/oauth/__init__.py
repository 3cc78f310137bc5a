"""Sign-in of programs: OAuth 2.1, as an authorization server for the API alone (docs/api.md)."""
