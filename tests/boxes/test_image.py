"""The image is the one that was built here from these inputs, or it is refused."""

from __future__ import annotations

import json
import shutil
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agentforge.boxes import contents, debian, image
from agentforge.boxes.daemon import Daemon
from agentforge.boxes.open import open_box
from agentforge.errors import ImageError, SandboxUnavailable
from agentforge.settings import SandboxSettings

needs_docker = pytest.mark.usefixtures("docker")


def test_the_tag_is_made_from_the_inputs() -> None:
    assert image.image_tag() == image.image_tag()
    assert image.image_tag().startswith("agentforge-box:")
    assert contents.fingerprint() != contents.fingerprint("another base")


def test_another_python_has_an_image_of_its_own_and_so_has_what_is_made_anew() -> None:
    anew = image.image_tag(replace(image.OWN, anew=True))
    tags = {image.image_tag(), image.image_tag(image.OWN), image.image_tag(image.RECIPES["3.13"]), anew}
    assert len(tags) == 3
    assert anew.startswith("agentforge-audit:")


@pytest.mark.parametrize("tag", ["../../x", "a/../../x", "3.13; rm -rf", "x y", "-x"])
def test_the_daemon_is_not_asked_for_what_is_no_name_of_an_image(tag: str) -> None:
    asked: Any = object()
    assert image.find_image(asked, tag) is None


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_the_build_insists_on_the_python_of_its_recipe(python: str) -> None:
    with tarfile.open(fileobj=image._context(image.RECIPES[python])) as context:
        found = context.extractfile("Dockerfile")
        assert found is not None
        text = found.read().decode()
    assert f"sys.version_info[:2] != ({python.replace('.', ', ')})" in text


def test_the_tag_changes_with_any_file_of_the_runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents.fingerprint()
    copy = tmp_path / "sandbox"
    shutil.copytree(contents.assets.folder("sandbox"), copy)
    monkeypatch.setattr(contents.assets, "folder", lambda _: copy)
    assert contents.fingerprint() == before
    (copy / "runner" / "wipe.py").write_text("changed", "utf-8")
    assert contents.fingerprint() != before


def test_pytest_goes_in_as_it_was_installed(tmp_path: Path) -> None:
    contents.write_to(tmp_path)
    assert (tmp_path / "start.py").is_file()
    assert (tmp_path / "site" / "_pytest" / "python.py").is_file()
    assert contents.pytest_version() in (tmp_path / "site" / "_pytest" / "_version.py").read_text("utf-8")
    assert not list(tmp_path.rglob("*.pyc"))


def test_a_changed_file_of_pytest_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents, "_hash", lambda *_: "something else")
    with pytest.raises(ImageError, match="was changed"):
        contents.write_to(tmp_path)


@pytest.mark.docker
@needs_docker
class TestFound:
    def test_building_again_changes_nothing(self, home: Path) -> None:
        said: list[str] = []
        first = image.build(said.append)
        assert image.build() == first == image.find_image()
        assert first.how in ("python:3.11-slim", "debian")
        recorded = json.loads((home / "sandbox-images.json").read_text("utf-8"))
        assert recorded[first.tag]["digest"] == first.digest
        assert any("there already" in line for line in said)

    def test_what_is_built_anew_replaces_the_record_of_an_image_that_is_gone(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tag = "agentforge-box:built-anew"
        monkeypatch.setattr(image, "image_tag", lambda *_: tag)
        home.mkdir(exist_ok=True)
        (home / "sandbox-images.json").write_text(
            json.dumps({tag: {"digest": "sha256:gone", "how": "debian"}}), "utf-8"
        )
        try:
            built = image.build()
            assert image.find_image() == built
            assert json.loads((home / "sandbox-images.json").read_text("utf-8"))[tag]["digest"] == built.digest
        finally:
            with Daemon.connect() as daemon:
                daemon._client.images.remove(tag, force=True)

    def test_another_digest_than_the_recorded_one_is_refused(self, home: Path) -> None:
        found = image.build()
        record = {found.tag: {"digest": "sha256:" + "0" * 64, "how": "debian"}}
        (home / "sandbox-images.json").write_text(json.dumps(record), "utf-8")
        with pytest.raises(ImageError, match="not the one that was recorded") as caught:
            image.find_image()
        assert "agentforge sandbox build" in caught.value.fix

    async def test_no_box_is_opened_from_it(self, home: Path) -> None:
        found = image.build()
        (home / "sandbox-images.json").write_text(json.dumps({found.tag: {"digest": "x", "how": "debian"}}), "utf-8")
        with pytest.raises(ImageError):
            await open_box(SandboxSettings(), user="mismatch")

    def test_a_damaged_record_is_an_error_that_says_what_to_do(self, home: Path) -> None:
        home.mkdir()
        (home / "sandbox-images.json").write_text("{", "utf-8")
        with pytest.raises(ImageError) as caught:
            image.find_image()
        assert "Remove it" in caught.value.fix

    def test_an_image_of_somebody_else_under_our_tag_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        ours = image.build()
        foreign = "agentforge-box:ffffffffffff"
        with Daemon.connect() as daemon:
            client: Any = daemon._client
            client.images.get(ours.digest).tag("agentforge-box", tag="ffffffffffff")
            monkeypatch.setattr(image, "image_tag", lambda *_: foreign)
            try:
                with pytest.raises(ImageError, match="was not built by AgentForge"):
                    image.find_image()
            finally:
                client.images.remove(foreign, noprune=True)

    async def test_a_missing_image_is_one_sentence_with_the_fix(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(image, "image_tag", lambda *_: "agentforge-box:000000000000")
        assert image.find_image() is None
        with pytest.raises(ImageError, match="has not been built") as caught:
            await open_box(SandboxSettings(), user="missing")
        assert caught.value.fix == "Run 'agentforge sandbox build'."
        assert caught.value.exit_code == 7


class NoImages:
    """A daemon that has no image and reaches no registry."""

    def image(self, name: str) -> None:
        return None

    def pull(self, repository: str, tag: str) -> None:
        raise SandboxUnavailable("no registry")


def test_without_registry_and_mmdebstrap_it_says_which_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian.shutil, "which", lambda _: None)
    daemon: Any = NoImages()
    with pytest.raises(ImageError, match="mmdebstrap is not installed") as caught:
        image._base(daemon, lambda _: None, image.OWN)
    assert "apt-get install mmdebstrap" in caught.value.fix


def test_what_mmdebstrap_says_is_told_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mmdebstrap"
    program.write_text("#!/bin/sh\necho 'E: no such suite' >&2\nexit 3\n", "utf-8")
    program.chmod(0o755)
    monkeypatch.setattr(debian.shutil, "which", lambda _: str(program))
    daemon: Any = NoImages()
    with pytest.raises(ImageError, match="no such suite"):
        debian.import_base(daemon, lambda _: None)
