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

// A Check is what must hold of another element at the very moment of a press: the confirmation
// that names the subject and speaks of the act.
type Check struct {
	Element string // the sheet's name of the dialog or panel
	Email   string // every address in it must be this one
	Person  string // where it shows no address, it must show this name
	Class   string // the class of verb it must speak of; "" for any
}

// checkSpec is a Check as eyes.js wants it.
type checkSpec struct {
	Spec   *spec  `json:"spec"`
	Email  string `json:"email,omitempty"`
	Person string `json:"person,omitempty"`
	Verb   string `json:"verb,omitempty"`
}

// aimed is what eyes.js says before a press.
type aimed struct {
	State  string  `json:"state"` // one, none, many, contradiction, disabled, moving, covered, hover, mismatch
	Why    string  `json:"why"`
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Name   string  `json:"name"`
	Role   string  `json:"role"`
	By     int     `json:"by"`
	Failed []int   `json:"failed"`
}

// verdict is what the gate let through, or why it stopped an event.
type verdict struct {
	Delivered []string `json:"delivered"`
	Blocked   string   `json:"blocked"`
}

type fieldValue struct {
	Handle int    `json:"handle"`
	Value  string `json:"value"`
}

// Click presses an element that changes nothing by itself. An element of the sheet that may write
// is pressed by Press alone.
func (w *Walk) Click(name string, checks ...Check) *Walk {
	if w.err == nil && w.t.sheet.Elements[name].Writes {
		return w.Fail(flows.Errorf(flows.Internal, w.op, "%s may write: it is pressed only as an announced press", name))
	}
	return w.press(name, checks, nil, nil)
}

// Press presses an element that changes something, or that speaks of doing so. Every check is made
// again at the moment the event arrives, and every field that was filled must still hold its text;
// the intent is on disk before. The same element is never pressed twice in a walk.
func (w *Walk) Press(name string, p flows.Press, checks ...Check) *Walk {
	if w.err != nil {
		return w
	}
	if slices.Contains(w.done, name) {
		return w.Fail(flows.Errorf(flows.Internal, w.op, "%s: pressed once already in this walk", name))
	}
	e := w.t.sheet.Elements[name]
	if e.Basis == selectors.Assumed && !w.accepted(name) {
		return w.Fail(w.t.unaccepted(w.op, []string{name}))
	}
	p.Element, p.Final = name, e.Writes
	w.Picture("before " + name)
	return w.press(name, checks, w.filled, &p)
}

func (w *Walk) accepted(name string) bool {
	s := w.t.sheet
	return w.t.env.Accepted != nil && w.t.env.Accepted(s.ID(), name, s.Digest(name))
}

// MayWrite refuses a write of a class of verb while an element on its way is only assumed and
// nobody has accepted it for this connection.
func (w *Walk) MayWrite(class string) *Walk {
	if w.err != nil {
		return w
	}
	names := slices.DeleteFunc(w.t.sheet.Assumed(w.t.sheet.For(class)), w.accepted)
	if len(names) > 0 {
		return w.Fail(w.t.unaccepted(w.op, names))
	}
	return w
}

func (t *Tab) unaccepted(op string, names []string) error {
	return flows.Errorf(flows.Refused, op, "sheet %s only assumes how the console looks here: %s", t.sheet.ID(), strings.Join(names, ", ")).
		WithHint("run `usher check %[1]s`, then look at and accept them with `usher selectors accept %[1]s --sheet %[2]s`", t.env.Connection.Name, t.sheet.ID())
}

