"""Data contracts: a circuit's key and a strategy's commitment on chain (docs/protocol.md section 7).

    code = 0x00 || 0x01 || key.bin || commitment.bin

The first byte stops whoever calls it; nothing follows the last commitment point. A relying party stores the
code hash beside the address, because a contract can be destroyed and made again with other content.
"""

from dataclasses import dataclass

from eth_typing import ChecksumAddress
from web3 import Web3
from web3.exceptions import Web3Exception
from web3.types import TxParams

from contracts.compile import CODE_SIZE_LIMIT
from contracts.errors import DeployError, RegistrationError

PREFIX = b"\x00\x01"
MAGIC = b"provault/verifying-key" + bytes(6) + (1).to_bytes(4, "big")
WORD_BYTES = 32
POINT_BYTES = 96
HEADER_WORDS = 18
FIXED_COLUMNS = 9
CIRCUIT_WORD, PACK_COLUMNS_WORD, WEIGHT_PACKS_WORD, POWERS_WORD = 1, 4, 7, 9
INPUTS_WORD, OUTPUTS_WORD, RUNS_WORD = 12, 13, 14
CHAIN_POWERS = 4096

# PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE (0), CODECOPY, RETURNDATASIZE (0), RETURN
_CREATION = "61{:04x}80600a3d393df3"


@dataclass(frozen=True)
class DataContract:
    """The content of a data contract."""

    key: bytes  # key.bin
    commitment: bytes  # [S_0] || .. || [S_{K-1}], 96 bytes each

    @property
    def code(self) -> bytes:
        """Return the code as deployed: 0x00 || 0x01 || key.bin || commitment.bin."""
        return PREFIX + self.key + self.commitment

    @property
    def code_hash(self) -> bytes:
        """Return H(code), what EXTCODEHASH gives and what a vault pins."""
        return bytes(Web3.keccak(self.code))

    @property
    def key_digest(self) -> bytes:
        """Return H(key.bin)."""
        return key_digest(self.key)

    @property
    def circuit_digest(self) -> bytes:
        """Return the circuit digest that the key names."""
        return self.key[CIRCUIT_WORD * WORD_BYTES : (CIRCUIT_WORD + 1) * WORD_BYTES]

    @property
    def input_count(self) -> int:
        """Return how many inputs the circuit takes."""
        return _word(self.key, INPUTS_WORD)

    @property
    def output_count(self) -> int:
        """Return how many outputs the circuit gives."""
        return _word(self.key, OUTPUTS_WORD)

    @property
    def strategy_commitment(self) -> bytes:
        """Return H(H(key.bin) || commitment.bin)."""
        return strategy_commitment(self.key, self.commitment)


def key_digest(key: bytes) -> bytes:
    """Return H(key.bin)."""
    return bytes(Web3.keccak(key))


def strategy_commitment(key: bytes, commitment: bytes) -> bytes:
    """Return H(key_digest || [S_0] || .. || [S_{K-1}])."""
    return bytes(Web3.keccak(key_digest(key) + commitment))


def proof_context(chain_id: int, vault: str, epoch: int, verifier: str) -> bytes:
    """Return H(u(chain id) || u(vault) || u(epoch) || u(verifier)), what a decision's proof is bound to.

    Addresses enter as integers; four zeros (`0x00..00` for both addresses) make a generic proof's context.
    """
    words = (chain_id, int(vault, 16), epoch, int(verifier, 16))
    return bytes(Web3.keccak(b"".join(word.to_bytes(WORD_BYTES, "big") for word in words)))


def data_contract(key: bytes, commitment: bytes) -> DataContract:
    """Put a key and a commitment together.

    Raises
    ------
    RegistrationError
        When the lengths do not fit together, the code would exceed 24,576 bytes, or the key is made for
        another number of powers than the verifier contract's. Whether the key is sound is decided by whoever
        rebuilds it from the architecture; the points are tested by the verifier.
    """
    expected = _key_bytes(key)
    if len(key) != expected:
        raise RegistrationError(f"the key has {len(key)} bytes, its own header says {expected}")
    powers = _word(key, POWERS_WORD)
    if powers != CHAIN_POWERS:
        raise RegistrationError(f"the key is made for {powers} powers, the verifier contract takes 4096 only")
    packs = _word(key, WEIGHT_PACKS_WORD)
    if len(commitment) != packs * POINT_BYTES:
        raise RegistrationError(f"{len(commitment)} commitment bytes, {packs} packs need {96 * packs}")
    contract = DataContract(key, commitment)
    if len(contract.code) > CODE_SIZE_LIMIT:
        raise RegistrationError(f"the data contract takes {len(contract.code)} bytes, a chain allows 24,576")
    return contract


def parse_data_contract(code: bytes) -> DataContract:
    """Split the code of a data contract into key and commitment.

    Raises
    ------
    RegistrationError
        When it is not a data contract.
    """
    if code[:2] != PREFIX:
        raise RegistrationError("the code does not begin with 0x0001, so it is no data contract")
    split = _key_bytes(code[2:])
    return data_contract(code[2 : 2 + split], code[2 + split :])


def deploy_data_contract(
    web3: Web3, key: bytes, commitment: bytes, *, sender: str, gas: int | None = None
) -> ChecksumAddress:
    """Deploy a data contract from an account whose key the node holds, and read it back.

    Raises
    ------
    RegistrationError
        When the content does not fit together.
    DeployError
        When the creation fails or leaves other code.
    """
    content = data_contract(key, commitment)
    transaction: TxParams = {"from": Web3.to_checksum_address(sender), "data": creation_code(content.code)}
    if gas is not None:
        transaction["gas"] = gas
    try:
        hash_ = web3.eth.send_transaction(transaction)
        receipt = web3.eth.wait_for_transaction_receipt(hash_)
        address: ChecksumAddress | None = receipt["contractAddress"]
        if receipt["status"] != 1 or address is None or bytes(web3.eth.get_code(address)) != content.code:
            raise DeployError("the data contract cannot be deployed: its creation left no such code")
    except Web3Exception as error:
        raise DeployError(f"the data contract cannot be deployed: {error}") from error
    return address


def creation_code(code: bytes) -> bytes:
    """Return creation code that leaves exactly `code`."""
    return bytes.fromhex(_CREATION.format(len(code))) + code


def _word(key: bytes, index: int) -> int:
    return int.from_bytes(key[index * WORD_BYTES : (index + 1) * WORD_BYTES], "big")


def _key_bytes(key: bytes) -> int:
    """Return the length that a key's own header gives it: 18 words, 3 B words, f points."""
    if len(key) < HEADER_WORDS * WORD_BYTES or key[:WORD_BYTES] != MAGIC:
        raise RegistrationError("the key does not begin with the magic and version of key.bin")
    width, runs = _word(key, PACK_COLUMNS_WORD), _word(key, RUNS_WORD)
    if width < 2:
        raise RegistrationError(f"the key packs {width} columns, at least 2 are needed")
    fixed_packs = -(-FIXED_COLUMNS // width)
    return (HEADER_WORDS + 3 * runs) * WORD_BYTES + POINT_BYTES * fixed_packs
