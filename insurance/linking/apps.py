from django.apps import AppConfig


class LinkingConfig(AppConfig):
    name = "insurance.linking"
    label = "linking"

    def ready(self) -> None:
        from outbox import on

        from . import services

        @on("linking.decided")
        def decided(review_id: int) -> None:
            services.apply_decision(review_id)
