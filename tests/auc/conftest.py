"""Every store a test opens is closed after it."""

from collections.abc import Iterator

import pytest

from olelo.auc.store import Store


@pytest.fixture(autouse=True)
def _close_stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    opened: list[Store] = []
    original = Store.open.__func__  # type: ignore[attr-defined]

    def opening(cls: type[Store], url: str, *, create: bool = True) -> Store:
        opened.append(original(cls, url, create=create))
        return opened[-1]

    monkeypatch.setattr(Store, "open", classmethod(opening))
    yield
    for store in opened:
        store.close()
