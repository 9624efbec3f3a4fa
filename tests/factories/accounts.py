"""Accounts and users as rows, without the flows that make them in the portal."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Account, Link, NoticeRecipient, User
from tests.factories.factors import give_factor

PASSWORD = "correct horse battery"


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account
        django_get_or_create = ["username"]

    username = factory.Sequence(lambda n: f"account-{n}")
    company = factory.LazyAttribute(lambda account: f"{account.username.title()} Inc.")
    email = factory.LazyAttribute(lambda account: f"{account.username}@example.com")
    kind = Account.Kind.RESELLER


class PublisherFactory(AccountFactory):
    username = "publisher"
    kind = Account.Kind.PUBLISHER


class ResellerFactory(AccountFactory):
    username = factory.Sequence(lambda n: f"reseller-{n}")


class EnduserFactory(AccountFactory):
    username = factory.Sequence(lambda n: f"enduser-{n}")
    kind = Account.Kind.ENDUSER
    reseller = factory.SubFactory(ResellerFactory)


class UserFactory(DjangoModelFactory):
    """An administrator with the account's username, unless said otherwise."""

    class Meta:
        model = User
        django_get_or_create = ["username"]
        skip_postgeneration_save = True

    account = factory.SubFactory(ResellerFactory)
    username = factory.LazyAttribute(lambda user: user.account.username)
    email = factory.LazyAttribute(lambda user: f"{user.username}@people.example.com")
    role = User.Role.ADMINISTRATOR

    @factory.post_generation
    def password(user, create, extracted, **kwargs):
        if extracted or not user.password:  # asked for again, a user keeps the password, and links their proof
            user.set_password(extracted or PASSWORD)
            user.save()

    @factory.post_generation
    def second_factor(user, create, extracted, **kwargs):
        """Staff have one, as the portal lets none of them in without; others if they are given one (second_factor=True)."""
        if user.is_staff if extracted is None else extracted:
            give_factor(user)


class StaffFactory(UserFactory):
    account = factory.SubFactory(PublisherFactory)
    username = "staff"
    is_staff = True
    is_superuser = True


class LinkFactory(DjangoModelFactory):
    """A proven link: the target's first user gave the credentials."""

    class Meta:
        model = Link

    linked_by = factory.LazyAttribute(lambda link: UserFactory(account=link.holder))
    proved_by = factory.LazyAttribute(lambda link: UserFactory(account=link.target))
    proof = factory.LazyAttribute(lambda link: link.proved_by.get_session_auth_hash())


class RecipientFactory(DjangoModelFactory):
    """A further address that has agreed to copies."""

    class Meta:
        model = NoticeRecipient

    email = factory.LazyAttribute(lambda recipient: f"books@{recipient.account}.example.com")
    added_by = factory.LazyAttribute(lambda recipient: UserFactory(account=recipient.account))
    confirmed_at = factory.LazyFunction(timezone.now)
