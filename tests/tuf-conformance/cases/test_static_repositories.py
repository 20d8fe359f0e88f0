"""A repository that another program made. The suite has two in its own sources; here it is the one in the archive of `tuf`."""

import pathlib

import pytest
import tests

from repository import Server

FOLDER = pathlib.Path(tests.__file__).parent / "repository_data/repository"


def fetch(path):
    there = FOLDER / path
    return there.read_bytes() if there.is_file() else None


@pytest.fixture
def server():
    server = Server(fetch)
    yield server
    server.close()


@pytest.fixture
def client(newcomer):
    assert newcomer.init(fetch("metadata/1.root.json")) == 0
    return newcomer


@pytest.mark.parametrize("name", ["python-tuf"])
def test_static_repository(client, name):
    assert client.refresh() == 0
    assert client.download("file1.txt") == 0
    assert client.downloaded() == [fetch("targets/file1.txt")]
