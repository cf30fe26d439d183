package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"

	"github.com/usherhq/usher/flows"
)

const (
	perPage   = 100     // resources asked for at once
	mostItems = 100_000 // resources of one list
)

// A reading is one pass over a list, and what speaks against it.
type reading struct {
	total    int  // as the first page states it, or unstated
	before   int  // the total at the start and ...
	after    int  // ... at the end, asked for once more
	distinct int  // resources of different ids
	ended    bool // it came to the end of the list
	moved    bool // the list changed while it was read: worth another pass
	faults   []string
}

func (r *reading) fault(format string, args ...any) {
	const most = 20
	if len(r.faults) < most {
		r.faults = append(r.faults, fmt.Sprintf(format, args...))
	}
}

// whole says whether nothing speaks against the pass, and the total for it.
func (r *reading) whole() bool {
	return r.ended && len(r.faults) == 0 && r.total != unstated && r.before == r.after && r.distinct == r.total
}

// keep takes one resource and returns its id.
type keep func(raw json.RawMessage) (id string, err error)

// readAll reads a whole list, and once more from its start where it changed under the first pass.
// begin is called before each pass and forgets what an earlier one has kept.
func (c *Console) readAll(ctx context.Context, resource string, begin func() keep) (*reading, error) {
	var r *reading
	for pass := 1; pass <= 2; pass++ {
		var err error
		began := c.now()
		if r, err = c.pass(ctx, resource, pass == 2, begin()); err != nil {
			return nil, err
		}
		note := fmt.Sprintf("%d of %s", r.distinct, totalText(r.total))
		if len(r.faults) > 0 {
			note += "; " + r.faults[0]
		}
		if err := c.step(ctx, "read "+resource, began, "", note, len(r.faults) > 0); err != nil {
			return nil, err
		}
		if !r.moved {
			break
		}
	}
	return r, nil
}

func totalText(n int) string {
	switch n {
	case unstated:
		return "an unstated total"
	case nonsense:
		return "nonsense"
	}
	return strconv.Itoa(n)
}

// pass reads a list from its first page to its last. The last pass goes on where the total changes.
func (c *Console) pass(ctx context.Context, resource string, last bool, keep keep) (*reading, error) {
	r := &reading{total: unstated, before: unstated, after: unstated}
	seen := map[string]struct{}{}
	items := 0
	for start := 1; ; {
		p, err := c.page(ctx, resource, start, c.count())
		if err != nil {
			return nil, err
		}
		if !r.take(p, start, last) {
			break
		}
		fresh := 0
		for _, raw := range p.resources {
			id, err := keep(raw)
			if err != nil {
				r.fault("%s", flows.Clean(err.Error()))
				continue
			}
			if _, twice := seen[id]; twice {
				r.fault("%s came twice", id)
				r.moved = true
				continue
			}
			seen[id] = struct{}{}
			fresh++
		}
		r.distinct = len(seen)
		c.progress("reading "+lower(resource), r.distinct, max(r.total, 0))
		if len(p.resources) > 0 && fresh == 0 {
			r.fault("the page at %d brought nobody new", start)
			r.moved = false // it does not move, it goes round
			return r, nil
		}
		items += len(p.resources)
		if most := 2*max(r.total, 0) + 1000; r.total != unstated && items > most || items > mostItems {
			r.fault("the list goes on after %d resources", items)
			r.moved = false
			return r, nil
		}
		start += len(p.resources)
		if r.total != unstated && start > r.total {
			r.ended = true
			break
		}
		if len(p.resources) == 0 {
			break
		}
	}
	if !r.ended {
		return r, nil
	}
	return r, c.askAgain(ctx, resource, r)
}

// take looks at what a page says of itself. It returns false where there is nothing to read on.
func (r *reading) take(p *page, start int, last bool) bool {
	switch {
	case p.total == nonsense:
		r.fault("the total is no count")
		return false
	case start == 1:
		r.total, r.before = p.total, p.total
	case p.total != r.total:
		r.fault("the total was %s and is %s", totalText(r.total), totalText(p.total))
		r.moved = true
		if !last {
			return false
		}
		r.total = p.total
	}
	switch {
	case p.start != unstated && p.start != start && (r.total != 0 || len(p.resources) > 0):
		r.fault("asked for what begins at %d, and got what begins at %d", start, p.start)
		return false
	case p.size != unstated && p.size < len(p.resources):
		r.fault("a page that says it holds %d holds %d", p.size, len(p.resources))
		return false
	case len(p.resources) > 0:
		return true
	case r.total == unstated:
		r.ended = true
	case start <= r.total:
		r.fault("the page at %d of %d is empty", start, r.total)
		r.moved = start > 1 && p.shown
	default:
		r.ended = true
	}
	return false
}

// askAgain asks for the total once more, when all has been read.
func (c *Console) askAgain(ctx context.Context, resource string, r *reading) error {
	if r.total != unstated {
		p, err := c.page(ctx, resource, 1, 1)
		if err != nil {
			return err
		}
		r.after = p.total
		if r.after != r.before {
			r.fault("the total was %d before the reading and is %s after it", r.before, totalText(r.after))
			r.moved = true
		}
		if r.distinct != r.total {
			r.fault("%d were read, and %d are stated", r.distinct, r.total)
		}
	}
	return nil
}

// page reads one page.
func (c *Console) page(ctx context.Context, resource string, start, count int) (*page, error) {
	began := c.now()
	query := url.Values{"startIndex": {strconv.Itoa(start)}, "count": {strconv.Itoa(count)}}
	reply, err := c.wire.Get(ctx, resource, query)
	if err != nil {
		return nil, err
	}
	op := "read " + lower(resource)
	p, err := decodePage(reply.Body)
	if err != nil {
		return nil, c.wire.notSCIM(op, reply, err)
	}
	note := fmt.Sprintf("%d of %s", len(p.resources), totalText(p.total))
	return p, c.step(ctx, fmt.Sprintf("GET %s %d", resource, start), began, "", note, false)
}

// count is how many resources are asked for at once.
func (c *Console) count() int {
	if n := c.profile.PageCap; n > 0 && n < perPage {
		return n
	}
	return perPage
}
