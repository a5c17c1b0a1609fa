package main

import (
	"strings"

	"go.k6.io/k6/metrics"
)

// requestName is the script's own name for a request, else its method and path.
func requestName(tags *metrics.TagSet) string {
	name, _ := tags.Get("name")
	_, rest, isURL := strings.Cut(name, "://")
	if !isURL && name != "" {
		return name
	}
	path := "/"
	if slash := strings.IndexByte(rest, '/'); slash >= 0 {
		path = rest[slash:]
	}
	if end := strings.IndexAny(path, "?#"); end >= 0 {
		path = path[:end]
	}
	method, _ := tags.Get("method")
	return method + " " + path
}

// outcome is the status of an answer, as a number; in quotes that it was shed, or why there was none.
// The codes are k6's (lib/netext/httpext/error_codes.go).
func outcome(tags *metrics.TagSet) string {
	if protocol, _ := tags.Get("proto"); strings.HasSuffix(protocol, shedMark) {
		return `"shed"`
	}
	if status, _ := tags.Get("status"); status != "" && status != "0" {
		return status
	}
	code, _ := tags.Get("error_code")
	switch code {
	case "1050", "1211":
		return `"timeout"`
	case "1212":
		return `"refused"`
	case "1201", "1220":
		return `"reset"`
	case "1100", "1101":
		return `"dns"`
	}
	// Closed without an answer: k6 has no code for it.
	if message, _ := tags.Get("error"); strings.HasSuffix(message, "EOF") {
		return `"reset"`
	}
	return `"error"`
}

// isBeside says whether a request was made before or after the load, in setup() or teardown().
func isBeside(tags *metrics.TagSet) bool {
	group, _ := tags.Get("group")
	return group == "::setup" || group == "::teardown"
}
