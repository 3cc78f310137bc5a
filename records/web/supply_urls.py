"""The pages of Logistics, under ``/supply/``."""

from django.urls import path

from records.web import supply

app_name = "supply"

urlpatterns = [
    path("", supply.index, name="index"),
    path("lots/<uuid:lot_id>/", supply.lot_page, name="lot"),
    path("lots/<uuid:lot_id>/recall", supply.recall, name="recall"),
    path("lots/<uuid:lot_id>/lift-recall", supply.lift, name="lift"),
    path("lots/<uuid:lot_id>/notices", supply.notices, name="notices"),
]
