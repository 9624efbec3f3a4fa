"""The ground under all apps: refusals, quantities, one-use keys, notices, template tags. Imports no app."""
