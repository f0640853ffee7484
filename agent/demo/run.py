"""Run the demo: commit, deploy, trade, suffer frauds, and write what is left of it."""

from __future__ import annotations

import socket
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.chain import Chain
from agent.demo.epoch_lines import EpochReader
from agent.demo.frauds import FRAUDS
from agent.demo.period import EPOCHS, FIRST_INTERVAL, SEED
from agent.demo.prices import choose_prices
from agent.demo.recorder import Recorder
from agent.demo.report import write_report
from agent.demo.result import DemoResult
from agent.demo.state_folder import (
    JOURNAL,
    RECORDING,
    REPORT,
    STRATEGY,
    KeptChain,
    demo_folder,
    keep_chain,
    run_folder,
)
from agent.demo.trading import TradingRun, start_run
from agent.demo.vault_history import VaultHistory
from agent.demo.world import BASE_DECIMALS, RISKY_DECIMALS, build_world, genesis_secs, tick_count
from agent.errors import PortInUseError
from contracts.compile import compile_contract
from contracts.deploy import StrategyFiles
from contracts.node import HOST, Anvil
from prover.artefacts import create_strategy, load_prover
from prover.compile.reference import LAYOUTS
from prover.kernel.cache import write_atomic
from prover.protocol.key import strategy_commitment
from prover.protocol.prove import Prover
from strategies.artefacts import load_model, shipped_model

MODEL = "eth_mlp"
LAYOUT = LAYOUTS["r1"]
CONTRACTS = ("testing/Token", "testing/Mover", "PriceLog", "Verifier", "Vault")


@dataclass(frozen=True)
class DemoOptions:
    """What the user may choose."""

    epochs: int = EPOCHS  # before the one in which the frauds try
    data: Path | None = None
    seed: int = SEED
    port: int = 0  # of the chain; 0 takes a free one
    keep: bool = False


class Narrator(Protocol):
    """Show how far a demo has come."""

    def stage(self, text: str) -> None:
        """Name what is being done now."""
        ...

    def steps(self, total: int) -> None:
        """Say how many steps there are in all."""
        ...

    def advance(self, text: str) -> None:
        """Say that a step is done."""
        ...


def run_demo(options: DemoOptions, narrator: Narrator) -> DemoResult:
    """Run the whole story and leave its files in the demo's folder.

    Raises: AgentError, ContractsError, ProverError or StrategiesError by name, with nothing half-written.
    """
    check_port(options.port)
    epochs = options.epochs + 1
    prices = choose_prices(
        tick_count(epochs),
        first_interval=FIRST_INTERVAL,
        file=options.data,
        seed=options.seed,
        say=narrator.stage,
    )
    narrator.steps(epochs + len(FRAUDS))
    with run_folder() as folder:
        narrator.stage("compiling the contracts")
        for name in CONTRACTS:
            compile_contract(name)
        narrator.stage("committing to the strategy with fresh blinding")
        prover, files = commit_shipped_model(folder / STRATEGY)
        anvil = Anvil(port=options.port, genesis_secs=genesis_secs(prices), keep=options.keep)
        try:
            anvil.start()
            world = build_world(
                anvil, prices, files, options.seed, lambda text: narrator.stage(f"building: {text}")
            )
            with closing(Chain(anvil.rpc_url)) as chain:
                run, journal = start_run(world, prover, chain, folder / JOURNAL)
                with closing(journal):
                    result = _play(run, options, folder, prover, narrator)
            if options.keep:
                keep_chain(KeptChain(anvil.process_id, anvil.rpc_url, result.vault))
        except BaseException:
            anvil.close()
            raise
        if not options.keep:
            anvil.close()
    return result


def _play(
    run: TradingRun, options: DemoOptions, folder: Path, prover: Prover, narrator: Narrator
) -> DemoResult:
    world = run.world
    narrator.stage("trading, one proven decision an epoch")
    run.trade(options.epochs, lambda epoch: narrator.advance(f"epoch {epoch}"))
    narrator.stage("frauds")
    refusals = run.suffer_frauds(lambda fraud: narrator.advance(f"fraud {fraud} refused"))
    narrator.advance(f"epoch {run.reports[-1].epoch}, honest")

    narrator.stage("reading the chain")
    stack, rules = world.stack, run.agent.access.facts.rules
    history = VaultHistory.read(stack.vault, stack.price_log)
    recorder = Recorder(history, world.market.pool, rules, world.market.tick_spacing)
    recording = recorder.record(
        data_source=world.prices.source,
        chain_id=run.agent.settings.chain_id,
        strategy_digest=strategy_commitment(prover.proving_key.key.digest, prover.commitment),
        risky_decimals=RISKY_DECIMALS,
    )
    write_atomic(folder / RECORDING, recording.to_bytes())
    reader = EpochReader(
        history,
        recording,
        stack.verifier.address,
        {report.epoch: report.prove_secs or 0.0 for report in run.reports},
        run.reports[-1].epoch,
    )
    lines = reader.lines()
    first = history.named("Decision")[0]
    result = DemoResult(
        lines=lines,
        refusals=refusals,
        start_base=int(first.args["base"]),
        start_risky=int(first.args["risky"]),
        base_decimals=BASE_DECIMALS,
        data_source=world.prices.source,
        rpc_url=world.chain.rpc_url,
        vault=stack.vault.address,
        report_path=demo_folder() / REPORT,
        recording_path=demo_folder() / RECORDING,
        chain_kept=options.keep,
    )
    narrator.stage("writing the report")
    write_report(result, folder / REPORT)
    return result


def check_port(port: int) -> None:
    """Refuse a port that another program listens on, before anything is built.

    Raises: PortInUseError.
    """
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError as error:
            raise PortInUseError(port) from error


def commit_shipped_model(folder: Path) -> tuple[Prover, StrategyFiles]:
    """Compile the shipped model, commit to it with fresh blinding, and load it from its folder again."""
    model = load_model(shipped_model(MODEL))
    create_strategy(folder, model.architecture, LAYOUT, model.weights)
    write_atomic(folder / "public" / "card.md", model.card.encode())
    prover = load_prover(folder)
    return prover, StrategyFiles(
        key=prover.proving_key.key.to_bytes(),
        commitment=prover.commitment,
        architecture=model.architecture.to_bytes(),
        layout=LAYOUT.to_bytes(),
    )
