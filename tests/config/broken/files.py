"""Files that are broken as files: YAML that can't be read, keys twice, nothing in them."""

from broken.change import Broken, put

EMPTY = {("CFG-YAML", "(stack file)"): ("no mapping `config:`", "Pulumi.dev.yaml")}

TABLE = (
    Broken("empty file", (), EMPTY, text=lambda _: ""),
    Broken("only a comment", (), EMPTY, text=lambda _: "# nothing here yet\n"),
    Broken("list instead of a file", (), EMPTY, text=lambda _: "- config\n- platform\n"),
    Broken("config left empty", (), EMPTY, text=lambda _: "config:\n"),
    Broken(
        "tabs for indentation",
        (),
        {("CFG-YAML", "(stack file)"): ("line 2", "indent with spaces")},
        text=lambda text: text.replace("\n  ", "\n\t"),
    ),
    Broken(
        "bracket left open",
        (),
        {("CFG-YAML", "(stack file)"): ("line ", "column ")},
        text=lambda text: text + "  llm-platform:quota: [\n",
    ),
    Broken(
        "key given twice",
        (put("models[0].concurrency", 99),),
        {
            ("CFG-TWICE", "cluster.tier"): ("lines ", "remove one"),
            ("FIT-CONCURRENCY", "models[0].concurrency"): ("99 requests",),
        },
        text=lambda text: text.replace("    tier: Free\n", "    tier: Standard\n    tier: Free\n"),
    ),
    Broken(
        "section given twice",
        (),
        {("CFG-TWICE", "quota"): ("lines ", "remove one")},
        text=lambda text: text + "  llm-platform:quota: {}\n  llm-platform:quota: {}\n",
    ),
    Broken(
        "key beside config",
        (),
        {("CFG-UNKNOWN-KEY", "models"): ("below `config:`",)},
        text=lambda text: text + "models: []\n",
    ),
    Broken(
        "section without its namespace",
        (),
        {("CFG-NAMESPACE", "quota"): ("write `llm-platform:quota`",)},
        text=lambda text: text + "  quota: {}\n",
    ),
    Broken(
        "key that is a number",
        (put("platform.tags", {12: "a"}),),
        {
            ("CFG-QUOTE", "platform.tags.12"): ('in quotes: "12"',),
            ("TAG-KEY", "platform.tags.12"): ("`12`", "a letter first"),
        },
    ),
    Broken(
        "secret of a provider in plain text",
        (),
        {("SEC-LITERAL", "azure-native:clientSecret"): ("revoke that secret",)},
        text=lambda text: text + "  azure-native:clientSecret: correct horse\n",
        hidden=("correct horse",),
    ),
)
