# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Proof verifier
@license Apache-2.0
@notice Checks that public outputs are the image of public inputs under the committed network of a data
        contract, as docs/protocol.md specifies. One contract serves every circuit and every strategy.
@dev    Assumptions:
        - the chain has the precompiles of EIP-2537 at the gas of that EIP (tested on every call: `precompile`);
        - the relying party rebuilt the key from the architecture: layout rules cannot be checked here;
        - whoever stores the address of a data contract pins its code hash beside it.
        A refusal reverts with one word, the first that applies: key, ceremony, count, input, length, scalar,
        point, challenge, precompile, opening. There is no state, no role, and no way to return false.
        Arguments that the ABI cannot hold (more than 192 integers, more than 4096 proof bytes) revert without
        a word. Limits of this contract beyond the specification's are refused as `key`: see MAX_.

        Names are those of the specification. `unsafe_` operations stand where checks above bound the operands,
        where wrapping modulo 2^256 is meant, or where a sum of two values below R cannot wrap (2 R < 2^256):
        field values are reduced lazily, a value below 2 R being fit for every modular product or sum.
        Circuits of one pack a kind, one chunk and few cells (`small`) take straight-line code in little memory.
"""

from .modules import refusal
from .modules import verifier_constraints as constraints

# order of the group, hence of the field F_r
R: constant(uint256) = 52435875175126190479447740508185965837690552500527637822603658699938581184513
MINUS_1: constant(uint256) = R - 1
LOW_HALF: constant(uint256) = 2**128 - 1
MINUS_2_127: constant(uint256) = max_value(uint256) - (2**127 - 1)  # in two's complement

TAG: constant(Bytes[32]) = b"provault.transcript.keccak256.v1"
VERSION: constant(bytes32) = 0x0000000000000000000000000000000000000000000000000000000000000001
# ascii("provault/verifying-key"), six zero bytes, version 1
KEY_MAGIC: constant(uint256) = 50861228892092369366508753304374239204289379266655157031295350025327589982209

MAX_LANES: constant(uint256) = 16  # 11 with two bus sums, so that h <= 5
MAX_PACKS: constant(uint256) = 63  # K
MAX_TERMS: constant(uint256) = 60  # points of the multi-scalar product
MAX_KEY_PIECES: constant(uint256) = 15  # bound runs and fixed packs
MAX_PUBLIC: constant(uint256) = 192
MAX_PROOF: constant(uint256) = 4096
HEADER_BYTES: constant(uint256) = 578  # 0x00 0x01 and 18 words

# [1]_1, and the pairing operands -[1]_2 and, for each ceremony, [tau]_2, encoded as EIP-2537 says
G1_X_HIGH: constant(uint256) = 31827880280837800241567138048534752271
G1_X_LOW: constant(uint256) = 88385725958748408079899006800036250932223001591707578097800747617502997169851
G1_Y_HIGH: constant(uint256) = 11568204302792691131076548377920244452
G1_Y_LOW: constant(uint256) = 114417265404584670498511149331300188430316142484413708742216858159411894806497
NEG_G2: constant(Bytes[256]) = x"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb80000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed"

# Ethereum's KZG ceremony with 4096 powers; t (n + 4) <= 4096 and t >= 2 leave n <= 1024
POWERS_4096: constant(uint256) = 4096
# 0xc28f034759a8556fdc4839227c41d062855177818972f1160a703cedd8b49535
DIGEST_4096: constant(uint256) = 88001374384254284484744523167522554989324670229243907869469590712547236156725
ROWS_4096: constant(uint256) = 1024
ROOT_4096: constant(uint256) = 22781213702924172180523978385542388841346373992886390990881355510284839737428  # order 1024
TAU_G2_4096: constant(Bytes[256]) = x"00000000000000000000000000000000185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def20000000000000000000000000000000015bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f7200000000000000000000000000000000014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c9794ce26d105941f383ee689bfbbb832a99000000000000000000000000000000001666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa07899495346f3d7ac9cd23048ef30d0a154f"

G1MSM: constant(address) = 0x000000000000000000000000000000000000000C
PAIRING: constant(address) = 0x000000000000000000000000000000000000000F
PAIRING_GAS: constant(uint256) = 102900  # 32600 * 2 + 37700
# gas of an MSM of k points is 12 k d(k): d(1) .. d(75) at ten bits each, 25 a word, lowest first
DISCOUNTS_1: constant(uint256) = 1140735537700286367638812633461979921034914024206930777476006890209631197160
DISCOUNTS_26: constant(uint256) = 1052303372363441101661175921411831604096798820990818873490330414950899122818
DISCOUNTS_51: constant(uint256) = 997477570848520998076201816148993181108994655299216129727169119857543823953


struct Sizes:
    witness_packs: uint256  # a
    fixed_packs: uint256  # f
    chunks: uint256  # c
    output_start: uint256  # public cell of the first output, from 0


@external
@view
@reentrant
def verify(strategy: address, context: bytes32, pub: DynArray[int256, MAX_PUBLIC], proof: Bytes[MAX_PROOF]):
    """
    @notice Return when the proof is valid and revert with the reason otherwise.
    @param strategy Data contract: 0x00 0x01, key.bin, commitment.bin.
    @param context What the proof is bound to: keccak256(abi_encode(chain id, vault, epoch, verifier)).
    @param pub The inputs, then the outputs, without the padding between them.
    @param proof Messages 1 to 6.
    """
    r: uint256 = R  # where a variable, which takes fewer bytes than the literal, serves
    # ---- step 1: key and ceremony
    size: uint256 = strategy.codesize
    if size <= HEADER_BYTES:
        self._key()
    if convert(slice(strategy.code, 0, 2), bytes2) != 0x0001:
        self._key()
    header: Bytes[576] = slice(strategy.code, 2, 576)
    key: uint256[18] = abi_decode(header, uint256[18])
    sizes: Sizes = self._sizes(key, size)
    rows: uint256 = key[3]  # n
    width: uint256 = key[4]  # t
    lanes: uint256 = key[5]  # L
    weight_lanes: uint256 = key[6]  # wa
    packs: uint256 = key[7]  # K
    input_count: uint256 = key[12]
    output_count: uint256 = key[13]
    runs: uint256 = key[14]

    # what follows the header, in pieces of 96 bytes: bound runs, fixed packs and, of small circuits, the S_k
    key_pieces: uint256 = unsafe_add(runs, sizes.fixed_packs)
    small: bool = False
    at: uint256 = key_pieces
    if sizes.witness_packs == 1 and sizes.fixed_packs == 1 and sizes.chunks == 1:
        if packs <= 4 and unsafe_add(at, packs) <= MAX_KEY_PIECES and key[11] <= 48:
            small = True
            at = unsafe_add(at, packs)
    rest: Bytes[1440] = self._pieces(strategy, HEADER_BYTES, at)

    # bound runs: count, low, high; neighbours differ, -2^62 <= low <= high <= 2^62
    place: uint256 = 0
    low: uint256 = 0
    high: uint256 = 0
    count: uint256 = 0
    counted: uint256 = 0
    value: uint256 = 0
    outside: uint256 = 0  # top bit set once an input is outside its bounds
    beyond: uint256 = 0  # bits of conditions that fail: a chain of `or` or `and` takes twice the bytes
    for i: uint256 in range(runs, bound=MAX_KEY_PIECES):
        last_low: uint256 = low
        last_high: uint256 = high
        count = convert(extract32(rest, place), uint256)
        low = convert(extract32(rest, unsafe_add(place, 32)), uint256)
        high = convert(extract32(rest, unsafe_add(place, 64)), uint256)
        place = unsafe_add(place, 96)
        at = counted
        counted = unsafe_add(counted, count)
        beyond = convert(i != 0, uint256) & convert(last_low == low, uint256) & convert(last_high == high, uint256)
        beyond |= convert(unsafe_sub(count, 1) >= MAX_PUBLIC, uint256) | convert(counted > input_count, uint256)
        last_high = unsafe_add(high, 2**62)
        beyond |= convert(last_high > 2**63, uint256) | convert(unsafe_add(low, 2**62) > last_high, uint256)
        if beyond != 0:
            self._key()
        if runs != 1 and len(pub) >= input_count:
            for j: uint256 in range(at, counted, bound=MAX_PUBLIC):
                value = convert(convert(pub[j], bytes32), uint256)
                outside |= unsafe_sub(value, low) | unsafe_sub(high, value)
    if counted != input_count:
        self._key()
    omega: uint256 = key[15]
    self._check_ceremony(rows, omega, key[9], key[2])

    # ---- step 2: count and input
    if len(pub) != unsafe_add(input_count, output_count):
        self._count()
    if runs != 1:  # tested above
        low = MINUS_2_127
        high = 2**127 - 1

    # ---- step 6: the transcript; H(key.bin) and message 0
    h: bytes32 = keccak256(concat(header, slice(rest, 0, unsafe_mul(96, key_pieces))))
    cells: uint256[4][12] = empty(uint256[4][12])  # of small circuits: public cells as field elements
    at = 0
    if small:
        blocks: uint256 = unsafe_div(input_count, 4)
        for i: uint256 in range(blocks, bound=12):
            v_0: uint256 = convert(convert(pub[at], bytes32), uint256)
            v_1: uint256 = convert(convert(pub[unsafe_add(at, 1)], bytes32), uint256)
            v_2: uint256 = convert(convert(pub[unsafe_add(at, 2)], bytes32), uint256)
            v_3: uint256 = convert(convert(pub[unsafe_add(at, 3)], bytes32), uint256)
            # the top bit of v - low or of high - v is set exactly when v is outside [low, high]
            outside |= unsafe_sub(v_0, low) | unsafe_sub(high, v_0) | unsafe_sub(v_1, low) | unsafe_sub(high, v_1)
            outside |= unsafe_sub(v_2, low) | unsafe_sub(high, v_2) | unsafe_sub(v_3, low) | unsafe_sub(high, v_3)
            cells[i] = [
                unsafe_add(v_0, unsafe_mul(R, v_0 >> 255)),
                unsafe_add(v_1, unsafe_mul(R, v_1 >> 255)),
                unsafe_add(v_2, unsafe_mul(R, v_2 >> 255)),
                unsafe_add(v_3, unsafe_mul(R, v_3 >> 255)),
            ]
            at = unsafe_add(at, 4)
        place = at
        for i: uint256 in range(at, len(pub), bound=48):
            if i == input_count:
                low = MINUS_2_127
                high = 2**127 - 1
                place = sizes.output_start
            value = convert(convert(pub[i], bytes32), uint256)
            outside |= unsafe_sub(value, low) | unsafe_sub(high, value)
            cells[place >> 2][place & 3] = unsafe_add(value, unsafe_mul(r, value >> 255))
            place = unsafe_add(place, 1)
        h = keccak256(
            concat(
                TAG,
                VERSION,
                h,
                slice(rest, unsafe_mul(96, key_pieces), unsafe_mul(96, packs)),
                context,
                convert(key[11], bytes32),
                slice(abi_encode(cells), 0, unsafe_mul(32, key[11])),
            )
        )
    else:
        piece_16: Bytes[1536] = b""
        piece_32: Bytes[3072] = b""
        all_cells: uint256[2][96] = empty(uint256[2][96])
        place = unsafe_sub(size, unsafe_mul(96, packs))
        if packs & 32 != 0:
            piece_32 = slice(strategy.code, place, 3072)
            place = unsafe_add(place, 3072)
        if packs & 16 != 0:
            piece_16 = slice(strategy.code, place, 1536)
            place = unsafe_add(place, 1536)
        pieces: Bytes[1440] = self._pieces(strategy, place, packs & 15)
        for i: uint256 in range(input_count >> 1, bound=96):
            v_0: uint256 = convert(convert(pub[at], bytes32), uint256)
            v_1: uint256 = convert(convert(pub[unsafe_add(at, 1)], bytes32), uint256)
            outside |= unsafe_sub(v_0, low) | unsafe_sub(high, v_0) | unsafe_sub(v_1, low) | unsafe_sub(high, v_1)
            all_cells[i] = [
                unsafe_add(v_0, unsafe_mul(r, v_0 >> 255)), unsafe_add(v_1, unsafe_mul(r, v_1 >> 255))
            ]
            at = unsafe_add(at, 2)
        place = at
        for i: uint256 in range(at, len(pub), bound=MAX_PUBLIC):
            if i == input_count:
                low = MINUS_2_127
                high = 2**127 - 1
                place = sizes.output_start
            value = convert(convert(pub[i], bytes32), uint256)
            outside |= unsafe_sub(value, low) | unsafe_sub(high, value)
            all_cells[place >> 1][place & 1] = unsafe_add(value, unsafe_mul(r, value >> 255))
            place = unsafe_add(place, 1)
        h = keccak256(
            concat(
                TAG,
                VERSION,
                h,
                piece_32,
                piece_16,
                pieces,
                context,
                convert(key[11], bytes32),
                slice(abi_encode(all_cells), 0, unsafe_mul(32, key[11])),
            )
        )

    if outside >> 255 != 0:
        self._input()

    # ---- step 3: length
    evaluations: uint256 = unsafe_mul(96, unsafe_add(unsafe_add(sizes.witness_packs, sizes.chunks), 2))
    weights_at: uint256 = unsafe_add(evaluations, unsafe_mul(32, unsafe_add(lanes, 2)))
    fixed_at: uint256 = unsafe_add(weights_at, unsafe_mul(32, weight_lanes))
    flags: uint256 = key[10]  # 1 with two bus sums
    opening: uint256 = unsafe_add(unsafe_add(fixed_at, 416), unsafe_mul(64, flags))
    if len(proof) != unsafe_add(opening, 192):
        self._length()

    # ---- step 6: the challenges of messages 1 to 5
    p: uint256[12] = empty(uint256[12])  # A_1, P, F, T_0 of small circuits, three words each
    w: uint256[6] = abi_decode(slice(proof, opening, 192), uint256[6])  # W, W'
    if small:
        p = abi_decode(slice(proof, 0, 384), uint256[12])
        h = keccak256(abi_encode(h, p[0], p[1], p[2], p[3], p[4], p[5]))
    else:
        place = unsafe_mul(96, unsafe_add(sizes.witness_packs, 1))
        h = keccak256(concat(h, slice(proof, 0, place)))
    alpha: uint256 = convert(h, uint256) % R
    beta: uint256 = convert(keccak256(concat(h, x"01")), uint256) % R
    theta: uint256 = convert(keccak256(concat(h, x"02")), uint256) % R
    chi: uint256 = 0
    if small:
        h = keccak256(abi_encode(h, p[6], p[7], p[8]))
        chi = convert(h, uint256) % R
        h = keccak256(abi_encode(h, p[9], p[10], p[11]))
    else:
        h = keccak256(concat(h, slice(proof, place, 96)))
        chi = convert(h, uint256) % R
        place = unsafe_add(place, 96)
        h = keccak256(concat(h, slice(proof, place, unsafe_sub(evaluations, place))))
    y: uint256 = convert(h, uint256) % R
    h = keccak256(concat(h, slice(proof, evaluations, unsafe_sub(opening, evaluations))))
    gamma: uint256 = convert(h, uint256) % R
    h = keccak256(abi_encode(h, w[0], w[1], w[2]))
    z: uint256 = convert(h, uint256) % R
    # (challenges)

    # ---- step 4, and the sums over the evaluations
    row: constraints.Row = empty(constraints.Row)
    row.x = abi_decode(slice(proof, evaluations, 192), uint256[6])
    row.output = convert(extract32(proof, unsafe_sub(weights_at, 64)), uint256)
    row.fetches = convert(extract32(proof, unsafe_sub(weights_at, 32)), uint256)
    row.at = abi_decode(slice(proof, fixed_at, 480), constraints.Columns)
    row.at.g = unsafe_mul(flags, row.at.g)  # with one bus sum these words are of W
    row.at.g_next = unsafe_mul(flags, row.at.g_next)
    row.split = unsafe_mul(flags, lanes >> 1)
    largest: uint256 = MINUS_1
    beyond = convert(row.x[0] > largest, uint256) | convert(row.x[1] > largest, uint256) | convert(row.x[2] > largest, uint256)
    beyond |= convert(row.x[3] > largest, uint256) | convert(row.x[4] > largest, uint256) | convert(row.x[5] > largest, uint256)
    beyond |= convert(row.output > largest, uint256) | convert(row.fetches > largest, uint256) | convert(row.at.base > largest, uint256)
    beyond |= convert(row.at.padr > largest, uint256) | convert(row.at.tab > largest, uint256) | convert(row.at.q_in > largest, uint256)
    beyond |= convert(row.at.q_dot > largest, uint256) | convert(row.at.q_pub > largest, uint256) | convert(row.at.q_rel > largest, uint256)
    beyond |= convert(row.at.q_sgn > largest, uint256) | convert(row.at.q_zero > largest, uint256) | convert(row.at.phi > largest, uint256)
    beyond |= convert(row.at.phi_next > largest, uint256) | convert(row.at.e > largest, uint256) | convert(row.at.e_next > largest, uint256)
    beyond |= convert(row.at.g > largest, uint256) | convert(row.at.g_next > largest, uint256)
    if beyond != 0:
        self._scalar()

    # lanes from x_6 on; witness: sum of z^j x_j over them
    row.product = 1
    row.theta_power = 1
    witness: uint256 = 0
    power: uint256 = 1
    cell: uint256 = unsafe_add(alpha, row.at.base)
    for j: uint256 in range(6, lanes, bound=10):
        value = convert(extract32(proof, unsafe_add(evaluations, unsafe_mul(32, j))), uint256)
        if value >= r:
            self._scalar()
        step: uint256 = uint256_mulmod(unsafe_add(row.at.q_dot, row.at.q_pub), j, R)
        d: uint256 = uint256_addmod(cell, unsafe_add(step, uint256_mulmod(beta, value, R)), R)
        row.others = unsafe_add(uint256_mulmod(row.others, d, R), row.product)
        row.product = uint256_mulmod(row.product, d, R)
        row.peeled = uint256_addmod(row.peeled, uint256_mulmod(row.theta_power, value, R), R)
        row.theta_power = uint256_mulmod(row.theta_power, theta, R)
        witness = uint256_addmod(witness, uint256_mulmod(power, value, R), R)
        power = uint256_mulmod(power, z, R)

    # sum of x_i u_i; remainder of U at z
    remainder: uint256 = 0
    if weight_lanes <= 4:
        # beyond wa stand fixed columns, which have been tested
        u: uint256[4] = abi_decode(slice(proof, weights_at, 128), uint256[4])
        beyond = convert(u[0] > largest, uint256) | convert(u[1] > largest, uint256)
        beyond |= convert(u[2] > largest, uint256) | convert(u[3] > largest, uint256)
        if beyond != 0:
            self._scalar()
        if weight_lanes > 3:
            remainder = u[3]
            row.dot = uint256_mulmod(u[3], row.x[3], R)
        if weight_lanes > 2:
            remainder = unsafe_add(uint256_mulmod(remainder, z, R), u[2])
            row.dot = uint256_addmod(row.dot, uint256_mulmod(u[2], row.x[2], R), R)
        if weight_lanes > 1:
            remainder = unsafe_add(uint256_mulmod(remainder, z, R), u[1])
            row.dot = uint256_addmod(row.dot, uint256_mulmod(u[1], row.x[1], R), R)
        remainder = unsafe_add(uint256_mulmod(remainder, z, R), u[0])
        row.dot = uint256_addmod(row.dot, uint256_mulmod(u[0], row.x[0], R), R)
        row.weight = u[0]
    else:
        at = unsafe_mul(32, weight_lanes)
        for _: uint256 in range(weight_lanes, bound=MAX_LANES):
            at = unsafe_sub(at, 32)
            value = convert(extract32(proof, unsafe_add(weights_at, at)), uint256)
            if value >= r:
                self._scalar()
            lane: uint256 = convert(extract32(proof, unsafe_add(evaluations, at)), uint256)
            row.dot = uint256_addmod(row.dot, uint256_mulmod(value, lane, R), R)
            remainder = unsafe_add(uint256_mulmod(remainder, z, R), value)
        row.weight = value

    # sum of gamma^g r_g(z) over all claims modulo X^t - y; gamma^a and gamma^(a + f + 1)
    fixed: uint256 = 0
    gamma_a: uint256 = gamma
    gamma_f: uint256 = uint256_mulmod(uint256_mulmod(gamma, gamma, R), gamma, R)
    if small:
        value = unsafe_add(uint256_mulmod(row.fetches, z, R), row.output)
        witness = unsafe_add(uint256_mulmod(power, value, R), witness)
        witness = unsafe_add(uint256_mulmod(witness, z, R), row.x[5])
        witness = unsafe_add(uint256_mulmod(witness, z, R), row.x[4])
        witness = unsafe_add(uint256_mulmod(witness, z, R), row.x[3])
        witness = unsafe_add(uint256_mulmod(witness, z, R), row.x[2])
        witness = unsafe_add(uint256_mulmod(witness, z, R), row.x[1])
        witness = unsafe_add(uint256_mulmod(witness, z, R), row.x[0])
        fixed = unsafe_add(uint256_mulmod(row.at.q_zero, z, R), row.at.q_sgn)
        fixed = unsafe_add(uint256_mulmod(fixed, z, R), row.at.q_rel)
        fixed = unsafe_add(uint256_mulmod(fixed, z, R), row.at.q_pub)
        fixed = unsafe_add(uint256_mulmod(fixed, z, R), row.at.q_dot)
        fixed = unsafe_add(uint256_mulmod(fixed, z, R), row.at.q_in)
        fixed = unsafe_add(uint256_mulmod(fixed, z, R), row.at.tab)
        fixed = unsafe_add(uint256_mulmod(fixed, z, R), row.at.padr)
        fixed = unsafe_add(uint256_mulmod(fixed, z, R), row.at.base)
    else:
        witness = 0
        gamma_a = 1
        value = 0
        at = unsafe_add(lanes, 2)
        for _: uint256 in range(at, bound=18):
            at = unsafe_sub(at, 1)
            lane: uint256 = convert(extract32(proof, unsafe_add(evaluations, unsafe_mul(32, at))), uint256)
            value = unsafe_add(uint256_mulmod(value, z, R), lane)
            if at % width == 0:
                witness = uint256_addmod(uint256_mulmod(witness, gamma, R), value, R)
                gamma_a = uint256_mulmod(gamma_a, gamma, R)
                value = 0
        gamma_f = uint256_mulmod(gamma_a, gamma, R)
        at = 9
        for _: uint256 in range(9):
            at = unsafe_sub(at, 1)
            column: uint256 = convert(extract32(proof, unsafe_add(fixed_at, unsafe_mul(32, at))), uint256)
            value = unsafe_add(uint256_mulmod(value, z, R), column)
            if at % width == 0:
                fixed = uint256_addmod(uint256_mulmod(fixed, gamma, R), value, R)
                gamma_f = uint256_mulmod(gamma_f, gamma, R)
                value = 0
    remainder = uint256_addmod(remainder, uint256_mulmod(gamma, fixed, R), R)
    remainder = uint256_addmod(uint256_mulmod(gamma_a, remainder, R), witness, R)

    # Z_H(y) = y^n - 1
    vanishing: uint256 = y
    at = rows
    for _: uint256 in range(8):
        if at < 16:
            break
        vanishing = uint256_mulmod(vanishing, vanishing, R)
        vanishing = uint256_mulmod(vanishing, vanishing, R)
        vanishing = uint256_mulmod(vanishing, vanishing, R)
        vanishing = uint256_mulmod(vanishing, vanishing, R)
        at = at >> 4
    for _: uint256 in range(3):
        if at == 1:
            break
        vanishing = uint256_mulmod(vanishing, vanishing, R)
        at = at >> 1
    vanishing = uint256_addmod(vanishing, MINUS_1, R)

    # Pi = sum of theta^i pub_i over the public cells
    public_sum: uint256 = 0
    if small:
        at = unsafe_add(sizes.output_start, unsafe_add(output_count, 3)) >> 2
        for _: uint256 in range(at, bound=12):
            at = unsafe_sub(at, 1)
            four: uint256[4] = cells[at]
            public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), four[3])
            public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), four[2])
            public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), four[1])
            public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), four[0])
    else:
        # outputs, padding, inputs beyond a multiple of four; then four at a time
        at = len(pub)
        for part: uint256 in range(2):
            count = output_count
            if part == 1:
                for _: uint256 in range(unsafe_sub(sizes.output_start, input_count), bound=MAX_LANES):
                    public_sum = uint256_mulmod(public_sum, theta, R)
                count = input_count & 3
            for _: uint256 in range(count, bound=MAX_PUBLIC):
                at = unsafe_sub(at, 1)
                value = convert(convert(pub[at], bytes32), uint256)
                value = unsafe_add(value, unsafe_mul(r, value >> 255))
                public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), value)
        for _: uint256 in range(input_count >> 2, bound=48):
            at = unsafe_sub(at, 1)
            value = convert(convert(pub[at], bytes32), uint256)
            value = unsafe_add(value, unsafe_mul(r, value >> 255))
            public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), value)
            at = unsafe_sub(at, 1)
            value = convert(convert(pub[at], bytes32), uint256)
            value = unsafe_add(value, unsafe_mul(r, value >> 255))
            public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), value)
            at = unsafe_sub(at, 1)
            value = convert(convert(pub[at], bytes32), uint256)
            value = unsafe_add(value, unsafe_mul(r, value >> 255))
            public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), value)
            at = unsafe_sub(at, 1)
            value = convert(convert(pub[at], bytes32), uint256)
            value = unsafe_add(value, unsafe_mul(r, value >> 255))
            public_sum = unsafe_add(uint256_mulmod(public_sum, theta, R), value)

    # C*(y) = (y - 1) C(y) - chi^2 Pi Z_H(y) / n
    y_minus_1: uint256 = unsafe_add(y, MINUS_1)
    constraint: uint256 = constraints.combine(row, alpha, beta, theta, chi, key[8])
    value = uint256_mulmod(uint256_mulmod(chi, chi, R), uint256_mulmod(vanishing, key[16], R), R)
    constraint = unsafe_add(
        uint256_mulmod(y_minus_1, constraint, R), unsafe_sub(r, uint256_mulmod(value, public_sum, R))
    )

    # ---- step 7: the scalars of Q
    z_t: uint256 = 1
    power = z
    at = width
    for _: uint256 in range(32):
        if at & 1 != 0:
            z_t = uint256_mulmod(z_t, power, R)
        at = at >> 1
        if at == 0:
            break
        power = uint256_mulmod(power, power, R)
    minus_y: uint256 = unsafe_sub(r, y)
    minus_y_next: uint256 = unsafe_sub(r, uint256_mulmod(omega, y, R))
    p_1: uint256 = unsafe_add(z_t, minus_y)
    p_2: uint256 = unsafe_add(z_t, minus_y_next)
    p_3: uint256 = unsafe_add(z, minus_y)
    packs_scalar: uint256 = uint256_mulmod(p_2, p_3, R)
    weights_scalar: uint256 = uint256_mulmod(packs_scalar, gamma_a, R)
    sums_scalar: uint256 = uint256_mulmod(gamma_f, p_3, R)  # without kappa
    chunk_scalar: uint256 = uint256_mulmod(uint256_mulmod(gamma_f, gamma, R), uint256_mulmod(p_1, p_2, R), R)
    # of -[1]
    if flags != 0:
        row.at.e = unsafe_add(row.at.e, uint256_mulmod(row.at.g, z, R))
        row.at.e_next = unsafe_add(row.at.e_next, uint256_mulmod(row.at.g_next, z, R))
    known: uint256 = uint256_mulmod(p_2, unsafe_add(row.at.phi, uint256_mulmod(row.at.e, z, R)), R)
    value = uint256_mulmod(p_1, unsafe_add(row.at.phi_next, uint256_mulmod(row.at.e_next, z, R)), R)
    known = uint256_mulmod(sums_scalar, unsafe_add(known, unsafe_sub(r, value)), R)
    known = unsafe_add(known, uint256_mulmod(packs_scalar, remainder, R))
    known = uint256_addmod(known, uint256_mulmod(chunk_scalar, constraint, R), R)

    sums_scalar = uint256_mulmod(sums_scalar, unsafe_add(y, minus_y_next), R)
    chunk_scalar = uint256_mulmod(chunk_scalar, uint256_mulmod(y_minus_1, vanishing, R), R)

    # ---- steps 5 and 7: Q by one multi-scalar product, which tests curve and subgroup of every point
    output: Bytes[160] = b""
    success: bool = False
    allowance: uint256 = 0
    scalar: uint256 = uint256_mulmod(weights_scalar, gamma, R)
    # a bit of each point at infinity
    beyond = convert(w[0] | w[1] | w[2] == 0, uint256) | convert(w[3] | w[4] | w[5] == 0, uint256)
    mask_scalar: uint256 = uint256_mulmod(weights_scalar, vanishing, R)
    g_term: uint256[5] = [G1_X_HIGH, G1_X_LOW, G1_Y_HIGH, G1_Y_LOW, unsafe_sub(r, known)]
    w_term: uint256[5] = [w[0] >> 128, w[0] << 128 | w[1] >> 128, w[1] & LOW_HALF, w[2], 0]
    w_term[4] = unsafe_sub(r, uint256_mulmod(p_1, packs_scalar, R))
    v_term: uint256[5] = [w[3] >> 128, w[3] << 128 | w[4] >> 128, w[4] & LOW_HALF, w[5], z]
    if small:
        beyond |= convert(p[0] | p[1] | p[2] == 0, uint256) | convert(p[3] | p[4] | p[5] == 0, uint256)
        beyond |= convert(p[6] | p[7] | p[8] == 0, uint256) | convert(p[9] | p[10] | p[11] == 0, uint256)
        terms: uint256[5][12] = empty(uint256[5][12])
        terms[0] = [p[0] >> 128, p[0] << 128 | p[1] >> 128, p[1] & LOW_HALF, p[2], packs_scalar]
        terms[1] = [p[3] >> 128, p[3] << 128 | p[4] >> 128, p[4] & LOW_HALF, p[5], mask_scalar]
        terms[2] = [p[6] >> 128, p[6] << 128 | p[7] >> 128, p[7] & LOW_HALF, p[8], sums_scalar]
        terms[3] = [p[9] >> 128, p[9] << 128 | p[10] >> 128, p[10] & LOW_HALF, p[11], chunk_scalar]
        terms[4] = w_term
        terms[5] = v_term
        terms[6] = g_term
        # the fixed pack, then S_0 .. S_{K-1}
        place = unsafe_mul(96, runs)
        count = unsafe_add(packs, 8)
        for i: uint256 in range(7, count, bound=5):
            p_0: uint256 = convert(extract32(rest, place), uint256)
            p_m: uint256 = convert(extract32(rest, unsafe_add(place, 32)), uint256)
            p_l: uint256 = convert(extract32(rest, unsafe_add(place, 64)), uint256)
            beyond |= convert(p_0 | p_m | p_l == 0, uint256)
            terms[i] = [p_0 >> 128, p_0 << 128 | p_m >> 128, p_m & LOW_HALF, p_l, scalar]
            place = unsafe_add(place, 96)
            scalar = weights_scalar
            weights_scalar = uint256_mulmod(weights_scalar, theta, R)
        allowance = self._product_gas(count)
        success, output = raw_call(
            G1MSM,
            slice(abi_encode(terms), 0, unsafe_mul(160, count)),
            max_outsize=160,
            gas=allowance,
            is_static_call=True,
            revert_on_failure=False,
        )
    else:
        step: uint256 = y  # y^(N-1) for N = 4096: y^(2 k + 1) from y^k, eleven times
        if sizes.chunks > 1:
            for _: uint256 in range(11):
                step = uint256_mulmod(uint256_mulmod(step, step, R), y, R)
        all_terms: uint256[5][MAX_TERMS] = empty(uint256[5][MAX_TERMS])
        all_terms[0] = w_term
        all_terms[1] = v_term
        all_terms[2] = g_term
        # A_1 .. A_a, P, F, T_0 .. T_{c-1}
        place = 0
        count = unsafe_add(unsafe_add(sizes.witness_packs, sizes.chunks), 5)
        for i: uint256 in range(3, count, bound=32):
            p_0: uint256 = convert(extract32(proof, place), uint256)
            p_m: uint256 = convert(extract32(proof, unsafe_add(place, 32)), uint256)
            p_l: uint256 = convert(extract32(proof, unsafe_add(place, 64)), uint256)
            beyond |= convert(p_0 | p_m | p_l == 0, uint256)
            at = unsafe_sub(i, 3)
            if at < sizes.witness_packs:
                value = packs_scalar
                packs_scalar = uint256_mulmod(packs_scalar, gamma, R)
            elif at == sizes.witness_packs:
                value = mask_scalar
            elif at == unsafe_add(sizes.witness_packs, 1):
                value = sums_scalar
            else:
                value = chunk_scalar
                chunk_scalar = uint256_mulmod(chunk_scalar, step, R)
            all_terms[i] = [p_0 >> 128, p_0 << 128 | p_m >> 128, p_m & LOW_HALF, p_l, value]
            place = unsafe_add(place, 96)
        # the fixed packs
        place = unsafe_mul(96, runs)
        at = count
        count = unsafe_add(count, sizes.fixed_packs)
        for i: uint256 in range(at, count, bound=5):
            p_0: uint256 = convert(extract32(rest, place), uint256)
            p_m: uint256 = convert(extract32(rest, unsafe_add(place, 32)), uint256)
            p_l: uint256 = convert(extract32(rest, unsafe_add(place, 64)), uint256)
            beyond |= convert(p_0 | p_m | p_l == 0, uint256)
            all_terms[i] = [p_0 >> 128, p_0 << 128 | p_m >> 128, p_m & LOW_HALF, p_l, scalar]
            place = unsafe_add(place, 96)
            scalar = uint256_mulmod(scalar, gamma, R)
        # S_0 .. S_{K-1}, read eight at a time; the last read ends with the code
        window: uint256[3][8] = empty(uint256[3][8])
        slot: uint256 = 8
        place = unsafe_add(HEADER_BYTES, place)
        at = count
        count = unsafe_add(count, packs)
        for i: uint256 in range(at, count, bound=MAX_PACKS):
            if slot == 8:
                at = min(place, unsafe_sub(size, 768))
                slot = unsafe_div(unsafe_sub(place, at), 96)
                place = unsafe_add(place, 768)
                window = abi_decode(slice(strategy.code, at, 768), uint256[3][8])
            q: uint256[3] = window[slot]
            slot = unsafe_add(slot, 1)
            if q[0] | q[1] | q[2] == 0:
                self._point()
            all_terms[i] = [q[0] >> 128, q[0] << 128 | q[1] >> 128, q[1] & LOW_HALF, q[2], weights_scalar]
            weights_scalar = uint256_mulmod(weights_scalar, theta, R)
        allowance = self._product_gas(count)
        success, output = raw_call(
            G1MSM,
            slice(abi_encode(all_terms), 0, unsafe_mul(160, count)),
            max_outsize=160,
            gas=allowance,
            is_static_call=True,
            revert_on_failure=False,
        )
    if beyond != 0:
        self._point()
    if not success:
        # a call that could not be given its allowance leaves less than a 63rd of it
        if msg.gas < unsafe_div(allowance, 63):
            self._precompile()
        self._point()
    if y == 0 or vanishing == 0:
        self._challenge()
    if len(output) != 128:
        self._precompile()

    # ---- e(Q, -[1]_2) e(W', [tau]_2) = 1
    success, output = raw_call(
        PAIRING,
        concat(
            output,
            NEG_G2,
            convert(v_term[0], bytes32),
            convert(v_term[1], bytes32),
            convert(v_term[2], bytes32),
            convert(v_term[3], bytes32),
            TAU_G2_4096,
        ),
        max_outsize=160,
        gas=PAIRING_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not success or len(output) != 32:
        self._precompile()
    if convert(extract32(output, 0), uint256) != 1:
        self._opening()


@internal
@pure
def _sizes(key: uint256[18], size: uint256) -> Sizes:
    """
    @notice Check the header words of a key and the length of its data contract; return the counts that follow.
    """
    rows: uint256 = key[3]
    width: uint256 = key[4]
    lanes: uint256 = key[5]
    weight_lanes: uint256 = key[6]
    packs: uint256 = key[7]
    powers: uint256 = key[9]
    inputs: uint256 = key[12]
    outputs: uint256 = key[13]
    flags: uint256 = key[10]
    # one bit for each condition that fails
    bad: uint256 = convert(key[0] != KEY_MAGIC, uint256) | convert(flags > 1, uint256)
    bad |= convert(key[17] != 2, uint256) | convert(unsafe_sub(rows, 2) > 2**32 - 2, uint256)
    bad |= rows & unsafe_sub(rows, 1) | width >> 33
    bad |= convert(width < unsafe_add(2, flags), uint256)  # F holds phi, e and, with two bus sums, g
    # with rows and width in range the product is below 2^67
    bad |= convert(unsafe_mul(width, unsafe_add(rows, 4)) > powers, uint256)
    bad |= convert(unsafe_sub(lanes, 6) > unsafe_sub(MAX_LANES - 6, unsafe_mul(5, flags)), uint256)
    bad |= convert(unsafe_sub(weight_lanes, 1) >= min(lanes, width), uint256)
    bad |= convert(unsafe_sub(packs, 1) >= MAX_PACKS, uint256) | convert(unsafe_sub(key[8], 1) >= 12, uint256)
    bad |= convert(unsafe_sub(inputs, 1) >= MAX_PUBLIC, uint256)
    bad |= convert(unsafe_sub(outputs, 1) >= MAX_PUBLIC, uint256)
    bad |= convert(key[16] >= R, uint256) | convert(uint256_mulmod(key[16], rows, R) != 1, uint256)
    if bad != 0:
        self._key()
    # every count is below 2^33 from here on
    sizes: Sizes = empty(Sizes)
    sizes.output_start = unsafe_add(inputs, unsafe_sub(weight_lanes, 1))
    sizes.output_start = unsafe_sub(sizes.output_start, sizes.output_start % weight_lanes)
    cells: uint256 = unsafe_add(unsafe_add(sizes.output_start, outputs), unsafe_sub(lanes, 1))
    if key[11] > MAX_PUBLIC or key[11] != unsafe_sub(cells, cells % lanes):
        self._key()
    sizes.witness_packs = unsafe_div(unsafe_add(unsafe_add(lanes, 1), width), width)
    sizes.fixed_packs = unsafe_div(unsafe_add(width, 8), width)
    sizes.chunks = 1
    factors: uint256 = unsafe_sub(lanes, unsafe_mul(flags, lanes >> 1))  # L - h
    degree: uint256 = unsafe_add(unsafe_mul(unsafe_add(factors, 1), rows), unsafe_add(factors, 4))  # D
    if degree >= powers:
        sizes.chunks = unsafe_add(unsafe_div(degree, unsafe_sub(powers, 1)), 1)
    pieces: uint256 = unsafe_add(key[14], sizes.fixed_packs)
    if key[14] > MAX_KEY_PIECES or pieces > MAX_KEY_PIECES:
        self._key()
    if size != unsafe_add(HEADER_BYTES, unsafe_mul(96, unsafe_add(pieces, packs))):
        self._key()
    terms: uint256 = unsafe_add(unsafe_add(sizes.witness_packs, sizes.chunks), 5)
    if unsafe_add(terms, unsafe_add(sizes.fixed_packs, packs)) > MAX_TERMS:
        self._key()
    return sizes


@internal
@pure
def _check_ceremony(rows: uint256, omega: uint256, powers: uint256, digest: uint256):
    """
    @notice Check omega = 7^((r-1)/n) and that the ceremony is a pinned one.
    @dev    omega is compared for pinned N only; every other key is refused by the next line.
    """
    if powers == POWERS_4096:
        root: uint256 = ROOT_4096
        order: uint256 = ROWS_4096
        for _: uint256 in range(10):
            if order <= rows:
                break
            root = uint256_mulmod(root, root, R)
            order = order >> 1
        if omega != root:
            self._key()
    if powers != POWERS_4096 or digest != DIGEST_4096:
        self._ceremony()


@internal
@view
def _pieces(strategy: address, offset: uint256, count: uint256) -> Bytes[1440]:
    """
    @notice Read 96 count bytes of a data contract, count at most 15: code is copied in literal lengths only.
    """
    place: uint256 = offset
    piece_1: Bytes[96] = b""
    piece_2: Bytes[192] = b""
    piece_4: Bytes[384] = b""
    piece_8: Bytes[768] = b""
    if count & 8 != 0:
        piece_8 = slice(strategy.code, place, 768)
        place = unsafe_add(place, 768)
    if count & 4 != 0:
        piece_4 = slice(strategy.code, place, 384)
        place = unsafe_add(place, 384)
    if count & 2 != 0:
        piece_2 = slice(strategy.code, place, 192)
        place = unsafe_add(place, 192)
    if count & 1 != 0:
        piece_1 = slice(strategy.code, place, 96)
    return concat(piece_8, piece_4, piece_2, piece_1)


@internal
@pure
def _product_gas(count: uint256) -> uint256:
    """
    @notice Return the gas of an MSM of 1 .. 75 points: 12000 k d(k) / 1000.
    """
    discount: uint256 = unsafe_sub(count, 1)
    if discount < 25:
        discount = DISCOUNTS_1 >> unsafe_mul(10, discount)
    elif discount < 50:
        discount = DISCOUNTS_26 >> unsafe_mul(10, unsafe_sub(discount, 25))
    else:
        discount = DISCOUNTS_51 >> unsafe_mul(10, unsafe_sub(discount, 50))
    return unsafe_mul(unsafe_mul(12, count), discount & 1023)


@internal
@pure
def _key():
    refusal.check(False, "key")


@internal
@pure
def _ceremony():
    refusal.check(False, "ceremony")


@internal
@pure
def _count():
    refusal.check(False, "count")


@internal
@pure
def _input():
    refusal.check(False, "input")


@internal
@pure
def _length():
    refusal.check(False, "length")


@internal
@pure
def _scalar():
    refusal.check(False, "scalar")


@internal
@pure
def _point():
    refusal.check(False, "point")


@internal
@pure
def _challenge():
    refusal.check(False, "challenge")


@internal
@pure
def _precompile():
    refusal.check(False, "precompile")


@internal
@pure
def _opening():
    refusal.check(False, "opening")
