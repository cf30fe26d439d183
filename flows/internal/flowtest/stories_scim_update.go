package flowtest

import (
	"reflect"
	"strings"
	"testing"

	"github.com/usherhq/usher/flows"
	"github.com/usherhq/usher/flows/internal/sandbox"
)

func same(a, b sandbox.TruthUser) bool { return reflect.DeepEqual(a, b) }

// part returns an attribute of an account in the truth, within the object of that name.
func part(u sandbox.TruthUser, within string) map[string]any {
	m, ok := u.Attributes[within].(map[string]any)
	if !ok {
		return map[string]any{}
	}
	return m
}

const enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// update orders a change of an account as it is now.
func update(t *testing.T, s *Stage, who flows.Account, c flows.Change) (flows.Outcome, error) {
	t.Helper()
	u, ok := s.Console(t).(flows.Updater)
	if !ok {
		t.Fatal("the console cannot update")
	}
	return u.Update(s.Ctx, who, c)
}

// updated orders a change that must be done.
func updated(t *testing.T, s *Stage, who flows.Account, c flows.Change) sandbox.TruthUser {
	t.Helper()
	s.Ordered(who.Email, "update")
	out, err := update(t, s, who, c)
	if err != nil || out.Kind != flows.Done || out.Account == nil {
		t.Fatalf("want done, got %+v, %v", out, err)
	}
	if left := c.Differs(*out.Account); len(left) > 0 {
		t.Errorf("the account that was read afresh still differs: %v", left)
	}
	email := who.Email
	if c.Email != "" {
		email = c.Email
	}
	u := s.user(t, email)
	for k, v := range c.Words {
		within, name := attribute(k)
		got := u.Attributes[name]
		if within != "" {
			got = part(u, within)[name]
		}
		if got != v {
			t.Errorf("usher says done, the server has %s as %v, not %q", k, got, v)
		}
	}
	return u
}

// attribute says where SCIM keeps a word of an account.
func attribute(word string) (within, name string) {
	switch word {
	case flows.WordFirst:
		return "name", "givenName"
	case flows.WordLast:
		return "name", "familyName"
	case flows.WordExternalID:
		return "", "externalId"
	}
	return enterpriseURN, map[string]string{
		flows.WordDepartment: "department", flows.WordEmployeeNumber: "employeeNumber", flows.WordCostCenter: "costCenter",
		flows.WordDivision: "division", flows.WordOrganization: "organization",
	}[word]
}

// unknownStays fails unless all that usher has no word for is as it was.
func unknownStays(t *testing.T, before, after sandbox.TruthUser) {
	t.Helper()
	kept := 0
	for k, v := range before.Attributes {
		switch k {
		case "name", "displayName", "userName", "emails", "externalId", "schemas", enterpriseURN:
			continue
		}
		kept++
		if !reflect.DeepEqual(v, after.Attributes[k]) {
			t.Errorf("%s was %v and is %v", k, v, after.Attributes[k])
		}
	}
	if kept < 2 {
		t.Error("the stand-in has nothing that usher does not know: the story proves nothing")
	}
}

