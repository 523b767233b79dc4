"""docs/README.md lists each page once, links lead somewhere, and docs/operations.md has each alert."""
import re

import pytest
import yaml

from pages import FENCE, TOP, pages


def links(text):
    """Those within the project."""
    return [link for link in re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text)) if "://" not in link]


def anchors(text):
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def all_links():
    return [(page, link) for page, text in {**pages(), "HACKING.md": (TOP / "HACKING.md").read_text(encoding="utf-8")}.items()
            for link in links(text)]


@pytest.mark.parametrize("page, link", all_links())
def test_a_link_leads_somewhere(page, link):
    path, _, anchor = link.partition("#")
    target = (TOP / page).parent / path if path else TOP / page
    assert target.exists(), f"{page} links to {link}"
    assert not anchor or anchor in anchors(target.read_text(encoding="utf-8")), f"{page} links to {link}"


def test_the_index_has_each_page_once():
    index = [link for link in links(pages()["docs/README.md"]) if re.fullmatch(r"[\w-]+\.md", link)]
    assert sorted(index) == sorted(path.name for path in (TOP / "docs").glob("*.md") if path.name != "README.md")


def test_each_alert_is_explained():
    groups = yaml.safe_load((TOP / "config/monitoring/alerts.yaml").read_text(encoding="utf-8"))["groups"]
    alerts = [rule["alert"] for group in groups for rule in group["rules"]]
    table = pages()["docs/operations.md"].split("\n## Alerts\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == alerts
