"""Tests of VaxPass; the folders mirror the source."""
