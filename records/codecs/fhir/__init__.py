"""HL7 FHIR R4 (4.0.1): resources from values and, for an Immunization, back (docs/fhir.md)."""
