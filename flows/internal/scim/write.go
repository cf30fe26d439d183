package scim

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// A change is what is to become so, for the errors and the journal.
type change struct {
	verb    string
	subject string
	op      string
	key     string // under which the form that worked is remembered
}

// The verbs, as [flows.Press] has them.
const (
	verbInvite     = "invite"
	verbDeactivate = "deactivate"
	verbReactivate = "reactivate"
	verbUpdate     = "update"
	verbCreate     = "group-create"
	verbRename     = "group-rename"
	verbMembers    = "group-members"
)

// A request is one write in one form.
type request struct {
	element string // as it is announced
	method  string
	path    string
	body    any // nil: none
	header  http.Header
	// repeat says whether the same may be sent again in another media type; nil: it may.
	repeat func(ctx context.Context) (bool, error)
}

// A verdict is what an answer to a write says of it. None of them says what became of it.
type verdict int

const (
	accepted  verdict = iota // 2xx
	misformed                // it cannot be done in this form
	limited                  // not now; the service may say when
	barred                   // the token is refused
	declined                 // it is understood, and not done
	lost                     // nobody knows
)

// An answer to a write; the reply is nil where it was lost.
type answer struct {
	verdict verdict
	reply   *Reply
	err     error
}

func judge(r *Reply) verdict {
	switch s := r.Status; {
	case r.ok():
		return accepted
	case s == http.StatusUnauthorized:
		return barred
	case s == http.StatusTooManyRequests, s == http.StatusServiceUnavailable && r.Header.Get("Retry-After") != "":
		return limited
	case s == http.StatusBadRequest, s == http.StatusNotFound, s == http.StatusMethodNotAllowed,
		s == http.StatusUnsupportedMediaType, s == http.StatusNotImplemented:
		return misformed
	case s == http.StatusRequestTimeout:
		return lost
	case s >= 400 && s < 500:
		return declined
	}
	return lost
}

// press announces a request that may change something. Where it returns an error nothing is sent.
func (c *Console) press(ctx context.Context, ch change, element string) error {
	if c.env.Connection.ReadOnly {
		return flows.Errorf(flows.Refused, ch.op, "the connection %s is read-only", c.env.Connection.Name).
			WithHint("whoever may write there does it; or take read_only away")
	}
	if c.env.Pressing == nil {
		return flows.Errorf(flows.Internal, ch.op, "there is no journal to write %s into", element)
	}
	return c.env.Pressing(ctx, flows.Press{Verb: ch.verb, Subject: ch.subject, Element: element, Final: true})
}

// write announces a request and sends it once; and once more in plain JSON where the service says
// that it takes no other. Its error says that nothing was sent.
func (c *Console) write(ctx context.Context, ch change, r request) (answer, error) {
	a, err := c.sendOnce(ctx, ch, r)
	if err != nil || a.reply == nil || c.profile.Plain || r.body == nil || !aboutType(a.reply) {
		return a, err
	}
	if r.repeat != nil {
		if ok, err := r.repeat(ctx); err != nil || !ok {
			return a, err
		}
	}
	r.element += " (as application/json)"
	c.profile.Plain = true
	b, err := c.sendOnce(ctx, ch, r)
	if err != nil || b.reply == nil || aboutType(b.reply) {
		c.profile.Plain = false
	}
	return b, err
}

// aboutType says whether an answer refuses the media type.
func aboutType(r *Reply) bool {
	if r.Status == http.StatusUnsupportedMediaType {
		return true
	}
	text := strings.ToLower(errorText(r.Header.Get("Content-Type"), r.Body))
	return r.Status == http.StatusBadRequest &&
		(strings.Contains(text, "content type") || strings.Contains(text, "content-type") || strings.Contains(text, "media type") || strings.Contains(text, "scim+json"))
}

