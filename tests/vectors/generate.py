"""Write `transcript.json` afresh; see format.md."""

from __future__ import annotations

import json
from pathlib import Path

from eth_utils.crypto import keccak

from tests.contracts.support.verifier_cases import case
from tests.contracts.support.verifier_transcript import NAMES, chain, challenges, messages

FORMAT = "provault-transcript-vectors-1"
SHAPES = ("single", "single_runs", "packs", "many", "chunks", "sums", "sums_single", "sums_chunks")
PATH = Path(__file__).with_name("transcript.json")


def vector(name: str) -> dict[str, object]:
    """Describe one proof and its transcript."""
    proven = case(name)
    numbers = {
        symbol: value.to_bytes(32, "big").hex()
        for symbol, value in zip(NAMES, challenges(proven), strict=True)
    }
    return {
        "name": name,
        "key": proven.key.hex(),
        "commitment": proven.commitment.hex(),
        "context": proven.context.hex(),
        "inputs": list(proven.inputs),
        "outputs": list(proven.outputs),
        "proof": proven.proof.hex(),
        "key_digest": keccak(proven.key).hex(),
        "messages": [len(message) for message in messages(proven)],
        "chain": [link.hex() for link in chain(proven)],
        **numbers,
    }


if __name__ == "__main__":
    document = {"format": FORMAT, "vectors": [vector(name) for name in SHAPES]}
    PATH.write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")
