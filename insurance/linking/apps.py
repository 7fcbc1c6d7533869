from django.apps import AppConfig


class LinkingConfig(AppConfig):
    name = "insurance.linking"
    label = "linking"

    def ready(self) -> None:
        from . import handlers  # noqa: F401 - registers them
