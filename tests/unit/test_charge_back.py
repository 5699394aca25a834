"""What tenants used is in a file a day, to the token, written once, and loud where it can't be."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from azure_storage_double import ASSERTION, CLIENT, TENANT, Azure, azure
from prometheus_double import prometheus

from charge_back.__main__ import main
from charge_back.blobs import Container
from charge_back.calls import ExportError
from charge_back.export import export
from charge_back.settings import Settings
from charge_back.sign_in import storage_token
from tests.usage_history import ENDPOINT, JOB, at
from tests.usage_stories import STORIES
from tests.usage_story import FIRST, Story, file_of, lines


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Azure]:
    """Entra ID and the storage, and a pod that has an identity."""
    token = tmp_path / "token"
    token.write_text(ASSERTION, encoding="ascii")
    with azure() as running:
        for name, value in {
            "AZURE_AUTHORITY_HOST": f"{running.url}/",
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_FEDERATED_TOKEN_FILE": str(token),
        }.items():
            monkeypatch.setenv(name, value)
        yield running


def exported(story: Story, cloud: Azure) -> list[str]:
    """Run the export; its lines, with the error as the last one."""
    printed = []
    with ExitStack() as running:
        servers = [running.enter_context(prometheus(replica)) for replica in story.replicas]
        settings = Settings(tuple(servers), JOB, ENDPOINT, cloud.container, story.since, story.keep_days, story.prices)
        try:
            printed += export(settings, Container(cloud.container, storage_token()), now=story.now)
        except ExportError as error:
            printed.append(str(error))
        for notes in cloud.notes.values():
            if notes.get("source") in servers:
                notes["source"] = str(servers.index(notes["source"]))
    return printed


@pytest.mark.parametrize("name", STORIES)
def test_a_day_s_file_has_what_was_used(name: str, cloud: Azure) -> None:
    story = STORIES[name]()
    cloud.blobs |= {file: text.encode() for file, text in story.there.items()}
    printed = exported(story, cloud)
    assert {file: content.decode() for file, content in cloud.blobs.items()} == story.files
    for file, notes in story.notes.items():
        assert notes.items() <= cloud.notes[file].items()
    assert [line for line in printed if "written" not in line][: len(story.wrong)] == [
        next((line for line in printed if line.startswith(words)), words) for words in story.wrong
    ]
    assert any(line.startswith("not exported:") for line in printed[-1:]) == bool(story.wrong)
    # A second run finds nothing to do but what it can't.
    again = exported(story, cloud)
    assert {file: content.decode() for file, content in cloud.blobs.items()} == story.files
    assert not [line for line in again if "written" in line]
    ahead = [line for line in printed if line.startswith("nothing to export yet")]
    assert again[-1:] == printed[-1:] if story.wrong else again == ahead


def test_a_finished_day_is_never_replaced(cloud: Azure) -> None:
    story = STORIES["a process that starts again"]()
    container = Container(cloud.container, storage_token())
    assert container.create(file_of(FIRST), b"one", {})
    assert not container.create(file_of(FIRST), b"one", {})
    with pytest.raises(ExportError, match="is there already with other content"):
        container.create(file_of(FIRST), b"two", {})
    exported(story, cloud)
    assert cloud.blobs == {file_of(FIRST): b"one"}


def test_a_day_that_somebody_else_wrote_stays(cloud: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    story = STORIES["a process that starts again"]()
    cloud.blobs[file_of(FIRST)] = b"of somebody else"
    monkeypatch.setattr(Container, "names", lambda _: iter(()))
    printed = exported(story, cloud)
    assert cloud.blobs == {file_of(FIRST): b"of somebody else"}
    assert "is there already with other content" in printed[-1]


def test_what_is_left_of_a_day_is_kept_as_it_was_found_first(cloud: Azure) -> None:
    story = STORIES["days that prometheus no longer has"]()
    cloud.blobs |= {file: text.encode() for file, text in story.there.items()}
    before = exported(story, cloud)[-1]
    story.replicas[0].forget(at(FIRST, -6))
    after = exported(story, cloud)[-1]
    assert {file: content.decode() for file, content in cloud.blobs.items()} == story.files
    assert after == before


def test_a_day_that_can_not_be_whole_fails_until_it_is_written_or_left_out(cloud: Azure) -> None:
    story = STORIES["a prometheus that begins after its proxies"]()
    assert exported(story, cloud)[-1].endswith("write 2026/11/01.csv yourself, or set `since` to a later day")
    assert [line[:21] for line in exported(replace(story, since=FIRST + timedelta(days=1)), cloud)] == [
        "nothing to export yet"
    ]
    cloud.blobs[file_of(FIRST)] = b"by hand"
    assert exported(story, cloud) == []


def test_a_first_day_that_lies_ahead_is_reported_and_is_no_failure(cloud: Azure) -> None:
    story = STORIES["a process that starts again"]()
    today = story.now.date()
    ahead = replace(story, since=today)
    assert exported(ahead, cloud) == [
        f"nothing to export yet: {today} is the first day (`since`), {today - timedelta(days=1)} the last whole one"
    ]
    assert cloud.blobs == {}


def test_names_are_listed_page_by_page(cloud: Azure) -> None:
    cloud.blobs |= {f"2026/11/0{day}.csv": b"" for day in range(1, 6)}
    assert list(Container(cloud.container, storage_token()).names()) == sorted(cloud.blobs)


def test_without_the_role_nothing_is_written_and_it_fails(cloud: Azure) -> None:
    cloud.permitted = False
    printed = exported(STORIES["a process that starts again"](), cloud)
    assert printed == ["the container can't be listed: 403 AuthorizationPermissionMismatch"]


def test_an_identity_that_is_refused_is_named_by_its_code_alone(cloud: Azure) -> None:
    cloud.trusts = "another cluster's"
    with pytest.raises(ExportError) as refused:
        storage_token()
    assert str(refused.value) == "Entra ID refuses the identity: 401, AADSTS [700213]"


def test_a_pod_without_identity_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_FEDERATED_TOKEN_FILE", raising=False)
    with pytest.raises(ExportError, match="the pod has no identity"):
        storage_token()


def test_without_any_replica_it_fails(cloud: Azure) -> None:
    settings = Settings(("http://127.0.0.1:9",), JOB, ENDPOINT, cloud.container, FIRST, 400, {})
    found = export(settings, Container(cloud.container, storage_token()), now=STORIES["scrapes that fail"]().now)
    assert "no answer from 127.0.0.1:9" in next(found)
    with pytest.raises(ExportError, match="no replica of Prometheus has samples"):
        next(found)


def test_the_program_reads_its_settings_and_exits_with_1_where_a_day_is_missing(
    cloud: Azure, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "settings.json"
    file.write_text(
        f'{{"servers": ["http://127.0.0.1:9"], "job": "{JOB}", "endpoint": "{ENDPOINT}", '
        f'"container": "{cloud.container}", "since": "{FIRST}", "keep_days": 400, '
        '"prices": {"chat": {"input": "0.2", "cached": "0.2", "output": "1e-06"}}}',
        encoding="utf-8",
    )
    assert main(str(file)) == 1
    assert capsys.readouterr().err == "no replica of Prometheus has samples\n"
    assert lines(FIRST) not in cloud.blobs
