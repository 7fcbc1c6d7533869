from django.apps import AppConfig


class AwardsConfig(AppConfig):
    name = "charity.awards"
    label = "awards"

    def ready(self) -> None:
        from insurance.linking.followers import Follower, follow
        from outbox import on

        from .models import Award, Case

        follow(
            Follower(
                "case",
                Case,
                "application_id",
                of="application",
                causes=lambda ids: [
                    f"award:{pk}" for pk in Award.objects.filter(case_id__in=ids).values_list("pk", flat=True)
                ],
            )
        )
        from . import candidates, recoveries, retention, trials

        on("application.submitted")(candidates.application_changed)
        on("application.proven")(candidates.application_changed)
        on("document.changed")(candidates.application_changed)
        on("need.changed")(candidates.need_changed)
        on("consent.withdrawn")(candidates.consent_withdrawn)

        on("award.changed")(retention.award_changed)
        on("recovery.confirmed")(recoveries.carry_out)
        on("rule.trial_requested")(trials.trial_requested)

        @on("consent.given")
        def consent_given(consent_id: int) -> None:
            candidates.open_case(consent_id)
