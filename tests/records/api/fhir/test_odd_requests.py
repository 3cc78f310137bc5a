"""Whatever is sent, the answer is FHIR and never a fault of ours."""

import json
from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.api.fhir.views import Immunizations, Patients
from records.models import Dose

FHIR = "/fhir/R4/"
calm = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
parameters = [
    (view.kind.name, name)
    for view in (Immunizations, Patients)
    for name in [
        *(search.name for search in view.sought_by),
        "_count",
        "_include",
        "_format",
        "since",
        "x",
    ]
]
odd = st.text(max_size=30) | st.sampled_from(
    ["", ",", "|", "0", "\x00", "9" * 5000, "eq", "2024-02-30", "ge0000", "²", "x," * 60, "[]"]
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda part: (
        st.lists(part, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["reference", "coding", "system", "code", "text", "identifier", "value"]
            )
            | st.text(max_size=5),
            part,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@calm
@given(where=st.sampled_from(parameters), value=odd)
def test_any_search_is_answered(world, where, value):
    kind, name = where

    answer = world.volunteer.get(f"{FHIR}{kind}?{quote(name)}={quote(value)}")

    assert answer.status_code in (200, 406, 422)
    expected = "Bundle" if answer.status_code == 200 else "OperationOutcome"
    assert answer.json()["resourceType"] == expected


@calm
@given(data=st.data())
def test_any_body_is_answered_and_a_refused_one_changes_nothing(world, report, data):
    good = report()
    name = data.draw(st.sampled_from([*good, "identifier", "site", "route", "statusReason"]))
    before = Dose.objects.count()

    answer = world.volunteer.client.post(
        f"{FHIR}Immunization",
        json.dumps(good | {name: data.draw(anything)}),
        content_type="application/fhir+json",
    )

    assert answer.status_code in (201, 409, 422)
    expected = "Immunization" if answer.status_code == 201 else "OperationOutcome"
    assert answer.json()["resourceType"] == expected
    assert Dose.objects.count() == before + (answer.status_code == 201)
