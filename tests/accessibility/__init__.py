"""Whether everybody can use the pages, by axe-core in Chromium: every page of the access matrix."""
