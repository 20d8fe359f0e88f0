"""The same for what others than the targets role sign. The suite has these since the 53."""

from datetime import UTC, datetime, timedelta

import pytest
from tuf.api.metadata import DelegatedRole, Targets


@pytest.fixture
def others(repo):
    """Lets others sign two files, until so many days from now; gives the days."""
    now = datetime.now(UTC).replace(microsecond=0)

    def sign(days):
        role = DelegatedRole("others", [], 1, False, ["theirs/*"])
        repo.delegate("targets", role, Targets(expires=now + timedelta(days=days)))
        repo.add_artifact("others", b"first", "theirs/first")
        repo.add_artifact("others", b"second", "theirs/second")
        repo.publish("others", "targets", "snapshot", "timestamp")

    sign.at = lambda days: now + timedelta(days=days)
    return sign


def test_delegated_targets_expired(client, others):
    others(days=-1)
    assert client.refresh() == 0
    assert client.download("theirs/first") == 1
    assert client.downloaded() == []
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 2}


def test_expired_local_delegated_targets(client, others):
    others(days=7)
    assert client.download("theirs/first") == 0
    assert client.download("theirs/second", at=others.at(days=18)) == 1
    assert client.downloaded() == [b"first"]


def test_expired_local_delegated_targets_updates(client, repo, others):
    others(days=7)
    assert client.download("theirs/first") == 0
    repo.role("others").expires = others.at(days=21)
    repo.publish("others", "snapshot", "timestamp")
    assert client.download("theirs/second", at=others.at(days=18)) == 0
    assert client.downloaded() == [b"first", b"second"]
