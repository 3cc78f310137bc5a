"""The URLs of VaxPass; `/livez` and `/readyz` are answered by `ops.middleware`."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, re_path
from django.views.generic import TemplateView

from records.api.unknown import Nowhere
from vaxpass.environment import DEVELOPMENT
from vaxpass.styleguide import styleguide

home = login_not_required(TemplateView.as_view(template_name="home.html"))

handler400 = "vaxpass.ops.errors.refused"
handler500 = "vaxpass.ops.errors.failed"

# Patterns are tried in turn, and programs ask most often.
urlpatterns = [
    path("api/v1/", include("records.api.urls")),
    path("", home, name="home"),
    path("accounts/", include("accounts.urls")),
    path("", include("accounts.oauth.urls")),
    path("clinic/", include("records.web.clinic_urls")),
    path("passport/", include("records.web.passport_urls")),
    path("supply/", include("records.web.supply_urls")),
    path("relations/", include("records.web.relations_urls")),
    path("figures/", include("records.web.figures_urls")),
    path("s/", include("records.web.shared_urls")),
    path("verify/", include("records.web.verify_urls")),
    path("help/", include("records.web.help_urls")),
    path(".well-known/", include("records.web.well_known_urls")),
    path("fhir/R4/", include("records.api.fhir.urls")),
    path("admin/", admin.site.urls),
    # Where there is no address with a slash, nobody is sent there.
    re_path("^(api|fhir)(/|$)", Nowhere.as_view(), name="nowhere"),
]
if DEVELOPMENT:
    urlpatterns.append(path("styleguide/", styleguide, name="styleguide"))
