"""Put another strategy for a vault on chain: the data contract that can be proposed, and its circuit's files.

Nothing is remembered beside the account's outbox: what the account has created is found by code hash at the
addresses that its nonces give, and a circuit by its event, whoever published it. So the command can be killed
anywhere and run again, by a machine that knows nothing of the first run, and creates nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

from agent.errors import RpcError, UnreachableError
from agent.own_creations import find_creations
from agent.public_strategy import PinnedStrategy, read_pinned_strategy
from agent.published_circuit import find_circuit
from agent.vault_amounts import format_amount
from agent.vault_errors import DeploymentError, VaultCommandError
from agent.vault_reading import PREVIOUS, WINDOW, VaultReading
from agent.vault_sender import simulate
from agent.vault_session import VaultSession, sent_document
from contracts.deployment_plan import creation_address, creation_gas
from contracts.deployment_record import Step
from contracts.publication import creation_code as circuit_creation
from contracts.registration import creation_code as strategy_creation

ENDED, IN_FORCE, PENDING = 2, 9, 10  # places in its status
FROZEN = 4  # place in its powers
ETHER_DECIMALS = 18
STRATEGY, CIRCUIT = "strategy", "circuit"
NAMES = {STRATEGY: "deploy the strategy's commitment", CIRCUIT: "publish the circuit"}
CREATION = "creation"


class StrategyMisfitError(VaultCommandError):
    """Say why a strategy cannot decide in a vault."""


@dataclass
class Piece:
    """One of the two contracts, and where it stands or will stand."""

    kind: str
    code: bytes
    data: bytes
    address: str | None = None  # None until it is found or sent
    sent: Step | None = None

    def step(self, nonce: int = 0) -> Step:
        """Return the transaction that creates it."""
        gas = creation_gas(len(self.data), len(self.code))
        return Step(NAMES[self.kind], CREATION, nonce, gas_limit=gas, data="0x" + self.data.hex())


def publish_strategy(session: VaultSession, folder: Path) -> dict[str, Any]:
    """Put a strategy on chain when the command is live, or show what would be sent.

    Raises: StrategyMisfitError; AgentError, ContractsError and ProverError by name.
    """
    public = folder / "public" if (folder / "public").is_dir() else folder
    publication = _Publication(session, read_pinned_strategy(public), public)
    if session.live:
        publication.send()
    else:
        publication.foretell()
    return publication.document()


def check_fits(vault: VaultReading, strategy: PinnedStrategy, folder: Path) -> None:
    """Refuse a strategy that could never decide in this vault.

    Raises: StrategyMisfitError.
    """
    window, previous = vault.rules[WINDOW], vault.rules[PREVIOUS]
    if strategy.window_ticks != window:
        raise StrategyMisfitError(
            f"the strategy in {folder} reads a window of {strategy.window_ticks} ticks, and {vault.address}"
            f" gives one of {window}, for ever."
        )
    if strategy.previous_target != previous:
        reads, gives = ("does not read", "gives it") if previous else ("reads", "does not give it")
        raise StrategyMisfitError(
            f"the strategy in {folder} {reads} the previous target, and {vault.address} {gives}, for ever."
        )
    if vault.status[ENDED]:
        raise StrategyMisfitError(f"{vault.address} has ended, so no strategy decides there any more.")
    if vault.powers[FROZEN]:
        raise StrategyMisfitError(
            f"the strategy of {vault.address} is frozen for ever, so no other one can be proposed there."
        )


class _Publication:
    """The two contracts of one strategy, and what is known of them."""

    def __init__(self, session: VaultSession, strategy: PinnedStrategy, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self._strategy = strategy
        contract, circuit = strategy.contract, strategy.circuit
        self._strategy_piece = Piece(STRATEGY, contract.code, strategy_creation(contract.code))
        data = circuit_creation(circuit.code, circuit.circuit_digest)
        self._circuit_piece = Piece(CIRCUIT, circuit.code, data)
        self._pieces = (self._strategy_piece, self._circuit_piece)
        self._notes: list[str] = []
        self._foretold: dict[str, str] = {}

    def foretell(self) -> None:
        """Find what is on chain, and try what is not.

        Raises: StrategyMisfitError, RefusedError.
        """
        check_fits(self._session.vault, self._strategy, self._folder)
        self._find()
        session, nonce, cost = self._session, self._session.chain.mined_nonce(self._session.account), 0
        for piece in self._pieces:
            if piece.address is None:
                step = piece.step(nonce)
                simulate(session.chain, step, session.account)
                self._foretold[piece.kind] = creation_address(session.account, nonce)
                nonce, cost = nonce + 1, cost + step.gas_limit * session.max_fee_wei
        held = session.chain.balance_wei(session.account)
        if held < cost:
            needs, has = format_amount(cost, ETHER_DECIMALS), format_amount(held, ETHER_DECIMALS)
            self._notes.append(
                f"at the fee ceiling that costs {needs} ether, and {session.account} holds {has}: fund it"
            )
        if self._foretold:
            self._notes.append("an address changes when the account sends something else before")

    def send(self) -> None:
        """Settle what a run before has left, and create what is missing.

        Raises: EarlierError when another command had left something else, before the strategy is refused for
        what that did; StrategyMisfitError and the other VaultCommandErrors by name.
        """
        with self._session.sending() as sending:
            left = sending.settle(lambda step: self._piece_of(step) is not None)
            piece = None if left is None else self._piece_of(left)
            if left is not None and piece is not None:
                self._created(piece, left)
            check_fits(self._session.vault, self._strategy, self._folder)
            self._find()
            for piece in self._pieces:
                if piece.address is None:
                    step = piece.step()
                    sending.send(step)
                    self._created(piece, step)

    def document(self) -> dict[str, Any]:
        """Return what stands where, what was sent, and what comes next."""
        session, contract = self._session, self._strategy.contract
        vault = session.vault
        address = self._strategy_piece.address or self._foretold[STRATEGY]
        if self._strategy_piece.address is not None:
            for place, said in ((IN_FORCE, "is in force already"), (PENDING, "waits for its epoch already")):
                if int(vault.status[place], 16) == int(address, 16):
                    self._notes.append(f"this strategy {said}")
        if session.account != vault.operator:
            self._notes.append(f"the operator ({vault.operator}) may propose it, and no one else")
        steps = [piece.step() for piece in self._pieces if piece.address is None]
        return {
            "command": "strategy publish",
            "live": session.live,
            "chain_id": session.chain_id,
            "vault": vault.address,
            "account": session.account,
            "strategy": address,
            "strategy_commitment": "0x" + contract.strategy_commitment.hex(),
            "circuit_digest": "0x" + contract.circuit_digest.hex(),
            "complete": not steps,
            "contracts": [self._piece_document(piece) for piece in self._pieces],
            "worst_cost_wei": sum(step.gas_limit for step in steps) * session.max_fee_wei,
            "sent": [sent_document(piece.sent) for piece in self._pieces if piece.sent is not None],
            "next": f"provault vault strategy propose {vault.address} {address}",
            "notes": self._notes,
        }

    def _piece_document(self, piece: Piece) -> dict[str, Any]:
        sent = piece.sent
        state = "sent" if sent is not None else "planned" if piece.address is None else "on chain"
        return {
            "kind": piece.kind,
            "name": NAMES[piece.kind],
            "state": state,
            "address": piece.address or self._foretold[piece.kind],
            "code_bytes": len(piece.code),
            "code_hash": "0x" + keccak(piece.code).hex(),
            "gas_limit": piece.step().gas_limit if state == "planned" else None,
            "tx_hash": None if sent is None or sent.transaction is None else sent.transaction.tx_hash,
            "gas_used": None if sent is None or sent.transaction is None else sent.transaction.gas_used,
        }

    def _piece_of(self, step: Step) -> Piece | None:
        """Return what a step creates, None when it does something else."""
        made = [piece for piece in self._pieces if step.to is None and piece.step().data == step.data]
        return made[0] if made else None

    def _find(self) -> None:
        """Find the pieces that are on chain: the vault's own, the account's, a circuit by its event."""
        chain, vault = self._session.chain, self._session.vault
        for place in (IN_FORCE, PENDING):
            address = vault.status[place]
            if self._strategy_piece.address is None and chain.code(address) == self._strategy_piece.code:
                self._strategy_piece.address = str(to_checksum_address(address))
        missing = {keccak(piece.code): piece for piece in self._pieces if piece.address is None}
        for code_hash, address in find_creations(chain, self._session.account, missing).items():
            missing[code_hash].address = address
        if self._circuit_piece.address is None:
            try:
                self._circuit_piece.address = find_circuit(chain, self._strategy.circuit.circuit_digest)
            except (RpcError, UnreachableError):
                self._notes.append(
                    "this node does not search the logs of the whole chain, so a circuit that another account"
                    " has published was not found"
                )

    def _created(self, piece: Piece, step: Step) -> None:
        """Note a creation that is mined, its code compared.

        Raises: DeploymentError when it left other code.
        """
        address = creation_address(self._session.account, step.nonce)
        if self._session.chain.code(address) != piece.code:
            raise DeploymentError(
                f"'{step.name}' was mined, and the code at {address} is not what it leaves: the node is"
                " behind, or the chain was rewound; run the command again"
            )
        piece.address, piece.sent = address, step
