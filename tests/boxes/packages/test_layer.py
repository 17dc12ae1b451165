"""A locked set as a layer of the image: the one that was built here on our image, or it is refused."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentforge.boxes import image
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.image import ImageInfo
from agentforge.boxes.packages import building, layer, sets
from agentforge.boxes.packages.lock import Lock, Locked
from agentforge.errors import ImageError
from agentforge.settings import SandboxSettings

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("docker")]

LOCK = Lock((Locked("layer-of-the-tests", "1", ("d" * 64,)),))


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with Daemon.connect(300) as found:
        yield found


@pytest.fixture
def base(daemon: Daemon, home: Path) -> Iterator[ImageInfo]:
    """Our image; whatever was built on it is gone afterwards."""
    found = image.need_image(daemon)
    yield found
    daemon.remove_image(layer.layer_tag(found, LOCK.digest))


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "__pycache__").mkdir(parents=True)
    (folder / "thing.py").write_text("x = 1\n", "utf-8")
    (folder / "__pycache__" / "thing.cpython-311.pyc").write_bytes(b"of the host")
    return folder


def test_the_tag_is_made_from_the_image_and_the_lock() -> None:
    one = ImageInfo("agentforge-box:1", "sha256:1", "debian")
    tags = {
        layer.layer_tag(one, "a" * 64),
        layer.layer_tag(one, "b" * 64),
        layer.layer_tag(ImageInfo("agentforge-box:2", "sha256:1", "debian"), "a" * 64),
        layer.layer_tag(ImageInfo("agentforge-box:1", "sha256:2", "debian"), "a" * 64),
    }
    assert len(tags) == 4


def test_it_is_built_once_and_found_again(daemon: Daemon, base: ImageInfo, site: Path) -> None:
    assert layer.find_layer(daemon, base, LOCK.digest) is None
    with pytest.raises(ImageError, match="have not been built on this machine"):
        layer.need_layer(daemon, base, LOCK.digest)
    said: list[str] = []
    built = layer.build_layer(daemon, base, LOCK.digest, site, said.append)
    assert layer.build_layer(daemon, base, LOCK.digest, site, said.append) == built
    assert layer.need_layer(daemon, base, LOCK.digest) == built
    assert said[-1] == f"The image {built.tag} is there already."
    assert daemon.image(built.tag)["Config"]["User"] == "65534:65534"  # pyright: ignore[reportOptionalSubscript]  just built


def test_another_digest_than_the_recorded_one_is_refused(
    daemon: Daemon, base: ImageInfo, site: Path, home: Path
) -> None:
    tag = layer.build_layer(daemon, base, LOCK.digest, site, lambda _: None).tag
    record = home / "sandbox-images.json"
    known = json.loads(record.read_text("utf-8"))
    known[tag]["digest"] = "sha256:another"
    record.write_text(json.dumps(known), "utf-8")
    with pytest.raises(ImageError, match="is not the one that was recorded here"):
        layer.find_layer(daemon, base, LOCK.digest)


def context_of(dockerfile: str) -> io.BytesIO:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        entry = tarfile.TarInfo("Dockerfile")
        entry.size = len(dockerfile)
        tar.addfile(entry, io.BytesIO(dockerfile.encode()))
    made.seek(0)
    return made


@pytest.mark.parametrize("right_label", [True, False])
def test_an_image_that_only_has_the_name_is_refused(daemon: Daemon, base: ImageInfo, right_label: bool) -> None:
    """With our label it does not stand on our image; on our image it lacks the label."""
    tag = layer.layer_tag(base, LOCK.digest)
    labels = {layer.LOCK_LABEL: LOCK.digest} if right_label else {}
    below = "scratch" if right_label else base.tag
    daemon.build(context_of(f"FROM {below}\nENV A=B\n"), tag, {}, labels)
    with pytest.raises(ImageError, match="was not built by AgentForge") as caught:
        layer.find_layer(daemon, base, LOCK.digest)
    assert "agentforge packages build" in caught.value.fix


def test_cleaning_removes_what_this_home_built_for_other_locks(daemon: Daemon, base: ImageInfo, site: Path) -> None:
    tag = layer.build_layer(daemon, base, LOCK.digest, site, lambda _: None).tag
    assert building.clean([LOCK.digest]) == []
    assert daemon.image(tag) is not None
    assert building.clean([]) == [tag]
    assert daemon.image(tag) is None
    assert daemon.image(base.tag) is not None


def test_a_set_is_found_where_it_is_ready(daemon: Daemon, base: ImageInfo, site: Path) -> None:
    settings = SandboxSettings(launcher="docker")
    assert building.find(LOCK, settings) == []
    tag = layer.build_layer(daemon, base, LOCK.digest, site, lambda _: None).tag
    assert building.find(LOCK, settings) == [building.Built("docker", tag)]
    (target,) = building.targets(settings)
    assert not sets.folder_of(LOCK.digest, target).exists()
