package agent

import (
	"time"

	"github.com/usherhq/usher/flows"
)

// Health is what is known of a connection without asking it.
type Health struct {
	Connection   string       `json:"connection"`
	LastRun      *Run         `json:"last_run,omitempty"`
	LastList     *Run         `json:"last_list,omitempty"`     // the last enumeration, however it ended
	LastRoster   *Snapshot    `json:"last_roster,omitempty"`   // of any grade, without its accounts
	LastComplete *Snapshot    `json:"last_complete,omitempty"` // likewise
	Breaker      *Breaker     `json:"breaker,omitempty"`
	Lease        *Lease       `json:"lease,omitempty"` // while somebody works it
	Freeze       Freeze       `json:"freeze"`
	Accepted     []Acceptance `json:"accepted,omitempty"`
	OpenPresses  []Press      `json:"open_presses,omitempty"` // pressed, and nobody verified
	Failures     int          `json:"failures"`               // enumerations in a row that failed
}

// A Night is one enumeration of a connection.
type Night struct {
	Run     string      `json:"run"`
	Started time.Time   `json:"started"`
	Ended   time.Time   `json:"ended,omitzero"`
	Source  string      `json:"source"`
	Roster  string      `json:"roster,omitempty"`
	Grade   flows.Grade `json:"grade,omitempty"`
	Total   int         `json:"total"`
	Code    flows.Code  `json:"code,omitempty"`
}
