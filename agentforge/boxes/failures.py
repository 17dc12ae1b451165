"""From what Docker and the system say to our errors: one sentence with the culprit, one with the fix."""

from __future__ import annotations

from typing import Final

import docker.errors
import requests.exceptions

from agentforge.errors import ImageError, SandboxError, SandboxUnavailable

BUILD: Final = "Run 'agentforge sandbox build'."
BUILD_PACKAGES: Final = "Run 'agentforge packages build'."
START_DOCKER: Final = "Start Docker, or on a Linux machine of your own set sandbox.launcher to bubblewrap."


def explain(error: Exception, *, while_doing: str) -> SandboxError:
    """The error to raise for what the Docker library or the system raised.

    ``while_doing`` completes "Docker failed while …". What the daemon says is quoted, shortened.
    """
    text = " ".join(str(error).split())[:300].rstrip(".")
    match error:
        case docker.errors.ImageNotFound():
            return ImageError("The image of the box does not exist.", fix=BUILD)
        case docker.errors.BuildError():
            return ImageError(f"The image cannot be built: {text}.", fix="See the Docker daemon's log.")
        case docker.errors.APIError() if "seccomp" in text:
            return SandboxUnavailable(
                f"Docker refuses the seccomp profile: {text}.", fix="Update Docker or the kernel."
            )
        case docker.errors.APIError():
            return SandboxError(f"Docker failed while {while_doing}: {text}.", fix="See the Docker daemon's log.")
        case requests.exceptions.Timeout() | TimeoutError():
            return SandboxUnavailable(
                f"The Docker daemon did not answer while {while_doing}.", fix="Restart the Docker daemon."
            )
        case _ if "Permission denied" in text:
            return SandboxUnavailable(
                "The Docker daemon refuses this user.", fix="Add the user to the group 'docker', then log in again."
            )
        case _:
            return SandboxUnavailable("No Docker daemon answers.", fix=START_DOCKER)
