package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.k6.io/k6/lib/netext/httpext"
	"go.k6.io/k6/metrics"
)

type line struct {
	AtNs    int64    `json:"at_ns"`
	BeganUs int64    `json:"began_us"`
	Vus     int64    `json:"vus"`
	Names   []string `json:"names"`
	Rows    [][]any  `json:"rows"`
}

var registry = metrics.NewRegistry()

func tags(pairs ...string) *metrics.TagSet {
	set := registry.RootTagSet()
	for i := 0; i < len(pairs); i += 2 {
		set = set.With(pairs[i], pairs[i+1])
	}
	return set
}

func read(t *testing.T, written []byte) line {
	t.Helper()
	text, ok := strings.CutPrefix(string(written), prefix)
	if !ok || strings.Count(text, "\n") != 1 {
		t.Fatalf("not one line with the prefix: %q", written)
	}
	var got line
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return got
}

// Send and duration are microseconds, the former before the line's own instant.
func TestRows(t *testing.T) {
	now := time.Now()
	sample := &httpext.Trail{
		EndTime:  now.Add(-30 * time.Millisecond),
		Duration: 12 * time.Millisecond,
		Tags:     tags("method", "POST", "name", "http://lab:8080/v2/tasks?x=1", "status", "200"),
	}
	b := newBatch()
	got := read(t, b.encode([]metrics.SampleContainer{sample, sample}, now, 77))
	if fmt.Sprint(got.AtNs, got.Names, got.Rows) != "77 [POST /v2/tasks] [[0 42000 12000 200] [0 42000 12000 200]]" {
		t.Errorf("got %+v", got)
	}
	if empty := read(t, b.encode(nil, now, 78)); len(empty.Rows) != 0 || empty.AtNs != 78 {
		t.Errorf("an empty batch became %+v", empty)
	}
}

// A batch says when the first of its requests was asked for, the time for its connection included.
func TestBeginning(t *testing.T) {
	now := time.Now()
	first := &httpext.Trail{
		EndTime: now, Duration: 10 * time.Millisecond, ConnDuration: 5 * time.Millisecond, Blocked: 90 * time.Millisecond,
		Tags: tags("method", "GET", "name", "http://lab/", "status", "200"),
	}
	later := &httpext.Trail{EndTime: now, Duration: 50 * time.Millisecond, Tags: first.Tags}
	b := newBatch()
	if got := read(t, b.encode([]metrics.SampleContainer{later, first}, now, 1)); got.BeganUs != 100000 {
		t.Errorf("got %+v", got)
	}
	if got := read(t, b.encode(nil, now, 2)); got.BeganUs != 0 {
		t.Errorf("an empty batch became %+v", got)
	}
}

// What setup() and teardown() ask is no load.
func TestBeside(t *testing.T) {
	for _, group := range []string{"::setup", "::teardown"} {
		sample := &httpext.Trail{Tags: tags("method", "GET", "name", "http://lab/", "status", "200", "group", group)}
		if got := read(t, newBatch().encode([]metrics.SampleContainer{sample}, time.Now(), 1)); len(got.Rows) != 0 {
			t.Errorf("%s became %+v", group, got)
		}
	}
}

// The number of users comes from its own metric, and holds until the next.
func TestUsers(t *testing.T) {
	users := metrics.RegisterBuiltinMetrics(registry).VUs
	b := newBatch()
	samples := []metrics.SampleContainer{metrics.Samples{{TimeSeries: metrics.TimeSeries{Metric: users}, Value: 7}}}
	for _, each := range [][]metrics.SampleContainer{samples, nil} {
		if got := read(t, b.encode(each, time.Now(), 1)); got.Vus != 7 {
			t.Errorf("got %+v", got)
		}
	}
}

// However many addresses a script asks, there are no more names than can be shown.
func TestNamesAreBounded(t *testing.T) {
	b := newBatch()
	var samples []metrics.SampleContainer
	for i := range 3 * mostKinds {
		url := fmt.Sprintf("http://lab/orders/%d", i)
		samples = append(samples, &httpext.Trail{Tags: tags("method", "GET", "name", url, "status", "200")})
	}
	got := read(t, b.encode(samples, time.Now(), 1))
	if len(got.Names) != mostNames+1 || got.Names[mostNames] != otherName || len(got.Rows) != len(samples) {
		t.Errorf("%d names, %d rows, the last is %s", len(got.Names), len(got.Rows), got.Names[len(got.Names)-1])
	}
	if len(b.kinds) > mostKinds {
		t.Errorf("%d kinds are remembered", len(b.kinds))
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"http://lab:8080":              "GET /",
		"http://lab:8080/a/b?c=d#e":    "GET /a/b",
		"http://lab/orders/${}":        "GET /orders/${}",
		"https://lab/?q=http://x/y":    "GET /",
		"login":                        "login",
		"login \"of\" all, \n at once": "login \"of\" all, \n at once",
	} {
		got := read(t, newBatch().encode([]metrics.SampleContainer{
			&httpext.Trail{Tags: tags("method", "GET", "name", name, "status", "200")},
		}, time.Now(), 1))
		if got.Names[0] != want {
			t.Errorf("%q became %q, not %q", name, got.Names[0], want)
		}
	}
}

func TestOutcomes(t *testing.T) {
	if got := outcome(tags("status", "503", "error_code", "1503", "proto", "HTTP/1.1"+shedMark)); got != `"shed"` {
		t.Error(got)
	}
	for _, each := range []struct{ status, code, message, want string }{
		{"200", "", "", "200"},
		{"503", "1503", "", "503"},
		{"0", "1050", "request timeout", `"timeout"`},
		{"0", "1211", "dial: i/o timeout", `"timeout"`},
		{"0", "1212", "dial: connection refused", `"refused"`},
		{"0", "1220", "read: connection reset by peer", `"reset"`},
		{"0", "1000", "unexpected EOF", `"reset"`},
		{"0", "1101", "lookup: no such host", `"dns"`},
		{"0", "1111", "hostname is blocked", `"error"`},
		{"", "", "", `"error"`},
	} {
		if got := outcome(tags("status", each.status, "error_code", each.code, "error", each.message)); got != each.want {
			t.Errorf("%v became %s", each, got)
		}
	}
}
