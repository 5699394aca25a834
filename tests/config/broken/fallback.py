"""Mistakes in managed models behind ours: two places or none, shares, keys, hosts."""

from typing import Any

from broken.change import Broken, Change, put

_URL = {"url": "https://api.provider.example/v1", "model": "big", "key_secret": "key-provider"}
_AZURE = {"endpoint": "https://acme.openai.azure.com", "deployment": "gpt-5", "api_version": "2024-10-21"}
_PLACE = "models[0].fallback"


def _fallback(**differences: Any) -> tuple[Change, ...]:
    settings = {**_URL, **differences}
    return (put(_PLACE, {key: value for key, value in settings.items() if value is not None}),)


TABLE = (
    Broken(
        "a fallback in two places",
        _fallback(azure_openai=_AZURE),
        {("CFG-VALUE", _PLACE): ("both are given", "azure_openai: {endpoint: …")},
    ),
    Broken(
        "a fallback nowhere",
        _fallback(url=None, model=None),
        {("CFG-VALUE", _PLACE): ("neither is given", "write url")},
    ),
    Broken(
        "an address without encryption",
        _fallback(url="http://api.provider.example/v1"),
        {("CFG-VALUE", f"{_PLACE}.url"): ("https://api.openai.com/v1",)},
    ),
    Broken(
        "an address with a key in it",
        _fallback(url="https://api.provider.example/v1?api-key=1"),
        {("CFG-VALUE", f"{_PLACE}.url"): ("https://api.openai.com/v1",)},
    ),
    Broken(
        "a provider that doesn't know the model's name",
        _fallback(model=None),
        {("CFG-VALUE", _PLACE): ("`url` without `model`", "add model")},
    ),
    Broken(
        "a share without a percentage",
        _fallback(mode="share"),
        {("CFG-VALUE", _PLACE): ("`mode: share` without `share`", "share: 20")},
    ),
    Broken(
        "a percentage on failure",
        _fallback(share=20),
        {("CFG-VALUE", _PLACE): ("only valid with `mode: share`", "leave both out")},
    ),
    *(
        Broken(
            f"a share of {share}",
            _fallback(mode="share", share=share),
            {("CFG-VALUE", f"{_PLACE}.share"): ("1 to 99",)},
        )
        for share in (0, 100, 0.5)
    ),
    Broken(
        "no key for the provider",
        _fallback(key_secret=None),
        {("CFG-MISSING", f"{_PLACE}.key_secret"): ("add key_secret", "vault's secret")},
    ),
    Broken(
        "a tenant's key for the provider",
        _fallback(key_secret="key-playground"),
        {("SEC-SHARED-SECRET", f"{_PLACE}.key_secret"): ("already tenants[0].key_secret", "secret of its own")},
    ),
    Broken(
        "a deployment's endpoint with a path",
        _fallback(url=None, model=None, azure_openai={**_AZURE, "endpoint": "https://acme.openai.azure.com/openai"}),
        {("CFG-VALUE", f"{_PLACE}.azure_openai.endpoint"): ("without a path",)},
    ),
    Broken(
        "an API version of no day",
        _fallback(url=None, model=None, azure_openai={**_AZURE, "api_version": "2024-13-45"}),
        {("CFG-VALUE", f"{_PLACE}.azure_openai.api_version"): ("no day of the calendar", "'2024-10-21'")},
    ),
    *(
        Broken(
            f"the address of an operation: {operation}",
            _fallback(url=f"https://api.provider.example/v1{operation}"),
            {("CFG-VALUE", f"{_PLACE}.url"): ("there twice", "write https://api.provider.example/v1")},
        )
        for operation in ("/chat/completions", "/embeddings", "/responses")
    ),
    Broken(
        "Azure OpenAI without a version",
        _fallback(url="https://acme.openai.azure.com/openai/deployments/gpt-5"),
        {("CFG-VALUE", f"{_PLACE}.url"): ("`api-version`", "endpoint: https://acme.openai.azure.com,")},
    ),
    *(
        Broken(f"a model's name with {what}", _fallback(model=name), {("CFG-VALUE", f"{_PLACE}.model"): (shown,)})
        for what, name, shown in (("a space", "gpt 5", "without spaces"), ("a tab", "gpt-5\t", "without spaces"))
    ),
    Broken(
        "this platform's own API Management as its fallback",
        (
            *_fallback(
                url=None,
                model=None,
                azure_openai={**_AZURE, "endpoint": "https://apim-acme-llm-dev-x7f.azure-api.net"},
            ),
            put(
                "gateway.api_management",
                {
                    "sku": "Premium",
                    "publisher_name": "Acme",
                    "publisher_email": "platform@acme.example",
                    "subnet": "10.20.67.0/27",
                },
            ),
        ),
        {("FALLBACK-HOST", f"{_PLACE}.azure_openai.endpoint"): ("API Management", "a provider")},
    ),
    Broken(
        "a private endpoint as a fallback",
        _fallback(
            url=None,
            model=None,
            azure_openai={**_AZURE, "endpoint": "https://acme.privatelink.openai.azure.com"},
        ),
        {("FALLBACK-HOST", f"{_PLACE}.azure_openai.endpoint"): ("private endpoint", "acme.openai.azure.com")},
    ),
    Broken(
        "an API version that is a date",
        _fallback(url=None, model=None, azure_openai={**_AZURE, "api_version": "latest"}),
        {("CFG-VALUE", f"{_PLACE}.azure_openai.api_version"): ("'2024-10-21'",)},
    ),
    Broken(
        "this gateway as its own fallback",
        _fallback(url="https://llm.dev.acme.example/v1"),
        {("FALLBACK-HOST", f"{_PLACE}.url"): ("this gateway", "a provider")},
    ),
    Broken(
        "a Service of the cluster as a fallback",
        _fallback(url="https://other.llm.svc.cluster.local/v1"),
        {("FALLBACK-HOST", f"{_PLACE}.url"): ("no host of the internet",)},
    ),
    Broken(
        "a negative price",
        _fallback(price={"input_per_million": -1}),
        {("CFG-VALUE", f"{_PLACE}.price.input_per_million"): ("from 0",)},
    ),
)
