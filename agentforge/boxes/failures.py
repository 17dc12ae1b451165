"""From what Docker and the system say to our errors: one sentence with the culprit, one with the fix."""

from __future__ import annotations

import docker.errors
import requests.exceptions

from agentforge.errors import ImageError, SandboxError, SandboxUnavailable

BUILD = "Run 'agentforge sandbox build'."
START_DOCKER = "Start Docker, or set sandbox.launcher to bubblewrap on a Linux machine of your own."


def explain(error: Exception, *, while_doing: str) -> SandboxError:
    """The error to raise for what the Docker library or the system raised.

    ``while_doing`` completes "Docker failed while …".
    """
    text = " ".join(str(error).split())[:300]
    match error:
        case SandboxError():
            return error
        case docker.errors.ImageNotFound():
            return ImageError("The image of the box does not exist.", fix=BUILD)
        case docker.errors.APIError() if error.status_code == 500 and "seccomp" in text:
            return SandboxUnavailable(
                f"Docker refuses the seccomp profile: {text}.", fix="Update Docker or the kernel."
            )
        case docker.errors.APIError():
            return SandboxError(f"Docker failed while {while_doing}: {text}.", fix="See 'agentforge doctor'.")
        case requests.exceptions.Timeout() | TimeoutError():
            return SandboxUnavailable(f"Docker did not answer while {while_doing}.", fix="Restart the Docker daemon.")
        case _ if "Permission denied" in text:
            return SandboxUnavailable(
                "The Docker daemon refuses this user.", fix="Add the user to the group 'docker', then log in again."
            )
        case docker.errors.DockerException() | requests.exceptions.ConnectionError() | OSError():
            return SandboxUnavailable("No Docker daemon answers.", fix=START_DOCKER)
        case _:
            return SandboxError(f"{type(error).__name__} while {while_doing}: {text}.")
