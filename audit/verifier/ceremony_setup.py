"""Which ceremony a key may name, and what a verifier needs of it (protocol, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from audit.verifier.ceremony import CEREMONY_DIGEST, POWER_COUNT, TAU_G2, Ceremony, load_ceremony
from audit.verifier.ceremony_check import ceremony_digest, check_power_lists, tau_of
from audit.verifier.ceremony_transcript import load_transcript, named_transcript
from audit.verifier.curve import choose_group


@dataclass(frozen=True)
class Setup:
    """Hold N, the ceremony digest and [tau]_2 of one set of powers; the pinned 4096 need no `transcript`."""

    power_count: int
    digest: bytes
    tau_g2: bytes
    transcript: Path | None = None

    def ceremony(self) -> Ceremony:
        """Return the points themselves.

        Raises
        ------
        CeremonyError : as `load_ceremony` and `load_transcript` say.
        """
        if self.transcript is None:
            return load_ceremony()
        return _checked(self.transcript, self.power_count)[0]


def find_setup(power_count: int) -> Setup | None:
    """Return the ceremony with N powers, None when there is no file of it.

    4096 are pinned; others come from the transcript that PROVAULT_CEREMONY names.

    Raises
    ------
    CeremonyError : the named file cannot be read, is not the published one, or its points are no setup.
    """
    if power_count == POWER_COUNT:
        return Setup(POWER_COUNT, CEREMONY_DIGEST, TAU_G2)
    transcript = named_transcript()
    if transcript is None or not 0 < power_count <= 1 << 32:
        return None
    ceremony, digest, tau_g2 = _checked(transcript, power_count)
    return None if ceremony.powers == () else Setup(power_count, digest, tau_g2, transcript)


@cache
def _checked(transcript: Path, power_count: int) -> tuple[Ceremony, bytes, bytes]:
    """Read a set and check every point of it; an empty ceremony when the transcript has no such set."""
    group = choose_group(True)
    ceremony = load_transcript(transcript, power_count)
    if ceremony is None:
        return Ceremony((), (), ()), b"", b""
    check_power_lists(ceremony, group)
    return ceremony, ceremony_digest(ceremony, group), tau_of(ceremony, group)
