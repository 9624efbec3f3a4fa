"""The cast that all tests share, named as in the demo: northgate is a reseller with the endusers harborcu and stmarys;
tideway is another reseller, a stranger to them all, with the enduser metrotransit."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.models import User
from tests.factories.accounts import EnduserFactory, PublisherFactory, ResellerFactory, StaffFactory, UserFactory

pytest_plugins = ["tests.harness", "tests.mail"]


@pytest.fixture
def publisher(db):
    return PublisherFactory()


@pytest.fixture
def northgate(publisher):
    return UserFactory(account=ResellerFactory(username="northgate", company="Northgate Voice Systems")).account


@pytest.fixture
def west(publisher):
    return UserFactory(account=ResellerFactory(username="northgate-west")).account


@pytest.fixture
def tideway(publisher):
    return UserFactory(account=ResellerFactory(username="tideway")).account


@pytest.fixture
def harborcu(northgate):
    return UserFactory(account=EnduserFactory(username="harborcu", company="Harbor Credit Union", reseller=northgate)).account


@pytest.fixture
def stmarys(northgate):
    return UserFactory(account=EnduserFactory(username="stmarys", reseller=northgate)).account


@pytest.fixture
def metrotransit(tideway):
    return UserFactory(account=EnduserFactory(username="metrotransit", reseller=tideway)).account


@pytest.fixture
def staff(publisher):
    return StaffFactory()


@pytest.fixture
def desk(staff):
    """Staff at the browser."""
    browser = Client()
    browser.force_login(staff)
    return browser


@pytest.fixture
def clerks_desk(publisher):
    """The browser of one of the staff who has these permissions alone: clerks_desk("view_notice")."""

    def open_desk(*permissions):
        clerk = UserFactory(account=publisher, username="clerk", is_staff=True)
        clerk.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        browser = Client()
        browser.force_login(clerk)
        return browser

    return open_desk


@pytest.fixture
def user():
    """The administrator of an account: user(northgate). Others: user(northgate, "viewer")."""

    def find(account, role="administrator"):
        if role == "administrator":
            return User.objects.get(username=account.username)
        return UserFactory(account=account, username=f"{account.username}-{role}"[:30], role=role)

    return find


@pytest.fixture
def signed_in(user):
    """A browser that an account's user is signed in with: signed_in(northgate), signed_in(northgate, "viewer")."""

    def sign_in(account, role="administrator"):
        client = Client()
        client.force_login(user(account, role))
        return client

    return sign_in
