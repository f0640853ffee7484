"""The EZKL settings that the benchmark tries: its defaults, and a grid tuned by hand.

Weights are KZG-committed (`polycommit`): bound to a commitment, as provault's are. `private` ones, bound to
nothing, are measured too where they help, and are not what is compared with.
The number of rows is the smallest that EZKL accepts for each.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

Visibility = Literal["polycommit", "private"]


@dataclass(frozen=True)
class EzklSetting:
    """One way to run EZKL; a number that is None is left to EZKL's calibration."""

    visibility: Visibility
    decomp_base: int | None = None
    decomp_legs: int | None = None
    inner_columns: int | None = None
    input_scale: int | None = None
    param_scale: int | None = None

    @property
    def calibrated(self) -> bool:
        """Tell whether EZKL chooses everything."""
        return self.decomp_base is None

    @property
    def label(self) -> str:
        """Name the setting in one word a column."""
        if self.calibrated:
            return f"default, {self.visibility}"
        return (
            f"{self.visibility}, base {self.decomp_base}, legs {self.decomp_legs}, "
            f"columns {self.inner_columns}, scales {self.input_scale}/{self.param_scale}"
        )

    @property
    def run_args(self) -> dict[str, Any]:
        """Return the fields of EZKL's PyRunArgs that this sets."""
        named = {
            "param_visibility": self.visibility,
            "decomp_base": self.decomp_base,
            "decomp_legs": self.decomp_legs,
            "num_inner_cols": self.inner_columns,
            "input_scale": self.input_scale,
            "param_scale": self.param_scale,
        }
        return {name: value for name, value in named.items() if value is not None}


DEFAULTS: Final = (EzklSetting("polycommit"), EzklSetting("private"))


def _grid() -> tuple[EzklSetting, ...]:
    settings = [
        EzklSetting("polycommit", base, legs, columns, *scales)
        for scales in ((0, 7), (7, 7))
        for base, legs in ((128, 3), (512, 3), (1024, 2))
        for columns in (1, 2, 4)
    ]
    settings += [EzklSetting("polycommit", 128, 4, columns, 0, 7) for columns in (2, 8)]
    settings += [EzklSetting("polycommit", 1024, 3, columns, 0, 10) for columns in (2, 4)]
    settings += [EzklSetting("private", 512, 3, columns, 0, 7) for columns in (2, 4, 8)]
    return tuple(settings)


#: For R1 and networks of its size.
GRID: Final = _grid()

#: For larger networks, where one setting takes minutes; columns beyond two never lowered the rows of a
#: committed circuit, whose weights fill one column by themselves.
WIDE_GRID: Final = (
    *(
        EzklSetting("polycommit", base, legs, columns, *scales)
        for base, legs, scales in ((512, 3, (0, 7)), (16384, 2, (0, 7)), (1024, 3, (7, 7)))
        for columns in (1, 2)
    ),
    EzklSetting("private", 512, 3, 4, 0, 7),
)
