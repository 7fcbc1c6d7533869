"""Hostile and clumsy uploads: refused with words, or made harmless."""

import io
import struct
import zlib

import application_kit as kit
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image
from pypdf import PdfWriter

import factories as make
from audit.models import Entry
from charity.applications import documents
from charity.applications.models import Document
from scope import actor_scope

LIMIT = 10 * 1024 * 1024


def image(fmt="JPEG", size=(900, 600), mode="RGB", **save):
    out = io.BytesIO()
    Image.new(mode, size, "white" if mode == "RGB" else None).save(out, fmt, **save)
    return out.getvalue()


def pdf(change=lambda writer: None, pages=1, **kwargs):
    writer = PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    change(writer)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def png_bomb(side=60_000):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "WEBP"])
def test_a_photo_becomes_a_clean_jpeg(fmt):
    paper = documents.read(image(fmt), LIMIT)
    assert (paper.media_type, paper.pages) == ("image/jpeg", 1)
    assert Image.open(io.BytesIO(paper.content)).format == "JPEG"


def test_the_photo_stands_upright_without_metadata_and_is_no_larger_than_needed():
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "SecretPhone"
    paper = documents.read(image(size=(5000, 3000), exif=exif), LIMIT)
    kept = Image.open(io.BytesIO(paper.content))
    assert max(kept.size) <= documents.MAX_SIDE
    assert kept.height > kept.width
    assert not kept.getexif()
    assert b"SecretPhone" not in paper.content


def test_a_transparent_picture_gets_a_white_ground():
    paper = documents.read(image("PNG", mode="RGBA"), LIMIT)
    assert Image.open(io.BytesIO(paper.content)).getpixel((5, 5)) == (255, 255, 255)


def test_what_is_appended_to_a_photo_does_not_survive():
    paper = documents.read(image() + b"PK\x03\x04<script>alert(1)</script>", LIMIT)
    assert b"script" not in paper.content
    assert b"PK\x03\x04" not in paper.content


def test_a_plain_pdf_is_kept_as_it_is():
    data = pdf(pages=3)
    paper = documents.read(data, LIMIT)
    assert (paper.content, paper.media_type, paper.pages) == (data, "application/pdf", 3)


def encrypted(writer):
    writer.encrypt("secret")


def opens_script(writer):
    from pypdf.generic import DictionaryObject, NameObject, TextStringObject

    writer._root_object[NameObject("/OpenAction")] = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    )


def carries_a_file(writer):
    writer.add_attachment("x.exe", b"MZ")


def hidden_script(writer):
    from pypdf.generic import DictionaryObject, NameObject, TextStringObject

    action = DictionaryObject(
        {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("x")}
    )
    writer.pages[0][NameObject("/AA")] = DictionaryObject({NameObject("/O"): writer._add_object(action)})


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "空的"),
        (b"hello", "只收照片"),
        (b"MZ\x90\x00" + b"\0" * 200, "只收照片"),
        (b"<html><script>alert(1)</script></html>", "只收照片"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "只收照片"),
        (b"GIF89a" + b"\0" * 50, "只收照片"),
        (b"PK\x03\x04" + b"\0" * 100, "只收照片"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 100, "HEIC"),
        (b"\xff\xd8\xff" + b"\0" * 500, "打不开"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "打不开"),
        (image()[:400], "打不开"),
        (image(size=(20, 20)), "太小"),
        (b"%PDF-1.7\nnonsense\n%%EOF", "打不开"),
        (b"%PDF-1.7\nno end", "不完整"),
        (b"MZ" + pdf(), "只收照片"),
        (pdf() + b"PK\x03\x04 a whole archive", "后面接了别的内容"),
        (pdf(encrypted), "密码"),
        (pdf(opens_script), "带有程序"),
        (pdf(carries_a_file), "带有程序"),
        (pdf(hidden_script), "带有程序"),
        (pdf(pages=31), "最多 30 页"),
        (png_bomb(), "尺寸太大"),
        (png_bomb(9_000), "尺寸太大"),
        (b"\xff\xd8\xff" + b"\0" * LIMIT, "文件太大"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)}b",
)
def test_it_refuses_with_words_what_is_no_plain_photo_or_pdf(data, words):
    with pytest.raises(documents.UploadRefusedError, match=words):
        documents.read(data, LIMIT)


