"""What every case gets, and which cases are expected to fail: `client.xfails` beside the client, in the suite's own form."""

import pathlib

import pytest

from client import Client
from repository import Repository, Server


def pytest_addoption(parser):
    parser.addoption("--entrypoint", required=True, type=pathlib.Path, help="the client under test")


@pytest.fixture
def repo():
    return Repository()


@pytest.fixture
def server(repo):
    server = Server(repo.fetch)
    yield server
    server.close()


@pytest.fixture
def newcomer(request, server, tmp_path):
    """A client that trusts nothing yet."""
    return Client(request.config.getoption("--entrypoint").resolve(), server.url, tmp_path)


@pytest.fixture
def client(newcomer, repo):
    """A client that trusts the repository's first root."""
    assert newcomer.init(repo.shown["root"][0]) == 0
    return newcomer


SAYS = pytest.StashKey[str]()


def expected_failures(text):
    """Names of cases, each with what the client says to it: `# says: …` stands before those that it is for."""
    expected, says = {}, None
    for line in text.splitlines():
        if line.startswith("# says: "):
            says = line.removeprefix("# says: ")
        elif line and not line.startswith("#"):
            expected[line] = says
    return expected


def pytest_collection_modifyitems(config, items):
    """What fails otherwise, or passes although it is listed, fails the run; so does a name that is no case."""
    entrypoint = config.getoption("--entrypoint")
    expected = expected_failures(entrypoint.with_name(f"{entrypoint.name}.xfails").read_text())
    known = set()
    for item in items:
        names = {item.name, item.originalname}
        known |= names
        for name in names & expected.keys():
            item.stash[SAYS] = expected[name]
            item.add_marker(pytest.mark.xfail(strict=True, raises=AssertionError))
    files = set(pathlib.Path(__file__).parent.glob("test_*.py"))
    unknown = expected.keys() - known
    if unknown and {item.path for item in items} == files:
        raise pytest.UsageError(f"expected to fail, and no case: {', '.join(sorted(unknown))}")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """A case that is expected to fail must fail of what is expected."""
    try:
        return (yield)
    except AssertionError as failure:
        says = pyfuncitem.stash.get(SAYS, None)
        client = pyfuncitem.funcargs["client"]
        if says and not any(says in said for said in client.said):
            raise RuntimeError(f"it is expected to say {says!r}, and says {client.said}") from failure
        raise
