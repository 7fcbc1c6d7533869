"""The room of everything a person sees on every page: design system, frames, errors, charts."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "web"
    label = "web"
