"""The share token: metadata, allowances, permit, and the same behaviour as OpenZeppelin's token."""

import boa
import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from contracts.toolchain import read_artifact
from tests.contracts.support.evm import Deployed, Refused, deploy, deploy_code, refused
from tests.contracts.support.vault_world import MAX_UINT, ZERO, account

OWNER, SPENDER, RECEIVER = map(account, ("owner", "spender", "receiver"))
SECP256K1_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SIGNER = Account.from_key(keccak(text="a key of a test"))


@pytest.fixture
def token():
    with boa.env.anchor():
        token = deploy("testing/ShareToken", "Proven ETH", "pvETH")
        token.mint(OWNER, 1_000)
        yield token


def test_metadata(token):
    assert (token.name(), token.symbol(), token.decimals()) == ("Proven ETH", "pvETH", 18)


def test_a_transfer_moves_shares_and_says_so(token):
    assert token.transfer(RECEIVER, 300, sender=OWNER) is True
    event = token.event("Transfer")
    assert (event.sender, event.receiver, event.value) == (OWNER, RECEIVER, 300)
    assert (token.balanceOf(OWNER), token.balanceOf(RECEIVER), token.totalSupply()) == (700, 300, 1_000)


def test_a_transfer_to_oneself_changes_nothing(token):
    token.transfer(OWNER, 1_000, sender=OWNER)
    assert (token.balanceOf(OWNER), token.totalSupply()) == (1_000, 1_000)


def test_more_than_the_balance_is_refused(token):
    with refused("balance"):
        token.transfer(RECEIVER, 1_001, sender=OWNER)
    with refused("balance"):
        token.burn(OWNER, 1_001)


def test_receivers_that_could_never_redeem_are_refused(token):
    for receiver in (ZERO, token.address):
        with refused("receiver"):
            token.transfer(receiver, 1, sender=OWNER)


def test_an_allowance_is_spent(token):
    assert token.approve(SPENDER, 500, sender=OWNER) is True
    assert token.event("Approval").value == 500
    token.transferFrom(OWNER, RECEIVER, 200, sender=SPENDER)
    assert token.allowance(OWNER, SPENDER) == 300
    with refused("allowance"):
        token.transferFrom(OWNER, RECEIVER, 301, sender=SPENDER)


def test_the_greatest_allowance_is_never_spent(token):
    token.approve(SPENDER, MAX_UINT, sender=OWNER)
    token.transferFrom(OWNER, RECEIVER, 200, sender=SPENDER)
    assert token.allowance(OWNER, SPENDER) == MAX_UINT


def domain(token: Deployed, chain_id: int) -> dict[str, object]:
    return {
        "name": "Proven ETH",
        "version": "1",
        "chainId": chain_id,
        "verifyingContract": token.address,
    }


def sign(
    token: Deployed, value: int, nonce: int, deadline: int, chain_id: int = 1
) -> tuple[int, bytes, bytes]:
    types = {
        "Permit": [
            {"name": "owner", "type": "address"},
            {"name": "spender", "type": "address"},
            {"name": "value", "type": "uint256"},
            {"name": "nonce", "type": "uint256"},
            {"name": "deadline", "type": "uint256"},
        ]
    }
    message = {
        "owner": SIGNER.address,
        "spender": SPENDER,
        "value": value,
        "nonce": nonce,
        "deadline": deadline,
    }
    signed = SIGNER.sign_typed_data(domain(token, chain_id), types, message)
    return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")


def permit(token, value, deadline, signature, owner=SIGNER.address):
    token.permit(owner, SPENDER, value, deadline, *signature, sender=RECEIVER)


def test_a_signed_permit_sets_the_allowance_once(token):
    deadline = boa.env.timestamp
    signature = sign(token, 77, 0, deadline)
    permit(token, 77, deadline, signature)
    assert (token.allowance(SIGNER.address, SPENDER), token.nonces(SIGNER.address)) == (77, 1)
    with refused("signature"):
        permit(token, 77, deadline, signature)


def test_a_late_permit_is_refused(token):
    deadline = boa.env.timestamp - 1
    with refused("expired"):
        permit(token, 77, deadline, sign(token, 77, 0, deadline))


