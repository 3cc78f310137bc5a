"""The settings of development, changed only where tests need it.

`DATABASE_URL` decides the engine. Every worker of every run has a database of its own, so runs
may happen side by side.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

os.environ["VAXPASS_MODE"] = "development"
# Emptying the cache empties a whole database of Redis, so each worker has its own. There are 16,
# and test_throttles takes the last.
_redis = urlsplit(os.environ.get("CACHE_URL", ""))
if _redis.scheme.startswith("redis"):
    _worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["CACHE_URL"] = _redis._replace(path=f"/{_worker % 15}").geturl()

from vaxpass.settings import *  # noqa: E402, F403
from vaxpass.settings import DATABASES, REST_FRAMEWORK, THROTTLE_RATES, VAR_DIR  # noqa: E402

# Workers share the id of their run; pytest-django adds the worker's name.
_run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))[:8]
_default = DATABASES["default"]
if _default["ENGINE"] == "django.db.backends.sqlite3":
    # A file, not memory: tests use real threads and connections.
    _directory = Path(os.environ.get("TEST_DIR", VAR_DIR / "tests"))
    _directory.mkdir(parents=True, exist_ok=True)
    _default["TEST"] = {"NAME": str(_directory / f"{_run}.sqlite3")}
else:
    _default["TEST"] = {"NAME": f"test_{_default['NAME']}_{_run}", "CHARSET": "utf8mb4"}

# Argon2 is slow on purpose; test_settings proves that it is what VaxPass uses.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# A shell's own must not reach a test: sync_roles would make accounts with it.
DATABASE_ADMIN_URL = ""
# A test may ask faster than a client; test_throttles sets rates of its own.
REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"] = dict.fromkeys(THROTTLE_RATES)
