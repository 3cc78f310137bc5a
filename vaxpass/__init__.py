"""VaxPass: the Django project that serves the vaccination records."""
