"""Every address of the portal × everybody who may knock at it (A7, A9, contract.md).

northgate is a reseller: its viewer, manager and administrator are the first three who are signed in. `enduser` is the
administrator of its enduser harborcu, `stranger` that of tideway, another reseller; `acting` is the administrator of
northgate-west, acting as northgate over a link; `staff` is the publisher's. Forms are sent empty.

To add an address: its two rows in PORTAL, in the order of the urls, and what it takes (a username, a key) in `address`. The
answers to the other endusers follow from its rows, unless OTHERWISE says so; and whoever gets the page has its queries counted,
in tests/pages/test_queries.py.
"""

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import URLResolver, get_resolver, reverse

from accounts import security_log
from accounts.importing.files import EnduserRow
from accounts.importing.services import upload_endusers
from accounts.models import SecurityEvent, User
from licenses.models import Holding, Product
from licensing_portal.foundation.jobs import start
from licensing_portal.foundation.models import JobPart, Notice
from licensing_portal.foundation.submissions import fresh_key
from tests.factories.accounts import LinkFactory, RecipientFactory, StaffFactory
from tests.factories.deployments import deploy, download, upload
from tests.factories.licenses import give
from tests.views import page_of, submit_buttons_of, text_of

WHO = ["anonymous", "viewer", "manager", "administrator", "enduser", "stranger", "acting", "staff"]

# Kind and role decide apart from each other. So these three, harborcu's viewer and manager and the administrator of tideway's
# enduser metrotransit, are refused what an enduser is refused for its kind (403), and else get the answer of the reseller's
# user of that role, and of the stranger.
ENDUSERS = {"enduser_viewer": "viewer", "enduser_manager": "manager", "stranger_enduser": "stranger"}
EVERYBODY = [*WHO, *ENDUSERS]
READERS = ["anonymous", "administrator", "enduser", "staff"]  # one of every kind, with the most pages

