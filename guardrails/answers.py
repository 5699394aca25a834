"""The messages that go back to Envoy."""

from typing import Any, Final

from guardrails.protos import core, ext_proc, modes, statuses, structs

Message = ext_proc.ProcessingResponse
Mode = modes.ProcessingMode
# Namespace of what access logs and later filters read.
METADATA: Final = "llm-platform.safety"
# What a client reads of a policy that annotates.
HEADER: Final = "x-llm-safety"


def mode(*, request_body: bool, response: bool, response_body: Any = Mode.NONE) -> Any:
    """What of a request Envoy sends on."""
    return Mode(
        request_header_mode=Mode.SEND,
        response_header_mode=Mode.SEND if response else Mode.SKIP,
        request_body_mode=Mode.BUFFERED if request_body else Mode.NONE,
        response_body_mode=response_body,
        request_trailer_mode=Mode.SKIP,
        # Envoy's duplex mode wants them: they end a stream in place of its last chunk.
        response_trailer_mode=Mode.SEND if response_body == Mode.FULL_DUPLEX_STREAMED else Mode.SKIP,
    )


def request_headers(override: Any, *, removed: tuple[str, ...] = ()) -> Any:
    """Go on with a request."""
    return Message(request_headers=ext_proc.HeadersResponse(response=_changed({}, removed)), mode_override=override)


def response_headers(override: Any, *, added: dict[str, str], removed: tuple[str, ...] = ()) -> Any:
    """Go on with an answer."""
    return Message(response_headers=ext_proc.HeadersResponse(response=_changed(added, removed)), mode_override=override)


def request_body() -> Any:
    """Go on with a request's body as it is."""
    return Message(request_body=ext_proc.BodyResponse(response=ext_proc.CommonResponse()))


def whole_body(replacement: bytes | None, added: dict[str, str]) -> Any:
    """Go on with an answer's buffered body, or with another one in its place."""
    common = _changed(added, ())
    if replacement is not None:
        common.body_mutation.CopyFrom(ext_proc.BodyMutation(body=replacement))
    return Message(response_body=ext_proc.BodyResponse(response=common))


def chunk(released: bytes, *, last: bool) -> Any:
    """Send these bytes of a stream; after the last ones Envoy ends the answer, and the request to the model with it."""
    sent = ext_proc.StreamedBodyResponse(body=released, end_of_stream=last)
    common = ext_proc.CommonResponse(body_mutation=ext_proc.BodyMutation(streamed_response=sent))
    return Message(response_body=ext_proc.BodyResponse(response=common))


def trailers() -> Any:
    """Go on with an answer's trailers."""
    return Message(response_trailers=ext_proc.TrailersResponse())


def refused(status: int, body: bytes) -> Any:
    """Answer in place of the model."""
    return Message(
        immediate_response=ext_proc.ImmediateResponse(
            status=statuses.HttpStatus(code=status),
            headers=_mutation({"content-type": "application/json"}, ()),
            body=body,
            details="content_safety",
        )
    )


def with_metadata(message: Any, facts: dict[str, str]) -> Any:
    """The same message with facts for access logs."""
    inner = structs.Struct()
    inner.update(facts)
    outer = structs.Struct()
    outer.fields[METADATA].struct_value.CopyFrom(inner)
    message.dynamic_metadata.CopyFrom(outer)
    return message


def _changed(added: dict[str, str], removed: tuple[str, ...]) -> Any:
    if not added and not removed:
        return ext_proc.CommonResponse()
    return ext_proc.CommonResponse(header_mutation=_mutation(added, removed))


def _mutation(added: dict[str, str], removed: tuple[str, ...]) -> Any:
    replace = core.HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    return ext_proc.HeaderMutation(
        set_headers=[
            core.HeaderValueOption(header=core.HeaderValue(key=name, raw_value=value.encode()), append_action=replace)
            for name, value in added.items()
        ],
        remove_headers=removed,
    )
