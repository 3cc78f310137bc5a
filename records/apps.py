"""Django application of the record store."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RecordsConfig(AppConfig):
    """Patients, clinics, lots, doses, and who may see and change them."""

    name = "records"
    verbose_name = _("Vaccination records")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Let names of models and fields be translated."""
        from records.wording import translate_names

        translate_names(self)
