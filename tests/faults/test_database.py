"""When the database is gone, full, read-only or will not let us in: a page that says so, nothing half done, and no hand needed after."""

from functools import partial

import psycopg2
import pytest
from django.db import DatabaseError, connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.test import Client, RequestFactory

from accounts.middleware import SEEN_AT
from accounts.models import Account
from licenses.models import JournalEntry
from licensing_portal.errors import _is_out_of_reach as is_out_of_reach
from licensing_portal.errors import server_error
from tests.books import assert_the_books_are_proven, balances
from tests.factories.accounts import LinkFactory
from tests.factories.licenses import give
from tests.postgres import OPTIONS, ROLE, Server
from tests.roles import the_owner
from tests.views import form_of, heading_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def seller(northgate, harborcu, user):
    """northgate's, with 10 ASR to sell, showing what a person would see of a fault."""
    give(northgate, ASR=10)
    client = Client(raise_request_exception=False)
    client.force_login(user(northgate))
    return client


@pytest.fixture
def sale(seller):
    """A form that is open, filled in."""
    return form_of(seller, "/sell/") | {"owner": "harborcu", "qty-ASR": "3"}


def owner_says(statement):
    with the_owner(), connection.cursor() as cursor:
        cursor.execute(statement)


def assert_it_says_back_soon(answer):
    assert (answer.status_code, heading_of(answer), answer.headers["Retry-After"]) == (503, "Back soon", "10")


def assert_the_same_form_still_sells_once(seller, sale):
    assert [seller.post("/sell/", sale).url for _ in range(2)] == [JournalEntry.objects.get(kind="sale").get_absolute_url()] * 2
    assert balances() == {("northgate", "ASR"): (7, 0, 3), ("harborcu", "ASR"): (3, 0, 0)}
    assert_the_books_are_proven()


@pytest.fixture
def fault_on():
    """Return a function that makes an event on a table run into a statement of PL/pgSQL's."""

    def install(event, statement):
        owner_says(f"CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN {statement}; RETURN NEW; END $$")
        owner_says(f"CREATE TRIGGER stumble BEFORE {event} EXECUTE FUNCTION stumble()")

    yield install
    owner_says("DROP FUNCTION IF EXISTS stumble CASCADE")


@pytest.fixture
def fault_on_sale(fault_on):
    """Return a function that makes the next sale's entry run into an error of PostgreSQL's with this SQLSTATE, or do this."""
    return partial(fault_on, "INSERT ON licenses_journalentry FOR EACH ROW WHEN (NEW.kind = 'sale')")


@pytest.mark.parametrize("code", ["disk_full", "read_only_sql_transaction", "too_many_connections", "admin_shutdown", "cannot_connect_now"])
def test_a_sale_that_the_database_can_not_take_is_not_made_and_goes_through_later(seller, sale, fault_on_sale, code):
    fault_on_sale(f"RAISE EXCEPTION USING ERRCODE = '{code}'")

    answer = seller.post("/sell/", sale)

    assert_it_says_back_soon(answer)
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}
    owner_says("DROP FUNCTION stumble CASCADE")
    assert_the_same_form_still_sells_once(seller, sale)


def test_any_other_fault_is_ours_and_says_so(seller, sale, fault_on_sale):
    """The control: not every error is the weather."""
    fault_on_sale("RAISE EXCEPTION USING ERRCODE = 'division_by_zero'")

    answer = seller.post("/sell/", sale)

    assert (answer.status_code, heading_of(answer)) == (500, "Something went wrong")
    assert balances() == {("northgate", "ASR"): (10, 0, 0)}


def test_a_connection_cut_in_the_middle_of_a_sale_rolls_it_back(seller, sale, fault_on_sale):
    fault_on_sale("PERFORM pg_terminate_backend(pg_backend_pid())")

    answer = seller.post("/sell/", sale)

    assert_it_says_back_soon(answer)
    connection.close()
    owner_says("DROP FUNCTION stumble CASCADE")
    assert_the_same_form_still_sells_once(seller, sale)


def test_a_database_that_dies_in_the_middle_of_a_transaction_is_back_soon_as_well(db):
    """Whichever class the driver then has for it."""
    server = Server(OPTIONS)
    line = DatabaseWrapper(connection.settings_dict | {"HOST": server.socket, "PORT": "", "NAME": "postgres", "USER": ROLE})
    line.set_autocommit(False)
    with line.cursor() as cursor:
        cursor.execute("SELECT 1")
        server.stop_immediately()
        try:
            cursor.execute("SELECT 1")
        except DatabaseError:
            answer = server_error(RequestFactory().get("/"))
    line.close()

    assert_it_says_back_soon(answer)


def test_a_statement_that_ends_without_a_word_from_the_server_is_back_soon_as_well():
    """Where the server dies at the right moment, the driver has no code to tell, and no class but the bare one."""

    def stumble():
        raise DatabaseError from psycopg2.DatabaseError("server closed the connection unexpectedly")

    try:
        stumble()
    except DatabaseError:
        answer = server_error(RequestFactory().get("/"))

    assert_it_says_back_soon(answer)


@pytest.fixture
def acting(northgate, west, user, signed_in):
    """northgate's, acting for west for two minutes: what it asks for next is written down in its session."""
    LinkFactory(holder=northgate, target=west)
    browser = signed_in(northgate)
    browser.post("/switch/northgate-west/")
    session = browser.session
    session[SEEN_AT] -= 120
    session.save()
    return browser


def test_a_session_that_can_not_be_written_is_back_soon_as_well(acting, fault_on):
    fault_on("UPDATE ON accounts_session FOR EACH ROW", "RAISE EXCEPTION USING ERRCODE = 'admin_shutdown'")

    assert_it_says_back_soon(acting.get("/history/"))


def test_a_session_that_was_ended_meanwhile_is_not(acting, fault_on):
    """The control: the session is gone, as one has signed out in another tab."""
    fault_on("UPDATE ON accounts_session FOR EACH ROW", "RETURN NULL")

    assert acting.get("/history/").status_code == 400


def test_a_save_that_finds_no_row_is_no_weather(db, harborcu):
    """The control: Django itself raises the same class for what is our fault."""
    with pytest.raises(DatabaseError) as problem:
        Account(pk=harborcu.pk + 1).save(force_update=True)

    assert (problem.type, is_out_of_reach(problem.value)) == (DatabaseError, False)


def test_the_first_request_on_a_connection_that_died_meanwhile_is_served(seller):
    """CONN_HEALTH_CHECKS: after a restart of the database nobody sees a fault of the old connection."""
    connection.settings_dict["CONN_HEALTH_CHECKS"], before = True, connection.settings_dict["CONN_HEALTH_CHECKS"]
    connection.health_check_enabled = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    connections["default"].health_check_done = False
    other = connections.create_connection("default")
    with other.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()

    try:
        assert seller.get("/").status_code == 200
    finally:
        connection.settings_dict["CONN_HEALTH_CHECKS"] = before


def test_a_database_that_only_reads_still_shows_its_pages(seller, sale):
    """Whoever is signed in reads on; what would write says that it can't."""
    name = connection.settings_dict["NAME"]
    owner_says(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    connection.close()
    try:
        shown = seller.get("/history/")
        answer = seller.post("/sell/", sale)
    finally:
        connection.close()
        with the_owner(), connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
        connection.close()

    assert shown.status_code == 200
    assert_it_says_back_soon(answer)
    assert_the_same_form_still_sells_once(seller, sale)
