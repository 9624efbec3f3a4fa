"""What the application's database role may do (B2). The owner's role migrates; the application's reads and writes rows.

Nothing that the books or their history stand on can be deleted by the application, and what is written in the journal
can't be changed either: neither by a mistake of ours nor by whoever gets in.
"""

from django.apps import apps
from django.db import connection

# Written once, and then only read.
APPEND_ONLY = {
    *("licenses_journalentry", "licenses_journalline", "licenses_ledgerproof", "licenses_proofrequest", "accounts_securityevent"),
    *("deployments_signedlicensefile", "deployments_licensefiledownload", "deployments_replacementallowance"),
}
# Of a claimed key only what it made is filled in later (B5), of a server file only until when it was in use (C8).
FILLED_IN_LATER = {"foundation_submission": ["result_type_id", "result_id"], "deployments_serverfile": ["ended_at"]}
# What these apps have is changed, but never deleted: history outlives people, products and mails.
OF_THE_HOUSE = ("accounts", "licenses", "deployments", "foundation", "post_office")
# But links (A5), sessions, addresses for copies and rights of staff end by being deleted; and what was uploaded to be looked at,
# or made to be fetched, is kept for a while only.
DELETED_BY_RIGHT = {
    "accounts_link",
    "accounts_session",
    "accounts_noticerecipient",
    "accounts_user_groups",
    "accounts_user_user_permissions",
    "accounts_enduserimport",
    "accounts_enduserimportrow",
    "foundation_jobpart",
}


def grant_rights(role: str) -> None:
    """Give a role exactly the rights that the application needs, whatever it had before; to be called by the owner, after migrating.

    Does nothing on SQLite, which has no roles.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(role)
        for statement in [*_everywhere(name), *_on_each_table(name, connection.introspection.table_names(cursor))]:
            cursor.execute(statement)


def _everywhere(role: str) -> list[str]:
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}",
        f"GRANT USAGE ON SCHEMA public TO {role}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {role}",
    ]


def _on_each_table(role: str, tables: list[str]) -> list[str]:
    return [f"GRANT {', '.join(_rights_on(table))} ON {connection.ops.quote_name(table)} TO {role}" for table in sorted(tables)]


def _rights_on(table: str) -> list[str]:
    if table == "django_migrations":
        return ["SELECT"]
    if table in APPEND_ONLY:
        return ["SELECT", "INSERT"]
    if table in FILLED_IN_LATER:
        return ["SELECT", "INSERT", f"UPDATE ({', '.join(FILLED_IN_LATER[table])})"]
    if table in _tables_of_the_house() - DELETED_BY_RIGHT:
        return ["SELECT", "INSERT", "UPDATE"]
    return ["SELECT", "INSERT", "UPDATE", "DELETE"]


def _tables_of_the_house() -> set[str]:
    models = [model for label in OF_THE_HOUSE for model in apps.get_app_config(label).get_models(include_auto_created=True)]
    return {model._meta.db_table for model in models}  # noqa: SLF001 - Django documents _meta
