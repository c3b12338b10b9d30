"""Which cars there are and where they live: models, batteries, countries, cities and charging sites.

Batteries are in kWh. Prices of public charging are assumptions, in the country's currency for a kWh.
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Model:
    """A model with its usable battery in kWh; `fast` says whether it can charge with direct current."""

    name: str
    battery_kwh: float
    fast: bool = True


@dataclass(frozen=True, slots=True)
class City:
    """A city: IANA zone, a street for homes, the sites people charge at in public, one workplace, its coordinates."""

    name: str
    zone: str
    street: str
    sites: tuple[str, ...]
    workplace: str
    coordinates: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Country:
    """A country: ISO 3166 and ISO 4217 codes, price of a kWh at a fast charger, what a fee of 1 USD is there."""

    code: str
    currency: str
    price: Decimal
    fee_factor: Decimal
    cities: tuple[City, ...]


# ruff: noqa: E501 - a table with one city a line reads better than one broken at every comma

MODELS = {
    "TESLA": (Model("Model 3", 75), Model("Model Y", 75), Model("Model S", 95), Model("Model X", 95)),
    "BMW": (
        Model("i4", 81), Model("iX1", 65), Model("iX", 105), Model("i3", 38), Model("i5", 81),
        Model("330e", 12, fast=False), Model("X5 xDrive50e", 26, fast=False),
    ),
    "MINI": (Model("Cooper SE", 49), Model("Countryman SE ALL4", 65), Model("Hatch Electric", 29)),
    "NISSAN": (Model("Leaf", 39), Model("Leaf Plus", 59), Model("Ariya", 87)),
    "FORD": (Model("Mustang Mach-E", 91), Model("F-150 Lightning", 98), Model("Explorer EV", 77)),
    "LINCOLN": (Model("Corsair Grand Touring", 11, fast=False), Model("Aviator Grand Touring", 10, fast=False)),
    "KIA": (Model("EV6", 74), Model("Niro EV", 65), Model("Niro PHEV", 11, fast=False)),
    "VOLKSWAGEN": (Model("ID.3", 58), Model("ID.4", 77), Model("ID. Buzz", 79)),
}  # fmt: skip

COUNTRIES = (
    Country("US", "USD", Decimal("0.42"), Decimal(1), (
        City("Los Gatos, CA", "America/Los_Angeles", "University Ave", ("Los Gatos, CA", "Gilroy, CA", "San Jose, CA - Santana Row"), "1 Winchester Cir, Los Gatos, CA", (37.2266, -121.9746)),
        City("Atlanta, GA", "America/New_York", "Peachtree St NE", ("Atlanta, GA - Ponce City", "Macon, GA", "Athens, GA"), "84 5th St NW, Atlanta, GA", (33.749, -84.388)),
        City("Boulder, CO", "America/Denver", "Pearl St", ("Boulder, CO", "Silverthorne, CO", "Golden, CO"), "2500 Walnut St, Boulder, CO", (40.015, -105.2705)),
    )),
    Country("CA", "CAD", Decimal("0.55"), Decimal("1.4"), (
        City("Montréal, QC", "America/Toronto", "Rue Saint-Denis", ("Montréal, QC", "Trois-Rivières, QC", "Kingston, ON"), "1250 Boul. René-Lévesque, Montréal, QC", (45.5019, -73.5674)),
    )),
    Country("DE", "EUR", Decimal("0.49"), Decimal(1), (
        City("80331 München", "Europe/Berlin", "Müllerstraße", ("Sonnenstraße 12, 80331 München", "Raststätte Köschinger Forst, 85092 Kösching", "Bahnhofstraße 3, 82319 Starnberg"), "Petuelring 130, 80809 München", (48.1372, 11.5756)),
        City("20095 Hamburg", "Europe/Berlin", "Große Bleichen", ("Am Sandtorkai 5, 20457 Hamburg", "Autohof Soltau-Süd, 29614 Soltau"), "Überseering 2, 22297 Hamburg", (53.5511, 9.9937)),
    )),
    Country("NL", "EUR", Decimal("0.46"), Decimal(1), (
        City("Utrecht", "Europe/Amsterdam", "Oudegracht", ("Jaarbeursplein, Utrecht", "Breukelen", "'s-Hertogenbosch"), "Croeselaan 18, Utrecht", (52.0907, 5.1214)),
    )),
    Country("GB", "GBP", Decimal("0.51"), Decimal("0.8"), (
        City("Barnet, EN4 0", "Europe/London", "Cockfosters Road", ("Cockfosters Road, Barnet, EN4 0", "South Mimms Services, Potters Bar, EN6 3", "Brent Cross, London, NW4 3"), "1 Station Road, Barnet, EN5 1", (51.653, -0.17)),
        City("Dundee, DD1", "Europe/London", "Nethergate", ("Lochee Charging Hub, Dundee", "Queen Street Car Park, Broughty Ferry, Dundee", "Perth, PH2"), "Riverside Drive, Dundee, DD2", (56.462, -2.9707)),
    )),
    Country("NO", "NOK", Decimal("4.29"), Decimal(10), (
        City("7030 Trondheim", "Europe/Oslo", "Øvre Møllenberg gate", ("Sluppenvegen 10, 7037 Trondheim", "Støren, 7290", "Åre vei 4, 7500 Stjørdal"), "Kongens gate 1, 7011 Trondheim", (63.4305, 10.3951)),
    )),
    Country("CH", "CHF", Decimal("0.57"), Decimal("0.9"), (
        City("8001 Zürich", "Europe/Zurich", "Bahnhofstrasse", ("Pfingstweidstrasse 6, 8005 Zürich", "Raststätte Würenlos, 5436", "Egerkingen, 4622"), "Hardstrasse 201, 8005 Zürich", (47.3769, 8.5417)),
    )),
)  # fmt: skip
