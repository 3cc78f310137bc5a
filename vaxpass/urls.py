"""The URLs of VaxPass; `/livez` and `/readyz` are answered by `ops.middleware`."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import TemplateView

home = login_not_required(TemplateView.as_view(template_name="home.html"))

urlpatterns = [
    path("", home, name="home"),
    path("accounts/", include("accounts.urls")),
    path("clinic/", include("records.web.clinic_urls")),
    path("passport/", include("records.web.passport_urls")),
    path("admin/", admin.site.urls),
]
