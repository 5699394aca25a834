"""The example of docs/advise.md is what the command prints, and docs/profiling.md has the commands of `profile`."""

import os
import re
from pathlib import Path
from typing import Any

from advice_worlds import seen, stack
from planning_stacks import ROOT
from test_advise import ALONE, SHORT

from advising.seen import written
from cli.app import main
from planning.plan.endpoint import HTTP_PORT, TRACES_FOLDER

PAGE = ROOT / "docs" / "advise.md"
_EXAMPLE = re.compile(r"(<!-- advise:example -->\n).*?(<!-- /advise:example -->)", re.DOTALL)


def test_the_example_is_what_the_command_prints(tmp_path: Path, capsys: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    (tmp_path / "chat.yaml").write_text(ALONE)
    world = {"kv_peak": 0.05, "gpus_busy": 0.2, "prefix_hits": 1000, **SHORT}
    (tmp_path / "seen.json").write_text(written(seen(stack(ALONE).plan, world)))
    monkeypatch.chdir(tmp_path)
    assert main(["advise", "dev", "--config", "chat.yaml", "--prometheus", "seen.json"]) == 0
    command = "$ .venv/bin/llm-platform advise dev --config chat.yaml --prometheus seen.json"
    block = f"```console\n{command}\n{capsys.readouterr().out}```\n"
    text = PAGE.read_text(encoding="utf-8")
    wanted = _EXAMPLE.sub(lambda match: match[1] + block + match[2], text)
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert text == wanted


def test_every_kind_of_advice_is_in_the_page() -> None:
    kinds = {
        kind
        for file in (ROOT / "advising").glob("*.py")
        for kind in re.findall(r'"([A-Z]+-[A-Z]+)"', file.read_text(encoding="utf-8"))
    }
    assert kinds
    assert kinds == set(re.findall(r"`([A-Z]+-[A-Z]+)`", PAGE.read_text(encoding="utf-8")))


def test_the_commands_of_profiling_are_those_that_are_run() -> None:
    text = (ROOT / "docs" / "profiling.md").read_text(encoding="utf-8")
    block = text.partition("<!-- profile:commands -->")[2].partition("<!-- /profile:commands -->")[0]
    code = (ROOT / "operate" / "profiling.py").read_text(encoding="utf-8")
    for part in ("start_profile", "stop_profile", '"sleep"', '"cp"', '"python3", "-I", "-c"'):
        assert part in code
        assert part.replace('"', "").replace(",", "") in block
    assert f"POD:{TRACES_FOLDER} traces" in block
    assert f"http://127.0.0.1:{HTTP_PORT}/" in text
