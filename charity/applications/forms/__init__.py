"""The pages of the application as forms. `answer()` gives what is kept (JSON: dates ISO, amounts as strings)."""

from .base import ADULT, StepForm, age_on
from .household import AidForm, HouseholdForm
from .illness import IllnessForm
from .papers import ReviewForm, SubmitForm, TokenForm, UploadForm
from .person import RELATIONS, ApplicantForm, IdentityForm, WhoForm, checked_name, relation_name

__all__ = [
    "ADULT",
    "RELATIONS",
    "AidForm",
    "ApplicantForm",
    "HouseholdForm",
    "IdentityForm",
    "IllnessForm",
    "ReviewForm",
    "StepForm",
    "SubmitForm",
    "TokenForm",
    "UploadForm",
    "WhoForm",
    "age_on",
    "checked_name",
    "relation_name",
]
