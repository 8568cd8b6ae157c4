"""The notebooks in a real JupyterLab, light and dark: read aloud, and their numbers pressed."""

import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from opinion_lab.lab import Lab
from tests.conftest import Installed, jupyterlab
from tests.notebooks import driver

#: Notebook -> how often its cells are run at most, and what is there when they were.
SHOWN = {
    "5-source-coverage": (24, ".jp-OutputArea .table"),
    "6-desk": (40, 'button:has-text("编发")'),
    "1-daily-brief": (24, 'a[href^="#posts-"]'),
}


@pytest.mark.soak
@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_notebooks_are_read_aloud_and_their_numbers_open_posts(
    installed: Installed, county: Lab, chromium: str, tmp_path: Path, theme: str
) -> None:
    notebooks = (county.root / "notebooks").resolve()
    (county.root / "notebooks").unlink()
    shutil.copytree(notebooks, county.root / "notebooks")
    settings = tmp_path / "home" / "@jupyterlab" / "apputils-extension" / "themes.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(f'{{"theme": "JupyterLab {theme}"}}', encoding="utf-8")
    with jupyterlab(installed, county.root, tmp_path / "home") as address, driver.browser(chromium) as browser:
        for name, (cells, shown) in SHOWN.items():
            address_of = f"{address}/lab/tree/notebooks/{name}.ipynb?reset"
            page = driver.run_through(browser, address_of, cells, shown, height=9000)
            page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
            assert driver.grave(page, ".jp-OutputArea-output") == [], name
        page.set_viewport_size({"width": 1440, "height": 900})
        for at in (0, 5):  # a second number takes the place of the first
            link = page.locator('a[href^="#posts-"]').nth(at)
            link.scroll_into_view_if_needed()
            link.click()
            found = page.locator(".explorer").get_by_role("status")
            expect(found).to_contain_text(f"选出{link.text_content()}条")
            expect(found).to_be_in_viewport()
            page.get_by_role("button", name="回到刚才的数字").click()
            expect(link).to_be_in_viewport()


@pytest.mark.soak
def test_without_code_the_results_are_there_and_no_other_address_is_asked(
    installed: Installed, county: Lab, chromium: str
) -> None:
    pytest.importorskip("voila", reason="an extra: pip install 'opinion-lab[voila]'")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [installed.command, "lab", "--no-code", "--no-browser", f"--port={port}", "notebooks/1-daily-brief.ipynb"]
    server = subprocess.Popen(
        command, cwd=county.root, env=installed.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert server.stdout
        address = next(found[0] for line in server.stdout if (found := re.search(r"http://\S+token=\S+", line)))
        with driver.browser(chromium) as browser:
            page = browser.new_page(locale="zh-CN")
            answered: list[str] = []
            page.on("response", lambda response: answered.append(response.url))
            page.goto(address)
            expect(page.get_by_text("七天里满三条的事件")).to_be_visible()
            expect(page.locator(".js-plotly-plot").first).to_be_visible()
            assert "import opinion_lab" not in page.content()
            assert all(url.startswith((f"http://localhost:{port}", "blob:", "data:")) for url in answered)
    finally:
        server.terminate()
        server.wait(20)
