"""Uploads stay in memory (nothing unencrypted on a disk) and stop counting at the limit."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt, csrf_protect

TOTAL_LIMIT = 30 * 1024 * 1024


class CappedMemoryHandler(FileUploadHandler):
    """Keeps each file in memory up to the limit; a larger one is dropped and named on the request."""

    def __init__(self, request: HttpRequest | None = None) -> None:
        super().__init__(request)
        self.limit = settings.JIELI_UPLOAD_MAX_BYTES
        self.total = 0

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.buffer = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.total += len(raw_data)
        if start + len(raw_data) > self.limit or self.total > TOTAL_LIMIT:
            self.request.upload_too_big = True  # type: ignore[union-attr]
            self.buffer = io.BytesIO()
            raise SkipFile
        self.buffer.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        self.buffer.seek(0)
        return InMemoryUploadedFile(
            file=self.buffer,
            field_name=self.field_name,
            name="upload",
            content_type="application/octet-stream",
            size=file_size,
            charset=None,
        )


def in_memory(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For views that take files: install the handler before the form's token is read, then check the token."""
    protected = csrf_protect(view)

    @csrf_exempt
    @wraps(view)
    def outer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.upload_handlers = [CappedMemoryHandler(request)]  # type: ignore[assignment]
        return protected(request, *args, **kwargs)

    return outer
