"""Django settings; everything that differs between sites comes from the environment.

`VAXPASS_MODE` is `production` unless it is set to `development`. Production has no default for a
secret, a host or a database: a missing or wrong variable stops the start with its name.
"""

from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from environs import validate

from accounts.directory.config import directory_from
from accounts.oauth.config import PROVIDER
from vaxpass.environment import (
    DEVELOPMENT,
    PRODUCTION,
    audit_keys,
    caches,
    env,
    fernet_keys,
    issuer,
    rate,
    required,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

# ------------------------------------------------------------------------------------- Mode

DEBUG = DEVELOPMENT

# The development key is too short for production, which therefore never accepts it.
SECRET_KEY = required(
    "SECRET_KEY", "set it to 50 or more random characters", "only-for-development"
)
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", [])
if PRODUCTION and (len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5):
    raise ImproperlyConfigured("SECRET_KEY is too weak: set it to 50 or more random characters.")

ALLOWED_HOSTS = [
    host.strip()
    for host in required(
        "ALLOWED_HOSTS",
        "set it to the host names of this site, comma-separated",
        "localhost,127.0.0.1,[::1]",
    ).split(",")
]
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

# ----------------------------------------------------------------------------- Applications

AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    "accounts",
    "records",
    "simple_history",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "guardian",
    "oauth2_provider",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "vaxpass.apps.AdminConfig",  # Django's admin with VaxPass's own site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",  # WhiteNoise serves in development too
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "vaxpass.ops.middleware.HealthMiddleware",  # first: probes name no host and use no TLS
    "vaxpass.ops.middleware.ProblemMiddleware",  # outside of all that may refuse
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "vaxpass.ops.middleware.HeadersMiddleware",
    "vaxpass.ops.middleware.PolicyMiddleware",
    "vaxpass.ops.middleware.ChannelMiddleware",
    "vaxpass.ops.middleware.MethodsMiddleware",  # asks for the channel
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.languages.LanguageMiddleware",  # asks for the user
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # a view must opt out
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.demo_access.DemoAccessMiddleware",
    "accounts.second_factor.SecondFactorMiddleware",
    "accounts.sign_in_limits.SignInLimitsMiddleware",
]

ROOT_URLCONF = "vaxpass.urls"
WSGI_APPLICATION = "vaxpass.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --------------------------------------------------------------------------------- Database

dj_database_url.register("mariadb", "django.db.backends.mysql")

SQLITE_OPTIONS: dict[str, Any] = {
    "timeout": 30,
    # A transaction takes the write lock when it begins, so it waits and never fails half-way.
    "transaction_mode": "IMMEDIATE",
    # FULL: what was acknowledged survives a power cut, which WAL alone does not promise.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON",
}

MARIADB_OPTIONS: dict[str, Any] = {
    "charset": "utf8mb4",
    "connect_timeout": 5,
    "isolation_level": "read committed",
    # The last setting keeps the planner from sorting many rows for LIMIT where it would be ten
    # times faster to stop early. MariaDB has it from 10.11.10 and 11.4.4 on; to an older 10.11
    # and to MySQL it is a comment.
    "init_command": (
        "SET SESSION sql_mode='TRADITIONAL', time_zone='+00:00'"
        " /*M!101110 , optimizer_join_limit_pref_ratio=10 */"
    ),
}


def database() -> dict[str, Any]:
    """Return the default database from `DATABASE_URL`."""
    url = required(
        "DATABASE_URL",
        "set it to mysql://user:password@host/name",
        f"sqlite:///{VAR_DIR / 'vaxpass.sqlite3'}",
    )
    try:
        config: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError:
        config = {}  # the exception would show the password
    match config.get("ENGINE"):
        case "django.db.backends.sqlite3":
            options = SQLITE_OPTIONS
        case "django.db.backends.mysql":
            options = MARIADB_OPTIONS
        case _:
            raise ImproperlyConfigured("DATABASE_URL is wrong: it must be mysql:// or sqlite:///.")
    config["OPTIONS"] = {**options, **config.get("OPTIONS", {})}
    config["CONN_MAX_AGE"] = env.int("DATABASE_CONN_MAX_AGE", 0 if DEVELOPMENT else 60)
    config["CONN_HEALTH_CHECKS"] = True
    return config


DATABASES = {"default": database()}
# Only `sync_roles --database` signs in with it; what serves pages never needs it.
DATABASE_ADMIN_URL = env.str("DATABASE_ADMIN_URL", "")
if DEVELOPMENT:
    VAR_DIR.mkdir(exist_ok=True)

# ------------------------------------------------------------------------------------ Cache

CACHES = caches()

# ---------------------------------------------------------------------------------- Sign-in

