"""What a rotation changes in a stack file: a line or two, and no comment."""

import re
from typing import Any

import pytest
import yaml

from config.tenants import Tenant
from operate import rotation_edits as edits
from operate.problems import CannotOperateError
from operate.stack_file import difference, edited
from tests.stack_files import ALL, stack_file


def config(text: str) -> dict[str, Any]:
    return yaml.safe_load(text)["config"]


def changed(before: str, after: str) -> list[str]:
    return [line for line in difference(before, after, "x").splitlines() if line[:1] in "+-"]


@pytest.mark.parametrize("name", ALL)
def test_an_edit_of_nothing_changes_no_byte(name: str) -> None:
    text = stack_file(name).read_text()
    assert edited(text, lambda _: None) == text


@pytest.mark.parametrize("name", ALL)
def test_keys_are_rotated_in_two_steps(name: str) -> None:
    text = stack_file(name).read_text()
    names = edits.second_keys(config(text), None)
    both = edited(text, edits.begin(names))
    for tenant in config(both)["llm-platform:tenants"]:
        keys = Tenant.model_validate(tenant).keys
        assert keys[0] == names[tenant["name"]]
        assert len(keys) == 2
    # One line of each tenant, written again or added.
    assert len([line for line in changed(text, both) if line.startswith("+")]) == len(names)
    assert len(changed(text, both)) <= 2 * len(names)
    # What an interrupted rotation leaves is continued with the same names.
    assert edits.second_keys(config(both), None) == names
    assert edited(both, edits.begin(names)) == both
    pairs = edits.both_keys(config(both), None)
    assert {who: new for who, (new, _) in pairs.items()} == names
    done = edited(both, edits.finish({who: old for who, (_, old) in pairs.items()}))
    keys = {tenant["name"]: Tenant.model_validate(tenant).keys for tenant in config(done)["llm-platform:tenants"]}
    assert keys == {who: (name,) for who, name in names.items()}
    with pytest.raises(CannotOperateError, match="has two keys"):
        edits.both_keys(config(done), None)


def test_a_generated_key_is_replaced_by_the_next_generation() -> None:
    text = "config:\n  llm-platform:tenants:\n    - {name: a, models: [chat]}  # the first\n"
    both = edited(text, edits.begin({"a": "tenant-a-key-2"}))
    assert "- {name: a, models: [chat], key_generations: [2, 1]}" in both
    done = edited(both, edits.finish({"a": "tenant-a-key-1"}))
    assert re.search(r"- {name: a, models: \[chat\], key_generations: \[2\]} +# the first", done)
    assert edits.second_keys(config(done), None) == {"a": "tenant-a-key-3"}
    assert edits.generated_for(config(done), {"a": "tenant-a-key-3"}) == {"tenant-a-key-3"}


def test_one_client_alone() -> None:
    text = stack_file("prod").read_text()
    first = config(text)["llm-platform:tenants"][0]["name"]
    both = edited(text, edits.begin(edits.second_keys(config(text), first)))
    double = [each["name"] for each in config(both)["llm-platform:tenants"] if "key_secrets" in each]
    assert double == [first]


def test_a_tenant_that_calls_with_tokens_alone_has_no_key_to_rotate() -> None:
    settings = {"llm-platform:tenants": [{"name": "robot", "api_keys": False}, {"name": "team-a"}]}

    assert edits.second_keys(settings, None) == {"team-a": "tenant-team-a-key-2"}
    with pytest.raises(CannotOperateError, match="no API key to rotate"):
        edits.second_keys(settings, "robot")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["key-a"], "key-a-2"),
        (["key-a-2"], "key-a-3"),
        (["key-a", "KEY-A-2"], "key-a-3"),
        (["key-a-9", "key-a-10"], "key-a-11"),
    ],
)
def test_a_new_name_is_nobody_elses(names: list[str], expected: str) -> None:
    clients = [{"name": f"c{place}", "key_secret": name} for place, name in enumerate(names)]
    assert edits.second_keys({"llm-platform:tenants": clients}, "c0") == {"c0": expected}


def test_an_ended_key_leaves_the_configuration() -> None:
    text = (
        "config:\n  llm-platform:tenants:\n"
        "    - {name: a, key_secrets: [key-a-2, key-a]}  # the first\n"
        "  llm-platform:key-a:\n    secure: v1:abc\n  llm-platform:key-a-2:\n    secure: v1:def\n"
    )
    done = edited(text, edits.finish({"a": "key-a"}))
    assert re.search("- {name: a, key_secret: key-a-2} +# the first", done)
    assert "llm-platform:key-a:" not in done
    assert "llm-platform:key-a-2:" in done


def test_a_pool_counts_its_generations_or_changes() -> None:
    text = stack_file("dev").read_text()
    once = edited(text, edits.next_generation(config(text), "h100", {}))
    assert changed(text, once) == ["+      generation: 1"]
    assert changed(once, edited(once, edits.next_generation(config(once), "h100", {}))) == [
        "-      generation: 1", "+      generation: 2",
    ]  # fmt: skip
    other = edited(text, edits.with_settings(config(text), "h100", {"os_disk_gib": 768}))
    assert changed(text, other) == ["+      os_disk_gib: 768"]
