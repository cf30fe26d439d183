package console

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/browser"
)

// Wait is how long something small may take to show itself; late is how long a console may take
// until what it accepted is to be seen.
const (
	Wait = 3 * time.Second
	late = 40 * time.Second
)

// Invite lets a person in. One who is there already is not invited again.
func (c *Console) Invite(ctx context.Context, p flows.Person) (flows.Outcome, error) {
	w := c.Tab.Walk(ctx, "invite "+p.Email)
	for _, role := range p.Roles {
		if _, err := c.theirs(role); err != nil {
			return flows.Outcome{}, err
		}
	}
	if len(p.Roles) == 0 {
		return flows.Outcome{}, flows.Errorf(flows.Invalid, "invite", "no role was named").WithHint("the roles are %s", strings.Join(c.App.Roles, ", "))
	}
	found, err := c.find(ctx, w, p.Email)
	if err != nil {
		return flows.Outcome{}, err
	}
	if len(found) > 0 {
		return standing(found, p.Email)
	}
	w.MayWrite("invite")
	c.openUsers(w, false)
	w.Click(c.Name("users.add"))
	w.See("invite.dialog")
	w.Fill("invite.email", p.Email)
	c.names(w, p)
	for _, role := range p.Roles {
		words, err := c.theirs(role)
		if err != nil {
			return flows.Outcome{}, err
		}
		w.Choose("invite.role", words)
	}
	w.See("invite.dialog")
	mark := w.Mark()
	w.Press("invite.send", flows.Press{Verb: "invite", Subject: p.Email})
	said := c.afterPress(ctx, w, mark, "invite.dialog", "invite.refused")
	if w.Err() != nil && !w.Pressed() {
		return flows.Outcome{}, w.Err()
	}
	var wrong string
	out, err := c.verify(ctx, w, p.Email, said, mark, func(now []flows.Account) (flows.Outcome, bool) {
		wrong = ""
		if len(now) != 1 {
			return flows.Outcome{}, false
		}
		if got := now[0].Roles; !slices.Equal(got, slices.Sorted(slices.Values(p.Roles))) && !slices.Equal(got, []string{"multiple"}) {
			wrong = fmt.Sprintf("the account has the roles %s, not %s", strings.Join(got, ", "), strings.Join(p.Roles, ", "))
			return flows.Outcome{}, false
		}
		switch now[0].State {
		case flows.Invited:
			return flows.Outcome{Kind: flows.InvitationOut, Account: &now[0]}, true
		case flows.Active:
			return flows.Outcome{Kind: flows.Done, Account: &now[0]}, true
		default:
			return flows.Outcome{}, false
		}
	})
	var e *flows.Error
	if wrong != "" && errors.As(err, &e) {
		e.Msg += "; " + wrong
	}
	return out, err
}

// names fills the name fields that the form has. One that it demands and we lack is an error
// before anything is pressed.
func (c *Console) names(w *browser.Walk, p flows.Person) {
	for _, f := range []struct{ name, text, flag string }{{"invite.first", p.First, "--first"}, {"invite.last", p.Last, "--last"}} {
		if !w.Has(f.name) || w.Err() != nil {
			continue
		}
		if f.text == "" {
			w.Fail(flows.Errorf(flows.Invalid, "invite", "%s asks for first and last name", c.App.Title).WithHint("give %s", f.flag))
			return
		}
		w.Fill(f.name, f.text)
	}
}

// standing is the outcome for somebody who is there already.
func standing(found []flows.Account, email string) (flows.Outcome, error) {
	a, err := one(found, email)
	if err != nil {
		return flows.Outcome{}, err
	}
	switch a.State {
	case flows.Active:
		return flows.Outcome{Kind: flows.Already, Account: &a, Seen: "an active account stands"}, nil
	case flows.Invited:
		return flows.Outcome{Kind: flows.InvitationOut, Account: &a, Seen: "an invitation is out; none was sent again"}, nil
	case flows.InviteExpired:
		return flows.Outcome{}, flows.Errorf(flows.Unsupported, "invite", "an earlier invitation of %s has expired", email).
			WithHint("invite again by hand in the console: that is another act there, and it may reset the person's sign-in")
	case flows.Deactivated:
		return flows.Outcome{}, flows.Errorf(flows.Unsupported, "invite", "%s has a deactivated account", email).
			WithHint("reactivate it by hand in the console")
	default:
		return flows.Outcome{}, flows.Errorf(flows.Unsupported, "invite", "%s has an account in a state that usher does not know: %q", email, a.Words["status"]).
			WithHint("look at it in the console")
	}
}

