"""Where the packages are installed."""

import pytest


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """An empty one that nothing of this repository lies above."""
    return tmp_path_factory.mktemp("installed")