PORTAL = """
                                               anonymous viewer manager administrator enduser stranger acting staff
my_licenses                              GET      302     200     200        200        200      200     200   302
my_licenses                              POST     302     405     405        405        405      405     405   405
search                                   GET      302     200     200        200        200      200     200   200
search                                   POST     302     405     405        405        405      405     405   405
help                                     GET      302     200     200        200        200      200     200   200
help                                     POST     302     405     405        405        405      405     405   405
endusers                                 GET      302     200     200        200        403      200     200   403
endusers                                 POST     302     405     405        405        405      405     405   405
enduser                                  GET      302     200     200        200        403      404     200   403
enduser                                  POST     302     405     405        405        405      405     405   405
job                                      GET      302     200     200        200        404      404     200   404
job                                      POST     302     405     405        405        405      405     405   405
job_file                                 GET      302     200     200        200        404      404     200   404
job_file                                 POST     302     405     405        405        405      405     405   405
accounts:create_enduser                  GET      302     403     403        200        403      200     403   403
accounts:create_enduser                  POST     302     403     403        200        403      200     403   403
accounts:suggest_endusers                GET      302     200     200        200        403      200     200   403
accounts:suggest_endusers                POST     302     405     405        405        405      405     405   405
accounts:invite_again                    GET      302     405     405        405        405      405     405   405
accounts:invite_again                    POST     302     403     403        302        403      404     403   403
licenses:close_enduser                   GET      302     405     405        405        405      405     405   405
licenses:close_enduser                   POST     302     403     403        302        403      404     403   403
accounts:correct_address                 GET      302     403     403        200        403      404     403   403
accounts:correct_address                 POST     302     403     403        200        403      404     403   403
accounts:endusers_csv                    GET      302     200     200        200        403      200     200   403
accounts:endusers_csv                    POST     302     405     405        405        405      405     405   405
accounts:endusers_xlsx                   GET      302     200     200        200        403      200     200   403
accounts:endusers_xlsx                   POST     302     405     405        405        405      405     405   405
accounts:upload_endusers                 GET      302     403     403        200        403      200     403   403
accounts:upload_endusers                 POST     302     403     403        200        403      200     403   403
accounts:endusers_template_csv           GET      302     403     403        200        403      200     403   403
accounts:endusers_template_csv           POST     302     405     405        405        405      405     405   405
accounts:endusers_template_xlsx          GET      302     403     403        200        403      200     403   403
accounts:endusers_template_xlsx          POST     302     405     405        405        405      405     405   405
accounts:check_import                    GET      302     403     403        200        403      404     403   403
accounts:check_import                    POST     302     403     403        200        403      404     403   403
accounts:problem_rows_csv                GET      302     403     403        200        403      404     403   403
accounts:problem_rows_csv                POST     302     405     405        405        405      405     405   405
accounts:open_invitation                 GET      302     302     302        302        302      302     302   302
accounts:open_invitation                 POST     405     405     405        405        405      405     405   405
accounts:accept_invitation               GET      404     404     404        404        404      404     404   404
accounts:accept_invitation               POST     404     404     404        404        404      404     404   404
accounts:renew_invitation                GET      405     405     405        405        405      405     405   405
accounts:renew_invitation                POST     404     404     404        404        404      404     404   404
accounts:link_account                    GET      302     403     403        200        200      200     403   403
accounts:link_account                    POST     302     403     403        200        200      200     403   403
accounts:remove_link                     GET      302     405     405        405        405      405     405   405
accounts:remove_link                     POST     302     403     403        302        302      302     403   403
accounts:remove_access                   GET      302     405     405        405        405      405     405   405
accounts:remove_access                   POST     302     403     403        302        302      302     403   403
accounts:security_log                    GET      302     403     403        200        200      200     403   403
accounts:security_log                    POST     302     405     405        405        405      405     405   405
accounts:switch_accounts                 GET      302     200     200        200        200      200     200   403
accounts:switch_accounts                 POST     302     405     405        405        405      405     405   405
accounts:switch_account                  GET      302     405     405        405        405      405     405   405
accounts:switch_account                  POST     302     302     302        302        404      404     404   403
accounts:return_to_own_account           GET      302     405     405        405        405      405     405   405
accounts:return_to_own_account           POST     302     302     302        302        302      302     302   302
accounts:team                            GET      302     403     403        200        200      200     403   403
accounts:team                            POST     302     405     405        405        405      405     405   405
accounts:invite_user                     GET      302     403     403        200        200      200     403   403
accounts:invite_user                     POST     302     403     403        200        200      200     403   403
accounts:team_user                       GET      302     403     403        200        404      404     403   403
accounts:team_user                       POST     302     403     403        200        404      404     403   403
accounts:invite_user_again               GET      302     405     405        405        405      405     405   405
accounts:invite_user_again               POST     302     403     403        302        404      404     403   403
accounts:deactivate_user                 GET      302     405     405        405        405      405     405   405
accounts:deactivate_user                 POST     302     403     403        302        404      404     403   403
accounts:activate_user                   GET      302     405     405        405        405      405     405   405
accounts:activate_user                   POST     302     403     403        302        404      404     403   403
accounts:profile                         GET      302     200     200        200        200      200     403   200
accounts:profile                         POST     302     302     302        302        302      302     403   302
accounts:choose_theme                    GET      302     302     302        302        302      302     403   302
accounts:choose_theme                    POST     302     200     200        200        200      200     403   200
accounts:change_email                    GET      302     200     200        200        200      200     403   200
accounts:change_email                    POST     302     200     200        200        200      200     403   200
accounts:confirm_email                   GET      302     404     404        404        404      404     403   404
accounts:confirm_email                   POST     302     404     404        404        404      404     403   404
accounts:open_email                      GET      302     302     302        302        302      302     302   302
accounts:open_email                      POST     405     405     405        405        405      405     405   405
accounts:notifications                   GET      302     403     403        200        200      200     403   403
accounts:notifications                   POST     302     403     403        200        200      200     403   403
accounts:add_recipient                   GET      302     403     403        200        200      200     403   403
accounts:add_recipient                   POST     302     403     403        200        200      200     403   403
accounts:remove_recipient                GET      302     405     405        405        405      405     405   405
accounts:remove_recipient                POST     302     403     403        302        302      302     403   403
accounts:move_notices                    GET      302     403     403        200        404      404     403   403
accounts:move_notices                    POST     302     403     403        200        404      404     403   403
accounts:agree_to_copies                 GET      404     404     404        404        404      404     404   404
accounts:agree_to_copies                 POST     404     404     404        404        404      404     404   404
accounts:end_copies                      GET      404     404     404        404        404      404     404   404
accounts:end_copies                      POST     404     404     404        404        404      404     404   404
accounts:open_copies                     GET      302     302     302        302        302      302     302   302
accounts:open_copies                     POST     405     405     405        405        405      405     405   405
accounts:open_way_out                    GET      302     302     302        302        302      302     302   302
accounts:open_way_out                    POST     405     405     405        405        405      405     405   405
accounts:security                        GET      302     200     200        200        200      200     403   200
accounts:security                        POST     302     405     405        405        405      405     405   405
accounts:change_password                 GET      302     200     200        200        200      200     403   200
accounts:change_password                 POST     302     200     200        200        200      200     403   200
accounts:set_up_authenticator            GET      302     200     200        200        200      200     403   302
accounts:set_up_authenticator            POST     302     200     200        200        200      200     403   302
accounts:save_recovery_codes             GET      302     302     302        302        302      302     403   302
accounts:save_recovery_codes             POST     302     302     302        302        302      302     403   302
accounts:renew_recovery_codes            GET      302     200     200        200        200      200     403   200
accounts:renew_recovery_codes            POST     302     200     200        200        200      200     403   200
accounts:add_passkey                     GET      302     200     200        200        200      200     403   200
accounts:add_passkey                     POST     302     200     200        200        200      200     403   200
accounts:remove_passkey                  GET      302     404     404        404        404      404     403   404
accounts:remove_passkey                  POST     302     404     404        404        404      404     403   404
accounts:turn_off_second_factor          GET      302     302     302        302        302      302     403   200
accounts:turn_off_second_factor          POST     302     302     302        302        302      302     403   200
accounts:end_other_sessions              GET      302     405     405        405        405      405     405   405
accounts:end_other_sessions              POST     302     302     302        302        302      302     403   302
accounts:end_session                     GET      302     405     405        405        405      405     405   405
accounts:end_session                     POST     302     302     302        302        302      302     403   302
accounts:require_second_factor           GET      302     405     405        405        405      405     405   405
accounts:require_second_factor           POST     302     403     403        302        302      302     403   403
accounts:allow_without_second_factor     GET      302     405     405        405        405      405     405   405
accounts:allow_without_second_factor     POST     302     403     403        302        302      302     403   403
licenses:sell_licenses                   GET      302     403     200        200        403      200     200   403
licenses:sell_licenses                   POST     302     403     200        200        403      200     200   403
licenses:sold                            GET      302     200     200        200        403      200     200   403
licenses:sold                            POST     302     405     405        405        405      405     405   405
licenses:sold_csv                        GET      302     200     200        200        403      200     200   403
licenses:sold_csv                        POST     302     405     405        405        405      405     405   405
licenses:receipt                         GET      302     200     200        200        200      404     200   404
licenses:receipt                         POST     302     405     405        405        405      405     405   405
licenses:recall_sale                     GET      302     403     200        200        403      404     200   403
licenses:recall_sale                     POST     302     403     200        200        403      404     200   403
licenses:send_notice_again               GET      302     405     405        405        405      405     405   405
licenses:send_notice_again               POST     302     403     302        302        302      404     302   403
licenses:history                         GET      302     200     200        200        200      200     200   200
licenses:history                         POST     302     405     405        405        405      405     405   405
licenses:history_csv                     GET      302     200     200        200        200      200     200   200
licenses:history_csv                     POST     302     405     405        405        405      405     405   405
licenses:history_xlsx                    GET      302     200     200        200        200      200     200   200
licenses:history_xlsx                    POST     302     405     405        405        405      405     405   405
licenses:export_history                  GET      302     200     200        200        200      200     200   200
licenses:export_history                  POST     302     200     200        200        200      200     200   200
licenses:licenses_csv                    GET      302     200     200        200        200      200     200   200
licenses:licenses_csv                    POST     302     405     405        405        405      405     405   405
deployments:add_deployment               GET      302     403     200        200        200      200     200   403
deployments:add_deployment               POST     302     403     200        200        200      200     200   403
deployments:deployment                   GET      302     200     200        200        200      404     200   404
deployments:deployment                   POST     302     405     405        405        405      405     405   405
deployments:add_licenses                 GET      302     403     403        403        200      404     403   403
deployments:add_licenses                 POST     302     403     403        403        200      404     403   403
deployments:upload_server_file           GET      302     403     403        403        200      404     403   403
deployments:upload_server_file           POST     302     403     403        403        200      404     403   403
deployments:download_license_file        GET      302     405     405        405        405      405     405   405
deployments:download_license_file        POST     302     403     302        302        302      404     302   403
deployments:replace_server               GET      302     403     403        403        200      404     403   403
deployments:replace_server               POST     302     403     403        403        200      404     403   403
deployments:retire_deployment            GET      302     403     200        200        200      404     200   403
deployments:retire_deployment            POST     302     403     200        200        200      404     200   403
verify_license                           GET       200     200     200        200        200      200     200   200
verify_license                           POST      200     200     200        200        200      200     200   200
license_signing_key                      GET       200     200     200        200        200      200     200   200
license_signing_key                      POST      405     405     405        405        405      405     405   405
transfers:transfer_licenses              GET      302     403     200        200        200      200     200   403
transfers:transfer_licenses              POST     302     403     200        200        200      200     200   403
account_login                            GET      200     302     302        302        302      302     302   302
account_login                            POST     200     302     302        302        302      302     302   302
mfa_authenticate                         GET      302     302     302        302        302      302     302   302
mfa_authenticate                         POST     302     302     302        302        302      302     302   302
account_logout                           GET      302     200     200        200        200      200     200   200
account_logout                           POST     302     302     302        302        302      302     302   302
account_reset_password                   GET      200     200     200        200        200      200     200   200
account_reset_password                   POST     200     200     200        200        200      200     200   200
account_reset_password_done              GET      200     200     200        200        200      200     200   200
account_reset_password_done              POST     405     405     405        405        405      405     405   405
account_reset_password_from_key          GET      200     200     200        200        200      200     200   200
account_reset_password_from_key          POST     200     200     200        200        200      200     200   200
account_reset_password_from_key_done     GET      200     200     200        200        200      200     200   200
account_reset_password_from_key_done     POST     405     405     405        405        405      405     405   405
issue_licenses                           GET      302     403     403        403        403      403     403   200
issue_licenses                           POST     302     403     403        403        403      403     403   200
adjust_licenses                          GET      302     403     403        403        403      403     403   200
adjust_licenses                          POST     302     403     403        403        403      403     403   200
ledger_proof                             GET      302     403     403        403        403      403     403   200
ledger_proof                             POST     302     403     403        403        403      403     403   200
send_any_notice_again                    GET      302     403     403        403        403      403     403   200
send_any_notice_again                    POST     302     403     403        403        403      403     403   200
healthz                                  GET      200     200     200        200        200      200     200   200
healthz                                  POST     405     405     405        405        405      405     405   405
readyz                                   GET      200     200     200        200        200      200     200   200
readyz                                   POST     405     405     405        405        405      405     405   405
"""

