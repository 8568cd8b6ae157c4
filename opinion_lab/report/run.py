"""Run a notebook with parameters and leave a report: all of it, or nothing and a sentence that says why.

`run` refuses parameters that the notebook does not declare, executes it in the lab's folder with this interpreter,
and puts `reports/<day>/<notebook>[-suffix].ipynb` and `.html` in place when both are whole.
"""

from __future__ import annotations

import hashlib
import logging
import platform
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from opinion_lab import __version__
from opinion_lab.config import LabError, shipped
from opinion_lab.report.parameters import check, declared
from opinion_lab.storage import files
from opinion_lab.storage.store import Store, write
from opinion_lab.validation import meant

if TYPE_CHECKING:
    from opinion_lab.report import page


def _find(notebook: Path | str, root: Path) -> Path:
    """The notebook's file: a path as given, or a name in the lab's `notebooks/`, or among those that ship.

    Raises LabError with the nearest name.
    """
    given = Path(f"{str(notebook).removesuffix('.ipynb')}.ipynb")
    folders = (root / "notebooks", shipped("notebooks"))
    own = [folder / given for folder in folders]
    for path in (*own, given) if given.parent == Path() else (given, *own):  # a bare name is the lab's own
        if path.is_file():
            return path.resolve()
    names = sorted({p.stem for folder in folders for p in folder.glob("*.ipynb")})
    raise LabError(f"找不到笔记本“{notebook}”。{meant(given.stem, names)}")


def run(
    notebook: Path | str,
    parameters: Mapping[str, Any],
    out: Path | None = None,
    *,
    store: Store,
    now: datetime | None = None,
    portable: bool = False,
    progress: bool = True,
    suffix: str = "",
) -> Path:
    """Run `notebook` and return its report's path, `out`/<day>/<notebook>[-suffix].html (`out`: the lab's reports/).

    `suffix` tells reports of one day apart; without one it is made of the parameters that differ from the defaults.
    Raises LabError for a missing notebook, an unknown or mistyped parameter, a failing cell; nothing is left then.
    """
    from opinion_lab.report import page  # isort: skip  # before nbformat: see theme

    import nbformat

    path = _find(notebook, store.root)
    raw = path.read_bytes()
    try:
        source = nbformat.reads(raw.decode("utf-8-sig"), as_version=4)
        known = declared(source)
    except LabError:
        raise
    except Exception as error:
        raise LabError(f"笔记本 {path.name} 读不了：{_last_line(str(error))}。文件可能已损坏。") from None
    given = check(parameters, known, path.stem)
    now = (now or datetime.now(store.settings.zone)).astimezone(store.settings.zone)
    executed = _execute(source, given, path.stem, root=store.root, scratch=store.local, progress=progress)
    store.sweep_parts()  # by now the kernel of a report that was killed has ended, and writes nothing more

    reports = Path(out) if out is not None else store.reports
    name = _name(path.stem, {k: v for k, v in given.items() if v != known[k].default}, suffix)
    facts = _facts(store, now, name, path.name, raw, {k: given.get(k, p.default) for k, p in known.items()})
    groups = page.groups(executed)
    posts = store.posts(where=pl.col("post_id").is_in(sorted({i for g in groups.values() for i in g["ids"]})))
    behind = {} if portable else page.behind(groups, posts, facts, name)
    text = page.render(executed, facts, name, portable=portable, posts=posts)
    target = reports / f"{now:%Y-%m-%d}" / f"{name}.html"
    if not portable:
        asset, body = page.plotly_asset()
        if not (reports / page.ASSETS / asset).exists():
            write(reports / page.ASSETS / asset, body)
    write(target.with_suffix(".ipynb"), nbformat.writes(executed).encode())
    for ending, listed in behind.items():
        write(target.parent / page.BEHIND / f"{name}.{ending}", listed.encode())
    write(target, text.encode())
    page.index(store, reports)
    return target


def notice(store: Store, name: str, title: str, text: str, *, now: datetime) -> Path:
    """Leave a page that says `text` in the place of a report that could not be made, and return where it lies."""
    from opinion_lab.report import page  # isort: skip

    import nbformat

    outputs = [
        nbformat.v4.new_output("display_data", data=shown._repr_mimebundle_())
        for shown in (page.title(title), page.finding(text))
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=[output]) for output in outputs])
    now = now.astimezone(store.settings.zone)
    body = page.render(notebook, _facts(store, now, name, "", b"", {}), name)
    target = store.reports / f"{now:%Y-%m-%d}" / f"{name}.html"
    write(target, body.encode())
    page.index(store)
    return target


