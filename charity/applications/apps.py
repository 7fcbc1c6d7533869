from django.apps import AppConfig


class ApplicationsConfig(AppConfig):
    name = "charity.applications"
    label = "applications"

    def ready(self) -> None:
        from consent.models import Consent
        from insurance.linking.followers import Follower, follow
        from outbox import on

        from .models import Application

        follow(Follower("application", Application, "identity_id"))
        follow(Follower("consent", Consent, "application_id", of="application"))
        from . import linking, texts

        on("application.submitted")(linking.submitted)
        on("people.proof_redeemed")(linking.token_redeemed)
        on("application.identity_checked")(linking.identity_checked)
        on("linking.linked")(linking.linked)
        on("linking.unlinked")(linking.unlinked)
        on("people.representation_revoked")(linking.representation_revoked)
        on("need.changed")(linking.need_changed)
        on("document.requested")(texts.document_requested)
        on("award.changed")(texts.award_changed)
        on("case.decided")(texts.case_decided)
