"""The ASGI entry point of VaxPass."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vaxpass.settings")

application = get_asgi_application()
