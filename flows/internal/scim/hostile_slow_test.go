package scim_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/scim"
	"github.com/usherhq/usher/secrets"
)

// A service that gives its answer byte by byte, or none at all, is given up when its bound is over.
func TestASlowServiceIsGivenUpInTime(t *testing.T) {
	t.Parallel()
	drip := func(w http.ResponseWriter, r *http.Request, head, bytes string) {
		out, ok := w.(http.Flusher)
		tell(w, "%s", head)
		for tick := time.NewTicker(20 * time.Millisecond); ok; {
			select {
			case <-r.Context().Done():
				tick.Stop()
				return
			case <-tick.C:
				tell(w, "%s", bytes)
				out.Flush()
			}
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"no answer":                func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a body of endless spaces": func(w http.ResponseWriter, r *http.Request) { drip(w, r, "", " ") },
		"a user without an end": func(w http.ResponseWriter, r *http.Request) {
			drip(w, r, `{"totalResults":1,"Resources":[{"id":"`, "x")
		},
		"hints without an end":        func(w http.ResponseWriter, r *http.Request) { hint(w, r) },
		"a header that never is done": func(w http.ResponseWriter, r *http.Request) { halfHeader(w, r) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(answer)
			t.Cleanup(srv.Close)
			wire, err := scim.NewWire(scim.WireOptions{
				Base: srv.URL, Token: secrets.New(token), PerSecond: -1, Bound: 300 * time.Millisecond,
				Sleep: func(context.Context, time.Duration) error { return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(wire.Close)
			bounded(t, "the reading", func(ctx context.Context) {
				if _, err := wire.Get(ctx, "Users", nil); flows.CodeOf(err) != flows.Unavailable {
					t.Errorf("%v; want unavailable", err)
				}
			})
			// By its context, the console ends at once.
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			began := time.Now()
			c, err := enter(ctx, t, environment(srv.URL, &notes{}))
			if err == nil {
				_, err = c.List(ctx)
			}
			if err == nil || time.Since(began) > 5*time.Second {
				t.Errorf("after %s: %v", time.Since(began), err)
			}
		})
	}
}

// hint sends 103 after 103, and never an answer.
func hint(w http.ResponseWriter, r *http.Request) {
	for tick := time.NewTicker(20 * time.Millisecond); ; {
		select {
		case <-r.Context().Done():
			tick.Stop()
			return
		case <-tick.C:
			w.Header().Set("Link", "</x>")
			w.WriteHeader(http.StatusEarlyHints)
		}
	}
}

// halfHeader writes a header line by line, and never its end.
func halfHeader(w http.ResponseWriter, _ *http.Request) {
	h, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := h.Hijack()
	if err != nil {
		return
	}
	for i, more := 0, tell(conn, "HTTP/1.1 200 OK\r\n"); more; i++ {
		<-time.After(20 * time.Millisecond)
		more = tell(conn, "X-%d: y\r\n", i)
	}
	// The client has had enough.
	if err := conn.Close(); err != nil {
		return
	}
}

// A reply of a few kilobytes that unpacks to gigabytes costs neither the time nor the memory of these.
// Not in parallel with others, as the memory is everybody's.
func TestAReplyThatSwellsIsCutOff(t *testing.T) { //nolint:paralleltest // it measures the whole process
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	filling := bytes.Repeat([]byte(" "), 1<<20)
	for range 64 {
		if _, err := z.Write(filling); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{http.StatusOK, http.StatusBadRequest, http.StatusUnauthorized} {
		s := newSite(t, 3, nil)
		s.quirk = func(s *site, _ *call) *answer {
			s.strike()
			return &answer{do: func(w http.ResponseWriter) {
				w.Header().Set("Content-Encoding", "gzip")
				w.Header().Set("Content-Type", scimJSON)
				w.WriteHeader(status)
				for range 1000 { // 64 GB
					if _, err := w.Write(packed.Bytes()); err != nil {
						return
					}
				}
			}}
		}
		peak := highWater(t, func() {
			bounded(t, "the list", func(ctx context.Context) {
				c, err := enter(ctx, t, environment(s.url(), &notes{}))
				if err == nil {
					_, err = c.List(ctx)
				}
				if err == nil {
					t.Errorf("%d: that was taken for a list", status)
				}
			})
		})
		if s.struck() == 0 {
			t.Error("the quirk never struck: this proved nothing")
		}
		if peak > 200<<20 {
			t.Errorf("%d: %d MB of memory for it", status, peak>>20)
		}
	}
}

// highWater returns by how much the heap grew at most while f ran.
func highWater(t testing.TB, f func()) uint64 {
	t.Helper()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	start, peak := m.HeapInuse, uint64(0)
	ended, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if m.HeapInuse > start {
				peak = max(peak, m.HeapInuse-start)
			}
			select {
			case <-ended:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(ended)
	<-watched
	return peak
}
