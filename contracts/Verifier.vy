# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Proof verifier
@author provault
@license Apache-2.0
@notice Checks that public outputs are the image of public inputs under the committed network of a data
        contract, as docs/protocol.md specifies. One contract serves every circuit and every strategy.
@dev    Assumptions:
        - the chain has the precompiles of EIP-2537 at the gas of that EIP (tested on every call: `precompile`);
        - the relying party rebuilt the key from the architecture: layout rules cannot be checked here;
        - whoever stores the address of a data contract pins its code hash beside it.
        Every refusal reverts with one word, the first that applies: key, ceremony, count, input, length,
        scalar, point, challenge, precompile, opening. There is no state, no role and no way to return false.
        Notation is that of the specification. `unsafe_` operations stand where the operands are bounded by
        checks above them or are meant modulo 2^256; field elements are below R, so that R - x cannot wrap.
"""

# order of the group, hence the field F_r
R: constant(uint256) = 52435875175126190479447740508185965837690552500527637822603658699938581184513
R_MINUS_1: constant(uint256) = 52435875175126190479447740508185965837690552500527637822603658699938581184512
MINUS_2_127: constant(uint256) = max_value(uint256) - (2**127 - 1)  # two's complement
LOW_HALF: constant(uint256) = 340282366920938463463374607431768211455  # 2^128 - 1

TAG: constant(Bytes[32]) = b"provault.transcript.keccak256.v1"
# ascii("provault/verifying-key"), six zero bytes, version 1
KEY_MAGIC: constant(bytes32) = 0x70726f7661756c742f766572696679696e672d6b657900000000000000000001

# limits of this contract; a key beyond them is refused as `key`
MAX_LANES: constant(uint256) = 16
MAX_PACKS: constant(uint256) = 63
MAX_TERMS: constant(uint256) = 72
MAX_RUNS: constant(uint256) = 16
MAX_PUBLIC: constant(uint256) = 192
MAX_PROOF: constant(uint256) = 4096
HEADER_BYTES: constant(uint256) = 578  # 0x00 0x01 and 18 words

# [1]_1, and the pairing operands -[1]_2 and, one a ceremony, [tau]_2, as EIP-2537 encodes them
G1_X0: constant(uint256) = 31827880280837800241567138048534752271
G1_X1: constant(uint256) = 88385725958748408079899006800036250932223001591707578097800747617502997169851
G1_Y0: constant(uint256) = 11568204302792691131076548377920244452
G1_Y1: constant(uint256) = 114417265404584670498511149331300188430316142484413708742216858159411894806497
NEG_G2: constant(Bytes[256]) = x"00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb80000000000000000000000000000000013e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e000000000000000000000000000000000d1b3cc2c7027888be51d9ef691d77bcb679afda66c73f17f9ee3837a55024f78c71363275a75d75d86bab79f74782aa0000000000000000000000000000000013fa4d4a0ad8b1ce186ed5061789213d993923066dddaf1040bc3ff59f825c78df74f2d75467e25e0f55f8a00fa030ed"

# Ethereum's KZG ceremony with 4096 powers
POWERS_4096: constant(uint256) = 4096
DIGEST_4096: constant(bytes32) = 0xc28f034759a8556fdc4839227c41d062855177818972f1160a703cedd8b49535
TAU_G2_4096: constant(Bytes[256]) = x"00000000000000000000000000000000185cbfee53492714734429b7b38608e23926c911cceceac9a36851477ba4c60b087041de621000edc98edada20c1def20000000000000000000000000000000015bfd7dd8cdeb128843bc287230af38926187075cbfbefa81009a2ce615ac53d2914e5870cb452d2afaaab24f3499f7200000000000000000000000000000000014353bdb96b626dd7d5ee8599d1fca2131569490e28de18e82451a496a9c9794ce26d105941f383ee689bfbbb832a99000000000000000000000000000000001666c54b0a32529503432fcae0181b4bef79de09fc63671fda5ed1ba9bfa07899495346f3d7ac9cd23048ef30d0a154f"

# 7^((r-1)/1024): t (n + 4) <= 4096 and t >= 2 leave n <= 1024
ROWS_4096: constant(uint256) = 1024
ROOT_4096: constant(uint256) = 22781213702924172180523978385542388841346373992886390990881355510284839737428

G1MSM: constant(address) = 0x000000000000000000000000000000000000000C
PAIRING: constant(address) = 0x000000000000000000000000000000000000000F
PAIRING_GAS: constant(uint256) = 102900  # 32600 * 2 + 37700

# gas of an MSM of k points is 12 k d(k): d(1) .. d(100) at ten bits each, 25 a word, lowest first
DISCOUNTS_1: constant(uint256) = 1140735537700286367638812633461979921034914024206930777476006890209631197160
DISCOUNTS_26: constant(uint256) = 1052303372363441101661175921411831604096798820990818873490330414950899122818
DISCOUNTS_51: constant(uint256) = 997477570848520998076201816148993181108994655299216129727169119857543823953
DISCOUNTS_76: constant(uint256) = 955031790336308316469319457038165705096599230015529505435621955226698304051


@external
@view
def verify(strategy: address, context: bytes32, pub: DynArray[int256, MAX_PUBLIC], proof: Bytes[MAX_PROOF]):
    """
    @notice Return when the proof is valid and revert with the reason otherwise.
    @param strategy Data contract: 0x00 0x01, key.bin, commitment.bin.
    @param context What the proof is bound to: keccak256(abi_encode(chain id, vault, epoch, verifier)).
    @param pub The inputs, then the outputs, without the padding between them.
    @param proof Messages 1 to 6.
    """
    # ---- the key: section 10, step 1
    size: uint256 = strategy.codesize
    if not (size > HEADER_BYTES):
        self._key()
    code: Bytes[578] = slice(strategy.code, 0, 578)
    header: Bytes[576] = slice(code, 2, 576)
    key: uint256[18] = abi_decode(header, uint256[18])
    rows: uint256 = key[3]  # n
    width: uint256 = key[4]  # t
    lanes: uint256 = key[5]  # L
    weight_lanes: uint256 = key[6]  # wa
    packs: uint256 = key[7]  # K
    powers: uint256 = key[9]  # N
    public_count: uint256 = key[11]
    input_count: uint256 = key[12]
    output_count: uint256 = key[13]
    runs: uint256 = key[14]
    omega: uint256 = key[15]
    if not (convert(extract32(code, 0), uint256) >> 240 == 1):
        self._key()
    if not (key[0] == convert(KEY_MAGIC, uint256) and key[10] == 0):
        self._key()
    if not (rows >= 2 and rows <= 2**32 and rows & unsafe_sub(rows, 1) == 0):
        self._key()
    if not (width >= 2 and width <= 2**32):
        self._key()
    if not (unsafe_mul(width, unsafe_add(rows, 4)) <= powers):  # the product is below 2^65
        self._key()
    if not (lanes >= 6 and lanes <= MAX_LANES):
        self._key()
    if not (weight_lanes >= 1 and weight_lanes <= lanes and weight_lanes <= width):
        self._key()
    if not (packs >= 1 and packs <= MAX_PACKS):
        self._key()
    if not (key[8] >= 1 and key[8] <= 12):
        self._key()
    if not (input_count >= 1 and input_count <= MAX_PUBLIC):
        self._key()
    if not (output_count >= 1 and output_count <= MAX_PUBLIC):
        self._key()
    if not (runs >= 1 and runs <= MAX_RUNS):
        self._key()
    if not (key[16] < R and uint256_mulmod(key[16], rows, R) == 1):
        self._key()
    # all counts are below 2^33 from here on
    output_start: uint256 = unsafe_mul(
        unsafe_div(unsafe_sub(unsafe_add(input_count, weight_lanes), 1), weight_lanes), weight_lanes
    )
    cells: uint256 = unsafe_add(output_start, output_count)
    if not (public_count <= MAX_PUBLIC):
        self._key()
    if public_count != unsafe_mul(unsafe_div(unsafe_sub(unsafe_add(cells, lanes), 1), lanes), lanes):
        self._key()
    witness_packs: uint256 = unsafe_div(unsafe_add(unsafe_add(lanes, 1), width), width)  # a
    fixed_packs: uint256 = unsafe_div(unsafe_add(width, 8), width)  # f
    degree: uint256 = unsafe_add(unsafe_mul(unsafe_add(lanes, 1), rows), unsafe_add(lanes, 4))  # D
    chunks: uint256 = 1  # c
    if degree >= powers:
        chunks = unsafe_add(unsafe_div(degree, unsafe_sub(powers, 1)), 1)  # ceil((D + 1) / (N - 1))
    points_start: uint256 = unsafe_add(HEADER_BYTES, unsafe_mul(96, runs))
    packs_start: uint256 = unsafe_add(points_start, unsafe_mul(96, fixed_packs))
    if not (size == unsafe_add(packs_start, unsafe_mul(96, packs))):
        self._key()
    proof_points: uint256 = unsafe_add(unsafe_add(witness_packs, chunks), 4)
    terms_count: uint256 = unsafe_add(unsafe_add(proof_points, 1), unsafe_add(fixed_packs, packs))
    if not (terms_count <= MAX_TERMS):
        self._key()

    # bound runs: [count, low, high], neighbours differ, -2^62 <= low <= high <= 2^62
    run: uint256[3] = [0, 0, 0]
    counted: uint256 = 0
    for i: uint256 in range(runs, bound=MAX_RUNS):
        low: uint256 = run[1]
        high: uint256 = run[2]
        run = abi_decode(slice(strategy.code, unsafe_add(HEADER_BYTES, unsafe_mul(96, i)), 96), uint256[3])
        if not (i == 0 or run[1] != low or run[2] != high):
            self._key()
        if not (run[0] >= 1 and run[0] <= MAX_PUBLIC):
            self._key()
        counted = unsafe_add(counted, run[0])
        if not (unsafe_add(run[1], 2**62) <= 2**63 and unsafe_add(run[2], 2**62) <= 2**63):
            self._key()
        if not (unsafe_add(run[1], 2**62) <= unsafe_add(run[2], 2**62)):
            self._key()
    if not (counted == input_count):
        self._key()

    # ---- ceremony
    root: uint256 = ROOT_4096
    order: uint256 = ROWS_4096
    if rows <= ROWS_4096 and powers == 4096:
        for _: uint256 in range(10):
            if order == rows:
                break
            root = uint256_mulmod(root, root, R)
            order = unsafe_div(order, 2)
        if not (omega == root):
            self._key()
    if not (powers == 4096 and key[2] == convert(DIGEST_4096, uint256)):
        self._ceremony()

    # ---- count, input, and the hash of message 0
    if not (len(pub) == unsafe_add(input_count, output_count)):
        self._count()
    piece_1: Bytes[96] = b""
    piece_2: Bytes[192] = b""
    piece_4: Bytes[384] = b""
    piece_8: Bytes[768] = b""
    piece_16: Bytes[1536] = b""
    at: uint256 = HEADER_BYTES
    pieces: uint256 = unsafe_add(runs, fixed_packs)
    if pieces & 16 != 0:
        piece_16 = slice(strategy.code, at, 1536)
        at = unsafe_add(at, 1536)
    if pieces & 8 != 0:
        piece_8 = slice(strategy.code, at, 768)
        at = unsafe_add(at, 768)
    if pieces & 4 != 0:
        piece_4 = slice(strategy.code, at, 384)
        at = unsafe_add(at, 384)
    if pieces & 2 != 0:
        piece_2 = slice(strategy.code, at, 192)
        at = unsafe_add(at, 192)
    if pieces & 1 != 0:
        piece_1 = slice(strategy.code, at, 96)
    h: bytes32 = keccak256(concat(header, piece_16, piece_8, piece_4, piece_2, piece_1))

    at = 0
    stop: uint256 = 0
    gap: uint256 = 0
    low: uint256 = 0
    span: uint256 = 0
    if True:
        piece_32: Bytes[3072] = b""
        elements: uint256[MAX_PUBLIC] = empty(uint256[MAX_PUBLIC])
        place: uint256 = packs_start
        if packs & 32 != 0:
            piece_32 = slice(strategy.code, place, 3072)
            place = unsafe_add(place, 3072)
        piece_16 = b""
        if packs & 16 != 0:
            piece_16 = slice(strategy.code, place, 1536)
            place = unsafe_add(place, 1536)
        piece_8 = b""
        if packs & 8 != 0:
            piece_8 = slice(strategy.code, place, 768)
            place = unsafe_add(place, 768)
        piece_4 = b""
        if packs & 4 != 0:
            piece_4 = slice(strategy.code, place, 384)
            place = unsafe_add(place, 384)
        piece_2 = b""
        if packs & 2 != 0:
            piece_2 = slice(strategy.code, place, 192)
            place = unsafe_add(place, 192)
        piece_1 = b""
        if packs & 1 != 0:
            piece_1 = slice(strategy.code, place, 96)
        for i: uint256 in range(unsafe_add(runs, 1), bound=17):
            if i == runs:
                low = MINUS_2_127
                span = 2**128 - 1
                stop = unsafe_add(at, output_count)
                gap = unsafe_sub(output_start, input_count)
            else:
                if runs > 1:
                    run = abi_decode(
                        slice(strategy.code, unsafe_add(HEADER_BYTES, unsafe_mul(96, i)), 96), uint256[3]
                    )
                low = run[1]
                span = unsafe_sub(run[2], run[1])
                stop = unsafe_add(at, run[0])
            for j: uint256 in range(at, stop, bound=MAX_PUBLIC):
                value: uint256 = convert(convert(pub[j], bytes32), uint256)
                if not (unsafe_sub(value, low) <= span):
                    self._input()
                elements[unsafe_add(j, gap)] = unsafe_add(value, unsafe_mul(R, value >> 255))
            at = stop
        h = keccak256(
            concat(
                TAG,
                convert(convert(1, uint256), bytes32),
                h,
                piece_32, piece_16, piece_8, piece_4, piece_2, piece_1,
                context,
                convert(public_count, bytes32),
                slice(abi_encode(elements), 0, unsafe_mul(32, public_count)),
            )
        )

    # ---- length, and the challenges: section 8
    evaluations: uint256 = unsafe_mul(96, unsafe_add(unsafe_add(witness_packs, chunks), 2))  # offset of message 4
    weights_at: uint256 = unsafe_add(evaluations, unsafe_mul(32, unsafe_add(lanes, 2)))
    fixed_at: uint256 = unsafe_add(weights_at, unsafe_mul(32, weight_lanes))
    opening: uint256 = unsafe_add(fixed_at, 416)
    if not (len(proof) == unsafe_add(opening, 192)):
        self._length()

    offset: uint256 = unsafe_mul(96, unsafe_add(witness_packs, 1))
    h = keccak256(concat(h, slice(proof, 0, offset)))
    alpha: uint256 = convert(h, uint256) % R
    beta: uint256 = convert(keccak256(concat(h, x"01")), uint256) % R
    theta: uint256 = convert(keccak256(concat(h, x"02")), uint256) % R
    h = keccak256(concat(h, slice(proof, offset, 96)))
    chi: uint256 = convert(h, uint256) % R
    offset = unsafe_add(offset, 96)
    h = keccak256(concat(h, slice(proof, offset, unsafe_sub(evaluations, offset))))
    y: uint256 = convert(h, uint256) % R
    h = keccak256(concat(h, slice(proof, evaluations, unsafe_sub(opening, evaluations))))
    gamma: uint256 = convert(h, uint256) % R
    h = keccak256(concat(h, slice(proof, opening, 96)))
    z: uint256 = convert(h, uint256) % R
    # @challenges

    # ---- evaluations, below R; S = sum of gamma^g r_g(z) over the claims modulo X^t - y
    x: uint256[6] = abi_decode(slice(proof, evaluations, 192), uint256[6])
    f: uint256[13] = abi_decode(slice(proof, fixed_at, 416), uint256[13])
    if not (x[0] < R and x[1] < R and x[2] < R and x[3] < R and x[4] < R and x[5] < R):
        self._scalar()
    if not (f[0] < R and f[1] < R and f[2] < R and f[3] < R and f[4] < R and f[5] < R):
        self._scalar()
    if not (f[6] < R and f[7] < R and f[8] < R):
        self._scalar()
    if not (f[9] < R and f[10] < R and f[11] < R and f[12] < R):
        self._scalar()
    value_o: uint256 = convert(extract32(proof, unsafe_sub(weights_at, 64)), uint256)
    value_m: uint256 = convert(extract32(proof, unsafe_sub(weights_at, 32)), uint256)
    if not (value_o < R and value_m < R):
        self._scalar()

    # bus: d_j = alpha + base + j q_c + beta x_j, product over the lanes and sum of the products without one
    q_c: uint256 = uint256_addmod(f[4], f[5], R)
    start: uint256 = uint256_addmod(alpha, f[0], R)
    product: uint256 = uint256_addmod(start, uint256_mulmod(beta, x[0], R), R)
    start = uint256_addmod(start, q_c, R)
    d: uint256 = uint256_addmod(start, uint256_mulmod(beta, x[1], R), R)
    others: uint256 = uint256_addmod(product, d, R)
    product = uint256_mulmod(product, d, R)
    start = uint256_addmod(start, q_c, R)
    d = uint256_addmod(start, uint256_mulmod(beta, x[2], R), R)
    others = uint256_addmod(uint256_mulmod(others, d, R), product, R)
    product = uint256_mulmod(product, d, R)
    start = uint256_addmod(start, q_c, R)
    d = uint256_addmod(start, uint256_mulmod(beta, x[3], R), R)
    others = uint256_addmod(uint256_mulmod(others, d, R), product, R)
    product = uint256_mulmod(product, d, R)
    start = uint256_addmod(start, q_c, R)
    d = uint256_addmod(start, uint256_mulmod(beta, x[4], R), R)
    others = uint256_addmod(uint256_mulmod(others, d, R), product, R)
    product = uint256_mulmod(product, d, R)
    start = uint256_addmod(start, q_c, R)
    d = uint256_addmod(start, uint256_mulmod(beta, x[5], R), R)
    others = uint256_addmod(uint256_mulmod(others, d, R), product, R)
    product = uint256_mulmod(product, d, R)

    # sums over the lanes: of theta^j x_j, and of z^j x_j
    peeled: uint256 = uint256_addmod(uint256_mulmod(x[5], theta, R), x[4], R)
    peeled = uint256_addmod(uint256_mulmod(peeled, theta, R), x[3], R)
    peeled = uint256_addmod(uint256_mulmod(peeled, theta, R), x[2], R)
    peeled = uint256_addmod(uint256_mulmod(peeled, theta, R), x[1], R)
    peeled = uint256_addmod(uint256_mulmod(peeled, theta, R), x[0], R)
    theta_l: uint256 = uint256_mulmod(theta, theta, R)
    theta_l = uint256_mulmod(uint256_mulmod(theta_l, theta_l, R), theta_l, R)
    witness: uint256 = uint256_addmod(uint256_mulmod(x[5], z, R), x[4], R)
    witness = uint256_addmod(uint256_mulmod(witness, z, R), x[3], R)
    witness = uint256_addmod(uint256_mulmod(witness, z, R), x[2], R)
    witness = uint256_addmod(uint256_mulmod(witness, z, R), x[1], R)
    witness = uint256_addmod(uint256_mulmod(witness, z, R), x[0], R)
    z_l: uint256 = uint256_mulmod(z, z, R)
    z_l = uint256_mulmod(uint256_mulmod(z_l, z_l, R), z_l, R)
    for j: uint256 in range(6, lanes, bound=10):
        value: uint256 = convert(extract32(proof, unsafe_add(evaluations, unsafe_mul(32, j))), uint256)
        if not (value < R):
            self._scalar()
        start = uint256_addmod(start, q_c, R)
        d = uint256_addmod(start, uint256_mulmod(beta, value, R), R)
        others = uint256_addmod(uint256_mulmod(others, d, R), product, R)
        product = uint256_mulmod(product, d, R)
        peeled = uint256_addmod(peeled, uint256_mulmod(theta_l, value, R), R)
        theta_l = uint256_mulmod(theta_l, theta, R)
        witness = uint256_addmod(witness, uint256_mulmod(z_l, value, R), R)
        z_l = uint256_mulmod(z_l, z, R)

    # dot product with the weights, and the remainder of U
    dot: uint256 = 0
    weight: uint256 = 0
    remainder: uint256 = 0
    for k: uint256 in range(weight_lanes, bound=MAX_LANES):
        i: uint256 = unsafe_mul(32, unsafe_sub(unsafe_sub(weight_lanes, 1), k))
        weight = convert(extract32(proof, unsafe_add(weights_at, i)), uint256)
        if not (weight < R):
            self._scalar()
        dot = uint256_addmod(
            dot,
            uint256_mulmod(weight, convert(extract32(proof, unsafe_add(evaluations, i)), uint256), R),
            R,
        )
        remainder = uint256_addmod(uint256_mulmod(remainder, z, R), weight, R)

    # remainders of the witness packs and of the fixed packs
    gamma_a: uint256 = gamma  # gamma^a
    if witness_packs == 1:
        witness = uint256_addmod(
            witness, uint256_mulmod(z_l, uint256_addmod(value_o, uint256_mulmod(z, value_m, R), R), R), R
        )
    else:
        witness = 0
        gamma_a = 1
        pack: uint256 = 0
        count: uint256 = unsafe_add(lanes, 2)
        for k: uint256 in range(count, bound=18):
            i: uint256 = unsafe_sub(unsafe_sub(count, 1), k)
            pack = uint256_addmod(
                uint256_mulmod(pack, z, R),
                convert(extract32(proof, unsafe_add(evaluations, unsafe_mul(32, i))), uint256),
                R,
            )
            if i % width == 0:
                witness = uint256_addmod(uint256_mulmod(witness, gamma, R), pack, R)
                gamma_a = uint256_mulmod(gamma_a, gamma, R)
                pack = 0
    fixed: uint256 = 0
    gamma_f: uint256 = gamma  # gamma^f
    if fixed_packs == 1:
        fixed = uint256_addmod(uint256_mulmod(f[8], z, R), f[7], R)
        fixed = uint256_addmod(uint256_mulmod(fixed, z, R), f[6], R)
        fixed = uint256_addmod(uint256_mulmod(fixed, z, R), f[5], R)
        fixed = uint256_addmod(uint256_mulmod(fixed, z, R), f[4], R)
        fixed = uint256_addmod(uint256_mulmod(fixed, z, R), f[3], R)
        fixed = uint256_addmod(uint256_mulmod(fixed, z, R), f[2], R)
        fixed = uint256_addmod(uint256_mulmod(fixed, z, R), f[1], R)
        fixed = uint256_addmod(uint256_mulmod(fixed, z, R), f[0], R)
    else:
        gamma_f = 1
        pack: uint256 = 0
        for k: uint256 in range(9):
            i: uint256 = unsafe_sub(8, k)
            pack = uint256_addmod(uint256_mulmod(pack, z, R), f[i], R)
            if i % width == 0:
                fixed = uint256_addmod(uint256_mulmod(fixed, gamma, R), pack, R)
                gamma_f = uint256_mulmod(gamma_f, gamma, R)
                pack = 0
    remainder = uint256_addmod(
        witness,
        uint256_mulmod(gamma_a, uint256_addmod(remainder, uint256_mulmod(gamma, fixed, R), R), R),
        R,
    )

    # Z_H(y), y^n by squarings
    vanishing: uint256 = y
    order = rows
    for _: uint256 in range(32):
        if order == 1:
            break
        vanishing = uint256_mulmod(vanishing, vanishing, R)
        order = unsafe_div(order, 2)
    vanishing = uint256_addmod(vanishing, R_MINUS_1, R)

    # Pi = sum of theta^i pub_i over the public cells, from the last output down
    public_sum: uint256 = 0
    at = len(pub)
    for _: uint256 in range(output_count, bound=MAX_PUBLIC):
        at = unsafe_sub(at, 1)
        value: uint256 = convert(convert(pub[at], bytes32), uint256)
        public_sum = uint256_addmod(
            uint256_mulmod(public_sum, theta, R), unsafe_add(value, unsafe_mul(R, value >> 255)), R
        )
    for _: uint256 in range(unsafe_sub(output_start, input_count), bound=MAX_LANES):
        public_sum = uint256_mulmod(public_sum, theta, R)
    for _: uint256 in range(input_count, bound=MAX_PUBLIC):
        at = unsafe_sub(at, 1)
        value: uint256 = convert(convert(pub[at], bytes32), uint256)
        public_sum = uint256_addmod(
            uint256_mulmod(public_sum, theta, R), unsafe_add(value, unsafe_mul(R, value >> 255)), R
        )

    # the constraints at y: section 6
    modulus: uint256 = 1 << key[8]  # M, at most 2^12
    square: uint256 = unsafe_mul(modulus, modulus)
    cube: uint256 = unsafe_mul(square, modulus)
    low_limbs: uint256 = uint256_addmod(x[1], uint256_mulmod(modulus, x[2], R), R)
    limbs: uint256 = uint256_addmod(x[0], uint256_mulmod(modulus, low_limbs, R), R)
    provided: uint256 = uint256_addmod(
        uint256_addmod(alpha, f[1], R), uint256_mulmod(beta, value_o, R), R
    )  # d_p
    # c0
    constraint: uint256 = uint256_addmod(
        uint256_mulmod(
            product,
            uint256_addmod(
                uint256_mulmod(uint256_addmod(f[10], unsafe_sub(R, f[9]), R), provided, R), value_m, R
            ),
            R,
        ),
        unsafe_sub(R, uint256_mulmod(provided, others, R)),
        R,
    )
    # c4 + chi c5
    c: uint256 = uint256_mulmod(
        f[6],
        uint256_addmod(
            uint256_mulmod(x[4], uint256_addmod(x[4], R_MINUS_1, R), R),
            uint256_mulmod(chi, uint256_mulmod(x[5], uint256_addmod(x[5], R_MINUS_1, R), R), R),
            R,
        ),
        R,
    )
    # c3 + chi (...)
    o_rel: uint256 = uint256_mulmod(
        x[4],
        uint256_addmod(
            low_limbs,
            uint256_mulmod(x[5], uint256_addmod(unsafe_sub(square, 1), unsafe_sub(R, low_limbs), R), R),
            R,
        ),
        R,
    )
    o_sgn: uint256 = uint256_addmod(
        uint256_addmod(low_limbs, uint256_mulmod(square, x[3], R), R), unsafe_sub(R, unsafe_div(cube, 2)), R
    )
    c3: uint256 = uint256_addmod(
        uint256_mulmod(f[3], value_o, R),
        uint256_addmod(uint256_mulmod(f[6], o_rel, R), uint256_mulmod(f[7], o_sgn, R), R),
        R,
    )
    c3 = uint256_addmod(value_o, unsafe_sub(R, uint256_addmod(f[2], c3, R)), R)
    c = uint256_addmod(c3, uint256_mulmod(chi, c, R), R)
    # q_zero e + chi (...)
    c = uint256_addmod(uint256_mulmod(f[8], f[11], R), uint256_mulmod(chi, c, R), R)
    # c1 + chi (...)
    before: uint256 = unsafe_sub(R, f[11])  # -e
    c1: uint256 = uint256_mulmod(
        f[4], uint256_addmod(uint256_addmod(f[12], before, R), unsafe_sub(R, dot), R), R
    )
    c1 = uint256_addmod(
        c1,
        uint256_mulmod(
            f[5],
            uint256_addmod(uint256_mulmod(theta_l, f[12], R), uint256_addmod(before, peeled, R), R),
            R,
        ),
        R,
    )
    c1 = uint256_addmod(
        c1,
        uint256_mulmod(
            uint256_addmod(f[6], f[7], R),
            uint256_addmod(
                uint256_mulmod(theta, f[12], R), uint256_addmod(before, unsafe_sub(R, weight), R), R
            ),
            R,
        ),
        R,
    )
    v_rel: uint256 = uint256_addmod(
        limbs,
        uint256_mulmod(uint256_mulmod(cube, x[5], R), unsafe_add(1, x[3]), R),
        R,
    )
    v_rel = uint256_addmod(
        uint256_mulmod(uint256_addmod(uint256_addmod(x[4], x[4], R), R_MINUS_1, R), v_rel, R),
        unsafe_sub(R, unsafe_div(modulus, 2)),
        R,
    )
    v_sgn: uint256 = uint256_addmod(
        uint256_addmod(limbs, uint256_mulmod(cube, x[3], R), R),
        unsafe_sub(R, unsafe_div(unsafe_add(modulus, unsafe_mul(square, square)), 2)),
        R,
    )
    c1 = uint256_addmod(
        c1, uint256_addmod(uint256_mulmod(f[6], v_rel, R), uint256_mulmod(f[7], v_sgn, R), R), R
    )
    c = uint256_addmod(c1, uint256_mulmod(chi, c, R), R)
    constraint = uint256_addmod(constraint, uint256_mulmod(chi, c, R), R)
    # C*(y) = (y - 1) C(y) - chi^2 Pi Z_H(y) / n
    y_minus_1: uint256 = uint256_addmod(y, R_MINUS_1, R)
    constraint = uint256_addmod(
        uint256_mulmod(y_minus_1, constraint, R),
        unsafe_sub(
            R,
            uint256_mulmod(
                uint256_mulmod(uint256_mulmod(chi, chi, R), public_sum, R),
                uint256_mulmod(vanishing, key[16], R),
                R,
            ),
        ),
        R,
    )

    # ---- the scalars of Q: section 10, step 7
    z_t: uint256 = 1
    power: uint256 = z
    order = width
    for _: uint256 in range(33):
        if order & 1 != 0:
            z_t = uint256_mulmod(z_t, power, R)
        order = unsafe_div(order, 2)
        if order == 0:
            break
        power = uint256_mulmod(power, power, R)
    y_next: uint256 = uint256_mulmod(omega, y, R)
    p_1: uint256 = uint256_addmod(z_t, unsafe_sub(R, y), R)
    p_2: uint256 = uint256_addmod(z_t, unsafe_sub(R, y_next), R)
    p_3: uint256 = uint256_addmod(z, unsafe_sub(R, y), R)
    scale: uint256 = uint256_mulmod(p_2, p_3, R)
    scale_u: uint256 = uint256_mulmod(scale, gamma_a, R)
    gamma_f = uint256_mulmod(uint256_mulmod(gamma_a, gamma, R), gamma_f, R)  # gamma^(a + f + 1)
    sums: uint256 = uint256_mulmod(gamma_f, p_3, R)
    quotient: uint256 = uint256_mulmod(
        uint256_mulmod(gamma_f, gamma, R), uint256_mulmod(p_1, p_2, R), R
    )
    # the scalar of -[1]
    constant_term: uint256 = uint256_addmod(
        uint256_mulmod(p_2, uint256_addmod(f[9], uint256_mulmod(f[11], z, R), R), R),
        unsafe_sub(
            R, uint256_mulmod(p_1, uint256_addmod(f[10], uint256_mulmod(f[12], z, R), R), R)
        ),
        R,
    )
    constant_term = uint256_addmod(
        uint256_mulmod(scale, remainder, R), uint256_mulmod(sums, constant_term, R), R
    )
    constant_term = uint256_addmod(constant_term, uint256_mulmod(quotient, constraint, R), R)
    kappa: uint256 = uint256_addmod(y, unsafe_sub(R, y_next), R)
    chunk: uint256 = uint256_mulmod(uint256_mulmod(quotient, y_minus_1, R), vanishing, R)
    step: uint256 = 1  # y^(N-1)
    if chunks > 1:
        power = y
        order = 4095
        for _: uint256 in range(12):
            step = uint256_mulmod(step, power, R)
            power = uint256_mulmod(power, power, R)

    # ---- Q, by one multi-scalar product that also tests curve and subgroup of every point
    terms: uint256[5][MAX_TERMS] = empty(uint256[5][MAX_TERMS])
    scalar: uint256 = scale
    n: uint256 = 0
    for i: uint256 in range(proof_points, bound=32):
        place: uint256 = unsafe_mul(96, i)
        s: uint256 = scalar
        if i < witness_packs:
            scalar = uint256_mulmod(scalar, gamma, R)
        elif i == witness_packs:
            s = uint256_mulmod(scale_u, vanishing, R)
        elif i == unsafe_add(witness_packs, 1):
            s = uint256_mulmod(sums, kappa, R)
            scalar = chunk
        elif place < evaluations:
            scalar = uint256_mulmod(scalar, step, R)
        else:
            place = unsafe_add(opening, unsafe_sub(place, evaluations))
            if place == opening:
                s = unsafe_sub(R, uint256_mulmod(p_1, scale, R))
            else:
                s = z
        w_0: uint256 = convert(extract32(proof, place), uint256)
        w_1: uint256 = convert(extract32(proof, unsafe_add(place, 32)), uint256)
        w_2: uint256 = convert(extract32(proof, unsafe_add(place, 64)), uint256)
        if not (w_0 | w_1 | w_2 != 0):
            self._point()
        terms[i] = [w_0 >> 128, w_0 << 128 | w_1 >> 128, w_1 & LOW_HALF, w_2, s]
        n = unsafe_add(n, 1)
    scalar = uint256_mulmod(scale_u, gamma, R)
    for i: uint256 in range(unsafe_add(fixed_packs, packs), bound=72):
        if i == fixed_packs:
            scalar = scale_u
        w: uint256[3] = abi_decode(
            slice(strategy.code, unsafe_add(points_start, unsafe_mul(96, i)), 96), uint256[3]
        )
        if not (w[0] | w[1] | w[2] != 0):
            self._point()
        terms[n] = [w[0] >> 128, w[0] << 128 | w[1] >> 128, w[1] & LOW_HALF, w[2], scalar]
        n = unsafe_add(n, 1)
        if i < fixed_packs:
            scalar = uint256_mulmod(scalar, gamma, R)
        else:
            scalar = uint256_mulmod(scalar, theta, R)
    terms[n] = [G1_X0, G1_X1, G1_Y0, G1_Y1, unsafe_sub(R, constant_term)]
    n = unsafe_add(n, 1)
    if not (y != 0 and vanishing != 0):
        self._challenge()

    allowance: uint256 = unsafe_sub(n, 1)
    if allowance < 25:
        allowance = DISCOUNTS_1 >> unsafe_mul(10, allowance)
    elif allowance < 50:
        allowance = DISCOUNTS_26 >> unsafe_mul(10, unsafe_sub(allowance, 25))
    else:
        allowance = DISCOUNTS_51 >> unsafe_mul(10, unsafe_sub(allowance, 50))
    allowance = unsafe_mul(unsafe_mul(12, n), allowance & 1023)
    success: bool = False
    output: Bytes[160] = b""
    success, output = raw_call(
        G1MSM,
        slice(abi_encode(terms), 0, unsafe_mul(160, n)),
        max_outsize=160,
        gas=allowance,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not (success):
        self._point()
    if not (len(output) == 128):
        self._precompile()

    # ---- e(Q, -[1]_2) e(W', [tau]_2) = 1
    w_prime: uint256[5] = terms[unsafe_sub(proof_points, 1)]
    success, output = raw_call(
        PAIRING,
        concat(
            output,
            NEG_G2,
            convert(w_prime[0], bytes32),
            convert(w_prime[1], bytes32),
            convert(w_prime[2], bytes32),
            convert(w_prime[3], bytes32),
            TAU_G2_4096,
        ),
        max_outsize=160,
        gas=PAIRING_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not (success and len(output) == 32):
        self._precompile()
    if not (convert(extract32(output, 0), uint256) == 1):
        self._opening()


@internal
@pure
def _key():
    raise "key"


@internal
@pure
def _ceremony():
    raise "ceremony"


@internal
@pure
def _count():
    raise "count"


@internal
@pure
def _input():
    raise "input"


@internal
@pure
def _length():
    raise "length"


@internal
@pure
def _scalar():
    raise "scalar"


@internal
@pure
def _point():
    raise "point"


@internal
@pure
def _challenge():
    raise "challenge"


@internal
@pure
def _precompile():
    raise "precompile"


@internal
@pure
def _opening():
    raise "opening"
