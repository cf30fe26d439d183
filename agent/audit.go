package agent

import (
	"encoding/json"
	"time"
)

// Everywhere is the chain of acts that concern no single connection.
const Everywhere = "*"

// An Entry is one link of a connection's audit chain.
type Entry struct {
	Connection string          `json:"connection"`
	Seq        int64           `json:"seq"` // from 1, without gaps
	At         time.Time       `json:"at"`
	Kind       string          `json:"kind"` // "order", "plan", "guard", "press", "ended", "accept", ...
	Order      string          `json:"order,omitempty"`
	Run        string          `json:"run,omitempty"`
	By         string          `json:"by,omitempty"`
	Body       json.RawMessage `json:"body"`
	Prev       string          `json:"prev"` // hash of the entry before; empty for the first
	Hash       string          `json:"hash"`
}

// A Head is the end of a chain. Publish it elsewhere, and a cut tail shows.
type Head struct {
	Connection string    `json:"connection"`
	Seq        int64     `json:"seq"`
	Hash       string    `json:"hash"`
	At         time.Time `json:"at"`
}

// An Audit is the answer of VerifyAudit.
type Audit struct {
	Heads   []Head `json:"heads"`
	Entries int64  `json:"entries"`
	// Broken is the first entry that does not fit; nil: every chain holds.
	Broken *Broken `json:"broken,omitempty"`
}

// Broken says where a chain does not hold.
type Broken struct {
	Connection string `json:"connection"`
	Seq        int64  `json:"seq"`
	Why        string `json:"why"`
}
