"""How strict an organisation is: the file that Pulumi takes as `--policy-pack-config`, version 2.

Levels and values for policies, and exceptions with a reason. Pulumi reads what is here and more: every exception also
has an owner and a day on which it ends, which Pulumi 3.276 passes over (pkg/resource/analyzer/exceptions.go).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from config import Finding
from config.document import DocumentError, read
from config.findings import Place, path_of
from config.positions import Positions
from config.wording import listed, nearest
from policy.policies import LEVELS, Level, Policy
from policy.register import BY_NAME

RULE, EXPIRED = "POLICY-CONFIG", "POLICY-EXPIRED"
VERSION = 2
_ALL = "all"
_KEYS = ("version", "policies", "exceptions")
_EXCEPTION_KEYS = ("owner", "reason", "expires", "match")
_MATCH_KEYS = ("policies", "targets")
_ID = re.compile(r"[A-Za-z0-9_.-]+")
_URN = re.compile(r"urn:pulumi:[^:]+::[^:]+::.+::.+")
_TYPES: Mapping[str, tuple[type, ...]] = {"array": (list,), "number": (int, float), "boolean": (bool,)}


@dataclass(frozen=True)
class PolicyException:
    """Violations that an organisation accepts for some time: pairs of a policy and a URN."""

    id: str
    owner: str
    reason: str
    expires: str
    covers: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Configuration:
    """Levels, values and the exceptions that have not ended."""

    levels: Mapping[str, Level] = field(default_factory=dict)
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    exceptions: tuple[PolicyException, ...] = ()

    def level(self, policy: Policy) -> Level:
        """How strict a policy is: its own level, that of `all`, or what the policy itself says."""
        return self.levels.get(policy.name, self.levels.get(_ALL, policy.level))

    def values(self, policy: Policy) -> Mapping[str, Any]:
        """What is set for a policy beside its defaults."""
        return self.settings.get(policy.name, {})

    def exception(self, policy: str, urn: str) -> str | None:
        """The id of the first exception that covers a violation."""
        return next((each.id for each in self.exceptions if (policy, urn) in each.covers), None)


def parse(text: str, today: str) -> tuple[Configuration, tuple[Finding, ...]]:
    """Read a configuration; an exception that ended before `today` (an ISO date) covers nothing and is a finding."""
    try:
        document = read(text)
    except DocumentError as error:
        place = (error.mark.line, error.mark.column) if error.mark else (None, None)
        return Configuration(), (Finding("error", RULE, "", str(error), "write JSON", *place),)
    reader = _Reader(today)
    configuration = reader.configuration(document.value)
    inner = document.root.inner
    positions = Positions(inner if isinstance(inner, dict) else {})
    return configuration, positions.located(reader.findings)


class _Reader:
    """Reads the parts of a configuration and collects every problem."""

    def __init__(self, today: str) -> None:
        self.today = today
        self.findings: list[Finding] = []

    def wrong(self, place: Place, message: str, fix: str) -> None:
        self.findings.append(Finding("error", RULE, path_of(place), message, fix))

    def configuration(self, value: Any) -> Configuration:
        value = self.mapping(value, (), _KEYS)
        if value.get("version") != VERSION:
            self.wrong(
                ("version",), f"the version is {value.get('version')!r}, not {VERSION}", f'write "version": {VERSION}'
            )
        levels: dict[str, Level] = {}
        settings: dict[str, Mapping[str, Any]] = {}
        for name, given in self.mapping(value.get("policies", {}), ("policies",)).items():
            place = ("policies", name)
            if name != _ALL and name not in BY_NAME:
                self.wrong(place, f"there is no policy `{name}`", nearest(name, BY_NAME))
                continue
            values = dict(self.mapping({"enforcementLevel": given} if isinstance(given, str) else given, place))
            level = values.pop("enforcementLevel", None)
            if level is not None and level not in LEVELS:
                self.wrong(place, f"{level!r} is not a level", f"write one of {listed(LEVELS)}")
            elif level is not None:
                levels[name] = level
            settings[name] = self.values(name, values, place)
        return Configuration(levels, settings, self.exceptions(value.get("exceptions", {})))

    def values(self, policy: str, given: Mapping[str, Any], place: Place) -> Mapping[str, Any]:
        known = BY_NAME[policy].settings if policy in BY_NAME else {}
        for name, value in given.items():
            if name not in known:
                self.wrong(
                    (*place, name),
                    f"`{policy}` has no value `{name}`",
                    f"write one of {listed(known)}" if known else "leave it out",
                )
            elif not isinstance(value, _TYPES[known[name].type]) or (
                isinstance(value, bool) and known[name].type != "boolean"
            ):
                self.wrong((*place, name), f"{value!r} is not of the type {known[name].type}", known[name].text)
        return {name: value for name, value in given.items() if name in known}

    def exceptions(self, value: Any) -> tuple[PolicyException, ...]:
        read_ = [self.exception(str(name), given) for name, given in self.mapping(value, ("exceptions",)).items()]
        return tuple(each for each in read_ if each.expires >= self.today)

    def exception(self, name: str, value: Any) -> PolicyException:
        place = ("exceptions", name)
        given = self.mapping(value, place, _EXCEPTION_KEYS)
        if not _ID.fullmatch(name):
            self.wrong(place, f"`{name}` is not an id", "use letters, digits, `-`, `.` and `_`")
        for key in ("owner", "reason"):
            if not isinstance(given.get(key), str) or not given[key].strip():
                self.wrong(
                    (*place, key),
                    f"the exception has no {key}",
                    f"write {'who answers for it' if key == 'owner' else 'why it is accepted'}",
                )
        expires = self.expires(given.get("expires"), (*place, "expires"), name)
        matches = given.get("match")
        if not isinstance(matches, list) or not matches:
            self.wrong(
                (*place, "match"), "the exception covers nothing", 'write [{"policies": [NAME], "targets": [URN]}]'
            )
            matches = []
        covers = {pair for index, each in enumerate(matches) for pair in self.match(each, (*place, "match", index))}
        return PolicyException(name, str(given.get("owner")), str(given.get("reason")), expires, frozenset(covers))

    def expires(self, value: Any, place: Place, name: str) -> str:
        try:
            day = date.fromisoformat(str(value)).isoformat()
        except ValueError:
            self.wrong(place, f"{value!r} is not a day", "write the last day on which it holds, such as 2027-03-31")
            return ""
        if day < self.today:
            message = f"the exception {name} ended on {day} and covers nothing any more"
            self.findings.append(
                Finding("warning", EXPIRED, path_of(place), message, "mend what it covered and remove it")
            )
        return day

    def match(self, value: Any, place: Place) -> list[tuple[str, str]]:
        given = self.mapping(value, place, _MATCH_KEYS)
        names, targets = (self.texts(given.get(key), (*place, key)) for key in _MATCH_KEYS)
        for index, name in enumerate(names):
            if name not in BY_NAME:
                self.wrong((*place, "policies", index), f"there is no policy `{name}`", nearest(name, BY_NAME))
        for index, urn in enumerate(targets):
            if not _URN.fullmatch(urn):
                self.wrong((*place, "targets", index), f"{urn!r} is not a URN", "copy it from the violation")
        return [(name, urn) for name in names for urn in targets]

    def texts(self, value: Any, place: Place) -> list[str]:
        if not isinstance(value, list) or not value or not all(isinstance(each, str) for each in value):
            self.wrong(place, "it is not a list of texts with one at least", "write a list")
            return []
        return value

    def mapping(self, value: Any, place: Place, keys: tuple[str, ...] = ()) -> Mapping[str, Any]:
        if not isinstance(value, Mapping):
            self.wrong(place, "it is not an object", "write {…}")
            return {}
        for key in value if keys else ():
            if key not in keys:
                self.wrong((*place, key), f"there is no key `{key}`", f"write one of {listed(keys)}")
        return value
