package scim

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// A creation is a POST that must never be sent twice.
type creation struct {
	change
	resource string
	body     any
	// quick looks cheaply: by the id that the answer gave, or by filter. It proves nothing.
	quick func(ctx context.Context, id string) (bool, error)
	// full looks for exactly one; false and a nil error mean absence proved.
	full func(ctx context.Context) (bool, error)
}

// create sends the POST, and looks whatever the answer is. It is sent again only where the service
// has turned it away for now and a full look after the wait proves that there is nothing.
func (c *Console) create(ctx context.Context, k creation) error {
	for try := 0; ; try++ {
		req := numbered(request{element: "POST", method: http.MethodPost, path: k.resource, body: k.body}, try)
		req.repeat = func(ctx context.Context) (bool, error) {
			there, err := k.full(ctx)
			if err != nil {
				return false, c.unverified(k.change, err, "the media type was refused, and a fresh look did not show what became of it")
			}
			return !there, nil
		}
		a, err := c.write(ctx, k.change, req)
		switch {
		case err != nil:
			return err
		case a.verdict == barred:
			return c.refused(k.change, a)
		case a.verdict == limited:
			again, err := c.turnedAway(ctx, k, a, try)
			if err != nil || !again {
				return err
			}
			continue
		}
		there, err := c.await(ctx, k, a)
		switch {
		case err != nil:
			return c.unverified(k.change, err, "%s, and a fresh look did not show what became of it", c.said(a))
		case there:
			return nil
		case hopeless(a):
			return c.refused(k.change, a)
		case a.reply != nil && a.reply.Status == http.StatusConflict:
			return flows.Errorf(flows.Ambiguous, k.op, "%s, and no look shows it", c.said(a)).
				WithHint("look for %s in %s: it may be there where SCIM does not show it", k.subject, c.title())
		}
		return c.unverified(k.change, nil, "%s, and it is not to be seen", c.said(a))
	}
}

// turnedAway waits as the service says, and looks. It returns true where the POST may be sent again.
func (c *Console) turnedAway(ctx context.Context, k creation, a answer, try int) (again bool, err error) {
	wait, _ := c.wire.pause(a.reply, try+1)
	if wait <= longestWait && c.sleep(ctx, wait) != nil {
		return false, c.unverified(k.change, stopped(ctx, k.op), "%s", c.said(a))
	}
	// A light read first takes what may be left of the limit.
	err = c.verify(ctx)
	there := false
	if err == nil {
		there, err = k.full(ctx)
	}
	switch {
	case err != nil:
		return false, c.unverified(k.change, err, "%s, and a fresh look did not show what became of it", c.said(a))
	case there:
		return false, nil
	case wait > longestWait:
		return false, c.wire.unavailable(k.op, a.reply, nil)
	case try > 0:
		return false, c.unverified(k.change, nil, "%s twice, and it is not to be seen", c.said(a))
	}
	return true, nil
}

// hopeless says whether an answer means that the service will not do it.
func hopeless(a answer) bool {
	return a.reply != nil && slices.Contains([]int{400, 403, 404, 405, 413, 415, 422, 501}, a.reply.Status)
}

// await looks for what was created: once where the service refused, else for as long as it may take.
func (c *Console) await(ctx context.Context, k creation, a answer) (bool, error) {
	if hopeless(a) {
		return k.full(ctx)
	}
	id := ""
	if a.verdict == accepted {
		if obj, err := decodeObject(a.reply.Body); err == nil {
			id, _ = idOf(obj) // without one there are other ways to look
		}
	}
	for n, w := 0, c.wait(); ; n++ {
		seen, err := k.quick(ctx, id)
		if err == nil && (seen || n == 1) { // once early, for the sake of those whose filters find nobody
			if there, err := k.full(ctx); there || err != nil && !passing(ctx, err) {
				return there, err
			}
		}
		if err != nil && !passing(ctx, err) {
			return false, err
		}
		more, err := w.more(ctx)
		if err != nil {
			return false, err
		}
		if !more {
			return k.full(ctx)
		}
	}
}

