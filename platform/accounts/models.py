"""Organisations, staff and their roles, API clients, patients' accounts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password
from django.contrib.postgres.fields import ArrayField
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication

from scope import actor_scope
from scope.actor import SYSTEM
from vault.fields import SealedText


class OrganisationKind(models.TextChoices):
    STATUTORY_INSURER = "statutory_insurer", _("医保经办机构")
    CHARITY = "charity", _("慈善组织")
    CROWDFUNDING = "crowdfunding", _("个人求助平台")
    HOSPITAL = "hospital", _("医院")
    REGULATOR = "regulator", _("监管部门")
    OPERATOR = "operator", _("平台运营方")


class Role(models.TextChoices):
    CASE_WORKER = "case_worker", _("经办人")
    APPROVER = "approver", _("审批人")
    PAYER = "payer", _("付款人")
    FUND_MANAGER = "fund_manager", _("基金负责人")
    INTAKE_CLERK = "intake_clerk", _("数据经办")
    LINKAGE_REVIEWER = "linkage_reviewer", _("身份核对员")
    AUDITOR = "auditor", _("审计员")
    ADMINISTRATOR = "administrator", _("管理员")


ROLES_BY_KIND: dict[str, tuple[str, ...]] = {
    "statutory_insurer": ("intake_clerk", "auditor", "administrator"),
    "charity": ("case_worker", "approver", "payer", "fund_manager", "auditor", "administrator"),
    "crowdfunding": ("intake_clerk", "auditor", "administrator"),
    "hospital": ("intake_clerk", "administrator"),
    "regulator": ("auditor", "administrator"),
    "operator": ("linkage_reviewer", "auditor", "administrator"),
}


# What an API client of such an organisation may be given: these kinds push, the others have no keys.
SCOPES_BY_KIND: dict[str, tuple[str, ...]] = {
    "statutory_insurer": ("settlements:write", "settlements:read", "invitations:read"),
    "hospital": ("settlements:write", "settlements:read"),
    "crowdfunding": ("campaigns:write", "campaigns:read"),
}


class Organisation(models.Model):
    kind = models.CharField(max_length=20, choices=OrganisationKind.choices)
    code = models.SlugField(max_length=40, unique=True, help_text=_("短代码，如 chenxi"))
    name = models.CharField(max_length=120)
    short_name = models.CharField(max_length=20)
    area = models.CharField(max_length=6, blank=True, help_text=_("GB/T 2260 代码"))
    phone = models.CharField(max_length=30, blank=True)
    centres = ArrayField(
        models.CharField(max_length=12),
        default=list,
        blank=True,
        help_text=_("可以代表哪些经办机构推送（clr_optins）"),
    )
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "organisation"

    def __str__(self) -> str:
        return self.short_name or self.name


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A member of staff. Patients are PatientAccount and never sign in here."""

    email = models.EmailField(unique=True)
    display_name = models.CharField(max_length=40)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["display_name"]
    objects = UserManager()

    class Meta:
        db_table = "staff_user"

    def __str__(self) -> str:
        return self.display_name

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's; a hash of yesterday's strength is made anew, in the context in which a hash may change."""

        def again(password: str) -> None:
            self.set_password(password)
            self._password = None
            with actor_scope(SYSTEM):
                self.save(update_fields=["password"])

        return check_password(raw_password, self.password, again)


class Membership(models.Model):
    """A person's roles in one organisation; several organisations per person, with a switch."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    roles = ArrayField(models.CharField(max_length=20, choices=Role.choices), default=list)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "membership"
        constraints = [models.UniqueConstraint(fields=["user", "organisation"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} @ {self.organisation}"


class ApiClient(AbstractApplication):
    """An OAuth2 client of one organisation (client credentials); the organisation is the actor."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="api_clients", null=True)
    scopes = ArrayField(models.CharField(max_length=40), default=list)
    is_active = models.BooleanField(default=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    class Meta(AbstractApplication.Meta):
        db_table = "api_client"
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"

    def is_usable(self, request: Any) -> bool:
        return self.is_active and self.organisation is not None and self.organisation.is_active


class PatientAccount(models.Model):
    """Somebody who proved a phone number, nothing else. May represent several people."""

    phone = SealedText("accounts.phone")
    phone_blind = models.BinaryField(max_length=16, unique=True)
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True)
    is_active = models.BooleanField(default=True)

    class Meta:
        db_table = "patient_account"

    def __str__(self) -> str:
        return f"account {self.pk}"


class OneTimeCode(models.Model):
    """A code sent to a phone: hashed, short-lived, few tries."""

    phone_blind = models.BinaryField(max_length=16)
    code_hash = models.BinaryField(max_length=32)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    used_at = models.DateTimeField(null=True)
    source_hash = models.BinaryField(
        max_length=16, help_text="blind index of the network address, for throttling"
    )

    class Meta:
        db_table = "one_time_code"
        indexes = [
            models.Index(fields=["phone_blind", "-created_at"], name="code_by_phone"),
            models.Index(fields=["source_hash", "-created_at"], name="code_by_source"),
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"


class Device(models.Model):
    """A browser in which an account was opened: a cookie's keyed hash, together with the account's number."""

    account = models.ForeignKey(PatientAccount, models.CASCADE, related_name="devices")
    token_hash = models.BinaryField(max_length=32)
    label = models.CharField(max_length=20, blank=True, help_text="android-wechat; no version, no model")
    created_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "patient_device"
        constraints = [models.UniqueConstraint(fields=["account", "token_hash"], name="patient_device_once")]

    def __str__(self) -> str:
        return f"device {self.pk}"


class SignInAnswer(models.Model):
    """What a new device has to know of one person: a keyed hash that the web writes and never reads."""

    account = models.ForeignKey(PatientAccount, models.CASCADE, related_name="answers")
    source_id = models.BigIntegerField(help_text="the application that described the person")
    answer_hash = models.BinaryField(max_length=32)

    class Meta:
        db_table = "sign_in_answer"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "source_id", "answer_hash"], name="sign_in_answer_once"
            )
        ]

    def __str__(self) -> str:
        return f"answer {self.pk}"


class DeviceTry(models.Model):
    """A wrong answer of a new device, kept for a day to count."""

    account = models.ForeignKey(PatientAccount, models.CASCADE, related_name="device_tries")
    source_hash = models.BinaryField(max_length=16, help_text="blind index of the network address")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "device_try"
        indexes = [
            models.Index(fields=["account", "-at"], name="device_try_account"),
            models.Index(fields=["source_hash", "-at"], name="device_try_source"),
        ]

    def __str__(self) -> str:
        return f"try {self.pk}"


class Session(AbstractBaseSession):
    """A browser's session, under a hash of its key and sealed (accounts.sessions)."""

    user_id = models.BigIntegerField(null=True)
    account_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "web_session"
        indexes = [
            models.Index(fields=["user_id"], name="web_session_user"),
            models.Index(fields=["account_id"], name="web_session_account"),
        ]

    def __str__(self) -> str:
        return f"session {self.session_key[:8]}"

    @classmethod
    def get_session_store_class(cls) -> Any:
        from .sessions import SessionStore

        return SessionStore
