"""What tests share: a fresh lab, and the folder of real posts."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import opinion_lab
from opinion_lab.lab import Lab
from opinion_lab.storage import store

ROOT = Path(__file__).parents[1]
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
# compiled once, and not again by each of the hundred processes that tests start: that alone takes ten seconds
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first, so that two workers end together: while one makes the demo, the other does the rest."""
    uses: dict[Path, set[str]] = {}
    for item in items:
        uses.setdefault(item.path, set()).update(getattr(item, "fixturenames", ()))

    def turn(item: pytest.Item) -> int:
        if item.path.name == "test_demo.py":
            return 0
        # those that need the demo come once it is made; the short ones last
        order = {"demo_lab": 3, "installed": 1, "shared_data": 2}
        return next((n for fixture, n in order.items() if fixture in uses[item.path]), 4)

    items.sort(key=turn)


LAB = """
organisation = "测试县市场监督管理局"
[watch]
any = []
[organisations]
own = ["测试县市场监督管理局"]
government = ["测试县发布"]
media = ["测试晚报"]
"""


@pytest.fixture
def lab(tmp_path: Path) -> store.Store:
    """An empty lab in a folder of its own."""
    (tmp_path / "lab.toml").write_text(LAB, encoding="utf-8")
    return store.open(tmp_path)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real posts beside the checkout; CI must have them, a newcomer need not."""
    folder = Path(__file__).parents[1].parent / "shared" / "data"
    if not folder.is_dir():
        message = f"no real posts at {folder}: the checks on real files did not run"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return folder


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that all workers share, made by whichever comes first; the others wait for it."""
    # with xdist each worker has a folder of its own inside one that all share
    shared = factory.getbasetemp()
    shared = shared.parent if os.environ.get("PYTEST_XDIST_WORKER") else shared
    folder, done = shared / name, shared / f"{name}.done"
    try:
        folder.mkdir()
    except FileExistsError:
        for _ in range(600):
            if done.exists():
                break
            time.sleep(1)
    else:
        try:
            make(folder)
            done.write_text("")
        except subprocess.CalledProcessError as error:
            done.write_text(f"{error.cmd}\n{error.stdout}\n{error.stderr}"[-3000:])
    assert (why := done.read_text()) == "", why
    return folder


@dataclass(frozen=True)
class Installed:
    """`opinion-lab` as a bureau has it: a wheel in an environment of its own, away from the checkout."""

    command: Path
    environment: dict[str, str]

    def run(self, *arguments: str | Path, cwd: Path) -> str:
        """What the command printed. Raises CalledProcessError when it fails."""
        done = subprocess.run(
            [self.command, *arguments], cwd=cwd, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel of this checkout, installed; all other packages are those of the tests."""

    def make(folder: Path) -> None:
        def do(*command: str | Path) -> None:
            subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=True)

        do("hatchling", "build", "--target", "wheel", "--directory", folder / "dist")
        do("venv", "--without-pip", folder / "env")
        python = folder / "env" / SCRIPTS / "python"
        wheel = next((folder / "dist").glob("*.whl"))
        do("pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps", wheel)
        packages = next((folder / "env").rglob("site-packages"))
        (packages / "tests.pth").write_text(sysconfig.get_path("purelib"))

    folder = made_once(tmp_path_factory, "installed", make)
    shared = Path(sys.prefix) / "share" / "jupyter"
    leaves_out = ("PYTHONPATH", "OPINION_LAB_ROOT", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if name not in leaves_out}
    environment |= {"JUPYTERLAB_DIR": str(shared / "lab"), "JUPYTER_PATH": str(shared)}
    return Installed(folder / "env" / SCRIPTS / "opinion-lab", environment)


@pytest.fixture(scope="session")
def demo_lab(tmp_path_factory: pytest.TempPathFactory, installed: Installed) -> store.Store:
    """The lab that `opinion-lab demo` leaves, reports and all."""
    root = made_once(
        tmp_path_factory, "demo-lab", lambda folder: installed.run("--lab", folder, "demo", cwd=folder) and None
    )
    return store.open(root)


@pytest.fixture
def county(demo_lab: store.Store, tmp_path: Path) -> Lab:
    """The invented county in a lab of its own, where one may decide."""
    for name in ("lab.toml", "lab.key", "notebooks"):
        (tmp_path / name).symlink_to(demo_lab.root / name)
    (tmp_path / "data").mkdir()
    for name in ("raw", "processed"):
        (tmp_path / "data" / name).symlink_to(demo_lab.root / "data" / name)
    shutil.copy(demo_lab.root / "data" / "cases.sqlite", tmp_path / "data")
    return opinion_lab.open(tmp_path)


def program(*names: str) -> str:
    """The path of the first of these programs that is there; CI must have one, a newcomer need not."""
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        message = f"no {names[0]} on this machine: what needs it did not run"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser that pages are looked at with."""
    return program("chromium", "chromium-browser", "google-chrome")


@contextmanager
def jupyterlab(installed: Installed, lab: Path, home: Path, command: Sequence[str | Path] = ("lab",)) -> Iterator[str]:
    """The address of `opinion-lab lab`, or of another command that opens JupyterLab, on a lab, without a token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", f"--port={port}", "--IdentityProvider.token=", "--allow-root"]
    own = {name: str(home) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR")}
    home.mkdir(parents=True, exist_ok=True)
    log = home / f"jupyterlab-{port}.log"  # a pipe that nobody reads fills up, and the server stands still
    with log.open("wb") as out:
        server = subprocess.Popen(
            [installed.command, *command, *options],
            cwd=lab,
            env={**installed.environment, **own},
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=1).read()
                break
            except OSError:
                assert server.poll() is None, log.read_text(encoding="utf-8", errors="replace")
                time.sleep(0.5)
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
