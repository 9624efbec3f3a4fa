"""BETWEEN MY ACCOUNTS: licenses pulled over a link. Its documents are journal entries; it has no table of its own."""
