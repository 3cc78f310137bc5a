"""Django application of the record store."""

from django.apps import AppConfig


class RecordsConfig(AppConfig):
    """Patients, clinics, lots, doses, and who may see and change them."""

    name = "records"
    verbose_name = "Vaccination records"
    default_auto_field = "django.db.models.BigAutoField"
