"""Mistakes about tags, keys of clients, keys of one's own and hardening."""

from broken.change import Broken, put

_CLIENT = "tenants[0]"
_PURGE = "security.vault.purge_protection"
# What `openssl rand -hex 24` prints, in place of the name of its secret.
_KEY = "0123456789abcdef" * 3

TABLE = (
    Broken(
        "tag of the platform's own",
        (put("platform.tags", {"environment": "prod", "managed-by": "hand"}),),
        {
            ("TAG-OWN", "platform.tags.environment"): ("says `dev`", "leave it out"),
            ("TAG-OWN", "platform.tags.managed-by"): ("says `pulumi`", "choose another key"),
        },
    ),
    Broken(
        "keys of one's own in a vault that can be purged",
        (put("security.keys", {"etcd": True, "store": True, "disks": False}),),
        {("KEYS-PURGE", _PURGE): ("`etcd` and `store`", "write true", "leave security.keys out")},
    ),
    Broken(
        "key for disks as text",
        (put("security.keys", {"disks": "yes"}),),
        {("CFG-VALUE", "security.keys.disks"): ('"yes"',)},
    ),
    Broken(
        "client with one key and with two",
        (put(f"{_CLIENT}.key_secrets", ["key-a", "key-b"]),),
        {("CFG-VALUE", _CLIENT): ("`key_secret` and `key_secrets` are both there", "the new one first")},
    ),
    Broken(
        "client with a generated key and one of the vault",
        (put(f"{_CLIENT}.key_generations", [2, 1]),),
        {("CFG-VALUE", _CLIENT): ("`key_generations` are of keys that the platform generates",)},
    ),
    Broken(
        "client with three generated keys",
        (put(_CLIENT, {"name": "a", "key_generations": [3, 2, 1]}),),
        {("CFG-VALUE", f"{_CLIENT}.key_generations"): ("2",)},
    ),
    Broken(
        "client with a generated key that is listed twice",
        (put(_CLIENT, {"name": "a", "key_generations": [1, 1]}),),
        {("LIST-TWICE", f"{_CLIENT}.key_generations[1]"): ("1",)},
    ),
    Broken(
        "client with three keys",
        (put(_CLIENT, {"name": "a", "key_secrets": ["key-a", "key-b", "key-c"]}),),
        {("CFG-VALUE", f"{_CLIENT}.key_secrets"): ("2",)},
    ),
    Broken(
        "key in place of the name of its secret, in a list",
        (put(_CLIENT, {"name": "a", "key_secrets": ["key-a", _KEY]}),),
        {("SEC-LITERAL", f"{_CLIENT}.key_secrets[1]"): ("plain text",)},
        hidden=(_KEY,),
    ),
    Broken(
        "key of no known shape in place of the name of its secret, in a list",
        (put(_CLIENT, {"name": "a", "key_secrets": ["key-a", "Sup3r/Secret+Key=="]}),),
        {("CFG-VALUE", f"{_CLIENT}.key_secrets[1]"): ("not shown",)},
        hidden=("Sup3r/Secret",),
    ),
    Broken(
        "access by SSH misspelt",
        (put("security.nodes", {"ssh": "disable"}),),
        {("CFG-VALUE", "security.nodes.ssh"): ("`enabled`, `disabled`", "did you mean `disabled`")},
    ),
)
