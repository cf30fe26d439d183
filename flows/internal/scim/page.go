package scim

import (
	"context"
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

// An item is one resource of a list.
type item struct {
	id    string
	err   error // why it could not be read
	user  *user
	group *group
}

// A shelf is how the resources of a list are read, and where they are kept. read's error is one of the
// whole page; keep takes what could be read.
type shelf struct {
	read func(r *reader) (item, error)
	keep func(i item)
}

// readAll reads a whole list, and once more from its start where it changed under the first pass.
// begin is called before each pass and forgets what an earlier one has kept.
func (c *Console) readAll(ctx context.Context, resource string, begin func() shelf) (*reading, error) {
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

// A pass is one reading of a list under way.
//
// Every page but the first is asked for from the last resource of the page before it, which must come
// first again: so a list that moved between two pages shows it, also where its total stays the same.
// The page that brings only that one again is the end, whatever the total says. A service that can
// only be asked for what begins a page of its own is read without.
type pass struct {
	*reading
	resource string
	final    bool // there is no further pass: go on where the total changes
	shelf    shelf
	seen     map[string]struct{}
	items    int
	next     int    // the index after what was read
	first    string // id of the first resource
	last     string // id of the last one; "" where it could not be read
	aligned  bool   // pages are asked for without the one before
	length   int    // resources of the page before
	ahead    *ahead // the next page, where it is asked for already
	erred    bool   // it was, in vain
}

// pass reads a list from its first page to its last.
func (c *Console) pass(ctx context.Context, resource string, final bool, shelf shelf) (*reading, error) {
	p := &pass{
		reading:  &reading{total: unstated, before: unstated, after: unstated},
		resource: resource, final: final, shelf: shelf, seen: map[string]struct{}{}, next: 1,
	}
	defer p.drop()
	for more := true; more; {
		var err error
		if more, err = c.turn(ctx, p); err != nil {
			return nil, err
		}
		p.distinct = len(p.seen)
		c.progress("reading "+lower(resource), p.distinct, max(p.total, 0))
	}
	if p.ended {
		if err := c.askAgain(ctx, p); err != nil {
			return nil, err
		}
	}
	return p.reading, nil
}

// turn reads one page and says whether there is more to read.
func (c *Console) turn(ctx context.Context, p *pass) (more bool, err error) {
	overlap := !p.aligned && p.last != ""
	ask := p.next
	if overlap {
		ask--
	}
	pg, err := c.page(ctx, p, ask, c.count())
	if err != nil {
		if code := flows.CodeOf(err); overlap && (code == flows.Unsupported || code == flows.Drift) {
			p.aligned = true
			return true, nil
		}
		return false, err
	}
	if overlap && (len(pg.resources) == 0 || pg.start != unstated && pg.start != ask) {
		p.aligned = true
		return true, nil
	}
	if !p.take(pg, ask) {
		return false, nil
	}
	fresh, anchored := p.read(pg, overlap)
	if overlap && !anchored && fresh == 0 || overlap && anchored && fresh == 0 && p.next <= p.total {
		p.aligned = true
		return true, nil
	}
	if overlap && !anchored {
		p.fault("the list moved before %d while it was read", p.next)
		p.moved = true
	}
	p.next = ask + len(pg.resources)
	if fresh == 0 {
		if overlap {
			p.ended = true // the last one came again, and nobody behind it
			return false, nil
		}
		p.fault("the page at %d brought nobody new", ask)
		p.moved = false // it does not move, it goes round
		return false, nil
	}
	if most := 2*max(p.total, 0) + 1000; p.total != unstated && p.items > most || p.items > mostItems {
		p.fault("the list goes on after %d resources", p.items)
		p.moved = false
		return false, nil
	}
	if (p.aligned || p.last == "") && p.total != unstated && p.next > p.total {
		p.ended = true
		return false, c.beyond(ctx, p)
	}
	return true, nil
}

// read takes the resources of a page. anchored says that it begins with the last one of the page before.
func (p *pass) read(pg *pageOf[item], overlap bool) (fresh int, anchored bool) {
	for i, it := range pg.resources {
		id, err := p.keep(it)
		p.items++
		if i == len(pg.resources)-1 && err != nil {
			p.last = ""
		}
		if err != nil {
			p.fault("%s", flows.Clean(err.Error()))
			continue
		}
		if p.first == "" {
			p.first = id
		}
		_, twice := p.seen[id]
		switch {
		case i == 0 && overlap && id == p.last:
			anchored = true
		case twice && overlap && !anchored:
			// Told of by the missing anchor.
		case twice:
			p.fault("%s came twice", id)
			p.moved = true
		default:
			p.seen[id] = struct{}{}
			fresh++
		}
		if i == len(pg.resources)-1 {
			p.last = id
		}
	}
	return fresh, anchored
}

// keep puts a resource that could be read on the shelf, and returns its id.
func (p *pass) keep(it item) (id string, err error) {
	if it.err == nil {
		p.shelf.keep(it)
	}
	return it.id, it.err
}

// take looks at what a page says of itself. It returns false where there is nothing to read on.
func (p *pass) take(pg *pageOf[item], ask int) bool {
	switch {
	case pg.total == nonsense:
		p.fault("the total is no count")
		return false
	case p.items == 0 && ask == 1:
		p.total, p.before = pg.total, pg.total
	case pg.total != p.total:
		p.fault("the total was %s and is %s", totalText(p.total), totalText(pg.total))
		p.moved = true
		if !p.final {
			return false
		}
		p.total = pg.total
	}
	switch {
	case pg.start != unstated && pg.start != ask && (p.total != 0 || len(pg.resources) > 0):
		p.fault("asked for what begins at %d, and got what begins at %d", ask, pg.start)
		return false
	case pg.size != unstated && pg.size < len(pg.resources):
		p.fault("a page that says it holds %d holds %d", pg.size, len(pg.resources))
		return false
	case len(pg.resources) > 0:
		return true
	case p.total == unstated:
		p.ended = true
	case ask <= p.total:
		p.fault("the page at %d of %d is empty", ask, p.total)
		p.moved = ask > 1 && pg.shown
	default:
		p.ended = true
	}
	return false
}

// beyond asks for what comes after the last one. Some services answer with their first page there,
// or with an error: what counts is that nobody new is in it.
func (c *Console) beyond(ctx context.Context, p *pass) error {
	p.drop()
	reply, err := c.wire.read(ctx, p.resource, span(p.next, c.count()), 1)
	if ctx.Err() != nil {
		return stopped(ctx, "read "+lower(p.resource))
	}
	if err != nil || !reply.ok() {
		return nil //nolint:nilerr // there is nothing there
	}
	pg, err := readPage(reply.Body, p.shelf.read)
	if err != nil {
		return nil //nolint:nilerr // as above
	}
	for _, it := range pg.resources {
		if id, err := p.keep(it); err == nil {
			if _, known := p.seen[id]; !known {
				p.seen[id] = struct{}{}
				p.fault("the list goes on beyond its total of %d", p.total)
			}
		}
	}
	return nil
}

// askAgain asks for the beginning once more, when all has been read.
func (c *Console) askAgain(ctx context.Context, p *pass) error {
	if p.total == unstated {
		return nil
	}
	pg, err := c.page(ctx, p, 1, 1)
	if err != nil {
		return err
	}
	p.after = pg.total
	if p.after != p.before {
		p.fault("the total was %d before the reading and is %s after it", p.before, totalText(p.after))
		p.moved = true
	}
	if len(pg.resources) > 0 {
		if id, err := p.keep(pg.resources[0]); err == nil && id != p.first {
			p.fault("the list began with %s and now begins with %s", p.first, id)
			p.moved = true
		}
	}
	if p.distinct != p.total {
		p.fault("%d were read, and %d are stated", p.distinct, p.total)
	}
	return nil
}

// page reads one page.
func (c *Console) page(ctx context.Context, p *pass, start, count int) (*pageOf[item], error) {
	began, first := c.now(), p.foreseen(start)
	if first != nil {
		began = first.began
	}
	reply, err := c.wire.get(ctx, p.resource, span(start, count), first)
	if err != nil {
		return nil, err
	}
	if next := p.foresee(start); next > 0 {
		p.ahead = c.wire.ahead(ctx, p.resource, span(next, count), next)
	}
	op := "read " + lower(p.resource)
	pg, err := readPage(reply.Body, p.shelf.read)
	if err != nil {
		return nil, c.wire.notSCIM(op, reply, err)
	}
	p.length = len(pg.resources)
	note := fmt.Sprintf("%d of %s", len(pg.resources), totalText(pg.total))
	return pg, c.step(ctx, fmt.Sprintf("GET %s %d", p.resource, start), began, "", note, false)
}

// span is what a list is asked for.
func span(start, count int) url.Values {
	return url.Values{"startIndex": {strconv.Itoa(start)}, "count": {strconv.Itoa(count)}}
}

// count is how many resources are asked for at once.
func (c *Console) count() int {
	if n := c.profile.PageCap; n > 0 && n < perPage {
		return n
	}
	return perPage
}
