package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.k6.io/k6/js/modules"
	"go.k6.io/k6/lib"
)

type user struct {
	modules.VU
	state *lib.State
}

func (u user) State() *lib.State { return u.state }

// Only a 503 that says when to come again is marked, by the user's own transport, wrapped once.
func TestShedAnswersAreMarked(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/bare" {
			w.Header().Set("Retry-After", "1")
		}
		if r.URL.Path != "/ok" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()
	vu := watchedVU{user{state: &lib.State{Transport: http.DefaultTransport}}}
	for path, want := range map[string]bool{"/ok": false, "/bare": false, "/busy": true} {
		request, _ := http.NewRequest(http.MethodGet, server.URL+path, nil)
		response, err := vu.State().Transport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if strings.HasSuffix(response.Proto, shedMark) != want {
			t.Errorf("%s: %s", path, response.Proto)
		}
	}
	if vu.State().Transport != (watched{http.DefaultTransport}) {
		t.Error("wrapped more than once")
	}
	if (watchedVU{user{}}).State() != nil {
		t.Error("there is no state while a script is read")
	}
}
