// Reads dashboards with Grafana's own types, made of its CUE schemas: a field that is unknown, missing or of another type
// is an error, in a panel's options and queries as well. Prints one line for each, of the files on the command line.
package main

import (
	"fmt"
	"os"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

func problems(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	read := dashboard.Dashboard{}
	// Without problems both return an error of no length.
	if err := read.UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		return err.Error()
	}
	if err := read.Validate(); err != nil {
		return err.Error()
	}
	return ""
}

func main() {
	plugins.RegisterDefaultPlugins()
	failed := 0
	for _, file := range os.Args[1:] {
		if found := problems(file); found != "" {
			failed = 1
			fmt.Printf("%s: %s\n", file, found)
		}
	}
	os.Exit(failed)
}
