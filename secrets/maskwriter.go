package secrets

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
)

// maxLine is how much of a line is held back in wait for its end.
const maxLine = 64 << 10

// A MaskWriter masks what is written through it. It holds a line back until its end has come, and longer
// while its last lines may be the beginning of a secret of several lines, so that a secret that arrives in
// pieces is found. Close or Flush writes the rest. It is safe for concurrent use.
type MaskWriter struct {
	mask *Mask
	mu   sync.Mutex
	to   io.Writer
	held strings.Builder
	err  error
}

// Writer returns a MaskWriter that writes to w. Whoever made it closes it; that does not close w.
func (m *Mask) Writer(w io.Writer) *MaskWriter { return &MaskWriter{mask: m, to: w} }

var errClosed = errors.New("write to a closed MaskWriter")

// Write takes p. An error of the writer below is returned by this and every later call.
func (w *MaskWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	w.held.Write(p)
	if bytes.ContainsAny(p, "\n\r") || w.held.Len() > maxLine {
		w.pass(false)
	}
	if w.err != nil {
		return 0, w.err
	}
	return len(p), nil
}

// Flush writes all that is held back. A secret of which only a part has come is not known for one, and
// is written: Flush at the end, or where a whole record is written.
func (w *MaskWriter) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pass(true)
	if errors.Is(w.err, errClosed) {
		return nil
	}
	return w.err
}

// Close flushes, and refuses what is written later. It may be called twice.
func (w *MaskWriter) Close() error {
	err := w.Flush()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = errClosed
	}
	return err
}

// pass writes what can be written now: all, or whole lines that no later byte can make a part of a secret.
func (w *MaskWriter) pass(all bool) {
	text := w.held.String()
	if text == "" || w.err != nil {
		return
	}
	found, pending := w.mask.find(text)
	cut := len(text)
	if !all {
		cut = pending
		if line := strings.LastIndexAny(text[:cut], "\n\r") + 1; line > 0 || len(text) <= maxLine {
			cut = line
		}
	}
	// Not in the midst of a secret, of which half would no longer be known.
	kept := found[:0:0]
	for _, f := range found {
		if f.end > cut {
			cut = min(cut, f.start)
			break
		}
		kept = append(kept, f)
	}
	w.held.Reset()
	w.held.WriteString(text[cut:])
	if cut > 0 {
		_, w.err = io.WriteString(w.to, replace(text[:cut], kept))
	}
}
