"""Help, under ``/help/``: a page for each subject, and which one belongs to which page.

Anybody may read it, also signed out: it tells nothing of any record.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe


@dataclass(frozen=True, slots=True)
class Topic:
    """One page of help; its text is the template ``help/<slug>.html``."""

    slug: str
    title: str | Promise
    about: str | Promise  # one sentence for the list


@dataclass(frozen=True, slots=True)
class Section:
    """Topics for the same people."""

    title: str | Promise
    topics: tuple[Topic, ...]


SECTIONS = (
    Section(
        _("For everybody"),
        (
            Topic("first-steps", _("First steps"), _("What to do first, for your work.")),
            Topic("account", _("Your account"), _("Sign in, second factor, a lost password.")),
            Topic("verify", _("Check a code"), _("Whether a vaccination code is genuine.")),
        ),
    ),
    Section(
        _("At the clinic"),
        (
            Topic("find", _("Find or register a patient"), _("Search, queue, new patients.")),
            Topic("record", _("Record a dose"), _("From the lot to the confirmation.")),
            Topic("correct", _("Correct a mistake"), _("Undo, correct, void.")),
            Topic("offline", _("Work without a network"), _("What is kept, and when it is sent.")),
            Topic("hand-over", _("Hand over codes"), _("What a patient takes home.")),
        ),
    ),
    Section(
        _("For patients"),
        (
            Topic("passport", _("Your passport"), _("Doses, what is due, who looked.")),
            Topic("share", _("Share a record"), _("A link for a school or a doctor.")),
            Topic("certificate", _("Codes and certificates"), _("Show, save or print them.")),
        ),
    ),
    Section(
        _("For teams"),
        (
            Topic("supply", _("Lots and recalls"), _("Expiry, recall, notices.")),
            Topic("clinics", _("Clinics and assignments"), _("Who works where, and since when.")),
            Topic("figures", _("Reading figures"), _("Doses by month, vaccine and clinic.")),
            Topic("admin", _("The administration"), _("Records, accounts, history.")),
        ),
    ),
)
TOPICS = {topic.slug: topic for section in SECTIONS for topic in section.topics}

# By the name of a page, or how the names of several begin: the longest one counts.
PAGES = {
    "": "first-steps",
    "account_": "account",
    "mfa_": "account",
    "connected_apps": "account",
    "disconnect_app": "account",
    "oauth2_provider:": "account",
    "registration": "passport",
    "own_record": "passport",
    "claim": "passport",
    "verify:": "verify",
    "clinic:": "find",
    "clinic:record": "record",
    "clinic:dose": "record",
    "clinic:shift": "record",
    "clinic:session": "record",
    "clinic:amend": "correct",
    "clinic:void": "correct",
    "clinic:undo": "correct",
    "clinic:edit_patient": "correct",
    "clinic:add_number": "correct",
    "clinic:propose_merge": "correct",
    "clinic:offline": "offline",
    "clinic:card": "hand-over",
    "clinic:certificate": "hand-over",
    "clinic:take_home": "hand-over",
    "clinic:identity": "hand-over",
    "clinic:claim_code": "hand-over",
    "clinic:hand_over": "hand-over",
    "passport:": "passport",
    "passport:card": "certificate",
    "passport:certificate": "certificate",
    "passport:share": "share",
    "passport:revoke_share": "share",
    "shared:": "share",
    "supply:": "supply",
    "relations:": "clinics",
    "figures:": "figures",
    "admin:": "admin",
    "admin:figures_supply": "supply",
    "admin:figures_coverage": "figures",
    "admin:records_lot_": "supply",
    "admin:records_assignment_": "clinics",
    "admin:records_clinic_": "clinics",
}


def topic_of(view_name: str) -> str:
    """Return the topic of a page by the name of its address."""
    return PAGES[max((name for name in PAGES if view_name.startswith(name)), key=len)]


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """List the topics."""
    return render(request, "help/index.html", {"sections": SECTIONS})


@login_not_required
@require_safe
def page(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one topic; 404 for one that there is not."""
    if slug not in TOPICS:
        raise Http404("No such topic.")
    return render(request, f"help/{slug}.html", {"topic": TOPICS[slug]})
