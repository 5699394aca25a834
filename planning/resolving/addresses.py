"""Private address ranges, which network policies take for the platform's own side of the internet."""

from ipaddress import IPv4Network

# Source: RFC 1918, RFC 6598.
PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")))
# The tenth address of the Services' range is the cluster's DNS, as AKS's own default has it.
DNS_ADDRESS = 10
