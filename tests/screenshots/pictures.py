"""The list of what there is to see. They are drawn from top to bottom: what changes the demo stands below what shows it as it was.

A row is a name, who looks, the address, and what leads from there to what is drawn. A page that comes new is a row more.
"""

from tests.screenshots.camera import A4, DESK, NOBODY, PHONE
from tests.screenshots.pressed import PRESSED
from tests.screenshots.rows import (
    DEPLOYMENT,
    FILE,
    FULL,
    LITE,
    OLD_FILE,
    REFUSED,
    SALE,
    TTS,
    WRONG,
    letter,
    license_file,
    password_link,
    picture,
    with_many_products,
)
from tests.screenshots.steps import choose_file, follow, forget_cookies, keys, look_at, press, see, type_in, type_in_what_the_address_ends_with

PASTE = type_in_what_the_address_ends_with("Or its text")

SIGNING_IN = [
    picture("sign-in", NOBODY, "/"),
    picture("sign-in-refused", NOBODY, "/", type_in({"Username": "northgate", "Password": WRONG}), press("Sign in", then=REFUSED)),
    picture("password-reset", NOBODY, "/password/reset/"),
    picture("password-reset-refused", NOBODY, "/password/reset/", press("Send the link", then=REFUSED)),
    picture(
        "password-reset-asked",
        NOBODY,
        "/password/reset/",
        type_in({"Username or email": "pinecrest"}),
        press("Send the link", then="Check your email"),
    ),
    picture("password-reset-choose", NOBODY, password_link("pinecrest")),
    picture("password-reset-expired", NOBODY, "/password/reset/key/1-bad/"),
    picture("password-reset-done", NOBODY, "/password/reset/key/done/"),
    picture("sign-out", "northgate", "/sign-out/"),
]

MY_LICENSES = [
    picture("my-licenses", "northgate", "/"),
    picture("my-licenses-enduser", "harborcu", "/"),
    picture("my-licenses-empty", "pinecrest", "/"),
    picture("my-licenses-few", "northgate-west", "/"),
    picture("my-licenses-my-endusers", "northgate", "/?whose=endusers"),
    picture("my-licenses-filtered", "northgate", "/?whose=endusers&q=smh&product=TTS"),
    picture("my-licenses-no-match", "northgate", "/?q=nothing+like+this"),
    picture("menu", "northgate", "/", press("Open menu", then="Switch Accounts"), widths=(PHONE,), is_whole=False),
]

# In the system's own colors: a page of each sort, and all that means something by its color elsewhere.
FORCED = {"themes": ("forced",), "widths": (DESK,)}
FORCED_COLORS = [
    picture("forced-my-licenses", "northgate", "/?whose=endusers", **FORCED),
    picture("forced-acting", "northgate as northgate-west", "/", **FORCED),
    picture("forced-sell", "northgate", "/sell/", type_in({"Owner": "nobody", FULL: "999"}), press("Add", then=REFUSED), **FORCED),
    picture("forced-sell-owner-open", "northgate", "/sell/", type_in({"Owner": "h"}), see("harborcu"), keys("ArrowDown"), **FORCED),
    picture("forced-transfer", "northgate", "/transfer/?account=northgate-west", type_in({TTS: "6"}), **FORCED),
    picture("forced-history", "northgate", "/history/?product=TTS&kind=sale", **FORCED),
    picture("forced-endusers", "northgate", "/endusers/", **FORCED),
    picture("forced-receipt", "northgate", "/sold/", follow("S-"), **FORCED),
    picture("forced-security", "northgate", "/settings/security/", **FORCED),
    picture("forced-help", "northgate", "/help/", **FORCED),
]

SELL_LICENSES = [
    picture("sell-licenses", "northgate", "/sell/"),
    picture("sell-licenses-owner-open", "northgate", "/sell/", type_in({"Owner": "h"}), see("harborcu"), keys("ArrowDown")),
    picture("sell-licenses-filled", "northgate", "/sell/", type_in(SALE), see("Harbor Credit Union")),
    picture("sell-licenses-window", "northgate", "/sell/", type_in(SALE), see("Harbor Credit Union"), widths=(PHONE,), is_whole=False),
    picture(
        "sell-licenses-refused",
        "northgate",
        "/sell/",
        type_in({"Owner": "metrotransit", FULL: "999", LITE: "80", TTS: "2.5"}),
        press("Add", then=REFUSED),
    ),
    picture("sell-licenses-no-endusers", "northgate-west", "/sell/"),
]

