"""The table of contents: one include per app, and the roof's own pages."""

from allauth.account import views as allauth
from django.contrib import admin
from django.urls import include, path, re_path

from accounts.admin import send_any_notice_again
from accounts.security.views import enter_second_factor
from accounts.views import sign_in, sign_out
from deployments.verification import license_signing_key, verify_license
from licenses.admin import issue_licenses, ledger_proof
from licenses.corrections import adjust_licenses
from licensing_portal import pages
from licensing_portal.foundation import converters, health  # noqa: F401 - converters: the kinds of path parts below

handler400 = "licensing_portal.errors.bad_request"
handler403 = "licensing_portal.errors.permission_denied"
handler404 = "licensing_portal.errors.page_not_found"
handler429 = "licensing_portal.errors.too_many_requests"  # allauth's name for it
handler500 = "licensing_portal.errors.server_error"

# Of allauth's pages only these: nobody signs up, and its pages for e-mail addresses are not ours.
signing_in = [
    path("sign-in/", sign_in, name="account_login"),
    path("sign-in/second-factor/", enter_second_factor, name="mfa_authenticate"),
    path("sign-out/", sign_out, name="account_logout"),
    path("password/reset/", allauth.password_reset, name="account_reset_password"),
    path("password/reset/done/", allauth.password_reset_done, name="account_reset_password_done"),
    re_path(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", allauth.password_reset_from_key, name="account_reset_password_from_key"),
    path("password/reset/key/done/", allauth.password_reset_from_key_done, name="account_reset_password_from_key_done"),
]

urlpatterns = [
    path("", pages.my_licenses, name="my_licenses"),
    path("search/", pages.search, name="search"),
    path("help/", pages.help_page, name="help"),
    path("endusers/", pages.endusers, name="endusers"),
    path("", include("accounts.urls")),
    path("endusers/<username:username>/", pages.enduser, name="enduser"),
    path("jobs/<int:pk>/", pages.job, name="job"),
    path("jobs/<int:pk>/file", pages.job_file, name="job_file"),
    path("", include("licenses.urls")),
    path("deployments/", include("deployments.urls")),
    path("verify/", verify_license, name="verify_license"),
    path("license-signing-key.pem", license_signing_key, name="license_signing_key"),
    path("", include("transfers.urls")),
    path("", include(signing_in)),
    path("admin/issue/", admin.site.admin_view(issue_licenses), name="issue_licenses"),
    path("admin/adjust/", admin.site.admin_view(adjust_licenses), name="adjust_licenses"),
    path("admin/ledger/", admin.site.admin_view(ledger_proof), name="ledger_proof"),
    path("admin/foundation/notice/<int:pk>/send-again/", admin.site.admin_view(send_any_notice_again), name="send_any_notice_again"),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
