"""Tags and names that Azure or Kubernetes refuse for one of the resources, although each part of them looks legal."""

from broken.change import Broken, copy, put

GROUP = "00000000-0000-4000-8000-000000000003"
OWN_NETWORK = (
    "/subscriptions/00000000-0000-4000-8000-000000000002/resourceGroups/rg-acme-llm-dev/providers/Microsoft.Network/"
    "virtualNetworks/vnet-acme-llm-dev"
)

TABLE = (
    Broken(
        "more tags than a private DNS zone takes",
        (put("platform.tags", {f"team-{number}": "x" for number in range(20)}),),
        {("TAG-COUNT", "platform.tags"): ("20 tags, and 3", "are 23", "takes 15", "leave all but 12 out")},
    ),
    Broken(
        "slash in the key of a tag",
        (put("platform.tags", {"cost/center": "4711"}),),
        {("TAG-KEY", "platform.tags"): ("`cost/center`", "private DNS zone", "a letter first")},
    ),
    Broken(
        "digit first in the key of a tag",
        (put("platform.tags", {"1st": "x"}),),
        {("TAG-KEY", "platform.tags.1st"): ("`1st`", "private DNS zone")},
    ),
    Broken(
        "space in the key of a tag",
        (put("platform.tags", {"a b": "x"}),),
        {("TAG-KEY", "platform.tags"): ("`a b`", "letters, digits")},
    ),
    Broken(
        "key of a tag longer than a storage account takes",
        (put("platform.tags", {"k" * 130: "x"}),),
        {("TAG-KEY", f"platform.tags.{'k' * 130}"): ("130 characters", "storage account takes 128", "shorten it by 2")},
    ),
    Broken(
        "key of a tag that Azure reserves",
        (put("platform.tags", {"Microsoft-owner": "x"}),),
        {("TAG-KEY", "platform.tags.Microsoft-owner"): ("begins with `microsoft`", "choose another key")},
    ),
    Broken(
        "value of a tag too long",
        (put("platform.tags", {"note": "x" * 300}),),
        {("TAG-VALUE", "platform.tags.note"): ("300 characters", "256 are allowed", "shorten it by 44")},
    ),
    Broken(
        "tags too long together for a scale set",
        (put("platform.tags", {f"note-{letter}": "x" * 256 for letter in "abcdefghi"}),),
        {("TAG-VALUE", "platform.tags"): ("scale set of a node pool takes 2048", "shorten them by")},
    ),
    Broken(
        "tags too long together with those of a pool for the autoscaler",
        (put("platform.tags", {f"k{number:02}": "v" * 162 for number in range(12)}),),
        {("TAG-VALUE", "platform.tags"): ("2091 characters", "65 of pool `h100`", "takes 2048", "by 43")},
    ),
    Broken(
        "tag that differs from the platform's own in case",
        (put("platform.tags", {"Environment": "blue"}),),
        {("TAG-CASE", "platform.tags.Environment"): ("`Environment`", "`environment`", "upper and lower case")},
    ),
    Broken(
        "tags that differ from each other in case",
        (put("platform.tags", {"team": "a", "Team": "b"}),),
        {("TAG-CASE", "platform.tags.Team"): ("`team`", "leave one of them out")},
    ),
    Broken(
        "pool called like the system pool",
        (copy("pools[0]", "pools[1]", name="system"),),
        {("POOL-NAME", "pools[1].name"): ("the system pool", "another name")},
    ),
    Broken(
        "model called like the store of weights",
        (put("models[0].name", "store"),),
        {("NAME-TAKEN", "models[0].name"): ("`store`", "the store of weights")},
    ),
    Broken(
        "model called like every namespace's service account",
        (put("models[0].name", "default"),),
        {("NAME-TAKEN", "models[0].name"): ("`default`", "service account")},
    ),
    Broken(
        "model called like the service account that reads secrets",
        (put("models[0].name", "key-vault-reader"),),
        {("NAME-TAKEN", "models[0].name"): ("`key-vault-reader`", "secrets of the namespace")},
    ),
    Broken(
        "platform's name with a word that Azure reserves",
        (put("platform.name", "acme-windows"),),
        {("NAME-RESERVED", "platform.name"): ("`windows`", "leave that word out")},
    ),
    Broken(
        "administrators' group listed twice",
        (put("cluster.admin_groups", [GROUP, GROUP]),),
        {("LIST-TWICE", "cluster.admin_groups[1]"): (GROUP, "leave it out")},
    ),
    Broken(
        "zone listed twice",
        (put("pools[0].zones", ["1", "1"]),),
        {("LIST-TWICE", "pools[0].zones[1]"): ("`1` is in the list already",)},
    ),
    Broken(
        "taint listed twice",
        (
            put("pools[0].taints", ["acme/team=a:NoSchedule", "acme/team=a:NoSchedule"]),
            put("models[0].tolerates", ["acme/team"]),
            put("models[1].tolerates", ["acme/team"]),
        ),
        {("LIST-TWICE", "pools[0].taints[1]"): ("`acme/team=a:NoSchedule` is in the list already",)},
    ),
    Broken(
        "secret called like a section of the stack file",
        (put("gateway.certificate", "gateway"),),
        {("SEC-SECTION", "gateway.certificate"): ("would replace", "another name")},
    ),
    Broken(
        "secrets that differ in case",
        (put("tenants", [{"name": "a", "key_secret": "key-a"}, {"name": "b", "key_secret": "Key-A"}]),),
        {("SEC-CASE", "tenants[1].key_secret"): ("`Key-A`", "`key-a`", "upper and lower case")},
    ),
    Broken(
        "the platform's own network as the runner's",
        (put("cluster.api_server", {"access": "private", "runner_vnet": OWN_NETWORK}),),
        {("NET-RUNNER-NAME", "cluster.api_server.runner_vnet"): ("vnet-acme-llm-dev", "leave runner_vnet out")},
    ),
    Broken(
        "folder of weights above the container",
        (put("models[0].source", {"blob": "qwen/../8b", "model": "Qwen/Qwen3-8B"}),),
        {("STORE-PATH", "models[0].source.blob"): ("`..`", "dot")},
    ),
    Broken(
        "taint with an empty part of its key",
        (
            put("pools[0].taints", ["acme//team=a:NoSchedule"]),
            put("models[0].tolerates", ["acme//team"]),
            put("models[1].tolerates", ["acme//team"]),
        ),
        {("TAINT-KEY", "pools[0].taints[0]"): ("`acme//team`", "acme.example/team")},
    ),
)
