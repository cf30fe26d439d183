package browser

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/selectors"
)

// A Walk is a script of steps that remembers the first error: after it, nothing more is done.
// It speaks only in names of the sheet.
type Walk struct {
	t   *Tab
	ctx context.Context //nolint:containedctx // a Walk lives no longer than the call that made it
	op  string
	err error
	row *rowSpec
	// opened is when the page was last loaded.
	opened time.Time
	asked  time.Time // when the page was last asked what it is
	// signing is true while signing in: then the sign-in page is no lost session.
	signing bool
	// pressed is true once an announced press was, or may have been, delivered.
	pressed bool
	// lost is true where the page broke while a press was under way: it may have been delivered.
	lost   bool
	done   []string     // the announced presses that were delivered
	filled []fieldValue // what the form of this page must still hold at a press
}

// Walk begins a script. op says what is being done, as it stands in errors: "invite".
func (t *Tab) Walk(ctx context.Context, op string) *Walk { return &Walk{t: t, ctx: ctx, op: op} }

// SigningIn begins the script that signs in.
func (t *Tab) SigningIn(ctx context.Context) *Walk {
	w := t.Walk(ctx, "sign in")
	w.signing = true
	return w
}

// Err returns the first error.
func (w *Walk) Err() error { return w.err }

// Pressed tells whether a press that may write was delivered, or may have been.
func (w *Walk) Pressed() bool { return w.pressed }

// Final tells whether a press was delivered of an element that the sheet says writes: after it the
// change may be there, whatever failed since.
func (w *Walk) Final() bool {
	return slices.ContainsFunc(w.done, func(n string) bool { return w.t.sheet.Elements[n].Writes }) || w.lost
}

// Op returns what is being done.
func (w *Walk) Op() string { return w.op }

// Note keeps what was seen and stops nothing.
func (w *Walk) Note(s string) { w.t.note(flows.Clean(s)) }

// Saw records what was read.
func (w *Walk) Saw(what string) *Walk {
	if w.err == nil {
		w.record(flows.Step{At: w.t.env.Now(), Name: "see", Note: flows.Clean(what)})
	}
	return w
}

// Escape closes what a drawn list or menu left open.
func (w *Walk) Escape() *Walk {
	if w.err == nil {
		w.Fail(w.t.call(w.ctx, nil, "escape"))
	}
	return w
}

// Fail ends the walk with err, if nothing else did before.
func (w *Walk) Fail(err error) *Walk {
	if w.err == nil && err != nil {
		w.err = err
	}
	return w
}

// Sheet returns the version in use.
func (w *Walk) Sheet() *selectors.Sheet { return w.t.sheet }

// Go opens a page of the sheet afresh and waits for its landmark. The version of the sheet is
// chosen by it.
func (w *Walk) Go(page string) *Walk {
	if w.err != nil {
		return w
	}
	start := w.t.env.Now()
	w.filled = nil
	p, ok := w.t.sheet.Pages[page]
	if !ok {
		return w.Fail(flows.Errorf(flows.Internal, w.op, "sheet %s has no page %q", w.t.sheet.ID(), page))
	}
	if at := w.t.net.place(page); p.Path == "" && at != "" {
		w.load(at)
	} else if p.Path != "" {
		base := w.t.env.Connection.URL
		if p.Site == "signin" && w.t.env.Connection.SignIn != "" {
			base = w.t.env.Connection.SignIn
		}
		w.load(strings.TrimRight(base, "/") + p.Path)
	} else {
		w.Go(p.Start)
		for _, name := range p.Via {
			w.Click(name)
		}
	}
	w.At(page)
	if w.err == nil {
		w.record(flows.Step{At: start, Name: "open " + page, Took: w.t.env.Now().Sub(start), Note: w.address()})
	}
	return w
}

// Enter opens a page without asking what shows itself there.
func (w *Walk) Enter(page string) *Walk {
	if w.err == nil {
		w.load(strings.TrimRight(w.t.env.Connection.URL, "/") + w.t.sheet.Pages[page].Path)
	}
	return w
}

