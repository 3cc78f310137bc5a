"""The admin site; people sign in to it where they sign in to everything else."""

from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache


class VaxPassAdminSite(AdminSite):
    """Django's admin without a sign-in of its own, so no check of `accounts` can be gone round.

    Who may enter is Django's rule: active and `is_staff`.
    """

    site_title = "VaxPass"
    site_header = "VaxPass"
    index_title = "Records"

    @method_decorator(never_cache)
    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Send anonymous users to the sign-in and refuse users who may not enter."""
        index = reverse("admin:index", current_app=self.name)
        if not request.user.is_authenticated:
            # The sign-in follows only targets on this host.
            query = urlencode({REDIRECT_FIELD_NAME: request.GET.get(REDIRECT_FIELD_NAME) or index})
            return HttpResponseRedirect(f"{reverse('account_login')}?{query}")
        if not self.has_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(index)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Send to the one page where passwords are changed."""
        return redirect("account_change_password")

    def password_change_done(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        """Send to the one page where passwords are changed."""
        return redirect("account_change_password")

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show what needs attention above the models."""
        # The models' admins import this site.
        from records.admin.attention import cards

        context = {"attention": cards(request.user), **(extra_context or {})}
        return super().index(request, context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """Group the records by subject instead of one long list, as people look for them."""
        from records.admin.sections import in_sections

        apps = super().get_app_list(request, app_label)
        return apps if app_label else in_sections(apps)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Answer choosers with labels that tell similar records apart."""
        from records.admin.autocomplete import RecordAutocomplete

        return cast(HttpResponse, RecordAutocomplete.as_view(admin_site=self)(request))
