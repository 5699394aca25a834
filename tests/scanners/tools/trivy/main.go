// Command trivy-config prints, as JSON, what Trivy's own checks of Kubernetes objects and of Azure templates find below
// a folder. It is Trivy without what looks for packages and images, which is most of it; the checks are those of its
// modules, so that nothing is fetched.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aquasecurity/trivy/pkg/iac/rego"
	"github.com/aquasecurity/trivy/pkg/iac/scanners"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/azure/arm"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/kubernetes"
	"github.com/aquasecurity/trivy/pkg/iac/scanners/options"
)

type finding struct {
	Check   string `json:"check"`
	File    string `json:"file"`
	Line    int    `json:"line"`
	Message string `json:"message"`
}

type report struct {
	Findings []finding `json:"findings"`
	// How many checks each file passed.
	Passed map[string]int `json:"passed"`
}

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(folder string) error {
	checks := []options.ScannerOption{rego.WithEmbeddedPolicies(true), rego.WithEmbeddedLibraries(true)}
	all := report{Findings: []finding{}, Passed: map[string]int{}}
	for _, scanner := range []scanners.FSScanner{kubernetes.NewScanner(checks...), arm.New(checks...)} {
		results, err := scanner.ScanFS(context.Background(), os.DirFS(folder), ".")
		if err != nil {
			return fmt.Errorf("%s: %w", scanner.Name(), err)
		}
		for _, result := range results.GetFailed() {
			place := result.Range()
			all.Findings = append(all.Findings, finding{
				Check: result.Rule().ID, File: place.GetFilename(), Line: place.GetStartLine(), Message: result.Description(),
			})
		}
		for _, result := range results.GetPassed() {
			all.Passed[result.Range().GetFilename()]++
		}
	}
	return json.NewEncoder(os.Stdout).Encode(all)
}