func scimUpdates() []Story {
	sales := flows.Change{Words: map[string]string{flows.WordDepartment: "Sales & Bärenpflege"}}
	return []Story{
		{Name: "an update of every word keeps what it does not know", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			before := s.user(t, who.Email)
			after := updated(t, s, who, flows.Change{Words: map[string]string{
				flows.WordFirst: "Élise", flows.WordLast: "O'Neill", flows.WordExternalID: "idp-77", flows.WordEmployeeNumber: "0042",
				flows.WordCostCenter: "CC 9", flows.WordOrganization: "Acme", flows.WordDivision: "North", flows.WordDepartment: "R&D",
			}})
			unknownStays(t, before, after)
			s.wrote(t, "update "+who.Email)
		}},
		{Name: "an update that is so already sends nothing", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			updated(t, s, who, sales)
			out, err := update(t, s, planned(t, s, who.Email), sales)
			if err != nil || out.Kind != flows.Already || s.asked(t) != 1 {
				t.Errorf("got %+v, %v after %d requests", out, err, s.asked(t))
			}
		}},
		{Name: "an update where PATCH is not allowed keeps what it does not know", Run: afterLook("no_patch", nil, func(t *testing.T, s *Stage, who flows.Account) {
			before := s.user(t, who.Email)
			unknownStays(t, before, updated(t, s, who, sales))
		})},
		{Name: "an update where a PATCH with a path is ignored is done all the same, or unverified", Run: afterLook("path_patch_ignored", nil, func(t *testing.T, s *Stage, who flows.Account) {
			before := s.user(t, who.Email)
			s.Ordered(who.Email, "update")
			out, err := update(t, s, who, sales)
			after := s.user(t, who.Email)
			unknownStays(t, before, after)
			if got := part(after, enterpriseURN)["department"] == sales.Words[flows.WordDepartment]; got != (err == nil && out.Kind == flows.Done) {
				t.Errorf("usher says %+v, %v; that it is so is %v", out, err, got)
			}
			if err != nil {
				wantCode(t, err, flows.Unverified)
			}
		})},
		{Name: "a new address is the account's, and no other's", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			before := s.user(t, who.Email)
			after := updated(t, s, who, flows.Change{Email: "another.name@example.com"})
			if after.ID != who.ID {
				t.Errorf("the address is that of %s", after.ID)
			}
			unknownStays(t, before, after)
			if _, there := s.Truth(t).User(who.Email); there {
				t.Error("the old address is there as well")
			}
		}},
		{Name: "a second address of an account stays", Run: func(t *testing.T, s *Stage) {
			for _, u := range s.Truth(t).Users {
				emails, ok := u.Attributes["emails"].([]any)
				if !ok || len(emails) != 2 || u.State != flows.Active {
					continue
				}
				after := updated(t, s, planned(t, s, u.Email), flows.Change{Email: "another.name@example.com"})
				now, ok := after.Attributes["emails"].([]any)
				if !ok || len(now) != 2 || !reflect.DeepEqual(now[1], emails[1]) {
					t.Errorf("the addresses were %v and are %v", emails, now)
				}
				return
			}
			t.Error("nobody has two addresses: the story proves nothing")
		}},
		{Name: "an address that is another account's is refused", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			_, err := update(t, s, who, flows.Change{Email: "dora.gone@example.com"})
			wantCode(t, err, flows.Refused)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "a word that cannot be is not sent", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			for _, c := range []flows.Change{
				{}, {Words: map[string]string{"shoe_size": "44"}}, {Words: map[string]string{flows.WordDepartment: ""}},
				{Words: map[string]string{flows.WordDepartment: "a\nb"}}, {Email: "no address"},
			} {
				_, err := update(t, s, who, c)
				wantCode(t, err, flows.Invalid)
			}
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
		{Name: "an update without effect is unverified", Run: afterLook("toast_without_effect", nil, func(t *testing.T, s *Stage, who flows.Account) {
			_, err := update(t, s, who, sales)
			wantCode(t, err, flows.Unverified)
			s.wrote(t)
		})},
		{Name: "an update of which a word is ignored is unverified", Run: afterLook("attribute_ignored", map[string]any{"attribute": "division"}, func(t *testing.T, s *Stage, who flows.Account) {
			s.Ordered(who.Email, "update")
			_, err := update(t, s, who, flows.Change{Words: map[string]string{flows.WordDepartment: "R&D", flows.WordDivision: "North"}})
			wantCode(t, err, flows.Unverified)
			if now := part(s.user(t, who.Email), enterpriseURN); now["department"] != "R&D" || now["division"] == "North" {
				t.Errorf("the server has %v", now)
			}
		})},
		{Name: "an update whose new address is ignored is unverified", Run: afterLook("attribute_ignored", map[string]any{"attribute": "userName"}, func(t *testing.T, s *Stage, who flows.Account) {
			s.Ordered(who.Email, "update")
			_, err := update(t, s, who, flows.Change{Email: "another.name@example.com"})
			wantCode(t, err, flows.Unverified)
			s.user(t, who.Email)
		})},
		{Name: "an update that is applied and answered 500 is done", Run: afterLook("write_error_applied", nil, func(t *testing.T, s *Stage, who flows.Account) {
			updated(t, s, who, sales)
			s.wrote(t, "update "+who.Email)
		})},
		{Name: "an update whose answer is lost is seen, and sent once", Run: afterLook("write_lost", nil, func(t *testing.T, s *Stage, who flows.Account) {
			updated(t, s, who, sales)
			if n := s.asked(t); n != 1 {
				t.Errorf("the server was asked %d times", n)
			}
		})},
		{Name: "an update that is refused is said in its words", Run: afterLook("write_refused", map[string]any{"message": "The IdP owns this"}, func(t *testing.T, s *Stage, who flows.Account) {
			_, err := update(t, s, who, sales)
			wantCode(t, err, flows.Unsupported)
			if err == nil || !strings.Contains(err.Error(), "The IdP owns this") {
				t.Errorf("the service's words are lost: %v", err)
			}
			s.wrote(t)
		})},
		{Name: "an account of another id than the plan's is not updated", Run: func(t *testing.T, s *Stage) {
			who := s.somebody(t, flows.Active)
			who.ID = s.user(t, "ana.lopez@example.org").ID
			_, err := update(t, s, who, sales)
			wantCode(t, err, flows.Refused)
			if n := s.asked(t); n != 0 {
				t.Errorf("the server was asked %d times", n)
			}
		}},
	}
}
