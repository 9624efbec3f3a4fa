from django.urls import path

from accounts import views
from accounts.security import views as of_security
from licensing_portal.foundation import converters  # noqa: F401 - the kinds of path parts below

app_name = "accounts"

endusers = [
    path("create-enduser/", views.create_enduser, name="create_enduser"),
    path("suggest-endusers/", views.suggest_endusers, name="suggest_endusers"),
    path("endusers/<username:username>/invite-again/", views.invite_again, name="invite_again"),
]

invitations = [
    path("invitation/", views.accept_invitation, name="accept_invitation"),
    path("invitation/renew/", views.renew_invitation, name="renew_invitation"),
    path("invitation/<str:token>/", views.open_invitation, name="open_invitation"),
]

links = [
    path("linked-accounts/", views.link_account, name="link_account"),
    path("linked-accounts/<username:username>/remove/", views.remove_link, name="remove_link"),
    path("linked-accounts/<username:username>/remove-access/", views.remove_access, name="remove_access"),
]

settings = [
    path("settings/log/", views.security_log, name="security_log"),
]

switching = [
    path("switch/", views.switch_accounts, name="switch_accounts"),
    path("switch-back/", views.return_to_own_account, name="return_to_own_account"),
    path("switch/<username:username>/", views.switch_account, name="switch_account"),
]

security = [
    path("settings/security/", of_security.security, name="security"),
    path("settings/security/password/", of_security.change_password, name="change_password"),
    path("settings/security/authenticator/", of_security.set_up_authenticator, name="set_up_authenticator"),
    path("settings/security/recovery-codes/", of_security.save_recovery_codes, name="save_recovery_codes"),
    path("settings/security/recovery-codes/new/", of_security.renew_recovery_codes, name="renew_recovery_codes"),
    path("settings/security/passkeys/add/", of_security.add_passkey, name="add_passkey"),
    path("settings/security/passkeys/<int:pk>/remove/", of_security.remove_passkey, name="remove_passkey"),
    path("settings/security/turn-off/", of_security.turn_off_second_factor, name="turn_off_second_factor"),
    path("settings/security/sessions/end-others/", of_security.end_other_sessions, name="end_other_sessions"),
    path("settings/security/sessions/<slug:handle>/end/", of_security.end_session, name="end_session"),
    path("settings/security/require/on/", of_security.require_second_factor, {"word": "on"}, name="require_second_factor"),
    path("settings/security/require/off/", of_security.require_second_factor, {"word": "off"}, name="allow_without_second_factor"),
]

team = [
    path("settings/team/", views.team, name="team"),
    path("settings/invite-user/", views.invite_user, name="invite_user"),
    path("settings/team/<username:username>/", views.team_user, name="team_user"),
    path("settings/team/<username:username>/invite-again/", views.invite_user_again, name="invite_user_again"),
    path("settings/team/<username:username>/deactivate/", views.deactivate_user, name="deactivate_user"),
    path("settings/team/<username:username>/activate/", views.activate_user, name="activate_user"),
]

urlpatterns = endusers + invitations + links + security + settings + team + switching