DEPLOYMENTS = [
    picture("add-deployment", "northgate", "/deployments/add/"),
    picture("add-deployment-filled", "northgate", "/deployments/add/", type_in(DEPLOYMENT)),
    picture(
        "add-deployment-for-an-enduser",
        "northgate",
        "/deployments/add/",
        type_in({"Owner": "stmarys"} | DEPLOYMENT),
        see("St. Mary's Health Network"),
    ),
    picture(
        "add-deployment-refused",
        "northgate",
        "/deployments/add/",
        type_in({"Owner": "nobody", FULL: "45", TTS: "-1"}),
        press("Add New Deployment", then=REFUSED),
    ),
    picture("add-deployment-enduser", "harborcu", "/deployments/add/"),
    picture("add-deployment-nothing-available", "stmarys", "/deployments/add/"),
    picture("deployment-owner", "harborcu", "/", follow("HCU-IVR-01")),
    picture("deployment-reseller", "northgate", "/endusers/stmarys/", follow("SMH-PROD-A")),
    picture("add-licenses", "northgate", "/", follow("NVS-LAB"), follow("Add Licenses")),
    picture(
        "add-licenses-refused",
        "northgate",
        "/",
        follow("NVS-LAB"),
        follow("Add Licenses"),
        type_in({FULL: "45"}),
        press("Add Licenses", then=REFUSED),
    ),
    picture("add-licenses-nothing-available", "stmarys", "/", follow("SMH-PROD-A"), look_at("add-licenses/")),
    picture("deployment-waiting", "metrotransit", "/", follow("MTI-OUTBOUND-1")),
    picture("deployment-replaced", "stmarys", "/", follow("SMH-PROD-A")),
    picture("upload-server-file", "metrotransit", "/", follow("MTI-OUTBOUND-1"), look_at("upload-server-file/")),
    picture("upload-server-file-refused", "metrotransit", "/", follow("MTI-OUTBOUND-1"), press("Upload server file", then=REFUSED)),
    picture("replace-server", "harborcu", "/", follow("HCU-IVR-01"), follow("Replace server")),
    picture("replace-server-refused", "harborcu", "/", follow("HCU-IVR-01"), follow("Replace server"), press("Replace server", then=REFUSED)),
    picture("allow-replacement-staff", "admin", "/admin/deployments/deployment/", follow("HCU-IVR-01"), follow("Allow one more replacement")),
    picture("retire-deployment-owner", "northgate", "/", follow("NVS-LAB"), follow("Retire deployment")),
    picture("retire-deployment-refused", "harborcu", "/", follow("HCU-IVR-01"), look_at("retire/")),
    picture("retire-deployment-reseller", "tideway", "/endusers/metrotransit/", follow("MTI-OUTBOUND-1"), follow("Retire deployment")),
    picture("retire-deployment-staff", "admin", "/admin/deployments/deployment/", follow("HCU-IVR-01"), follow("Retire deployment")),
]

VERIFY = [
    picture("verify-license", NOBODY, "/verify/"),
    picture("verify-license-refused", NOBODY, "/verify/", type_in({"Or its text": '{"license":{}}'}), press("Verify", then=REFUSED)),
    picture("verify-license-genuine", NOBODY, license_file("HCU-IVR-01", 1), PASTE, press("Verify", then="is genuine")),
    picture("verify-license-signed-in", "harborcu", license_file("HCU-IVR-01", 1), PASTE, press("Verify", then="is genuine")),
]