# Where the answer depends on what one's account has, and not on kind or role: harborcu is linked to nobody, the job is northgate's,
# and the deployment is its own.
OTHERWISE = {
    **{key: {"enduser_viewer": 404, "enduser_manager": 404} for key in [("job", "GET"), ("job_file", "GET")]},
    ("accounts:switch_account", "POST"): {"enduser_viewer": 404, "enduser_manager": 404},
    ("deployments:add_licenses", "GET"): {"enduser_manager": 200},
    ("deployments:add_licenses", "POST"): {"enduser_manager": 200},
    ("deployments:upload_server_file", "GET"): {"enduser_manager": 200},
    ("deployments:upload_server_file", "POST"): {"enduser_manager": 200},
    ("deployments:replace_server", "GET"): {"enduser_manager": 200},
    ("deployments:replace_server", "POST"): {"enduser_manager": 200},
}

# In the admin whoever is not signed in goes to the sign-in (302) and a customer meets a 403; these are staff's statuses.
ADMIN = {
    "admin:index": (200, 200),
    "admin:login": (302, 302),
    "admin:logout": (200, 302),
    "admin:password_change": (302, 302),
    "admin:password_change_done": (200, 405),
    "admin:autocomplete": (403, 405),
    "admin:jsi18n": (200, 405),
    "admin:view_on_site": (404, 404),
    "admin:app_list": (200, 200),
    "admin:accounts_account_invite_again": (200, 200),
    "admin:accounts_user_take_away_second_factor": (200, 200),
    "admin:deployments_deployment_retire": (200, 200),
    "admin:deployments_deployment_allow_replacement": (200, 200),
    "admin:licenses_journalentry_reverse": (200, 200),
}
READ_ONLY = {"changelist": (200, 200), "add": (403, 403), "history": (200, 200), "change": (200, 403), "delete": (403, 403)}
NEVER_DELETED = {"changelist": (200, 200), "add": (200, 200), "history": (200, 200), "change": (200, 200), "delete": (403, 403)}
EDITED = {"changelist": (200, 200), "add": (200, 200), "history": (200, 200), "change": (200, 200), "delete": (200, 200)}
MODELS = {
    "foundation_notice": READ_ONLY,
    "deployments_deployment": READ_ONLY,
    "deployments_licensefiledownload": READ_ONLY,
    "deployments_replacementallowance": READ_ONLY,
    "licenses_product": NEVER_DELETED,
    "licenses_holding": READ_ONLY,
    "licenses_journalentry": READ_ONLY,
    "accounts_account": NEVER_DELETED,
    "accounts_user": NEVER_DELETED,
    "accounts_link": READ_ONLY,
    "accounts_securityevent": READ_ONLY,
    "auth_group": EDITED,
}
ADMIN |= {f"admin:{model}_{page}": statuses for model, pages in MODELS.items() for page, statuses in pages.items()}


