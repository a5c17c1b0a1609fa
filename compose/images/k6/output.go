package main

import (
	"io"
	"time"

	"go.k6.io/k6/output"
	"golang.org/x/sys/unix"
)

const period = 200 * time.Millisecond

// requests is the output: one line of standard output per period, with what ended since the line before.
type requests struct {
	output.SampleBuffer
	to      io.Writer
	batch   *batch
	flusher *output.PeriodicFlusher
	failed  *fewer
}

func newOutput(params output.Params) (output.Output, error) {
	return &requests{to: params.StdOut, batch: newBatch(), failed: say(params.Logger)}, nil
}

func (r *requests) Description() string { return "chaoslab (requests on standard output)" }

func (r *requests) Start() (err error) {
	r.flusher, err = output.NewPeriodicFlusher(period, r.flush)
	return err
}

func (r *requests) Stop() error {
	r.flusher.Stop()
	r.failed.sum()
	return nil
}

func (r *requests) flush() {
	samples := r.GetBufferedSamples()
	var clock unix.Timespec
	// The clock that the observer's samples are stamped with; it cannot fail for a clock that exists.
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &clock)
	_, _ = r.to.Write(r.batch.encode(samples, time.Now(), clock.Nano())) // nobody reads any more: the guard ends k6
}
