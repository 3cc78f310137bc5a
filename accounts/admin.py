"""Accounts in the admin, for user managers."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import invitations, managing
from accounts.models import User, normalize_email
from accounts.roles import ROLES
from accounts.writing import WritingForm, WrittenByForm
from records.admin.filters import ListedFiltersOnly
from records.models import Volunteer
from records.wording import listed

ROLE_NAMES = [role.name for role in ROLES]


class RolesField(forms.ModelMultipleChoiceField):
    """Groups by what their roles are called in the language of the reader."""

    def label_from_instance(self, obj: Group) -> str:
        """Return the name of the role."""
        return _(obj.name)


class AccountForm(WritingForm):
    """Adds an account."""

    groups = RolesField(
        queryset=Group.objects.filter(name__in=ROLE_NAMES),
        required=False,
        label=gettext_lazy("Roles"),
        widget=forms.CheckboxSelectMultiple,
    )

    def write(self) -> User:
        """Add, and invite the owner."""
        data = self.cleaned_data
        return invitations.invite(
            by=self.manager,
            email=data["email"],
            name=data["name"],
            kind=data["kind"],
            groups=data["groups"],
        )


class ChangeAccountForm(AccountForm):
    """Changes somebody else's account."""

    badge = forms.CharField(
        required=False,
        max_length=32,
        label=gettext_lazy("Volunteer's badge"),
        help_text=gettext_lazy("This account acts as the volunteer of this badge."),
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
class UserAdmin(ListedFiltersOnly, WrittenByForm, admin.ModelAdmin):
    """Accounts: added, given roles, switched off; never deleted, never one's own."""

    add_form, change_form = AccountForm, ChangeAccountForm
    list_display = ("email", "name", "kind", "roles", "is_active", "last_login")
    list_filter = ("is_active", "kind")
    list_select_related = ()
    ordering = ("email_normalized",)
    search_fields = ("email_normalized",)
    search_help_text = gettext_lazy("Start of the e-mail address, or of the name")
    show_full_result_count = False
    list_per_page = 50
    actions = None
    show_facets = admin.ShowFacets.NEVER
    view_on_site = False
    add_fieldsets = ((None, {"fields": ("email", "name", "kind", "groups")}),)
    fieldsets = (
        (None, {"fields": ("email", "name", "kind", "is_active", "groups", "badge")}),
        (
            gettext_lazy("Account"),
            {"fields": ("is_staff", "last_login", "date_joined", "public_id")},
        ),
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
        return super().changelist_view(request, {"title": _("Users"), **(extra_context or {})})

    @admin.display(description=gettext_lazy("Roles"))
    def roles(self, user: User) -> str:
        """Return the names of the roles."""
        return listed(sorted(_(group.name) for group in user.groups.all()))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether this account may be changed by whom."""
        by: Any = request.user
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or managing.may_manage(by, obj))

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

    def get_urls(self) -> list[Any]:
        """Add the pages that reset a second factor and invite again."""
        reset = self.admin_site.admin_view(self.reset_second_factor_view)
        invite = self.admin_site.admin_view(self.invite_again_view)
        return [
            path("<int:pk>/reset-second-factor/", reset, name="accounts_user_reset_second_factor"),
            path("<int:pk>/invite-again/", invite, name="accounts_user_invite_again"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the account, with links to what may be done to it."""
        by: Any = request.user
        user = User.objects.filter(pk=object_id).first() if object_id.isdecimal() else None
        may_reset = may_invite = False
        if user is not None and managing.may_manage(by, user):
            has_factor = Authenticator.objects.filter(user=user).exists()
            may_reset = has_factor and by.has_perm("accounts.reset_second_factor")
            may_invite = by.has_perm("accounts.add_user") and invitations.is_waiting(user)
        context = {"may_reset": may_reset, "may_invite": may_invite, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, context)

    def invite_again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then mail a new link to the owner of an account that waits for a password."""
        by: Any = request.user
        user = self._other_account(request, pk, "accounts.add_user")
        invitations.require_waiting(user)
        if request.method == "POST":
            invitations.invite_again(by=by, user=user)
            messages.success(request, _("%(user)s is invited again.") % {"user": user})
            return redirect("admin:accounts_user_change", pk)
        words = {
            "title": _("Invite again"),
            "lead": _("A new link to choose a password is mailed; the earlier one stops working."),
            "submit_label": _("Send"),
        }
        return self._ask(request, user, words)

    def reset_second_factor_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Ask, then reset the second factor of somebody else."""
        by: Any = request.user
        user = self._other_account(request, pk, "accounts.reset_second_factor")
        if request.method == "POST":
            managing.reset_second_factor(by=by, user=user)
            messages.success(request, _("The second factor of %(user)s is reset.") % {"user": user})
            return redirect("admin:accounts_user_change", pk)
        words = {
            "title": _("Reset the second factor"),
            "lead": _(
                "The authenticator app, passkeys and recovery codes of this account stop"
                " working and its sessions end. Be sure that it is this person who asks."
            ),
            "submit_label": _("Reset"),
            "danger": True,
        }
        return self._ask(request, user, words)

    def _other_account(self, request: HttpRequest, pk: int, permission: str) -> User:
        """Return the account to act on; 403 without the permission comes before any look-up."""
        by: Any = request.user
        if not by.has_perm(permission):
            raise PermissionDenied
        user = get_object_or_404(User, pk=pk)
        managing.require_other(by, user)
        return user

    def _ask(self, request: HttpRequest, user: User, words: dict[str, Any]) -> HttpResponse:
        """Show the page that asks before something is done to an account."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "object": user,
            "facts": [(_("Name"), user.name), ("E-mail address", user.email)],
            **words,
        }
        return render(request, "admin/confirmation.html", context)