// afterPress waits for the form to go or to complain, and returns what the console said.
func (c *Console) afterPress(ctx context.Context, w *browser.Walk, mark time.Time, form, refused string) string {
	var said string
	if w.Err() == nil {
		deadline := time.Now().Add(Wait * 3)
		for w.Err() == nil && time.Now().Before(deadline) {
			if w.Has(refused) && w.Which(0, refused) != "" {
				said = w.Peek(refused)
				break
			}
			if !w.Shows(form) {
				break
			}
			c.Tab.Pause(ctx, 60*time.Millisecond)
		}
		w.Answered(mark)
		if toast := w.Peek("toast"); said == "" && toast != "" {
			said = toast
		}
		w.Picture("after the press")
	}
	return said
}

// verify looks again on a fresh page until ok says that the change is to be seen. What cannot be
// told is unverified, whatever the console said.
func (c *Console) verify(ctx context.Context, pressed *browser.Walk, email, said string, mark time.Time,
	ok func([]flows.Account) (flows.Outcome, bool)) (flows.Outcome, error) {
	refused, answers := pressed.Writes(mark)
	patience := c.Env.Patience
	if patience == 0 {
		patience = late
	}
	deadline := time.Now().Add(patience)
	var last error
	looks := 0
	for pause := 500 * time.Millisecond; ; pause = min(pause*2, 5*time.Second) {
		w := c.Tab.Walk(ctx, "look again at "+email)
		found, err := c.find(ctx, w, email)
		last = err
		if flows.CodeOf(err) == flows.SessionLost && looks < 3 {
			err = c.signIn(ctx)
			looks++
			if err == nil {
				continue
			}
			last = err
			if code := flows.CodeOf(err); code == flows.LoginRefused || code == flows.Challenge {
				break // no second try with a password that was refused
			}
		}
		if err == nil {
			looks++
			if out, good := ok(found); good {
				w.Picture("seen again")
				if w.Err() != nil {
					return flows.Outcome{}, unverified(email, said, answers, w.Err())
				}
				out.Seen = seenWords(email, found, said)
				return out, nil
			}
			if refused != "" && looks > 1 {
				return flows.Outcome{}, flows.Errorf(flows.Unsupported, pressedOp(pressed), "the console refused it (%s): %s; a fresh look shows that nothing has changed", refused, orNothing(said)).
					WithHint("do what it asks for in the console, then try again")
			}
			if e := pressed.Err(); e != nil && !pressed.Final() {
				return flows.Outcome{}, e // only the way to it was pressed, and a fresh look shows nothing changed
			}
		}
		// A clear refusal is worth a second look, whatever the first took.
		enough := time.Now().Add(pause).After(deadline) && (refused == "" || looks != 1 || err != nil)
		if enough || c.Tab.Dead() != nil || ctx.Err() != nil {
			break
		}
		c.Tab.Pause(ctx, pause)
	}
	if last == nil {
		last = pressed.Err()
	}
	return flows.Outcome{}, unverified(email, said, answers, last)
}

func pressedOp(w *browser.Walk) string { return w.Op() }

func orNothing(s string) string {
	if s == "" {
		return "without a word"
	}
	return fmt.Sprintf("%q", s)
}

func seenWords(email string, now []flows.Account, said string) string {
	var s string
	if len(now) == 0 {
		s = "a fresh search finds our own account and not " + email
	} else {
		s = fmt.Sprintf("a fresh look shows %s as %s (%q)", email, now[0].State, now[0].Words["status"])
	}
	if said != "" {
		s += "; the console had said " + fmt.Sprintf("%q", said)
	}
	return s
}

func unverified(email, said string, answers []string, last error) error {
	e := flows.Errorf(flows.Unverified, "look again at "+email, "the button was pressed (%s), the console said %s, and the change is not to be seen", strings.Join(answers, "; "), orNothing(said))
	if last != nil {
		e.Msg += "; the last look failed: " + flows.Clean(last.Error())
		e.Err = last
	}
	return e.WithHint("look in the console; then give the same order again: usher looks first and does not press twice blindly")
}
