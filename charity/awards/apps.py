from django.apps import AppConfig


class AwardsConfig(AppConfig):
    name = "charity.awards"
    label = "awards"

    def ready(self) -> None:
        from outbox import on

        from . import candidates, handlers

        on("application.submitted")(candidates.application_changed)
        on("application.proven")(candidates.application_changed)
        on("document.changed")(candidates.application_changed)
        on("need.changed")(candidates.need_changed)
        on("consent.withdrawn")(candidates.consent_withdrawn)
        on("hardship.certified")(handlers.hardship_certified)

        @on("consent.given")
        def consent_given(consent_id: int) -> None:
            candidates.open_case(consent_id)