def read_table():
    """The table as {name: {method: {who: status}}}."""
    table = {}
    for line in PORTAL.strip().splitlines()[1:]:
        name, method, *statuses = line.split()
        table.setdefault(name, {})[method] = dict(zip(WHO, map(int, statuses), strict=True))
    for name, statuses in ADMIN.items():
        table[name] = {
            method: {"anonymous": 302, **dict.fromkeys(WHO[1:-1], 403), "staff": status}
            for method, status in zip(("GET", "POST"), statuses, strict=True)
        }
    for name, methods in table.items():
        for method, row in methods.items():
            derived = {who: 403 if row["enduser"] == 403 else row[like] for who, like in ENDUSERS.items()}
            methods[method] = row | derived | OTHERWISE.get((name, method), {})
    return table


TABLE = read_table()


def names_of(resolver, namespace=""):
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLResolver):
            yield from names_of(pattern, f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace)
        elif pattern.name:
            yield namespace + pattern.name


def test_every_named_address_has_its_row_in_the_table_and_every_row_its_address():
    assert set(TABLE) == set(names_of(get_resolver()))


@pytest.fixture
def address(northgate, west, tideway, harborcu, staff):
    """The addresses of things that are northgate's: address("enduser"). The sale was made with the deployment."""
    give(northgate, ASR=10)
    link = LinkFactory(holder=northgate, target=west)
    LinkFactory(holder=west, target=northgate)
    made = deploy(northgate, owner=harborcu, name="IVR", ASR=4)
    sale = made.entries.get().sale
    downloaded = download(upload(deploy(northgate, name="LAB", ASR=1)))
    allowance = downloaded.deployment.replacement_allowances.create(year=2026, reason="Flooded data center", allowed_by=staff)
    recipient = RecipientFactory(account=northgate)
    people = {"reseller": northgate, "uploaded_by": User.objects.get(username="northgate")}
    job = start("export_history", account="northgate", started_by="northgate", total=1)
    JobPart.objects.create(job=job, number=0, content=b"a file")
    uploaded = upload_endusers(**people, file_name="a.csv", rows=[EnduserRow(2, "x", "X", "x")], key=fresh_key())
    rows = {
        "foundation_notice": Notice.objects.latest("pk").pk,
        "deployments_deployment": made.pk,
        "deployments_licensefiledownload": downloaded.downloads.get().pk,
        "deployments_replacementallowance": allowance.pk,
        "licenses_product": Product.objects.get().pk,
        "licenses_holding": Holding.objects.get(account=northgate).pk,
        "licenses_journalentry": sale.pk,
        "accounts_account": northgate.pk,
        "accounts_user": User.objects.get(username="northgate").pk,
        "accounts_link": link.pk,
        "accounts_securityevent": security_log.record(SecurityEvent.Kind.SIGNED_IN, user=User.objects.get(username="northgate")).pk,
        "auth_group": Group.objects.create(name="clerks").pk,
    }
    arguments = {
        "enduser": ["harborcu"],
        **{key: [job.pk] for key in ["job", "job_file"]},
        **{key: [uploaded.pk] for key in ["accounts:check_import", "accounts:problem_rows_csv"]},
        "accounts:invite_again": ["harborcu"],
        "licenses:close_enduser": ["harborcu"],
        "accounts:correct_address": ["harborcu"],
        **{f"accounts:{name}": ["token"] for name in ("open_email", "open_copies", "open_way_out")},
        **{f"accounts:{name}": [recipient.pk] for name in ("remove_recipient", "move_notices")},
        "accounts:open_invitation": ["token"],
        **{f"accounts:{name}": ["northgate-west"] for name in ("remove_link", "remove_access", "switch_account")},
        **{f"accounts:{name}": ["northgate"] for name in ("team_user", "invite_user_again", "deactivate_user", "activate_user")},
        "accounts:remove_passkey": [0],
        "accounts:end_session": ["handle"],
        "licenses:recall_sale": [sale.number],
        **{f"licenses:{name}": [sale.number] for name in ("receipt", "send_notice_again")},
        **{f"deployments:{name}": [made.pk] for name in ("deployment", "add_licenses", "retire_deployment")},
        **{f"deployments:{name}": [made.pk] for name in ("upload_server_file", "download_license_file", "replace_server")},
        "admin:deployments_deployment_retire": [made.pk],
        "admin:deployments_deployment_allow_replacement": [made.pk],
        "admin:licenses_journalentry_reverse": [sale.pk],
        "admin:accounts_account_invite_again": [northgate.pk],
        "admin:accounts_user_take_away_second_factor": [rows["accounts_user"]],
        "send_any_notice_again": [rows["foundation_notice"]],
        "account_reset_password_from_key": ["1", "token"],
        "admin:view_on_site": [0, 0],
        "admin:app_list": ["licenses"],
    } | {f"admin:{model}_{page}": [pk] for model, pk in rows.items() for page in ("history", "change", "delete")}
    return lambda name: reverse(name, args=arguments.get(name, []))


