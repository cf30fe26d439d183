package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/usherhq/usher/flows"
)

// Truth is what a stand-in's server knows; GET /_truth answers it.
type Truth struct {
	Workspace string      `json:"workspace"`
	Users     []TruthUser `json:"users"`
	// Groups are those of a service.
	Groups []TruthGroup `json:"groups,omitempty"`
	// Writes are the changes that were made, in order.
	Writes []Write `json:"writes"`
	// Requests are the writes that were asked for, also those that changed nothing.
	Requests []Request `json:"requests"`
	// SignIns counts full sign-ins, RefusedPasswords and RefusedCodes the tries that failed.
	SignIns          int `json:"sign_ins"`
	RefusedPasswords int `json:"refused_passwords"`
	RefusedCodes     int `json:"refused_codes"`
	Sessions         int `json:"sessions"` // alive now
	Lists            int `json:"lists"`    // answers of the list
	// Struck counts how often each fault struck since the start.
	Struck map[string]int `json:"struck"`
}

// TruthUser is an account in the truth. Its roles and state are the real ones, whatever a fault
// makes the page show.
type TruthUser struct {
	ID              string      `json:"id"`
	Email           string      `json:"email"`
	Name            string      `json:"name"`
	Roles           []string    `json:"roles"`
	State           flows.State `json:"state"`
	PasswordExpired bool        `json:"password_expired,omitempty"`
	Holdings        int         `json:"holdings,omitempty"`
	// Attributes is all that a service keeps of the account, as SCIM names it.
	Attributes map[string]any `json:"attributes,omitempty"`
}

// TruthGroup is a group in the truth, with the ids of its members.
type TruthGroup struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

// A Write is one change that was made.
type Write struct {
	At time.Time `json:"at"`
	// Verb is invite, reinvite, deactivate, delete, revoke, delete_person, role or reset_mfa; of a
	// service invite (an account is made), deactivate, reactivate, update, delete, group-create,
	// group-rename, group-members or group-update.
	Verb    string   `json:"verb"`
	Subject string   `json:"subject"` // the address, or the group's name, as it was before
	ID      string   `json:"id"`
	By      string   `json:"by"`
	Roles   []string `json:"roles,omitempty"` // of invite and role
	// What was changed, of a service: the attributes of an update, the new name of a group, "+id" and
	// "-id" of its members.
	What []string `json:"what,omitempty"`
}

// A Request is one write that was asked for, with what became of it.
type Request struct {
	At      time.Time `json:"at"`
	Method  string    `json:"method,omitempty"` // of a service
	Verb    string    `json:"verb"`
	Subject string    `json:"subject"`
	By      string    `json:"by"`
	Status  int       `json:"status"`          // the answer's; 0: the connection was broken
	Fault   string    `json:"fault,omitempty"` // the fault that struck it
}

// User returns the first account with exactly that address.
func (t Truth) User(email string) (TruthUser, bool) {
	for _, u := range t.Users {
		if flows.SameAddress(u.Email, email) {
			return u, true
		}
	}
	return TruthUser{}, false
}

// Group returns the first group of exactly that name.
func (t Truth) Group(name string) (TruthGroup, bool) {
	for _, g := range t.Groups {
		if g.Name == name {
			return g, true
		}
	}
	return TruthGroup{}, false
}

// WritesOn returns the changes made to that address.
func (t Truth) WritesOn(email string) []Write {
	var out []Write
	for _, w := range t.Writes {
		if flows.SameAddress(w.Subject, email) {
			out = append(out, w)
		}
	}
	return out
}

// ReadTruth asks a stand-in for its truth; url is flows.StandIn.TruthURL.
func ReadTruth(ctx context.Context, url string) (Truth, error) {
	var t Truth
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return t, fmt.Errorf("read the truth: %w", err)
	}
	if err := exchange(req, &t); err != nil {
		return t, fmt.Errorf("read the truth: %w", err)
	}
	return t, nil
}

// SetFault switches a fault on; url is flows.StandIn.FaultURL. params may hold "times".
func SetFault(ctx context.Context, url, name string, params map[string]any) error {
	if _, ok := params["name"]; ok {
		return fmt.Errorf("set fault %s: a param cannot be called name, which is the fault's own", name)
	}
	body := maps.Clone(params)
	if body == nil {
		body = map[string]any{}
	}
	body["name"] = name
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("set fault %s: %w", name, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("set fault %s: %w", name, err)
	}
	if err := exchange(req, nil); err != nil {
		return fmt.Errorf("set fault %s: %w", name, err)
	}
	return nil
}

// ClearFaults switches every fault off.
func ClearFaults(ctx context.Context, url string) error { return SetFault(ctx, url, "clear", nil) }

// exchange sends a request to the control listener and reads the JSON of a 200.
func exchange(req *http.Request, into any) (err error) {
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := res.Body.Close(); err == nil {
			err = cerr
		}
	}()
	if res.StatusCode != http.StatusOK {
		b, err := io.ReadAll(io.LimitReader(res.Body, 2000))
		if err != nil {
			return err
		}
		return fmt.Errorf("%s: %s", res.Status, bytes.TrimSpace(b))
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(res.Body).Decode(into)
}
