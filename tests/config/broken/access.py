"""Mistakes about who may do what."""

from broken.change import Broken, put

_A, _B = "00000000-0000-4000-8000-0000000000a1", "00000000-0000-4000-8000-0000000000b1"

TABLE = (
    Broken(
        "group by its name in place of its id",
        (put("access", {"viewer": ["llm-viewers"]}),),
        {("CFG-VALUE", "access.viewer[0]"): ('"llm-viewers"', "GUID")},
    ),
    Broken(
        "role that is not offered",
        (put("access", {"operators": [_A]}),),
        {("CFG-UNKNOWN-KEY", "access.operators"): ("did you mean `operator`",)},
    ),
    Broken(
        "administrators as a role of their own",
        (put("access", {"admin": [_A]}),),
        {("CFG-UNKNOWN-KEY", "access.admin"): ("`operator`", "`model_publisher`", "`viewer`")},
    ),
    Broken(
        "administrators who are listed as viewers",
        (put("cluster.admin_groups", [_A]), put("access", {"viewer": [_A], "operator": [_B]})),
        {("ACCESS-TWICE", "access.viewer[0]"): ("cluster.admin_groups", "leave it out")},
    ),
    Broken(
        "group that operates and looks on",
        (put("access", {"operator": [_A], "viewer": [_B, _A]}),),
        {("ACCESS-TWICE", "access.viewer[1]"): ("access.operator",)},
    ),
    Broken(
        "group twice in one role",
        (put("access", {"operator": [_A, _A]}),),
        {
            ("LIST-TWICE", "access.operator[1]"): ("leave it out",),
            ("ACCESS-TWICE", "access.operator[1]"): ("access.operator",),
        },
    ),
)
