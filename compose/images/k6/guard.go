package main

import (
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"go.k6.io/k6/errext/exitcodes"
)

const (
	// Set by the harness: k6 ends when its input does (the harness is gone), or after this many seconds.
	limitVariable = "CHAOSLAB_LIMIT_SECONDS"
	graceSeconds  = 5
)

// guard watches over this process in the background.
func guard(limit string) {
	seconds, err := time.ParseDuration(limit + "s")
	if err != nil {
		fmt.Fprintf(os.Stderr, "chaoslab: %s is no number of seconds: %s\n", limitVariable, limit)
		os.Exit(int(exitcodes.InvalidConfig))
	}
	go func() {
		why := whichFirst(os.Stdin, time.After(seconds))
		fmt.Fprintf(os.Stderr, "chaoslab: stopping k6: %s\n", why)
		_ = syscall.Kill(os.Getpid(), syscall.SIGINT)
		time.Sleep(graceSeconds * time.Second)
		fmt.Fprintf(os.Stderr, "chaoslab: k6 did not stop within %d s\n", graceSeconds)
		os.Exit(int(exitcodes.ExternalAbort))
	}()
}

// whichFirst waits for the end of the input or of the time, and says which it was.
func whichFirst(input io.Reader, limit <-chan time.Time) string {
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, input)
		close(ended)
	}()
	select {
	case <-ended:
		return "its input ended"
	case <-limit:
		return "its time limit is over"
	}
}
