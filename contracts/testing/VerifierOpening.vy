# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The opening alone
@notice One multi-scalar product and one pairing check through EIP-2537: e(sum s_i P_i, -[1]_2) e(W', [tau]_2) = 1.
@dev    For tests and measurements of the packed opening without transcript, key or constraints.
"""

G1MSM: constant(address) = 0x000000000000000000000000000000000000000C
PAIRING: constant(address) = 0x000000000000000000000000000000000000000F


@external
@view
def check(terms: Bytes[2560], last: Bytes[128], minus_g2: Bytes[256], tau_g2: Bytes[256]):
    """
    @notice Return when the pairing equation holds and revert otherwise.
    @param terms Point and scalar, 160 bytes each, as G1MSM takes them.
    @param last W'.
    """
    point: Bytes[160] = raw_call(G1MSM, terms, max_outsize=160, is_static_call=True)
    assert len(point) == 128, "precompile"
    output: Bytes[64] = raw_call(
        PAIRING, concat(point, minus_g2, last, tau_g2), max_outsize=64, is_static_call=True
    )
    assert len(output) == 32, "precompile"
    assert convert(extract32(output, 0), uint256) == 1, "opening"