TRANSFER_LICENSES = [
    picture("transfer-licenses", "northgate", "/transfer/"),
    picture("transfer-licenses-filled", "northgate", "/transfer/?account=northgate-west", type_in({TTS: "6"})),
    picture(
        "transfer-licenses-refused",
        "northgate",
        "/transfer/?account=northgate-west",
        type_in({TTS: "11"}),
        press("Transfer Licenses", then=REFUSED),
    ),
    picture("transfer-licenses-no-link", "pinecrest", "/transfer/"),
]

HISTORY = [
    picture("history", "northgate", "/history/"),
    picture("history-enduser", "harborcu", "/history/"),
    picture("history-filtered", "northgate", "/history/?product=TTS&kind=sale&account=harborcu"),
    picture("history-one-product", "northgate", "/history/?product=TTS"),
    picture("history-one-number", "northgate", "/history/?product=TTS&column=sold"),
    picture("history-no-match", "northgate", "/history/?q=nothing+like+this"),
    picture("history-refused", "northgate", "/history/?from=2026-02-02&to=2026-01-01"),
    picture("history-empty", "pinecrest", "/history/"),
]

RECEIPTS = [
    picture("receipt-issue", "northgate", "/history/?kind=issue", follow("P-")),
    picture("receipt-sale", "northgate", "/history/?kind=sale&account=harborcu", follow("S-")),
    picture("receipt-sale-enduser", "harborcu", "/history/?kind=sale", follow("S-")),
    picture("receipt-deployment-sale", "northgate", "/history/?kind=sale&account=stmarys", follow("S-")),
    picture("receipt-recalled-sale", "northgate", "/history/?kind=recall", follow("R-"), follow("S-")),
    picture("receipt-recall", "northgate", "/history/?kind=recall", follow("R-")),
    picture("receipt-recall-enduser", "stmarys", "/history/?kind=recall", follow("R-")),
    picture("recall", "northgate", "/history/?kind=sale&account=harborcu", follow("S-"), follow("Recall")),
    picture(
        "recall-refused",
        "northgate",
        "/history/?kind=sale&account=harborcu",
        follow("S-"),
        follow("Recall"),
        type_in({TTS: "24", "Reason": "mistake"}),
        press("Recall", then=REFUSED),
    ),
    picture("recall-not-possible", "northgate", "/history/?kind=recall", follow("R-"), follow("S-"), look_at("recall/")),
    picture("receipt-transfer", "northgate", "/history/?kind=transfer", follow("T-")),
    picture("receipt-transfer-giver", "northgate-west", "/history/?kind=transfer", follow("T-")),
    picture("receipt-deployment", "northgate", "/history/?kind=deployment", follow("D-")),
    picture(
        "receipt-print",
        "northgate",
        "/history/?kind=sale&account=harborcu",
        follow("S-"),
        media="print",
        widths=(A4,),
        themes=("dark",),
    ),
    picture("history-print", "northgate", "/history/?product=TTS", media="print", widths=(A4,), themes=("dark",)),
    picture("sold-print", "northgate", "/sold/", media="print", widths=(A4,), themes=("dark",)),
]

SOLD = [
    picture("sold", "northgate", "/sold/"),
    picture("sold-filtered", "northgate", "/sold/?product=TTS&owner=harborcu"),
    picture("sold-no-match", "northgate", "/sold/?q=nothing+like+this"),
    picture("sold-refused", "northgate", "/sold/?from=2026-02-02&to=2026-01-01"),
    picture("sold-nothing", "northgate-west", "/sold/"),
]

HELP = [
    picture("help", "northgate", "/help/"),
    picture("help-enduser-window", "harborcu", "/help/#links", is_whole=False),
]

SEARCH = [
    picture("search", "northgate", "/search/?q=2026"),
    picture("search-everything", "northgate", "/search/?q=h"),
    picture("search-nothing", "northgate", "/search/?q=zebra"),
    picture("search-empty", "harborcu", "/search/"),
]

