"""The measured figures that the generator draws from, each beside the set it was measured on.

`emulator/measure.py` measures the sets and the generator again and shows both. A figure that no set can tell is
called an assumption here and in docs/emulator.md.
"""

from dataclasses import dataclass

# Where the quantiles of the tables below stand.
STEPS = (
    0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5,
    0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 1,
)  # fmt: skip

Quantiles = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PlaceFigures:
    """How sessions of one kind of place are spread: kWh above zero, hours, sessions by local hour of their start."""

    energy_kwh: Quantiles
    duration_h: Quantiles
    by_hour: tuple[int, ...]
    zero_share: float
    rank_correlation: float
    power_kw: float


# norway_apartment: 3,540 closed sessions at home.
HOME = PlaceFigures(
    energy_kwh=(
        0.01, 0.03, 0.235, 1.31, 2.55, 3.549, 4.42, 5.2, 5.934, 6.67, 7.24, 8.05, 8.875,
        10.045, 11.7, 13.157, 14.81, 16.683, 19.72, 24.13, 29.526, 43.713, 53.84, 61.082, 80.86,
    ),
    duration_h=(
        0.0, 0.017, 0.091, 0.533, 1.165, 1.683, 2.217, 2.75, 3.283, 4.027, 5.167, 7.8, 9.75,
        10.983, 11.907, 12.95, 14.233, 15.221, 16.4, 18.167, 20.418, 26.302, 41.625, 55.997, 132.267,
    ),
    by_hour=(
        46, 15, 10, 4, 1, 2, 3, 28, 37, 32, 72, 105, 123, 160, 219, 448, 505, 330, 322, 370, 273, 185, 166, 84,
    ),
    zero_share=0.0,
    rank_correlation=0.336,
    power_kw=7.8,
)  # fmt: skip

# workplace_asensio: 3,395 sessions at work.
WORK = PlaceFigures(
    energy_kwh=(
        0.01, 0.31, 0.955, 1.54, 2.67, 3.47, 4.028, 4.47, 4.94, 5.37, 5.746, 6.02, 6.28,
        6.47, 6.58, 6.7, 6.77, 6.84, 6.91, 6.99, 7.131, 9.622, 14.166, 17.976, 23.68,
    ),
    duration_h=(
        0.013, 0.026, 0.359, 0.813, 1.323, 1.701, 1.965, 2.11, 2.283, 2.423, 2.543, 2.686, 2.809,
        2.946, 3.101, 3.246, 3.393, 3.544, 3.715, 3.879, 4.065, 4.611, 5.325, 6.404, 55.238,
    ),
    by_hour=(
        3, 3, 0, 2, 4, 2, 1, 1, 53, 158, 295, 504, 475, 291, 139, 192, 404, 437, 233, 119, 56, 14, 7, 2,
    ),
    zero_share=55 / 3395,
    rank_correlation=0.453,
    power_kw=7.2,
)  # fmt: skip

# dundee: 157 public sessions at chargers of 7 and 22 kW.
PUBLIC_AC = PlaceFigures(
    energy_kwh=(
        0.01, 0.04, 0.202, 0.389, 1.157, 1.987, 2.859, 3.544, 4.061, 4.745, 5.317, 6.134, 6.415,
        6.56, 6.662, 7.033, 8.741, 10.254, 11.507, 14.772, 19.103, 26.807, 34.07, 42.283, 44.456,
    ),
    duration_h=(
        0.017, 0.017, 0.032, 0.193, 0.443, 0.643, 0.943, 1.133, 1.347, 1.497, 1.773, 1.923, 2.2,
        2.327, 2.693, 3.407, 4.02, 4.65, 6.2, 8.433, 8.79, 9.543, 15.853, 19.153, 30.483,
    ),
    by_hour=(0, 0, 0, 0, 0, 0, 0, 1, 42, 7, 11, 13, 18, 10, 18, 11, 4, 5, 7, 5, 4, 1, 0, 0),
    zero_share=5 / 157,
    rank_correlation=0.480,
    power_kw=19.0,
)  # fmt: skip

# dundee: 169 public sessions at rapid chargers.
PUBLIC_DC = PlaceFigures(
    energy_kwh=(
        0.097, 0.501, 1.767, 2.401, 3.077, 4.447, 5.582, 8.03, 10.174, 11.976, 12.779, 15.555, 17.67,
        18.262, 19.184, 21.432, 24.262, 26.044, 28.996, 31.767, 38.695, 50.996, 61.228, 66.403, 70.984,
    ),
    duration_h=(
        0.017, 0.089, 0.143, 0.207, 0.283, 0.357, 0.417, 0.483, 0.5, 0.55, 0.583, 0.617, 0.683,
        0.74, 0.8, 0.887, 0.96, 1.033, 1.347, 1.727, 2.2, 3.527, 4.177, 4.46, 4.817,
    ),
    by_hour=(0, 0, 0, 0, 0, 0, 8, 2, 7, 14, 20, 11, 14, 15, 22, 20, 4, 8, 7, 6, 5, 5, 0, 1),
    zero_share=0.0,
    rank_correlation=0.539,
    power_kw=50.0,
)  # fmt: skip

# norway_apartment: hours from one session of a user to the start of the next (overlaps counted as 0).
GAP_H: Quantiles = (
    0.0, 0.0, 0.033, 0.3, 0.833, 1.667, 2.58, 4.05, 6.567, 8.383, 9.277, 11.3, 14.217,
    21.29, 27.127, 34.922, 46.963, 56.658, 72.477, 90.745, 121.227, 181.787, 272.839, 565.83, 2290.733,
)  # fmt: skip

# workplace_asensio: dollars of the 379 sessions (of 3,395) that cost something, a fee by time.
FEE: Quantiles = (
    0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5,
    0.58, 0.67, 0.806, 0.92, 1.17, 1.42, 1.607, 2.25, 3.517, 4.75, 5.422, 7.5,
)  # fmt: skip
FEE_SHARE = 379 / 3395

# Sessions a day of drivers seen for more than two weeks: norway_apartment, dundee, workplace_asensio.
HOME_RATE, PUBLIC_RATE, WORK_RATE = 0.383, 0.146, 0.423
PUBLIC_SHARE = PUBLIC_RATE / (HOME_RATE + PUBLIC_RATE)
WORK_SHARE = WORK_RATE / (HOME_RATE + PUBLIC_RATE + WORK_RATE)
# dundee: 169 of 326 closed public sessions were at rapid chargers.
DC_SHARE = 169 / 326
# bmw_u11: three of six sessions said AC_HIGH; five of six energies were 32-bit floats.
AC_HIGH_SHARE = 3 / 6
FLOAT32_SHARE = 5 / 6

# Assumptions, which no set can tell: owners who charge at work, Teslas without a home address, bills corrected
# later, bills without energy, vehicles whose API writes numbers as costs or epoch seconds as dates.
WORKER_SHARE = 0.15
NO_HOME_SHARE = 0.10
CORRECTED_SHARE = 0.02
NO_ENERGY_SHARE = 0.03
NUMBER_COST_SHARE = 0.3
EPOCH_DATE_SHARE = 0.25


def at(table: Quantiles, share: float) -> float:
    """Read a table of quantiles at `share` (0..1), straight lines between its steps."""
    for place in range(1, len(STEPS)):
        if share <= STEPS[place]:
            low, high = STEPS[place - 1], STEPS[place]
            return table[place - 1] + (table[place] - table[place - 1]) * (share - low) / (high - low)
    return table[-1]
