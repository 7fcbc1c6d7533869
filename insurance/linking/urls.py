from typing import Any

app_name = "linking"
urlpatterns: list[Any] = []
