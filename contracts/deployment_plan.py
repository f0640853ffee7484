"""Plan a deployment: which transactions, in which order, at which addresses, with which bytes.

Order: observation slots of the pool, verifier, the strategy's data contract, its published circuit, then the
price log, which must wait until the pool has taken its slots into use, the vault, and a Zap when one is
wanted. A contract's address follows from sender and nonce alone, so all of them are known beforehand:

    address = H( rlp(sender, nonce) ), last 20 bytes
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from rlp import encode as encode_rlp

from contracts.compile import (
    COMPILER_VERSION,
    EVM_VERSION,
    CompiledContract,
    compile_contract,
)
from contracts.deployment_record import DeploymentRecord, Step
from contracts.errors import ProbeError
from contracts.publication import Publication
from contracts.publication import creation_code as publication_creation
from contracts.registration import DataContract
from contracts.registration import creation_code as data_creation
from contracts.vault_parameters import (
    CONSTRUCTOR_TYPES,
    ZERO_ADDRESS,
    VaultDeployment,
    VaultParameters,
    VaultRules,
)

SLOT_GAS = 22_300  # measured with the real pool, a slot
CALL_GAS = 60_000  # what a call costs besides its own work
PUSH_STEPS = 16
MAX_CARDINALITY = 65_535
APPROVE_GAS = 120_000
PUSH_GAS = 3_000_000
OPEN_GAS = 3_000_000
CREATION_GAS = 1_500_000  # what constructors do besides leaving their code
BYTE_GAS = 200 + 16 + 1  # deposited, sent, and counted as creation code


class StepKind(StrEnum):
    """What a step does."""

    GROW = "grow"
    VERIFIER = "verifier"
    STRATEGY = "strategy"
    CIRCUIT = "circuit"
    PRICE_LOG = "price_log"
    VAULT = "vault"
    ZAP = "zap"
    PUSH = "push"
    APPROVE = "approve"
    OPEN = "open"


CREATIONS = (
    StepKind.VERIFIER,
    StepKind.STRATEGY,
    StepKind.CIRCUIT,
    StepKind.PRICE_LOG,
    StepKind.VAULT,
    StepKind.ZAP,
)
SOURCES = {
    StepKind.VERIFIER: "Verifier",
    StepKind.PRICE_LOG: "PriceLog",
    StepKind.VAULT: "Vault",
    StepKind.ZAP: "Zap",
}


@dataclass(frozen=True)
class DeploymentPlan:
    """Everything that the bytes of a deployment follow from, besides the present time."""

    factory: str
    pool: str
    base: str
    risky: str
    min_cardinality: int
    slots_per_call: int
    max_step_ticks: int
    price_log: str | None  # an existing one
    verifier: str | None  # an existing one
    strategy: DataContract
    circuit: Publication
    rules: VaultRules
    name: str
    symbol: str
    operator: str
    guardian: str
    sequencer: str
    with_zap: bool

    def first_steps(self, first_nonce: int, cardinality_next: int) -> list[Step]:
        """Return the steps up to the vault, numbered from the account's next nonce.

        Raises
        ------
        RegistrationError
            When the circuit does not fit into one contract.
        """
        self.circuit.checked_code()
        steps = []
        if self.price_log is None:
            for number, slots in enumerate(self._slices(cardinality_next), start=1):
                steps.append(
                    Step(f"grow the pool's observations, {number}", StepKind.GROW, 0, arguments=[slots])
                )
        kinds = [
            StepKind.VERIFIER if self.verifier is None else None,
            StepKind.STRATEGY,
            StepKind.CIRCUIT,
            StepKind.PRICE_LOG if self.price_log is None else None,
            StepKind.VAULT,
            StepKind.ZAP if self.with_zap else None,
        ]
        steps += [Step(_NAMES[kind], kind, 0) for kind in kinds if kind is not None]
        for ahead, step in enumerate(steps):
            step.nonce = first_nonce + ahead
        return steps

    def settings(self) -> dict[str, Any]:
        """Return everything that the steps follow from, as JSON; a Zap may be added at any time."""
        kept = ("strategy", "circuit", "rules", "with_zap")
        plain = {key.name: getattr(self, key.name) for key in fields(self) if key.name not in kept}
        sources = {name: compile_contract(name).source_digest for name in ("Verifier", "PriceLog", "Vault")}
        return {
            **plain,
            "rules": asdict(self.rules),
            "strategy_code_hash": "0x" + self.strategy.code_hash.hex(),
            "strategy_commitment": "0x" + self.strategy.strategy_commitment.hex(),
            "circuit_digest": "0x" + self.circuit.circuit_digest.hex(),
            "source_digests": sources,
        }

    def new_record(self, chain_id: int, sender: str, nonce: int, cardinality_next: int) -> DeploymentRecord:
        """Return a record with every step up to the vault and Zap, none of it sent."""
        settings = self.settings()
        return DeploymentRecord(
            chain_id=chain_id,
            sender=sender,
            settings_digest=digest_of(settings),
            compiler={"vyper": COMPILER_VERSION, "evm_version": EVM_VERSION, "code_generation": "legacy"},
            settings=settings,
            steps=self.first_steps(nonce, cardinality_next),
        )

    def zap_step(self, nonce: int) -> Step:
        """Return the step that adds a Zap to a deployed vault."""
        return Step(_NAMES[StepKind.ZAP], StepKind.ZAP, nonce)

    def parameters(self, addresses: Mapping[str, str]) -> VaultParameters:
        """Return what the vault is constructed with."""
        return VaultParameters(
            name=self.name,
            symbol=self.symbol,
            deployment=VaultDeployment(
                base=self.base,
                risky=self.risky,
                factory=self.factory,
                pool=self.pool,
                price_log=addresses[StepKind.PRICE_LOG],
                verifier=addresses[StepKind.VERIFIER],
                strategy=addresses[StepKind.STRATEGY],
                strategy_hash=self.strategy.code_hash,
                operator=self.operator,
                guardian=self.guardian,
                sequencer=self.sequencer or ZERO_ADDRESS,
            ),
            rules=self.rules,
        )

    def addresses(self, record: DeploymentRecord) -> dict[str, str]:
        """Return where every contract stands or will stand."""
        found = {}
        if self.price_log is not None:
            found[str(StepKind.PRICE_LOG)] = self.price_log
        if self.verifier is not None:
            found[str(StepKind.VERIFIER)] = self.verifier
        for step in record.steps:
            if step.kind in CREATIONS:
                found[step.kind] = step.address or creation_address(record.sender, step.nonce)
        return found

    def fill(self, step: Step, record: DeploymentRecord, *, first_interval: int) -> None:
        """Complete a planned step: receiver, bytes, arguments, gas limit, and the hashes of a creation.

        `first_interval` is where a price log begins; it counts for that step alone.
        """
        addresses = self.addresses(record)
        if step.kind == StepKind.GROW:
            (slots,) = step.arguments
            _call(step, self.pool, "increaseObservationCardinalityNext(uint16)", [slots])
            step.gas_limit = CALL_GAS + (SLOT_GAS + SLOT_GAS // 20) * self.slots_per_call
            return
        step.address = addresses[step.kind]
        if step.kind == StepKind.STRATEGY:
            _creation(step, data_creation(self.strategy.code), len(self.strategy.code), b"")
        elif step.kind == StepKind.CIRCUIT:
            code = self.circuit.code
            _creation(step, publication_creation(code, self.circuit.circuit_digest), len(code), b"")
        else:
            types, values = self._constructor(step.kind, addresses, first_interval)
            compiled = compile_contract(SOURCES[StepKind(step.kind)])
            step.contract = compiled.name
            step.source_digest = compiled.source_digest
            step.arguments = json_value(values)
            encoded = encode(types, values)
            _creation(step, compiled.bytecode + encoded, compiled.runtime_size, encoded)

    def expected_code(self, step: Step) -> tuple[bytes, int]:
        """Return what the code that a creation leaves begins with, and its length."""
        if step.kind == StepKind.STRATEGY:
            return self.strategy.code, len(self.strategy.code)
        if step.kind == StepKind.CIRCUIT:
            return self.circuit.code, len(self.circuit.code)
        compiled: CompiledContract = compile_contract(SOURCES[StepKind(step.kind)])
        return compiled.runtime_bytecode, compiled.runtime_size

    def check_code(self, step: Step, code: bytes) -> None:
        """Refuse code that is not what a creation must leave.

        Raises
        ------
        ProbeError
            When it differs, or from what the record says of it.
        """
        begins, size = self.expected_code(step)
        same = step.code_hash in (None, "0x" + keccak(code).hex())
        if len(code) != size or not code.startswith(begins) or not same:
            raise ProbeError(
                f"the code at {step.address} is not what the step '{step.name}' leaves; the chain was reset,"
                " or the record belongs to another one."
            )

    def _slices(self, cardinality_next: int) -> list[int]:
        wanted, paid = min(self.min_cardinality, MAX_CARDINALITY), cardinality_next
        slices = []
        while paid < wanted:
            paid = min(paid + self.slots_per_call, wanted)
            slices.append(paid)
        return slices

    def _constructor(
        self, kind: str, addresses: Mapping[str, str], first_interval: int
    ) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        if kind == StepKind.VERIFIER:
            return (), ()
        if kind == StepKind.ZAP:
            return ("address",), (addresses[StepKind.VAULT],)
        if kind == StepKind.PRICE_LOG:
            types = ("address", "uint256", "uint256", "uint256", "uint256")
            interval = self.rules.interval_secs
            return types, (self.pool, interval, self.max_step_ticks, first_interval, self.min_cardinality)
        return CONSTRUCTOR_TYPES, self.parameters(addresses).constructor_arguments()


_NAMES = {
    StepKind.VERIFIER: "deploy the verifier",
    StepKind.STRATEGY: "deploy the strategy's commitment",
    StepKind.CIRCUIT: "publish the circuit",
    StepKind.PRICE_LOG: "deploy the price log",
    StepKind.VAULT: "deploy the vault",
    StepKind.ZAP: "deploy the Zap",
}


def digest_of(settings: Mapping[str, Any]) -> str:
    """Return the SHA-256 of settings as sorted JSON."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()


