"""A Smartcar to practise on: a server that speaks the real API, with data, a clock, limits and faults.

It imports nothing of the other rooms, so that it stays a fair judge of them. See docs/emulator.md.
"""

from emulator.command import add_arguments, config_from, serve
from emulator.config import EmulatorConfig
from emulator.server import Emulator, running

__all__ = ["Emulator", "EmulatorConfig", "add_arguments", "config_from", "running", "serve"]
