package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/usherhq/usher/secrets"
)

// A profile is what was learned of one service's dialect: by reading, and for writes only by a write
// that was seen to have worked.
type profile struct {
	Version int    `json:"version"`
	Base    string `json:"base"`
	// PageCap is how many resources a page holds at most; 0: not known.
	PageCap int `json:"page_cap,omitempty"`
	// Filter is what becomes of `userName eq`: "", "works", "unsupported" or "ignored".
	Filter string `json:"filter,omitempty"`
	// GroupFilter is the same of `displayName eq`.
	GroupFilter string `json:"group_filter,omitempty"`
	// Active is the form of that attribute: "", "bool" or "string".
	Active string `json:"active,omitempty"`
	// Plain says that the service takes application/json only.
	Plain bool `json:"plain,omitempty"`
	// Patch and ETag are what ServiceProviderConfig says: "", "yes" or "no". It is not believed, only shown.
	Patch string `json:"patch,omitempty"`
	ETag  string `json:"etag,omitempty"`
	// Groups says whether ResourceTypes names them: "", "yes" or "no".
	Groups string `json:"groups,omitempty"`
	// Writes is the form that was seen to work, by verb.
	Writes map[string]string `json:"writes,omitempty"`
}

const (
	profileVersion = 1
	mostProfile    = 64 << 10

	works       = "works"
	unsupported = "unsupported"
	ignored     = "ignored"
	isBool      = "bool"
	isString    = "string"
	yes         = "yes"
	no          = "no"
)

// decodeProfile reads a kept profile, and nothing that is not exactly one of this service.
func decodeProfile(raw []byte, base string) (*profile, error) {
	if len(raw) > mostProfile {
		return nil, errors.New("the kept profile is too long")
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	var p profile
	if err := dec.Decode(&p); err != nil {
		return nil, fmt.Errorf("the kept profile does not decode: %w", plain(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("the kept profile goes on")
	}
	filters := []string{"", works, unsupported, ignored}
	words := []string{"", yes, no}
	switch {
	case p.Version != profileVersion:
		return nil, errors.New("the kept profile is of another version")
	case p.Base != base:
		return nil, errors.New("the kept profile is of another service")
	case p.PageCap < 0,
		!slices.Contains(filters, p.Filter), !slices.Contains(filters, p.GroupFilter),
		!slices.Contains([]string{"", isBool, isString}, p.Active),
		!slices.Contains(words, p.Patch), !slices.Contains(words, p.ETag), !slices.Contains(words, p.Groups):
		return nil, errors.New("the kept profile says what none says")
	}
	return &p, nil
}

// loadProfile takes up what was kept, or starts with nothing. What cannot be read is learned anew.
func (c *Console) loadProfile(ctx context.Context) (kept bool) {
	c.profile = &profile{Version: profileVersion, Base: c.wire.base.String()}
	if c.env.Sessions == nil {
		return false
	}
	v, err := c.env.Sessions.LoadSession(ctx)
	if err != nil || v.Empty() {
		return false
	}
	p, err := decodeProfile([]byte(v.Reveal()), c.profile.Base)
	if err != nil {
		return false
	}
	c.profile, c.kept = p, p.clone()
	return true
}

func (p *profile) clone() *profile {
	q := *p
	q.Writes = maps.Clone(p.Writes)
	return &q
}

func (p *profile) equal(q *profile) bool {
	if q == nil {
		return false
	}
	a, b := *p, *q
	same := maps.Equal(a.Writes, b.Writes)
	a.Writes, b.Writes = nil, nil
	return same && a.PageCap == b.PageCap && a.Filter == b.Filter && a.GroupFilter == b.GroupFilter && a.Active == b.Active &&
		a.Plain == b.Plain && a.Patch == b.Patch && a.ETag == b.ETag && a.Groups == b.Groups && a.Base == b.Base
}

// keepProfile saves what was learned. That it cannot be saved costs time at the next run, nothing else.
func (c *Console) keepProfile(ctx context.Context) error {
	if c.env.Sessions == nil || c.profile.equal(c.kept) {
		return nil
	}
	raw, err := json.Marshal(c.profile)
	if err != nil {
		return fmt.Errorf("write the profile: %w", err)
	}
	if err := c.env.Sessions.SaveSession(ctx, secrets.NewBytes(raw)); err != nil {
		return c.step(ctx, "keep the profile", c.now(), "", "not kept: "+c.wire.harmless(err.Error()), true)
	}
	c.kept = c.profile.clone()
	return nil
}

// learned remembers the form of a write that was seen to have worked.
func (c *Console) learned(ctx context.Context, verb, form string) error {
	if c.profile.Writes == nil {
		c.profile.Writes = map[string]string{}
	}
	c.profile.Writes[verb] = form
	return c.keepProfile(ctx)
}
