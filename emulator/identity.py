"""Names that are the same in every run: ids, VINs and shares drawn by hashing the seed and what they belong to."""

from hashlib import blake2b
from uuid import UUID

_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"


def digest(*parts: object) -> int:
    """Give a 128-bit number that depends on `parts` and on nothing else."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big")


def uuid_of(*parts: object) -> str:
    """Give the id of what `parts` name."""
    return str(UUID(int=digest(*parts), version=4))


def fraction(*parts: object) -> float:
    """Give a number in [0, 1) that depends on `parts` only: how a stable share of something is picked."""
    return (digest(*parts) >> 75) / (1 << 53)


def vin_of(prefix: str, *parts: object) -> str:
    """Give a 17-character VIN that begins with the maker's `prefix`. It is made up and carries no check digit."""
    number = digest("vin", *parts)
    tail = ""
    while len(prefix) + len(tail) < 17:  # noqa: PLR2004 - the length of every VIN
        number, place = divmod(number, len(_VIN_LETTERS))
        tail += _VIN_LETTERS[place]
    return prefix + tail


VIN_PREFIX = {"TESLA": "5YJ", "BMW": "WBY", "MINI": "WMW", "NISSAN": "1N4", "FORD": "3FM", "LINCOLN": "5LM"}
# Makes that v2.0 does not know.
V3_VIN_PREFIX = {"KIA": "KNA", "VOLKSWAGEN": "WVG"}
