"""Verify the proofs of many decisions with the independent verifier, in several processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

from audit.errors import VerificationError
from audit.verifier.verify import verify

WORTH_A_PROCESS = 16  # proofs; below, starting processes takes longer than it saves


@dataclass(frozen=True)
class ProofTask:
    """Hold one decision as the verifier takes it."""

    epoch: int
    key: bytes
    commitment: bytes
    context: bytes
    inputs: tuple[int, ...]
    target: int
    proof: bytes
    fast: bool


def verify_task(task: ProofTask) -> str | None:
    """Return the refusal of a proof in words, None when it holds."""
    try:
        verify(
            task.key,
            task.commitment,
            task.context,
            task.inputs,
            (task.target,),
            task.proof,
            fast=task.fast,
        )
    except VerificationError as error:
        return str(error)
    return None


def verify_all(
    tasks: Sequence[ProofTask], jobs: int, progress: Callable[[int], None] = lambda done: None
) -> list[str | None]:
    """Return the refusal of each proof in words, None where it holds."""
    results = []
    if jobs <= 1 or len(tasks) < WORTH_A_PROCESS:
        for task in tasks:
            results.append(verify_task(task))
            progress(len(results))
        return results
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        for refusal in pool.map(verify_task, tasks, chunksize=4):
            results.append(refusal)
            progress(len(results))
    return results
