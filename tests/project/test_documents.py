"""What the documents say is there is there."""

import re
from pathlib import Path

import pytest

from tools.cli import available

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def name(path):
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_picture_is_there_and_says_what_it_shows(page):
    pictures = re.findall(r"!\[([^\]]*)\]\(([^)]+)\)|<img[^>]*", page.read_text("utf-8"))
    assert all(words for words, target in pictures if target)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_command_a_document_shows_exists(page):
    shown = set(re.findall(r"(?m)^(?:\.venv/bin/)?countertop ([a-z]+(?:-[a-z]+)*)", page.read_text("utf-8")))
    shown |= set(re.findall(r"`(?:\.venv/bin/)?countertop ([a-z]+(?:-[a-z]+)*)", page.read_text("utf-8")))
    assert shown <= {command.name for command in available()}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_make_target_a_document_shows_exists(page):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    shown = set(re.findall(r"(?m)(?:^|`)make ([a-z.-]+)", page.read_text("utf-8")))
    assert [target for target in shown if not re.search(rf"(?m)^{re.escape(target)}:", makefile)] == []


def test_every_page_can_be_reached_from_the_first_one():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in reached or not page.is_file():
            continue
        reached.add(page)
        if page.suffix == ".md":
            links = re.findall(r"\]\(([^)#\s]+)", page.read_text("utf-8"))
            waiting += [page.parent / link for link in links if "://" not in link]
    assert [name(page) for page in PAGES if page not in reached] == []


def test_every_source_file_that_a_document_names_is_there():
    pattern = re.compile(r"`((?:iso8583|keys|drivers|config|terminal|tools|tests|docs|requirements)/[\w./-]+)`")
    missing = [
        f"{name(page)}: {path}"
        for page in PAGES
        for path in pattern.findall(page.read_text("utf-8"))
        if not (ROOT / path).exists()
    ]
    assert missing == []
