package browser

import (
	"context"
	"errors"
	"fmt"
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

// Value returns what a field holds now; "" where it is not there.
func (w *Walk) Value(name string) string {
	f, err := w.glance(name)
	if err != nil || f.State != "one" {
		return ""
	}
	var v string
	if err := w.t.call(w.ctx, &v, "value", f.Handle); err != nil && !errors.Is(err, errMoved) {
		w.Fail(err)
	}
	return v
}

// Link returns where a link leads, where that is within the connection's own addresses.
func (w *Walk) Link(name string) string {
	f, err := w.glance(name)
	if err != nil || f.State != "one" {
		return w.t.env.Connection.URL
	}
	var v string
	if err := w.t.call(w.ctx, &v, "href", f.Handle); err != nil {
		return w.t.env.Connection.URL
	}
	for _, o := range w.t.origins {
		if strings.HasPrefix(v, o+"/") {
			return flows.Clean(v)
		}
	}
	return w.t.env.Connection.URL
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

// Has tells whether the sheet knows the name at all.
func (w *Walk) Has(name string) bool { _, ok := w.t.sheet.Elements[name]; return ok }

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

// Fits takes the version of the sheet that describes the page as it is now, and tells whether there
// is exactly one. It does not wait, and none is no error.
func (w *Walk) Fits(page string) bool {
	if w.err != nil {
		return false
	}
	sheet, err := w.t.env.Sheets.Choose(page, func(s *selectors.Sheet, name string) (bool, error) {
		var f found
		err := w.t.call(w.ctx, &f, "find", element(s, name))
		return f.State == "one", err
	})
	var misfit *selectors.Misfit
	switch {
	case err == nil:
		w.t.sheet = sheet
	case !errors.As(err, &misfit) && !errors.Is(err, errMoved):
		w.Fail(err)
	}
	return err == nil
}

// Which waits until one of the names is visible and returns it; the earlier name where several
// are. It returns "" after the bound, which is no error; a bound of 0 looks once.
func (w *Walk) Which(bound time.Duration, names ...string) string {
	if w.err != nil {
		return ""
	}
	var known []string
	specs := []*spec{}
	for _, n := range names {
		if s := element(w.t.sheet, n); s != nil {
			known, specs = append(known, n), append(specs, s)
		}
	}
	mark := w.t.net.mark()
	ctx, cancel := w.t.bind(w.ctx, max(bound, callBound/4))
	if bound > 0 {
		cancel()
		ctx, cancel = w.t.bind(w.ctx, bound)
	}
	defer cancel()
	for {
		var all []found
		err := w.t.call(ctx, &all, "which", specs)
		if err == nil {
			for i, f := range all {
				if f.State == "one" || f.State == "many" {
					return known[i]
				}
			}
		} else if !errors.Is(err, errMoved) && ctx.Err() == nil {
			w.Fail(err)
			return ""
		}
		if bound == 0 {
			return ""
		}
		if e := w.known(mark); e != nil {
			w.Fail(e)
			return ""
		}
		if !pause(ctx, 30*time.Millisecond) {
			w.Fail(w.dead())
			return ""
		}
	}
}

// dead returns why nothing can go on: the caller's end or the browser's. Nil if neither.
func (w *Walk) dead() error {
	if w.t.ctx.Err() != nil {
		return w.t.cause(w.t.ctx.Err())
	}
	if w.ctx.Err() != nil {
		return fmt.Errorf("%s: %w", w.op, context.Cause(w.ctx))
	}
	return nil
}

// Shows tells, without waiting, whether the name resolves to one visible element.
func (w *Walk) Shows(name string) bool {
	f, err := w.glance(name)
	return err == nil && f.State == "one"
}

// glance resolves a name once.
func (w *Walk) glance(name string) (found, error) {
	var f found
	s := w.spec(name)
	if s == nil {
		return found{State: "none", Why: "the sheet has no such name"}, nil
	}
	if w.err != nil {
		return f, w.err
	}
	err := w.t.call(w.ctx, &f, "find", s)
	return f, err
}

// spec is an element within the walk's row, where there is one and the element is not elsewhere.
func (w *Walk) spec(name string) *spec {
	s := element(w.t.sheet, name)
	if s != nil && w.row != nil && s.In == nil {
		s.Row = w.row
	}
	return s
}

// See waits until the name is visible, once.
func (w *Walk) See(name string) *Walk {
	_ = w.resolve(name)
	return w
}

// Text waits for the name and returns its visible text, cleaned.
func (w *Walk) Text(name string) string {
	f := w.resolve(name)
	if f.Text == "" {
		return flows.Clean(f.Name)
	}
	return flows.Clean(f.Text)
}

// Peek returns the visible text of a name without waiting; "" where it is not there.
func (w *Walk) Peek(name string) string {
	f, err := w.glance(name)
	if err != nil || f.State != "one" {
		return ""
	}
	return flows.Clean(f.Text)
}

// resolve waits until the name leads to one visible element.
func (w *Walk) resolve(name string) found {
	if w.err != nil {
		return found{}
	}
	mark := w.t.net.mark()
	s := w.spec(name)
	if s == nil {
		w.Fail(w.unknown(name))
		return found{}
	}
	ctx, cancel := w.t.bind(w.ctx, stepBound)
	defer cancel()
	var f found
	for {
		err := w.t.call(ctx, &f, "find", s)
		if err == nil && f.State == "one" {
			if n := soft(w.t.sheet, name, f); n != "" {
				w.t.note("soft drift: " + name + ": " + n)
			}
			return f
		}
		if err != nil && !errors.Is(err, errMoved) && ctx.Err() == nil {
			w.Fail(err)
			return found{}
		}
		if e := w.known(mark); e != nil {
			w.Fail(e)
			return found{}
		}
		if !pause(ctx, 40*time.Millisecond) {
			why := errors.New(f.State + ": " + f.Why)
			if f.State == "" {
				why = errors.New("the page keeps loading")
			}
			w.Fail(w.trouble(mark, why, name))
			return found{}
		}
	}
}

// Gone waits until the name is no longer visible.
func (w *Walk) Gone(name string) *Walk {
	if w.err != nil {
		return w
	}
	mark := w.t.net.mark()
	ctx, cancel := w.t.bind(w.ctx, stepBound)
	defer cancel()
	for {
		var f found
		err := w.t.call(ctx, &f, "find", w.spec(name))
		if err == nil && f.State == "none" {
			return w
		}
		if err != nil && !errors.Is(err, errMoved) && ctx.Err() == nil {
			return w.Fail(err)
		}
		if !pause(ctx, 30*time.Millisecond) {
			return w.Fail(w.trouble(mark, errors.New("it does not go away"), name))
		}
	}
}

// Answered waits until the page has asked its server for something since the mark, or one and a
// half seconds have passed (a search that waits for the typing to end asks late), and is quiet.
func (w *Walk) Answered(mark time.Time) *Walk {
	ctx, cancel := w.t.bind(w.ctx, 1500*time.Millisecond)
	defer cancel()
	for w.err == nil && !w.t.net.asked(mark) {
		if !pause(ctx, 20*time.Millisecond) {
			break
		}
	}
	return w.Quiet()
}

// Searched waits until the table shows what was searched for: every row left mentions the text, or
// there is none and the page has asked its server for exactly this. It returns false where neither
// comes to pass: then the search is not to be trusted. A request that failed meanwhile is an error.
func (w *Walk) Searched(table, text string, mark time.Time) bool {
	spec := tableOf(w.t.sheet, table)
	ctx, cancel := w.t.bind(w.ctx, 6*time.Second)
	defer cancel()
	for w.err == nil {
		w.t.net.quiet(ctx, 150*time.Millisecond, 2*time.Second)
		if x := w.t.net.failing(mark, w.t.origins); x != nil {
			w.asked = time.Time{}
			if e := w.known(mark); e != nil {
				w.Fail(e)
			} else {
				w.Fail(w.badAnswer(x))
			}
			return false
		}
		var out struct {
			Look looked `json:"look"`
			Rows []Row  `json:"rows"`
		}
		err := w.t.call(ctx, &out, "rows", spec)
		if err == nil && out.Look.State == "one" && !out.Look.Loading {
			if Mentions(out.Rows, text) && (len(out.Rows) > 0 || w.t.net.mentioned(mark, text)) {
				return true
			}
		}
		if e := w.known(mark); e != nil {
			w.Fail(e)
			return false
		}
		if !pause(ctx, 60*time.Millisecond) {
			return false
		}
	}
	return false
}

// Mentions tells whether every row says the text somewhere.
func Mentions(rows []Row, text string) bool {
	text = strings.ToLower(text)
	for _, r := range rows {
		if !strings.Contains(strings.ToLower(r.Text), text) {
			return false
		}
	}
	return true
}

// Mark returns the present moment for Answered.
func (w *Walk) Mark() time.Time { return w.t.net.mark() }

// Writes returns the answers the console gave to what the page sent it since the mark, in words.
func (w *Walk) Writes(mark time.Time) (refused string, said []string) {
	writes, _ := w.t.net.since(mark)
	other := false // something that was not refused may still take effect
	for _, x := range writes {
		other = other || x.status < 400
		switch {
		case x.failure != "":
			said = append(said, fmt.Sprintf("%s %s got no answer (%s)", x.method, flows.Clean(x.path), flows.Clean(x.failure)))
		case x.status == 0:
			said = append(said, fmt.Sprintf("%s %s is not answered yet", x.method, flows.Clean(x.path)))
		default:
			said = append(said, fmt.Sprintf("%s %s was answered %d", x.method, flows.Clean(x.path), x.status))
		}
		if x.status >= 400 && x.status < 500 && x.status != 408 && x.status != 429 {
			refused = said[len(said)-1]
		}
	}
	if other {
		refused = ""
	}
	return refused, said
}

// Quiet waits until the page asks its server for nothing more.
func (w *Walk) Quiet() *Walk {
	if w.err == nil {
		w.t.net.quiet(w.ctx, 150*time.Millisecond, 5*time.Second)
	}
	return w
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

// Missing returns those landmarks of a page that are not visible now.
func (w *Walk) Missing(page string) []string {
	return slices.DeleteFunc(slices.Clone(w.t.sheet.Pages[page].Landmark), func(n string) bool { return w.Shows(n) })
}

// Try resolves a name once and says which candidate found it, or why none did.
func (w *Walk) Try(name string) (found, why string) {
	f, err := w.glance(name)
	switch {
	case err != nil:
		return "", flows.Clean(err.Error())
	case f.State != "one":
		return "", f.State + ": " + f.Why
	}
	return by(w.t.sheet, name, f.By), soft(w.t.sheet, name, f)
}

// place is an address without its query, which may carry a token.
func place(address string) string {
	a, _, _ := strings.Cut(address, "?")
	return flows.Clean(a)
}
