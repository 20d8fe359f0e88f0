"""Older states of a repository, and the way out after somebody raised the numbers."""

import pytest
from tuf.api.metadata import DelegatedRole, Targets

HASHES = pytest.mark.parametrize("with_hashes", [False, True], ids=["basic", "with hashes"])


def test_new_timestamp_version_rollback(client, repo):
    repo.publish("timestamp")
    assert client.refresh() == 0
    assert client.version("timestamp") == 2
    repo.forget("timestamp")
    repo.publish("timestamp")
    assert client.refresh() == 1
    assert client.version("timestamp") == 2
    assert repo.asked[-1] == ("timestamp", None)


@HASHES
def test_snapshot_rollback(client, repo, with_hashes):
    repo.with_hashes = with_hashes
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 0
    repo.forget("snapshot")
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.version("timestamp") == client.version("snapshot") == 2
    assert repo.asked[-1] == ("timestamp", None)


def test_targets_role_removal(client, repo):
    repo.delegate("targets", DelegatedRole("others", [], 1, False, ["theirs/*"]), Targets(expires=repo.safe_expiry))
    repo.publish("others", "targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    del repo.snapshot.meta["others.json"]
    repo.publish("snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.version("snapshot") == 2


def test_targets_fast_forward_recovery(client, repo):
    repo.delegate("targets", DelegatedRole("others", [], 1, False, ["theirs/*"]), Targets(expires=repo.safe_expiry))
    repo.publish("others", *["targets"] * 99, "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.version("targets") == 100
    repo.simulator.rotate_keys("snapshot")
    repo.forget("targets")
    del repo.snapshot.meta["others.json"]
    repo.publish("root", "targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.version("targets") == 1


def test_new_targets_fast_forward_recovery(client, repo):
    """As the suite had the case before others than the targets role came into it."""
    repo.publish(*["targets"] * 99, "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.version("targets") == 100
    repo.simulator.rotate_keys("snapshot")
    repo.forget("targets")
    repo.publish("root", "targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.version("targets") == 1


def test_new_snapshot_fast_forward_recovery(client, repo):
    repo.publish(*["snapshot"] * 99, "timestamp")
    assert client.refresh() == 0
    assert client.version("snapshot") == 100
    repo.simulator.rotate_keys("snapshot")
    repo.simulator.rotate_keys("timestamp")
    repo.forget("snapshot")
    repo.publish("root", "targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    assert client.version("snapshot") == 1


def test_new_timestamp_fast_forward_recovery(client, repo):
    repo.publish(*["timestamp"] * 99)
    assert client.refresh() == 0
    assert client.version("timestamp") == 100
    repo.simulator.rotate_keys("timestamp")
    repo.forget("timestamp")
    repo.publish("root", "timestamp")
    assert client.refresh() == 0
    assert client.version("timestamp") == 1


@HASHES
def test_targets_rollback(client, repo, with_hashes):
    repo.with_hashes = with_hashes
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 0
    repo.forget("targets")
    repo.publish("targets", "snapshot", "timestamp")
    assert client.refresh() == 1
    assert client.version("snapshot") == client.version("targets") == 2
