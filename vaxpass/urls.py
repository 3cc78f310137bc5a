"""The URLs of VaxPass; `/livez` and `/readyz` are answered by `ops.middleware`."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import TemplateView

home = login_not_required(TemplateView.as_view(template_name="home.html"))

# Patterns are tried in turn, and programs ask most often.
urlpatterns = [
    path("api/v1/", include("records.api.urls")),
    path("", home, name="home"),
    path("accounts/", include("accounts.urls")),
    path("", include("accounts.oauth.urls")),
    path("clinic/", include("records.web.clinic_urls")),
    path("passport/", include("records.web.passport_urls")),
    path("fhir/R4/", include("records.api.fhir.urls")),
    path("admin/", admin.site.urls),
]
