package scim

import (
	"context"
	"net/http"
	"slices"

	"github.com/usherhq/usher/flows"
)

// A sight is what a fresh look shows of a change.
type sight int

const (
	before  sight = iota // all is as it was
	between              // neither as it was nor as it is to be
	wanted               // it is so
)

// look reads afresh. An error other than Unavailable is the last word.
type look func(ctx context.Context) (s sight, says string, err error)

// A rung is one form of a write. Its request is made when its turn comes, of what was last seen; nil
// where the form does not fit that.
type rung struct {
	form    string // as it is remembered
	request func() *request
	// last is for a form that never goes first, though it has worked.
	last bool
}

// mostAgain is how often a form that met a limit is sent again.
const mostAgain = 2

// climb tries one form of a write after the other until a fresh look shows what was wanted, and
// returns what it saw. A form is left only where a look has shown that nothing of it is on its way:
// after a lost reply there is no next one.
func (c *Console) climb(ctx context.Context, ch change, rungs []rung, look look) (string, error) {
	var last answer
	taken, sent := false, false
	state, says := before, ""
	for _, r := range c.order(ch, rungs) {
		req := r.request()
		if req == nil {
			continue
		}
		for try := 0; ; try++ {
			a, err := c.write(ctx, ch, numbered(*req, try))
			if err != nil {
				return "", err
			}
			sent, last = true, a
			taken = taken || a.verdict == accepted
			var again bool
			state, says, again, err = c.after(ctx, ch, a, try, look)
			switch {
			case err != nil:
				return "", err
			case state == wanted:
				if a.verdict == accepted {
					err = c.learned(ctx, ch.key, r.form)
				}
				return says + overwritten(req), err
			case again:
				continue
			case a.verdict == declined && state == before && !taken:
				return "", c.refused(ch, a)
			case a.verdict == declined:
				return "", c.standing(ch, a, state, says)
			}
			break
		}
	}
	switch {
	case !sent:
		return "", flows.Errorf(flows.Unsupported, ch.op, "there is no form of it that fits").WithHint("do it in %s", c.title())
	case taken || state == between:
		return "", c.standing(ch, last, state, says)
	}
	return "", c.refused(ch, last)
}

// after looks at what became of a write. again is true where it is proved that nothing did and the
// same may be sent once more.
func (c *Console) after(ctx context.Context, ch change, a answer, try int, look look) (s sight, says string, again bool, err error) {
	switch a.verdict {
	case barred:
		return before, "", false, c.refused(ch, a)
	case accepted, lost:
		s, says, err = c.poll(ctx, look)
		if err == nil && s != wanted && a.verdict == lost {
			err = c.standing(ch, a, s, says)
			return s, says, false, err
		}
	case limited:
		wait, _ := c.wire.pause(a.reply, try+1)
		over := try >= mostAgain || wait > longestWait
		if !over && c.sleep(ctx, wait) != nil {
			return s, "", false, c.unverified(ch, stopped(ctx, ch.op), "%s", c.said(a))
		}
		s, says, err = look(ctx)
		switch {
		case err != nil || s == wanted:
		case s == between:
			return s, says, false, c.standing(ch, a, s, says)
		case over:
			return s, says, false, c.wire.unavailable(ch.op, a.reply, nil)
		default:
			return s, says, true, nil
		}
	case misformed, declined:
		s, says, err = look(ctx)
	}
	if err != nil {
		return s, says, false, c.unverified(ch, err, "%s, and a fresh look did not show what became of it", c.said(a))
	}
	return s, says, false, nil
}

// overwritten says what a whole resource that was sent back without a condition may have undone.
func overwritten(r *request) string {
	if r.method != http.MethodPut || r.header.Get("If-Match") != "" {
		return ""
	}
	return "; it was written whole, so that a change which somebody else made at the same moment may have been lost"
}

// standing is the error of a write after which it is not as ordered. What is as it was may only be
// late; what is neither so nor so was seen to be wrong.
func (c *Console) standing(ch change, a answer, s sight, says string) error {
	err := c.unverified(ch, nil, "%s, and a fresh look shows: %s", c.said(a), says)
	if s == between {
		return err.AsSeen()
	}
	return err
}

// poll looks until it is so, for as long as a service may take to show what it accepted.
func (c *Console) poll(ctx context.Context, look look) (sight, string, error) {
	for w := c.wait(); ; {
		s, says, err := look(ctx)
		if err == nil && s == wanted || err != nil && !passing(ctx, err) {
			return s, says, err
		}
		more, werr := w.more(ctx)
		if werr != nil {
			return s, says, werr
		}
		if !more {
			return s, says, err
		}
	}
}

// order puts the form that was seen to work first.
func (c *Console) order(ch change, rungs []rung) []rung {
	out := slices.Clone(rungs)
	at := slices.IndexFunc(out, func(r rung) bool { return r.form == c.profile.Writes[ch.key] && !r.last })
	if at > 0 {
		first := out[at]
		out = slices.Insert(slices.Delete(out, at, at+1), 0, first)
	}
	return out
}

// numbered names a request that is sent again: an element is pressed once.
func numbered(r request, try int) request {
	switch try {
	case 0:
	case 1:
		r.element += " (again after 429)"
	default:
		r.element += " (once more after 429)"
	}
	return r
}

// An operation of a PATCH.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

// patchBody is a PATCH of these operations.
func patchBody(ops ...operation) any {
	return map[string]any{"schemas": []string{schemaPatch}, "Operations": ops}
}

// unless sets the condition that nobody has changed the resource since it was read.
func unless(etag string) http.Header {
	if etag == "" {
		return nil
	}
	return http.Header{"If-Match": {etag}}
}
