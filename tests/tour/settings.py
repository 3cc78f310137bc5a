"""The settings of the server whose pages are taken: error pages as a site shows them."""

from vaxpass.settings import *  # noqa: F403

DEBUG = False
ROOT_URLCONF = "tests.vaxpass.ops.failing"
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
