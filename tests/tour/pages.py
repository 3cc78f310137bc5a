"""Which pages are taken, as whom: one table, which a test compares with the access matrix."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Stop:
    """One page: the name of its address, or a path for one that has none of its own."""

    name: str
    path: str = ""
    variant: str = ""  # the same page once more: see `tests.tour.acts`

    @property
    def fails(self) -> bool:
        """Tell whether it is the page of an error."""
        return self.name == "error" or self.variant == "ended"

    @property
    def file(self) -> str:
        """Return how its pictures begin."""
        parts = [self.name, self.variant] if self.variant else [self.name]
        words = "-".join(parts).removeprefix("oauth2_provider:")
        return words.replace(":", "-").replace("_", "-").lower()


@dataclass(frozen=True)
class Section:
    """What one demo account sees, or with no account whoever comes."""

    title: str
    login: str
    stops: tuple[Stop, ...]


def stops(space: str, names: str) -> tuple[Stop, ...]:
    """Return the pages of one part of the site."""
    return tuple(Stop(f"{space}{name}") for name in names.split())


FAILURES = ("bad-request", "missing", "button", "too-big", "broken", "gone")

SECTIONS = (
    Section(
        "Everybody",
        "",
        (
            Stop("home"),
            *stops("account_", "login signup reset_password reset_password_done"),
            *stops("account_", "reset_password_from_key reset_password_from_key_done"),
            *stops("account_", "email_verification_sent confirm_email inactive"),
            Stop("verify:page"),
            Stop("verify:page", variant="checked"),
            Stop("shared:link"),
            Stop("shared:link", variant="opened"),
            Stop("shared:link", path="/s/no-such-link", variant="ended"),
            *stops("help:", "index topic"),
            *(Stop("error", path=f"/fail/{name}", variant=name) for name in FAILURES),
        ),
    ),
    Section(
        "Volunteer",
        "volunteer",
        (
            Stop("home", variant="volunteer"),
            *stops("clinic:", "shift queue find"),
            Stop("clinic:find", variant="found"),
            *stops("clinic:", "elsewhere register patient record"),
            Stop("clinic:record", variant="refused"),
            *stops("clinic:", "record_not_given record_outside dose amend void session"),
            *stops("clinic:", "edit_patient propose_merge identity claim_code hand_over"),
            *stops("clinic:", "take_home cards card offline"),
            Stop("error", path="/admin/", variant="forbidden"),
        ),
    ),
    Section(
        "Patient",
        "patient",
        (
            Stop("home", variant="patient"),
            *stops("", "registration own_record claim"),
            *stops("passport:", "index passport history cards card contact"),
            *stops("passport:", "shares share_new share log access remove_access"),
            *stops("", "mfa_index mfa_list_webauthn mfa_add_webauthn"),
            *stops("mfa_", "generate_recovery_codes reauthenticate"),
            *stops("account_", "email change_password logout"),
            Stop("connected_apps"),
        ),
    ),
    Section(
        "Logistics",
        "logistics",
        (Stop("home", variant="logistics"), *stops("supply:", "index lot recall notices")),
    ),
    Section(
        "Sales",
        "sales",
        (
            Stop("home", variant="sales"),
            *stops("relations:", "index add clinic edit retire find_volunteer assign end"),
        ),
    ),
    Section(
        "Analytics", "analytics", (Stop("home", variant="analytics"), Stop("figures:coverage"))
    ),
    Section(
        "User manager",
        "users",
        (
            *stops("admin:accounts_user_", "changelist add change reset_second_factor"),
            *stops("admin:accounts_application_", "changelist add"),
        ),
    ),
    Section(
        "Database administrator",
        "dba",
        (
            *stops("admin:", "index app_list figures_supply figures_coverage"),
            *stops("admin:records_patient_", "changelist add change history as_of merge"),
            *stops("admin:records_patient_", "confirm-identity find-duplicate"),
            *stops("admin:records_dose_", "changelist change void history delete void_several"),
            *stops("admin:records_lot_", "changelist change recall renumber"),
            *stops("admin:records_", "patientmerge_undo clinic_retire vaccine_diseases"),
            *stops("admin:records_", "screeningquestion_changelist auditentry_changelist"),
        ),
    ),
)

# Pages that are not taken, and why; of the admin's the others look like those above.
LEFT_OUT = {
    "styleguide": "for those who build pages",
    "disconnect_app": "asks once more, and only where an app is connected",
    "mfa_deactivate_totp": "asks once more, and only with an authenticator",
    "mfa_edit_webauthn": "only with a passkey",
    "mfa_remove_webauthn": "only with a passkey",
}
# What answers these addresses is no page.
FILES = {
    *(f"verify:{name}" for name in ("trust", "words", "manifest", "service_worker")),
    "well_known:keys",
    "clinic:card_file",
    "clinic:service_worker",
    "clinic:offline_session",
    "clinic:offline_shift",
    "passport:card_file",
    "passport:certificate",
    "clinic:certificate",
    "figures:coverage_file",
    "oauth2_provider:oauth-server-metadata",
}
