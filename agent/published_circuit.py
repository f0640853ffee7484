"""Find the published files of a circuit on chain, by the event that names its digest."""

from __future__ import annotations

from agent.chain import Chain
from contracts.errors import RegistrationError
from contracts.publication import TOPIC, Publication

MOST_LOGS = 64  # anybody may write such events; beyond these it is cheaper to publish once more


def find_circuit(chain: Chain, circuit_digest: bytes) -> str | None:
    """Return a contract that holds exactly the files of a circuit, whoever published them.

    Raises: RpcError, UnreachableError when the node does not search its logs that far.
    """
    for log in chain.logs(None, [TOPIC, circuit_digest], 0)[:MOST_LOGS]:
        try:
            publication = Publication.of_code(chain.code(log.address))
        except RegistrationError:
            continue
        if publication.circuit_digest == circuit_digest:
            return log.address
    return None
