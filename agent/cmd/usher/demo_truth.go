package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/usherhq/usher/flows"
)

// favourite is who leaves, where she is there: a person with open work.
const favourite = "hal.holder@example.com"

// choose returns the address of somebody who is active on every connection, and no admin on any.
func (t *tour) choose() string {
	fits := map[string]int{}
	for _, in := range t.ins {
		r := t.rosters[in.app.Name]
		if r == nil {
			return ""
		}
		for _, a := range r.Accounts {
			plainRole := !slices.ContainsFunc(a.Roles, func(role string) bool {
				return contains(in.app.Admins, role) || contains(in.app.Never, role) || role == string(flows.Unknown)
			})
			if a.State == flows.Active && plainRole && len(a.Roles) > 0 {
				fits[strings.ToLower(a.Email)]++
			}
		}
	}
	var all []string
	for email, n := range fits {
		if n == len(t.ins) {
			all = append(all, email)
		}
	}
	slices.Sort(all)
	switch {
	case len(all) == 0:
		return ""
	case slices.Contains(all, favourite):
		return favourite
	}
	return all[0]
}

func contains(words []string, word string) bool { return slices.Contains(words, word) }

// compare asks the stand-ins' servers what really happened.
func (t *tour) compare(ctx context.Context) error {
	if err := t.head(5, "Is it true? The stand-ins' servers are asked what they know."); err != nil {
		return err
	}
	for _, in := range t.ins {
		truth, err := askTruth(ctx, in.TruthURL())
		if err != nil {
			return err
		}
		name := in.app.Name
		differ := t.differences(in, truth)
		for _, d := range differ {
			t.wrong = append(t.wrong, name+": "+d)
			if err := t.say("  %s: DIFFERS: %s", name, d); err != nil {
				return err
			}
		}
		var writes []string
		for _, w := range truth.Writes {
			writes = append(writes, fmt.Sprintf("%s %s", w.Verb, w.Subject))
		}
		if len(differ) == 0 {
			if err := t.say("  %s: the roster was the truth, account by account; its server logged %s: %s. As claimed.",
				name, count(len(writes), "write"), strings.Join(writes, ", ")); err != nil {
				return err
			}
		}
	}
	return nil
}

// differences compares all that the tour claims of one stand-in with the truth.
func (t *tour) differences(in standIn, now truth) []string {
	var out []string
	name := in.app.Name
	// The roster was read before the writes: they are taken back first.
	before := now
	before.Users = slices.Clone(now.Users)
	for i := range before.Users {
		if flows.SameAddress(before.Users[i].Email, t.leaver) {
			before.Users[i].State = flows.Active
		}
	}
	if name == t.on {
		before.Users = slices.DeleteFunc(before.Users, func(u truthUser) bool { return flows.SameAddress(u.Email, t.invited) })
	}
	out = append(out, before.differs(t.rosters[name], hidesDeactivated(t.rosters[name]))...)
	expect := []string{"deactivate " + t.leaver}
	if name == t.on {
		expect = append([]string{"invite " + t.invited}, expect...)
		if s, ok := now.state(t.invited); !ok || s != flows.Invited {
			out = append(out, fmt.Sprintf("%s should be invited, and is %q", t.invited, s))
		}
	}
	if s, ok := now.state(t.leaver); ok && s != flows.Deactivated {
		out = append(out, fmt.Sprintf("%s should be deactivated, and is %s", t.leaver, s))
	}
	var did []string
	for _, w := range now.Writes {
		did = append(did, w.Verb+" "+strings.ToLower(w.Subject))
	}
	if !slices.Equal(did, expect) {
		out = append(out, fmt.Sprintf("the server's log of writes is %q, and should be %q", did, expect))
	}
	return out
}

// hidesDeactivated says whether not one account of the roster is deactivated.
func hidesDeactivated(r *flows.Roster) bool {
	return r != nil && !slices.ContainsFunc(r.Accounts, func(a flows.Account) bool { return a.State == flows.Deactivated })
}

// evidence verifies the record, and says how to look at it.
func (t *tour) evidence(ctx context.Context) error {
	audit, err := t.h.agent.VerifyAudit(ctx)
	if err != nil {
		return err
	}
	if b := audit.Broken; b != nil {
		t.wrong = append(t.wrong, fmt.Sprintf("the record of %s does not hold at entry %d: %s", b.Connection, b.Seq, b.Why))
		return nil
	}
	return t.say("\n6. The record: %d entries in %s, and every chain holds.", audit.Entries, count(len(audit.Heads), "chain"))
}

// keep says where the evidence is, and how to be rid of it. It is said after an error too.
func (t *tour) keep() {
	if t.conf == nil {
		return
	}
	usher := "usher --config " + t.conf.path
	text := "\nLook at what happened, step by step and with pictures:\n" +
		"  " + usher + " runs list\n" +
		"  " + usher + " runs show RUN\n" +
		"  " + usher + " runs export RUN -o run.html\n" +
		"  " + usher + " audit verify\n" +
		"The stand-ins are gone when this ends; the evidence stays until you delete it:\n" +
		"  rm -r " + t.dir
	if err := t.say("%s", text); err != nil {
		t.c.warn("usher: %s", err)
	}
}

// close ends what the tour started. The folder stays once there is evidence in it.
func (t *tour) close() error {
	var errs []error
	if t.h != nil {
		errs = append(errs, t.h.close())
	}
	errs = append(errs, t.ins.close())
	if t.h == nil && t.dir != "" {
		errs = append(errs, removeAll(t.dir))
	}
	return errors.Join(errs...)
}
