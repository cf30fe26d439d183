package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// patience bounds what the demo waits for an answer of a stand-in.
const patience = 10 * time.Second

// truth is what a stand-in's server knows, read from outside: what usher believes is compared with it.
type truth struct {
	Users  []truthUser  `json:"users"`
	Writes []truthWrite `json:"writes"`
}

type truthUser struct {
	Email string      `json:"email"`
	Roles []string    `json:"roles"`
	State flows.State `json:"state"`
}

type truthWrite struct {
	At      time.Time `json:"at"`
	Verb    string    `json:"verb"`
	Subject string    `json:"subject"`
	By      string    `json:"by"`
}

// askTruth reads the truth of a stand-in.
func askTruth(ctx context.Context, url string) (t truth, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return t, failed("ask the stand-in for the truth", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return t, failed("ask the stand-in for the truth", err)
	}
	defer func() {
		if cerr := res.Body.Close(); err == nil {
			err = failed("ask the stand-in for the truth", cerr)
		}
	}()
	if res.StatusCode != http.StatusOK {
		return t, fmt.Errorf("ask the stand-in for the truth: it answered %s", res.Status)
	}
	err = failed("read the truth", json.NewDecoder(res.Body).Decode(&t))
	return t, err
}

// state returns the state of the one user of that address.
func (t truth) state(email string) (flows.State, bool) {
	for _, u := range t.Users {
		if flows.SameAddress(u.Email, email) {
			return u.State, true
		}
	}
	return "", false
}

// differs says in which way a roster is not the truth; nothing where they agree on every address,
// state and role. A console that shows no deactivated accounts at all (hidden) hides them from every
// reader: who is missing for that reason is not missed.
func (t truth) differs(r *flows.Roster, hidden bool) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if r == nil {
		return []string{"there is no roster"}
	}
	read := map[string]flows.Account{}
	for _, a := range r.Accounts {
		email := strings.ToLower(a.Email)
		if _, twice := read[email]; twice {
			say("%s was read twice", email)
		}
		read[email] = a
	}
	for _, u := range t.Users {
		email := strings.ToLower(u.Email)
		a, ok := read[email]
		delete(read, email)
		switch {
		case !ok && hidden && u.State == flows.Deactivated:
		case !ok:
			say("%s was not read", email)
		case a.State != u.State:
			say("%s was read as %s, and is %s", email, a.State, u.State)
		case !slices.Equal(sorted(a.Roles), sorted(u.Roles)):
			say("%s was read with the roles %v, and has %v", email, a.Roles, u.Roles)
		}
	}
	for email := range read {
		say("%s was read, and is not there", email)
	}
	slices.Sort(out)
	return out
}

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}
