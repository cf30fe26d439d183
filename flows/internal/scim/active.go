package scim

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/usherhq/usher/flows"
)

// Deactivate takes the access of an account away: active becomes false, in whatever form the service
// understands.
func (c *Console) Deactivate(ctx context.Context, who flows.Account) (flows.Outcome, error) {
	ch := change{verb: verbDeactivate, subject: who.Email, op: "deactivate the account", key: verbDeactivate}
	u, err := c.asPlanned(ctx, ch, who)
	if err != nil {
		return flows.Outcome{}, err
	}
	if u.account.State == flows.Deactivated {
		return c.alreadyOff(ctx, ch, who, u)
	}
	if err := c.sameState(ch, who, u); err != nil {
		return flows.Outcome{}, err
	}
	now := &standing{user: u}
	says, err := c.climb(ctx, ch, c.activeRungs(now, false), c.activeLook(ch, who, now, flows.Deactivated))
	if err != nil {
		return flows.Outcome{}, err
	}
	out := flows.Outcome{Kind: flows.Done, Seen: says}
	if now.user != nil && now.user.answers(who.Email) {
		out.Account = &now.user.account
	}
	if out.Account != nil {
		out.Account.Roles = slices.Clone(who.Roles) // what was changed here is not what gives them
	}
	more, err := c.secondAgrees(ctx, ch, who, u.account)
	if err != nil {
		return flows.Outcome{}, err
	}
	out.Seen += more
	return out, nil
}

// Reactivate gives the access back: active becomes true.
func (c *Console) Reactivate(ctx context.Context, who flows.Account) (flows.Outcome, error) {
	ch := change{verb: verbReactivate, subject: who.Email, op: "reactivate the account", key: verbReactivate}
	u, err := c.asPlanned(ctx, ch, who)
	if err != nil {
		return flows.Outcome{}, err
	}
	if u.account.State == flows.Active {
		return flows.Outcome{Kind: flows.Already, Account: &u.account, Seen: "the account is active"}, nil
	}
	if err := c.sameState(ch, who, u); err != nil {
		return flows.Outcome{}, err
	}
	now := &standing{user: u}
	says, err := c.climb(ctx, ch, c.activeRungs(now, true), c.activeLook(ch, who, now, flows.Active))
	if err != nil {
		return flows.Outcome{}, err
	}
	if now.user == nil || !now.user.answers(who.Email) {
		return flows.Outcome{}, c.unverified(ch, nil, "the account is active, and has another address now").AsSeen()
	}
	now.user.account.Roles = slices.Clone(who.Roles)
	return flows.Outcome{Kind: flows.Done, Account: &now.user.account, Seen: says}, nil
}

// A standing is an account as the last look showed it; nil once it is gone.
type standing struct{ user *user }

// asPlanned reads the account afresh and refuses where it is another one than the plan's.
func (c *Console) asPlanned(ctx context.Context, ch change, who flows.Account) (*user, error) {
	if who.ID == "" || who.Email == "" {
		return nil, flows.Errorf(flows.Invalid, ch.op, "the account has no id or no address").WithHint("order by an address that `usher list` shows")
	}
	u, err := c.getUser(ctx, who.ID)
	if err != nil {
		return nil, err
	}
	if u == nil {
		f, err := c.search(ctx, who.Email)
		if err != nil {
			return nil, err
		}
		users, err := f.exactly(c.title())
		switch {
		case err != nil:
			return nil, err
		case len(users) == 0:
			return nil, flows.Errorf(flows.NotFound, ch.op, "the account %s is gone, and the complete list has nobody of %s", who.ID, who.Email).
				WithHint("`usher list %s` shows who is there", c.env.Connection.Name)
		}
		return nil, flows.Errorf(flows.Refused, ch.op, "the account %s is gone, and %s has the account %s now", who.ID, who.Email, users[0].id).
			WithHint("order again, so that a new plan is made")
	}
	if !u.answers(who.Email) {
		return nil, flows.Errorf(flows.Refused, ch.op, "the account %s is %s now, and the plan was made for %s", u.id, u.account.Email, who.Email).
			WithHint("order again, so that a new plan is made")
	}
	return u, nil
}

