"""Settings of the benchmark of the API: as in production, but over HTTP and without throttles."""

import os

os.environ["VAXPASS_MODE"] = "development"

from vaxpass.settings import *  # noqa: F403
from vaxpass.settings import DATABASES, REST_FRAMEWORK

DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "tests.bench.api_rivals"
DATABASES["default"]["CONN_MAX_AGE"] = 600
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(
    ("read-burst", "read-sustained", "write-burst", "write-sustained"), "1000000000/h"
)
