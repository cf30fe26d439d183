package console

import (
	"context"
	"slices"

	"github.com/usherhq/usher/flows"
)

// Deactivate takes the access of who away, if the console still shows the account as it was when
// the plan was made.
func (c *Console) Deactivate(ctx context.Context, who flows.Account) (flows.Outcome, error) {
	w := c.Tab.Walk(ctx, "deactivate "+who.Email)
	found, err := c.find(ctx, w, who.Email)
	if err != nil {
		return flows.Outcome{}, err
	}
	now, err := one(found, who.Email)
	if err != nil {
		return flows.Outcome{}, err
	}
	if now.State == flows.Deactivated {
		return flows.Outcome{Kind: flows.Already, Account: &now, Seen: "the console shows it as deactivated"}, nil
	}
	if err := same(who, now); err != nil {
		return flows.Outcome{}, err
	}
	for _, role := range c.App.Never {
		if slices.Contains(now.Roles, role) {
			return flows.Outcome{}, flows.Errorf(flows.Refused, "deactivate", "%s is the %s, who can never be removed", who.Email, role).
				WithHint("hand the role over in the console first")
		}
	}
	mark := w.Mark()
	c.Act(w, c, now)
	if !w.Pressed() {
		return flows.Outcome{}, w.Err()
	}
	said := c.afterPress(ctx, w, mark, "confirm.dialog", "confirm.refused")
	return c.verify(ctx, w, who.Email, said, mark, func(seen []flows.Account) (flows.Outcome, bool) {
		switch {
		case len(seen) == 0:
			// It stood there before our press; a fresh search finds others and not this one.
			return flows.Outcome{Kind: flows.Done}, true
		case len(seen) == 1 && seen[0].State == flows.Deactivated:
			return flows.Outcome{Kind: flows.Done, Account: &seen[0]}, true
		}
		return flows.Outcome{}, false
	})
}

// same refuses an account that is no longer the one that the plan was made for.
func same(plan, now flows.Account) error {
	var differ string
	switch {
	case plan.ID != now.ID:
		differ = "another id"
	case plan.State != now.State:
		differ = "the state " + string(now.State) + ", not " + string(plan.State)
	case !slices.Equal(plan.Roles, now.Roles):
		differ = "other roles"
	default:
		return nil
	}
	return flows.Errorf(flows.Refused, "deactivate", "the account of %s has %s than when the plan was made", plan.Email, differ).
		WithHint("give the order again: a new plan is made from what stands there now")
}

// Class returns the class of verb that the sheet in use offers for a deactivation, or refuses it
// where that is another act that the connection's policy does not name.
func (c *Console) Class() (string, error) {
	class := c.Tab.Sheet().Act("deactivate")
	if class == "deactivate" || class == "remove" || slices.Contains(c.Env.Connection.Acts, class) {
		return class, nil
	}
	return "", flows.Errorf(flows.Unsupported, "deactivate", "this console offers only to %s, which is another act", class).
		WithHint("if that is what you want, add `acts: [%s]` to connection %s", class, c.Env.Connection.Name)
}
