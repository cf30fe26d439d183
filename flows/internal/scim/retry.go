package scim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

const (
	mostTries   = 4
	firstPause  = 500 * time.Millisecond
	mostPause   = 8 * time.Second
	longestWait = 2 * time.Minute // a service that asks for more is told of as unavailable, and after when
)

// Get reads, and tries again where the service is busy or out of order. The error is nil only for
// an answer of success; the reply is there whenever the service has answered at all.
func (w *Wire) Get(ctx context.Context, path string, query url.Values) (*Reply, error) {
	return w.get(ctx, path, query, nil)
}

// get is Get whose first try may have been sent ahead.
func (w *Wire) get(ctx context.Context, path string, query url.Values, first *ahead) (*Reply, error) {
	reply, err := w.readOn(ctx, path, query, mostTries, first)
	if err != nil {
		return reply, err
	}
	if !reply.ok() {
		return reply, w.refusal("read "+resourceOf(path), reply)
	}
	return reply, nil
}

// read is Get whose answer may be any that is no reason to try again.
func (w *Wire) read(ctx context.Context, path string, query url.Values, tries int) (*Reply, error) {
	return w.readOn(ctx, path, query, tries, nil)
}

// readOn is read whose first try may have been sent ahead.
func (w *Wire) readOn(ctx context.Context, path string, query url.Values, tries int, first *ahead) (*Reply, error) {
	op := "read " + resourceOf(path)
	for try := 1; ; try++ {
		began := w.now()
		var reply *Reply
		var err error
		if try == 1 && first != nil {
			began = first.began
			reply, err = first.take()
		} else {
			reply, err = w.send(ctx, http.MethodGet, path, query, nil, nil)
		}
		if ctx.Err() != nil {
			return nil, stopped(ctx, op)
		}
		if err == nil && !again(reply.Status) {
			return reply, nil
		}
		if final := w.lost(op, err); final != nil {
			return nil, final
		}
		wait, told := w.pause(reply, try)
		if rerr := w.trouble(ctx, "GET "+resourceOf(path), began, reply, err); rerr != nil {
			return reply, rerr
		}
		if try >= tries || wait > longestWait {
			e := w.unavailable(op, reply, err)
			if told {
				e.After = wait
			}
			return reply, e
		}
		if err := w.sleep(ctx, wait); err != nil {
			return reply, stopped(ctx, op)
		}
	}
}

// again says whether a read that was answered so is worth another try.
func again(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
		http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// lost returns the error of a request without a reply that another try would not mend, or nil.
func (w *Wire) lost(op string, err error) error {
	switch {
	case errors.Is(err, errTooMuch):
		return flows.Errorf(flows.Drift, op, "%s answers, but not SCIM: %w", w.base.Host, err).WithHint("check the base URL of the connection")
	case errors.Is(err, errRedirect):
		return flows.Errorf(flows.Invalid, op, "%s: %w", w.base.Host, err).WithHint("set url to the address that the app shows, exactly")
	}
	return nil
}

// pause is how long to wait before the next try, and whether the service has said so.
func (w *Wire) pause(reply *Reply, try int) (wait time.Duration, told bool) {
	if reply != nil && (reply.Status == http.StatusTooManyRequests || reply.Status == http.StatusServiceUnavailable) {
		if d, ok := retryAfter(reply.Header.Get("Retry-After"), w.now()); ok {
			return d + jitter(firstPause), true
		}
	}
	wait = firstPause << min(try-1, 8)
	return min(wait, mostPause) + jitter(firstPause), false
}

// retryAfter reads the header of that name: whole seconds, or a date.
func retryAfter(s string, now time.Time) (time.Duration, bool) {
	const most = 366 * 24 * time.Hour
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseUint(s, 10, 64); err == nil {
		return time.Duration(min(n, uint64(most/time.Second))) * time.Second, true
	}
	at, err := http.ParseTime(s)
	if err != nil {
		return 0, false
	}
	return min(max(at.Sub(now), 0), most), true
}

// jitter keeps two that were turned away together from coming back together.
func jitter(most time.Duration) time.Duration {
	return time.Duration(rand.Int64N(int64(most))) //nolint:gosec // nobody gains by guessing it
}

// sleep waits in real time.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stopped is the error of work whose context has ended.
func stopped(ctx context.Context, op string) error {
	return flows.Errorf(flows.Unavailable, op, "stopped before the end: %w", context.Cause(ctx)).WithHint("order again")
}

// trouble writes down a request that is tried again or given up.
func (w *Wire) trouble(ctx context.Context, name string, began time.Time, reply *Reply, err error) error {
	if w.record == nil {
		return nil
	}
	var note string
	if err != nil {
		note = w.harmless(err.Error())
	} else {
		note = strings.TrimSpace(strconv.Itoa(reply.Status) + " " + w.words(reply))
	}
	step := flows.Step{At: began, Name: name, Took: max(w.now().Sub(began), 0), Note: note, Failed: true}
	if err := w.record.Record(ctx, step); err != nil {
		return fmt.Errorf("write down what the service said: %w", err)
	}
	return nil
}

// resourceOf returns a path as it is written down: "Users 101".
func resourceOf(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil {
			parts[i] = plain
		}
	}
	return flows.Clean(strings.Join(parts, " "))
}
