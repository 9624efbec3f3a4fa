from django.urls import path

from accounts import views
from licensing_portal.foundation import converters  # noqa: F401 - the kinds of path parts below

app_name = "accounts"

endusers = [
    path("create-enduser/", views.create_enduser, name="create_enduser"),
    path("suggest-endusers/", views.suggest_endusers, name="suggest_endusers"),
    path("endusers/<username:username>/invite-again/", views.invite_again, name="invite_again"),
]

importing = [
    path("endusers.csv", views.endusers_csv, name="endusers_csv"),
    path("endusers.xlsx", views.endusers_xlsx, name="endusers_xlsx"),
    path("import-endusers/", views.upload_endusers, name="upload_endusers"),
    path("import-endusers/template.csv", views.endusers_template, {"ending": "csv"}, name="endusers_template_csv"),
    path("import-endusers/template.xlsx", views.endusers_template, {"ending": "xlsx"}, name="endusers_template_xlsx"),
    path("import-endusers/<int:pk>/", views.check_import, name="check_import"),
    path("import-endusers/<int:pk>/problem-rows.csv", views.problem_rows_csv, name="problem_rows_csv"),
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

team = [
    path("settings/team/", views.team, name="team"),
    path("settings/invite-user/", views.invite_user, name="invite_user"),
    path("settings/team/<username:username>/", views.team_user, name="team_user"),
    path("settings/team/<username:username>/invite-again/", views.invite_user_again, name="invite_user_again"),
    path("settings/team/<username:username>/deactivate/", views.deactivate_user, name="deactivate_user"),
    path("settings/team/<username:username>/activate/", views.activate_user, name="activate_user"),
]

urlpatterns = endusers + importing + invitations + links + settings + team + switching
