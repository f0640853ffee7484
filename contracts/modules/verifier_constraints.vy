# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  The constraints of the machine at one point
@notice C(y) of docs/protocol.md section 6 without its public part, from the evaluations of the columns.
@dev    Every value handed in is below R. Sums are reduced lazily: a value below 2 R fits a word and may enter
        a modular product or sum, which is why some additions are plain. Three summands are never added plainly.
"""

R: constant(uint256) = 52435875175126190479447740508185965837690552500527637822603658699938581184513
MINUS_1: constant(uint256) = R - 1


struct Columns:
    base: uint256
    padr: uint256
    tab: uint256
    q_in: uint256
    q_dot: uint256
    q_pub: uint256
    q_rel: uint256
    q_sgn: uint256
    q_zero: uint256
    phi: uint256  # at y
    phi_next: uint256  # at omega y
    e: uint256
    e_next: uint256
    g: uint256  # 0 with one bus sum
    g_next: uint256


struct Row:
    x: uint256[6]  # x_0 .. x_5
    output: uint256  # o
    fetches: uint256  # m
    at: Columns
    split: uint256  # h, at most 5: the lanes of the helper g
    # over the lanes from x_6 on
    product: uint256  # of d_j
    others: uint256  # sum over j of the products without d_j, below 2 R
    peeled: uint256  # sum of theta^(j-6) x_j, below 2 R
    theta_power: uint256  # theta^(L-6)
    # over the weight lanes
    dot: uint256  # sum of x_i u_i
    weight: uint256  # u_0


@internal
@pure
def combine(row: Row, alpha: uint256, beta: uint256, theta: uint256, chi: uint256, limb_bits: uint256) -> uint256:
    """
    @notice Return c0 + chi c1 + chi^2 q_zero e + chi^3 c3 + chi^4 c4 + chi^5 c5 + chi^6 c6, reduced.
    @param limb_bits lam, at most 12.
    """
    r: uint256 = R  # variables take fewer bytes than the literals
    minus_1: uint256 = MINUS_1
    modulus: uint256 = 1 << limb_bits  # M
    square: uint256 = unsafe_mul(modulus, modulus)
    cube: uint256 = unsafe_mul(square, modulus)
    lo: uint256 = uint256_addmod(row.x[1], uint256_mulmod(modulus, row.x[2], R), R)
    limbs: uint256 = unsafe_add(row.x[0], uint256_mulmod(modulus, lo, R))
    minus_e: uint256 = unsafe_sub(r, row.at.e)

    # d_j = alpha + base + j q_c + beta x_j: their product, and the sum over j of the products without d_j,
    # over the lanes below h, which make c6, and afresh from h on; h = 0 leaves c6 = g = 0
    product: uint256 = 1
    others: uint256 = 0
    c: uint256 = 0
    cell: uint256 = uint256_addmod(alpha, row.at.base, R)
    step: uint256 = unsafe_add(row.at.q_dot, row.at.q_pub)
    for j: uint256 in range(6):
        if j == row.split:
            c = uint256_addmod(uint256_mulmod(row.at.g, product, R), unsafe_sub(2 * R, others), R)
            product = row.product
            others = row.others
        d: uint256 = unsafe_add(cell, uint256_mulmod(beta, row.x[j], R))
        others = unsafe_add(uint256_mulmod(others, d, R), product)
        product = uint256_mulmod(product, d, R)
        cell = uint256_addmod(cell, step, R)

    # sum of theta^j x_j, and theta^L
    peeled: uint256 = unsafe_add(uint256_mulmod(row.peeled, theta, R), row.x[5])
    peeled = unsafe_add(uint256_mulmod(peeled, theta, R), row.x[4])
    peeled = unsafe_add(uint256_mulmod(peeled, theta, R), row.x[3])
    peeled = unsafe_add(uint256_mulmod(peeled, theta, R), row.x[2])
    peeled = unsafe_add(uint256_mulmod(peeled, theta, R), row.x[1])
    peeled = unsafe_add(uint256_mulmod(peeled, theta, R), row.x[0])
    theta_lanes: uint256 = uint256_mulmod(theta, theta, R)
    theta_lanes = uint256_mulmod(theta_lanes, uint256_mulmod(theta_lanes, theta_lanes, R), R)
    theta_lanes = uint256_mulmod(theta_lanes, row.theta_power, R)

    # chi^4: c4 + chi c5 + chi^2 c6 = q_rel (b^2 - b) + chi (q_rel (d^2 - d) + chi c6)
    bit: uint256 = uint256_mulmod(row.x[5], unsafe_add(row.x[5], minus_1), R)
    c = unsafe_add(uint256_mulmod(row.at.q_rel, bit, R), uint256_mulmod(chi, c, R))
    bit = uint256_mulmod(row.x[4], unsafe_add(row.x[4], minus_1), R)
    c = unsafe_add(uint256_mulmod(row.at.q_rel, bit, R), uint256_mulmod(chi, c, R))
    c = uint256_mulmod(chi, c, R)

    # chi^3: o - tab - q_in o - q_rel o_rel - q_sgn o_sgn, with
    # o_rel = b (lo + d (M^2 - 1 - lo)),  o_sgn = lo + M^2 x_3 - M^3 / 2
    o_rel: uint256 = unsafe_sub(unsafe_add(r, unsafe_sub(square, 1)), lo)
    o_rel = uint256_mulmod(row.x[4], unsafe_add(lo, uint256_mulmod(row.x[5], o_rel, R)), R)
    o_sgn: uint256 = uint256_addmod(
        unsafe_add(lo, uint256_mulmod(square, row.x[3], R)), unsafe_sub(r, unsafe_div(cube, 2)), R
    )
    o_row: uint256 = unsafe_add(uint256_mulmod(row.at.q_in, row.output, R), uint256_mulmod(row.at.q_rel, o_rel, R))
    o_row = uint256_addmod(o_row, unsafe_add(row.at.tab, uint256_mulmod(row.at.q_sgn, o_sgn, R)), R)
    c = uint256_addmod(c, unsafe_add(row.output, unsafe_sub(r, o_row)), R)

    # chi^2: q_zero e
    c = unsafe_add(uint256_mulmod(chi, c, R), uint256_mulmod(row.at.q_zero, row.at.e, R))

    # chi: the accumulator, with
    # v_rel = (2 b - 1)(limbs + M^3 d (1 + x_3)) - M / 2,  v_sgn = limbs + M^3 x_3 - M / 2 - M^4 / 2
    v_rel: uint256 = uint256_addmod(
        limbs, uint256_mulmod(uint256_mulmod(cube, row.x[5], R), unsafe_add(1, row.x[3]), R), R
    )
    v_rel = unsafe_add(
        uint256_mulmod(unsafe_add(uint256_addmod(row.x[4], row.x[4], R), minus_1), v_rel, R),
        unsafe_sub(r, unsafe_div(modulus, 2)),
    )
    v_sgn: uint256 = unsafe_add(
        uint256_addmod(limbs, uint256_mulmod(cube, row.x[3], R), R),
        unsafe_sub(r, unsafe_div(unsafe_add(modulus, unsafe_mul(square, square)), 2)),
    )
    dot: uint256 = uint256_mulmod(
        row.at.q_dot, uint256_addmod(unsafe_add(row.at.e_next, minus_e), unsafe_sub(r, row.dot), R), R
    )
    peel: uint256 = uint256_mulmod(
        row.at.q_pub,
        uint256_addmod(
            unsafe_add(uint256_mulmod(theta_lanes, row.at.e_next, R), minus_e), peeled, R
        ),
        R,
    )
    close: uint256 = uint256_mulmod(
        unsafe_add(row.at.q_rel, row.at.q_sgn),
        uint256_addmod(
            unsafe_add(uint256_mulmod(theta, row.at.e_next, R), minus_e), unsafe_sub(r, row.weight), R
        ),
        R,
    )
    value: uint256 = unsafe_add(uint256_mulmod(row.at.q_rel, v_rel, R), uint256_mulmod(row.at.q_sgn, v_sgn, R))
    c1: uint256 = uint256_addmod(uint256_addmod(unsafe_add(dot, peel), close, R), value, R)
    c = unsafe_add(uint256_mulmod(chi, c, R), c1)

    # the bus, with d_p = alpha + padr + beta o:
    # (phi' - phi - g) d_h .. d_{L-1} d_p - d_p sum_{j >= h} prod_{i != j} d_i + m d_h .. d_{L-1}
    provided: uint256 = unsafe_add(
        uint256_addmod(alpha, row.at.padr, R), uint256_mulmod(beta, row.output, R)
    )
    bus: uint256 = uint256_addmod(
        unsafe_add(row.at.phi_next, unsafe_sub(r, row.at.phi)), unsafe_sub(r, row.at.g), R
    )
    bus = unsafe_add(uint256_mulmod(bus, provided, R), row.fetches)
    bus = unsafe_add(
        uint256_mulmod(product, bus, R), unsafe_sub(r, uint256_mulmod(provided, others, R))
    )
    return uint256_addmod(bus, uint256_mulmod(chi, c, R), R)
