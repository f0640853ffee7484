# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  StubVerifier
@license Apache-2.0
@notice A test double behind the verifier's interface: an accepted "proof" begins with the digest of the exact
        statement, so a vault that asks about another context or other inputs is refused. It proves nothing.
"""


@external
@view
def verify(strategy: address, context: bytes32, pub: DynArray[int256, 192], proof: Bytes[4096]):
    statement: bytes32 = keccak256(abi_encode(strategy, context, pub))
    assert len(proof) >= 32 and convert(slice(proof, 0, 32), bytes32) == statement, "proof"
