"""The two groups that staff are put in, made by a migration: what their members may do in the admin, and what not (C11)."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client

from licensing_portal.foundation.models import Notice
from tests.factories.accounts import UserFactory
from tests.factories.deployments import deploy
from tests.factories.licenses import give
from tests.views import text_of

READS = [
    "accounts/account",
    "accounts/user",
    "accounts/link",
    "accounts/securityevent",
    "licenses/product",
    "licenses/holding",
    "licenses/journalentry",
    "deployments/deployment",
    "deployments/licensefiledownload",
    "deployments/replacementallowance",
    "foundation/notice",
]


@pytest.fixture
def member_of(publisher):
    """The browser of one of the staff who is in this group and nothing else; a test that emptied the tables took the groups along."""
    with connection.schema_editor() as editor:
        import_module("licensing_portal.migrations.0001_groups_of_the_staff").make_groups(apps, editor)
        import_module("licensing_portal.migrations.0002_corrections_by_the_staff").let_licensing_correct(apps, editor)
        import_module("licensing_portal.migrations.0003_replacements_by_the_staff").let_staff_look_after_servers(apps, editor)

    def sign_in(group):
        clerk = UserFactory(account=publisher, username=f"clerk-{group}", is_staff=True)
        clerk.groups.set([Group.objects.get(name=group)])
        browser = Client()
        browser.force_login(clerk)
        return browser

    return sign_in


@pytest.fixture
def acts(northgate):
    """The admin's pages that do something: a deployment to retire and whose server to let be replaced, an entry to reverse, a notice to send again."""
    issue = give(northgate, ASR=5)
    made, notice = deploy(northgate, ASR=2), Notice.objects.latest("pk")
    of_books = ["/admin/issue/", "/admin/adjust/", f"/admin/licenses/journalentry/{issue.pk}/reverse/"]
    of_deployments = [f"/admin/deployments/deployment/{made.pk}/{act}/" for act in ("retire", "allow-replacement")]
    return [*of_books, *of_deployments, f"/admin/foundation/notice/{notice.pk}/send-again/"]


@pytest.mark.parametrize(("group", "status"), [("support", 403), ("licensing", 200)])
def test_both_read_everything_and_licensing_alone_acts(member_of, acts, group, status):
    browser = member_of(group)
    ledger = browser.get("/admin/ledger/")

    assert [browser.get(f"/admin/{model}/").status_code for model in READS] == [200] * len(READS)
    assert (ledger.status_code, "Prove now" in text_of(ledger)) == (200, status == 200)
    assert [browser.get(page).status_code for page in acts] == [status] * len(acts)


@pytest.mark.parametrize("group", ["support", "licensing"])
def test_neither_opens_accounts_changes_users_or_products_or_says_who_is_staff(member_of, northgate, group):
    browser = member_of(group)
    pages = ["accounts/account/add", "accounts/user/add", "licenses/product/add", "auth/group", f"accounts/account/{northgate.pk}/invite-again"]

    assert [browser.get(f"/admin/{page}/").status_code for page in pages] == [403] * len(pages)
    assert browser.post(f"/admin/accounts/account/{northgate.pk}/change/", {"company": "Mine"}).status_code == 403
