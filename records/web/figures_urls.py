"""The pages of Analytics, under ``/figures/``."""

from django.urls import path

from records.web import figures

app_name = "figures"

urlpatterns = [
    path("", figures.coverage, name="coverage"),
    path("coverage.csv", figures.coverage_file, name="coverage_file"),
]
