package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/usherhq/usher/flows"
)

// A Plan is what was read and what would be done about it. Its hash is what is agreed to.
type Plan struct {
	Verb       Verb          `json:"verb"`
	Connection string        `json:"connection"`
	Subject    string        `json:"subject"`
	Person     *flows.Person `json:"person,omitempty"`
	Change     *flows.Change `json:"change,omitempty"`
	Group      *GroupChange  `json:"group,omitempty"`
	// Groups are those of the group's name, as they were read, of a verb on a group.
	Groups []flows.Group `json:"groups,omitempty"`
	// Accounts are those that answer to the subject's address, as they were read.
	Accounts []flows.Account `json:"accounts"`
	// Roster is the snapshot that the last-admin guard judged on, where it was needed, and Grade
	// how far that one was proved.
	Roster string      `json:"roster,omitempty"`
	Grade  flows.Grade `json:"grade,omitempty"`
	// Do says in sentences what would be done; empty: nothing.
	Do []string `json:"do"`
	// Standing is set where there is nothing to do: already, invited, or manual.
	Standing flows.OutcomeKind `json:"standing,omitempty"`
	// Seen says what was seen, in a sentence.
	Seen string `json:"seen,omitempty"`
	// Manual are the steps for a person; Waits is true where one of them comes first.
	Manual []flows.ManualStep `json:"manual,omitempty"`
	Waits  bool               `json:"waits,omitempty"`
	// Refusals are what the guards say.
	Refusals []string `json:"refusals,omitempty"`
	// Sheets is the digest of the app's sheets.
	Sheets string    `json:"sheets"`
	Read   time.Time `json:"read"`
	Hash   string    `json:"hash"`

	roster *flows.Roster
	people []flows.Account // who comes into a group or out of it
}

// seal computes the hash: over what was read, what would be done and the bytes of the sheets.
// What moves by itself is left out: when somebody was last seen, and the leaver's open work, which
// a person is asked to work off between the plan and its execution.
func (p *Plan) seal() error {
	type read struct {
		Verb       Verb              `json:"verb"`
		Connection string            `json:"connection"`
		Subject    string            `json:"subject"`
		Person     *flows.Person     `json:"person"`
		Change     *flows.Change     `json:"change,omitempty"`
		Group      *GroupChange      `json:"group,omitempty"`
		Groups     []flows.Group     `json:"groups,omitempty"`
		Accounts   []flows.Account   `json:"accounts"`
		Grade      flows.Grade       `json:"grade"`
		Do         []string          `json:"do"`
		Standing   flows.OutcomeKind `json:"standing"`
		Sheets     string            `json:"sheets"`
	}
	r := read{p.Verb, p.Connection, p.Subject, p.Person, p.Change, p.Group, p.Groups, nil, p.Grade, p.Do, p.Standing, p.Sheets}
	for _, a := range p.Accounts {
		r.Accounts = append(r.Accounts, still(a))
	}
	slices.SortFunc(r.Accounts, func(a, b flows.Account) int { return strings.Compare(a.ID, b.ID) })
	b, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("hash the plan: %w", err)
	}
	sum := sha256.Sum256(b)
	p.Hash = hex.EncodeToString(sum[:])
	return nil
}

// still returns the account without what changes by itself.
func still(a flows.Account) flows.Account {
	a.LastSeen = ""
	a.Email = strings.ToLower(strings.TrimSpace(a.Email))
	a.Roles = slices.Clone(a.Roles)
	slices.Sort(a.Roles)
	words := map[string]string{}
	for _, k := range []string{"role", "status"} {
		if w, ok := a.Words[k]; ok {
			words[k] = w
		}
	}
	a.Words = words
	return a
}

// same says whether two readings of an account show the same one in the same state.
func same(a, b flows.Account) bool {
	a, b = still(a), still(b)
	return a.ID == b.ID && a.Email == b.Email && a.State == b.State && slices.Equal(a.Roles, b.Roles)
}
