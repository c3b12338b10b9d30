"""Who is told: a webhook's address, its vehicles and its signals. Only the machine's own loopback can be an address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from emulator.v3.signals import RECORDS, SIGNALS

# What a webhook delivers unless told otherwise; a full VIN is not among it.
USUAL = (RECORDS, "odometer-traveleddistance", "tractionbattery-stateofcharge")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription; `vehicles` are ids, None all that are connected through v3."""

    id: str
    name: str
    url: str
    vehicles: frozenset[str] | None
    signals: tuple[str, ...]

    def wants(self, vehicle_id: str) -> bool:
        """Say whether a vehicle is one of the webhook's."""
        return self.vehicles is None or vehicle_id in self.vehicles

    def as_json(self) -> dict[str, object]:
        """Give the webhook as JSON can hold it."""
        vehicles = None if self.vehicles is None else sorted(self.vehicles)
        return {"id": self.id, "name": self.name, "url": self.url, "vehicles": vehicles, "signals": self.signals}


def read_webhook(webhook_id: str, values: Mapping[str, object]) -> Webhook:
    """Make a webhook of `url`, and `name`, `vehicles` and `signals` if told.

    Raises:
        ValueError: the address is none or lies beyond this machine, a list is none, or a signal does not exist.
    """
    if unknown := set(values) - {"url", "name", "vehicles", "signals"}:
        raise ValueError(f"a webhook has no {', '.join(sorted(unknown))}")
    url = str(values.get("url", ""))
    if not _is_loopback(url):
        raise ValueError("url must be an http address on this machine's loopback")
    vehicles = values.get("vehicles")
    return Webhook(
        id=webhook_id,
        name=str(values.get("name") or "emulator webhook"),
        url=url,
        vehicles=None if vehicles is None else frozenset(_texts(vehicles, "vehicles")),
        signals=_signals(values.get("signals")),
    )


def _is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return False
    try:
        return parts.hostname == "localhost" or ip_address(parts.hostname).is_loopback
    except ValueError:
        return False


def _signals(told: object) -> tuple[str, ...]:
    codes = USUAL if told is None else tuple(_texts(told, "signals"))
    if unknown := set(codes) - set(SIGNALS):
        raise ValueError(f"there is no signal {', '.join(sorted(unknown))}")
    return codes


def _texts(told: object, name: str) -> Sequence[str]:
    if not isinstance(told, list | tuple | set | frozenset) or not all(isinstance(each, str) for each in told):
        raise ValueError(f"{name} must be a list of texts")
    return [str(each) for each in told]
