"""Mistakes about API Management in front of the gateway."""

from typing import Any

from broken.change import Broken, put

_PLACE = "gateway.api_management"


def _front(**more: Any) -> dict[str, Any]:
    service = {
        "sku": "Premium", "publisher_name": "Acme", "publisher_email": "platform@acme.example",
        "subnet": "10.20.67.0/27",
    }  # fmt: skip
    return {**service, **more}


TABLE = (
    Broken(
        "API Management of a tier without a network",
        (put(_PLACE, _front(sku="BasicV2")),),
        {("APIM-NETWORK", f"{_PLACE}.sku"): ("`BasicV2`", "StandardV2", "Premium")},
    ),
    Broken(
        "private API Management of a tier that stands outside",
        (put(_PLACE, _front(sku="StandardV2")),),
        {("APIM-NETWORK", f"{_PLACE}.exposure"): ("public name", "write exposure: public")},
    ),
    Broken(
        "API Management in the subnet of the gateway",
        (put(_PLACE, _front(subnet="10.20.65.0/28")),),
        {("APIM-SUBNET", f"{_PLACE}.subnet"): ("network.subnets.gateway", "a range of its own")},
    ),
    Broken(
        "API Management in a subnet that is too small",
        (put(_PLACE, _front(sku="StandardV2", exposure="public", subnet="10.20.67.0/28")),),
        {("APIM-SUBNET", f"{_PLACE}.subnet"): ("smaller than /27", "/27 or larger")},
    ),
    Broken(
        "API Management outside the network",
        (put(_PLACE, _front(subnet="192.168.0.0/27")),),
        {("APIM-SUBNET", f"{_PLACE}.subnet"): ("network.address_space", "choose a range inside")},
    ),
    Broken(
        "more units than the tier has",
        (put(_PLACE, _front(sku="Developer", units=2)),),
        {("APIM-UNITS", f"{_PLACE}.units"): ("1 at most",)},
    ),
    Broken(
        "tokens of Entra for a tenant that is misspelt",
        (
            put(
                _PLACE,
                _front(
                    entra={
                        "audience": "api://acme-llm",
                        "applications": [
                            {"tenant": "playgrund", "client_ids": ["00000000-0000-4000-8000-0000000000d1"]}
                        ],
                    }
                ),
            ),
        ),
        {("APIM-TENANT", f"{_PLACE}.entra.applications[0].tenant"): ("`playground`", "name a tenant")},
    ),
    Broken(
        "application of Entra by its name",
        (
            put(
                _PLACE,
                _front(
                    entra={
                        "audience": "api://acme-llm",
                        "applications": [{"tenant": "playground", "client_ids": ["my-app"]}],
                    }
                ),
            ),
        ),
        {("CFG-VALUE", f"{_PLACE}.entra.applications[0].client_ids[0]"): ('"my-app"',)},
    ),
    Broken(
        "everybody's program as a tenant's application",
        (
            put(
                _PLACE,
                _front(
                    entra={
                        "audience": "api://acme-llm",
                        "applications": [
                            {"tenant": "playground", "client_ids": ["04b07795-8ddb-461a-bbee-02f9e1bf7b46"]}
                        ],
                    }
                ),
            ),
        ),
        {("ENTRA-EVERYBODY", f"{_PLACE}.entra.applications[0].client_ids[0]"): ("Azure CLI", "tenant's own")},
    ),
    Broken(
        "publisher without an address",
        (put(_PLACE, _front(publisher_email="Acme")),),
        {("CFG-VALUE", f"{_PLACE}.publisher_email"): ('"Acme"', "platform@acme.example")},
    ),
    Broken(
        "a limit of API Management for a tenant that is misspelt",
        (put(_PLACE, _front(token_limits=[{"tenant": "playgrund", "tokens_per_month": 1_000_000}])),),
        {("APIM-TENANT", f"{_PLACE}.token_limits[0].tenant"): ("`playground`", "name a tenant")},
    ),
    Broken(
        "a limit of API Management that limits nothing",
        (put(_PLACE, _front(token_limits=[{"tenant": "playground"}])),),
        {("CFG-VALUE", f"{_PLACE}.token_limits[0]"): ("nothing is limited", "tokens_per_month")},
    ),
)
