package main

import (
	"encoding/json"
	"strconv"
	"time"

	"go.k6.io/k6/lib/netext/httpext"
	"go.k6.io/k6/metrics"
)

const (
	prefix    = "chaoslab-load "
	mostNames = 50
	otherName = "other"
	mostKinds = 4096
)

// kind is what requests with the same tags have in common. beside: of setup() or teardown(), so no part of the load.
type kind struct {
	name    int
	outcome string
	beside  bool
}

// batch turns samples into lines. k6 gives equal tags the same address, so that names are worked out once per kind.
type batch struct {
	kinds map[*metrics.TagSet]kind
	names map[string]int
	list  []string
	vus   int64
	began time.Time
	line  []byte
}

func newBatch() *batch {
	return &batch{kinds: map[*metrics.TagSet]kind{}, names: map[string]int{}}
}

// encode gives one line; it is valid until the next call. atNs is the monotonic clock's reading at now.
func (b *batch) encode(containers []metrics.SampleContainer, now time.Time, atNs int64) []byte {
	rows := b.line[:0]
	b.began = time.Time{}
	for _, container := range containers {
		if trail, ok := container.(*httpext.Trail); ok {
			rows = b.row(rows, trail, now)
			continue
		}
		for _, sample := range container.GetSamples() {
			if sample.Metric.Name == metrics.VUsName {
				b.vus = int64(sample.Value)
			}
		}
	}
	b.line = rows
	var beganUs int64
	if !b.began.IsZero() {
		beganUs = now.Sub(b.began).Microseconds()
	}
	return b.finish(rows, atNs, beganUs)
}

// row appends one request: index of its name, microseconds since it was sent, its duration in microseconds, its outcome.
func (b *batch) row(rows []byte, trail *httpext.Trail, now time.Time) []byte {
	of := b.kind(trail.Tags)
	if of.beside {
		return rows
	}
	// The script asked when this began: a first request waits until its name is looked up and it is connected (both are in
	// Blocked) before it is sent.
	began := trail.EndTime.Add(-trail.Duration - trail.Blocked)
	if b.began.IsZero() || began.Before(b.began) {
		b.began = began
	}
	sent := now.Sub(trail.EndTime) + trail.Duration
	rows = append(rows, '[')
	rows = strconv.AppendInt(rows, int64(of.name), 10)
	rows = append(rows, ',')
	rows = strconv.AppendInt(rows, max(0, sent.Microseconds()), 10)
	rows = append(rows, ',')
	rows = strconv.AppendInt(rows, trail.Duration.Microseconds(), 10)
	rows = append(rows, ',')
	rows = append(rows, of.outcome...)
	return append(rows, ']', ',')
}

func (b *batch) kind(tags *metrics.TagSet) kind {
	known, ok := b.kinds[tags]
	if !ok {
		if len(b.kinds) >= mostKinds {
			clear(b.kinds)
		}
		known = kind{b.index(requestName(tags)), outcome(tags), isBeside(tags)}
		b.kinds[tags] = known
	}
	return known
}

// index gives a name its place; the 51st and all after it share one.
func (b *batch) index(name string) int {
	if at, ok := b.names[name]; ok {
		return at
	}
	if len(b.list) >= mostNames {
		name = otherName
		if at, ok := b.names[name]; ok {
			return at
		}
	}
	b.names[name] = len(b.list)
	b.list = append(b.list, name)
	return len(b.list) - 1
}

func (b *batch) finish(rows []byte, atNs, beganUs int64) []byte {
	if len(rows) > 0 {
		rows = rows[:len(rows)-1]
	}
	head, _ := json.Marshal(struct { // of such values it cannot fail
		AtNs    int64    `json:"at_ns"`
		BeganUs int64    `json:"began_us"`
		Vus     int64    `json:"vus"`
		Names   []string `json:"names"`
		Rows    []int    `json:"rows"`
	}{atNs, beganUs, b.vus, append([]string{}, b.list...), []int{}})
	// The rows, already written, go between the last brackets.
	line := append([]byte(prefix), head[:len(head)-2]...)
	line = append(line, rows...)
	return append(line, "]}\n"...)
}
