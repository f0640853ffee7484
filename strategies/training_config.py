"""Read the configuration of a training run: one file for each strategy, unknown keys refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from strategies.errors import ConfigError, DataMissingError


class _Strict(BaseModel):
    """Refuse unknown keys and stay as loaded."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DataConfig(_Strict):
    """Name the candles and split them by time; every date is midnight UTC."""

    file: str = Field(description="candle file, inside the data folder")
    fit_from: date = Field(description="first day that weights are fitted on")
    select_from: date = Field(description="end of fitting; from here on a checkpoint is selected")
    test_from: date = Field(description="end of selection; from here on nothing was seen")
    test_until: date = Field(description="end of the test period")

    @model_validator(mode="after")
    def _ascending(self) -> DataConfig:
        """Refuse a split that is not in the order of time."""
        if not self.fit_from < self.select_from < self.test_from < self.test_until:
            raise ValueError("fit_from, select_from, test_from, test_until must ascend")
        return self


class TrainingConfig(_Strict):
    """Hold everything a training run depends on besides the data."""

    name: str = Field(description="the strategy's name", pattern=r"^[a-z][a-z0-9_]*$")
    seed: int = Field(ge=0, lt=2**63, description="seed of initial weights and input noise")
    data: DataConfig
    window_ticks: int = Field(ge=2, le=128, description="W, ticks of an input window")
    max_step_ticks: int = Field(gt=0, description="MAX_STEP of the price log: the bound of an input")
    shift_bits: int = Field(ge=1, le=12, description="log2 of M, the divisor of every layer")
    hidden: tuple[int, ...] = Field(min_length=1, description="widths of the hidden layers")
    hidden_scales: tuple[float, ...] = Field(description="integer units of 1.0, one for each hidden layer")
    input_scale: float = Field(gt=0, description="ticks that enter the network as 1.0")
    cost: float = Field(ge=0, lt=1, description="fraction lost of what is traded: pool fee and slippage")
    float_steps: int = Field(ge=1, description="optimiser steps without rounding")
    integer_steps: int = Field(ge=1, description="optimiser steps through the exact integer network")
    learning_rate: float = Field(gt=0, description="of the steps without rounding")
    integer_learning_rate: float = Field(gt=0, description="of the steps through integers")
    weight_decay: float = Field(ge=0, description="decoupled weight decay")
    input_noise: float = Field(ge=0, description="relative noise on inputs while fitting")
    activity_weight: float = Field(ge=0, description="weight of the shortfall below activity_least")
    activity_least: tuple[float, float, float] = Field(description="buys, sells, holds wanted in a day")
    turnover_most: float = Field(gt=0, description="change of weight an interval above which it is penalised")
    turnover_weight: float = Field(ge=0, description="weight of that penalty")
    mean_weight: float = Field(ge=0, description="weight of (mean target - 0.5)^2")
    range_weight: float = Field(ge=0, description="weight of targets beyond 0..1 before the clip")
    least_std_bps: float = Field(gt=0, description="a model whose targets move less out of sample is refused")
    least_distinct: int = Field(gt=1, description="a model with fewer distinct targets is refused")
    notes: tuple[str, ...] = Field(default=(), description="sentences that the card repeats")

    @model_validator(mode="after")
    def _matching(self) -> TrainingConfig:
        """Refuse a scale missing or too many."""
        if len(self.hidden_scales) != len(self.hidden) or any(not s > 0 for s in self.hidden_scales):
            raise ValueError("hidden_scales needs one positive number for each hidden layer")
        return self


def read_training_config(path: str | Path) -> TrainingConfig:
    """Read a configuration file.

    Raises: DataMissingError; ConfigError naming the key.
    """
    file = Path(path)
    if not file.is_file():
        raise DataMissingError(file)
    try:
        document = yaml.safe_load(file.read_text())
        return TrainingConfig.model_validate(document)
    except yaml.YAMLError as error:
        raise ConfigError(file, f"is no YAML ({type(error).__name__})") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the document"
        raise ConfigError(file, f"{key}: {first['msg']}") from None


def zoo_config(name: str) -> Path:
    """Return the configuration file of a strategy of the zoo.

    Raises: ConfigError when the zoo has none of that name.
    """
    if name not in zoo_names():
        raise ConfigError(name, f"is no strategy of the zoo; known: {', '.join(zoo_names())}")
    return _zoo_folder() / f"{name}.yaml"


def zoo_names() -> tuple[str, ...]:
    """Return the names of the strategies that can be trained."""
    return tuple(sorted(path.stem for path in _zoo_folder().glob("*.yaml")))


def _zoo_folder() -> Path:
    return Path(__file__).resolve().parent / "zoo"


def midnight_secs(day: date) -> int:
    """Return midnight UTC of a day as unix seconds."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
