"""What the addresses of work without network answer to whom."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tests.matrix.expect import AT_WORK, IN_CLINIC, KEEPERS, Page
from tests.matrix.world import ABSENT_ID

# The same for everybody, as a device keeps it: also for who works nowhere today.
OF_ROLE = Page(get=(AT_WORK | KEEPERS | {"off_duty"}, 200))


def for_device(_: Any) -> str:
    """Return the address at which a device asks for the shift."""
    return f"{reverse('clinic:offline_shift')}?device={ABSENT_ID}"


WITHOUT_NETWORK = {
    "service_worker": OF_ROLE,
    "offline": OF_ROLE,
    "offline_session": Page(get=(AT_WORK, 200), seen=IN_CLINIC),
    "offline_shift": Page(get=(AT_WORK, 200), seen=IN_CLINIC, address=for_device),
    "offline_doses": Page(post=(AT_WORK, 422), seen=IN_CLINIC),
    "offline_discarded": Page(post=(AT_WORK, 422), seen=IN_CLINIC),
}
