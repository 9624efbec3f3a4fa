"""What people open: the addresses of the demo's pages, by who comes to them."""

OF_A_RESELLER = [
    "/",
    "/sell/",
    "/deployments/add/",
    "/transfer/",
    "/create-enduser/",
    "/linked-accounts/",
    "/switch/",
    "/sign-out/",
    "/help/",
    "/verify/",
]
OF_A_RESELLER_IN_LISTS = [
    "/endusers/",
    "/search/?q=h",
    "/search/?q=zebra",
    "/endusers/?q=nobody",
    "/endusers/harborcu/",
    "/endusers/pinecrest/",
    "/history/?product=TUNER&column=deployed&kind=deployment&from=2026-01-01",
    "/history/?q=nothing",
    "/?whose=endusers&q=smh&product=CPA",
    "/sold/",
    "/sold/?q=nothing",
    "/sold/?product=TTS&owner=harborcu&from=2026-01-01",
    "/?q=nothing&state=active",
]
SECURITY = [f"/settings/security/{page}" for page in ("", "password/", "authenticator/", "passkeys/add/", "recovery-codes/new/")]
PROFILE = ["/settings/profile/", "/settings/profile/email/", "/settings/profile/email/confirm/bad/", "/notices/agree/bad/"]
NOTIFICATIONS = ["/settings/notifications/", "/settings/notifications/addresses/add/"]
SETTINGS = [*PROFILE, *NOTIFICATIONS, *SECURITY, "/settings/team/", "/settings/team/northgate/", "/settings/invite-user/"]
OF_A_VIEWER = [
    "/",
    "/history/",
    "/endusers/",
    "/endusers/harborcu/",
    "/sold/",
    "/switch/",
    "/search/?q=h",
    "/settings/profile/",
    "/settings/security/",
    "/help/",
]
OF_AN_ENDUSER = [
    "/",
    "/deployments/add/",
    "/transfer/",
    "/history/",
    "/linked-accounts/",
    "/switch/",
    "/settings/team/",
    "/search/?q=S-2026",
    "/help/",
]
OF_WHOEVER_HAS_NOTHING = ["/", "/deployments/add/", "/transfer/", "/history/", "/linked-accounts/", "/switch/"]
