"""The real path of a decision: real pool, verifier and proofs, from buying to a token that turns bad."""

from __future__ import annotations

from eth_abi.abi import encode
from eth_utils.crypto import keccak

from contracts.compile import compile_contract, deploy
from prover.ceremony import load_ceremony
from prover.kernel import default_kernel
from prover.protocol.verify import VerifierSetup
from tests.e2e.support.real_path import (
    CUT,
    DOLLAR,
    EDGE,
    FOR_EVER,
    INTERVAL,
    MAX_UINT,
    WINDOW,
    RealPath,
)

IN_BAND, THIN, NO_ROOM, OTHER_SIDE = range(4)
DAY_SECS = 86_400


def test_buy_hold_and_sell(path: RealPath) -> None:
    path.next_epoch(200)
    receipt = path.decide(and_trade=True)
    (decision,), (traded,) = path.events(receipt, "Decision"), path.events(receipt, "Traded")
    assert decision["target"] > 6_000 and decision["previous"] == 0
    assert traded["buy"] and traded["paid"] == traded["wanted"]
    assert path.read("risky") == traded["got"]
    path.check_exits()

    # the price stays: the follower wants half, and sells some; then it holds
    path.next_epoch()
    receipt = path.decide()
    assert path.events(receipt, "Decision")[0]["previous"] == decision["target"]
    (traded,) = path.events(path.act("trade"), "Traded")
    assert not traded["buy"]
    for _ in range(2):
        path.next_epoch()
        receipt = path.decide(and_trade=True)
    assert path.events(receipt, "Idle") == [{"epoch": path.epoch, "reason": IN_BAND}]

    risky = path.read("risky")
    path.next_epoch(-600)
    receipt = path.decide(and_trade=True)
    assert path.events(receipt, "Decision")[0]["target"] < 1_000
    (traded,) = path.events(receipt, "Traded")
    assert not traded["buy"] and path.read("risky") == risky - traded["paid"]
    path.check_exits()


def test_every_decision_can_be_checked_from_the_logs_alone(invested: RealPath) -> None:
    path = invested
    path.next_epoch(100)
    path.decide()
    pushed = {
        event["args"]["k"]: event["args"]["tick"] for event in path.log.events.Pushed().get_logs(from_block=0)
    }
    proofs = {
        event["args"]["epoch"]: event["args"]["proof"]
        for event in path.vault.events.Proven().get_logs(from_block=0)
    }
    key = path.follower.proving_key
    setup = VerifierSetup.load(
        default_kernel(), load_ceremony(), key.key.to_bytes(), path.follower.commitment
    )
    decisions = path.vault.events.Decision().get_logs(from_block=0)
    assert len(decisions) == 2
    for event in decisions:
        decision = event["args"]
        epoch = decision["epoch"]
        ticks = [pushed[k] for k in range(epoch - WINDOW + 1, epoch + 1)]
        inputs = [ticks[i] - ticks[i - 1] for i in range(1, WINDOW)] + [decision["previous"]]
        assert decision["inputs_hash"] == keccak(encode(["int256[]"], [inputs]))
        assert decision["proof_hash"] == keccak(proofs[epoch])
        types = ["uint256", "address", "uint256", "address"]
        context = keccak(encode(types, [31_337, path.vault.address, epoch, path.stack.verifier.address]))
        setup.verify(context, inputs, [decision["target"]], proofs[epoch])


