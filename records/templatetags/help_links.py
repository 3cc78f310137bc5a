"""The way from a page to its help."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse

from records.web.help import topic_of

register = template.Library()


@register.simple_tag(takes_context=True)
def help_address(context: dict[str, Any]) -> str:
    """Return the address of the help that belongs to the page being shown."""
    match = getattr(context.get("request"), "resolver_match", None)
    if match is None:  # an address of nothing
        return reverse("help:index")
    return reverse("help:topic", args=[topic_of(match.view_name)])
