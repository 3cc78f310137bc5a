"""HL7 FHIR R4 in front of the same functions as the API, with the same rights (docs/fhir.md)."""
