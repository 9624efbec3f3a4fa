"""WHO: accounts, users, links between accounts, acting for a linked account."""
