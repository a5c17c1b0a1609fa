package main

import (
	"github.com/sirupsen/logrus"
)

const (
	requestFailed = "Request Failed"
	saidInFull    = 20
)

// fewer keeps k6 from logging every request that got no answer: each is a row of the output already, and writing
// thousands of warnings a second would cost what the load needs. Formatters are called under the logger's lock.
type fewer struct {
	logger *logrus.Logger
	inner  logrus.Formatter
	count  int
}

// say puts a limit on a logger's warnings of failed requests.
func say(logger logrus.FieldLogger) *fewer {
	own, ok := logger.(*logrus.Logger)
	if !ok {
		return &fewer{}
	}
	limit := &fewer{logger: own, inner: own.Formatter}
	own.SetFormatter(limit)
	return limit
}

func (f *fewer) Format(entry *logrus.Entry) ([]byte, error) {
	if entry.Message == requestFailed {
		f.count++
		if f.count > saidInFull {
			return nil, nil
		}
	}
	return f.inner.Format(entry)
}

// sum logs how many were not said.
func (f *fewer) sum() {
	if f.count > saidInFull {
		f.logger.Warnf("%d more requests failed", f.count-saidInFull)
	}
}
