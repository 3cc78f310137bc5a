"""The admin site; people sign in to it where they sign in to everything else."""

from functools import update_wrapper
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
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

OURS = ("records", "accounts")


class VaxPassAdminSite(AdminSite):
    """Django's admin without a sign-in of its own, so no check of `accounts` can be gone round.

    Who may enter is Django's rule: active and `is_staff`.
    """

    site_title = "VaxPass"
    site_header = "VaxPass"
    index_title = _("Records")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Take VaxPass's own admins alone: a library's would write without a trace.

        Addresses and authenticators are their owner's, and groups are made by ``sync_roles``.
        """
        models: Any = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable
        )
        ours = [model for model in models if model._meta.app_label in OURS]
        super().register(ours, admin_class, **options)

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

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Refuse signed-in people who may not enter at once; Django sends them to sign in first."""
        inner = super().admin_view(view, cacheable)

        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            return inner(request, *args, **kwargs)

        return update_wrapper(page, inner)

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
        from records.admin.figures import section
        from records.admin.sections import in_sections

        apps = super().get_app_list(request, app_label)
        return apps if app_label else [*in_sections(apps), *section(request.user)]

    def get_urls(self) -> list[Any]:
        """Put the pages of figures before Django's, whose last address takes everything."""
        from records.admin.figures import urls

        return [*urls(self), *super().get_urls()]

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Answer choosers with labels that tell similar records apart."""
        from records.admin.autocomplete import RecordAutocomplete

        return cast(HttpResponse, RecordAutocomplete.as_view(admin_site=self)(request))
