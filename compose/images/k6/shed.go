package main

import (
	"net/http"

	"go.k6.io/k6/ext"
	"go.k6.io/k6/js/modules"
	k6http "go.k6.io/k6/js/modules/k6/http"
	"go.k6.io/k6/lib"
)

// Added to the protocol of an answer that refuses as promised: of an answer's header k6 tells an output nothing,
// of its protocol it does.
const shedMark = " shed"

// registerHTTP puts k6's own module k6/http, with its answers watched, in the place of k6/http.
func registerHTTP() {
	ext.Register("k6/http", ext.JSExtension, watchedModule{k6http.New()})
}

type watchedModule struct{ modules.Module }

func (m watchedModule) NewModuleInstance(vu modules.VU) modules.Instance {
	return m.Module.NewModuleInstance(watchedVU{vu})
}

type watchedVU struct{ modules.VU }

// State is asked for with each request; a user's transport is wrapped at the first.
func (vu watchedVU) State() *lib.State {
	state := vu.VU.State()
	if state != nil && state.Transport != nil {
		if _, done := state.Transport.(watched); !done {
			state.Transport = watched{state.Transport}
		}
	}
	return state
}

type watched struct{ http.RoundTripper }

// RoundTrip marks a 503 with Retry-After.
func (w watched) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := w.RoundTripper.RoundTrip(request)
	if err == nil && response.StatusCode == http.StatusServiceUnavailable && response.Header.Get("Retry-After") != "" {
		response.Proto += shedMark
	}
	return response, err
}