ENDUSERS = [
    picture("endusers", "northgate", "/endusers/"),
    picture("endusers-none", "northgate-west", "/endusers/"),
    picture("endusers-no-match", "northgate", "/endusers/?q=nobody"),
    picture("endusers-filtered", "northgate", "/endusers/?q=harbor"),
    picture("enduser", "northgate", "/endusers/harborcu/"),
    picture("enduser-with-deployment", "northgate", "/endusers/stmarys/"),
    picture("enduser-nothing-sold", "northgate", "/endusers/pinecrest/"),
    picture("create-enduser", "northgate", "/create-enduser/"),
    picture(
        "create-enduser-refused",
        "northgate",
        "/create-enduser/",
        type_in({"Username": "harborcu", "Company": "Harbor", "Email": "nowhere"}),
        press("Create enduser", then=REFUSED),
    ),
]

SECURITY = [
    picture("security", "northgate", "/settings/security/"),
    picture("security-staff", "admin", "/settings/security/"),
    picture("security-change-password", "northgate", "/settings/security/password/"),
    picture("security-change-password-refused", "northgate", "/settings/security/password/", press("Change password", then=REFUSED)),
    picture("security-authenticator", "northgate", "/settings/security/authenticator/"),
    picture("security-authenticator-refused", "northgate", "/settings/security/authenticator/", press("Set up", then=REFUSED)),
    picture("security-add-passkey", "northgate", "/settings/security/passkeys/add/"),
    picture("security-refused-page", "northgate as northgate-west", "/settings/security/", answers=403),
]

IMPORT = [
    picture("import-endusers", "northgate", "/import-endusers/"),
    picture("import-endusers-refused", "northgate", "/import-endusers/", choose_file(OLD_FILE), press("Check import", then=REFUSED)),
    picture("import-check", "northgate", "/import-endusers/", choose_file(FILE), press("Check import", then="Nothing has been saved yet")),
    picture(
        "import-check-new",
        "northgate",
        "/import-endusers/",
        choose_file(FILE),
        press("Check import", then="Nothing has been saved yet"),
        follow("New"),
    ),
    picture("export-history", "northgate", "/history/export/?kind=sale"),
]

LINKED_ACCOUNTS = [
    picture("link-user-admin", "northgate", "/linked-accounts/"),
    picture("link-user-admin-incoming", "northgate-west", "/linked-accounts/"),
    picture("link-user-admin-incoming-enduser", "harborcu-tw", "/linked-accounts/"),
    picture("link-user-admin-none", "pinecrest", "/linked-accounts/"),
    picture(
        "link-user-admin-refused",
        "northgate",
        "/linked-accounts/",
        type_in({"Username": "tideway", "Password": WRONG}),
        press("Link Account", then=REFUSED),
    ),
    picture("switch-accounts", "northgate", "/switch/"),
    picture("switch-accounts-none", "pinecrest", "/switch/"),
    picture("acting-switch-accounts", "northgate as northgate-west", "/switch/"),
    picture("acting-my-licenses", "northgate as northgate-west", "/"),
    picture("acting-my-licenses-window", "northgate as northgate-west", "/", widths=(PHONE,), is_whole=False),
    picture("acting-refused-page", "northgate as northgate-west", "/linked-accounts/", answers=403),
]

TEAM = [
    picture("team", "harborcu", "/settings/team/"),
    picture("team-invite-user", "northgate", "/settings/invite-user/"),
    picture(
        "team-invite-user-refused",
        "northgate",
        "/settings/invite-user/",
        type_in({"Username": "northgate", "Email": "nowhere"}),
        press("Invite", then=REFUSED),
    ),
    picture("team-user", "northgate", "/settings/team/northgate/"),
    picture("team-last-administrator", "northgate", "/settings/team/northgate/", press("Deactivate", then="is the last administrator")),
    picture("team-refused-page", "northgate as northgate-west", "/settings/team/", answers=403),
]

