package main

import (
	"slices"
	"testing"

	"github.com/usherhq/usher/flows"
)

// What a flow has seen to be wrong stays so through the whole command: no later look that asks for less
// makes a done of it. Each case has a service of its own, for all of them wait for it to come right.
func TestWhatAServiceShowsToBeWrongIsNeverDone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fault   []any // the name first
		command []string
		code    flows.Code
		mends   bool // once the fault is gone
	}{
		{
			"the second source goes on to show a leaver as active",
			[]any{"second_differs", "email", "pia.stale@example.com", "says", "active"},
			[]string{"deactivate", "pia.stale@example.com", "--on", "spekit"},
			flows.Unverified, true,
		},
		{
			"an address of which half is changed",
			[]any{"attribute_ignored", "attribute", "emails"},
			[]string{"update", "spekit", "hal.holder@example.com", "--email", "hal.moved@example.com"},
			flows.Unverified, false,
		},
		{
			"somebody else who went out of the group",
			[]any{"member_dropped"},
			[]string{"groups", "add", "spekit", "Onboarding 2027", ana, "otto.expired@example.com"},
			flows.Unverified, false,
		},
		{
			"a second source that does not answer",
			[]any{"server_error", "on", "rest"},
			[]string{"deactivate", "otto.expired@example.com", "--on", "spekit"},
			flows.Unverified, false,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newServiceRig(t, 60)
			command := slices.Concat(tt.command, []string{"--yes", "--format", "json"})
			name, ok := tt.fault[0].(string)
			if !ok {
				t.Fatalf("%v names no fault", tt.fault)
			}
			r.fault(t, "spekit", name, tt.fault[1:]...)
			e := r.exits(t, flows.Table[tt.code].Exit, command...)
			if o := e.outcome(t); o.Code != tt.code || o.Outcome != "" || o.Hint == "" {
				t.Errorf("the outcome is %q with code %q and hint %q", o.Outcome, o.Code, o.Hint)
			}
			if !tt.mends {
				return
			}
			// The same order again sees the same; with the fault gone it finds what it wanted.
			r.exits(t, flows.Table[tt.code].Exit, command...)
			r.fault(t, "spekit", "clear")
			if o := r.exits(t, 0, command...).outcome(t); o.Outcome != flows.Done && o.Outcome != flows.Already {
				t.Errorf("the outcome is %q", o.Outcome)
			}
			r.exits(t, 0, "audit", "verify")
		})
	}
}
