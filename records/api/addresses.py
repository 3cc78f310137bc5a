"""The parts of an address, which stay on their owner: clinics, manufacturers, patients."""

ADDRESS = ("street_number", "street_name", "city", "state", "zip_code", "country")
