"""What may be kept of an upload. The type is told from the content; images are made anew, PDFs looked through.

Nothing of the sender's file name, metadata or appended bytes survives in an image.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass
from typing import Any

import puremagic
from django.utils.translation import gettext as _
from PIL import Image, ImageOps
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

MAX_SIDE = 2400
MAX_PIXELS = 40_000_000
MAX_PAGES = 30
MAX_OBJECTS = 20_000
IMAGES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
# Names that make a PDF act, or carry another file in it.
ACTIVE = frozenset(
    [
        "/JavaScript",
        "/JS",
        "/Launch",
        "/EmbeddedFile",
        "/EmbeddedFiles",
        "/RichMedia",
        "/XFA",
        "/SubmitForm",
        "/ImportData",
        "/GoToE",
        "/GoToR",
        "/Movie",
        "/Sound",
        "/3D",
        "/Rendition",
    ]
)


class UploadRefusedError(Exception):
    """The file is not kept; the text tells the family what to do instead."""


@dataclass(frozen=True)
class Paper:
    """What is kept: content, media type, pages, and the SHA-256 of the file as it came (hex)."""

    content: bytes
    media_type: str
    pages: int
    sha256: str


def read(data: bytes, limit: int) -> Paper:
    """Check an upload and make what is kept. limit: bytes. Raises UploadRefusedError."""
    if not data:
        raise UploadRefusedError(_("这个文件是空的，请重新拍一张。"))
    if len(data) > limit:
        raise UploadRefusedError(too_big(limit))
    digest = hashlib.sha256(data).hexdigest()
    kind = _kind(data)
    if kind == "application/pdf":
        return Paper(data, kind, _check_pdf(data), digest)
    if kind in IMAGES:
        return Paper(_new_image(data, IMAGES[kind]), "image/jpeg", 1, digest)
    if kind in {"image/heic", "image/heif"}:
        raise UploadRefusedError(_("这种照片格式（HEIC）还打不开。请在手机里截个屏，再传截屏。"))
    raise UploadRefusedError(_("只收照片（JPG、PNG）和 PDF。请拍照上传。"))


def too_big(limit: int) -> str:
    return _("文件太大了，每个最多 %(size)d MB。请拍照上传，或分成几个。") % {"size": limit // (1024 * 1024)}


def _kind(data: bytes) -> str:
    """The media type by content: the magic number at the very start decides, puremagic has to agree."""
    first = ""
    if data.startswith(b"\xff\xd8\xff"):
        first = "image/jpeg"
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        first = "image/png"
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        first = "image/webp"
    elif data.startswith(b"%PDF-"):
        first = "application/pdf"
    elif data[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1", b"ftyphevc"}:
        return "image/heic"
    if not first:
        return ""
    try:
        guesses = {match.mime_type for match in puremagic.magic_string(data)}
    except (puremagic.PureError, ValueError):
        return ""
    return first if first in guesses else ""


def _new_image(data: bytes, name: str) -> bytes:
    """The picture alone, upright, at most MAX_SIDE px, as JPEG without metadata."""
    broken = _("这张照片打不开，请重新拍一张。")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=[name]) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise UploadRefusedError(_("这张照片的尺寸太大了，请用手机直接拍一张。"))
                if min(image.size) < 50:
                    raise UploadRefusedError(_("这张照片太小，看不清字。请重新拍一张。"))
                image.draft("RGB", (MAX_SIDE, MAX_SIDE))
                upright: Any = ImageOps.exif_transpose(image)
                upright.thumbnail((MAX_SIDE, MAX_SIDE))
                if upright.mode in {"RGBA", "LA", "PA", "P"}:
                    upright = upright.convert("RGBA")
                    paper = Image.new("RGB", upright.size, "white")
                    paper.paste(upright, mask=upright.getchannel("A"))
                    upright = paper
                out = io.BytesIO()
                clean = Image.new("RGB", upright.size)
                clean.paste(upright.convert("RGB"))
                clean.save(out, "JPEG", quality=85, optimize=True)
                return out.getvalue()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UploadRefusedError(_("这张照片的尺寸太大了，请用手机直接拍一张。"))
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError):
        raise UploadRefusedError(broken)


def _check_pdf(data: bytes) -> int:
    """Pages of a PDF that only shows something. Raises UploadRefusedError for any other."""
    active = _("这个 PDF 里带有程序或别的文件，不能收。请把它打印出来拍照上传。")
    tail = data.rfind(b"%%EOF")
    if tail < 0 or len(data[tail + 5 :].strip(b"\r\n \x00\t")) > 0:
        raise UploadRefusedError(_("这个 PDF 不完整，或后面接了别的内容。请拍照上传。"))
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise UploadRefusedError(_("这个 PDF 有密码，打不开。请去掉密码，或拍照上传。"))
        pages = len(reader.pages)
        if not 1 <= pages <= MAX_PAGES:
            raise UploadRefusedError(
                _("这个 PDF 有 %(pages)d 页，最多 %(limit)d 页。请只传要用的那几页。")
                % {"pages": pages, "limit": MAX_PAGES}
            )
        if _acts(reader):
            raise UploadRefusedError(active)
    except UploadRefusedError:
        raise
    except (
        Exception
    ):  # pypdf raises many kinds on a broken or hostile file; each means the same to the family
        raise UploadRefusedError(_("这个 PDF 打不开。请拍照上传。"))
    return pages


def _acts(reader: PdfReader) -> bool:
    """Does anything that can be reached from the file's root act, or carry a file?"""
    seen: set[int] = set()
    waiting: list[Any] = [reader.trailer]
    while waiting:
        item = waiting.pop()
        if isinstance(item, IndirectObject):
            if item.idnum in seen:
                continue
            seen.add(item.idnum)
            if len(seen) > MAX_OBJECTS:
                return True
            item = item.get_object()
        if isinstance(item, DictionaryObject):
            for key, value in item.items():
                if key in ACTIVE or (key == "/S" and isinstance(value, str) and value in ACTIVE):
                    return True
                if key in {"/Type", "/Subtype"} and isinstance(value, str) and value in ACTIVE:
                    return True
                waiting.append(value)
        elif isinstance(item, ArrayObject):
            waiting.extend(item)
    return False
