from typing import Any

app_name = "applications"
urlpatterns: list[Any] = []
