"""What Docker says becomes a sentence with a fix that helps wherever it is shown."""

import docker.errors
import pytest

from agentforge.boxes.failures import explain


@pytest.mark.parametrize(
    "error",
    [
        docker.errors.APIError("no space"),
        docker.errors.BuildError("no base", []),
        docker.errors.DockerException("gone"),
    ],
)
def test_no_fix_sends_doctor_to_itself(error: Exception) -> None:
    told = explain(error, while_doing="starting a box")
    assert told.fix
    assert "doctor" not in str(told)
