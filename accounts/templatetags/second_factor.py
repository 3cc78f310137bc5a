"""What the pages of an account say about its second factor."""

from __future__ import annotations

from typing import Any

from django import template

from accounts import second_factor

register = template.Library()


@register.simple_tag(takes_context=True)
def second_factor_state(context: dict[str, Any]) -> dict[str, bool]:
    """Return whether the signed-in account must have a factor and has none (`missing`)."""
    user = context["user"]
    missing = second_factor.is_required(user) and not second_factor.factors(user)
    return {"missing": missing and not user.is_demo}