def creation_address(sender: str, nonce: int) -> str:
    """Return the address of the contract that an account creates with a nonce."""
    encoded = encode_rlp([bytes.fromhex(sender[2:]), nonce])
    return str(to_checksum_address(keccak(encoded)[12:]))


def creation_gas(code_bytes: int, left_bytes: int) -> int:
    """Return the gas limit of a creation: what it sends and leaves, and room for its constructor."""
    return CREATION_GAS + BYTE_GAS * max(code_bytes, left_bytes)


def push_step(number: int, nonce: int, price_log: str, epoch: int) -> Step:
    """Return the step that logs the intervals up to an epoch, at most 16."""
    step = Step(f"push the price log, {number}", StepKind.PUSH, nonce, gas_limit=PUSH_GAS)
    _call(step, price_log, "push(uint256)", [epoch])
    return step


def approve_step(nonce: int, token: str, vault: str, amount: int) -> Step:
    """Return the step that lets the vault take seed and bond."""
    step = Step("allow the vault seed and bond", StepKind.APPROVE, nonce, gas_limit=APPROVE_GAS)
    _call(step, token, "approve(address,uint256)", [vault, amount])
    return step


def open_step(nonce: int, vault: str, seed: int, bond: int) -> Step:
    """Return the step that opens the vault."""
    step = Step("open the vault", StepKind.OPEN, nonce, gas_limit=OPEN_GAS)
    _call(step, vault, "open(uint256,uint256)", [seed, bond])
    return step


def _call(step: Step, to: str, signature: str, values: list[Any]) -> None:
    kinds = signature[signature.index("(") + 1 : -1].split(",")
    step.to = to
    step.function = signature
    step.arguments = values
    step.data = "0x" + (keccak(text=signature)[:4] + encode(kinds, values)).hex()


def _creation(step: Step, code: bytes, left: int, arguments: bytes) -> None:
    """Put creation code into a step; the gas limit leaves room for what its constructor does."""
    step.data = "0x" + code.hex()
    step.gas_limit = creation_gas(len(code), left)
    step.constructor_arguments = "0x" + arguments.hex()
    step.creation_code_hash = "0x" + keccak(code).hex()


def json_value(value: Any) -> Any:  # noqa: ANN401
    """Return a constructor's argument as JSON has it: bytes in hexadecimal, tuples as lists."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return [json_value(one) for one in value]
    return value
