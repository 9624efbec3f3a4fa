"""PostgreSQL, used as production uses it: by the application's role, which may do what the application does and no more.

Making the database, migrating it and emptying it between tests are the owner's.
"""

from django.db.backends.postgresql import base, operations


class DatabaseOperations(operations.DatabaseOperations):
    def sql_flush(self, *args, **options):
        statements = super().sql_flush(*args, **options)
        return ["SET LOCAL ROLE NONE", *statements] if statements else []


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    role = "NONE"  # that is, whoever signed in

    def init_connection_state(self):
        super().init_connection_state()
        with self.cursor() as cursor:
            cursor.execute(f"SET ROLE {self.role}")
