package sandbox

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/usherhq/usher/flows"
)

// A window is what of a list was asked for.
type window struct {
	start, count int
	filter       matcher // nil: everything
	only         []string
	without      []string
}

// parseWindow reads the query of a list, as the faults would have it.
func (s *Server) parseWindow(r *http.Request) (window, *problem) {
	q := r.URL.Query()
	num := func(key string, otherwise int) int {
		n, err := strconv.Atoi(q.Get(key))
		if err != nil {
			return otherwise
		}
		return n
	}
	names := func(key string) []string {
		if q.Get(key) == "" {
			return nil
		}
		return strings.Split(q.Get(key), ",")
	}
	in := window{
		start: max(num("startIndex", 1), 1), count: min(max(num("count", s.cfg.PageSize), 0), s.cfg.PageSize),
		only: names("attributes"), without: names("excludedAttributes"),
	}
	text := q.Get("filter")
	if text == "" {
		return in, nil
	}
	if _, hit := s.faults.strike("no_filter_support", nil); hit {
		return in, badPatch("invalidFilter", "Filtering is not supported")
	}
	if _, hit := s.faults.strike("ignore_filter", nil); hit {
		return in, nil
	}
	_, cased := s.faults.strike("case_sensitive_filter", nil)
	m, err := parseFilter(text, cased)
	if err != nil {
		return in, badPatch("invalidFilter", "%v", err)
	}
	in.filter = m
	return in, nil
}

// listResponse answers one page of n resources.
func (s *Server) listResponse(w http.ResponseWriter, in window, n int, at func(i int) tree) {
	start, count := in.start, in.count
	if _, hit := s.faults.strike("ignore_paging", nil); hit {
		start, count = 1, 20
	}
	first := start
	if start > n && n > 0 {
		if _, hit := s.faults.strike("past_end_repeats", nil); hit {
			first = 1
		}
	}
	found := []any{}
	for i := first - 1; i < n && len(found) < count; i++ {
		found = append(found, project(at(i), in.only, in.without))
	}
	body := tree{
		"schemas": []any{messageList}, "totalResults": n, "startIndex": start, "itemsPerPage": len(found), "Resources": found,
	}
	if f, ok := s.faults.strike("wrong_total", nil); ok {
		body["totalResults"] = n + f.number("delta", 0)
	}
	if _, ok := s.faults.strike("no_total", nil); ok {
		delete(body, "totalResults")
	}
	s.scim(w, http.StatusOK, body)
}

func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) {
	s.log.listed()
	in, bad := s.parseWindow(r)
	if bad != nil {
		s.scimRefuse(w, bad)
		return
	}
	if in.start > 1 {
		s.moveUsers()
	}
	people := s.dir.all()
	if in.filter != nil {
		people = slices.DeleteFunc(people, func(p Person) bool { return !in.filter(s.filtered(p.ID, p.Resource)) })
	}
	_, strings := s.faults.strike("active_strings", nil)
	s.listResponse(w, in, len(people), func(i int) tree { return s.showUser(people[i], strings) })
}

// moveUsers changes who is there while the list is being read: somebody joins at the top, or one of
// the first page leaves while another one joins at the end, so that the total stays.
func (s *Server) moveUsers() {
	join := func(email string) Person {
		p := Person{ID: newID(), since: s.cfg.Now().UTC()}
		settle(&p, tree{
			"schemas": []any{coreUser}, "userName": email, "displayName": "Aaron Aaberg", "active": true,
			"name": tree{"givenName": "Aaron", "familyName": "Aaberg"}, "emails": []any{tree{"value": email, "type": "work", "primary": true}},
		})
		return p
	}
	if f, ok := s.faults.strike("shifting", nil); ok {
		p := join(f.text("email", "aaron.aaberg@example.com"))
		s.dir.with(func(d *directory) { d.people = slices.Insert(d.people, 0, &p) })
	}
	if _, ok := s.faults.strike("swapping", nil); ok {
		p := join("zoe.zzyzx@example.com")
		s.dir.with(func(d *directory) {
			const leaver = 7
			d.forget(d.people[leaver].ID)
			d.people = append(slices.Delete(d.people, leaver, leaver+1), &p)
		})
	}
}

// filtered is a resource as a filter sees it.
func (s *Server) filtered(id string, t tree) tree {
	out := make(tree, len(t)+1)
	for k, v := range t {
		out[k] = v
	}
	out["id"] = id
	return out
}

// showUser is a user as SCIM shows it.
func (s *Server) showUser(p Person, activeIsText bool) tree {
	t := s.filtered(p.ID, p.Resource)
	t["meta"] = s.meta("User", p.ID, p.since)
	if activeIsText {
		t["active"] = map[bool]string{true: "True", false: "False"}[p.State == flows.Active]
	}
	return t
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) {
	p, ok := s.dir.find(byID(r.PathValue("id")))
	if !ok {
		s.scimRefuse(w, noSuchResource)
		return
	}
	_, strings := s.faults.strike("active_strings", nil)
	s.scim(w, http.StatusOK, s.showUser(p, strings))
}

func (s *Server) listGroups(w http.ResponseWriter, r *http.Request) {
	in, bad := s.parseWindow(r)
	if bad != nil {
		s.scimRefuse(w, bad)
		return
	}
	groups := s.Groups()
	if in.filter != nil {
		groups = slices.DeleteFunc(groups, func(g Group) bool { return !in.filter(s.filtered(g.ID, groupTree(g))) })
	}
	_, empty := s.faults.strike("members_null", nil)
	_, omitted := s.faults.strike("members_omitted", nil)
	s.listResponse(w, in, len(groups), func(i int) tree {
		t := s.showGroup(groups[i])
		if empty && len(groups[i].Members) == 0 {
			t["members"] = nil
		}
		if omitted {
			delete(t, "members")
		}
		return t
	})
}

// groupTree is a group as edits and filters see it.
func groupTree(g Group) tree {
	t := copyTree(g.Resource)
	members := make([]any, len(g.Members))
	for i, id := range g.Members {
		members[i] = tree{"value": id}
	}
	t["displayName"], t["members"] = g.Name, members
	return t
}

// showGroup is a group as SCIM shows it.
func (s *Server) showGroup(g Group) tree {
	t := groupTree(g)
	t["id"], t["schemas"], t["meta"] = g.ID, []any{coreGroup}, s.meta("Group", g.ID, s.started)
	for _, m := range items(t["members"]) {
		if one, ok := m.(tree); ok {
			one["$ref"] = s.URL(s.appSite()) + s.cfg.Service.Base + "/Users/" + words(one, "value")
		}
	}
	return t
}

func (s *Server) getGroup(w http.ResponseWriter, r *http.Request) {
	g, ok := s.groupOf(r.PathValue("id"))
	if !ok {
		s.scimRefuse(w, noSuchResource)
		return
	}
	s.scim(w, http.StatusOK, project(s.showGroup(g), nil, strings.Split(r.URL.Query().Get("excludedAttributes"), ",")))
}

func (s *Server) groupOf(id string) (Group, bool) {
	all := s.Groups()
	i := slices.IndexFunc(all, func(g Group) bool { return g.ID == id })
	if i < 0 {
		return Group{}, false
	}
	return all[i], true
}
