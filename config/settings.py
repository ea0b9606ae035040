"""The only settings module. Every value comes from the environment (or `.env`); docs/settings.md is the table."""

import logging
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from config.keys import read_or_create_secret
from config.logs import logging_config
from config.origins import allow_bucket

# --- paths and environment -------------------------------------------------------------------------------------------

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
env.read_env(BASE_DIR / ".env")

DATA_DIR = Path(env.str("HOLDFAST_DATA_DIR", default="") or BASE_DIR / "data").resolve()

# --- core ------------------------------------------------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
# Never a constant: without one in the environment each installation makes its own, once, readable by its owner only.
SECRET_KEY = env.str("SECRET_KEY", default="") or read_or_create_secret(DATA_DIR / "secret_key")
# This machine itself may always ask: health checks do, and so does who reads the addresses that `serve` prints.
ALLOWED_HOSTS = [*env.list("ALLOWED_HOSTS", default=[]), "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# People's files under another origin: even what a browser might run there finds no login to misuse.
HOLDFAST_ASSET_ORIGIN = env.str("HOLDFAST_ASSET_ORIGIN", default="").rstrip("/")
_asset_origin = [HOLDFAST_ASSET_ORIGIN] if HOLDFAST_ASSET_ORIGIN else []
ALLOWED_HOSTS += [host for origin in _asset_origin if (host := urlsplit(origin).hostname)]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# --- apps ------------------------------------------------------------------------------------------------------------

# Ours stand before django.contrib.sessions, so that `manage.py shell` binds the name Session to our model.
INSTALLED_APPS = [
    "config",
    "assets_app",
    "sessions_app",
    "visualizations_app",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_tasks",
    "django_tasks_db",
    "django_structlog",
    "csp",
]

# --- middleware ------------------------------------------------------------------------------------------------------

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.AssetOriginMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.RequestLogMiddleware",
    "config.middleware.AnswerHeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.OriginMiddleware",
    "config.middleware.RefuseEarlyMiddleware",
    "config.middleware.BodyPlacesMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    # Before anything reads request.POST: file names arrive whole and bytes are counted while they arrive.
    "assets_app.multipart.MultipartMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.middleware.LargeBodyMiddleware",
    "config.middleware.RefusalMiddleware",
]

HOLDFAST_HTTPS = env.bool("HOLDFAST_HTTPS", default=False)
SECURE_SSL_REDIRECT = HOLDFAST_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if HOLDFAST_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HOLDFAST_HTTPS
SECURE_HSTS_PRELOAD = HOLDFAST_HTTPS
SESSION_COOKIE_SECURE = HOLDFAST_HTTPS
CSRF_COOKIE_SECURE = HOLDFAST_HTTPS
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.api.csrf_failure"
SECURE_REFERRER_POLICY = "same-origin"
if env.bool("HOLDFAST_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:", "blob:", *_asset_origin],
        "media-src": ["'self'", *_asset_origin],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- templates -------------------------------------------------------------------------------------------------------

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- database --------------------------------------------------------------------------------------------------------

DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{DATA_DIR / 'holdfast.sqlite3'}"
if not DATABASE_URL.startswith(("postgres://", "postgresql://", "sqlite:///")):
    raise ImproperlyConfigured("DATABASE_URL begins with neither postgres:// nor sqlite:///")
_database: dict[str, Any] = env.db_url_config(DATABASE_URL)
if _database["ENGINE"].endswith("sqlite3"):
    # FULL: an acknowledged save survives a power cut. IMMEDIATE: a transaction that read first never fails to upgrade.
    # No mmap: with WAL and several processes it can corrupt.
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA recursive_triggers=ON; "
            "PRAGMA mmap_size=0; PRAGMA journal_size_limit=67108864;"
        ),
    }
    # A file, so that the tests see the same journal and the same locks as production does.
    _database["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    _database["CONN_HEALTH_CHECKS"] = True
    _database["OPTIONS"] = {
        **_database.get("OPTIONS", {}),
        "connect_timeout": 3,
        # How psycopg is told that statements may be prepared; which ones are, assets_app.prepared says.
        "prepare_threshold": 5,
        "options": "-c lock_timeout=5s -c statement_timeout=30s -c idle_in_transaction_session_timeout=30s",
    }
_database["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE", default=60)
DATABASES = {"default": _database}
# false behind a pooler that gives every transaction another connection, and does not know prepared statements.
HOLDFAST_PREPARED_STATEMENTS = env.bool("HOLDFAST_PREPARED_STATEMENTS", default=True)
# A refusal is an answer and must keep its rows: nothing may wrap a whole request in a transaction.
ATOMIC_REQUESTS = False

# --- sign-in ---------------------------------------------------------------------------------------------------------

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "collect"
LOGOUT_REDIRECT_URL = "login"
KNOX_TOKEN_MODEL = "assets_app.ApiToken"
# Knox's own table would stay empty, and stand in the way of emptying the users' table.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_PREFIX": "hub_", "TOKEN_TTL": None}

# --- storage ---------------------------------------------------------------------------------------------------------

# Where new bytes go. Bytes already kept stay readable from the store that their row names.
HOLDFAST_BLOB_STORE = env.str("HOLDFAST_BLOB_STORE", default="database")
HOLDFAST_S3_BUCKET = env.str("HOLDFAST_S3_BUCKET", default="")
HOLDFAST_S3_REDIRECT = env.bool("HOLDFAST_S3_REDIRECT", default=False)
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "assets_app.storage.database.DatabaseStorage"},
    "database": {"BACKEND": "assets_app.storage.database.DatabaseStorage"},
    "filesystem": {
        "BACKEND": "assets_app.storage.folder.FolderStorage",
        "OPTIONS": {"location": DATA_DIR / "blobs", "file_permissions_mode": 0o640},
    },
    "staticfiles": {"BACKEND": "assets_app.staticfiles.ModuleManifestStorage"},
}
if HOLDFAST_S3_BUCKET:
    STORAGES["s3"] = {
        "BACKEND": "assets_app.storage.bucket.BucketStorage",
        "OPTIONS": {
            "bucket_name": HOLDFAST_S3_BUCKET,
            "endpoint_url": env.str("HOLDFAST_S3_ENDPOINT_URL", default="") or None,
            "region_name": env.str("HOLDFAST_S3_REGION", default="") or None,
            "location": env.str("HOLDFAST_S3_PREFIX", default=""),
            "timeout_seconds": env.float("HOLDFAST_S3_TIMEOUT_SECONDS", default=30),
            "max_memory_size": 8 * 1024 * 1024,
        },
    }
    if HOLDFAST_S3_REDIRECT:
        allow_bucket(CONTENT_SECURITY_POLICY, **STORAGES["s3"]["OPTIONS"])

