"""Give `provault config`: make, check and show configurations, of an agent or of a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.output import JsonOption, run_command

if TYPE_CHECKING:
    from agent.output import Document


class Kind(StrEnum):
    """What a configuration is for."""

    AGENT = "agent"
    VAULT = "vault"


KindOption = Annotated[
    Kind, typer.Option("--kind", help="agent: for `agent run`; vault: for `vault deploy`.")
]
FileArgument = Annotated[Path, typer.Argument(help="Configuration file.")]
OutArgument = Annotated[Path, typer.Argument(help="File to write.")]
RpcOption = Annotated[str | None, typer.Option("--rpc", help="Enter this as chain.rpc_url.")]
ChainOption = Annotated[int | None, typer.Option("--chain-id", min=1, help="Enter this as chain.chain_id.")]
VaultOption = Annotated[str | None, typer.Option("--vault", help="Enter this as vault.address.")]
StrategyOption = Annotated[
    Path | None, typer.Option("--strategy", help="Enter this as vault.strategy_folder.")
]
KeystoreOption = Annotated[
    Path | None, typer.Option("--keystore", help="Enter this as account.keystore_file.")
]


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(name="config", help="Make, check and show configurations.", no_args_is_help=True)
    app.add_typer(group)

    @group.command("new")
    def new(
        out: OutArgument,
        rpc: RpcOption = None,
        chain_id: ChainOption = None,
        vault: VaultOption = None,
        strategy: StrategyOption = None,
        keystore: KeystoreOption = None,
        kind: KindOption = Kind.AGENT,
        json: JsonOption = False,
    ) -> None:
        """Write a configuration with every key, documented.

        Example: provault config new agent.yaml --rpc http://127.0.0.1:8545 --chain-id 31337
        """
        if kind is Kind.VAULT and vault is not None:
            raise typer.BadParameter("--vault is for the configuration of an agent")
        values: dict[tuple[str, str], object] = {
            ("chain", "rpc_url"): rpc,
            ("chain", "chain_id"): chain_id,
            ("account", "keystore_file"): keystore.resolve() if keystore is not None else None,
        }
        folder = strategy.resolve() if strategy is not None else None
        if kind is Kind.AGENT:
            values |= {("vault", "address"): vault, ("vault", "strategy_folder"): folder}
        else:
            public = folder / "public" if folder is not None else None
            values |= {("strategy", "public_folder"): public}
        given = {key: value for key, value in values.items() if value is not None}
        run_command(
            lambda: write_new(out, given, kind), json=json, render=lambda found: f"wrote {found['file']}"
        )

    @group.command("check")
    def check(file: FileArgument, kind: KindOption = Kind.AGENT, json: JsonOption = False) -> None:
        """Check a configuration without running anything; exit 1 with the key that is wrong."""
        run_command(
            lambda: {"file": file, "valid": bool(shown(file, kind))}, json=json, render=lambda _: "valid"
        )

    @group.command("show")
    def show(file: FileArgument, kind: KindOption = Kind.AGENT, json: JsonOption = False) -> None:
        """Show a configuration as it takes effect: defaults and environment included."""
        run_command(lambda: shown(file, kind), json=json, render=_as_yaml)


def write_new(out: Path, values: Mapping[tuple[str, str], object], kind: Kind) -> Document:
    """Write a new configuration file.

    Raises: UnreadableFileError when the file exists.
    """
    from agent.config import config_template
    from agent.errors import UnreadableFileError

    if kind is Kind.VAULT:
        from agent.vault_config import deployment_template

        text = deployment_template(values)
    else:
        text = config_template(values)
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise UnreadableFileError(out, "it exists, and a configuration is never overwritten") from None
    return {"file": out}


def shown(file: Path, kind: Kind) -> Document:
    """Return a configuration as a document.

    Raises: agent.errors.ConfigError, MissingFileError.
    """
    import os

    from agent.chain import without_secrets
    from agent.config import load_config

    if kind is Kind.VAULT:
        from agent.vault_config import load_deployment_config

        document = load_deployment_config(file, os.environ).model_dump(mode="json")
    else:
        document = load_config(file, os.environ).model_dump(mode="json")
    document["chain"]["rpc_url"] = without_secrets(document["chain"]["rpc_url"])
    return document


def _as_yaml(document: Document) -> str:
    import yaml

    return str(yaml.safe_dump(dict(document), sort_keys=False))
