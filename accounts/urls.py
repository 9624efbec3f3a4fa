from django.urls import path

from accounts import views
from accounts.importing import views as of_importing
from accounts.links import views as of_links
from accounts.notifications import views as of_notices
from accounts.profile import views as of_profile
from accounts.security import views as of_security
from accounts.team import views as of_the_team
from licensing_portal.foundation import converters  # noqa: F401 - the kinds of path parts below

app_name = "accounts"

endusers = [
    path("create-enduser/", views.create_enduser, name="create_enduser"),
    path("suggest-endusers/", views.suggest_endusers, name="suggest_endusers"),
    path("endusers/<username:username>/invite-again/", views.invite_again, name="invite_again"),
    path("endusers/<username:username>/address/", views.correct_address, name="correct_address"),
]

importing = [
    path("endusers.csv", of_importing.endusers_csv, name="endusers_csv"),
    path("endusers.xlsx", of_importing.endusers_xlsx, name="endusers_xlsx"),
    path("import-endusers/", of_importing.upload_endusers, name="upload_endusers"),
    path("import-endusers/template.csv", of_importing.endusers_template, {"ending": "csv"}, name="endusers_template_csv"),
    path("import-endusers/template.xlsx", of_importing.endusers_template, {"ending": "xlsx"}, name="endusers_template_xlsx"),
    path("import-endusers/<int:pk>/", of_importing.check_import, name="check_import"),
    path("import-endusers/<int:pk>/problem-rows.csv", of_importing.problem_rows_csv, name="problem_rows_csv"),
]

invitations = [
    path("invitation/", views.accept_invitation, name="accept_invitation"),
    path("invitation/renew/", views.renew_invitation, name="renew_invitation"),
    path("invitation/<str:token>/", views.open_invitation, name="open_invitation"),
]

links = [
    path("linked-accounts/", of_links.link_account, name="link_account"),
    path("linked-accounts/<username:username>/remove/", of_links.remove_link, name="remove_link"),
    path("linked-accounts/<username:username>/remove-access/", of_links.remove_access, name="remove_access"),
]

settings = [
    path("settings/log/", views.security_log, name="security_log"),
]

switching = [
    path("switch/", of_links.switch_accounts, name="switch_accounts"),
    path("switch-back/", of_links.return_to_own_account, name="return_to_own_account"),
    path("switch/<username:username>/", of_links.switch_account, name="switch_account"),
]

profile = [
    path("settings/profile/", of_profile.profile, name="profile"),
    path("settings/profile/theme/", of_profile.choose_theme, name="choose_theme"),
    path("settings/profile/email/", of_profile.change_email, name="change_email"),
    path("settings/profile/email/confirm/", of_profile.confirm_email, name="confirm_email"),
    path("settings/profile/email/confirm/<str:token>/", of_profile.open_email, name="open_email"),
]

notifications = [
    path("settings/notifications/", of_notices.notifications, name="notifications"),
    path("settings/notifications/addresses/add/", of_notices.add_recipient, name="add_recipient"),
    path("settings/notifications/addresses/<int:pk>/remove/", of_notices.remove_recipient, name="remove_recipient"),
    path("settings/notifications/addresses/<int:pk>/move/", of_notices.move_notices, name="move_notices"),
    path("notices/agree/", of_notices.agree_to_copies, name="agree_to_copies"),
    path("notices/agree/<str:token>/", of_notices.open_copies, name="open_copies"),
    path("notices/stop/", of_notices.end_copies, name="end_copies"),
    path("notices/stop/<str:token>/", of_notices.open_way_out, name="open_way_out"),
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
    path("settings/team/", of_the_team.team, name="team"),
    path("settings/invite-user/", of_the_team.invite_user, name="invite_user"),
    path("settings/team/<username:username>/", of_the_team.team_user, name="team_user"),
    path("settings/team/<username:username>/invite-again/", of_the_team.invite_user_again, name="invite_user_again"),
    path("settings/team/<username:username>/deactivate/", of_the_team.deactivate_user, name="deactivate_user"),
    path("settings/team/<username:username>/activate/", of_the_team.activate_user, name="activate_user"),
]

urlpatterns = endusers + importing + invitations + links + notifications + profile + security + settings + team + switching