// press aims, announces and presses; it tries again as long as nothing was delivered.
func (w *Walk) press(name string, checks []Check, values []fieldValue, intent *flows.Press) *Walk {
	if w.err != nil {
		return w
	}
	start := w.t.env.Now()
	mark := w.t.net.mark()
	s := w.spec(name)
	if s == nil {
		return w.Fail(w.unknown(name))
	}
	opts := map[string]any{"checks": w.checkSpecs(checks), "values": values}
	ctx, cancel := w.t.bind(w.ctx, w.t.step)
	defer cancel()
	var last aimed
	announced := intent == nil
	mismatch := time.Time{}
	var first *aimed
	for {
		var a aimed
		err := w.t.call(ctx, &a, "aim", s, opts)
		switch {
		case errors.Is(err, errMoved):
		case err != nil && ctx.Err() == nil:
			return w.Fail(err)
		case err != nil:
		case a.State == "one":
			if e := w.fits(name, a); e != nil {
				w.let(ctx)
				return w.Fail(e)
			}
			// What an earlier attempt saw is what is pressed: a label that has turned into another one
			// for good is another element.
			if first != nil && (first.Role != a.Role || flows.Clean(first.Name) != flows.Clean(a.Name)) {
				w.let(ctx)
				what := "its name is " + quoted(flows.Clean(a.Name)) + " now"
				if first.Role != a.Role {
					what = "its role is " + flows.Clean(a.Role) + " now"
				}
				return w.Fail(w.drift("%s was not pressed: %s, and it was the %s %s", name, what, first.Role, quoted(flows.Clean(first.Name))))
			}
			first = &a
			if !announced {
				if err := announce(ctx, w.t.env, *intent); err != nil {
					w.let(ctx)
					return w.Fail(err)
				}
				announced = true
			}
			v, err := w.mouse(ctx, a, intent != nil)
			switch {
			case err == nil:
			case errors.Is(err, errMoved) && !w.lost:
				v.Blocked = err.Error() // nothing was pressed, or nothing that writes
			case ctx.Err() != nil || errors.Is(err, errMoved):
				return w.Fail(w.trouble(mark, fmt.Errorf("the press was not answered (before: %s %s): %w", last.State, last.Why, err), name))
			default:
				return w.Fail(err)
			}
			if len(v.Delivered) > 0 {
				if intent != nil {
					w.pressed = true
					w.done = append(w.done, name)
				}
				note := quoted(flows.Clean(a.Name))
				if v.Blocked != "" {
					// Many a list opens while the button is down, and is another thing when it comes up.
					note += ", stopped midway: " + flows.Clean(v.Blocked)
					if intent != nil {
						w.t.note(name + " was stopped midway: " + flows.Clean(v.Blocked))
					}
				}
				w.record(flows.Step{At: start, Name: "press " + name, Element: name, Selector: by(w.t.sheet, name, a.By),
					Took: w.t.env.Now().Sub(start), Note: note})
				if n := soft(w.t.sheet, name, found{By: a.By, Failed: a.Failed}); n != "" {
					w.t.note("soft drift: " + name + ": " + n)
				}
				return w
			}
			last = aimed{State: "moved", Why: v.Blocked}
		case a.State == "hover":
			if err := w.move(ctx, a.X, a.Y); err != nil && ctx.Err() == nil {
				return w.Fail(err)
			}
			opts["hovered"] = true
			if last.State != "covered" {
				last = a
			}
		case a.State == "emptied" && intent == nil:
			return w // nothing was pressed: who filled the fields fills them again
		default:
			delete(opts, "hovered")
			last = a
		}
		if last.State == "mismatch" || last.State == "emptied" {
			// A dialog may still be filling in; one that goes on naming somebody else is not ours.
			if mismatch.IsZero() {
				mismatch = time.Now()
			} else if time.Since(mismatch) > 2*time.Second {
				return w.Fail(w.drift("%s was not pressed: %s", name, last.Why))
			}
		} else {
			mismatch = time.Time{}
		}
		if e := w.known(mark); e != nil {
			return w.Fail(e)
		}
		if !pause(ctx, 50*time.Millisecond) {
			return w.Fail(w.trouble(mark, fmt.Errorf("it was not pressed, it is %s: %s", last.State, last.Why), name))
		}
	}
}

// Names waits until the element of the check shows itself, and makes sure that what it says is of
// the check's subject and act: a panel or a dialog that is somebody else's stops the walk.
func (w *Walk) Names(c Check) *Walk {
	specs := w.checkSpecs([]Check{c})
	if w.err != nil {
		return w
	}
	mark := w.t.net.mark()
	ctx, cancel := w.t.bind(w.ctx, stepBound/3)
	defer cancel()
	var why string
	for {
		err := w.t.call(ctx, &why, "says", specs[0])
		switch {
		case err == nil && why == "":
			return w
		case err != nil && !errors.Is(err, errMoved) && ctx.Err() == nil:
			return w.Fail(err)
		}
		if e := w.known(mark); e != nil {
			return w.Fail(e)
		}
		if !pause(ctx, 40*time.Millisecond) {
			return w.Fail(w.trouble(mark, errors.New(why), c.Element))
		}
	}
}

// announce writes the intent down. Without a journal nothing that writes is pressed.
func announce(ctx context.Context, env flows.Env, p flows.Press) error {
	if env.Pressing == nil {
		return flows.Errorf(flows.Internal, p.Verb, "there is no journal to write the press down in")
	}
	return env.Pressing(ctx, p)
}

