"""Give `provault data`: list, download and verify market data."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agent.errors import InvalidOptionError
from agent.output import EXIT_REFUSED, CommandResult, JsonOption, run_command

if TYPE_CHECKING:
    from agent.output import Document

FileArgument = Annotated[Path, typer.Argument(help="File of candles: freqtrade JSON, CSV or Parquet.")]
CoarseOption = Annotated[
    Path | None, typer.Option("--coarse", help="Coarser candles of the same market, to compare with.")
]
AgainstOption = Annotated[
    Path | None, typer.Option("--against", help="Another source of the same market, for lagged correlation.")
]
OutOption = Annotated[Path, typer.Option("--out", help="Parquet file; an existing one is continued.")]
ExchangeOption = Annotated[str, typer.Option("--exchange", help="Exchange, by its name in ccxt.")]
PairOption = Annotated[str, typer.Option("--pair", help="Market, such as ETH/USDT.")]
TimeframeOption = Annotated[str, typer.Option("--timeframe", help="Length of a candle: 1m, 15m, 1h, 4h, 1d.")]
TimerangeOption = Annotated[str, typer.Option("--timerange", help="Days, 20210101-20221010 or 20210101-.")]


def register(app: typer.Typer) -> None:
    """Add the group to the application."""
    group = typer.Typer(name="data", help="List, download and verify market data.", no_args_is_help=True)
    app.add_typer(group)

    @group.command("list")
    def list_(json: JsonOption = False) -> None:
        """List the candle files of the data folder.

        Example: provault data list
        """
        run_command(list_files, json=json, render=_render_files)

    @group.command("verify")
    def verify(
        file: FileArgument,
        coarse: CoarseOption = None,
        against: AgainstOption = None,
        json: JsonOption = False,
    ) -> None:
        """Look for gaps, repeats, contradicting prices, wrong volumes, a wrong clock; exit 1 if any is found.

        Example: provault data verify ETH_USDT-1h.json --coarse ETH_USDT-1d.json
        """
        run_command(lambda: verify_file(file, coarse, against), json=json, render=_render_findings)

    @group.command("download")
    def download(
        out: OutOption,
        timerange: TimerangeOption,
        pair: PairOption = "ETH/USDT",
        timeframe: TimeframeOption = "1h",
        exchange: ExchangeOption = "binance",
        json: JsonOption = False,
    ) -> None:
        """Download closed candles into Parquet; go on where an earlier download stopped.

        Example: provault data download --pair ETH/USDT --timerange 20230101- --out eth.parquet
        """
        run_command(
            lambda: download_file(out, exchange, pair, timeframe, timerange),
            json=json,
            render=_render_download,
        )


def list_files() -> Document:
    """Return name, period and gaps of every candle file that can be read.

    Raises: strategies.errors.DataMissingError.
    """
    from strategies.candles import read_candles
    from strategies.data_folder import data_folder
    from strategies.errors import DataFormatError

    folder = data_folder()
    files: list[dict[str, Any]] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in (".json", ".csv", ".parquet"):
            continue
        entry: dict[str, Any] = {"file": str(path.relative_to(folder))}
        try:
            candles = read_candles(path)
        except DataFormatError as error:
            files.append({**entry, "refused": error.detail})
            continue
        files.append(
            {
                **entry,
                "candles": len(candles),
                "interval_secs": candles.interval_secs,
                "first_secs": int(candles.open_times_secs[0]),
                "last_secs": int(candles.open_times_secs[-1]),
                "missing": candles.missing_count,
            }
        )
    return {"folder": folder, "files": files}


def verify_file(file: Path, coarse: Path | None, against: Path | None) -> CommandResult:
    """Run every check that the files allow; exit code 1 when one finds something.

    Raises: strategies.errors.StrategiesError by name.
    """
    from dataclasses import asdict

    from strategies.candles import read_candles
    from strategies.data_checks import check_file, lag_findings, resampling_findings

    findings = check_file(file)
    if coarse is not None:
        findings += resampling_findings(read_candles(file), read_candles(coarse))
    if against is not None:
        findings += lag_findings(file, against)
    document = {"file": file, "findings": [asdict(finding) for finding in findings]}
    return CommandResult(document, EXIT_REFUSED if findings else 0)


def download_file(out: Path, exchange: str, pair: str, timeframe: str, timerange: str) -> Document:
    """Download through ccxt, its rate limiter on.

    Raises: InvalidOptionError for an unknown exchange or a time range that cannot be read; DataFormatError;
    DownloadError when the exchange cannot be reached.
    """
    import ccxt

    from agent.time_range import parse_time_range
    from strategies.download import download
    from strategies.errors import DownloadError

    if exchange not in ccxt.exchanges:
        raise InvalidOptionError("--exchange", exchange, "an exchange that ccxt knows")
    start, end = parse_time_range(timerange)
    source = getattr(ccxt, exchange)({"enableRateLimit": True})
    try:
        candles = download(
            source,
            out,
            symbol=pair,
            timeframe=timeframe,
            start_secs=start,
            end_secs=end,
            progress=_say,
        )
    except ccxt.BaseError as error:
        raise DownloadError(exchange, f"{type(error).__name__}") from None
    return {
        "file": out,
        "candles": len(candles),
        "missing": candles.missing_count,
        "first_secs": int(candles.open_times_secs[0]),
        "last_secs": int(candles.open_times_secs[-1]),
    }


def _say(done_secs: int, total_secs: int) -> None:
    sys.stderr.write(f"downloaded {100 * done_secs // max(1, total_secs)} %\n")
    sys.stderr.flush()


def _day(secs: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(secs, UTC).strftime("%Y-%m-%d %H:%M")


def _render_files(document: Document) -> str:
    lines = [f"in {document['folder']}"]
    for entry in document["files"]:
        if "refused" in entry:
            lines.append(f"{entry['file']}: no candles ({entry['refused']})")
        else:
            lines.append(
                f"{entry['file']}: {entry['candles']} of {entry['interval_secs']} s, "
                f"{_day(entry['first_secs'])} to {_day(entry['last_secs'])}, {entry['missing']} missing"
            )
    return "\n".join(lines)


def _render_findings(document: Document) -> str:
    if not document["findings"]:
        return f"{document['file']}: nothing found"
    lines = [
        f"{f['check']}: {_day(f['first_secs'])} to {_day(f['last_secs'])}: {f['detail']}"
        for f in document["findings"]
    ]
    return "\n".join(lines)


def _render_download(document: Document) -> str:
    return (
        f"{document['candles']} candles, {document['missing']} missing, "
        f"{_day(document['first_secs'])} to {_day(document['last_secs'])} in {document['file']}"
    )