def put(phone, row, *contents, kind="diagnosis", name="x.jpg"):
    files = [SimpleUploadedFile(name, content, content_type="image/jpeg") for content in contents]
    return phone.post(reverse("applications:documents", args=[row.pk]), {"kind": kind, "files": files})


def test_twenty_megabytes_are_refused_politely_and_nothing_is_kept(acc, phone, tmp_path, settings):
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    row = kit.draft(acc)
    answer = put(phone, row, b"\xff\xd8\xff" + b"\0" * (20 * 1024 * 1024))
    assert answer.status_code == 400
    assert "文件太大了，每个最多 10 MB" in answer.content.decode()
    assert list(tmp_path.iterdir()) == []
    with actor_scope(make.patient(acc)):
        assert not Document.objects.exists()


def test_a_good_photo_beside_a_bad_file_is_kept_and_the_bad_one_is_named(acc, phone):
    row = kit.draft(acc)
    answer = put(phone, row, image(), b"not a photo")
    assert answer.status_code == 400
    assert "第 2 个：只收照片" in answer.content.decode()
    with actor_scope(make.patient(acc)):
        assert Document.objects.count() == 1


def test_the_same_photo_twice_is_one_paper(acc, phone):
    row = kit.draft(acc)
    put(phone, row, image())
    put(phone, row, image())
    with actor_scope(make.patient(acc)):
        assert Document.objects.count() == 1


def test_a_form_without_a_file_or_kind_says_so(acc, phone):
    row = kit.draft(acc)
    page = phone.post(reverse("applications:documents", args=[row.pk]), {"kind": ""}).content.decode()
    assert "请选一个" in page
    assert "还没选照片" in page


def test_an_upload_without_the_forms_token_is_refused(acc):
    from django.test import Client

    row = kit.draft(acc)
    client = Client(enforce_csrf_checks=True)
    client.cookies = kit.browser(acc).cookies
    answer = put(client, row, image())
    assert answer.status_code == 403
    with actor_scope(make.patient(acc)):
        assert not Document.objects.exists()


def test_papers_lie_sealed_and_come_back_as_a_download_that_is_recorded(acc, phone):
    from django.db import connection

    row = kit.draft(acc)
    put(phone, row, image())
    with actor_scope(make.patient(acc)):
        paper = Document.objects.get()
        with connection.cursor() as cursor:
            cursor.execute("SELECT content FROM document WHERE id = %s", [paper.pk])
            assert b"\xff\xd8\xff" not in bytes(cursor.fetchone()[0])
    answer = phone.get(reverse("applications:document", args=[row.pk, paper.pk]))
    assert answer.content == paper.content
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert Entry.objects.filter(action="document.downloaded", subject=f"document:{paper.pk}").count() == 1


def test_a_removed_paper_is_erased(acc, phone):
    row = kit.draft(acc)
    put(phone, row, image())
    with actor_scope(make.patient(acc)):
        paper = Document.objects.get()
    phone.post(reverse("applications:remove_document", args=[row.pk, paper.pk]))
    with actor_scope(make.patient(acc)):
        assert bytes(Document.objects.get().content) == b""
    assert phone.get(reverse("applications:document", args=[row.pk, paper.pk])).status_code == 404


def test_a_paper_that_was_checked_is_not_removed(acc, phone, fund):
    from scope import engine_scope

    row = kit.hand_in(acc, [fund])
    phone.post(
        reverse("applications:more", args=[row.pk]),
        {"kind": "income", "files": [SimpleUploadedFile("a", image())]},
    )
    with engine_scope("test"):
        Document.objects.update(state="accepted")
        paper = Document.objects.get()
    phone.post(reverse("applications:remove_document", args=[row.pk, paper.pk]))
    with actor_scope(make.patient(acc)):
        assert Document.objects.get().state == "accepted"
