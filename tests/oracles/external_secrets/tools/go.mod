// The External Secrets operator that tests run. Versions 1 and 2 can't be built from the module: their parts (apis,
// runtime, providers) are modules of their own without versions.
module llm-platform/tests/oracles/external_secrets/tools

go 1.26

require github.com/external-secrets/external-secrets v0.16.2

// As in the operator's own go.mod, where it doesn't count for us.
replace github.com/Masterminds/sprig/v3 => github.com/external-secrets/sprig/v3 v3.3.0
