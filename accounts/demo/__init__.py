"""Demo data for trying VaxPass out: invented people, places and doses, in development only."""
