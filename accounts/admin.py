"""Accounts in the admin, for user managers."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from accounts import managing
from accounts.models import User, normalize_email
from accounts.roles import ROLES
from records.admin.forms import add_domain_errors
from records.models import Volunteer

ROLE_NAMES = [role.name for role in ROLES]


class AccountForm(forms.ModelForm):
    """Adds an account; the write is the last step of validation, its errors land on fields."""

    manager: ClassVar[Any] = None

    groups = forms.ModelMultipleChoiceField(
        queryset=Group.objects.filter(name__in=ROLE_NAMES),
        required=False,
        label="Roles",
        widget=forms.CheckboxSelectMultiple,
    )

    def write(self) -> User:
        """Add."""
        data = self.cleaned_data
        return managing.add_user(
            by=self.manager,
            email=data["email"],
            name=data["name"],
            kind=data["kind"],
            groups=data["groups"],
        )

    def _post_clean(self) -> None:
        if self.errors:
            return
        try:
            self.instance = self.write()
        except ValidationError as error:
            add_domain_errors(self, error)

    def _save_m2m(self) -> None:
        """Do nothing: a valid form has written."""


class ChangeAccountForm(AccountForm):
    """Changes somebody else's account."""

    badge = forms.CharField(
        required=False,
        max_length=32,
        label="Volunteer's badge",
        help_text="This account acts as the volunteer of this badge.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Show the badge that is linked."""
        super().__init__(*args, **kwargs)
        linked = Volunteer.objects.filter(user_id=self.instance.pk).first()
        self.initial["badge"] = linked.code if linked else ""

    def write(self) -> User:
        """Change and link, or neither."""
        data = self.cleaned_data
        with transaction.atomic():
            managing.link_volunteer(
                by=self.manager, user=self.instance, badge=data["badge"].strip()
            )
            return managing.change_user(
                by=self.manager,
                user=self.instance,
                name=data["name"],
                is_active=data["is_active"],
                groups=data["groups"],
            )


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Accounts: added, given roles, switched off; never deleted, never one's own."""

    list_display = ("email", "name", "kind", "roles", "is_active", "last_login")
    list_filter = ("is_active", "kind")
    list_select_related = ()
    ordering = ("email_normalized",)
    search_fields = ("email_normalized",)
    search_help_text = "Start of the e-mail address, or of the name"
    show_full_result_count = False
    list_per_page = 50
    actions = None
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False
    add_fieldsets = ((None, {"fields": ("email", "name", "kind", "groups")}),)
    fieldsets = (
        (None, {"fields": ("email", "name", "kind", "is_active", "groups", "badge")}),
        ("Account", {"fields": ("is_staff", "last_login", "date_joined", "public_id")}),
    )
    shown = ("email", "kind", "is_staff", "last_login", "date_joined", "public_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        """Return all accounts with their roles."""
        return User.objects.prefetch_related("groups").order_by("email_normalized")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by the start of the address or of the name."""
        term = search_term.strip()
        if not term:
            return queryset, False
        address = Q(email_normalized__startswith=normalize_email(term))
        return queryset.filter(address | Q(name__istartswith=term)), False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list under its name."""
        return super().changelist_view(request, {"title": "Users", **(extra_context or {})})

    @admin.display(description="Roles")
    def roles(self, user: User) -> str:
        """Return the names of the roles."""
        return ", ".join(sorted(group.name for group in user.groups.all()))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether this account may be changed by whom."""
        by: Any = request.user
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or managing.may_manage(by, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes an account: history and audit name it."""
        return False

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the sections; one's own account is only shown."""
        if obj is None:
            return self.add_fieldsets
        if self.has_change_permission(request, obj):
            return self.fieldsets
        fields = ("email", "name", "kind", "is_active", "roles")
        return ((None, {"fields": fields}), self.fieldsets[1])

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Return what nobody sets here."""
        return () if obj is None else (*self.shown, "roles")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Return the form class of this request, which knows who fills it in."""
        kwargs["form"] = ChangeAccountForm if change else AccountForm
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.manager = request.user
        return form

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """Return what the form has already written."""
        return form.instance

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write nothing: a valid form has written."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Write nothing: a valid form has written."""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave no entry in Django's own log: the audit has one."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> None:  # type: ignore[override]
        """Leave no entry in Django's own log: the audit has one."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show nothing: Django's own log is not written."""
        raise Http404