func (*Console) sameState(ch change, who flows.Account, u *user) error {
	if u.account.State == who.State {
		return nil
	}
	return flows.Errorf(flows.Refused, ch.op, "the account %s is %s now, and was %s when the plan was made", u.id, u.account.State, who.State).
		WithHint("order again, so that a new plan is made")
}

// activeRungs are the forms of setting "active", the one that most services know first.
func (c *Console) activeRungs(now *standing, on bool) []rung {
	at := func() string { return "Users/" + url.PathEscape(now.user.id) }
	patch := func(element string, op operation) rung {
		return rung{form: element, request: func() *request {
			if now.user == nil {
				return nil
			}
			return &request{element: element, method: http.MethodPatch, path: at(), body: patchBody(op)}
		}}
	}
	rungs := []rung{
		patch("PATCH active", operation{Op: "replace", Path: "active", Value: on}),
		patch("PATCH without path", operation{Op: "replace", Value: map[string]any{"active": on}}),
	}
	if c.profile.Active == isString || now.user.text {
		rungs = append(rungs, patch("PATCH active as text", operation{Op: "replace", Path: "active", Value: activeText(on)}))
	}
	rungs = append(rungs, rung{form: "PUT", request: func() *request {
		if now.user == nil {
			return nil
		}
		body := now.user.raw.clone()
		body.drop("meta")
		body.set("active", on)
		if now.user.text {
			body.set("active", activeText(on))
		}
		return &request{element: "PUT", method: http.MethodPut, path: at(), body: body, header: unless(now.user.etag)}
	}})
	if !on && slices.Contains(c.env.Connection.Acts, "delete") {
		// It may be for good, so it stays the last, also where it is what has worked.
		rungs = append(rungs, rung{form: "DELETE", last: true, request: func() *request {
			if now.user == nil {
				return nil
			}
			return &request{element: "DELETE", method: http.MethodDelete, path: at(), header: unless(now.user.etag)}
		}})
	}
	return rungs
}

func activeText(on bool) string {
	if on {
		return "True"
	}
	return "False"
}

// activeLook reads the account and says whether it is in the state that is wanted.
func (c *Console) activeLook(ch change, who flows.Account, now *standing, want flows.State) look {
	first := now.user
	return func(ctx context.Context) (sight, string, error) {
		u, err := c.getUser(ctx, who.ID)
		if err != nil {
			return before, "", err
		}
		if u == nil {
			if want != flows.Deactivated {
				return between, "", c.unverified(ch, nil, "the account %s is gone", who.ID).AsSeen()
			}
			s, says, err := c.gone(ctx, ch, who)
			if s == wanted {
				now.user = nil
			}
			return s, says, err
		}
		now.user = u
		switch u.account.State {
		case want:
			says := fmt.Sprintf("a fresh read of the account %s shows %s", u.id, u.account.Words["status"])
			if !u.answers(who.Email) {
				says += ", and that it is known as " + u.account.Email + " now"
			}
			return wanted, says, nil
		case first.account.State:
			return before, fmt.Sprintf("the account %s is %s", u.id, u.account.State), nil
		default:
			return between, fmt.Sprintf("the account %s is %s", u.id, u.account.State), nil
		}
	}
}

// gone says whether a complete list proves that an account that is not there any more is nowhere.
func (c *Console) gone(ctx context.Context, ch change, who flows.Account) (sight, string, error) {
	f, err := c.search(ctx, who.Email)
	if err != nil {
		return between, "", err
	}
	users, err := f.exactly(c.title())
	switch {
	case err != nil:
		return between, "", err
	case len(users) == 0:
		return wanted, fmt.Sprintf("the account %s is gone, and the complete list has nobody of %s", who.ID, who.Email), nil
	case slices.ContainsFunc(users, func(u *user) bool { return u.id != who.ID }):
		return between, "", c.unverified(ch, nil, "the account %s is gone, and %s has another one", who.ID, who.Email).AsSeen()
	}
	return between, fmt.Sprintf("the account %s is listed and cannot be read", who.ID), nil
}