func (c *Console) sendOnce(ctx context.Context, ch change, r request) (answer, error) {
	var body []byte
	header := http.Header{}
	for k, v := range r.header {
		header[k] = v
	}
	if r.body != nil {
		var err error
		if body, err = json.Marshal(r.body); err != nil {
			return answer{}, flows.Errorf(flows.Internal, ch.op, "write the request: %w", err)
		}
		kind := typeSCIM
		if c.profile.Plain {
			kind = typeJSON
		}
		header.Set("Content-Type", kind)
	}
	if err := c.press(ctx, ch, r.element); err != nil {
		return answer{}, err
	}
	began := c.now()
	reply, err := c.wire.send(ctx, r.method, r.path, nil, body, header)
	a := answer{verdict: lost, reply: reply, err: err}
	note := "no reply"
	if err == nil {
		a.verdict = judge(reply)
		note = strings.TrimSpace(statusOf(reply.Status) + " " + c.wire.words(reply))
	} else if text := c.wire.harmless(err.Error()); text != "" {
		note += ": " + text
	}
	// Something may have changed by now. That it cannot be written down is no reason not to look.
	if serr := c.step(ctx, r.method+" "+resourceOf(r.path), began, r.element, note, a.verdict != accepted); serr != nil {
		return a, c.unverified(ch, serr, "it was sent, and could not be written down")
	}
	return a, nil
}

// unverified is the error of a write that was not seen to have worked; where something else was seen
// it is marked so.
func (c *Console) unverified(ch change, cause error, format string, args ...any) *flows.Error {
	text := fmt.Sprintf(format, args...)
	e := flows.Errorf(flows.Unverified, ch.op, "%s", text)
	if cause != nil {
		e = flows.Errorf(flows.Unverified, ch.op, "%s: %w", text, cause)
	}
	return e.WithHint("look at %s in %s; the same order again looks first and repeats nothing blindly", ch.subject, c.title())
}

// refused is the error of a write that the service would not do, in its words.
func (c *Console) refused(ch change, a answer) error {
	if a.verdict == barred {
		return c.wire.refusal(ch.op, a.reply)
	}
	return flows.Errorf(flows.Unsupported, ch.op, "%s", c.wire.says(c.wire.base.Host+" answers "+statusOf(a.reply.Status), a.reply)).
		WithHint("see what the service can do with `usher check`, or do it in %s", c.title())
}

// said puts an answer in words, for an error.
func (c *Console) said(a answer) string {
	if a.reply == nil {
		text := "nothing"
		if a.err != nil {
			if h := c.wire.harmless(a.err.Error()); h != "" {
				text += " (" + h + ")"
			}
		}
		return c.wire.base.Host + " answered " + text
	}
	return c.wire.says(c.wire.base.Host+" answered "+statusOf(a.reply.Status), a.reply)
}

func (c *Console) title() string {
	if c.shape.App.Title != "" {
		return c.shape.App.Title
	}
	return c.wire.base.Host
}

// A waiter spaces looks at what was accepted, until patience ends.
type waiter struct {
	c     *Console
	began time.Time
	slept time.Duration
	next  time.Duration
}

func (c *Console) wait() *waiter { return &waiter{c: c, began: c.now(), next: firstPause} }

// more waits and returns true where there is still time for another look. Time is what was slept,
// or what the clock says, whichever is more.
func (w *waiter) more(ctx context.Context) (bool, error) {
	const most = 5 * time.Second
	spent := max(w.slept, w.c.now().Sub(w.began))
	if spent >= w.c.patience {
		return false, nil
	}
	d := min(w.next, w.c.patience-spent)
	if err := w.c.sleep(ctx, d); err != nil {
		return false, stopped(ctx, "look again")
	}
	w.slept += d
	w.next = min(w.next*2, most)
	return true, nil
}

// passing says whether an error of a look may be gone at the next one.
func passing(ctx context.Context, err error) bool {
	return ctx.Err() == nil && flows.CodeOf(err) == flows.Unavailable
}
