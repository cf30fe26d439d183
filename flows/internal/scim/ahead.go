package scim

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// An ahead is the first try of a read that was sent before it was certain to be wanted: while one page is
// decoded, the next is on its way. Whoever sends one takes it or drops it, and sends nothing else until
// then: there is one request at a time.
type ahead struct {
	start  int
	began  time.Time
	cancel context.CancelFunc
	done   chan struct{}
	reply  *Reply
	err    error
}

func (w *Wire) ahead(ctx context.Context, path string, query url.Values, start int) *ahead {
	ctx, cancel := context.WithCancel(ctx)
	a := &ahead{start: start, began: w.now(), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(a.done)
		a.reply, a.err = w.send(ctx, http.MethodGet, path, query, nil, nil)
	}()
	return a
}

// take waits for the answer.
func (a *ahead) take() (*Reply, error) {
	<-a.done
	a.cancel()
	return a.reply, a.err
}

// drop ends a request that nobody wants.
func (a *ahead) drop() {
	a.cancel()
	<-a.done
}

// foresee returns where the next page will be asked for if the one at start is as long as the one before
// it, or as what is left; 0 where there is no telling. It goes by what the service has shown so far, so
// that no request is made in vain unless the list moves.
func (p *pass) foresee(start int) int {
	n := min(p.length, p.total-start+1)
	if p.aligned || p.erred || p.ended || n < 2 {
		return 0
	}
	return start + n - 1
}

// foreseen returns the request that was sent ahead for the page at start, or nil.
func (p *pass) foreseen(start int) *ahead {
	if p.ahead == nil || p.ahead.start != start {
		p.drop()
		return nil
	}
	a := p.ahead
	p.ahead = nil
	return a
}

// drop ends what was sent ahead in vain. Whoever has erred once does not guess again.
func (p *pass) drop() {
	if p.ahead != nil {
		p.ahead.drop()
		p.ahead, p.erred = nil, true
	}
}
