package agent

import (
	"time"

	"github.com/usherhq/usher/flows"
)

// A Diff is what changed between two complete rosters.
type Diff struct {
	Connection string    `json:"connection"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	FromID     string    `json:"from_id"`
	ToID       string    `json:"to_id"`
	Changes    []Change  `json:"changes"`
}

// ChangeKind says what changed of an account.
type ChangeKind string

// The kinds of change.
const (
	Joined       ChangeKind = "joined"
	Left         ChangeKind = "left"
	RoleChanged  ChangeKind = "role"
	StateChanged ChangeKind = "state"
	Renamed      ChangeKind = "address"
)

// A Change is one difference; an account may have several.
type Change struct {
	Kind   ChangeKind     `json:"kind"`
	Email  string         `json:"email"`
	Before *flows.Account `json:"before,omitempty"`
	After  *flows.Account `json:"after,omitempty"`
}