SETTINGS = [
    picture("profile", "northgate", "/settings/profile/"),
    picture("profile-staff", "admin", "/settings/profile/"),
    picture("profile-refused", "northgate", "/settings/profile/", type_in({"Time zone": "Atlantis"}), press("Save", then=REFUSED)),
    picture("change-email", "northgate", "/settings/profile/email/"),
    picture("change-email-refused", "northgate", "/settings/profile/email/", press("Send link", then=REFUSED)),
    picture("email-link-over", "northgate", "/settings/profile/email/confirm/bad/"),
    picture("notifications", "northgate", "/settings/notifications/"),
    picture("notifications-enduser", "harborcu", "/settings/notifications/"),
    picture("add-address", "northgate", "/settings/notifications/addresses/add/"),
    picture("add-address-refused", "northgate", "/settings/notifications/addresses/add/", press("Add address", then=REFUSED)),
    picture("copies-link-over", NOBODY, "/notices/agree/bad/"),
    picture("profile-refused-page", "northgate as northgate-west", "/settings/profile/", answers=403),
    picture("security-log", "northgate", "/settings/log/"),
    picture("security-log-no-match", "northgate", "/settings/log/?q=nobody"),
]

ADMIN = [
    picture("admin", "admin", "/admin/"),
    picture("admin-issue-licenses", "admin", "/admin/issue/"),
    picture("admin-issue-licenses-found", "admin", "/admin/issue/?find=north"),
    picture("admin-issue-licenses-found-nobody", "admin", "/admin/issue/?find=nobody"),
    picture("admin-issue-licenses-refused", "admin", "/admin/issue/", press("Issue licenses", then=REFUSED)),
    picture("admin-adjust-licenses", "admin", "/admin/adjust/?account=northgate"),
    picture("admin-adjust-licenses-refused", "admin", "/admin/adjust/?account=northgate", press("Adjust licenses", then=REFUSED)),
    picture("admin-reverse", "admin", "/admin/licenses/journalentry/?kind__exact=sale&q=harborcu", follow("S-"), follow("Reverse")),
    picture(
        "admin-reverse-refused",
        "admin",
        "/admin/licenses/journalentry/?kind__exact=sale&q=harborcu",
        follow("S-"),
        follow("Reverse"),
        press("Reverse", then=REFUSED),
    ),
    picture("admin-reverse-nothing-remains", "admin", "/admin/licenses/journalentry/?kind__exact=sale&q=stmarys", follow("S-"), follow("Reverse")),
    picture("admin-ledger", "admin", "/admin/ledger/"),
    picture("admin-accounts", "admin", "/admin/accounts/account/"),
    picture("admin-account", "admin", "/admin/accounts/account/", follow("northgate")),
    picture("admin-new-account", "admin", "/admin/accounts/account/add/"),
    picture("admin-new-account-refused", "admin", "/admin/accounts/account/add/", press("Create reseller", then=REFUSED)),
    picture("admin-users", "admin", "/admin/accounts/user/"),
    picture("admin-links", "admin", "/admin/accounts/link/"),
    picture("admin-security-log", "admin", "/admin/accounts/securityevent/"),
    picture("admin-products", "admin", "/admin/licenses/product/"),
    picture("admin-holdings", "admin", "/admin/licenses/holding/"),
    picture("admin-journal-entries", "admin", "/admin/licenses/journalentry/"),
    picture("admin-journal-entry", "admin", "/admin/licenses/journalentry/", follow("S-")),
    picture("admin-notices", "admin", "/admin/foundation/notice/"),
]

SAYS_NO = [
    picture("403", "harborcu", "/sell/", answers=403),
    picture("403-admin", "northgate", "/admin/", answers=403),
    picture("403-open-too-long", NOBODY, "/", forget_cookies, press("Sign in", then="This page was open too long")),
    picture("404", "northgate", "/nowhere/", answers=404),
    picture("404-signed-out", NOBODY, "/nowhere/", answers=404),
]

# From here on every row changes something.

