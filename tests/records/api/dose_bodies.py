"""Bodies of requests about doses, and who sends them."""

from __future__ import annotations

from typing import Any

from tests.records import factories as make
from tests.records.api.calling import Caller


class Clinic:
    """A clinic at work: a volunteer who calls the API, and a patient, lot and badge of there."""

    def __init__(self) -> None:
        self.clinic = make.make_clinic()
        self.user = make.make_volunteer_user(self.clinic)
        self.caller = Caller(self.user)
        self.patient = make.make_patient(clinic=self.clinic)
        self.lot = make.make_lot()

    def given(self, **fields: Any) -> dict[str, Any]:
        """Return the body of a dose that was given here today."""
        return {
            "patient": str(self.patient.public_id),
            "lot": str(self.lot.public_id),
            "clinic": str(self.clinic.public_id),
            "volunteer": str(self.user.volunteer.public_id),
            "administered_on": self.clinic.today().isoformat(),
            **fields,
        }

    def dose(self, **fields: Any) -> Any:
        """Return a dose given here, as it is on record."""
        fields.setdefault("patient", self.patient)
        return make.make_dose(
            clinic=self.clinic, volunteer=self.user.volunteer, **{"lot": self.lot, **fields}
        )
