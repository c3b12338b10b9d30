"""How a tariff begins in `tariffs.toml`, for tests that price something."""

from __future__ import annotations


def tariff(name: str = "home", version: str = "1", currency: str = "EUR", since: str = "2020-01-01") -> str:
    """A tariff of gross prices without any price yet."""
    return f"""
[[tariff]]
id = "{name}"
version = "{version}"
currency = "{currency}"
valid_from = {since}
prices_are = "gross"
"""
