"""Options of vLLM that the platform sets where something is kept: traces, logs."""

from collections.abc import Iterator

from planning.resolving.releases import ReleaseView


def unsettable(release: ReleaseView, flag: str, *, kept: str, section: str, without: str) -> Iterator[tuple[str, str]]:
    """Why the platform can't set this option of a release, and what to write.

    `kept` is what needs it, `section` the part of the stack file that asks for that, `without` what to leave out where
    vLLM doesn't know the option.
    """
    if release.vllm is not None and flag not in release.vllm.spellings:
        version = release.settings.engine.version
        yield f"vLLM {version} has no option `{flag}`", f"choose a version that has it, or leave {without} out"
    for option in release.options.known:
        if option.flag.name == flag:
            yield (
                f"`{option.spelled}` is there, and the platform sets it where {kept} are kept",
                f"leave {option.path} out, or {section}",
            )
