"""The pages of an account: allauth's, and before them what VaxPass does otherwise."""

from django.urls import include, path

from accounts import factor_views as factors
from accounts import views
from accounts.languages import change_language
from accounts.oauth import pages
from accounts.tour import tour_done

urlpatterns = [
    path("2fa/totp/activate/", factors.ActivateTOTP.as_view(), name="mfa_activate_totp"),
    path(
        "2fa/totp/deactivate/",
        factors.DeactivateTOTP.as_view(),
        name="mfa_deactivate_totp",
    ),
    path("2fa/webauthn/add/", factors.AddWebAuthn.as_view(), name="mfa_add_webauthn"),
    path(
        "2fa/webauthn/keys/<int:pk>/remove/",
        factors.RemoveWebAuthn.as_view(),
        name="mfa_remove_webauthn",
    ),
    path("language/", change_language, name="change_language"),
    path("tour/", tour_done, name="tour_done"),
    path("register/", views.ways, name="registration"),
    path("register/own", views.own_record, name="own_record"),
    path("claim/", views.claim, name="claim"),
    path("apps/", pages.connected_apps, name="connected_apps"),
    path("apps/<uuid:id>/disconnect/", pages.disconnect, name="disconnect_app"),
    path("", include("allauth.urls")),
]
