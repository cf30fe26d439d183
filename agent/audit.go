package agent

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Everywhere is the chain of acts that concern no single connection.
const Everywhere = "*"

// An Entry is one link of a connection's audit chain.
type Entry struct {
	Connection string    `json:"connection"`
	Seq        int64     `json:"seq"` // from 1, without gaps
	At         time.Time `json:"at"`
	// Kind is order, run, plan, guard, press, ended, roster, breaker, accept, unlock, settle,
	// freeze, rebase or cancel.
	Kind  string          `json:"kind"`
	Order string          `json:"order,omitempty"`
	Run   string          `json:"run,omitempty"`
	By    string          `json:"by,omitempty"`
	Body  json.RawMessage `json:"body"`
	Prev  string          `json:"prev"` // hash of the entry before; empty for the first
	Hash  string          `json:"hash"`
}

// A Head is the end of a chain. Publish it elsewhere, and a cut tail shows.
type Head struct {
	Connection string    `json:"connection"`
	Seq        int64     `json:"seq"`
	Hash       string    `json:"hash"`
	At         time.Time `json:"at"`
}

// An Audit is the answer of [Agent.VerifyAudit].
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

// sum is the hash of the entry before and of everything that this one says.
func (e Entry) sum() (string, error) {
	said := e
	said.Hash, said.Prev = "", ""
	b, err := json.Marshal(said)
	if err != nil {
		return "", fmt.Errorf("hash an audit entry: %w", err)
	}
	h := sha256.New()
	h.Write([]byte(e.Prev))
	h.Write(b)
	return hex.EncodeToString(h.Sum(nil)), nil
}

// link appends an entry to its connection's chain, in the transaction of what it tells of.
func (a *Agent) link(ctx context.Context, tx Tx, e Entry, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write an audit entry: %w", err)
	}
	head, err := tx.Head(ctx, e.Connection)
	if err != nil {
		return fmt.Errorf("read the head of the chain: %w", err)
	}
	e.Body, e.At, e.Seq, e.Prev = b, a.now(), head.Seq+1, head.Hash
	if e.Hash, err = e.sum(); err != nil {
		return err
	}
	return tx.AddEntry(ctx, e)
}

// VerifyAudit recomputes every chain, and the evidence of every run that a chain speaks of.
func (a *Agent) VerifyAudit(ctx context.Context) (Audit, error) {
	heads, err := a.opt.Store.Heads(ctx)
	if err != nil {
		return Audit{}, fmt.Errorf("read the heads of the chains: %w", err)
	}
	out := Audit{Heads: heads}
	for _, h := range heads {
		n, broken, err := a.verifyChain(ctx, h)
		if err != nil {
			return out, fmt.Errorf("verify the chain of %s: %w", h.Connection, err)
		}
		out.Entries += n
		if broken != nil {
			out.Broken = broken
			return out, nil
		}
	}
	return out, nil
}

// VerifyAuditSince verifies, and also that each chain still holds the heads that were kept elsewhere
// (in a log, in a bundle): a tail that was cut together with its head shows only so.
func (a *Agent) VerifyAuditSince(ctx context.Context, kept []Head) (Audit, error) {
	out, err := a.VerifyAudit(ctx)
	if err != nil || out.Broken != nil {
		return out, err
	}
	for _, k := range kept {
		e, err := a.opt.Store.Entries(ctx, k.Connection, k.Seq-1, 1)
		if err != nil {
			return out, fmt.Errorf("read the chain of %s: %w", k.Connection, err)
		}
		if len(e) == 0 || e[0].Seq != k.Seq || e[0].Hash != k.Hash {
			out.Broken = &Broken{Connection: k.Connection, Seq: k.Seq, Why: "the head that was kept elsewhere is not in the chain"}
			return out, nil
		}
	}
	return out, nil
}

func (a *Agent) verifyChain(ctx context.Context, head Head) (int64, *Broken, error) {
	const page = 500
	var last Entry
	broken := func(seq int64, format string, args ...any) *Broken {
		return &Broken{Connection: head.Connection, Seq: seq, Why: fmt.Sprintf(format, args...)}
	}
	for {
		entries, err := a.opt.Store.Entries(ctx, head.Connection, last.Seq, page)
		if err != nil {
			return last.Seq, nil, err
		}
		for _, e := range entries {
			if e.Seq != last.Seq+1 {
				return last.Seq, broken(last.Seq+1, "the entry is missing; the next one is %d", e.Seq), nil
			}
			if e.Prev != last.Hash {
				return last.Seq, broken(e.Seq, "it does not follow the entry before it"), nil
			}
			if !json.Valid(e.Body) {
				return last.Seq, broken(e.Seq, "its body cannot be read"), nil
			}
			sum, err := e.sum()
			if err != nil {
				return last.Seq, nil, err
			}
			if sum != e.Hash {
				return last.Seq, broken(e.Seq, "what it says is not what was hashed"), nil
			}
			why, err := a.verifyEvidence(ctx, e)
			if err != nil {
				return last.Seq, nil, err
			}
			if why != "" {
				return last.Seq, broken(e.Seq, "%s", why), nil
			}
			last = e
		}
		if len(entries) < page {
			break
		}
	}
	if last.Seq != head.Seq || last.Hash != head.Hash {
		return last.Seq, broken(last.Seq+1, "the chain ends at %d, and its head says %d", last.Seq, head.Seq), nil
	}
	return last.Seq, nil, nil
}

// endedBody is what the entry of a run's end says.
type endedBody struct {
	Verb     Verb   `json:"verb"`
	Subject  string `json:"subject,omitempty"`
	Outcome  string `json:"outcome"`
	Code     string `json:"code"`
	Seen     string `json:"seen,omitempty"`
	Message  string `json:"message,omitempty"`
	Steps    int    `json:"steps"`
	Evidence string `json:"evidence"`
	Roster   string `json:"roster,omitempty"`
}

// verifyEvidence compares the steps that are kept of a run with those that its end was hashed over.
func (a *Agent) verifyEvidence(ctx context.Context, e Entry) (string, error) {
	if e.Kind != "ended" || e.Run == "" {
		return "", nil
	}
	var body endedBody
	if err := json.Unmarshal(e.Body, &body); err != nil {
		return "its body cannot be read", nil //nolint:nilerr // a broken row is the answer, not a failure to answer
	}
	steps, err := a.opt.Store.Steps(ctx, e.Run)
	if err != nil {
		return "", err
	}
	digest := ""
	for _, s := range steps {
		if digest, err = evidence(digest, s); err != nil {
			return "", err
		}
	}
	if len(steps) != body.Steps || digest != body.Evidence {
		return fmt.Sprintf("the %d steps kept of run %s are not the %d that it ended with", len(steps), e.Run, body.Steps), nil
	}
	return "", nil
}

// evidence adds a step to the digest of those before it.
func evidence(before string, s StepRow) (string, error) {
	b, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("hash a step: %w", err)
	}
	sum := sha256.Sum256(append([]byte(before), b...))
	return hex.EncodeToString(sum[:]), nil
}

// Heads returns the end of every chain.
func (a *Agent) Heads(ctx context.Context) ([]Head, error) { return a.opt.Store.Heads(ctx) }

// Entries returns the chain of a connection ([Everywhere] for what concerns none) after the entry
// of the given number.
func (a *Agent) Entries(ctx context.Context, connection string, after int64, limit int) ([]Entry, error) {
	return a.opt.Store.Entries(ctx, connection, after, limit)
}
