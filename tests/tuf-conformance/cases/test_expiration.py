"""Metadata that is out of date, in the repository or with the client."""

from datetime import UTC, datetime, timedelta

import pytest


@pytest.fixture
def days():
    """So many days from now."""
    now = datetime.now(UTC).replace(microsecond=0)
    return lambda count: now + timedelta(days=count)


def test_root_expired(client, repo, days):
    assert client.refresh() == 0
    repo.publish("root")
    assert client.refresh() == 0
    repo.root.expires = days(-1)
    repo.publish("root", "targets", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusted() == {"root": 3, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_timestamp_expired(client, repo, days):
    assert client.refresh() == 0
    repo.timestamp.expires = days(-5)
    repo.publish("timestamp")
    assert client.refresh() == 1
    assert client.trusted() == {"root": 1, "timestamp": 1, "snapshot": 1, "targets": 1}


def test_snapshot_expired(client, repo, days):
    assert client.refresh() == 0
    repo.snapshot.expires = days(-5)
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 1, "targets": 1}


def test_targets_expired(client, repo, days):
    assert client.refresh() == 0
    repo.targets.expires = days(-5)
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.trusted() == {"root": 1, "timestamp": 2, "snapshot": 2, "targets": 1}


def test_expired_local_root(client, repo, days):
    repo.root.expires = days(7)
    repo.publish("root")
    assert client.refresh() == 0
    repo.root.expires = days(21)
    repo.publish("root")
    assert client.refresh(at=days(18)) == 0
    assert client.version("root") == 3


def test_expired_local_timestamp(client, repo, days):
    repo.timestamp.expires = days(7)
    repo.publish("timestamp")
    assert client.refresh() == 0
    repo.timestamp.expires = days(21)
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh(at=days(18)) == 0
    assert client.trusted() == {"root": 1, "timestamp": 3, "snapshot": 2, "targets": 2}
