// k6 with one more output, `chaoslab`: every HTTP request, in batches, while the script runs (output.go).
package main

import (
	"os"
	"runtime"

	"go.k6.io/k6/cmd"
	"go.k6.io/k6/output"
)

func main() {
	if os.Getenv("GOMAXPROCS") == "" {
		// The lab shares the machine: the threads of a k6 that could use every CPU wake each other for nothing.
		runtime.GOMAXPROCS(max(1, runtime.NumCPU()/2))
	}
	registerHTTP()
	output.RegisterExtension("chaoslab", newOutput)
	if limit := os.Getenv(limitVariable); limit != "" {
		guard(limit)
	}
	cmd.Execute()
}
