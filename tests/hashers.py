from accounts.hashing import OneAtATimeHasher


class FastArgon2PasswordHasher(OneAtATimeHasher):
    time_cost = 1
    memory_cost = 8


class CountingPasswordHasher(FastArgon2PasswordHasher):
    """Writes down each time that a password is hashed, whether to be stored or to be compared."""

    hashed: list[str] = []

    def encode(self, password, salt):
        self.hashed.append("encode")
        return super().encode(password, salt)

    def verify(self, password, encoded):
        self.hashed.append("verify")
        return super().verify(password, encoded)