def test_a_partial_fill_is_continued_by_a_third_party(path: RealPath) -> None:
    market = path.market
    path.next_epoch(100)
    depth = market.liquidity()
    edge = market.usable_tick(EDGE)
    market.remove_liquidity(-edge, edge, depth * 19 // 20)
    receipt = path.decide(and_trade=True)
    (first,) = path.events(receipt, "Traded")
    assert first["buy"] and 0 < first["paid"] < first["wanted"]
    assert market.slot0().tick == first["limit_tick"]
    # at once there is nothing left below the limit
    assert path.events(path.act("trade"), "Idle") == [{"epoch": path.epoch, "reason": NO_ROOM}]
    # the market comes back, and a stranger goes on
    path.move(-20)
    (second,) = path.events(path.act("trade", sender=path.node.accounts[5]), "Traded")
    assert second["buy"] and 0 < second["paid"] < first["wanted"]
    assert second["spent"] >= first["spent"]
    assert path.read("side") == 1
    path.check_exits()
    # to the last second of the epoch, and not one longer
    end = (path.epoch + 1) * INTERVAL
    with path.undone():
        path.node.set_next_timestamp(end - 1)
        path.act("trade")
    path.node.set_next_timestamp(end)
    assert path.refusal("trade") == "early"


def test_idle_for_each_reason(path: RealPath) -> None:
    market = path.market

    def reason() -> int:
        (idle,) = path.events(path.act("trade"), "Idle")
        assert idle["epoch"] == path.epoch
        return int(idle["reason"])

    path.next_epoch(100)
    path.decide()
    with path.undone():  # the pool is dead
        edge = market.usable_tick(EDGE)
        market.remove_liquidity(-edge, edge, market.liquidity() * 999 // 1_000)
        path.node.mine(path.node.now_secs + 600)
        assert reason() == THIN
        path.check_exits()
    with path.undone():  # the pool has forgotten the last ten minutes
        for step in range(62):
            path.node.set_next_timestamp(path.node.now_secs + 1)
            path.move(1 if step % 2 else -1)
        assert reason() == THIN
    with path.undone():  # the price is beyond the limit
        path.move(60)
        assert reason() == NO_ROOM
    path.move(
        -300
    )  # cheaper by three percent, for long enough: what is bought is worth more at the pinned tick
    path.node.mine(path.node.now_secs + 700)
    (traded,) = path.events(path.act("trade"), "Traded")
    assert traded["buy"]
    assert reason() == OTHER_SIDE
    path.next_epoch()
    path.decide(and_trade=True)
    path.next_epoch()
    path.decide(and_trade=True)
    assert reason() == IN_BAND


def test_decide_sent_through_a_contract(path: RealPath) -> None:
    path.next_epoch(150)
    call = path.decision(and_trade=True)
    data = bytes.fromhex(call._encode_transaction_data()[2:])
    relayed = path.relay.functions.forward(path.vault.address, data)
    receipt = path.send(relayed)
    assert receipt["to"] == path.relay.address
    (decision,) = path.events(receipt, "Decision")
    (proven,) = path.events(receipt, "Proven")
    assert path.events(receipt, "Traded")
    assert keccak(proven["proof"]) == decision["proof_hash"]
    assert path.word(relayed) == "decided"


# -- strategies


def test_a_strategy_changes_at_its_epoch_and_not_before(invested: RealPath) -> None:
    path = invested
    receipt = path.act("propose", path.opposer_address, sender=path.operator)
    (proposed,) = path.events(receipt, "StrategyProposed")
    begins = proposed["from_epoch"]
    assert begins * INTERVAL - path.node.now_secs > 7 * DAY_SECS
    path.check_exits()
    path.sleep_until(begins - 1)
    assert path.word(path.decision(path.opposer)) == "opening"
    (decision,) = path.events(path.decide(), "Decision")
    old = decision["strategy"]
    path.next_epoch(200)
    assert path.word(path.decision(path.follower)) == "opening"
    (decision,) = path.events(path.decide(path.opposer, and_trade=True), "Decision")
    assert (decision["strategy"], old) == (path.opposer_address, path.stack.strategy)
    assert decision["target"] < 4_000
    path.check_exits()


def test_a_strategys_epoch_may_pass_during_missed_epochs(invested: RealPath) -> None:
    path = invested
    receipt = path.act("propose", path.opposer_address, sender=path.operator)
    begins = path.events(receipt, "StrategyProposed")[0]["from_epoch"]
    path.sleep_until(begins + 3)
    assert path.read("strategy_of", begins - 1)[0] == path.stack.strategy
    assert path.read("strategy_of", begins)[0] == path.opposer_address
    # nobody enacted it, nobody can take it back any more, and it decides
    assert path.refusal("revoke", sender=path.guardian) == "pending"
    (decision,) = path.events(path.decide(path.opposer), "Decision")
    assert decision["strategy"] == path.opposer_address
    receipt = path.act("miss", begins)
    assert path.events(receipt, "Missed")[0]["cut"] == CUT
    # the next one waits its own time
    receipt = path.act("propose", path.stack.strategy, sender=path.operator)
    assert path.events(receipt, "StrategyProposed")[0]["from_epoch"] > path.epoch + 7 * 24


# -- what else may turn bad


def test_a_lost_log_restarts_and_costs_what_could_have_been_pushed(invested: RealPath) -> None:
    path = invested
    lost = path.epoch + 1
    path.node.mine((lost + 1) * INTERVAL + 24)
    for step in range(62):  # the pool forgets all about the epoch before
        path.move(2 if step % 2 else -2)
    head = path.log.functions.head().call()
    path.node.mine((lost + 2) * INTERVAL + 24)
    restarted = lost + 2
    path.push()
    (event,) = path.log.events.Restarted().get_logs(from_block=0)
    assert event["args"]["k"] == restarted == path.log.functions.solid_from().call()
    assert (head, path.log.functions.lost_head().call()) == (lost - 1, head)
    assert path.refusal("decide", restarted, 5_000, b"", False) == "window"
    path.check_exits()
    # what could have been pushed costs; what the restart cut off can be neither decided nor missed
    path.sleep_until(restarted + 1, offset=1_300)
    assert path.events(path.act("miss", lost), "Missed")[0]["cut"] == CUT
    assert path.refusal("miss", restarted + 1) == "window"
    path.sleep_until(restarted + WINDOW)
    (decision,) = path.events(path.decide(and_trade=True), "Decision")
    assert decision["epoch"] == restarted + WINDOW


def test_a_fee_on_transfer_switched_on_later_stops_everything_but_decisions_and_exits(
    invested: RealPath,
) -> None:
    path, base = invested, invested.market.base
    path.next_epoch(200)
    bad = deploy(path.node.web3, compile_contract("testing/TokenWithFee"), 6, sender=path.operator)
    path.node.set_code(base.address, bytes(path.node.web3.eth.get_code(bad.address)))
    path.decide()
    assert path.refusal("trade") == "IIA"  # the pool misses some of what it was paid
    assert path.refusal("mint", 10**20, path.holder, MAX_UINT, MAX_UINT, sender=path.holder) == "token"
    path.send(base.functions.approve(path.vault.address, DOLLAR), path.holder)
    assert path.refusal("add_bond", DOLLAR, sender=path.holder) == "token"
    enter = path.zap.functions.enter(10**20, MAX_UINT, path.holder, FOR_EVER)
    assert path.word(enter, path.holder) == "IIA"
    with path.undone():
        before = base.functions.balanceOf(path.holder).call()
        shares = path.read("balanceOf", path.holder)
        receipt = path.act("redeem", shares, path.holder, path.holder, False, False, sender=path.holder)
        paid = path.events(receipt, "Redeemed")[0]["base"]
        assert base.functions.balanceOf(path.holder).call() - before == paid - paid // 100
    leave = path.zap.functions.leave(10**20, 0, path.holder, FOR_EVER)
    assert path.word(leave, path.holder) == "token"
    path.next_epoch()
    path.decide()
    assert path.read("target_epoch") == path.epoch