AUTHENTICATION_BACKENDS = [
    "accounts.backends.RoleBackend",
    "records.backends.GrantBackend",  # rights on single patients
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

SILENCED_SYSTEM_CHECKS = [
    # allauth wants a conditional unique key that MariaDB lacks; User.email_normalized is unique.
    "models.W036",
    "guardian.W001",  # wants its own backend; ours is a subclass that knows expiry
]
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.forms.SignupForm"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_CHANGE_EMAIL = True  # one address, and a new one replaces it once it is confirmed
ACCOUNT_REAUTHENTICATION_REQUIRED = True  # to change it: whoever has the mailbox has the account
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = True  # the way in for an owner whom somebody locked out
# accounts.sign_in_limits counts in rows; allauth would count in the cache.
ACCOUNT_RATE_LIMITS = False
MFA_RATE_LIMITS = False
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "http" if DEVELOPMENT else "https"

ANONYMOUS_USER_NAME = None  # guardian gives nothing to nobody
MFA_ADAPTER = "accounts.adapters.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_ISSUER = "VaxPass"
MFA_TOTP_TOLERANCE = 1  # clocks differ: the code before and the one after count too
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEVELOPMENT  # http://localhost has no TLS
# Nobody gets in with an unconfirmed address, so none of that kind can lock its real owner out.
MFA_ALLOW_UNVERIFIED_EMAIL = True
# Fernet keys that encrypt the secrets of second factors: the first encrypts, all decrypt.
_DEVELOPMENT_KEY = "b25seS1mb3ItZGV2ZWxvcG1lbnQtb25seS1mb3ItZGU="
MFA_KEYS = fernet_keys("MFA_KEYS", _DEVELOPMENT_KEY)

LDAP = directory_from(env, production=PRODUCTION)
if LDAP:
    AUTHENTICATION_BACKENDS.append("accounts.directory.backend.DirectoryBackend")

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.NumericPasswordValidator"},
]

# --------------------------------------------------------------------------------- Security

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],  # data: for QR codes made for one page
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
PERMISSIONS_POLICY = (  # the camera reads QR codes
    "camera=(self), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"
)
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

CSRF_COOKIE_HTTPONLY = True
SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_AGE = env.int("SESSION_COOKIE_AGE", 12 * 60 * 60)  # a working day
if PRODUCTION:
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    # __Host-: the browser refuses the cookie from a sibling host name.
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", 365 * 24 * 60 * 60)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

# How many proxies stand before VaxPass and set X-Forwarded-For and X-Forwarded-Proto.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0, validate=validate.Range(min=0))
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# From this age on, in years, a patient is their own guardian.
AGE_OF_MAJORITY = env.int("AGE_OF_MAJORITY", 18, validate=validate.Range(min=1, max=30))

# -------------------------------------------------------------------------- Credentials

ISSUER = issuer(VAR_DIR)
# Fernet keys that encrypt what was issued and shared: the first encrypts, all decrypt.
CREDENTIAL_KEYS = fernet_keys("CREDENTIAL_KEYS", _DEVELOPMENT_KEY)

# ---------------------------------------------------------------------------- OAuth 2.1

OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.Application"
OAUTH2_PROVIDER = PROVIDER

# -------------------------------------------------------------------------------------- API

API_MAX_BODY = 2 * 1024 * 1024  # bytes
API_MAX_IMPORT = env.int("API_MAX_IMPORT", 64 * 1024 * 1024, validate=validate.Range(min=1))
THROTTLE_RATES = {
    "read-burst": rate("API_READ_BURST", "1200/m"),
    "read-sustained": rate("API_READ_SUSTAINED", "36000/h"),
    "write-burst": rate("API_WRITE_BURST", "600/m"),
    "write-sustained": rate("API_WRITE_SUSTAINED", "12000/h"),
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.oauth.authentication.TokenAuthentication",
        "records.api.authentication.BrowserSession",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["records.api.permissions.MayAct"],
    "DEFAULT_RENDERER_CLASSES": ["records.api.rendering.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["records.api.rendering.JSONParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "records.api.rendering.Negotiation",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "records.api.openapi.Schema",
    "DEFAULT_METADATA_CLASS": None,  # the schema tells
    "DEFAULT_THROTTLE_CLASSES": [
        "records.api.throttles.Burst",
        "records.api.throttles.Sustained",
    ],
    "DEFAULT_THROTTLE_RATES": THROTTLE_RATES,
    "NUM_PROXIES": TRUSTED_PROXIES,
    "EXCEPTION_HANDLER": "records.api.problems.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,  # the Accept header chooses, and it only
}
SPECTACULAR_SETTINGS = {
    "TITLE": "VaxPass",
    "DESCRIPTION": "Vaccination records: read them, now or as of a moment, and write them.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_NAME_OVERRIDES": {"DoseStatus": "records.models.DoseStatus"},
}

# ------------------------------------------------------------------------ Files, time, mail

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
# What `scripts/frontend` builds is there only where it ran.
STATICFILES_DIRS = [path for path in (BASE_DIR / "static", VAR_DIR / "frontend") if path.is_dir()]
if PRODUCTION:
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español"), ("ar", "العربية")]  # each in itself
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = PRODUCTION
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = ["vaxpass.formats"]
USE_TZ = True

EMAIL_BACKEND = f"django.core.mail.backends.{'console' if DEVELOPMENT else 'smtp'}.EmailBackend"
EMAIL_HOST = env.str("EMAIL_HOST", "localhost")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "VaxPass <vaxpass@localhost>")

# ------------------------------------------------------------------------------------ Audit

AUDIT_HEAD_FILE = Path(env.str("AUDIT_HEAD_FILE", str(VAR_DIR / "audit-head.jsonl")))


AUDIT_KEYS = audit_keys()

# ---------------------------------------------------------------------------------- Logging

LOG_LEVEL = env.str(
    "LOG_LEVEL", "INFO", validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"])
)
LOGGING_CONFIG = None  # Django's own would log paths and mail whole requests; see ops.logs
from vaxpass.ops.logs import configure  # noqa: E402

configure(LOG_LEVEL, development=DEVELOPMENT)

# History tables carry their own three indexes (records.models.base).
SIMPLE_HISTORY_DATE_INDEX = False