LETTERS = [
    picture("letter-invitation", NOBODY, letter("invited you to")),
    picture("letter-confirm-email", NOBODY, letter("Confirm your new email")),
    picture("letter-agree-to-copies", NOBODY, letter("wants to send you copies")),
    picture("letter-copy", NOBODY, letter(r"^2 licenses from .*\(sale")),
    picture("letter-deployment-added", NOBODY, letter("SMH-TUNING")),
    picture("letter-password-reset", NOBODY, letter("password")),
    picture("letter-issue", NOBODY, letter(r"\(issue")),
    picture("letter-sale", NOBODY, letter(r"^\d+ licenses from .*\(sale")),
    picture("letter-deployment-sold", NOBODY, letter("New deployment")),
    picture("letter-sale-recalled", NOBODY, letter(r"recalled \d+ licenses? \(recall")),
    picture("letter-recall-made", NOBODY, letter(r"recalled from")),
    picture("letter-entry-reversed", NOBODY, letter("was reversed by")),
    picture("letter-licenses-adjusted", NOBODY, letter(r"\(adjustment")),
    picture("letter-transferred-out", NOBODY, letter("transferred out of")),
    picture("letter-transferred-in", NOBODY, letter("transferred into")),
    picture("letter-sign-in-changed", NOBODY, letter("authenticator app was added")),
    picture("letter-link-created", NOBODY, letter("can now use your account")),
    picture("letter-link-removed", NOBODY, letter("was removed")),
    picture("letter-import", NOBODY, letter("Import finished")),
    picture("letter-export", NOBODY, letter("Your export is ready")),
    picture("letter-team-role", NOBODY, letter("Your role in")),
    picture("letter-team-deactivated", NOBODY, letter("was deactivated")),
]

# The last of all, as everything that lists products looks otherwise from here on.
VOICE, FAR_VOICE = "Qty, Voice 001, Canadian French", "Qty, Voice 060, US English"
BOTH_PAGES = [type_in({"Owner": "harborcu", FULL: "12", VOICE: "6"}), press("Next", then="51–100"), type_in({FAR_VOICE: "2"})]
LONG_LISTS = [
    picture("long-list", "northgate", with_many_products("/sell/?owner=harborcu")),
    picture("long-list-next-page", "northgate", with_many_products("/sell/"), *BOTH_PAGES),
    picture("long-list-window", "northgate", with_many_products("/sell/"), *BOTH_PAGES, is_whole=False),
    picture(
        "long-list-found",
        "northgate",
        with_many_products("/sell/"),
        *BOTH_PAGES,
        type_in({"Product or code": "grammar pack 01"}),
        press("Find products", then="grammar pack 01"),
    ),
    picture(
        "long-list-none-found",
        "northgate",
        with_many_products("/sell/"),
        type_in({"Product or code": "nothing"}),
        press("Find products", then="No product has"),
    ),
    picture(
        "long-list-refused",
        "northgate",
        with_many_products("/sell/"),
        type_in({"Owner": "harborcu", FULL: "999"}),
        press("Next", then="51–100"),
        press("Add", then=REFUSED),
    ),
    picture("long-list-my-licenses", "northgate", with_many_products("/?products=2")),
    picture("admin-long-list", "admin", with_many_products("/admin/issue/"), type_in({VOICE: "6"}), press("Next", then="51–100")),
]

PICTURES = [
    *SIGNING_IN,
    *MY_LICENSES,
    *SELL_LICENSES,
    *DEPLOYMENTS,
    *TRANSFER_LICENSES,
    *HISTORY,
    *RECEIPTS,
    *SOLD,
    *VERIFY,
    *HELP,
    *SEARCH,
    *ENDUSERS,
    *SECURITY,
    *IMPORT,
    *FORCED_COLORS,
    *LINKED_ACCOUNTS,
    *TEAM,
    *SETTINGS,
    *ADMIN,
    *SAYS_NO,
    *PRESSED,
    *LETTERS,
    *LONG_LISTS,
]

# What README shows: as much as a window shows.
IN_README = {"widths": (DESK,), "themes": ("light",), "is_whole": False, "file": "{name}.png"}
README = [
    picture("my-licenses", "northgate", "/", **IN_README),
    picture("my-licenses-dark", "northgate", "/", **IN_README | {"themes": ("dark",)}),
    picture("sell-licenses", "northgate", "/sell/", type_in(SALE), see("Harbor Credit Union"), **IN_README),
    picture("transfer-licenses", "northgate", "/transfer/?account=northgate-west", type_in({TTS: "6"}), **IN_README),
    picture("history", "northgate", "/history/", **IN_README),
]
