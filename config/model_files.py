"""Replaces each model's `hf_config` file name by the file's content, so that later steps read no files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reading.texts import MODEL_FILE_BYTES, FileRefusedError, JsonRefusedError, json_of, text_of


def with_model_files(sections: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The same sections with `models[].source.hf_config: FILE` replaced by the JSON object in the file.

    Files are found relative to `folder`, the stack file's own. A name whose file can't be read, or holds no JSON
    object, stays a name: rule MODEL-CONFIG reports it.
    """
    models = sections.get("models")
    if not isinstance(models, list):
        return dict(sections)
    return {**sections, "models": [_with_file(model, folder) for model in models]}


def _with_file(model: Any, folder: Path) -> Any:
    source = model.get("source") if isinstance(model, Mapping) else None
    if not isinstance(source, Mapping):
        return model
    name = source.get("hf_config")
    if not isinstance(name, str) or not name:
        return model
    content = _content(folder / name)
    return model if content is None else {**model, "source": {**source, "hf_config": content}}


def _content(file: Path) -> dict[str, Any] | None:
    try:
        content = json_of(text_of(file, MODEL_FILE_BYTES))
    except (FileRefusedError, JsonRefusedError):
        return None
    return content if isinstance(content, dict) else None
