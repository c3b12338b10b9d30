"""A seeded fleet: vehicles and sessions that nobody drove, spread as the real sets are spread.

The same seed gives the same bytes whatever the order of requests, and a vehicle costs nothing until it is asked.
"""

from emulator.generator.fleet import GeneratedAccount

__all__ = ["GeneratedAccount"]
