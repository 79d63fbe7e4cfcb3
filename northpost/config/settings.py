"""Django's settings. What an installation may choose is read in environment.py."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from northpost.config import environment

PACKAGE = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("NORTHPOST_DEBUG") == "1"
SECRET_KEY = environment.secret_key()
NORTHPOST_API_PER_MINUTE = environment.api_requests_per_minute()
NORTHPOST_DATA_DIR = environment.data_dir()
NORTHPOST_LEASE_SECONDS = environment.lease_seconds()
NORTHPOST_MAILBOX_PORT = int(os.environ.get("NORTHPOST_MAILBOX_PORT", "2525"))
NORTHPOST_URL = os.environ.get("NORTHPOST_URL", "http://127.0.0.1:8000").rstrip("/")
# Where the local mailbox listens, on 127.0.0.1.
NORTHPOST_MAILBOX_PORT = int(os.environ.get("NORTHPOST_MAILBOX_PORT", "2525"))
NORTHPOST_DNS = environment.name_servers()
RSPAMD_URL = os.environ.get("RSPAMD_URL", "").rstrip("/")
RSPAMD_PASSWORD = os.environ.get("RSPAMD_PASSWORD", "")

_host = urlsplit(NORTHPOST_URL).hostname or "127.0.0.1"
ALLOWED_HOSTS = [_host, "127.0.0.1", "localhost", "[::1]", "testserver"]
_https = NORTHPOST_URL.startswith("https://")
CSRF_TRUSTED_ORIGINS = [NORTHPOST_URL]

ROOMS = [
    "northpost.core",
    "northpost.team",
    "northpost.mailbox",
    "northpost.contacts",
    "northpost.events",
    "northpost.content",
    "northpost.delivery",
    "northpost.sales",
    "northpost.segments",
    "northpost.goals",
    "northpost.campaigns",
    "northpost.analytics",
    "northpost.public",
    "northpost.web",
]

INSTALLED_APPS = [
    *ROOMS,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "django_vite",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "northpost.web.frame.files.StaticFiles",
    # Around everything else, so that a page that refuses something has the policy, too.
    "northpost.web.frame.safety.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "northpost.web.frame.middleware.WorkspaceMiddleware",
]

ROOT_URLCONF = "northpost.config.urls"
ASGI_APPLICATION = "northpost.config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": sorted(PACKAGE.glob("web/*/templates")),
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "northpost.web.frame.context.frame",
            ],
        },
    }
]

DATABASES = environment.databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Who signs in
AUTH_USER_MODEL = "team.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if os.environ.get("NORTHPOST_TESTING"):
    # Slow on purpose is for passwords that are worth something.
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ACCOUNT_ADAPTER = "northpost.web.account.adapter.AccountAdapter"
ACCOUNT_FORMS = {"signup": "northpost.web.account.forms.SignupForm"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Northpost"
MFA_ALLOW_UNVERIFIED_EMAIL = True  # addresses come from invitations, or are the first owner's own
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"

# Mail of the program itself: invitations, new passwords.
globals().update(environment.own_mail())
DEFAULT_FROM_EMAIL = os.environ.get("NORTHPOST_FROM_EMAIL", f"northpost@{_host}")

# Jobs: a room's tasks.py is found by itself.
PROCRASTINATE_IMPORT_PATHS = [
    "northpost.delivery.deliverability.tasks",
    "northpost.delivery.domains.tasks",
    "northpost.delivery.webhooks.tasks",
    "northpost.delivery.inbound.inboxes.tasks",
    "northpost.delivery.inbound.tasks",
    "northpost.delivery.limits.tasks",
]

# Languages
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("bg", _("Bulgarian")), ("ru", _("Russian"))]
LOCALE_PATHS = sorted(PACKAGE.glob("web/*/locale"))
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = True

# Files
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # straight from the package: nothing to collect
WHITENOISE_IMMUTABLE_FILE_TEST = r"/build/assets/.+-[\w-]{8}\.\w+$"  # the build puts a hash into these names
WHITENOISE_AUTOREFRESH = DEBUG
DJANGO_VITE = {
    "default": {
        "manifest_path": PACKAGE / "web" / "static" / "build" / "manifest.json",
        "static_url_prefix": "build",
    }
}
FILE_UPLOAD_TEMP_DIR = None
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Safety in the browser
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = _https
CSRF_COOKIE_SECURE = _https
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31536000 if _https else 0
X_FRAME_OPTIONS = "SAMEORIGIN"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("NORTHPOST_LOG_LEVEL", "WARNING")},
}
