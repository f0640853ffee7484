"""The default period of the demo, and how it was chosen."""

from __future__ import annotations

from typing import Final

from agent.demo.world import WINDOW_TICKS

#: 2021-11-25 00:00 UTC; the shipped model was trained on data up to the end of 2020. Of all midnights of 2021
#: and 2022 after which 25 hourly decisions hold at least six buys, six sells and six holds, the one whose
#: decisions stay farthest (17 bps of net asset value) from the edge of the band: the costs of trading, which
#: depend on liquidity, cannot turn a trade into a hold or back. Returns played no part in the choice.
FIRST_EPOCH: Final = 454_944
FIRST_INTERVAL: Final = FIRST_EPOCH - WINDOW_TICKS
EPOCHS: Final = 24
SEED: Final = 20_211_125
