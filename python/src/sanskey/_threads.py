"""Several blocking calls at once, without `concurrent.futures`, whose import costs more than the calls save."""

from __future__ import annotations

import threading
from contextvars import copy_context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    _In = TypeVar("_In")
    _Out = TypeVar("_Out")


def map_at_once(function: Callable[[_In], _Out], items: Sequence[_In]) -> list[_Out]:
    """The results in the order of the items. If calls fail, the failure of the first such item is raised."""
    results: dict[int, _Out] = {}
    failures: dict[int, BaseException] = {}

    def call(index: int) -> None:
        try:
            results[index] = function(items[index])
        except BaseException as problem:  # noqa: BLE001 - it is raised in the caller's thread
            failures[index] = problem

    # What is called there may ask on whose behalf.
    threads = [
        threading.Thread(target=copy_context().run, args=(call, index), daemon=True) for index in range(1, len(items))
    ]
    for thread in threads:
        thread.start()
    call(0)
    for thread in threads:
        thread.join()
    if failures:
        raise failures[min(failures)]
    return [results[index] for index in range(len(items))]
