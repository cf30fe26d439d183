package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/usherhq/usher/flows"
)

// progress shows how far the long reads are: on a terminal one line per connection, kept up to date;
// plain shows a line now and then, for logs.
type progress struct {
	mu    sync.Mutex
	w     io.Writer
	flush func() error
	plain bool
	order []string
	lines map[string]string
	last  map[string]flows.Progress
	drawn int
}

// newProgress returns nil where none is to be shown: progress is for a terminal, and not for CI.
func (c *cli) newProgress() *progress {
	if c.quiet || !c.errTerminal || inCI() || c.format != formatTable && c.outTerminal {
		return nil
	}
	return &progress{w: c.err, flush: c.flush, lines: map[string]string{}, last: map[string]flows.Progress{}}
}

// plainProgress returns one that writes whole lines now and then.
func plainProgress(w io.Writer) *progress {
	return &progress{
		w: w, flush: func() error { return nil }, plain: true,
		lines: map[string]string{}, last: map[string]flows.Progress{},
	}
}

func inCI() bool {
	v := os.Getenv("CI")
	return v != "" && v != "false" && v != "0"
}

// report takes one report; it fits agent.Options.Progress.
func (p *progress) report(connection string, r flows.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, known := p.last[connection]
	if known && before == r {
		return
	}
	if !known {
		p.order = append(p.order, connection)
	}
	if p.plain {
		if known && before.Doing == r.Doing && !crossed(before, r) {
			return
		}
		p.last[connection] = r
		_, _ = fmt.Fprintf(p.w, "  %s: %s\n", flows.Clean(connection), describe(r))
		return
	}
	p.last[connection] = r
	p.lines[connection] = fmt.Sprintf("  %-14s %s%s", flows.Clean(connection), bar(r), describe(r))
	p.draw()
}

// clear takes the progress off the screen; the next report draws it anew.
func (p *progress) clear() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.drawn > 0 {
		_, _ = fmt.Fprintf(p.w, "\x1b[%dA\x1b[J", p.drawn)
		_ = p.flush()
	}
	p.drawn = 0
	p.order, p.lines, p.last = nil, map[string]string{}, map[string]flows.Progress{}
}

func (p *progress) draw() {
	var b strings.Builder
	if p.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", p.drawn)
	}
	for _, name := range p.order {
		b.WriteString("\x1b[2K" + p.lines[name] + "\n")
	}
	p.drawn = len(p.order)
	// Progress that cannot be shown is no reason to stop.
	_, _ = io.WriteString(p.w, b.String())
	_ = p.flush()
}

// crossed says whether a quarter of the way was passed since the last line.
func crossed(before, now flows.Progress) bool {
	if now.Total <= 0 {
		return now.Done/500 > before.Done/500
	}
	const parts = 4
	return now.Done*parts/now.Total > before.Done*parts/now.Total
}

func describe(r flows.Progress) string {
	s := short(r.Doing, 60)
	switch {
	case r.Total > 0:
		return fmt.Sprintf("%s: %d of %d", s, r.Done, r.Total)
	case r.Done > 0:
		return fmt.Sprintf("%s: %d", s, r.Done)
	}
	return s
}

func bar(r flows.Progress) string {
	const wide = 20
	if r.Total <= 0 {
		return ""
	}
	n := min(wide, max(0, r.Done*wide/r.Total))
	return "[" + strings.Repeat("#", n) + strings.Repeat(".", wide-n) + "] "
}
