"""What the audit says of a patient's record, in plain words."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from records.domain import reading
from records.domain.access_log import LINK, Look
from records.domain.offline import DISCARDED, Discarded
from records.domain.share_links import FETCHED, OPENED, REFUSED
from records.wording import listed

READ = {
    reading.LIST: gettext_lazy("Saw the name in a list"),
    reading.RECORD: gettext_lazy("Opened the record"),
    reading.PASSPORT: gettext_lazy("Opened the passport"),
    reading.HISTORY: gettext_lazy("Looked at earlier versions"),
    reading.LOG: gettext_lazy("Looked at who had looked"),
}
ACTS = {
    "checkin.arrived": gettext_lazy("Checked the patient in at a clinic"),
    "checkin.done": gettext_lazy("Ended the visit at a clinic"),
    "checkin.left": gettext_lazy("Noted that the patient had left the clinic"),
    "checkin.moved": gettext_lazy("Moved a check-in from one record to another"),
    "checkin.put_back": gettext_lazy("Let the patient wait again"),
    "checkin.taken": gettext_lazy("Took the patient from the queue"),
    "claim.limited": gettext_lazy("Was stopped after too many codes"),
    "claim.refused": gettext_lazy("Entered a code without success"),
    "claim.repeated": gettext_lazy("Entered a code for access that they have already"),
    "claimcode.issued": gettext_lazy("Printed a code that gives access"),
    "claimcode.revoked": gettext_lazy("Withdrew a code"),
    "claimcode.used": gettext_lazy("Used a code"),
    "credential.issued": gettext_lazy("Made a code that states vaccinations"),
    "credential.revoked": gettext_lazy("Withdrew a code that stated vaccinations"),
    "dose.amended": gettext_lazy("Corrected a dose"),
    "dose.imported": gettext_lazy("Imported a dose"),
    "dose.moved": gettext_lazy("Moved a dose from one record to another"),
    "dose.recorded": gettext_lazy("Recorded a dose"),
    "dose.screened": gettext_lazy("Kept the answers given before a dose"),
    "dose.voided": gettext_lazy("Marked a dose as entered in error"),
    "enrolment.ended": gettext_lazy("Ended the enrolment at a clinic"),
    "enrolment.moved": gettext_lazy("Moved an enrolment from one record to another"),
    "enrolment.started": gettext_lazy("Enrolled the patient at a clinic"),
    "mergeproposal.accepted": gettext_lazy("Agreed that two records are one person's"),
    "mergeproposal.declined": gettext_lazy("Found that two records are not one person's"),
    "mergeproposal.made": gettext_lazy("Proposed to join the record with another one"),
    "notice.queued": gettext_lazy("Sent a notice of a recall, without seeing the record"),
    "patient.amended": gettext_lazy("Corrected the record"),
    "patient.contact_amended": gettext_lazy("Changed the contact data"),
    "patient.found_by_code": gettext_lazy("Found the record by a scanned code"),
    "patient.found_elsewhere": gettext_lazy("Found the record by surname and birth date"),
    "patient.identity_confirmed": gettext_lazy("Confirmed the identity"),
    "patient.matched_elsewhere": gettext_lazy("Learned that such a record exists"),
    "patient.merged": gettext_lazy("Joined the record with another one"),
    "patient.registered": gettext_lazy("Registered the patient"),
    "patient.unmerged": gettext_lazy("Took the joining of two records back"),
    "patientgrant.changed": gettext_lazy("Changed somebody's access"),
    "patientgrant.claimed": gettext_lazy("Got access"),
    "patientgrant.given": gettext_lazy("Gave somebody access"),
    "patientgrant.revoked": gettext_lazy("Took somebody's access away"),
    "patientidentifier.added": gettext_lazy("Added an identifier"),
    "patientidentifier.amended": gettext_lazy("Corrected an identifier"),
    "patientidentifier.removed": gettext_lazy("Removed an identifier"),
    "patientmerge.made": gettext_lazy("Joined the record with another one"),
    "patientmerge.undone": gettext_lazy("Took the joining of two records back"),
    "sharelink.created": gettext_lazy("Made a link that shares the record"),
    "sharelink.revoked": gettext_lazy("Withdrew a link that shared the record"),
}
BY_LINK = {
    OPENED: gettext_lazy("Opened the link “%(label)s”"),
    FETCHED: gettext_lazy("Downloaded the file behind the link “%(label)s”"),
    REFUSED: gettext_lazy("Typed a wrong passcode for the link “%(label)s”"),
}
NOT_SENT = gettext_lazy("Noted that a dose waiting on a device will not be recorded")
VERBS = {
    "exported": gettext_lazy("Exported data of the record"),
    "deleted": gettext_lazy("Deleted something that belonged to the record"),
    **{DISCARDED + why.replace("-", "_"): NOT_SENT for why in Discarded.values},
}
CHANNELS = {
    "web": gettext_lazy("on this site"),
    "admin": gettext_lazy("in the administration"),
    "api": gettext_lazy("through another system"),
    LINK: gettext_lazy("with a shared link"),
    "command": gettext_lazy("by an automatic job"),
}
ROLES = {
    "Volunteer": gettext_lazy("Volunteer"),
    "DBA": gettext_lazy("Keeper of the records"),
    "Logistics": gettext_lazy("Supply"),
    "Patient": gettext_lazy("Portal"),
}


def what_words(look: Look) -> str:
    """Return what was done; an act without words of its own is named as the audit names it."""
    if look.action == reading.READ:
        return str(next((READ[name] for name in look.fields if name in READ), READ[reading.RECORD]))
    if look.link is not None:
        return str(BY_LINK[look.action]) % {"label": look.link.label}
    verb = look.action.rpartition(".")[2]
    known = ACTS.get(look.action) or VERBS.get(verb)
    return str(known) if known else _("Another act: %(action)s") % {"action": look.action}


def who_words(look: Look) -> str:
    """Return the reader's name, or who the reader is without one."""
    if look.channel == LINK:
        recipient = look.link.recipient if look.link else ""
        return f"“{recipient}”" if recipient else _("Somebody who has the link")
    return _("You") if look.own else look.name or _("An account without a name")


def where_words(look: Look) -> str:
    """Return the reader's clinics of that day, or else their roles; nothing for oneself."""
    if look.own or look.channel == LINK:
        return ""
    roles = [str(ROLES.get(role, role)) for role in look.roles]
    return listed(look.clinics or roles)


def channel_words(look: Look) -> str:
    """Return how it came in."""
    return str(CHANNELS.get(look.channel, look.channel))
