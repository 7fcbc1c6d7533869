"""What staff checked of a case: one row per check, never changed. The newest row on a fact is what counts."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Organisation
from consent.models import Category
from vault.fields import SealedJSON, SealedText


class Fact(models.TextChoices):
    """What can be checked; named like the attributes of matching.eligibility.Facts."""

    HOUSEHOLD_AREA = "household_area", _("户籍地")
    RESIDENCE = "residence", _("常住地")
    INSURED_AREA = "insured_area", _("参保地")
    INSUTYPE = "insutype", _("参保险种")
    HARDSHIPS = "hardships", _("困难身份认定")
    HOUSEHOLD = "capacity_to_pay", _("家庭人口和收入")
    MEDICAL_SPEND = "medical_spend", _("一年看病自付")
    DIAGNOSIS = "diagnoses", _("诊断和分期")
    FIRST_DIAGNOSIS = "first_diagnosis", _("初诊还是复发")
    DIAGNOSED_ON = "diagnosed_on", _("确诊日期")
    TREATED_ON = "treated_on", _("治疗日期")
    PROCEDURES = "procedures", _("手术、移植")
    HOSPITAL = "hospital", _("医院和等级")
    COMMITTEE = "committee", _("评审会")
    BILL = "subject_bill", _("资助哪张账单")


#: fact → category of the consent under which it may be read and recorded
CATEGORY: dict[str, str] = {
    Fact.HOUSEHOLD_AREA: Category.IDENTITY,
    Fact.RESIDENCE: Category.IDENTITY,
    Fact.INSURED_AREA: Category.BILLS,
    Fact.INSUTYPE: Category.BILLS,
    Fact.HARDSHIPS: Category.HOUSEHOLD,
    Fact.HOUSEHOLD: Category.HOUSEHOLD,
    Fact.MEDICAL_SPEND: Category.BILLS,
    Fact.DIAGNOSIS: Category.BILLS,
    Fact.FIRST_DIAGNOSIS: Category.BILLS,
    Fact.DIAGNOSED_ON: Category.BILLS,
    Fact.TREATED_ON: Category.BILLS,
    Fact.PROCEDURES: Category.BILLS,
    Fact.HOSPITAL: Category.BILLS,
    Fact.COMMITTEE: Category.IDENTITY,
    Fact.BILL: Category.BILLS,
}


class Finding(models.Model):
    """One check: what was found, how, by whom, until when it holds. Values and sources are sealed.

    It is read and counted as long as the case's consent lives and names its category; when the case is sealed it is
    erased (charity.awards.retention), so a new yes does not bring it back. `consent_id`: under which it was made. `key` keeps apart what a fact has several of (each procedure, each hardship).
    """

    class Outcome(models.TextChoices):
        FOUND = "found", _("核实了")
        NOT_FOUND = "not_found", _("没能核实")
        WITHDRAWN = "withdrawn", _("撤回了以前的核实")

    class Means(models.TextChoices):
        DOCUMENT = "document", _("看了材料")
        PHONE = "phone", _("打电话问")
        VISIT = "visit", _("上门看")
        REGISTER = "register", _("查登记系统")
        INSURER = "insurer", _("医保经办机构的记录")
        MEETING = "meeting", _("开会")
        CHOICE = "choice", _("工作人员选定")

    case = models.ForeignKey("awards.Case", models.PROTECT, related_name="findings")
    organisation = models.ForeignKey(Organisation, models.PROTECT)
    application_id = models.BigIntegerField()
    consent_id = models.BigIntegerField()
    fact = models.CharField(max_length=16, choices=Fact.choices)
    key = models.CharField(max_length=30, blank=True)
    category = models.CharField(max_length=12, choices=Category.choices)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    value = SealedJSON("findings.value", null=True)
    means = models.CharField(max_length=10, choices=Means.choices)
    document_id = models.BigIntegerField(null=True)
    source = SealedText("findings.source", null=True, help_text="who or what said so, in words")
    checked_on = models.DateField()
    valid_until = models.DateField(null=True)
    recorded_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "finding"
        indexes = [models.Index(fields=["case", "fact", "-id"], name="finding_by_case")]
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="found", value__isnull=False)
                | Q(outcome__in=["not_found", "withdrawn"], value__isnull=True),
                name="finding_value",
            ),
            models.CheckConstraint(
                condition=Q(
                    *[
                        Q(category=str(kind), fact__in=sorted(f for f, of in CATEGORY.items() if of == kind))
                        for kind in sorted(set(CATEGORY.values()))
                    ],
                    _connector=Q.OR,
                ),
                name="finding_category",
            ),
            models.CheckConstraint(
                condition=Q(means="document", document_id__isnull=False)
                | (~Q(means="document") & Q(document_id__isnull=True)),
                name="finding_document",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fact} of case {self.case_id}"
