"""The settings of a server that hands out static files as production does: named, compressed."""

import os
from pathlib import Path

from vaxpass.settings import *  # noqa: F403

DEBUG = False
STATIC_ROOT = Path(os.environ["STATIC_ROOT"])
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
