from django.contrib.auth.hashers import Argon2PasswordHasher


class FastArgon2PasswordHasher(Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 8
    parallelism = 1


class CountingPasswordHasher(FastArgon2PasswordHasher):
    """Writes down each time that a password is hashed, whether to be stored or to be compared."""

    hashed: list[str] = []

    def encode(self, password, salt):
        self.hashed.append("encode")
        return super().encode(password, salt)

    def verify(self, password, encoded):
        self.hashed.append("verify")
        return super().verify(password, encoded)
