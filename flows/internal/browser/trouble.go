package browser

import (
	"errors"
	"time"

	"github.com/usherhq/usher/flows"
)

// trouble makes an error of a step that did not come to pass. What the page is comes first: on a
// sign-in page, a challenge or an error page every selector looks broken, and none is.
func (w *Walk) trouble(mark time.Time, why error, what string) error {
	if e := w.dead(); e != nil {
		return e
	}
	w.asked = time.Time{}
	if e := w.known(mark); e != nil {
		return e
	}
	// A bad answer since the page was opened explains what is missing on it.
	if !w.opened.IsZero() && w.opened.Before(mark) {
		mark = w.opened
	}
	if _, bad := w.t.net.since(mark); bad != nil {
		return w.badAnswer(bad)
	}
	return w.drift("%s: %v", what, why)
}

// known tells whether the page is one of those that are not drift: a lost session, a challenge,
// maintenance, a native dialog. It does not wait.
func (w *Walk) known(mark time.Time) error {
	w.t.mu.Lock()
	native := w.t.native
	w.t.native = ""
	w.t.mu.Unlock()
	if native != "" {
		return w.drift("a native dialog came up and was dismissed: %s", native)
	}
	// What the page is is asked of it once in a while only: every look costs the page time.
	if now := time.Now(); now.Sub(w.asked) < 250*time.Millisecond {
		return nil
	}
	w.asked = time.Now()
	here := w.shown(append([]string{"challenge", "maintenance"}, w.t.sheet.Pages["signin"].Landmark...))
	switch {
	case here["challenge"]:
		return w.seen(flows.Errorf(flows.Challenge, w.op, "the console wants a person: %s", w.said("challenge")).
			WithHint("sign in by hand once from this machine's address, then try again; usher does not answer challenges"))
	case here["maintenance"]:
		e := flows.Errorf(flows.Unavailable, w.op, "the console says: %s", w.said("maintenance")).WithHint("try again later")
		if _, bad := w.t.net.since(mark); bad != nil {
			e.After = bad.after
		}
		return w.seen(e)
	}
	if _, ok := w.t.sheet.Pages["signin"]; !ok || w.signing {
		return nil
	}
	for _, n := range w.t.sheet.Pages["signin"].Landmark {
		if !here[n] {
			return nil
		}
	}
	return w.seen(flows.Errorf(flows.SessionLost, w.op, "the console shows its sign-in page").WithHint("usher signs in again by itself"))
}

// shown tells, in one look, which of the names are to be seen.
func (w *Walk) shown(names []string) map[string]bool {
	var known []string
	specs := []*spec{}
	for _, n := range names {
		if s := element(w.t.sheet, n); s != nil {
			known, specs = append(known, n), append(specs, s)
		}
	}
	out := map[string]bool{}
	var all []found
	if err := w.t.call(w.ctx, &all, "which", specs); err != nil {
		if !errors.Is(err, errMoved) && w.ctx.Err() == nil {
			w.Fail(err)
		}
		return out
	}
	for i, f := range all {
		out[known[i]] = f.State == "one" || f.State == "many"
	}
	return out
}

func (w *Walk) said(name string) string {
	var f found
	if err := w.t.call(w.ctx, &f, "find", element(w.t.sheet, name)); err != nil || f.State != "one" {
		return name
	}
	if f.Text == "" {
		return flows.Clean(f.Name)
	}
	return flows.Clean(f.Text)
}

func (w *Walk) badAnswer(x *exchange) error {
	e := flows.Errorf(flows.Unavailable, w.op, "the console answered %d to %s %s", x.status, x.method, flows.Clean(x.path))
	e.After = x.after
	if x.after > 0 {
		return w.seen(e.WithHint("it asks for a pause of %s", x.after))
	}
	return w.seen(e.WithHint("try again later"))
}

// drift makes the error of a console that does not look as its sheet says.
func (w *Walk) drift(format string, args ...any) error {
	e := flows.Errorf(flows.Drift, w.op, format, args...)
	e.Msg = flows.Clean(e.Msg) + " (sheet " + w.t.sheet.ID() + ", at " + w.address() + ")"
	return w.seen(e.WithHint("run `usher check %s` and look at the picture with `usher runs show`", w.t.env.Connection.Name))
}

// seen keeps a picture of what led to the error.
func (w *Walk) seen(e *flows.Error) error {
	png, why := w.t.picture(w.ctx)
	note := e.Msg
	if why != "" {
		note += " (no picture: " + why + ")"
	}
	err := w.t.env.Record.Record(w.ctx, flows.Step{At: w.t.env.Now(), Name: string(e.Code), Note: note, Failed: true, Picture: png})
	if err != nil {
		e.Msg += " (and its evidence could not be kept: " + err.Error() + ")"
	}
	return e
}
