"""What is installed by conda, by pip and by the lock is one list."""

import re
import tomllib

from tests.environment import ROOT, everything, render


def test_environment_agrees_with_pyproject() -> None:
    assert (ROOT / "environment.yml").read_text() == render((ROOT / "pyproject.toml").read_text()), (
        "run `python -m tests.environment`"
    )


def test_lock_holds_every_dependency_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = (ROOT / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, re.M))
    for wanted in everything(project):
        name = re.split(r"[<>=!~\[ ;]", wanted)[0].lower().replace("_", "-")
        assert name in locked, f"{name} is not in requirements.lock: run `make lock`"
    assert lock.count("--hash=sha256:") > len(locked)


def test_lock_names_no_host() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()
