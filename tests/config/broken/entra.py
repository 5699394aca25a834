"""Mistakes about tokens of Entra: whom they are made out to, whose they are, and who has no key."""

from broken.change import Broken, Change, put

_TENANT, _ENTRA = "tenants[0]", "gateway.entra"
_AUDIENCE, _GROUP = "00000000-0000-4000-8000-0000000000e1", "00000000-0000-4000-8000-0000000000e2"
_NOBODY = "00000000-0000-0000-0000-000000000000"
_TAKEN: Change = put(_ENTRA, {"audience": _AUDIENCE})
_OF_THE_GROUP = {"groups": [_GROUP]}

TABLE = (
    Broken(
        "audience as a URI",
        (put(_ENTRA, {"audience": "api://llm"}), put(f"{_TENANT}.entra", _OF_THE_GROUP)),
        {("CFG-VALUE", f"{_ENTRA}.audience"): ('"api://llm"', "version 2.0", "never a URI")},
    ),
    Broken(
        "tokens without an audience",
        (put(_ENTRA, {}), put(f"{_TENANT}.entra", _OF_THE_GROUP)),
        {("CFG-MISSING", f"{_ENTRA}.audience"): ("`audience` is missing", "application (client) id")},
    ),
    Broken(
        "an issuer of one's own",
        (put(_ENTRA, {"audience": _AUDIENCE, "issuer": "https://sts.windows.net/x/"}),),
        {("CFG-UNKNOWN-KEY", f"{_ENTRA}.issuer"): ("unknown key `issuer`", "`audience`")},
    ),
    Broken(
        "port of the proxies' own",
        (put(_ENTRA, {"audience": _AUDIENCE, "port": 19001}), put(f"{_TENANT}.entra", _OF_THE_GROUP)),
        {("CFG-VALUE", f"{_ENTRA}.port"): ("19001", "1024 to 9999")},
    ),
    Broken(
        "port of the AI gateway's processor",
        (put(_ENTRA, {"audience": _AUDIENCE, "port": 1064}), put(f"{_TENANT}.entra", _OF_THE_GROUP)),
        {("ENTRA-PORT-TAKEN", f"{_ENTRA}.port"): ("1064", "1024 to 9999")},
    ),
    Broken(
        "audience that was never filled in",
        (put(_ENTRA, {"audience": _NOBODY}), put(f"{_TENANT}.entra", {"groups": [_NOBODY], "roles": [_NOBODY]})),
        {
            ("ID-NONE", f"{_ENTRA}.audience"): ("all zeros", "of the application"),
            ("ID-NONE", f"{_TENANT}.entra.groups[0]"): ("all zeros", "of the group"),
            ("ID-NONE", f"{_TENANT}.entra.roles[0]"): ("all zeros", "of the app role"),
            ("ID-API", f"{_TENANT}.entra.groups[0]"): ("application of the gateway",),
        },
    ),
    Broken(
        "Microsoft Graph as the audience",
        (
            put(_ENTRA, {"audience": "00000003-0000-0000-c000-000000000000"}),
            put(f"{_TENANT}.entra", _OF_THE_GROUP),
        ),
        {("ID-API", f"{_ENTRA}.audience"): ("Microsoft Graph", "app registration for the gateway")},
    ),
    Broken(
        "audience as a group",
        (_TAKEN, put(f"{_TENANT}.entra", {"groups": [_AUDIENCE]})),
        {("ID-API", f"{_TENANT}.entra.groups[0]"): ("gateway.entra.audience", "object id")},
    ),
    Broken(
        "role that begins with a dot",
        (_TAKEN, put(f"{_TENANT}.entra", {"roles": [".Models"]})),
        {("CFG-VALUE", f"{_TENANT}.entra.roles[0]"): ('".Models"', "no dot")},
    ),
    Broken(
        "group by its name",
        (_TAKEN, put(f"{_TENANT}.entra", {"groups": ["ML-Team-A"]})),
        {("CFG-VALUE", f"{_TENANT}.entra.groups[0]"): ('"ML-Team-A"', "object ids")},
    ),
    Broken(
        "group in place of groups",
        (_TAKEN, put(f"{_TENANT}.entra", {"group": _GROUP})),
        {("CFG-UNKNOWN-KEY", f"{_TENANT}.entra.group"): ("unknown key `group`", "`groups`")},
    ),
    Broken(
        "tokens of nobody",
        (_TAKEN, put(f"{_TENANT}.entra", {})),
        {("CFG-VALUE", f"{_TENANT}.entra"): ("nobody's token", "groups: [GUID]")},
    ),
    Broken(
        "role with a space",
        (_TAKEN, put(f"{_TENANT}.entra", {"roles": ["Models Team A"]})),
        {("CFG-VALUE", f"{_TENANT}.entra.roles[0]"): ('"Models Team A"', "Models.TeamA")},
    ),
    Broken(
        "neither key nor token",
        (put(f"{_TENANT}.api_keys", False), put(f"{_TENANT}.key_secret", None)),
        {("CFG-VALUE", _TENANT): ("no API key and no tokens", "entra: {groups: [GUID]}")},
    ),
    Broken(
        "no key, and the name of one",
        (
            _TAKEN,
            put(f"{_TENANT}.api_keys", False),
            put(f"{_TENANT}.entra", _OF_THE_GROUP),
            put(f"{_TENANT}.key_secret", "key-a"),
        ),
        {("CFG-VALUE", _TENANT): ("`api_keys: false` and `key_secret`", "leave out key_secret")},
    ),
    Broken(
        "tokens that nothing takes",
        (put(f"{_TENANT}.entra", _OF_THE_GROUP),),
        {("ENTRA-LISTENER", f"{_TENANT}.entra"): ("the gateway takes none", "gateway.entra: {audience: GUID}")},
    ),
    Broken(
        "one group for two tenants",
        (
            _TAKEN,
            put("gateway.prefix_cache", "shared"),
            put("tenants", [{"name": "a", "entra": _OF_THE_GROUP}, {"name": "b", "entra": _OF_THE_GROUP}]),
        ),
        {("ENTRA-TWICE", "tenants[1].entra.groups[0]"): (_GROUP, "`a`'s already", "of its own")},
    ),
    Broken(
        "application of everybody",
        (_TAKEN, put(f"{_TENANT}.entra", {"applications": ["04b07795-8ddb-461a-bbee-02f9e1bf7b46"]})),
        {("ENTRA-EVERYBODY", f"{_TENANT}.entra.applications[0]"): ("Azure CLI", "app role")},
    ),
)
