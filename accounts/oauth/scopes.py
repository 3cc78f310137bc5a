"""What a token can be for: the one table of scopes.

A scope only narrows what the role of the account allows. The resources of the API name theirs
(``records.api.permissions``); a test compares the two.
"""

SCOPES = {
    "reference:read": "Read clinics, manufacturers, vaccines and lots",
    "reference:write": "Add and change clinics, manufacturers, vaccines and lots",
    "staffing:read": "Read volunteers and where they are assigned",
    "staffing:write": "Add and change volunteers and assignments",
    "patients:read": "Read patients, their identifiers and where they are enrolled",
    "patients:write": "Register, change, enrol and merge patients",
    "doses:read": "Read doses, passports and their history",
    "doses:write": "Record, correct and void doses",
}
