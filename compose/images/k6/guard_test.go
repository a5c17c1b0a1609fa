package main

import (
	"io"
	"strings"
	"testing"
	"time"
)

func TestTheEndOfTheInputStops(t *testing.T) {
	if why := whichFirst(strings.NewReader("words are ignored"), nil); why != "its input ended" {
		t.Error(why)
	}
}

func TestTheLimitStops(t *testing.T) {
	open, _ := io.Pipe()
	if why := whichFirst(open, time.After(0)); why != "its time limit is over" {
		t.Error(why)
	}
}
