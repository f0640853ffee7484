"""Hold a vault against the sources before money goes in: code, numbers, price log, verifier and pool."""

from __future__ import annotations

from agent.vault_errors import VaultCommandError
from audit.chain.node import Node
from audit.errors import AuditError
from audit.vault.standing import read_standing

AUDIT_FIRST = "what a constructor may have left in storage is not looked at here; `provault audit run` does"


class NotGenuineError(VaultCommandError):
    """Name a vault that the genuine constructor would not have made, and what is off."""

    def __init__(self, vault: str, reason: str) -> None:
        self.vault = vault
        super().__init__(f"{vault} is not to be entered: {reason.rstrip('.')}.")


def check_genuine(rpc_url: str, vault: str) -> None:
    """Refuse a vault that is not the sources' throughout, its immutables included.

    Storage is not looked at: only the audit proves what a foreign constructor may have written there.

    Raises: NotGenuineError, also when the node cannot prove the code to be that of the head.
    """
    node = Node(rpc_url)
    try:
        faults = read_standing(node, bytes.fromhex(vault[2:])).faults
    except AuditError as error:
        raise NotGenuineError(vault, str(error)) from error
    finally:
        node.close()
    if faults:
        raise NotGenuineError(vault, faults[0])
