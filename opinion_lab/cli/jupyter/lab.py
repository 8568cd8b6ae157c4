"""JupyterLab on the lab's notebooks."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import click

from opinion_lab import config

#: Where a person begins: in the invented county at the tour, in a bureau's own lab at the brief.
STARTS = ("0-start-here", "1-daily-brief")
#: What a page without code may load: what this computer serves, and nothing else.
POLICY = "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws: wss:"


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--no-code", is_flag=True, help="只看结果，不见代码；后面可写哪一本 .ipynb。要先装 opinion-lab[voila]。")
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[JUPYTER选项]...")
@click.pass_obj
def lab(folder: Path | None, no_code: bool, options: tuple[str, ...]) -> None:
    """在浏览器里打开 JupyterLab（中文界面），从第一本笔记本看起。选项原样交给 jupyter lab，例如 --no-browser。"""
    (_without_code if no_code else launch)(config.find_root(folder), options)


def _without_code(root: Path, options: Sequence[str] = ()) -> None:
    """The lab's notebooks by Voilà: run from top to bottom, shown without code, nothing asked of other addresses.

    Raises LabError where the extra `voila` is not installed.
    """
    try:
        from voila.app import Voila
    except ImportError:
        raise config.LabError("没有装 Voilà。请先运行 pip install 'opinion-lab[voila]'，再试一次。") from None
    from traitlets.config import Config

    os.environ["PYTHONSAFEPATH"] = "1"
    settings = Config()
    settings.Voila.auto_token = True
    settings.Voila.tornado_settings = {"headers": {"Content-Security-Policy": POLICY}}  # it asks elsewhere for icons
    named = any(option.endswith(".ipynb") for option in options)
    given = [] if named else [str(root / "notebooks" / _first(root))]
    Voila.launch_instance([*given, *options], config=settings)


def _first(root: Path) -> str:
    """The notebook where a person begins; "" in a lab without notebooks."""
    notebooks = {path.stem: path.name for path in sorted((root / "notebooks").glob("*.ipynb"))}
    return next((notebooks[stem] for stem in (*STARTS, *notebooks) if stem in notebooks), "")


def launch(root: Path, options: Sequence[str] = ()) -> None:
    """JupyterLab on the folder of a lab, at the tour or else at its brief; returns when it is shut down."""
    first = _first(root)
    # JupyterLab layers the defaults that stand under labconfig/ beneath what its user has chosen
    paths = [str(config.PACKAGE / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    os.environ["PYTHONSAFEPATH"] = "1"  # a file of the lab's folder is not taken for a package by its kernels
    from jupyterlab.labapp import LabApp

    start = f"/lab/tree/notebooks/{first}" if first else "/lab"
    given = [f"--ServerApp.root_dir={root}", f"--LabApp.default_url={start}", "--ServerApp.answer_yes=True"]
    LabApp.launch_instance([*given, *options])