// Invite makes an account that is active at once: SCIM knows no invitations.
func (c *Console) Invite(ctx context.Context, p flows.Person) (flows.Outcome, error) {
	ch := change{verb: verbInvite, subject: p.Email, op: "invite", key: verbInvite}
	address, err := flows.Address(p.Email)
	if err != nil {
		return flows.Outcome{}, err
	}
	there, err := c.Find(ctx, address)
	if err != nil {
		return flows.Outcome{}, err
	}
	if len(there) > 0 {
		return c.present(ch, there)
	}
	var seen *flows.Account
	k := creation{change: ch, resource: "Users", body: newUser(p, address)}
	k.quick = func(ctx context.Context, id string) (bool, error) { return c.glimpse(ctx, id, address) }
	k.full = func(ctx context.Context) (bool, error) {
		now, err := c.Find(ctx, address)
		switch {
		case err != nil || len(now) == 0:
			return false, err
		case len(now) > 1:
			return false, flows.Errorf(flows.Ambiguous, ch.op, "%d accounts have the address %s now", len(now), address).
				WithHint("look at them in %s and leave one", c.title()).AsSeen()
		case now[0].State != flows.Active:
			return false, flows.Errorf(flows.Unverified, ch.op, "there is an account of %s now, and it is %s", address, now[0].State).
				WithHint("look at it in %s; `usher reactivate` makes a deactivated one active", c.title()).AsSeen()
		}
		seen = &now[0]
		return true, nil
	}
	if err := c.create(ctx, k); err != nil {
		return flows.Outcome{}, err
	}
	says := "a fresh search shows one account of this address, and it is active"
	if how := seen.Words[wordSearch]; how != "" {
		says = "an active account of this address: " + how
	}
	return flows.Outcome{Kind: flows.Done, Account: seen, Seen: says}, nil
}

// present is the outcome for a person who has an account.
func (c *Console) present(ch change, there []flows.Account) (flows.Outcome, error) {
	a := there[0]
	switch {
	case len(there) > 1:
		return flows.Outcome{}, flows.Errorf(flows.Ambiguous, ch.op, "%d accounts have the address %s", len(there), ch.subject).
			WithHint("look at them in %s and leave one", c.title())
	case a.State == flows.Active:
		return flows.Outcome{Kind: flows.Already, Account: &a, Seen: "the account is there and active"}, nil
	case a.State == flows.Deactivated:
		return flows.Outcome{}, flows.Errorf(flows.Unsupported, ch.op, "%s has a deactivated account; to reactivate it is another act than to invite", ch.subject).
			WithHint("`usher reactivate %s %s`", c.env.Connection.Name, ch.subject)
	}
	return flows.Outcome{}, flows.Errorf(flows.Refused, ch.op, "%s has an account, and whether it is active is not known (%s)", ch.subject, a.Words["status"]).
		WithHint("look at it in %s", c.title())
}

// glimpse looks for a new user without reading the list. Where the service knows no filters a
// glimpse shows nothing, and what counts is the full look at the end.
func (c *Console) glimpse(ctx context.Context, id, address string) (bool, error) {
	if id != "" {
		u, err := c.getUser(ctx, id)
		return u != nil && u.answers(address), err
	}
	if c.profile.Filter == unsupported {
		return true, nil
	}
	users, err := c.filter(ctx, eq("userName", address))
	return slices.ContainsFunc(users, func(u *user) bool { return u.answers(address) }), err
}

// newUser is the body of a POST. There is no password in it, ever.
func newUser(p flows.Person, address string) any {
	body := map[string]any{
		"schemas":  []string{schemaUser},
		"userName": address,
		"emails":   []any{map[string]any{"value": address, "type": "work", "primary": true}},
		"active":   true,
	}
	name := map[string]any{}
	if p.First != "" {
		name["givenName"] = p.First
	}
	if p.Last != "" {
		name["familyName"] = p.Last
	}
	if len(name) > 0 {
		body["name"] = name
		body["displayName"] = strings.TrimSpace(p.First + " " + p.Last)
	}
	return body
}
