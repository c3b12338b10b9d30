"""Real charging sessions from files, as vehicles and sessions of the emulator's own model.

One module for each set knows its columns, its dates, its zone and its oddities. The data stay where they are:
`--dataset ../shared/data` reads them from there and copies nothing.
"""

from emulator.datasets.loading import DATASETS, load_dataset

__all__ = ["DATASETS", "load_dataset"]
