"""Mistakes about the cluster, its network and the subscription's quota."""

from broken.change import Broken, drop, put

OTHER = (
    "/subscriptions/00000000-0000-4000-8000-00000000000f/resourceGroups/rg-ci/providers/Microsoft.Network/"
    "virtualNetworks/vnet-ci"
)

TABLE = (
    Broken(
        "system pool on spot",
        (put("cluster.system_pool.capacity", "spot"),),
        {("SYS-POOL", "cluster.system_pool.capacity"): ("`spot`", "write `on-demand`")},
    ),
    Broken(
        "system pool that may be empty",
        (put("cluster.system_pool.nodes", {"min": 0, "max": 2}),),
        {("SYS-POOL", "cluster.system_pool.nodes.min"): ("never scales to zero", "write 1 or more")},
    ),
    Broken(
        "system pool with GPUs",
        (put("cluster.system_pool.vm_size", "Standard_NC40ads_H100_v5"),),
        {("SYS-POOL", "cluster.system_pool.vm_size"): ("has GPUs", "Standard_D4ds_v5")},
    ),
    Broken(
        "first pool with GPUs",
        (put("cluster.first_pool", {"vm_size": "Standard_NC40ads_H100_v5"}),),
        {("SYS-POOL", "cluster.first_pool.vm_size"): ("has GPUs", "Standard_D4ds_v5")},
    ),
    Broken(
        "range of Services without room for the cluster's DNS",
        (put("network.services", "172.20.0.0/29"),),
        {("NET-SERVICES", "network.services"): ("8 addresses", "need 76", "write a range of /25 or larger")},
    ),
    Broken(
        "range of Services that the API server refuses",
        (put("network.services", "100.64.0.0/11"),),
        {("NET-SERVICES", "network.services"): ("too large", "/12 or smaller")},
    ),
    Broken(
        "ranges of other people's addresses",
        (put("network.services", "20.0.0.0/16"), put("network.pods", "0.0.0.0/8")),
        {
            ("NET-PUBLIC", "network.services"): ("20.0.0.0/16 is not private", "10.0.0.0/8"),
            ("NET-PUBLIC", "network.pods"): ("0.0.0.0/8", "192.168.0.0/16"),
        },
    ),
    Broken(
        "outbound address in a zone that the region lacks",
        (put("platform.region", "westus"), put("network.nat_zones", ["1"])),
        {("ZONE-REGION", "network.nat_zones"): ("zone 1 doesn't exist in westus", "zones there: none")},
    ),
    Broken(
        "empty list of zones",
        (put("cluster.system_pool.zones", []),),
        {("ZONE-REGION", "cluster.system_pool.zones"): ("empty list", "leave the key out")},
    ),
    Broken(
        "zone as a number",
        (put("cluster.system_pool.zones", [1]),),
        {("CFG-VALUE", "cluster.system_pool.zones[0]"): ('in quotes: "1"',)},
    ),
    Broken(
        "zone that no region has",
        (put("cluster.system_pool.zones", ["4"]),),
        {("CFG-VALUE", "cluster.system_pool.zones[0]"): ('"4"', "`1`, `2`, `3`")},
    ),
    Broken(
        "zones in a region without any",
        (put("platform.region", "westus"), put("pools[0].zones", ["1"])),
        {("ZONE-REGION", "pools[0].zones"): ("zone 1 doesn't exist in westus", "zones there: none")},
    ),
    Broken(
        "version as a bare number",
        (put("cluster.kubernetes", 1.36),),
        {("CFG-QUOTE", "cluster.kubernetes"): ("1.36", "must be a string", "in quotes")},
    ),
    Broken(
        "version that AKS doesn't offer",
        (put("cluster.kubernetes", "1.29"),),
        {("K8S-VERSION", "cluster.kubernetes"): ("Kubernetes 1.29", "`1.36`")},
    ),
    Broken(
        "date where a minor version belongs",
        (put("cluster.kubernetes", "2026-11-24"),),
        {("CFG-VALUE", "cluster.kubernetes"): ('"2026-11-24"', "minor version")},
    ),
    Broken(
        "open API server",
        (drop("cluster.api_server.authorized_ranges"),),
        {("CFG-VALUE", "cluster.api_server"): ("open to everyone", "add authorized_ranges")},
    ),
    Broken(
        "API server that everyone may reach",
        (put("cluster.api_server.authorized_ranges", ["203.0.113.0/24", "0.0.0.0/0"]),),
        {("API-RANGES", "cluster.api_server.authorized_ranges[1]"): ("0.0.0.0/0", "open to everyone", "private")},
    ),
    Broken(
        "API server that everyone may reach by two halves",
        (put("cluster.api_server.authorized_ranges", ["0.0.0.0/1", "128.0.0.0/1"]),),
        {("API-RANGES", "cluster.api_server.authorized_ranges[0]"): ("more addresses than a /8",)},
    ),
    Broken(
        "API server for private addresses",
        (put("cluster.api_server.authorized_ranges", ["203.0.113.0/24", "10.1.0.0/16"]),),
        {("API-RANGES", "cluster.api_server.authorized_ranges[1]"): ("10.1.0.0/16 lies in 10.0.0.0/8", "public")},
    ),
    Broken(
        "private API server with public ranges",
        (put("cluster.api_server.access", "private"),),
        {("CFG-VALUE", "cluster.api_server"): ("only valid with access `authorized`", "leave authorized_ranges out")},
    ),
    Broken(
        "runner in another subscription",
        (put("cluster.api_server", {"access": "private", "runner_vnet": OTHER}),),
        {("NET-RUNNER", "cluster.api_server.runner_vnet"): ("00000000f", "platform.subscription_id")},
    ),
    Broken(
        "range with host bits",
        (put("cluster.api_server.authorized_ranges", ["203.0.113.9/24"]),),
        {("CFG-VALUE", "cluster.api_server.authorized_ranges[0]"): ("203.0.113.9/24", "write 203.0.113.0/24")},
    ),
    Broken(
        "fewest above most",
        (put("cluster.system_pool.nodes", {"min": 5, "max": 4}),),
        {("CFG-VALUE", "cluster.system_pool.nodes"): ("min (5) is above max (4)",)},
    ),
    Broken(
        "maintenance window too short",
        (put("cluster.maintenance.hours", 3),),
        {("CFG-VALUE", "cluster.maintenance.hours"): ("3 is below 4", "4 (Azure's least) to 24")},
    ),
    Broken(
        "yes where a boolean belongs",
        (put("security.vault", {"purge_protection": "yes"}),),
        {("CFG-VALUE", "security.vault.purge_protection"): ('"yes"', "write true or false")},
    ),
    Broken(
        "on where a boolean belongs, unquoted",
        (put("platform.protect", "on"),),
        {("CFG-VALUE", "platform.protect"): ('"on"', "write true or false")},
        text=lambda text: text.replace("'on'", "on"),
    ),
    Broken(
        "tag that is a number",
        (put("platform.tags.cost-center", 4711),),
        {("CFG-QUOTE", "platform.tags.cost-center"): ('"4711"', "in quotes")},
    ),
    Broken(
        "pods inside the virtual network",
        (put("network.pods", "10.20.128.0/17"),),
        {("NET-OVERLAP", "network.pods"): ("10.20.128.0/17", "10.20.0.0/16", "network.address_space")},
    ),
    Broken(
        "two subnets in one range",
        (put("network.subnets.gateway", "10.20.66.0/25"),),
        {("NET-OVERLAP", "network.subnets.private_endpoints"): ("10.20.66.0/24", "network.subnets.gateway")},
    ),
    Broken(
        "services in a range that AKS reserves",
        (put("network.services", "172.30.0.0/16"),),
        {("NET-OVERLAP", "network.services"): ("172.30.0.0/16", "AKS reserves")},
    ),
    Broken(
        "subnet outside its network",
        (put("network.subnets.nodes", "10.30.0.0/18"),),
        {("NET-OUTSIDE", "network.subnets.nodes"): ("10.30.0.0/18", "10.20.0.0/16")},
    ),
    Broken(
        "subnet too small for the API server",
        (put("network.subnets.api_server", "10.20.64.0/29"),),
        {("NET-SMALL", "network.subnets.api_server"): ("10.20.64.0/29", "/28 or larger")},
    ),
    Broken(
        "subnet too small for the nodes",
        (put("network.subnets.nodes", "10.20.0.0/28"), put("cluster.system_pool.nodes.max", 20)),
        {("NET-SMALL", "network.subnets.nodes"): ("room for 11 nodes", "are 27", "larger range")},
    ),
    Broken(
        "pods' range too small",
        (put("network.pods", "10.244.0.0/23"),),
        {("NET-SMALL", "network.pods"): ("holds 2 nodes", "there may be 11")},
    ),
    Broken(
        "quota exceeded",
        (put("quota", {"StandardNCadsH100v5Family": 80}),),
        {("QUOTA-CORES", "quota.StandardNCadsH100v5Family"): ("120 cores", "the quota is 80")},
    ),
    Broken(
        "quota of a misspelt family",
        (put("quota", {"StandardNCadsH100v5": 80}),),
        {("QUOTA-FAMILY", "quota.StandardNCadsH100v5"): ("did you mean `StandardNCadsH100v5Family`",)},
    ),
)
