"""Puts VaxPass's own admin site in the place of Django's."""

from django.contrib.admin import apps


class AdminConfig(apps.AdminConfig):
    """Django's admin application with `VaxPassAdminSite` as `admin.site`."""

    default_site = "vaxpass.admin.VaxPassAdminSite"
