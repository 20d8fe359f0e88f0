"""Other keys, from one root to the next. The sequences are those of the tests in the archive of `tuf`, which the suite's are made
after."""

import re

import pytest
from tests.test_updater_key_rotations import TestUpdaterKeyRotations

from repository import new_key

ROOT, OTHERS = TestUpdaterKeyRotations.root_rotation_cases, TestUpdaterKeyRotations.non_root_rotation_cases
# pytest would take it for cases.
del TestUpdaterKeyRotations


def names(cases):
    return [re.sub(r"[^\w-]+", "-", name) for name in cases]


def hand_over(repo, role, step, keys):
    """This many of these keys must sign from now on; those that do may be others."""
    repo.root.roles[role].keyids.clear()
    repo.signers[role].clear()
    repo.root.roles[role].threshold = step.threshold
    for number in step.keys:
        repo.root.add_key(keys[number].public_key, role)
    for number in step.sigs:
        repo.simulator.add_signer(role, keys[number])


@pytest.mark.parametrize("steps", ROOT.values(), ids=names(ROOT))
def test_root_rotation(newcomer, repo, steps):
    keys = [new_key() for _ in range(10)]
    repo.forget("root")
    for step in steps:
        hand_over(repo, "root", step, keys)
        repo.publish("root")
    repo.publish("targets", "snapshot", "timestamp")
    assert newcomer.init(repo.shown["root"][0]) == 0
    good = steps[-1].res is None
    assert newcomer.refresh() == (0 if good else 1)
    assert newcomer.held("root") == repo.shown["root"][-1 if good else -2]


@pytest.mark.parametrize("step", OTHERS.values(), ids=names(OTHERS))
def test_non_root_rotations(client, repo, step):
    keys = [new_key() for _ in range(10)]
    for role in ("timestamp", "snapshot", "targets"):
        hand_over(repo, role, step, keys)
        repo.publish("root", "targets", "snapshot", "timestamp")
        if step.res is None:
            assert client.refresh() == 0
            assert client.held(role) == repo.newest(role)
        else:
            assert client.refresh() == 1
