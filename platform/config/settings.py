"""Settings, from the environment alone. What each variable means: docs/runbook.md."""

from __future__ import annotations

import sys
from pathlib import Path

from csp.constants import NONE, SELF
from kombu import Queue

from . import env

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(env.text("JIELI_VAR") or BASE_DIR / "var")

JIELI_ENV = env.text("JIELI_ENV", "dev")  # dev | test | production
PRODUCTION = JIELI_ENV == "production"
DEBUG = env.flag("DJANGO_DEBUG", False)
JIELI_DEMO = env.flag("JIELI_DEMO", not PRODUCTION)

OWNER_COMMANDS = {"migrate", "db_roles", "makemigrations", "audit_erase", "flush"}
JIELI_ROLE = env.text("JIELI_ROLE") or (
    "owner"
    if len(sys.argv) > 1 and sys.argv[1] in OWNER_COMMANDS
    else "engine"
    if Path(sys.argv[0]).stem == "celery"
    else "app"
)
KEYS = env.load_keys()
SECRET_KEY = env.text("DJANGO_SECRET_KEY") or env.demo_bytes("django").hex()
SECRET_KEY_IS_DEMO = not env.text("DJANGO_SECRET_KEY") or env.demo_bytes("django").hex() == SECRET_KEY

ALLOWED_HOSTS = env.words("JIELI_ALLOWED_HOSTS", "" if PRODUCTION else "127.0.0.1,localhost,[::1],testserver")
JIELI_BASE_URL = env.text("JIELI_BASE_URL", "http://127.0.0.1:8000")
CSRF_TRUSTED_ORIGINS = env.words("JIELI_TRUSTED_ORIGINS")

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "scope",
    "audit",
    "outbox",
    "vault",
    "accounts",
    "people",
    "consent",
    "web",
    "devstack",
    "insurance.intake",
    "insurance.ledger",
    "insurance.linking",
    "insurance.desk",
    "charity.funds",
    "charity.campaigns",
    "charity.applications",
    "charity.awards",
    "charity.findings",
    "charity.portal",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "oauth2_provider",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "web.middleware.SecurityHeadersMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.ActorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "web.context_processors.site",
                "accounts.context_processors.signed_in",
            ],
            "builtins": ["web.templatetags.jieli"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {"default": env.database(JIELI_ROLE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
if JIELI_ENV == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *PASSWORD_HASHERS]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

# Staff sign-in: allauth with TOTP and recovery codes; nobody signs up by himself.
ACCOUNT_ADAPTER = "accounts.adapter.StaffAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key,30/5m/ip"} if JIELI_ENV != "test" else False
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "接力 Jieli"
# One step either way: a code typed in its last second, a clock half a minute off (RFC 6238, 5.2 and 6).
MFA_TOTP_TOLERANCE = 1
MFA_ADAPTER = "accounts.adapter.SealedMFAAdapter"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "web.views.csrf_failure"

OAUTH2_PROVIDER_APPLICATION_MODEL = "accounts.ApiClient"
OAUTH2_PROVIDER = {
    "SCOPES": {
        "settlements:write": "推送结算单",
        "settlements:read": "查看本单位推送的处理状态",
        "campaigns:write": "推送求助项目",
        "campaigns:read": "查看本平台推送的处理状态",
        "invitations:read": "领取本单位患者的邀请函编号",
    },
    "DEFAULT_SCOPES": [],
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "ALLOWED_GRANT_TYPES": ["client_credentials"],
    "CLEAR_EXPIRED_TOKENS_BATCH_SIZE": 1000,
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # a token is kept as its checksum alone
}

# The token endpoint (accounts.throttle): name → (requests, seconds). failed: wrong secrets of one client from one
# address; client: tokens that were given out.
JIELI_TOKEN_LIMITS: dict[str, tuple[int, int]] = (
    {"address": (60, 60), "failed": (10, 300), "client": (60, 3600)} if JIELI_ENV != "test" else {}
)

LANGUAGE_CODE = "zh-hans"
# No LocaleMiddleware yet: a page half in English would follow the browser. English comes as a whole.
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if JIELI_ENV == "test"
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = JIELI_ENV == "test"
DATA_UPLOAD_MAX_MEMORY_SIZE = 24 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024  # uploads stay in memory: nothing unencrypted on disk
DATA_UPLOAD_MAX_NUMBER_FIELDS = 400
DATA_UPLOAD_MAX_NUMBER_FILES = 10
JIELI_PUSH_MAX_BYTES = env.number("JIELI_PUSH_MAX_BYTES", 8 * 1024 * 1024)
JIELI_PUSH_MAX_RECORDS = env.number("JIELI_PUSH_MAX_RECORDS", 10_000)
JIELI_UPLOAD_MAX_BYTES = env.number("JIELI_UPLOAD_MAX_BYTES", 10 * 1024 * 1024)

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.ClientAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.DeclaredPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.api.problem_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "接力 Jieli API",
    "DESCRIPTION": "医保、众筹平台把患者自付余额与求助项目推给接力。金额都是字符串形式的人民币元，两位小数。",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SERVE_PERMISSIONS": ["accounts.api.DeclaredPermission"],
    "SERVE_AUTHENTICATION": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_connect_timeout": 1,
    "socket_timeout": 5,
    "max_retries": 0,
    "queue_order_strategy": "priority",  # as listed in CELERY_TASK_QUEUES
}
# The sequencer goes first: a long outbox must not keep entries unsigned.
CELERY_TASK_QUEUES = (Queue("audit"), Queue("celery"))
CELERY_TASK_ROUTES = {"audit.*": {"queue": "audit"}}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = {
    "audit-sequence": {"task": "audit.sequence", "schedule": 1.0, "options": {"expires": 5}},
    "outbox-sweep": {"task": "outbox.sweep", "schedule": 5.0, "options": {"expires": 10}},
    "awards-sweep": {"task": "awards.sweep", "schedule": 300.0, "options": {"expires": 300}},
    "accounts-forget": {"task": "accounts.forget", "schedule": 3600.0, "options": {"expires": 3600}},
    "linking-renew": {"task": "linking.renew", "schedule": 60.0, "options": {"expires": 60}},
    "campaigns-reread": {"task": "campaigns.reread", "schedule": 60.0, "options": {"expires": 60}},
    "linking-sample": {"task": "linking.sample", "schedule": 86400.0, "options": {"expires": 86400}},
}

JIELI_AUDIT_ORIGIN = env.text("JIELI_AUDIT_ORIGIN", "jieli.example/log")
JIELI_HELP_PHONE = env.text("JIELI_HELP_PHONE", "400-000-0000")
JIELI_SMS_BACKEND = env.text("JIELI_SMS_BACKEND", "accounts.sms.ConsoleBackend")

EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"] if not PRODUCTION else []
if PRODUCTION:
    SECURE_SSL_REDIRECT = True
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31536000
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Shared between processes where given: sign-in limits and the replay check of TOTP codes count there.
JIELI_CACHE_URL = env.text("JIELI_CACHE_URL")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": JIELI_CACHE_URL}
    if JIELI_CACHE_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.number("JIELI_TRUSTED_PROXIES", 0)
SESSION_ENGINE = "accounts.sessions"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.text("JIELI_LOG_LEVEL", "INFO")},
    "loggers": {
        # Their messages carry parameters or request data, which may be personal.
        "django.db.backends": {"level": "INFO"},
        "django.request": {"level": "WARNING"},
        "django.security": {"level": "WARNING"},
    },
}