def _facts(
    store: Store, now: datetime, name: str, notebook: str, raw: bytes, parameters: Mapping[str, Any]
) -> page.Facts:
    from opinion_lab.report import page

    return page.Facts(
        settings=store.settings,
        now=now,
        number=f"{store.settings.issue_prefix}〔{now.year}〕{now:%m%d}-{_sequence(store, now, name)}号",
        notebook=notebook,
        notebook_sha256=hashlib.sha256(raw).hexdigest(),
        parameters=parameters,
        versions={
            "opinion-lab": __version__,
            "Python": platform.python_version(),
            **{package: version(package) for package in ("polars", "plotly", "gensim")},
        },
    )


def _name(stem: str, changed: Mapping[str, Any], suffix: str) -> str:
    """A file name that two reports of a day share only when they are the same report."""
    if not suffix:
        suffix = "-".join(str(v) for _, v in sorted(changed.items()))
    plain = re.sub(r"[^\w.=+]+", "-", suffix).strip("-.")
    if len(plain) > 40:
        plain = f"{plain[:32]}-{hashlib.sha256(suffix.encode()).hexdigest()[:6]}"
    return f"{stem}-{plain}" if plain else stem


def _sequence(store: Store, now: datetime, name: str) -> int:
    """The report's number of the day: the next one, or the one that it had when it ran before."""
    # one statement, so two runs at the same moment do not get the same number
    key = f"issue/{now:%Y-%m-%d}/"
    with store.ledger() as db:
        db.execute(
            "insert or ignore into setting (name, value)"
            " values (?, (select count(*) + 1 from setting where substr(name, 1, ?) = ?))",
            (key + name, len(key), key),
        )
        return int(db.execute("select value from setting where name = ?", (key + name,)).fetchone()["value"])


# --- execution ---------------------------------------------------------------------------------------------


def _execute(source: Any, given: Mapping[str, Any], stem: str, *, root: Path, scratch: Path, progress: bool) -> Any:
    """The notebook after its run in `root`. Raises LabError that names the section of the cell that failed."""
    import papermill
    from nbclient.exceptions import CellExecutionError, DeadKernelError
    from tqdm import tqdm

    heading, doing = stem, stem
    for cell in source.cells:
        if cell.cell_type == "markdown" and (found := re.findall(r"^#{1,3} (.+)$", cell.source, re.MULTILINE)):
            heading = found[-1].strip()
        cell.metadata["section"] = heading
    logging.getLogger("papermill").addHandler(logging.NullHandler())  # it says in English what is said below
    code = sum(c.cell_type == "code" for c in source.cells)
    with (
        files.scratch(scratch) as folder,
        tqdm(total=code, desc=stem, unit="格", disable=None if progress else True, leave=False) as bar,
    ):

        def begins(cell: Any, cell_index: int) -> None:
            nonlocal doing
            doing = cell.metadata.get("section", "参数")
            bar.set_postfix_str(doing)

        def ends(cell: Any, cell_index: int) -> None:
            bar.update(min(1, code - bar.n))

        try:
            executed = papermill.execute_notebook(
                source,
                None,
                dict(given),
                kernel_name="python3",
                language="python",
                cwd=root,
                progress_bar=False,
                kernel_manager_class=_manager(root, folder),
                on_cell_start=begins,
                on_cell_executed=lambda **_: None,
                on_cell_complete=ends,
            )
            del executed.metadata["papermill"]["input_path"]  # papermill put the whole notebook there
            return executed
        except papermill.PapermillExecutionError as error:
            # a LabError was written for the reader: hand it on as it is
            said = error.evalue if error.ename == "LabError" else f"{error.ename}: {_last_line(error.evalue)}"
            raise LabError(f"笔记本“{stem}”在“{doing}”一节出错：{said}\n报告没有生成，原有报告未动。") from None
        except (DeadKernelError, CellExecutionError):
            raise LabError(
                f"笔记本“{stem}”在“{doing}”一节时，计算进程中途退出，多半是内存不够。报告没有生成。"
                "请缩短时间范围（参数 since、until）后再试。"
            ) from None


def _manager(root: Path, folder: Path) -> type:
    """A kernel manager that needs no installed kernel: this interpreter, a steady hash seed, nobody's startup files."""
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    spec = KernelSpec(
        # -P: no file of the lab's folder is taken for a package
        argv=[sys.executable, "-P", "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=CRITICAL"],
        display_name="Python 3",
        language="python",
        env={
            "OPINION_LAB_ROOT": str(root),
            "OPINION_LAB_REPORT": "1",  # nobody is there to press a button
            "PYTHONHASHSEED": "0",
            "PLOTLY_RENDERER": "plotly_mimetype",
            "IPYTHONDIR": str(folder),
            "TQDM_DISABLE": "1",
            "PYTHONIOENCODING": "utf-8",
        },
        metadata={"supported_encryption": "curve"},
    )

    class ThisInterpreter(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            return spec

        def _connection_file_default(self) -> str:
            return str(folder / "kernel.json")  # goes with the folder, whoever is killed

        def _transport_encryption_default(self) -> str:
            return "auto"  # posts go between the two processes, and others may be on this machine

    return ThisInterpreter


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "没有说明"
