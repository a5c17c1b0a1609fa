package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

// Of failed requests the first are logged and the rest counted; anything else is logged as ever.
func TestFailedRequestsAreCounted(t *testing.T) {
	var log bytes.Buffer
	logger := logrus.New()
	logger.SetOutput(&log)
	limit := say(logger)
	for range saidInFull + 5 {
		logger.Warn(requestFailed)
		logger.Warn("else")
	}
	limit.sum()
	failed, rest := strings.Count(log.String(), requestFailed), strings.Count(log.String(), "msg=else")
	if failed != saidInFull || rest != saidInFull+5 || !strings.Contains(log.String(), "5 more requests failed") {
		t.Error(log.String())
	}
}
