package flowtest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/sandbox"
)

// SCIMStories are the stories of services that are reached through SCIM: what they do to their guests.
func SCIMStories() []Story {
	return slices.Concat(scimLists(), scimFinds(), scimWrites(), scimLadder(), scimInvitations(), scimUpdates(), scimGroups(), scimBatches(), scimSecrets())
}

// planned returns an account as a plan would have read it: by a search of its own.
func planned(t *testing.T, s *Stage, email string) flows.Account {
	t.Helper()
	found, err := s.Console(t).Find(s.Ctx, email)
	if err != nil || len(found) != 1 {
		t.Fatalf("want %s once, found %+v, %v", email, found, err)
	}
	return found[0]
}

// somebody is an account of the state as a plan would have read it.
func (s *Stage) somebody(t *testing.T, state flows.State) flows.Account {
	t.Helper()
	return planned(t, s, s.Somebody(t, state).Email)
}

// user is an account in the truth.
func (s *Stage) user(t *testing.T, email string) sandbox.TruthUser {
	t.Helper()
	u, ok := s.Truth(t).User(email)
	if !ok {
		t.Fatalf("the server has nobody of the address %s", email)
	}
	return u
}

// wrote fails unless the server's log holds exactly these writes, as "verb subject".
func (s *Stage) wrote(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, w := range s.Truth(t).Writes {
		got = append(got, w.Verb+" "+strings.ToLower(w.Subject))
	}
	for i := range want {
		want[i] = strings.ToLower(want[i])
	}
	if !slices.Equal(got, want) {
		t.Errorf("the server wrote %q, want %q", got, want)
	}
}

// asked counts the writes of those verbs that the server was asked for; none means all.
func (s *Stage) asked(t *testing.T, verbs ...string) int {
	t.Helper()
	n := 0
	for _, r := range s.Truth(t).Requests {
		if len(verbs) == 0 || slices.Contains(verbs, r.Verb) {
			n++
		}
	}
	return n
}

// until waits for the stand-in to come to it by itself.
func (s *Stage) until(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !so(); {
		if time.Now().After(end) {
			t.Fatalf("it never came to it that %s", what)
		}
		select {
		case <-tick.C:
		case <-s.Ctx.Done():
			t.Fatal(s.Ctx.Err())
		}
	}
}

// oneOf fails unless the error carries one of the codes, and says what to do next.
func oneOf(t *testing.T, err error, codes ...flows.Code) {
	t.Helper()
	if !slices.Contains(codes, flows.CodeOf(err)) {
		t.Errorf("want one of %v, got %v", codes, err)
		return
	}
	if err != nil && flows.HintOf(err) == "" {
		t.Errorf("the error says nothing of what to do next: %v", err)
	}
}

// witness returns the witness of that name, which must be there.
func witness(t *testing.T, all []flows.Witness, name string) flows.Witness {
	t.Helper()
	for _, w := range all {
		if w.Name == name {
			return w
		}
	}
	t.Fatalf("there is no witness %q: %+v", name, all)
	return flows.Witness{}
}

// under switches a fault on, tells the rest, and fails unless the fault was met.
func under(fault string, params map[string]any, rest func(*testing.T, *Stage)) func(*testing.T, *Stage) {
	return func(t *testing.T, s *Stage) {
		s.Fault(t, fault, params)
		rest(t, s)
		s.Struck(t, fault)
	}
}

// afterLook is under with an account that was read before the fault was there.
func afterLook(fault string, params map[string]any, rest func(*testing.T, *Stage, flows.Account)) func(*testing.T, *Stage) {
	return func(t *testing.T, s *Stage) {
		who := s.somebody(t, flows.Active)
		s.Fault(t, fault, params)
		rest(t, s, who)
		s.Struck(t, fault)
	}
}
