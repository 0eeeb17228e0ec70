"""The platform as people see it: `dst ui` in a real Chromium."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.xdist_group("home")]
CHROMIUM = shutil.which("chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def address(materialized_home):
    """`dst ui` on a free port, ended in the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (materialized_home.home / "ui.log").open("w")
    # A shell that started us in the background may have SIGINT ignored, which the page's processes would inherit.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "semops_data.cli.main", "ui", "--port", str(port)]
    server = subprocess.Popen(
        command, env=materialized_home.environment, cwd=materialized_home.home, stdout=log, stderr=log
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(url, server, materialized_home.home / "ui.log")
        yield url
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
        log.close()


def wait_for(url, server, log):
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/server_info", timeout=2).close()  # noqa: S310
        except OSError:
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"the page did not come up:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no Chromium: install Debian's package chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    context.set_default_timeout(PATIENCE_MS)
    opened = context.new_page()
    yield opened
    context.close()


def test_the_asset_graph_shows_the_rooms(page, address, tmp_path):
    page.goto(f"{address}/asset-groups")
    for room in ("landing", "lakehouse", "warehouse", "corpus", "coherence"):
        page.get_by_text(room, exact=True).first.wait_for()
    page.screenshot(path=tmp_path / "graph.png")
    assert page.get_by_text("Failed to load").count() == 0


def finished(page, address, short_id):
    """The whole id of the run that the page launched, once it has succeeded."""
    query = {"query": "{runsOrError(limit: 5) {... on Runs {results {runId status}}}}"}
    deadline = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < deadline:
        runs = page.request.post(f"{address}/graphql", data=query).json()["data"]["runsOrError"]["results"]
        for run in runs:
            if run["runId"].startswith(short_id) and run["status"] in ("SUCCESS", "FAILURE", "CANCELED"):
                assert run["status"] == "SUCCESS"
                return run["runId"]
        page.wait_for_timeout(500)
    pytest.fail(f"run {short_id} did not end")


def test_a_materialization_can_be_launched_through_the_page(page, address, tmp_path):
    page.goto(f"{address}/assets/registry/patterns")
    page.locator("button", has_text="Materialize").first.click()
    launched = page.get_by_text(re.compile("Launched run")).first
    launched.wait_for()
    run = launched.inner_text().split()[-1]
    page.goto(f"{address}/runs/{finished(page, address, run)}")
    page.get_by_text("Success").first.wait_for()
    page.screenshot(path=tmp_path / "runs.png")
    assert page.get_by_text("Failure").count() == 0


def test_the_page_of_the_scores_shows_table_and_plot(page, address, tmp_path):
    """The number alone convinces nobody: the page shows every pattern, and why one has no score."""
    page.goto(f"{address}/assets/coherence/scores?view=events")
    shows = page.get_by_text("[Show Markdown]")
    shows.first.wait_for()
    has_table = has_plot = False
    for index in range(shows.count()):
        shows.nth(index).click()
        page.locator("table td", has_text="semantic-coherence").or_(
            page.locator("img[src^='data:image']")
        ).first.wait_for()
        has_table |= page.locator("table td", has_text="semantic-coherence").count() > 0
        has_plot |= page.locator("img[src^='data:image']").count() > 0
        page.screenshot(path=tmp_path / f"scores-{index}.png")
        page.locator("button", has_text="Close").last.click()
    assert has_table
    assert has_plot
