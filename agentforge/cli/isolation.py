"""``agentforge sandbox build|check``."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import cast

from agentforge.boxes import image, tiers
from agentforge.boxes.open import LauncherReport, probe
from agentforge.cli.options import Who
from agentforge.cli.output import Output, cell, table
from agentforge.cli.steps import Steps
from agentforge.settings import docker_host, load
from agentforge.types import JSON, JSONObject

NO_SANDBOX = 7


def build(who: Who, form: str) -> int:
    """Builds the image where it is missing."""
    docker_host()
    load(overrides=who.overrides())  # so that wrong settings are told here as anywhere
    output = Output(form)
    made = build_image(output)
    return output.finish(f"{made.tag} on {made.how} ({made.digest})", {"image": asdict(made)})


def build_image(output: Output) -> image.ImageInfo:
    """:func:`agentforge.boxes.image.build` with its progress shown."""
    with Steps(output.err) as steps:
        return image.build(lambda message: steps.show(message, message))


def check(who: Who, form: str) -> int:
    """Starts each launcher once; 0 when the one that would be used works."""
    settings = load(overrides=who.overrides()).sandbox
    docker_host()
    reports = asyncio.run(probe(settings))
    chosen = used(reports, settings.launcher)
    rows = table("LAUNCHER", "WORKS", "GIVES")
    for report in reports:
        found = cell(told_by(report), 300)
        for warning in report.warnings:
            found.append("\n! ", "yellow").append_text(cell(warning, 300))
        rows.add_row(report.launcher, "yes" if report.available else "no", found)
    told: list[JSON] = [cast("JSON", asdict(report)) for report in reports]
    data: JSONObject = {"used": chosen.launcher if chosen else None, "launchers": told}
    return Output(form).finish(rows, data, 0 if chosen else NO_SANDBOX)


def told_by(report: LauncherReport) -> str:
    """What a launcher gives, or why it does not."""
    if not report.available:
        asked = docker_host() if report.launcher == "docker" else ""
        return f"{report.reason} (DOCKER_HOST is {asked[:80]!r}.)" if asked else report.reason
    image = f", image {report.image[:19]}" if report.image else ""
    given = tiers.IN_WORDS.get(report.tier, report.tier)
    return f"tier {report.tier} ({given}), transport by {report.transport}{image}"


def used(reports: list[LauncherReport], wanted: str) -> LauncherReport | None:
    """The launcher that a session would get: Docker before bubblewrap, or the one asked for."""
    return next((one for one in reports if one.available and wanted in ("auto", one.launcher)), None)
