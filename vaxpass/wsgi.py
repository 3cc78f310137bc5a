"""The WSGI entry point of VaxPass."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vaxpass.settings")

application = get_wsgi_application()
