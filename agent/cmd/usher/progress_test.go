package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

func TestPlainProgressIsAFewWholeLines(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := plainProgress(&b)
	for n := range 1001 {
		p.report("stonly", flows.Progress{Doing: "reading", Done: n, Total: 1000})
	}
	out := b.String()
	if lines := strings.Count(out, "\n"); lines < 3 || lines > 6 {
		t.Errorf("%d lines:\n%s", lines, out)
	}
	if strings.Contains(out, "\x1b") || !strings.Contains(out, "stonly: reading: 1000 of 1000") {
		t.Errorf("got:\n%s", out)
	}
}

func TestProgressShowsNoEscapesOfTheConsole(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	p := &progress{w: &b, flush: func() error { return nil }, lines: map[string]string{}, last: map[string]flows.Progress{}}
	p.report("stonly", flows.Progress{Doing: "reading \x1b]0;owned\x07", Done: 5, Total: 3})
	p.report("thoropass", flows.Progress{Doing: "signing in"})
	p.clear()
	if out := b.String(); strings.Contains(out, "\x07") || strings.Contains(out, "\x1b]") {
		t.Errorf("got %q", out)
	}
	if !strings.HasSuffix(b.String(), "\x1b[2A\x1b[J") {
		t.Errorf("clear does not take both lines off: %q", b.String())
	}
}

func TestNoProgressWithoutATerminalOrInCI(t *testing.T) {
	c := &cli{format: formatTable, errTerminal: true, outTerminal: true}
	t.Setenv("CI", "")
	if c.newProgress() == nil {
		t.Error("none on a terminal")
	}
	t.Setenv("CI", "true")
	if c.newProgress() != nil {
		t.Error("some with CI=true")
	}
	t.Setenv("CI", "")
	c.errTerminal = false
	if c.newProgress() != nil {
		t.Error("some without a terminal")
	}
}
