package scim

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

func TestRetryAfterIsSecondsOrADate(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Duration{
		"0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "86400": 24 * time.Hour,
		"Mon, 23 Nov 2026 12:00:30 GMT": 30 * time.Second,
		"Mon, 23 Nov 2026 11:00:00 GMT": 0,
		"99999999999999999":             366 * 24 * time.Hour,
		"":                              -1, "-1": -1, "soon": -1, "1.5": -1, "0x10": -1, "+3": -1,
	} {
		got, ok := retryAfter(s, now)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %v, %v", s, got, ok)
		}
	}
}

func TestAReadIsTriedAgainAsTheServiceSays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		status int
		header string
		least  []time.Duration // waits, each with less than half a second on top
	}{
		{"seconds", 429, "3", []time.Duration{3 * time.Second, 3 * time.Second, 3 * time.Second}},
		{"a date", 503, now.Add(10 * time.Second).UTC().Format(http.TimeFormat), []time.Duration{10 * time.Second, 10 * time.Second, 10 * time.Second}},
		{"nothing", 429, "", []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}},
		{"nonsense", 503, "soon", []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}},
		{"a fault", 500, "3", []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}},
		{"a gateway", 502, "", []time.Duration{500 * time.Millisecond, time.Second, 2 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			asked, well := 0, false
			w, j := wireTo(t, func(w http.ResponseWriter, _ *http.Request) {
				if asked++; well && asked == mostTries {
					reply(w, 200, resource{"totalResults": 0})
					return
				}
				if c.header != "" {
					w.Header().Set("Retry-After", c.header)
				}
				problem(w, c.status, "", "later")
			})
			w.now = func() time.Time { return now }
			_, err := w.Get(t.Context(), "Users", nil)
			wantCode(t, err, flows.Unavailable)
			if asked != mostTries || len(j.slept) != len(c.least) {
				t.Fatalf("%d tries, slept %v", asked, j.slept)
			}
			for i, d := range j.slept {
				if d < c.least[i] || d > c.least[i]+firstPause {
					t.Errorf("wait %d: %v, want %v and a little", i, d, c.least[i])
				}
			}
			asked, well = 0, true
			if _, err := w.Get(t.Context(), "Users", nil); err != nil {
				t.Errorf("the last try: %v", err)
			}
		})
	}
}

func TestALongRetryAfterIsToldOfAndNotWaited(t *testing.T) {
	t.Parallel()
	w, j := wireTo(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "600")
		problem(w, 429, "", "much later")
	})
	_, err := w.Get(t.Context(), "Users", nil)
	wantCode(t, err, flows.Unavailable)
	e := err.(*flows.Error) //nolint:errcheck,errorlint,forcetypeassert // it is the outermost
	if e.After < 10*time.Minute || len(j.slept) != 0 {
		t.Errorf("after %v, slept %v", e.After, j.slept)
	}
}

func TestAWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w, _ := wireTo(t, func(w http.ResponseWriter, _ *http.Request) { problem(w, 500, "", "no") })
	ctx, cancel := context.WithCancel(t.Context())
	w.sleep = func(ctx context.Context, _ time.Duration) error {
		cancel()
		return ctx.Err()
	}
	_, err := w.Get(ctx, "Users", nil)
	wantCode(t, err, flows.Unavailable)
}

func TestAWriteIsSentOnce(t *testing.T) {
	t.Parallel()
	for _, status := range []int{0, 429, 500, 503} {
		var asked atomic.Int32
		w, j := wireTo(t, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			if status == 0 {
				panic(http.ErrAbortHandler) // the connection is cut
			}
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
		})
		for _, method := range []string{http.MethodPost, http.MethodPatch, http.MethodPut, http.MethodDelete} {
			asked.Store(0)
			r, err := w.send(t.Context(), method, "Users/1", nil, []byte("{}"), nil)
			if n := asked.Load(); n != 1 || len(j.slept) != 0 || (status == 0) != (err != nil) || err == nil && r.Status != status {
				t.Errorf("%s answered %d was sent %d times: %v", method, status, n, err)
			}
		}
	}
}