# --- static files ----------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"

# --- background jobs -------------------------------------------------------------------------------------------------

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []}}

# --- REST framework --------------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "EXCEPTION_HANDLER": "config.api.exception_handler",
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "config.api.JsonOnly",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "assets_app.api.authentication.TokenAuthentication",
        "assets_app.api.authentication.LoginAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": [
        "rest_framework.permissions.IsAuthenticated",
        "assets_app.api.authentication.TokenScope",
    ],
    "DEFAULT_SCHEMA_CLASS": "config.schema.HoldfastSchema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Holdfast",
    "DESCRIPTION": "Sessions, assets and visualizations: nothing accepted is ever lost.",
    "VERSION": "0.1.0",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- serving (manage.py serve) ---------------------------------------------------------------------------------------

HOST = env.str("HOST", default="127.0.0.1")
PORT = env.int("PORT", default=8000)
WEB_CONCURRENCY = env.int("WEB_CONCURRENCY", default=2)
WEB_THREADS = env.int("WEB_THREADS", default=8)
HOLDFAST_WORKERS = env.int("HOLDFAST_WORKERS", default=1)

# --- logging ---------------------------------------------------------------------------------------------------------

LOGGING = logging_config(
    level=env.str("LOG_LEVEL", default="INFO"), as_json=env.bool("LOG_JSON", default=not sys.stderr.isatty())
)
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # the address is bound with the request's origin
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG  # one line a request: the one that tells how it ended

# --- holdfast --------------------------------------------------------------------------------------------------------

HOLDFAST_MAX_ASSET_MB = env.int("HOLDFAST_MAX_ASSET_MB", default=50)
# What one person may keep; 0: no limit. Staff can give somebody another one.
HOLDFAST_QUOTA_MB = env.int("HOLDFAST_QUOTA_MB", default=0)
HOLDFAST_QUOTA_FILES = env.int("HOLDFAST_QUOTA_FILES", default=0)
HOLDFAST_MIN_FREE_MB = env.int("HOLDFAST_MIN_FREE_MB", default=200)
HOLDFAST_BLOB_GRACE_HOURS = env.int("HOLDFAST_BLOB_GRACE_HOURS", default=24)
HOLDFAST_VERIFY_DAYS = env.int("HOLDFAST_VERIFY_DAYS", default=100)
HOLDFAST_MAX_DOCUMENT_MB = env.int("HOLDFAST_MAX_DOCUMENT_MB", default=10)
HOLDFAST_JOB_LEASE_SECONDS = env.int("HOLDFAST_JOB_LEASE_SECONDS", default=20)
HOLDFAST_TRASH_DAYS = env.int("HOLDFAST_TRASH_DAYS", default=14)
HOLDFAST_LEASE_SECONDS = env.int("HOLDFAST_LEASE_SECONDS", default=300)
HOLDFAST_IDEMPOTENCY_DAYS = env.int("HOLDFAST_IDEMPOTENCY_DAYS", default=7)
# By kind of session, what happens when two people changed it at once: `checklist=auto,document=refuse`.
HOLDFAST_MERGE_POLICY = env.dict("HOLDFAST_MERGE_POLICY", default={})
HOLDFAST_MERGE_KEYS = env.list("HOLDFAST_MERGE_KEYS", default=["device_id", "id", "row_index"])

# Django holds form fields in memory up to this; files go through assets_app.multipart and never count here.
DATA_UPLOAD_MAX_MEMORY_SIZE = (HOLDFAST_MAX_DOCUMENT_MB + 1) * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FILES = 200
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000  # reviewing a conflict of 1,000 parts takes two fields for each
FILE_UPLOAD_HANDLERS = ["assets_app.uploads.StoringUploadHandler"]
