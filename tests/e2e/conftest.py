"""A whole Jieli for the browser: a database of its own, a web server process, an engine process, Chromium."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

import browser
from devstack.testing import ROOT

sync_api = pytest.importorskip("playwright.sync_api")
SHOTS = ROOT / "var" / "screenshots"
PHONE = {"width": 375, "height": 780}
DESK = {"width": 1280, "height": 860}
PASSWORD = "jieli-demo-2026"
# Everything that is due, again and again: what worker and beat do, without a broker.
ENGINE = """
import time
import django; django.setup()
from audit import sequencer
from outbox import tasks
from outbox.models import Event
from scope import engine_scope
tasks.settings.JIELI_ENV = "dev"
while True:
    tasks.drain()
    sequencer.run()
    time.sleep(0.1)
"""


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(str(item.fspath)).parent.name == "e2e":
            item.add_marker(pytest.mark.e2e)
            item.add_marker(browser.needs_chromium)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Jieli:
    """The running system: its address, its directory, and hands to reach in from outside."""

    def __init__(self, databases, var):
        self.databases, self.var = databases, var
        self.name = databases.clone("e2e")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.children = []
        self.log = var / "processes.log"

    def environment(self, role, **more):
        cluster = self.databases.cluster
        return {
            **self.databases.child_environment(self.name, role),
            "JIELI_ENV": "test",
            "JIELI_DEMO": "1",
            "JIELI_VAR": str(self.var),
            "JIELI_BASE_URL": self.url,
            "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **more,
            **(
                {
                    "DATABASE_URL_APP": f"postgresql://jieli_test:{quote(cluster.password)}@{cluster.host}:"
                    f"{cluster.port}/{self.name}?options={quote('-c role=jieli_app')}"
                }
                if more.get("AS") == "loader"
                else {}
            ),
        }

    def manage(self, *arguments, role="app", **more):
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment(role, **more), cwd=ROOT, capture_output=True, text=True, timeout=170,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def start(self):
        gunicorn = [
            "--workers=1",
            "--threads=6",
            "--worker-class=gthread",
            "--no-control-socket",
            "--timeout=60",
        ]
        web = [sys.executable, "-m", "gunicorn", *gunicorn, f"--bind=127.0.0.1:{self.port}",
               "--worker-tmp-dir", str(self.var), "config.wsgi:application"]  # fmt: skip
        for argv, role in ((web, "app"), ([sys.executable, "-c", ENGINE], "engine")):
            out = self.log.open("ab")
            self.children.append(
                subprocess.Popen(argv, env=self.environment(role), cwd=ROOT, stdout=out, stderr=out)
            )
            out.close()
        end = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < end, self.log.read_text()[-3000:]
            assert all(child.poll() is None for child in self.children), self.log.read_text()[-3000:]
            time.sleep(0.2)

    def answers(self):
        try:
            link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            link.request("GET", "/healthz")
            return link.getresponse().status == 200
        except OSError:
            return False

    def stop(self):
        for child in self.children:
            child.terminate()
        for child in self.children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def sql(self, query, *values):
        with self.databases.cluster.connect(self.name) as link:
            return link.execute(query, values).fetchall()

    def settle(self, patience=60):
        """Wait until the engine has nothing to do."""
        end = time.monotonic() + patience
        while self.sql("SELECT count(*) FROM outbox_event WHERE state = 'pending'")[0][0]:
            assert time.monotonic() < end, self.sql(
                "SELECT topic, tries, error FROM outbox_event WHERE state='pending'"
            )
            time.sleep(0.1)

    # -- the API, as an organisation's own system uses it -------------------------------------------------

    def token(self, client, secret):
        request = urllib.request.Request(
            self.url + "/o/token/",
            data=urlencode({"grant_type": "client_credentials"}).encode(),
            headers={"Authorization": "Basic " + b64encode(f"{client}:{secret}".encode()).decode()},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["access_token"]

    def post(self, path, body, token):
        request = urllib.request.Request(
            self.url + path,
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"{}")


@pytest.fixture(scope="session")
def jieli(test_databases, tmp_path_factory):
    var = tmp_path_factory.mktemp("jieli-var")
    system = Jieli(test_databases, var)
    system.manage("load_demo", "--small", AS="loader")
    system.start()
    yield system
    system.stop()
    test_databases.drop(system.name)


@pytest.fixture(scope="session")
def chromium(jieli):
    with sync_api.sync_playwright() as engine:
        opened = browser.launch(engine)
        yield opened
        opened.close()


class Visitor:
    """Somebody with a browser of his own. Notes everything the console says that it should not."""

    def __init__(self, jieli, browser, who, size, **options):
        self.jieli, self.who = jieli, who
        self.scripted = options.get("java_script_enabled", True)
        self.context = browser.new_context(viewport=size, locale="zh-CN", **options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        self.wrong = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.serial = 0

    def _heard(self, message):
        if message.type == "error" and "status of 4" not in message.text:
            self.wrong.append(message.text)

    def go(self, path):
        return self.page.goto(self.jieli.url + path)

    def press(self, name, exact=False):
        """Press the button or follow the link of that name."""
        page = self.page
        pattern = name if exact else re.compile(re.escape(name))
        button = page.get_by_role("button", name=pattern)
        (button if button.count() else page.get_by_role("link", name=pattern)).first.click()
        page.wait_for_load_state()

    def shot(self, name):
        self.serial += 1
        SHOTS.mkdir(parents=True, exist_ok=True)
        width = self.page.viewport_size["width"]
        self.page.screenshot(path=SHOTS / f"{self.who}-{self.serial:02d}-{name}-{width}.png", full_page=True)

    def sees(self, *texts):
        body = self.page.inner_text("body")
        for text in texts:
            assert text in body, f"{text!r} is not on {self.page.url}:\n{body[:1500]}"
        return body

    def misses(self, *texts):
        body = self.page.content()
        for text in texts:
            assert text not in body, f"{text!r} is on {self.page.url}"

    def fits(self):
        """Nothing sticks out to the right."""
        assert self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), (
            self.page.url
        )

    def close(self):
        self.context.close()
        assert not self.wrong, self.wrong


@pytest.fixture
def visit(jieli, chromium):
    """visit("name") a browser for the desk, visit("name", PHONE) one for the pocket, closed afterwards."""
    open_visitors = []

    def make(who, size=None, **options):
        visitor = Visitor(jieli, chromium, who, size or DESK, **options)
        open_visitors.append(visitor)
        return visitor

    yield make
    for visitor in open_visitors:
        visitor.context.close()
    assert not [(v.who, v.wrong) for v in open_visitors if v.wrong]


@pytest.fixture
def staff(visit):
    """staff("chenxi.worker"): a member who has signed in with password and code."""

    def sign_in(first):
        visitor = visit(first)
        visitor.go("/accounts/login/")
        page = visitor.page
        page.fill("input[name=login]", f"{first}@demo.jieli.example")
        page.fill("input[name=password]", PASSWORD)
        page.locator("main button.btn-primary, form button.btn-primary").first.click()
        page.wait_for_load_state()
        code = page.locator(".notice strong.num").inner_text()
        page.fill("input[name=code]", code)
        page.locator("button.btn-primary").first.click()
        page.wait_for_load_state()
        assert "/accounts/" not in page.url, page.inner_text("body")[:500]
        return visitor

    return sign_in


@contextmanager
def slow(page, seconds=20):
    page.set_default_timeout(seconds * 1000)
    yield page
