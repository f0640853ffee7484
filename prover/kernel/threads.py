"""A small pool of threads for calls that release the GIL."""

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Lock
from typing import Final, TypeVar

_SHARED_WORK: Final = 10_000
"""Products in F_r that take longer than handing them to another thread: about 0.3 ms."""

S = TypeVar("S")
T = TypeVar("T")

_pool: ThreadPoolExecutor | None = None
_lock = Lock()


def worker_count() -> int:
    """Return the number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _forget_pool() -> None:
    """Start afresh in a forked child, which has none of its parent's threads."""
    global _pool, _lock
    _pool, _lock = None, Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_pool)


def _threads() -> ThreadPoolExecutor:
    global _pool
    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(worker_count(), thread_name_prefix="provault-kernel")
        return _pool


def map_threads(function: Callable[[S], T], items: Iterable[S]) -> list[T]:
    """Return [function(item) ...], the last item in this thread, the others in the pool.

    No call is running any more when this returns or raises, so that callers may free what the calls
    work on. `function` must not call `map_threads` itself.
    """
    work = list(items)
    if worker_count() == 1 or len(work) <= 1:
        return [function(item) for item in work]
    futures: list[Future[T]] = []
    with suppress(RuntimeError):  # an interpreter that is ending takes no work for other threads
        futures += (_threads().submit(function, item) for item in work[:-1])
    try:
        here = [function(item) for item in work[len(futures) :]]
    finally:
        wait(futures)
    return [*(future.result() for future in futures), *here]


def map_shares(function: Callable[[tuple[int, int]], None], count: int, work_each: int) -> None:
    """Call `function` with bounds that cut range(count) into one share for each thread.

    Work that takes less time than a thread needs to start, `count` times `work_each` products, stays in one.
    """
    if count * work_each < _SHARED_WORK:
        function((0, count))
        return
    share = -(-count // worker_count())
    map_threads(function, [(start, min(start + share, count)) for start in range(0, count, share)])
