package browser

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/secrets"
	"github.com/usherhq/usher/selectors"
)

// A Field is one field of a form that is filled and pressed in one go.
type Field struct {
	Name   string
	Text   string
	Secret secrets.Value // in place of Text; typed only at the connection's own addresses
}

func (f Field) secret() bool { return !f.Secret.Empty() }

func (f Field) value() string {
	if f.secret() {
		return f.Secret.Reveal() // the door through which a secret reaches a page
	}
	return f.Text
}

// Fill types text into a field and makes sure that the field holds it.
func (w *Walk) Fill(name, text string) *Walk {
	if h := w.fill(Field{Name: name, Text: text}); h >= 0 {
		w.filled = append(slices.DeleteFunc(w.filled, func(v fieldValue) bool { return v.Handle == h }), fieldValue{h, text})
	}
	return w
}

// fill types into a field until it holds what was typed; it returns the field's handle.
func (w *Walk) fill(f Field) int {
	if w.err != nil {
		return -1
	}
	start := w.t.env.Now()
	mark := w.t.net.mark()
	s := w.spec(f.Name)
	if s == nil {
		w.Fail(w.unknown(f.Name))
		return -1
	}
	opts := map[string]any{"secret": f.secret()}
	if f.secret() {
		opts["origins"] = w.t.origins
	}
	ctx, cancel := w.t.bind(w.ctx, w.t.step)
	defer cancel()
	why := errors.New("the page keeps loading")
	for {
		var r struct {
			found
			Empty bool `json:"empty"`
		}
		err := w.t.call(ctx, &r, "ready", s, opts)
		switch {
		case errors.Is(err, errMoved) || ctx.Err() != nil:
		case err != nil:
			w.Fail(err)
			return -1
		case r.State == "origin":
			w.Fail(w.seen(flows.Errorf(flows.Refused, w.op, "no secret is typed here: %s", r.Why).
				WithHint("if this is your console's sign-in address, set it as sign_in of the connection")))
			return -1
		case r.State != "one":
			why = fmt.Errorf("%s: %s", r.State, r.Why)
		default:
			var cleared bool
			var put string
			if f.value() == "" || !r.Empty {
				if err := w.t.call(ctx, &cleared, "clearField", r.Handle); err != nil && !errors.Is(err, errMoved) && ctx.Err() == nil {
					w.Fail(err)
					return -1
				}
			}
			if f.value() != "" {
				err = w.t.call(ctx, &put, "put", r.Handle, f.value())
			}
			v := w.let(ctx)
			var holds bool
			if err == nil {
				err = w.t.call(ctx, &holds, "holdsValue", r.Handle, f.value())
			}
			if err == nil && holds {
				w.record(flows.Step{At: start, Name: "fill " + f.Name, Element: f.Name, Selector: by(w.t.sheet, f.Name, r.By), Took: w.t.env.Now().Sub(start)})
				return r.Handle
			}
			if err != nil && !errors.Is(err, errMoved) && ctx.Err() == nil {
				w.Fail(err)
				return -1
			}
			switch {
			case ctx.Err() != nil: // what was wrong before is the reason
			case put != "":
				why = errors.New(put)
			case v.Blocked != "":
				why = errors.New(v.Blocked)
			default:
				why = errors.New("it does not hold what was typed")
			}
		}
		if e := w.known(mark); e != nil {
			w.Fail(e)
			return -1
		}
		if !pause(ctx, 60*time.Millisecond) {
			w.Fail(w.trouble(mark, why, f.Name))
			return -1
		}
	}
}

// Submit fills the fields, waits until the page is quiet, and presses the button only if, at that
// very moment, every field still holds what was typed: a page that comes to life late empties
// them. A page that emptied them after all, and sent nothing, is filled again. answers are the
// names of which one must show itself; the first is returned, or "" at the bound.
func (w *Walk) Submit(button string, fields []Field, bound time.Duration, answers ...string) string {
	deadline := time.Now().Add(bound + stepBound)
	for w.err == nil {
		mark := w.t.net.mark()
		var values []fieldValue
		for _, f := range fields {
			values = append(values, fieldValue{w.fill(f), f.value()})
		}
		w.Quiet()
		if w.err != nil {
			return ""
		}
		if !w.hold(values) {
			if time.Now().After(deadline) {
				w.Fail(w.drift("the fields of the form do not keep what is typed"))
				return ""
			}
			continue
		}
		w.press(button, nil, values, nil)
		for w.err == nil {
			if a := w.Which(500*time.Millisecond, answers...); a != "" || w.err != nil {
				return a
			}
			if e := w.known(mark); e != nil {
				w.Fail(e)
				return ""
			}
			writes, bad := w.t.net.since(mark)
			if bad != nil {
				w.Fail(w.badAnswer(bad))
				return ""
			}
			if time.Now().After(deadline) {
				return ""
			}
			// Nothing was sent and the fields are empty again: the press fell on a dead form.
			if len(writes) == 0 && !w.hold(values) && w.Shows(button) && w.Shows(fields[0].Name) {
				break
			}
		}
	}
	return ""
}

func (w *Walk) hold(values []fieldValue) bool {
	for _, v := range values {
		var ok bool
		if err := w.t.call(w.ctx, &ok, "holdsValue", v.Handle, v.Value); err != nil || !ok {
			return false
		}
	}
	return true
}

// Choose takes one of the words in a list, drawn or native, and makes sure that it was taken.
func (w *Walk) Choose(name string, words selectors.Names) *Walk {
	f := w.resolve(name)
	if w.err != nil {
		return w
	}
	var native struct {
		Is    bool   `json:"is"`
		Taken string `json:"taken"`
	}
	if err := w.t.call(w.ctx, &native, "selectOption", f.Handle, words); err != nil {
		return w.Fail(err)
	}
	if native.Is {
		if native.Taken == "" {
			return w.Fail(w.drift("%s offers no %s", name, words))
		}
		return w
	}
	w.Click(name)
	// Options of a drawn list are mounted somewhere else in the document.
	opt := name + " option"
	w.t.sheet = w.t.sheet.With(opt, selectors.Element{Basis: w.t.sheet.Elements[name].Basis, Find: []selectors.Candidate{{Role: "option", Name: words}}})
	row := w.row
	w.row = nil
	w.Click(opt)
	if w.err == nil && w.Shows(opt) { // a list of several stays open
		if err := w.t.call(w.ctx, nil, "escape"); err != nil {
			w.Fail(err)
		}
		w.Gone(opt)
	}
	w.row = row
	got := w.resolve(name)
	if w.err == nil && !mentions(words, got.Text) && !mentions(words, got.Name) {
		return w.Fail(w.drift("%s shows %s after %s was chosen", name, quoted(flows.Clean(got.Text)), words))
	}
	return w
}

// mentions tells whether one of the words stands in the text: a list of several shows them all.
func mentions(words selectors.Names, text string) bool {
	for _, part := range splitList(text) {
		if words.Match(part) {
			return true
		}
	}
	return words.Match(text)
}
