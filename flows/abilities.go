package flows

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"
)

// What only some consoles can do is asked for by assertion, each in a small interface of its own.

// A Reactivator can give access back to an account that was deactivated.
type Reactivator interface {
	// Reactivate gives the access back. who is the account as the plan read it; where another one
	// is there now the error is Refused and nothing was sent. One that is active is Already.
	Reactivate(ctx context.Context, who Account) (Outcome, error)
}

// An Updater can change what an account says of its owner.
type Updater interface {
	// Update makes the change and leaves everything else as it is, also what usher does not know.
	// The account in the outcome is read afresh, with the words of [Change] in it. An account that
	// says all of it already is Already. Where the new address is another account's the error is
	// Refused.
	Update(ctx context.Context, who Account, c Change) (Outcome, error)
}

// A Confirmer has a source beside the one that accounts are read from.
type Confirmer interface {
	// Confirm says what that source shows instead of the state, in words that go on after "and", such
	// as "the Spekit REST API shows it as active"; "" where it agrees or there is none. It looks once.
	Confirm(ctx context.Context, who Account, want State) (string, error)
}

// The words of an account (Account.Words) that a [Change] can set, beside its address.
const (
	WordFirst          = "first"
	WordLast           = "last"
	WordExternalID     = "external_id"
	WordEmployeeNumber = "employee_number"
	WordCostCenter     = "cost_center"
	WordOrganization   = "organization"
	WordDivision       = "division"
	WordDepartment     = "department"
)

// ChangeWords lists the words that a change can set, in the order in which they are shown.
func ChangeWords() []string {
	return []string{
		WordFirst, WordLast, WordExternalID, WordEmployeeNumber, WordCostCenter, WordOrganization, WordDivision, WordDepartment,
	}
}

// A Change is what an account is to say of its owner. What is empty stays as it is; nothing is
// cleared.
type Change struct {
	Email string            `json:"email,omitempty"`
	Words map[string]string `json:"words,omitempty"` // by the Word constants
}

// Empty says whether there is nothing to change.
func (c Change) Empty() bool { return c.Email == "" && len(c.Words) == 0 }

// Valid says what of the change cannot be: a word that there is none of, an empty value, text that
// is not harmless.
func (c Change) Valid() error {
	const op = "read the change"
	if c.Empty() {
		return Errorf(Invalid, op, "there is nothing to change").WithHint("name what: an address, a name, a department ...")
	}
	if c.Email != "" {
		if a, err := Address(c.Email); err != nil {
			return err
		} else if a != c.Email {
			return Errorf(Invalid, op, "the address is not in its plain form").WithHint("give %s", a)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(c.Words)) {
		switch v := c.Words[k]; {
		case !slices.Contains(ChangeWords(), k):
			return Errorf(Invalid, op, "there is no %q to change", Clean(k)).WithHint("there is email, %s", strings.Join(ChangeWords(), ", "))
		case v == "":
			return Errorf(Invalid, op, "%s would become empty, and usher clears nothing", k).WithHint("leave it out, or clear it in the app")
		case v != Clean(v):
			return Errorf(Invalid, op, "%s holds characters that have no place in it", k).WithHint("give one line of plain text")
		}
	}
	return nil
}

// Differs returns what of the change the account does not say yet, each as "department: Sales -> Support".
func (c Change) Differs(a Account) []string {
	var out []string
	if c.Email != "" && !SameAddress(a.Email, c.Email) {
		out = append(out, "email: "+a.Email+" -> "+c.Email)
	}
	for _, k := range ChangeWords() {
		if v, ok := c.Words[k]; ok && a.Words[k] != v {
			was := a.Words[k]
			if was == "" {
				was = "(none)"
			}
			out = append(out, k+": "+was+" -> "+v)
		}
	}
	return out
}

// A Grouper can read and keep groups (Spekit calls them teams).
type Grouper interface {
	// Groups reads every group with its members. As of a roster, the Grade says whether that is
	// proved.
	Groups(ctx context.Context) (*Groups, error)
	// FindGroup returns the groups of exactly that name (case folded), with all their members. None
	// and a nil error mean absence proved; where that cannot be proved the error is Incomplete.
	FindGroup(ctx context.Context, name string) ([]Group, error)
	// CreateGroup makes an empty group. A group of that name is Already.
	CreateGroup(ctx context.Context, name string) (GroupOutcome, error)
	// RenameGroup gives g, which is as the plan read it, another name. Where another group has that
	// name already the error is Refused.
	RenameGroup(ctx context.Context, g Group, name string) (GroupOutcome, error)
	// ChangeMembers puts accounts in and takes others out; all else stays. Who is in (or out)
	// already is left alone; where that is all of them the outcome is Already.
	ChangeMembers(ctx context.Context, g Group, add, remove []Account) (GroupOutcome, error)
}

// A Group is a group of accounts. All text in it is a stranger's, made harmless by [Clean].
type Group struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []Member `json:"members"`
	// Reserved groups are the product's own: usher never renames them nor changes their members.
	Reserved bool `json:"reserved,omitempty"`
	// Unread says that the service does not show who is in it, or in terms that are no account's id:
	// nobody's membership is certain then.
	Unread bool `json:"unread,omitempty"`
}

// Has says whether the account of that id is a member.
func (g Group) Has(id string) bool {
	return slices.ContainsFunc(g.Members, func(m Member) bool { return m.ID == id })
}

// A Member of a group. Email is empty where the account of that id is not known.
type Member struct {
	ID    string `json:"id"`
	Email string `json:"email,omitempty"`
	Name  string `json:"name,omitempty"`
}

// Groups are the groups of a connection, and the proof that these are all.
type Groups struct {
	Connection string    `json:"connection"`
	Taken      time.Time `json:"taken"`
	Groups     []Group   `json:"groups"`
	Total      int       `json:"total"`
	Witnesses  []Witness `json:"witnesses"`
	Grade      Grade     `json:"grade"`
	Notes      []string  `json:"notes,omitempty"`
}

// GroupOutcome is what came of a change to a group: Done or Already.
type GroupOutcome struct {
	Kind  OutcomeKind `json:"outcome"`
	Group *Group      `json:"group,omitempty"` // as seen on the fresh read
	Seen  string      `json:"seen,omitempty"`
}
