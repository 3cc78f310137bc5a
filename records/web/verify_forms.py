"""What is handed in to be checked: a text, or a picture or file that never touches a disk."""

from __future__ import annotations

import io
from typing import Any

from django import forms
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler
from django.utils.translation import gettext_lazy as _

from records.codecs import qr, shc
from records.codecs.credentials import Malformed

LONGEST_TEXT = 100_000
CARD_FILE = ".smart-health-card"
LARGEST_BODY = qr.MOST_PICTURE_BYTES + 100_000
"""Bytes of a request: a picture and what a form puts around it."""


class InMemory(FileUploadHandler):
    """Keep an upload in memory: a code is never written to a disk."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        super().new_file(*args, **kwargs)
        self.content = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take the next piece."""
        self.content.write(raw_data)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Return the whole file."""
        self.content.seek(0)
        return InMemoryUploadedFile(
            self.content,
            self.field_name,
            str(self.file_name),
            str(self.content_type),
            file_size,
            self.charset,
            self.content_type_extra,
        )


class TextForm(forms.Form):
    """A code as text."""

    code = forms.CharField(
        label=_("Code"),
        max_length=LONGEST_TEXT,
        help_text=_("It begins with shc:/ or HC1:"),
        widget=forms.Textarea(
            attrs={
                "rows": 4,
                "dir": "ltr",
                "autocomplete": "off",
                "autocapitalize": "off",
                "spellcheck": "false",
            }
        ),
    )

    def texts(self) -> list[str]:
        """Return the one code."""
        return [self.cleaned_data["code"]]


class PictureForm(forms.Form):
    """A picture of one or several codes, or a ``.smart-health-card`` file."""

    picture = forms.FileField(
        label=_("Picture or file"),
        help_text=_("PNG, JPEG, WebP, GIF or .smart-health-card, up to 10 MB"),
        widget=forms.FileInput(attrs={"accept": f"image/*,{CARD_FILE}"}),
    )

    def clean_picture(self) -> list[str]:
        """Return the texts of the codes; may be none."""
        upload = self.cleaned_data["picture"]
        try:
            if upload.name.endswith(CARD_FILE):
                return shc.read_file(upload.read())
            return qr.read(upload.read())
        except Malformed:
            raise forms.ValidationError(
                _("This cannot be read. Choose a PNG, JPEG, WebP or GIF of at most 10 MB.")
            ) from None

    def texts(self) -> list[str]:
        """Return the codes that were found."""
        found: list[str] = self.cleaned_data["picture"]
        return found
