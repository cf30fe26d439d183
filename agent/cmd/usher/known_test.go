package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
)

// known is the truth with what only the proofs ask about.
type known struct {
	truth
	Requests []struct {
		At      time.Time `json:"at"`
		Verb    string    `json:"verb"`
		Subject string    `json:"subject"`
	} `json:"requests"`
	SignIns          int `json:"sign_ins"`
	RefusedPasswords int `json:"refused_passwords"`
	RefusedCodes     int `json:"refused_codes"`
	Lists            int `json:"lists"` // answers of the list
}

// truth asks a stand-in what it knows.
func (r *rig) truth(t testing.TB, app string) known {
	t.Helper()
	var k known
	exchange(t, http.MethodGet, r.at[app].Truth, nil, &k)
	return k
}

// fault switches a fault of a stand-in on, with params by name; "clear" ends all.
func (r *rig) fault(t testing.TB, app, name string, params ...any) {
	t.Helper()
	body := map[string]any{"name": name}
	for i := 0; i+1 < len(params); i += 2 {
		body[fmt.Sprint(params[i])] = params[i+1]
	}
	exchange(t, http.MethodPost, r.at[app].Fault, body, nil)
}

// exchange sends a request, with in as JSON, and reads the JSON of a 200.
func exchange(t testing.TB, method, url string, in, out any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := res.Body.Close(); err != nil {
			t.Error(err)
		}
	}()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("%s %s: %s", method, url, res.Status)
	}
	if out == nil {
		return
	}
	if err := json.NewDecoder(res.Body).Decode(out); err != nil {
		t.Fatal(err)
	}
}

// writes are those of the truth, "verb subject" each.
func (k known) writes() []string {
	out := []string{}
	for _, w := range k.Writes {
		out = append(out, w.Verb+" "+w.Subject)
	}
	return out
}

// wrote fails the test where the stand-in's writes are not exactly these.
func (r *rig) wrote(t testing.TB, app string, want ...string) {
	t.Helper()
	if got := r.truth(t, app).writes(); !slices.Equal(got, want) {
		t.Errorf("the writes of %s are %q, want %q", app, got, want)
	}
}

// state is what the truth says of somebody; "" where she is not there.
func (k known) state(email string) flows.State {
	st, _ := k.truth.state(email)
	return st
}