@pytest.fixture
def browser_of(northgate, west, harborcu, tideway, metrotransit, signed_in):
    def make(who):
        if who == "anonymous":
            return Client()
        if who == "staff":
            browser = Client()
            browser.force_login(StaffFactory())
            return browser
        if who == "acting":
            browser = signed_in(west)
            browser.post("/switch/northgate/")
            return browser
        accounts = {"enduser": harborcu, "stranger": tideway, "stranger_enduser": metrotransit}
        if who in accounts:
            return signed_in(accounts[who])
        return signed_in(harborcu if who in ENDUSERS else northgate, who.removeprefix("enduser_"))

    return make


def status(browser, method, address):
    """The status of one request, whose effects are then undone: each knocks at the same door."""
    savepoint = transaction.savepoint()
    response = getattr(browser, method.lower())(address)
    transaction.savepoint_rollback(savepoint)
    return response.status_code


@pytest.mark.parametrize("name", TABLE)
def test_everybody_gets_the_answer_of_the_table(address, browser_of, name):
    browsers = {who: browser_of(who) for who in EVERYBODY}

    answers = {method: {who: status(browser, method, address(name)) for who, browser in browsers.items()} for method in ("GET", "POST")}

    assert answers == TABLE[name]


OF_THE_PORTAL = [name for name in TABLE if name not in ADMIN]
# The link of a letter leads to its page, a second factor comes after a password, and from signing out one comes back to nothing.
OF_A_LINK = {f"accounts:{name}" for name in ("open_invitation", "open_email", "open_copies", "open_way_out")}
NOT_BEHIND_THE_SIGN_IN = {*OF_A_LINK, "mfa_authenticate", "account_logout"}