// load opens an address.
func (w *Walk) load(address string) {
	if w.err != nil {
		return
	}
	mark := w.t.net.mark()
	w.opened = mark
	ctx, cancel := w.t.bind(w.ctx, pageBound)
	defer cancel()
	res, err := proto.PageNavigate{URL: address}.Call(w.t.page.Context(ctx))
	if err != nil {
		w.Fail(flows.Errorf(flows.Unavailable, w.op, "open %s: %w", place(address), w.t.cause(err)).WithHint("is the console up? try again later"))
		return
	}
	w.t.mu.Lock()
	w.t.world = 0
	w.t.mu.Unlock()
	if res.ErrorText != "" && res.ErrorText != "net::ERR_ABORTED" {
		w.Fail(flows.Errorf(flows.Unavailable, w.op, "open %s: %s", place(address), flows.Clean(res.ErrorText)).WithHint("is the address right, and the console up?"))
		return
	}
	for {
		var place struct{ Origin, Path, Ready string }
		err := w.t.call(ctx, &place, "place")
		if err == nil && place.Ready != "loading" && place.Origin != "null" {
			break
		}
		if err != nil && !errors.Is(err, errMoved) {
			w.Fail(w.trouble(mark, err, "the page does not load"))
			return
		}
		if !pause(ctx, 20*time.Millisecond) {
			w.Fail(w.trouble(mark, ctx.Err(), "the page does not load"))
			return
		}
	}
	if _, bad := w.t.net.since(mark); bad != nil && bad.doc {
		w.Fail(w.badAnswer(bad))
	}
}

// At waits until the page's landmark is there, and takes the sheet's version that describes it.
func (w *Walk) At(page string) *Walk {
	if w.err != nil {
		return w
	}
	mark := w.t.net.mark()
	ctx, cancel := w.t.bind(w.ctx, stepBound*2)
	defer cancel()
	var last error
	for {
		sheet, err := w.t.env.Sheets.Choose(page, func(s *selectors.Sheet, name string) (bool, error) {
			var f found
			if err := w.t.call(ctx, &f, "find", element(s, name)); err != nil {
				return false, err
			}
			return f.State == "one", nil
		})
		var misfit *selectors.Misfit
		switch {
		case err == nil:
			w.t.sheet = sheet
			w.t.net.been(page, w.full())
			return w
		case errors.As(err, &misfit):
			last = err
			if len(misfit.Fits) > 1 {
				return w.Fail(w.drift("%v", err))
			}
			if e := w.known(mark); e != nil {
				return w.Fail(e)
			}
		case !errors.Is(err, errMoved):
			return w.Fail(w.trouble(mark, err, "page "+page))
		}
		if !pause(ctx, 40*time.Millisecond) {
			if last == nil {
				last = errors.New("the page keeps loading")
			}
			return w.Fail(w.trouble(mark, last, "page "+page))
		}
	}
}

// In returns a walk within the one row whose key is key (and whose id is id, where the console
// shows one). Its first error is that of w.
func (w *Walk) In(table, key, id string) *Walk {
	t := tableOf(w.t.sheet, table)
	if t == nil {
		w.Fail(flows.Errorf(flows.Internal, w.op, "sheet %s has no table %q", w.t.sheet.ID(), table))
	}
	if w.t.sheet.Tables[table].ID == "" {
		id = ""
	}
	n := *w
	n.row = &rowSpec{Table: t, Key: key, ID: id}
	return &n
}

// Join takes over the error of a walk made by In.
func (w *Walk) Join(n *Walk) *Walk {
	w.pressed = w.pressed || n.pressed
	w.done, w.lost = n.done, n.lost
	return w.Fail(n.err)
}

func (w *Walk) unknown(name string) error {
	return flows.Errorf(flows.Internal, w.op, "sheet %s has no element %q", w.t.sheet.ID(), name)
}

// address says where the page is: host and path, never a query (it may carry a token).
func (w *Walk) address() string {
	a, _, _ := strings.Cut(w.full(), "?")
	return a
}

func (w *Walk) full() string {
	var p struct{ Origin, Path string }
	if err := w.t.call(w.ctx, &p, "place"); err != nil {
		return ""
	}
	return p.Origin + p.Path
}

func (w *Walk) record(s flows.Step) {
	if err := w.t.env.Record.Record(w.ctx, s); err != nil {
		w.Fail(flows.Errorf(flows.Internal, w.op, "keep the evidence: %w", err))
	}
}

// pause waits; false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// place is an address without its query, which may carry a token.
func place(address string) string {
	a, _, _ := strings.Cut(address, "?")
	return flows.Clean(a)
}
