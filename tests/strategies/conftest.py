"""Fixtures: the shipped model, and the hourly candles it was trained on."""

from pathlib import Path

import pytest

from strategies.artefacts import CompiledModel, load_model, shipped_model
from strategies.candles import Candles, read_candles

_READ: dict[Path, Candles] = {}


@pytest.fixture
def eth_candles(price_data: Path) -> Candles:
    """Hourly ETH/USDT, read once."""
    path = price_data / "binance" / "ETH_USDT-1h.json"
    if path not in _READ:
        _READ[path] = read_candles(path)
    return _READ[path]


@pytest.fixture(scope="session")
def eth_model() -> CompiledModel:
    """The demonstration's model as integers."""
    return load_model(shipped_model("eth_mlp"))
