"""The check of stored weights, run as in a pod: against a folder, and against a store that speaks Azure's protocol."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.app import main
from reading import check_weights
from reading.check_weights import Folder, RefusedError, check, manifest_of, safe, sha256_of
from simulators.azure.blobs import BlobService, serving

FILES = {
    "config.json": b'{"model_type": "qwen3"}',
    "model-00001-of-00002.safetensors": b"\x00\x01weights" * 5000,
    "model-00002-of-00002.safetensors": b"\x02\x03weights" * 7000,
    "tokenizer/tokenizer.json": b"{}",
}
WEIGHTS = "model-00002-of-00002.safetensors"
TENANT = "00000000-0000-4000-8000-000000000001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "qwen3-8b"
    for name, content in FILES.items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(content)
    return place


def manifest(folder: Path) -> str:
    """Write the folder's manifest; its SHA-256."""
    content = manifest_of(folder, 2)
    (folder / check_weights.MANIFEST).write_bytes(content)
    return sha256_of(content)


def refusal(folder: Path, sha256: str) -> str:
    with pytest.raises(RefusedError) as raised:
        check(Folder(folder), sha256, 2)
    return str(raised.value)


def test_a_good_folder_passes(folder: Path) -> None:
    assert check(Folder(folder), manifest(folder), 2) == sum(map(len, FILES.values()))


def test_the_same_files_have_the_same_manifest(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for name in reversed(FILES):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes(FILES[name])
    assert manifest(folder) == manifest(other)


def test_one_changed_byte_is_found(folder: Path) -> None:
    sha256 = manifest(folder)
    changed = bytearray(FILES[WEIGHTS])
    changed[len(changed) // 2] ^= 1
    (folder / WEIGHTS).write_bytes(changed)
    assert f"'{WEIGHTS}' has the SHA-256" in refusal(folder, sha256)


def test_every_difference_is_named_at_once(folder: Path) -> None:
    sha256 = manifest(folder)
    (folder / "config.json").unlink()
    (folder / "model-00003.safetensors").write_bytes(b"more")
    (folder / WEIGHTS).write_bytes(b"short")
    message = refusal(folder, sha256)
    assert "'config.json' is missing" in message
    assert "'model-00003.safetensors' is not in the manifest" in message
    assert f"'{WEIGHTS}' has 5 bytes, not {len(FILES[WEIGHTS])}" in message


def test_another_manifest_is_refused_before_anything_is_read(folder: Path) -> None:
    sha256 = manifest(folder)
    (folder / WEIGHTS).write_bytes(b"others")
    manifest(folder)
    assert f"not {sha256}" in refusal(folder, sha256)


def test_a_folder_without_a_manifest_is_refused(folder: Path) -> None:
    assert "there is no manifest.json" in refusal(folder, "0" * 64)


@pytest.mark.parametrize("kind", ["link to a file", "link to a folder", "pipe"])
def test_links_and_pipes_are_refused(folder: Path, tmp_path: Path, kind: str) -> None:
    """A link to the very same content too: its target may change, or be anything of the machine's."""
    sha256 = manifest(folder)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "file").write_bytes(FILES[WEIGHTS])
    (folder / WEIGHTS).unlink()
    if kind == "pipe":
        os.mkfifo(folder / WEIGHTS)
    else:
        (folder / WEIGHTS).symlink_to(tmp_path / "elsewhere" / ("file" if "file" in kind else ""))
    assert "is a link or no regular file" in refusal(folder, sha256)
    with pytest.raises(RefusedError, match="is a link or no regular file"):
        manifest_of(folder, 2)


@pytest.mark.parametrize(
    "name",
    ["../qwen3-32b/config.json", "/etc/passwd", "a/../../b", "./config.json", "a//b", "", "a\\..\\b", "a\nb", ".."],
)
def test_names_that_lead_out_of_the_folder_are_refused(folder: Path, name: str) -> None:
    assert not safe(name)
    content = json.dumps({"files": {name: {"bytes": 1, "sha256": "0" * 64}}}).encode()
    (folder / check_weights.MANIFEST).write_bytes(content)
    assert "leads out of the folder" in refusal(folder, sha256_of(content))


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"files": {}}', b'{"files": {"a": 1}}', b"[" * 100_000, b"\xff"]
)
def test_what_is_no_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / check_weights.MANIFEST).write_bytes(content)
    assert "manifest" in refusal(folder, sha256_of(content))


