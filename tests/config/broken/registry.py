"""Mistakes about where images come from."""

from broken.change import Broken, put

_ACCOUNT = "registry.docker_hub"

TABLE = (
    Broken(
        "account of Docker Hub without a token",
        (put(_ACCOUNT, {"username_secret": "docker-hub-name"}),),
        {("CFG-MISSING", f"{_ACCOUNT}.token_secret"): ("token_secret",)},
    ),
    Broken(
        "key of a client as the token of the account",
        (put(f"{_ACCOUNT}.token_secret", "key-playground"),),
        {("SEC-SHARED-SECRET", f"{_ACCOUNT}.token_secret"): ("`key-playground`", "tenants[0].key_secret")},
    ),
    Broken(
        "one secret for name and token",
        (put(f"{_ACCOUNT}.token_secret", "docker-hub-name"),),
        {("SEC-SHARED-SECRET", f"{_ACCOUNT}.token_secret"): ("`docker-hub-name`", "secret of its own")},
    ),
    Broken(
        "address of a webhook as a client's key",
        (put("observability.receivers", [{"name": "team", "kind": "slack", "secret": "key-playground"}]),),
        {
            ("SEC-SHARED-SECRET", "observability.receivers[0].secret"): (
                "already tenants[0].key_secret",
                "secret of its own",
            )
        },
    ),
    Broken(
        "token of the account that differs from a client's key in case",
        (put(f"{_ACCOUNT}.token_secret", "Key-Playground"),),
        {("SEC-CASE", f"{_ACCOUNT}.token_secret"): ("`Key-Playground`", "upper and lower case")},
    ),
    Broken(
        "token of the account called like a section of the stack file",
        (put(f"{_ACCOUNT}.token_secret", "models"),),
        {("SEC-SECTION", f"{_ACCOUNT}.token_secret"): ("would replace",)},
    ),
    Broken(
        "account that nothing reads",
        (put("registry.images", "upstream"),),
        {("REGISTRY-IMPORTED", "registry.docker_hub"): ("images: upstream", "leave docker_hub out")},
    ),
    Broken(
        "account for a registry whose images are imported",
        (put("registry.imported", ["docker.io"]),),
        {("REGISTRY-IMPORTED", "registry.docker_hub"): ("nothing reads docker_hub", "leave docker_hub out")},
    ),
    Broken(
        "allowed repository with a tag",
        (put("registry.allowed", ["ghcr.io/acme/probe:v1"]),),
        {("CFG-VALUE", "registry.allowed[0]"): ("ghcr.io/acme/probe:v1", "without a tag")},
    ),
    Broken(
        "allowed repository without its registry",
        (put("registry.allowed", ["acme/probe"]),),
        {("CFG-VALUE", "registry.allowed[0]"): ("acme/probe", "with the registry")},
    ),
    Broken(
        "allowed repository that leads elsewhere",
        (put("registry.allowed", ["ghcr.io/acme/../evil"]),),
        {("CFG-VALUE", "registry.allowed[0]"): ("ghcr.io/acme/../evil", "such as")},
    ),
    Broken(
        "pattern in place of a repository",
        (put("registry.allowed", ["ghcr.io/acme*"]),),
        {("CFG-VALUE", "registry.allowed[0]"): ("ghcr.io/acme*", "`/*` is everything below")},
    ),
    Broken(
        "digests required that nobody has looked up",
        (put("registry.require_digests", True),),
        {("SUPPLY-REQUIRED", "registry.require_digests"): ("by a tag alone", "pins --resolve")},
    ),
    *(
        Broken(
            f"repository at {host}",
            (put("registry.allowed", [f"{host}/tools/*"]),),
            {("CFG-VALUE", "registry.allowed[0]"): (words, "acme.azurecr.io/tools")},
        )
        for host, words in (("169.254.169.254", "link-local"), ("127.0.0.1:5000", "the machine itself"))
    ),
    Broken(
        "keyring of a chart that nobody signs",
        (put("registry.keyrings", {"keda": "keys/keda.gpg", "certmanager": "keys/c.gpg"}),),
        {
            ("SUPPLY-KEYRING", "registry.keyrings.keda"): ("nobody signs", "leave it out"),
            ("SUPPLY-KEYRING", "registry.keyrings.certmanager"): ("no chart", "did you mean `cert-manager`"),
        },
    ),
    Broken(
        "imported registry listed twice",
        (put("registry.imported", ["nvcr.io", "nvcr.io"]),),
        {("LIST-TWICE", "registry.imported[1]"): ("`nvcr.io` is in the list already", "leave it out")},
    ),
    Broken(
        "imported registry that no image comes from",
        (put("registry.imported", ["nvcr.com"]),),
        {("REGISTRY-IMPORTED", "registry.imported[0]"): ("`nvcr.com`", "did you mean `nvcr.io`")},
    ),
)
