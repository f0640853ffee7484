"""Publish a circuit on chain: architecture.json and layout.json as the code of a contract, found by a log.

    code = 0x00 || 0x02 || zlib( u32(|architecture.json|) || architecture.json || layout.json )

The creation emits `Published(bytes32 indexed circuit)` from the new contract, so that whoever knows the
circuit digest (a word of key.bin) finds the files in the logs, without an address from anybody. Anyone may
publish anything: a reader keeps what hashes to the digest,

    circuit = H( H(architecture.json) || H(layout.json) )
"""

import zlib
from dataclasses import dataclass

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.exceptions import Web3Exception
from web3.types import FilterParams, TxParams

from contracts.compile import CODE_SIZE_LIMIT
from contracts.errors import DeployError, RegistrationError

PREFIX = b"\x00\x02"
TOPIC = bytes(Web3.keccak(text="Published(bytes32)"))
LENGTH_BYTES = 4
UNPACKED_LIMIT = 1 << 24

# PUSH32 circuit, PUSH32 topic, PUSH1 0, PUSH1 0, LOG2; PUSH2 length, DUP1, PUSH1 start, PUSH1 0, CODECOPY,
# PUSH1 0, RETURN
_LOG_BYTES = 71
_COPY = "61{:04x}8060{:02x}6000396000f3"
_COPY_BYTES = 12


@dataclass(frozen=True)
class Publication:
    """The two public files that a circuit follows from."""

    architecture: bytes  # architecture.json
    layout: bytes  # layout.json

    @property
    def circuit_digest(self) -> bytes:
        """Return H( H(architecture.json) || H(layout.json) )."""
        return bytes(Web3.keccak(Web3.keccak(self.architecture) + Web3.keccak(self.layout)))

    @property
    def code(self) -> bytes:
        """Return the code as deployed."""
        length = len(self.architecture).to_bytes(LENGTH_BYTES, "big")
        return PREFIX + zlib.compress(length + self.architecture + self.layout, 9)

    def checked_code(self) -> bytes:
        """Return the code as deployed.

        Raises
        ------
        RegistrationError
            When the files are too large for one contract.
        """
        code = self.code
        if len(code) > CODE_SIZE_LIMIT:
            raise RegistrationError(f"the circuit takes {len(code)} bytes as code, a chain allows 24,576")
        return code

    @classmethod
    def of_code(cls, code: bytes) -> "Publication":
        """Take the files out of the code of a publication.

        Raises
        ------
        RegistrationError
            When it is none.
        """
        if code[: len(PREFIX)] != PREFIX:
            raise RegistrationError("the code does not begin with 0x0002, so it publishes no circuit")
        unpacker = zlib.decompressobj()
        try:
            content = unpacker.decompress(code[len(PREFIX) :], UNPACKED_LIMIT)
        except zlib.error as error:
            raise RegistrationError(f"the published circuit cannot be unpacked: {error}") from None
        length = int.from_bytes(content[:LENGTH_BYTES], "big")
        whole = unpacker.eof and not unpacker.unused_data
        if not whole or len(content) < LENGTH_BYTES + length:
            raise RegistrationError("the published circuit is cut short, too long, or followed by something")
        return cls(content[LENGTH_BYTES : LENGTH_BYTES + length], content[LENGTH_BYTES + length :])


def publish_circuit(
    web3: Web3, publication: Publication, *, sender: str, gas: int | None = None
) -> ChecksumAddress:
    """Deploy a publication and read it back.

    Raises
    ------
    RegistrationError
        When the files are too large for one contract.
    DeployError
        When the creation fails or leaves other code.
    """
    code = publication.checked_code()
    data = creation_code(code, publication.circuit_digest)
    try:
        account = Web3.to_checksum_address(sender)
        transaction: TxParams = {"from": account, "data": data}
        if gas is not None:
            transaction["gas"] = gas
        receipt = web3.eth.wait_for_transaction_receipt(web3.eth.send_transaction(transaction))
        address: ChecksumAddress | None = receipt["contractAddress"]
        if receipt["status"] != 1 or address is None or bytes(web3.eth.get_code(address)) != code:
            raise DeployError("the circuit cannot be published: its creation left no such code")
    except Web3Exception as error:
        raise DeployError(f"the circuit cannot be published: {error}") from error
    return address


def find_publication(web3: Web3, circuit_digest: bytes, *, from_block: int = 0) -> Publication | None:
    """Find the files of a circuit from logs; `None` when nobody published them.

    Publications under that digest whose content does not hash to it are passed over.
    """
    wanted: FilterParams = {
        "fromBlock": from_block,
        "topics": ["0x" + TOPIC.hex(), "0x" + circuit_digest.hex()],
    }
    for log in web3.eth.get_logs(wanted):
        try:
            publication = Publication.of_code(bytes(web3.eth.get_code(log["address"])))
        except RegistrationError:
            continue
        if publication.circuit_digest == circuit_digest:
            return publication
    return None


def creation_code(code: bytes, circuit_digest: bytes) -> bytes:
    """Return creation code that logs the digest and leaves exactly `code`."""
    announce = b"\x7f" + circuit_digest + b"\x7f" + TOPIC + bytes.fromhex("60006000a2")
    copy = bytes.fromhex(_COPY.format(len(code), _LOG_BYTES + _COPY_BYTES))
    return announce + copy + code
