"""JupyterLab on the lab's notebooks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from opinion_lab import config

#: Where a person begins: in the invented county at the tour, in a bureau's own lab at the brief.
STARTS = ("0-start-here", "1-daily-brief")


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTER选项]...")
@click.pass_obj
def lab(folder: Path | None, options: tuple[str, ...]) -> None:
    """在浏览器里打开 JupyterLab（中文界面），从第一本笔记本看起。选项原样交给 jupyter lab，例如 --no-browser。"""
    launch(config.find_root(folder), options)


def launch(root: Path, options: Sequence[str] = ()) -> None:
    """JupyterLab on the folder of a lab, at the tour or else at its brief; returns when it is shut down."""
    notebooks = {path.stem: path.name for path in sorted((root / "notebooks").glob("*.ipynb"))}
    first = next((notebooks[stem] for stem in (*STARTS, *notebooks) if stem in notebooks), None)
    # JupyterLab layers the defaults that stand under labconfig/ beneath what its user has chosen
    paths = [str(config.PACKAGE / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    os.environ["PYTHONSAFEPATH"] = "1"  # a file of the lab's folder is not taken for a package by its kernels
    from jupyterlab.labapp import LabApp

    start = f"/lab/tree/notebooks/{first}" if first else "/lab"
    given = [f"--ServerApp.root_dir={root}", f"--LabApp.default_url={start}", "--ServerApp.answer_yes=True"]
    LabApp.launch_instance([*given, *options])
