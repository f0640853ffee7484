"""Give `provault backtest`: a recorded run to the integer, or a strategy over candles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.errors import InvalidOptionError, MissingDemoError
from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.output import Document
    from strategies.artefacts import CommittedStrategy
    from strategies.backtest.result import EpochResult
    from strategies.candles import Candles

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="recording.json of a run, a file of candles, or a folder of pool minutes; else the last demo's.",
    ),
]
StrategyOption = Annotated[
    Path | None,
    typer.Option(
        "--strategy", help="Strategy folder. A recording: the last demo's; candles: the shipped one."
    ),
]
ReportOption = Annotated[Path | None, typer.Option("--report", help="HTML page to write.")]
TimerangeOption = Annotated[
    str | None,
    typer.Option("--timerange", help="Days of the candles, 20210101-20221010; either end may lack."),
]
BalanceOption = Annotated[
    int, typer.Option("--starting-balance", min=1, help="Base that the vault opens with.")
]
FeeOption = Annotated[
    float,
    typer.Option("--fee", min=0.0, max=0.5, help="The pool's fee as a fraction; a recording has its own."),
]
ImpactOption = Annotated[
    float,
    typer.Option("--impact-bps", help="Price move of a swap of the starting balance, candles only."),
]
GasOption = Annotated[
    float, typer.Option("--gas", min=0.0, help="Base that one decided epoch costs the operator in gas.")
]
VaultFeeOption = Annotated[
    float,
    typer.Option(
        "--vault-fee", min=0.0, max=0.02, help="The operator's fee a year; a recording has its own."
    ),
]
DecimalsOption = Annotated[
    int, typer.Option("--base-decimals", min=0, max=18, help="Decimals of the base token, pool minutes only.")
]
OrderOption = Annotated[
    bool,
    typer.Option("--risky-is-token0/--risky-is-token1", help="Which token is risky, pool minutes only."),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Seed of the bootstrap interval.")]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""

    @app.command("backtest")
    def backtest(
        data: DataOption = None,
        strategy: StrategyOption = None,
        report: ReportOption = None,
        timerange: TimerangeOption = None,
        starting_balance: BalanceOption = 1_000_000,
        fee: FeeOption = 0.0005,
        impact_bps: ImpactOption = 20.0,
        gas: GasOption = 0.0,
        vault_fee: VaultFeeOption = 0.0,
        base_decimals: DecimalsOption = 6,
        risky_is_token0: OrderOption = False,
        seed: SeedOption = 1,
        json: JsonOption = False,
    ) -> None:
        """Replay a recorded run to the integer, or run a strategy over candles.

        Example: provault backtest
        Example: provault backtest --data recording.json
        Example: provault backtest --data pool-minutes --fee 0.0005 --starting-balance 100000
        Example: provault backtest --data ETH_USDT-1h.json --timerange 20210101- --report report.html
        """

        def action() -> Document:
            chosen = data or last_recording()
            if _holds_recording(chosen):
                return backtest_recording(chosen, strategy, report=report, gas=gas, seed=seed)
            if chosen.is_dir():
                return backtest_pool(
                    chosen,
                    strategy,
                    report=report,
                    balance=starting_balance,
                    fee=fee,
                    base_decimals=base_decimals,
                    risky_is_token0=risky_is_token0,
                    gas=gas,
                    vault_fee=vault_fee,
                    seed=seed,
                )
            return backtest_candles(
                chosen,
                strategy,
                report=report,
                timerange=timerange,
                balance=starting_balance,
                fee=fee,
                impact_bps=impact_bps,
                gas=gas,
                vault_fee=vault_fee,
                seed=seed,
            )

        run_command(action, json=json, render=_render)


def last_recording() -> Path:
    """Return the recording that the last demo left.

    Raises: MissingDemoError.
    """
    from agent.demo.state_folder import RECORDING, demo_folder

    path = demo_folder() / RECORDING
    if not path.is_file():
        raise MissingDemoError(path)
    return path


def backtest_recording(
    data: Path, strategy: Path | None, *, report: Path | None, gas: float, seed: int
) -> Document:
    """Reproduce a recorded run and measure it.

    Raises: StrategiesError by name: RecordingError, StrategyDigestError, ReplayError, ArtefactError.
    """
    from agent.demo.state_folder import STRATEGY, demo_folder
    from strategies.artefacts import read_strategy
    from strategies.backtest.replay import replay
    from strategies.recording import read_recording

    recording = read_recording(data)
    result = replay(recording, read_strategy(strategy or demo_folder() / STRATEGY))
    rules = recording.rules.rules()
    facts = {
        "kind": "recording",
        "data": str(data),
        "data_source": recording.data_source,
        "strategy_digest": recording.strategy_digest,
        "events": result.events,
        "equal": "every decision, trade, share and fee, to the integer",
    }
    document = _document(facts, result.epochs, rules, rules.base_decimals, gas, seed, report)
    final = recording.final.model_dump(mode="json")
    return {**document, "epochs": [_epoch(epoch) for epoch in result.epochs], "final": final}


def backtest_candles(
    data: Path,
    strategy: Path | None,
    *,
    report: Path | None,
    timerange: str | None,
    balance: int,
    fee: float,
    impact_bps: float,
    gas: float,
    vault_fee: float,
    seed: int,
) -> Document:
    """Run a strategy over candles and measure it.

    Raises: StrategiesError by name; InvalidOptionError for a time range that cannot be read.
    """
    from decimal import Decimal

    from strategies.backtest.candle_market import ImpactModel
    from strategies.backtest.candle_run import run_candles
    from strategies.candles import read_candles

    chosen, name = _strategy(strategy)
    candles = _within(read_candles(data), timerange)
    impact = ImpactModel(Decimal(repr(impact_bps)), round(fee * 1_000_000))
    run = run_candles(
        candles,
        chosen.architecture,
        chosen.weights,
        impact=impact,
        balance=balance,
        vault_fee_a_year=vault_fee,
    )
    facts = {
        "kind": "candles",
        "data": str(data),
        "strategy": name,
        "candles": len(candles),
        "candles_missing": candles.missing_count,
        "starting_balance": balance,
        "pool_fee": f"{impact.pool_fee_pips / 10_000:g} %",
        "impact_bps": str(impact.impact_bps),
        "liquidity": str(run.liquidity),
        "fills": "constant liquidity around each close, at the vault's limits; equal to no real run",
    }
    return _document(facts, run.epochs, run.rules, run.base_decimals, gas, seed, report)


def backtest_pool(
    data: Path,
    strategy: Path | None,
    *,
    report: Path | None,
    balance: int,
    fee: float,
    base_decimals: int,
    risky_is_token0: bool,
    gas: float,
    vault_fee: float,
    seed: int,
) -> Document:
    """Run a strategy over a pool's own minutes and measure it.

    Raises: StrategiesError by name; InvalidOptionError for a fee that the exchange does not have.
    """
    from strategies.backtest.pool_run import TICK_SPACING, pool_rules, run_pool
    from strategies.pool_minutes import read_pool_minutes

    pips = round(fee * 1_000_000)
    if pips not in TICK_SPACING:
        tiers = ", ".join(f"{tier / 1_000_000:g}" for tier in TICK_SPACING)
        raise InvalidOptionError("--fee", fee, f"a tier of the exchange: {tiers}")
    chosen, name = _strategy(strategy)
    minutes = read_pool_minutes(data)
    rules = pool_rules(
        chosen.architecture,
        risky_is_token0=risky_is_token0,
        base_decimals=base_decimals,
        pool_fee_pips=pips,
    )
    run = run_pool(
        minutes, chosen.architecture, chosen.weights, rules, balance=balance, vault_fee_a_year=vault_fee
    )
    facts = {
        "kind": "pool minutes",
        "data": str(data),
        "strategy": name,
        "minutes": len(minutes.ticks),
        "starting_balance": balance,
        "pool_fee": f"{pips / 10_000:g} %",
        "fills": "the pool's own price and liquidity at each hour, the same up to the vault's limits",
    }
    return _document(facts, run.epochs, run.rules, base_decimals, gas, seed, report)


def _document(
    facts: dict[str, object],
    epochs: Sequence[EpochResult],
    rules: Any,  # noqa: ANN401
    base_decimals: int,
    gas: float,
    seed: int,
    report: Path | None,
) -> dict[str, Any]:
    """Measure a run, write its page if asked, and return the document."""
    from dataclasses import asdict

    from strategies.backtest.metrics import measure_run

    metrics = measure_run(epochs, rules, seed=seed, gas_base=round(gas * 10**base_decimals))
    document: dict[str, Any] = {
        **facts,
        "seed": seed,
        "base_decimals": base_decimals,
        "metrics": asdict(metrics),
    }
    if report is not None:
        from strategies.backtest.report import facts_of, write_report

        write_report(
            report,
            title=f"Backtest of {Path(str(facts['data'])).name}",
            facts=facts_of({**facts, "seed": seed}),
            epochs=epochs,
            metrics=metrics,
            base_decimals=base_decimals,
        )
        document["report_path"] = report
    return document


def _holds_recording(path: Path) -> bool:
    """Tell a recording from candles by its first bytes.

    Raises: FileNotFoundError.
    """
    if path.is_dir():
        return False
    with path.open("rb") as stream:
        return path.suffix == ".json" and stream.read(64).lstrip().startswith(b"{")


def _strategy(folder: Path | None) -> tuple[CommittedStrategy, str]:
    """Return the strategy of a folder, or the shipped one."""
    from strategies.artefacts import CommittedStrategy, load_model, read_strategy, shipped_model

    if folder is not None:
        return read_strategy(folder), str(folder)
    model = load_model(shipped_model("eth_mlp"))
    return CommittedStrategy(model.architecture, model.weights, None), "eth_mlp, as shipped"


def _within(candles: Candles, timerange: str | None) -> Candles:
    """Cut candles to the days of a time range; the last day is included."""
    if timerange is None:
        return candles
    from agent.time_range import parse_time_range

    start, end = parse_time_range(timerange)
    part = candles.between(start, end)
    if len(part) == 0:
        raise InvalidOptionError("--timerange", timerange, "days that the candles cover")
    return part


def _epoch(epoch: EpochResult) -> dict[str, Any]:
    """Return one epoch of a replayed run, integers as decimal strings."""
    from strategies.decision import Idle

    trades = [
        {"idle": int(trade.reason)}
        if isinstance(trade, Idle)
        else {
            "buy": trade.buy,
            "paid": str(trade.paid),
            "got": str(trade.got),
            "limit_tick": trade.limit_tick,
            "spent_e18": str(trade.spent_e18),
        }
        for trade in epoch.trades
    ]
    return {
        "epoch": epoch.epoch,
        "target_bps": epoch.target_bps,
        "tick": epoch.tick,
        "nav": str(epoch.nav),
        "trades": trades,
    }


def _render(document: Document) -> Any:  # noqa: ANN401
    """Draw a table."""
    from rich.table import Table

    from strategies.backtest.metrics import Costs, Metrics
    from strategies.backtest.report import facts_of, figures_text

    figures = dict(document["metrics"])
    metrics = Metrics(**{**figures, "costs": Costs(**figures["costs"])})
    table = Table.grid(padding=(0, 2))
    table.add_column()
    table.add_column(overflow="fold")
    hidden = ("metrics", "epochs", "final", "base_decimals")
    facts = facts_of({name: value for name, value in document.items() if name not in hidden})
    for name, value in [*facts, *figures_text(metrics, document["base_decimals"])]:
        table.add_row(name, value)
    return table
