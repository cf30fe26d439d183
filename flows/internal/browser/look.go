package browser

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/selectors"
)

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

// Has tells whether the sheet knows the name at all.
func (w *Walk) Has(name string) bool { _, ok := w.t.sheet.Elements[name]; return ok }

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
