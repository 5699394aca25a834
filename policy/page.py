"""The page that lists every policy, and which recommendation of which benchmark each answers."""

from collections.abc import Iterator, Mapping, Sequence

from policy.benchmarks import CIS, MCSB
from policy.policies import Policy

_HEAD = """# Policies

What an organisation may demand of any stack, whatever its file says. `llm-platform preview` judges by this list (exit
code 3 where a mandatory policy is violated), and so does Pulumi:

    make policy                                                       # once: what Pulumi runs the policies with
    pulumi preview --policy-pack policy --policy-pack-config policy/prod.json

A policy looks at resources as they are registered. Rules, which say whether a stack works, are on [another
page](rules.md). This page is written by `llm-platform policies`.

## How strict

`policy/dev.json`, `policy/test.json` and `policy/prod.json` say how strict each policy is where the stack file has
`environment: dev`, `test` or `prod`; `--policies FILE` names another file. It is the file that Pulumi takes as
`--policy-pack-config`, version 2:

```json
{
  "version": 2,
  "policies": {
    "all": "advisory",
    "aks-private-api-server": "mandatory",
    "allowed-regions": {"enforcementLevel": "mandatory", "regions": ["eastus", "westeurope"]}
  },
  "exceptions": {
    "SEC-17": {
      "owner": "platform team",
      "reason": "the old gateway answers until March",
      "expires": "2027-03-31",
      "match": [{"policies": ["load-balancer-internal"], "targets": ["urn:pulumi:prod::llm-platform::…"]}]
    }
  }
}
```

`mandatory` blocks, `advisory` is only shown, `disabled` is not judged. An exception needs an owner, a reason and the
last day on which it holds; after that it covers nothing and is a warning, `POLICY-EXPIRED`. Pulumi 3.276 reads the same
exceptions but not their last day: the preview is what ends them. Pulumi before 3.271 refuses the file.

## The policies
"""


def page(policies: Sequence[Policy]) -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *_policies(policies), "", *_benchmarks(policies), ""])


def _policies(policies: Sequence[Policy]) -> Iterator[str]:
    yield "| policy | level | demand | what to write instead | values | CIS AKS 1.7 | MCSB 1 |"
    yield "|---|---|---|---|---|---|---|"
    for policy in sorted(policies, key=lambda each: each.name):
        values = "; ".join(
            f"`{name}` ({setting.default if setting.default != [] else 'empty'}): {setting.text}"
            for name, setting in policy.settings.items()
        )
        cells = (f"`{policy.name}`", policy.level, policy.demand, policy.fix, values)
        yield f"| {' | '.join(cells)} | {', '.join(policy.cis)} | {', '.join(policy.mcsb)} |"


def _benchmarks(policies: Sequence[Policy]) -> Iterator[str]:
    yield "## By benchmark"
    for title, names, of in (
        ("CIS Azure Kubernetes Service Benchmark 1.7", CIS, {policy.name: policy.cis for policy in policies}),
        ("Microsoft cloud security benchmark 1", MCSB, {policy.name: policy.mcsb for policy in policies}),
    ):
        yield ""
        yield from _benchmark(title, names, of)


def _benchmark(title: str, names: Mapping[str, str], of: Mapping[str, Sequence[str]]) -> Iterator[str]:
    yield f"| {title} | policies |"
    yield "|---|---|"
    for name, text in names.items():
        answering = ", ".join(f"`{policy}`" for policy in sorted(of) if name in of[policy])
        yield f"| {name} {text} | {answering} |"
