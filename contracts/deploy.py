"""Deploy a vault with everything it stands on, open it, and give it a way in and out with base alone.

Order: price log, verifier, the strategy's data contract, its published circuit, vault; a Zap any time after.
The verifier of a chain and the price log of a market serve every vault, so existing ones can be named. Each
step reads back what it left. Every transaction is sent from one account, the operator unless another is
named.
"""

from collections.abc import Callable
from dataclasses import dataclass

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.exceptions import Web3Exception
from web3.types import TxReceipt

from contracts.compile import compile_contract, deploy
from contracts.errors import DeployError
from contracts.publication import Publication, publish_circuit
from contracts.refusal import refusal_of
from contracts.registration import data_contract, deploy_data_contract
from contracts.vault_parameters import ZERO_ADDRESS, VaultDeployment, VaultParameters, VaultRules
from contracts.zap_code import zap_runtime

CALL_GAS = 3_000_000
TOKEN0_ABI = [
    {
        "type": "function",
        "name": "token0",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": "address"}],
    }
]
Progress = Callable[[str], None]


@dataclass(frozen=True)
class MarketAddresses:
    """The venue of a vault: one pool of the Uniswap v3 factory and its two tokens."""

    factory: str
    pool: str
    base: str
    risky: str


@dataclass(frozen=True)
class StrategyFiles:
    """The public files of a committed strategy, as they go on chain."""

    key: bytes  # key.bin
    commitment: bytes  # [S_0] || .. || [S_{K-1}]
    architecture: bytes  # architecture.json
    layout: bytes  # layout.json


@dataclass(frozen=True)
class PriceLogPlan:
    """What a price log is constructed with besides its pool."""

    first: int  # grid point where it begins
    interval_secs: int = 3_600
    max_step_ticks: int = 2_000
    min_cardinality: int = 600  # at least 2 * interval / block time


@dataclass(frozen=True)
class VaultStack:
    """A deployed vault and what it stands on."""

    vault: Contract
    price_log: Contract
    verifier: Contract
    strategy: ChecksumAddress  # data contract
    publication: ChecksumAddress  # architecture.json and layout.json
    parameters: VaultParameters
    from_block: int  # the block before the first deployment


def deploy_price_log(web3: Web3, pool: str, plan: PriceLogPlan, *, sender: str) -> Contract:
    """Deploy the price log of a pool whose observations have been grown before.

    Raises
    ------
    DeployError
        With the constructor's word: interval, step, cardinality, early, window.
    """
    arguments = (pool, plan.interval_secs, plan.max_step_ticks, plan.first, plan.min_cardinality)
    return deploy(web3, compile_contract("PriceLog"), *arguments, sender=sender)


def push_prices(price_log: Contract, interval: int, *, sender: str) -> int:
    """Push until an interval is logged; return how many transactions that took.

    Raises
    ------
    DeployError
        When a push is refused, with its word.
    """
    account, sent = Web3.to_checksum_address(sender), 0
    while price_log.functions.head().call() < interval:
        send(price_log.functions.push(interval), account)
        sent += 1
    return sent


def deploy_stack(
    web3: Web3,
    *,
    market: MarketAddresses,
    strategy: StrategyFiles,
    rules: VaultRules,
    operator: str,
    guardian: str,
    name: str,
    symbol: str,
    price_log: Contract,
    verifier: Contract | None = None,
    sequencer: str = ZERO_ADDRESS,
    sender: str | None = None,
    progress: Progress | None = None,
) -> VaultStack:
    """Deploy verifier (unless named), data contract, publication and vault.

    Raises
    ------
    RegistrationError, ParametersError
        Before anything is sent, when key, commitment or numbers cannot be.
    DeployError
        When a creation reverts.
    """
    say = progress or (lambda line: None)
    account = Web3.to_checksum_address(sender or operator)
    publication = Publication(strategy.architecture, strategy.layout)
    pinned = data_contract(strategy.key, strategy.commitment)
    from_block = web3.eth.block_number
    if verifier is None:
        say("verifier")
        verifier = deploy(web3, compile_contract("Verifier"), sender=account)
    say("strategy commitment")
    data_address = deploy_data_contract(web3, strategy.key, strategy.commitment, sender=account)
    say("published circuit")
    published = publish_circuit(web3, publication, sender=account)
    parameters = VaultParameters(
        name=name,
        symbol=symbol,
        deployment=VaultDeployment(
            base=market.base,
            risky=market.risky,
            factory=market.factory,
            pool=market.pool,
            price_log=price_log.address,
            verifier=verifier.address,
            strategy=data_address,
            strategy_hash=pinned.code_hash,
            operator=operator,
            guardian=guardian,
            sequencer=sequencer,
        ),
        rules=rules,
    )
    say("vault")
    arguments = parameters.constructor_arguments()
    vault = deploy(web3, compile_contract("Vault"), *arguments, sender=account)
    return VaultStack(vault, price_log, verifier, data_address, published, parameters, from_block)


def open_vault(vault: Contract, base: Contract, *, seed: int, bond: int, operator: str) -> TxReceipt:
    """Approve and open; the epoch after the present one is the first to be decided.

    Raises
    ------
    DeployError
        With the vault's word: opened, ended, cap, window, auth, token.
    """
    account = Web3.to_checksum_address(operator)
    send(base.functions.approve(vault.address, seed + bond), account)
    return send(vault.functions.open(seed, bond), account)


def deploy_zap(web3: Web3, vault: str, *, sender: str) -> Contract:
    """Deploy the single-asset entry and exit of a vault; anybody may, it has no privilege.

    Raises
    ------
    DeployError
        When there is no vault of ours at the address, its creation reverts, or it has other code than one
        of this vault's market.
    """
    served = vault_at(web3, vault)
    zap = deploy(web3, compile_contract("Zap"), served.address, sender=sender)
    pool, base, risky = (served.functions[name]().call() for name in ("POOL", "BASE", "RISKY"))
    token0 = web3.eth.contract(address=pool, abi=TOKEN0_ABI).functions.token0().call()
    expected = zap_runtime(vault=served.address, pool=pool, base=base, risky=risky, token0=token0)
    if bytes(web3.eth.get_code(zap.address)) != expected:
        raise DeployError(f"the Zap at {zap.address} has other code than one of the vault {served.address}")
    return zap


def vault_at(web3: Web3, address: str) -> Contract:
    """Return the vault at an address, whose code is compared with the compiled one but for the immutables.

    Raises
    ------
    DeployError
        When another contract stands there, or none.
    """
    compiled = compile_contract("Vault")
    account = Web3.to_checksum_address(address)
    code = bytes(web3.eth.get_code(account))
    if len(code) != compiled.runtime_size or not code.startswith(compiled.runtime_bytecode):
        raise DeployError(f"there is no vault of this version at {account}")
    return web3.eth.contract(address=account, abi=compiled.abi)


def send(call: ContractFunction, sender: ChecksumAddress, *, gas: int = CALL_GAS) -> TxReceipt:
    """Send a contract call and wait for its receipt.

    Raises
    ------
    DeployError
        With the reason when it is refused.
    """
    try:
        hash_ = call.transact({"from": sender, "gas": gas})
        receipt = call.w3.eth.wait_for_transaction_receipt(hash_)
    except Web3Exception as error:
        why = getattr(error, "message", None) or error
        raise DeployError(f"{call.fn_name} cannot be sent: {why}") from error
    if receipt["status"] != 1:
        raise DeployError(f"{call.fn_name} is refused: {refusal_of(call.w3, hash_) or 'without a reason'}")
    return receipt
