// The Kubernetes provider as Pulumi publishes it, with its own code and without the files that its own `main` embeds.
package main

import "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"

// Set by the linker: the version of the Python SDK, which the engine compares with the provider's.
var version = "unknown"

func main() {
	// Both are answers to requests of code generators (GetSchema, GetMapping) only.
	provider.Serve("kubernetes", version, []byte("{}"), []byte("{}"))
}