@pytest.mark.parametrize("name", [name for name in OF_THE_PORTAL if TABLE[name]["GET"]["anonymous"] == 302 and name not in NOT_BEHIND_THE_SIGN_IN])
def test_whoever_is_not_signed_in_is_asked_to_and_led_back(address, browser_of, name):
    """contract.md."""
    answer = browser_of("anonymous").get(address(name))

    assert (answer.status_code, answer.url) == (302, f"/sign-in/?next={address(name)}")


@pytest.mark.parametrize("name", OF_THE_PORTAL)
def test_nothing_is_taken_without_the_token_of_its_page(address, user, northgate, name):
    """A page of somebody else's that sends a form in one's name has no token."""
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user(northgate))

    assert browser.post(address(name)).status_code == 403


@pytest.mark.parametrize("name", OF_THE_PORTAL)
def test_head_and_options_do_nothing_and_break_nothing(address, browser_of, name):
    """GET and HEAD never act: no row changes; sessions, counts of tries and the log of what was refused apart."""
    browsers = [browser_of(who) for who in ("anonymous", "administrator", "staff")]

    for method in ("HEAD", "OPTIONS"):
        with CaptureQueriesContext(connection) as queries:
            answers = [status(browser, method, address(name)) for browser in browsers]
        assert set(answers) <= {200, 302, 403, 404, 405}
        changes = [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]
        assert [sql for sql in changes if not any(apart in sql for apart in ("accounts_session", '"cache"', "last_login", "securityevent"))] == []


