package flows

import (
	"strings"
	"time"
	"unicode"
)

// Grade of a roster. Only a complete one may be used to decide that somebody is gone.
type Grade string

// The grades.
const (
	Complete Grade = "complete" // proved: see [Roster.Judge]
	Suspect  Grade = "suspect"  // read to its end, but a witness disagrees or none is independent
	Partial  Grade = "partial"  // the reading did not come to the list's end
)

// A Witness is one reason to believe, or not, that a roster is complete.
type Witness struct {
	Name string `json:"name"` // "shown total", "own account", ...
	// Independent witnesses do not come from the walk itself.
	Independent bool   `json:"independent"`
	Applies     bool   `json:"applies"` // false: the console offers nothing of the kind
	Agrees      bool   `json:"agrees"`
	Says        string `json:"says"` // in words: "212 shown before and after"
}

// A Roster is who sits in an app, and the proof of it.
type Roster struct {
	Connection string    `json:"connection"`
	Taken      time.Time `json:"taken"`
	Sheet      string    `json:"sheet"` // "stonly/v1", or "scim"
	Accounts   []Account `json:"accounts"`
	Total      int       `json:"total"` // distinct accounts read
	Witnesses  []Witness `json:"witnesses"`
	Grade      Grade     `json:"grade"`
	Notes      []string  `json:"notes,omitempty"` // soft drift, unknown words
}

// Judge sets the grade from the witnesses: complete where ended is true, every witness that
// applies agrees, and at least one of these is independent of the walk.
func (r *Roster) Judge(ended bool) {
	r.Total = len(r.Accounts)
	r.Grade = Partial
	if !ended {
		return
	}
	r.Grade = Suspect
	independent := false
	for _, w := range r.Witnesses {
		if !w.Applies {
			continue
		}
		if !w.Agrees {
			return
		}
		independent = independent || w.Independent
	}
	if independent {
		r.Grade = Complete
	}
}

// ByEmail returns the accounts whose address is email, case folded.
func (r *Roster) ByEmail(email string) []Account {
	var out []Account
	for _, a := range r.Accounts {
		if SameAddress(a.Email, email) {
			out = append(out, a)
		}
	}
	return out
}

// SameAddress compares two addresses as consoles do: whole, case folded, nothing else folded
// (a plus tag or a dot makes another address).
func SameAddress(a, b string) bool {
	return foldAddress(strings.TrimSpace(a)) == foldAddress(strings.TrimSpace(b))
}

// foldAddress puts an address in lower case. What is not ASCII stays so: by Unicode the Kelvin sign
// folds to k and the long s to s, and another person's address would be taken for this one.
func foldAddress(s string) string {
	return strings.Map(func(r rune) rune {
		if l := unicode.ToLower(r); r <= unicode.MaxASCII || l > unicode.MaxASCII {
			return l
		}
		return r
	}, s)
}
