"""Users, roles as code, sign-in and registration."""
