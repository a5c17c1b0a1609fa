// k6 with one more output, `chaoslab`: every HTTP request, in batches, while the script runs (output.go).
package main

import (
	"os"

	"go.k6.io/k6/cmd"
	"go.k6.io/k6/output"
)

func main() {
	registerHTTP()
	output.RegisterExtension("chaoslab", newOutput)
	if limit := os.Getenv(limitVariable); limit != "" {
		guard(limit)
	}
	cmd.Execute()
}