@pytest.mark.parametrize("who", READERS)
def test_every_form_has_one_button_and_carries_a_token_if_it_is_posted(address, browser_of, who):
    """contract.md: "One submit button per form in the page's markup". The admin's other pages are Django's."""
    browser, names = browser_of(who), [name for name, rows in TABLE.items() if rows["GET"][who] == 200 and name not in ADMIN]
    forms = [(name, *facts) for name in names for facts in facts_of_forms(browser.get(address(name)))]

    assert {method for _, method, _, _ in forms} >= {"post"}
    assert [form for form in forms if form[1:] not in {("post", 1, 1), ("get", 1, 0)}] == []


def facts_of_forms(response):
    """For each form how it is sent, how many buttons send it, and how many tokens against forgery it carries."""
    if not response["Content-Type"].startswith("text/html"):
        return
    for form, buttons in zip(page_of(response).all("form"), submit_buttons_of(response), strict=True):
        tokens = [control for control in form.all("input") if control["name"] == "csrfmiddlewaretoken"]
        yield form["method"] or "get", len(buttons), len(tokens)


# ── What may not be seen does not exist (A9) ──


@pytest.mark.parametrize(
    ("method", "unseen", "missing"),
    [
        ("get", "enduser", "/endusers/nobody/"),
        ("get", "licenses:receipt", "/receipts/S-2020-999999/"),
        ("get", "licenses:recall_sale", "/receipts/S-2020-999999/recall/"),
        ("get", "deployments:deployment", "/deployments/999999/"),
        ("get", "deployments:retire_deployment", "/deployments/999999/retire/"),
        ("get", "accounts:team_user", "/settings/team/nobody/"),
        ("get", "accounts:move_notices", "/settings/notifications/addresses/999999/move/"),
        ("get", "accounts:correct_address", "/endusers/nobody/address/"),
        ("get", "accounts:check_import", "/import-endusers/999999/"),
        ("get", "job", "/jobs/999999/"),
        ("get", "job_file", "/jobs/999999/file"),
        ("post", "accounts:invite_again", "/endusers/nobody/invite-again/"),
        ("post", "licenses:close_enduser", "/endusers/nobody/close/"),
        ("post", "accounts:deactivate_user", "/settings/team/nobody/deactivate/"),
        ("post", "accounts:switch_account", "/switch/nobody/"),
        ("post", "licenses:send_notice_again", "/receipts/S-2020-999999/send-again/"),
    ],
)
def test_what_may_not_be_seen_answers_word_for_word_like_what_does_not_exist(address, browser_of, method, unseen, missing):
    stranger, owner = browser_of("stranger"), browser_of("administrator")

    answers = [getattr(stranger, method)(there) for there in (address(unseen), missing)]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert text_of(answers[0]) == text_of(answers[1])
    assert getattr(owner, method)(address(unseen)).status_code in {200, 302}  # it was there to be seen