@pytest.mark.parametrize("change", ["value", "deadline", "owner", "v", "chain"])
def test_a_permit_for_something_else_is_refused(token, change):
    deadline = boa.env.timestamp + 10
    v, r, s = sign(token, 77, 0, deadline, chain_id=5 if change == "chain" else 1)
    with refused("signature"):
        permit(
            token,
            78 if change == "value" else 77,
            deadline + 1 if change == "deadline" else deadline,
            (55 - v if change == "v" else v, r, s),
            OWNER if change == "owner" else SIGNER.address,
        )


def test_the_mirrored_signature_is_refused(token):
    deadline = boa.env.timestamp
    v, r, s = sign(token, 77, 0, deadline)
    mirrored = (SECP256K1_ORDER - int.from_bytes(s, "big")).to_bytes(32, "big")
    with refused("signature"):
        permit(token, 77, deadline, (55 - v, r, mirrored))


def test_a_signature_of_nobody_does_not_speak_for_the_empty_address(token):
    with refused("signature"):
        permit(token, 77, boa.env.timestamp, (27, b"\x00" * 32, b"\x01".rjust(32, b"\x00")), ZERO)


def test_the_domain_follows_a_fork_of_the_chain(token):
    before = token.DOMAIN_SEPARATOR()
    deadline = boa.env.timestamp
    with boa.env.anchor():
        boa.env.evm.patch.chain_id = 31_337
        assert token.DOMAIN_SEPARATOR() != before
        with refused("signature"):
            permit(token, 77, deadline, sign(token, 77, 0, deadline))
        permit(token, 77, deadline, sign(token, 77, 0, deadline, chain_id=31_337))
    assert token.DOMAIN_SEPARATOR() == before


class TwoTokens(RuleBasedStateMachine):
    """Ours and OpenZeppelin's ERC20PresetMinterPauser take the same calls."""

    actors = st.sampled_from([OWNER, SPENDER, RECEIVER])
    amounts = st.one_of(st.integers(0, 2_000), st.just(2**255))

    def __init__(self) -> None:
        super().__init__()
        self.anchor = boa.env.anchor()
        self.anchor.__enter__()
        self.ours = deploy("testing/ShareToken", "A", "B")
        artifact = read_artifact("@openzeppelin/contracts/build/contracts/ERC20PresetMinterPauser.json")
        names = (32 * 2).to_bytes(32, "big") + (32 * 4).to_bytes(32, "big")
        names += b"".join((1).to_bytes(32, "big") + text.ljust(32, b"\x00") for text in (b"A", b"B"))
        self.theirs = deploy_code(bytes(HexBytes(artifact["bytecode"])) + names, artifact["abi"])

    def teardown(self) -> None:
        self.anchor.__exit__(None, None, None)

    def both(self, name: str, *args: object, sender: str | None = None) -> None:
        outcomes = []
        for token in (self.ours, self.theirs):
            try:
                outcomes.append((getattr(token, name)(*args, sender=sender), [e[0] for e in token.logs]))
            except Refused:
                outcomes.append("refused")
        if name == "transferFrom":  # theirs repeats the allowance that is left as an event, ours does not
            outcomes = [o if o == "refused" else (o[0], o[1].count("Transfer")) for o in outcomes]
        assert outcomes[0] == outcomes[1]

    @rule(to=actors, amount=st.integers(0, 2_000))
    def mint(self, to: str, amount: int) -> None:
        self.both("mint", to, amount)

    @rule(owner=actors, to=st.sampled_from([OWNER, SPENDER, RECEIVER, ZERO]), amount=amounts)
    def transfer(self, owner: str, to: str, amount: int) -> None:
        self.both("transfer", to, amount, sender=owner)

    @rule(owner=actors, spender=actors, amount=amounts)
    def approve(self, owner: str, spender: str, amount: int) -> None:
        self.both("approve", spender, amount, sender=owner)

    @rule(owner=actors, spender=actors, to=actors, amount=amounts)
    def transfer_from(self, owner: str, spender: str, to: str, amount: int) -> None:
        self.both("transferFrom", owner, to, amount, sender=spender)

    @invariant()
    def same_state(self) -> None:
        everybody = [OWNER, SPENDER, RECEIVER]
        states = [
            (
                token.totalSupply(),
                [token.balanceOf(actor) for actor in everybody],
                [token.allowance(owner, spender) for owner in everybody for spender in everybody],
            )
            for token in (self.ours, self.theirs)
        ]
        assert states[0] == states[1]
        assert sum(states[0][1]) == states[0][0]


TestTwoTokens = TwoTokens.TestCase
TestTwoTokens.settings = settings(max_examples=6, stateful_step_count=25, deadline=None)
