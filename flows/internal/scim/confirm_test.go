package scim

import (
	"errors"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
)

// A record of two addresses: the one it is known by, and one that only the second source may know.
func twoAddresses(t *testing.T) *stand {
	t.Helper()
	s := newStand(t, 3)
	s.user("2")["emails"] = []any{resource{"value": "old2@example.com", "primary": true}}
	return s
}

// secondCases are what a second source may say of u2, who has old2 too.
func secondCases() map[string]struct {
	o      other
	agrees bool
	seen   bool // a contradiction, not only nothing
	says   string
} {
	type row = struct {
		o      other
		agrees bool
		seen   bool
		says   string
	}
	off, on := SecondUser{Email: someone}, SecondUser{Email: someone, Active: true}
	x := SecondUser{Email: "x@example.com", Active: true}
	return map[string]row{
		"inactive":                           {other{users: []SecondUser{off, x}, total: 2}, true, false, ""},
		"inactive in a list that is short":   {other{users: []SecondUser{off, x}, total: 9}, true, false, ""},
		"active":                             {other{users: []SecondUser{on}, total: 1}, false, true, "shows it as active"},
		"active under the other address":     {other{users: []SecondUser{off, {Email: "OLD2@example.com", Active: true}}, total: 2}, false, true, "shows it as active"},
		"active and inactive":                {other{users: []SecondUser{off, on}, total: 2}, false, true, "shows it as active"},
		"absent from a whole list":           {other{users: []SecondUser{x}, total: 1}, true, false, ""},
		"absent from a list that is short":   {other{users: []SecondUser{x}, total: 2}, false, false, "does not show it"},
		"absent from a list without a total": {other{users: []SecondUser{x}, total: unstated}, false, false, "does not show it"},
		"not to be reached":                  {other{err: errors.New("down")}, false, false, "could not be asked"},
	}
}

func TestADeactivationIsDoneOnlyWhereBothSourcesSaySo(t *testing.T) {
	t.Parallel()
	for name, k := range secondCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := twoAddresses(t)
			c, _ := s.console(k.o.shape())
			out, err := c.Deactivate(t.Context(), s.account(c, someone))
			if s.user("2")["active"] != any(false) {
				t.Fatal("it was not sent")
			}
			if k.agrees {
				if err != nil || out.Kind != flows.Done || !strings.Contains(out.Seen, k.o.Name()) {
					t.Errorf("%+v %v", out, err)
				}
				return
			}
			wantCode(t, err, flows.Unverified)
			if !strings.Contains(err.Error(), k.o.Name()) || !strings.Contains(err.Error(), k.says) || flows.SeenWrong(err) != k.seen {
				t.Errorf("%v (seen wrong: %v)", err, flows.SeenWrong(err))
			}
		})
	}
}

func TestTheSecondSourceConfirmsAnInactiveAccountOrSaysWhatItShows(t *testing.T) {
	t.Parallel()
	for name, k := range secondCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := twoAddresses(t)
			s.user("2")["active"] = false
			asked := 0
			k.o.later = func() { asked++ }
			c, _ := s.console(k.o.shape())
			says, err := c.Confirm(t.Context(), s.account(c, someone), flows.Deactivated)
			switch {
			case k.o.err != nil:
				wantCode(t, err, flows.Unavailable)
				says = err.Error()
			case err != nil:
				t.Fatal(err)
			case (says == "") != k.agrees:
				t.Errorf("%q", says)
			}
			if !strings.Contains(says, k.says) || asked != 1 || len(s.wrote()) > 0 {
				t.Errorf("%q, asked %d times, wrote %v", says, asked, s.wrote())
			}
		})
	}
}

func TestWithoutASecondSourceThereIsNothingToConfirm(t *testing.T) {
	t.Parallel()
	s := newStand(t, 2)
	c, _ := s.console(testShape())
	if says, err := c.Confirm(t.Context(), s.account(c, someone), flows.Deactivated); says != "" || err != nil {
		t.Errorf("%q %v", says, err)
	}
}

func TestAnActiveAccountIsConfirmedOnlyWhereItIsShownActive(t *testing.T) {
	t.Parallel()
	for says, users := range map[string][]SecondUser{
		"":                     {{Email: someone, Active: true}},
		"shows it as inactive": {{Email: someone}},
		"does not show it":     {},
	} {
		s := newStand(t, 2)
		o := other{users: users, total: len(users)}
		c, _ := s.console(o.shape())
		got, err := c.Confirm(t.Context(), s.account(c, someone), flows.Active)
		if err != nil || !strings.Contains(got, says) || (got == "") != (says == "") {
			t.Errorf("%q, want %q (%v)", got, says, err)
		}
	}
}
