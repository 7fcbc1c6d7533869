from typing import Any

app_name = "desk"
urlpatterns: list[Any] = []
