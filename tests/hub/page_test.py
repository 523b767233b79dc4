"""The page for people, in a real browser."""
import json
import re
import shutil
import subprocess

import pytest
from services import wait_for


def browse(here, directory, *options, fragment=""):
    """What the browser makes of the page once it has asked for the shards."""
    assert shutil.which("chromium"), "chromium is missing; scripts/install-deps test installs it on Debian"
    done = subprocess.run(["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                           f"--user-data-dir={directory}/browser", "--virtual-time-budget=3000", *options, f"http://{here.address}/{fragment}"],
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<(script|style).*?</\1>", "", html)))


def test_it_needs_nothing_from_outside(launch):
    here = launch()
    status, page = here.get("/")
    assert status == 200
    assert set(re.findall(r"""(?:src|href)=["']([^"']+)""", page)) == {"/shards", "/metrics", "/healthz", "/readyz"}
    assert set(re.findall(r"https?://[^\"' ]+", page)) == {"http://www.w3.org/2000/svg"}  # a name, not an address


def test_it_shows_the_shards(launch, tmp_path):
    here = launch()
    here.shard("shardId-000000000000").process("a", "fail", "<b>not markup</b>", behind=90_000)
    here.shard("shardId-000000000001").process("b")
    here.until(3, "kclhost_finished_records_total", outcome="processed")
    here.until(1, "kclhost_finished_records_total", outcome="dead_letter")
    text = text_of(browse(here, tmp_path, "--dump-dom"))
    for part in ("ready", "application app, stream words", "shardId-000000000000", "shardId-000000000001", "90 s", "zoo.actor 1.0.0",
                 "dead letters 1", "record put into the dead letters"):
        assert part in text, text


def test_it_says_what_is_wrong(launch, tmp_path):
    here = launch(metrics={"listen": "127.0.0.1:0", "stalled_after": "1s"})
    shard = here.shard()
    shard.process("fail")
    shard.send(shard.batch(f"wait {tmp_path}/go"))
    wait_for(lambda: here.ready() == 503, "the shard to stall")
    text = text_of(browse(here, tmp_path, "--dump-dom"))
    assert "not ready" in text and "stalled" in text and "processRecords has not got on for" in text
    assert "this record says so" in text, "what was wrong before is shown too"
    (tmp_path / "go").touch()
    shard.wait()


def test_a_shard_has_a_page_of_its_own(launch, tmp_path):
    here = launch()
    here.shard("shardId-000000000000").process("a", "fail")
    here.shard("shardId-000000000001").process("b")
    here.until(1, "kclhost_finished_records_total", outcome="dead_letter")
    wait_for(lambda: "dead letters" in here.get("/shards/words/shardId-000000000000")[1], "the line in the log")
    text = text_of(browse(here, tmp_path, "--dump-dom", fragment="#words/shardId-000000000000"))
    for part in ("words shardId-000000000000", "zoo.actor 1.0.0, release 1", "Last log lines", "info [host] initialized at",
                 "record put into the dead letters"):
        assert part in text, text
    text = text_of(browse(here, tmp_path, "--dump-dom", fragment="#words/shardId-000000000009"))
    assert "this machine has no such shard" in text, text


def test_the_log_lines_of_a_shard_are_its_own(launch):
    here = launch()
    here.shard("shardId-000000000000").process("a")
    here.shard("shardId-000000000001").process("b")

    def lines():
        status, text = here.get("/shards/words/shardId-000000000001")
        return json.loads(text)["shard"]["log"] if status == 200 else []

    wait_for(lambda: any("initialized at" in line for line in lines()), "the host's lines")
    assert {json.loads(line).get("shard", "") for line in lines()} <= {"", "shardId-000000000001"}
    assert "log" not in json.loads(here.get("/shards")[1])["shards"][0]
    for path in ("/shards/", "/shards/words", "/shards/words/", "/shards/words/x", "/shards//", "/shards/a/b/c"):
        assert here.get(path)[0] == 404, path


@pytest.mark.parametrize("size", ["390,800", "1280,800"])
def test_it_fits_a_phone_and_a_desk(launch, tmp_path, size):
    """Pictures to look at, in the folder of the test."""
    here = launch()
    for i in range(4):
        here.shard(f"shardId-00000000000{i}").process("a", "fail" if i == 1 else "b", behind=i * 40_000)
    here.until(7, "kclhost_finished_records_total", outcome="processed")
    picture = tmp_path / "page.png"
    browse(here, tmp_path, f"--window-size={size}", f"--screenshot={picture}")
    assert picture.stat().st_size > 10_000
