"""Words for what is kept in English."""

from __future__ import annotations

from django import template

from records.wording import reason_words

register = template.Library()
register.filter(reason_words)
