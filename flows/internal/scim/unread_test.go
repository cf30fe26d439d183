package scim

import (
	"testing"

	"github.com/usherhq/usher/flows"
)

func TestAGroupWhoseMembersAreNotShownIsUnreadAndNotEmptyAndNotChanged(t *testing.T) {
	t.Parallel()
	for name, k := range map[string]struct {
		group  resource
		unread bool
		named  bool // FindGroup sees it too, though it reads no users
	}{
		"by ids":               {testGroup("g1", "Sales", "1", "2"), false, false},
		"empty":                {testGroup("g1", "Sales"), false, false},
		"null":                 {resource{"id": "g1", "displayName": "Sales", "members": nil}, false, false},
		"no members attribute": {resource{"id": "g1", "displayName": "Sales"}, true, true},
		"by user names":        {testGroup("g1", "Sales", "u1@example.com", someone), true, false},
		"one by user name":     {testGroup("g1", "Sales", "1", someone), true, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStand(t, 3)
			s.kinds["Groups"] = []resource{k.group}
			c, _ := s.console(testShape())
			all, err := c.Groups(t.Context())
			if err != nil || len(all.Groups) != 1 || all.Groups[0].Unread != k.unread {
				t.Fatalf("%+v %v", all, err)
			}
			found, err := c.FindGroup(t.Context(), "sales")
			if err != nil || len(found) != 1 || found[0].Unread != k.named {
				t.Errorf("%+v %v", found, err)
			}
			joiner := s.account(c, "u3@example.com")
			if k.named {
				_, err := c.ChangeMembers(t.Context(), all.Groups[0], nil, []flows.Account{joiner})
				wantCode(t, err, flows.Incomplete)
				if len(s.wrote()) > 0 {
					t.Errorf("sent %v", s.wrote())
				}
			}
			if !k.unread || k.named { // what is not shown at all may be empty, and who comes in is seen
				if out, err := c.ChangeMembers(t.Context(), all.Groups[0], []flows.Account{joiner}, nil); err != nil || out.Kind != flows.Done {
					t.Errorf("%+v %v", out, err)
				}
				return
			}
			_, err = c.ChangeMembers(t.Context(), all.Groups[0], []flows.Account{joiner}, nil)
			wantCode(t, err, flows.Incomplete)
			leaver := s.account(c, someone) // who is in, and not by the id
			// Also where the plan did not say so.
			_, err = c.ChangeMembers(t.Context(), flows.Group{ID: "g1", Name: "Sales"}, nil, []flows.Account{leaver})
			wantCode(t, err, flows.Incomplete)
			if len(s.wrote()) > 0 {
				t.Errorf("sent %v", s.wrote())
			}
		})
	}
}

// A service may leave out an attribute without values: then a new group shows none.
func TestAGroupWithoutMembersIsEmptyWhereTheServiceShowsThoseOfOthers(t *testing.T) {
	t.Parallel()
	s := newStand(t, 3)
	s.kinds["Groups"] = []resource{{"id": "g1", "displayName": "Sales"}, testGroup("g2", "Support", "1")}
	c, _ := s.console(testShape())
	found, err := c.FindGroup(t.Context(), "Sales")
	if err != nil || len(found) != 1 || found[0].Unread {
		t.Fatalf("%+v %v", found, err)
	}
	out, err := c.ChangeMembers(t.Context(), found[0], []flows.Account{s.account(c, someone)}, nil)
	if err != nil || out.Kind != flows.Done || !out.Group.Has("2") || out.Group.Unread {
		t.Errorf("%+v %v", out, err)
	}
}