func (w *Walk) checkSpecs(checks []Check) []checkSpec {
	out := make([]checkSpec, 0, len(checks))
	for _, c := range checks {
		s := element(w.t.sheet, c.Element)
		if s == nil {
			w.Fail(w.unknown(c.Element))
			continue
		}
		out = append(out, checkSpec{Spec: s, Email: c.Email, Person: c.Person, Verb: selectors.VerbPattern(c.Class)})
	}
	return out
}

// views are roles of what changes a view and not an account: "Show deactivated users" is no act.
var views = []string{"switch", "checkbox", "radio", "tab", "option", "columnheader"}

// fits refuses an element whose own label speaks of another act than the sheet's.
func (w *Walk) fits(name string, a aimed) error {
	says := selectors.Verbs(a.Name)
	want := w.t.sheet.Elements[name].Verb
	other := func(class string) bool { return class != want && selectors.Takes(class) }
	if len(says) == 0 || (want != "" && slices.Contains(says, want) && !slices.ContainsFunc(says, other)) {
		return nil
	}
	if want == "" && (!slices.ContainsFunc(says, selectors.Takes) || slices.Contains(views, a.Role)) {
		return nil
	}
	return w.drift("%s is labelled %s, which is another act (%s)", name, quoted(flows.Clean(a.Name)), strings.Join(says, ", "))
}

// let closes the gate without a press.
func (w *Walk) let(ctx context.Context) verdict {
	var v verdict
	if err := w.t.call(ctx, &v, "release"); err != nil {
		return verdict{Blocked: err.Error()}
	}
	return v
}

func (w *Walk) move(ctx context.Context, x, y float64) error {
	return proto.InputDispatchMouseEvent{Type: proto.InputDispatchMouseEventTypeMouseMoved, X: x, Y: y}.Call(w.t.page.Context(ctx))
}

// mouse moves there, presses and lets go, and asks the gate what came through. Where the page went
// elsewhere under the press, or died of it, that counts as delivered: look, do not repeat.
func (w *Walk) mouse(ctx context.Context, a aimed, writes bool) (verdict, error) {
	page := w.t.page.Context(ctx)
	err := w.move(ctx, a.X, a.Y)
	if err != nil {
		w.let(ctx)
		return verdict{}, w.t.moved(ctx, err)
	}
	for _, typ := range []proto.InputDispatchMouseEventType{proto.InputDispatchMouseEventTypeMousePressed, proto.InputDispatchMouseEventTypeMouseReleased} {
		err = errors.Join(err, proto.InputDispatchMouseEvent{Type: typ, X: a.X, Y: a.Y, Button: proto.InputMouseButtonLeft, Buttons: ptr(1), ClickCount: 1}.Call(page))
	}
	if err != nil {
		w.pressed, w.lost = w.pressed || writes, w.lost || writes
		return verdict{}, w.t.cause(w.t.moved(ctx, err))
	}
	var v verdict
	if e := w.t.call(ctx, &v, "release"); e != nil {
		if errors.Is(e, errMoved) {
			return verdict{Delivered: []string{"navigation"}}, nil
		}
		w.pressed, w.lost = w.pressed || writes, w.lost || writes
		return verdict{}, e
	}
	if v.Blocked == "the page changed" {
		v = verdict{Delivered: []string{"navigation"}} // the gate went with the old document
	}
	return v, nil
}

// Tick sets a tick box or a switch; one that stands as wanted is left alone.
func (w *Walk) Tick(name string, on bool) *Walk {
	f := w.resolve(name)
	if w.err != nil {
		return w
	}
	var is bool
	if err := w.t.call(w.ctx, &is, "ticked", f.Handle); err != nil {
		return w.Fail(err)
	}
	if is == on {
		return w
	}
	w.Click(name)
	if w.err != nil {
		return w
	}
	deadline := time.Now().Add(3 * time.Second)
	for {
		f, err := w.glance(name)
		if err == nil && f.State == "one" {
			err = w.t.call(w.ctx, &is, "ticked", f.Handle)
		}
		switch {
		case err != nil && !errors.Is(err, errMoved):
			return w.Fail(err)
		case err == nil && f.State == "one" && is == on:
			return w
		case time.Now().After(deadline) || !pause(w.ctx, 50*time.Millisecond):
			return w.Fail(w.drift("%s does not take the setting", name))
		}
	}
}
