"""Names of roles that are part of addresses and of files' names."""

from urllib.parse import quote

import pytest
from tuf.api.metadata import DelegatedRole, Targets


@pytest.mark.parametrize("role", ["?", "#", "/delegatedrole", "../delegatedrole"])
def test_unusual_role_name(client, repo, role):
    repo.delegate("targets", DelegatedRole(role, [], 1, False, ["*"]), Targets(expires=repo.safe_expiry))
    repo.publish(role, "targets", "snapshot", "timestamp")
    assert client.download("nonexistent target") == 1
    assert (quote(role, ""), 1) in repo.asked
    assert len(client.trusted()) == 5