def test_the_command_writes_a_manifest_and_checks_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", str(folder)]) == 0
    sha256 = capsys.readouterr().out.split("manifest_sha256: ")[1].strip()
    assert main(["weights", str(folder), "--check", sha256]) == 0
    assert "is what its manifest says" in capsys.readouterr().out
    (folder / "config.json").write_bytes(b"{}")
    assert main(["weights", str(folder), "--check", sha256]) == 2
    assert "'config.json' has 2 bytes" in capsys.readouterr().err
    # Made again, it is the manifest of what is there now: another digest.
    assert main(["weights", str(folder)]) == 0
    assert sha256 not in capsys.readouterr().out
    assert main(["weights", str(folder / "nowhere")]) == 2
    assert "can't be read" in capsys.readouterr().err


# In the store.


@pytest.fixture
def store(folder: Path) -> Iterator[tuple[BlobService, str]]:
    sha256 = manifest(folder)
    blobs = {
        f"weights/qwen3-8b/1/{path.relative_to(folder)}": path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    # The folder's neighbours begin like it.
    blobs["weights/qwen3-8b/10/config.json"] = b"another"
    service = BlobService(blobs, client_id="the-client", tenant=TENANT, assertion="the-service-accounts-token")
    with serving(service):
        yield service, sha256


def run(
    service: BlobService, sha256: str, folder: Path, *, pause: float = 0.0, patience: float = 900
) -> tuple[int, str]:
    """Run the program as the pod does: isolated, from its text alone, with the variables of Azure's webhook."""
    script = folder.parent / "check_weights.py"
    text = check_weights.source().replace("_PAUSE_SECONDS = 10", f"_PAUSE_SECONDS = {pause}")
    script.write_text(text.replace("_PATIENCE_SECONDS = 900", f"_PATIENCE_SECONDS = {patience}"), encoding="utf-8")
    token = folder.parent / "token"
    token.write_text(service.assertion, encoding="ascii")
    variables = {
        "AZURE_CLIENT_ID": "the-client", "AZURE_TENANT_ID": TENANT, "AZURE_AUTHORITY_HOST": f"{service.address}/",
        "AZURE_FEDERATED_TOKEN_FILE": str(token),
    }  # fmt: skip
    command = [sys.executable, "-I", str(script), "store", service.address, "weights", "qwen3-8b/1", sha256, "3"]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_good_folder_of_the_store_passes(store: tuple[BlobService, str], folder: Path) -> None:
    service, sha256 = store
    status, printed = run(service, sha256, folder)
    assert (status, f"{sum(map(len, FILES.values()))} bytes" in printed) == (0, True), printed


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        (f"weights/qwen3-8b/1/{WEIGHTS}", FILES[WEIGHTS][:-1] + b"\x00", "has the SHA-256"),
        (f"weights/qwen3-8b/1/{WEIGHTS}", None, "is missing"),
        ("weights/qwen3-8b/1/model-00003.safetensors", b"more", "is not in the manifest"),
        ("weights/qwen3-8b/1/../qwen3-32b/config.json", b"{}", "is not in the manifest"),
        ("weights/qwen3-8b/1/manifest.json", b"{}", "manifest.json has the SHA-256"),
    ],
)
def test_a_changed_folder_of_the_store_is_not_loaded(
    store: tuple[BlobService, str], folder: Path, name: str, content: bytes | None, reason: str
) -> None:
    service, sha256 = store
    if content is None:
        del service.blobs[name]
    else:
        service.blobs[name] = content
    status, printed = run(service, sha256, folder)
    assert status == 1
    assert "is not what its manifest says, and is not loaded" in printed
    assert reason in printed
    assert "Traceback" not in printed


def test_a_blob_that_changes_after_it_was_listed_is_noticed(store: tuple[BlobService, str], folder: Path) -> None:
    service, sha256 = store
    service.page = 100
    service.after_list = lambda: service.blobs.update({f"weights/qwen3-8b/1/{WEIGHTS}": FILES[WEIGHTS][::-1]})
    status, printed = run(service, sha256, folder)
    assert status == 1
    assert "the store answers 412" in printed


def test_a_file_that_is_added_while_others_are_read_is_noticed(store: tuple[BlobService, str], folder: Path) -> None:
    service, sha256 = store
    service.page = 100
    service.after_list = lambda: service.blobs.update({"weights/qwen3-8b/1/model-00003.safetensors": b"more"})
    status, printed = run(service, sha256, folder)
    assert status == 1
    assert "the folder was changed while it was read" in printed


def test_a_role_that_has_not_spread_yet_is_waited_for(store: tuple[BlobService, str], folder: Path) -> None:
    service, sha256 = store
    service.refusals = 2
    assert run(service, sha256, folder)[0] == 0


def test_an_identity_that_is_not_trusted_ends_with_a_reason(store: tuple[BlobService, str], folder: Path) -> None:
    service, sha256 = store
    service.client_id = "another"
    status, printed = run(service, sha256, folder, patience=0)
    assert status == 1
    assert "answers 400" in printed
    assert "Traceback" not in printed
