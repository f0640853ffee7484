"""A small pool of threads for calls that release the GIL."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")

_pool: ThreadPoolExecutor | None = None


def worker_count() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _forget_pool() -> None:
    global _pool
    _pool = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)  # a child has no threads of its parent's pool


def map_threads(function: Callable[[S], T], items: Iterable[S]) -> list[T]:
    """Return [function(item) ...], the last item in this thread, the others in the pool.

    `function` must not call `map_threads` itself.
    """
    global _pool
    work = list(items)
    if worker_count() == 1 or len(work) <= 1:
        return [function(item) for item in work]
    if _pool is None:
        _pool = ThreadPoolExecutor(worker_count(), thread_name_prefix="provault-kernel")
    futures = [_pool.submit(function, item) for item in work[:-1]]
    last = function(work[-1])
    return [*(future.result() for future in futures), last]
