"""Which sets there are, and how one set of a folder becomes vehicles."""

from collections.abc import Callable
from pathlib import Path

from emulator.datasets import bmw_u11, dundee, norway_apartment, workplace_asensio
from emulator.datasets.cars import SetCar
from emulator.model import Vehicle

DATASETS: dict[str, Callable[[Path], list[SetCar]]] = {
    "dundee": dundee.read,
    "norway_apartment": norway_apartment.read,
    "workplace_asensio": workplace_asensio.read,
    "bmw_u11": bmw_u11.read,
}


def load_dataset(folder: Path, name: str, user_id: str) -> list[Vehicle]:
    """Read the set `name` below `folder` as vehicles of the owner `user_id`.

    Raises:
        FileNotFoundError: the folder does not hold that set.
    """
    return [car.as_vehicle(name, user_id) for car in DATASETS[name](folder / name)]
