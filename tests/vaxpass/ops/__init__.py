"""Tests of running VaxPass."""
